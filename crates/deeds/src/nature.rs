//! The nature of an island, as commands ask for it: each chunk's ground is made once, when it is first asked for.

use std::sync::OnceLock;

use world::island::Prop;
use world::{Chunk, Ground, Island, Position};

use crate::scene::Nature;

/// The natural props of an island. Shared by all nodes of a host.
pub struct IslandNature {
    island: Island,
    /// Row by row.
    grounds: Vec<OnceLock<Box<Ground>>>,
}

impl IslandNature {
    /// Of this island.
    #[must_use]
    pub fn new(island: Island) -> Self {
        let side = usize::from(island.plan().size_chunks);
        Self { island, grounds: (0..side * side).map(|_| OnceLock::new()).collect() }
    }

    fn ground(&self, chunk: Chunk) -> Option<&Ground> {
        if !self.island.bounds().contains_chunk(chunk) {
            return None;
        }
        let side = usize::from(self.island.plan().size_chunks);
        let (cx, cy) = (usize::try_from(chunk.cx).ok()?, usize::try_from(chunk.cy).ok()?);
        let ground = self.grounds.get(cy * side + cx)?;
        Some(ground.get_or_init(|| Box::new(self.island.chunk(chunk))))
    }
}

impl Nature for IslandNature {
    fn prop(&self, chunk: Chunk, index: u16) -> Option<Prop> {
        self.ground(chunk)?.prop(index).copied()
    }

    fn is_dry(&self, place: Position) -> bool {
        self.ground(place.chunk()).is_some_and(|ground| ground.biome_at(place).is_dry())
    }
}

impl std::fmt::Debug for IslandNature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IslandNature").field("island", &self.island).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use world::{GeneratorVersion, IslandPlan, Terrain};

    use super::*;

    #[test]
    fn it_is_the_ground_that_clients_are_sent() {
        let island =
            Island::new(IslandPlan { seed: 7, size_chunks: 16, version: GeneratorVersion::V1 }).expect("an island");
        let nature = IslandNature::new(island.clone());
        let mut terrain = Terrain::new(island.clone(), 64);
        let mut props = 0;
        for chunk in island.bounds().chunks().step_by(7) {
            let ground = terrain.ground(chunk).clone();
            for prop in &ground.props {
                assert_eq!(nature.prop(chunk, prop.index), Some(*prop));
                let place = prop.position(chunk);
                assert_eq!(nature.is_dry(place), ground.biome_at(place).is_dry());
                props += 1;
            }
            assert_eq!(nature.prop(chunk, u16::MAX), None);
        }
        assert!(props > 0);
        for outside in [Position::new(-1, 5), Position::new(i32::MAX, i32::MAX)] {
            assert!(!nature.is_dry(outside), "{outside:?} is no ground of the island");
            assert_eq!(nature.prop(outside.chunk(), 0), None);
        }
    }
}
