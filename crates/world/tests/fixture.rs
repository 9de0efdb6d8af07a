//! The island that the tests walk on, and places on it.

use std::sync::OnceLock;

use world::island::{Biome, CELL_UNITS, GeneratorVersion, Island, IslandPlan};
use world::{Heading, Position, Terrain};

pub fn plan(seed: u64, size_chunks: u16) -> IslandPlan {
    IslandPlan { seed, size_chunks, version: GeneratorVersion::V1 }
}

/// One island for all tests.
pub fn island() -> Island {
    static ISLAND: OnceLock<Island> = OnceLock::new();
    ISLAND.get_or_init(|| Island::new(plan(3, 32)).expect("seed 3 can be landed on")).clone()
}

pub fn terrain() -> Terrain {
    Terrain::new(island(), Terrain::DEFAULT_CHUNKS)
}

/// A place from which `metres` to the heading are all of that sort of ground.
pub fn open_way(terrain: &mut Terrain, metres: i32, sort: impl Fn(Biome) -> bool) -> (Position, Heading) {
    cells(terrain)
        .flat_map(|p| (0..4).map(move |quarter| (p, Heading::new(quarter * 8))))
        .find(|&(p, heading)| (-4..=metres).all(|m| sort(terrain.biome_at(along(p, heading, m)))))
        .expect("the island has such ground")
}

/// Dry ground, and the heading in which deep water begins within 30 m.
pub fn shore(terrain: &mut Terrain) -> (Position, Heading) {
    cells(terrain)
        .filter(|&p| terrain.biome_at(p).is_dry())
        .collect::<Vec<_>>()
        .into_iter()
        .flat_map(|p| (0..4).map(move |quarter| (p, Heading::new(quarter * 8))))
        .find(|&(p, heading)| (20..30).all(|m| terrain.biome_at(along(p, heading, m)) == Biome::DeepWater))
        .expect("the island has a shore")
}

pub fn along(p: Position, heading: Heading, metres: i32) -> Position {
    let (ux, uy) = heading.direction();
    let units = |u: i32| (i64::from(u) * i64::from(metres) * 120 / 4096) as i32;
    p.offset(units(ux), units(uy))
}

/// The middles of all cells on a grid of 10 m.
fn cells(terrain: &Terrain) -> impl Iterator<Item = Position> + use<> {
    let side = terrain.island().bounds().side_units() / CELL_UNITS;
    let middle = |n: i32| n * CELL_UNITS + CELL_UNITS / 2;
    (0..side).step_by(5).flat_map(move |y| (0..side).step_by(5).map(move |x| Position::new(middle(x), middle(y))))
}
