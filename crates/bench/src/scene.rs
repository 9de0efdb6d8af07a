//! Where a bench takes place: the ground, and where everybody stands at first.
//!
//! A scene is a pure function of its kind and the number of people, so that the server, which stores the places, and
//! the load, which walks from them, agree without talking.
//!
//! Invariant: all ground inside the scene's square is dry, so that nothing but the people themselves turns them.

use world::{CHUNK_UNITS, Chunk, Gait, GeneratorVersion, IslandPlan, Position};

use crate::dice::Dice;

/// People per square kilometre of a spread scene.
pub const PEOPLE_PER_KM2: f64 = 1000.0;
/// What people keep from the walls of the crowd's chunk, so that nobody leaves its stream.
const CROWD_MARGIN_UNITS: i32 = 2 * world::UNITS_PER_METRE;

/// What a scene looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SceneKind {
    /// Everybody in one chunk.
    Crowd,
    /// Constant density: the area grows with the people.
    Spread,
}

/// Which node serves whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// In turn: neighbours are served by different nodes, which is what long walks come to when nobody is re-homed.
    Turn,
    /// By place, in strips from west to east: what re-homing aims at.
    Place,
}

impl Placement {
    /// The node of each of those whose homes these are, of so many nodes.
    #[must_use]
    pub fn nodes(self, homes: &[Position], nodes: usize) -> Vec<usize> {
        match self {
            Self::Turn => (0..homes.len()).map(|n| n % nodes).collect(),
            Self::Place => {
                let mut from_west: Vec<usize> = (0..homes.len()).collect();
                from_west.sort_by_key(|n| (homes[*n].x, *n));
                let mut node = vec![0; homes.len()];
                for (rank, n) in from_west.into_iter().enumerate() {
                    node[n] = rank * nodes / homes.len();
                }
                node
            }
        }
    }
}

/// A place for so many people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What it looks like.
    pub kind: SceneKind,
    /// How many people.
    pub clients: usize,
    /// North-west corner of the square in which people walk.
    pub corner: Position,
    /// Its side in units.
    pub side: i32,
}

/// People of the largest scene: the island has dry ground for so many.
pub const MOST_CLIENTS: usize = 4_400;
/// The island on which all benches run, chosen for the dry ground in its middle.
pub const ISLAND: IslandPlan = IslandPlan { seed: 14, size_chunks: 256, version: GeneratorVersion::V1 };
/// The crowd's chunk, in the middle of the spread scenes.
const CENTRE: Chunk = Chunk::new(128, 128);

impl Scene {
    /// The scene of a kind for so many people.
    #[must_use]
    pub fn new(kind: SceneKind, clients: usize) -> Self {
        let (corner, side) = match kind {
            SceneKind::Crowd => {
                let corner = CENTRE.origin().offset(CROWD_MARGIN_UNITS, CROWD_MARGIN_UNITS);
                (corner, CHUNK_UNITS - 2 * CROWD_MARGIN_UNITS)
            }
            SceneKind::Spread => {
                let metres = (clients as f64 / PEOPLE_PER_KM2).sqrt() * 1000.0;
                let side = (metres * f64::from(world::UNITS_PER_METRE)) as i32;
                let middle = CENTRE.origin().offset(CHUNK_UNITS / 2, CHUNK_UNITS / 2);
                (middle.offset(-side / 2, -side / 2), side)
            }
        };
        Self { kind, clients, corner, side }
    }

    /// How fast people go.
    #[must_use]
    pub fn gait(&self) -> Gait {
        match self.kind {
            SceneKind::Crowd => Gait::Walk,
            SceneKind::Spread => Gait::Jog,
        }
    }

    /// Rings of chunks that people see at full rate, and at all. A spread scene is seen three chunks by three; a crowd
    /// with the product's own view, of which all but one chunk are empty.
    #[must_use]
    pub fn rings(&self) -> (u8, u8) {
        match self.kind {
            SceneKind::Crowd => (1, 2),
            SceneKind::Spread => (1, 1),
        }
    }
}

/// The account of the `n`-th of all people.
#[must_use]
pub fn name(n: usize) -> String {
    format!("walker-{n:05}")
}

impl Scene {
    /// Whether a walker may be there.
    #[must_use]
    pub fn is_open(&self, at: Position) -> bool {
        let side = 0..self.side;
        side.contains(&(at.x - self.corner.x)) && side.contains(&(at.y - self.corner.y))
    }

    /// The middle of the scene.
    #[must_use]
    pub fn middle(&self) -> Position {
        self.corner.offset(self.side / 2, self.side / 2)
    }

    /// Where everybody stands at first.
    #[must_use]
    pub fn homes(&self) -> Vec<Position> {
        let mut dice = Dice::new(0x70_6c_61_63_65);
        let side = self.side.unsigned_abs();
        (0..self.clients).map(|_| self.corner.offset(dice.below(side) as i32, dice.below(side) as i32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use world::{Island, Terrain};

    use super::*;

    #[test]
    fn nobody_meets_water_or_leaves_the_crowds_chunk() {
        let mut terrain = Terrain::new(Island::new(ISLAND).expect("the island"), Terrain::DEFAULT_CHUNKS);
        for scene in [Scene::new(SceneKind::Crowd, 10), Scene::new(SceneKind::Spread, MOST_CLIENTS)] {
            for (row, col) in
                (0..=scene.side).step_by(240).flat_map(|y| (0..=scene.side).step_by(240).map(move |x| (y, x)))
            {
                assert!(terrain.biome_at(scene.corner.offset(col, row)).is_dry(), "{scene:?}");
            }
        }
        let crowd = Scene::new(SceneKind::Crowd, 500);
        assert!(crowd.homes().iter().all(|home| home.chunk() == CENTRE && crowd.is_open(*home)));
    }

    #[test]
    fn each_node_gets_its_share_by_turn_and_by_place() {
        let homes = Scene::new(SceneKind::Spread, 120).homes();
        for placement in [Placement::Turn, Placement::Place] {
            let nodes = placement.nodes(&homes, 4);
            assert!((0..4).all(|node| nodes.iter().filter(|n| **n == node).count() == 30), "{placement:?}");
        }
        let nodes = Placement::Place.nodes(&homes, 4);
        let most_western = |node| homes.iter().zip(&nodes).filter(|(_, n)| **n == node).map(|(home, _)| home.x).min();
        assert!(most_western(0) < most_western(1) && most_western(2) < most_western(3));
    }

    #[test]
    fn a_spread_scene_keeps_its_density() {
        let side = |clients| Scene::new(SceneKind::Spread, clients).side;
        assert_eq!(side(1000), 120_000, "one square kilometre");
        assert_eq!(side(4000), 240_000);
    }
}
