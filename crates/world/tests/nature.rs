//! Nature is the same for ever, everywhere, and good to live on.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use world::island::{
    Biome, CELL_UNITS, CELLS, GeneratorVersion, Ground, Island, MAX_LANDINGS, PlanError, UnknownGenerator, VERTICES,
};
use world::{Chunk, Position, Terrain};

use crate::fixture::{island, plan};

/// Whoever breaks this has changed islands that people live on: make a new generator version instead.
#[test]
fn nature_of_every_version_is_pinned() {
    for version in GeneratorVersion::ALL {
        let pinned: [(u64, u16, u64); 4] = match version {
            GeneratorVersion::V1 => [
                (1, 8, 0xa01c_9d4c_ce64_e4dd),
                (3, 32, 0x9f00_203d_b86a_9e80),
                (0xdead_beef, 64, 0x1c34_cc04_5e13_51b1),
                (u64::MAX, 512, 0x22b3_2c4e_fca9_f143),
            ],
        };
        for (seed, size, fingerprint) in pinned {
            let mut plan = plan(seed, size);
            plan.version = version;
            let drawn = Island::new(plan).expect("a place to land").fingerprint();
            assert_eq!(drawn, fingerprint, "{version:?}, seed {seed}, {size} chunks: drew {drawn:#018x}");
        }
    }
}

#[test]
fn one_island_is_not_another() {
    let prints: BTreeSet<u64> =
        (0..8).map(|seed| Island::new(plan(seed, 16)).expect("a place to land").fingerprint()).collect();
    assert_eq!(prints.len(), 8);
}

#[test]
fn plans_that_make_no_island_are_refused() {
    for size in [0, 7, 513, u16::MAX] {
        assert_eq!(Island::new(plan(1, size)).err(), Some(PlanError::Size(size)));
    }
    for number in [0, 2, u16::MAX] {
        assert_eq!(GeneratorVersion::try_from(number), Err(UnknownGenerator(number)));
    }
    assert_eq!(GeneratorVersion::try_from(1), Ok(GeneratorVersion::V1));
}

#[test]
fn neighbours_share_the_vertices_of_their_edge() {
    let island = island();
    let at = |ground: &Ground, col: usize, row: usize| ground.heights_cm[row * VERTICES + col];
    for chunk in island.bounds().chunks().step_by(7) {
        let (here, east, south) = (
            island.chunk(chunk),
            island.chunk(Chunk::new(chunk.cx + 1, chunk.cy)),
            island.chunk(Chunk::new(chunk.cx, chunk.cy + 1)),
        );
        for n in 0..VERTICES {
            assert_eq!(at(&here, CELLS, n), at(&east, 0, n), "{chunk} and its eastern neighbour");
            assert_eq!(at(&here, n, CELLS), at(&south, n, 0), "{chunk} and its southern neighbour");
        }
    }
}

#[test]
fn the_sea_around_an_island_is_deep_and_all_alike() {
    for size in [8u16, 9, 31] {
        let island = Island::new(plan(5, size)).expect("a place to land");
        let last = size as i16 - 1;
        let ocean = island.chunk(Chunk::new(-1, -1));
        assert!(ocean.biomes.iter().all(|&b| b == Biome::DeepWater) && ocean.props.is_empty());
        for chunk in [Chunk::new(last + 1, 2), Chunk::new(i16::MIN, i16::MAX), Chunk::new(3, last + 9)] {
            assert_eq!(island.chunk(chunk), ocean, "{chunk} of {size}");
        }
        for rim in island.bounds().chunks().filter(|c| c.cx == 0 || c.cy == 0 || c.cx == last || c.cy == last) {
            let ground = island.chunk(rim);
            let outermost = |n: usize| {
                let (x, y) = (rim.cx as usize * CELLS + n % CELLS, rim.cy as usize * CELLS + n / CELLS);
                let side = (last as usize + 1) * CELLS;
                x == 0 || y == 0 || x + 1 == side || y + 1 == side
            };
            assert!((0..CELLS * CELLS).filter(|&n| outermost(n)).all(|n| ground.biomes[n] == Biome::DeepWater));
        }
    }
}

#[test]
fn islands_have_every_biome_and_not_too_much_of_one() {
    let mut counts = [0usize; Biome::ALL.len()];
    for seed in 0..6 {
        let island = Island::new(plan(seed, 32)).expect("a place to land");
        for chunk in island.bounds().chunks() {
            for biome in island.chunk(chunk).biomes {
                counts[usize::from(biome.to_byte())] += 1;
            }
        }
    }
    let dry: usize = counts[2..].iter().sum();
    let all: usize = counts.iter().sum();
    assert!((all / 8..all / 2).contains(&dry), "{dry} of {all} cells are dry: {counts:?}");
    for biome in &Biome::ALL[1..] {
        let share = counts[usize::from(biome.to_byte())] * 1000 / dry;
        assert!((5..450).contains(&share), "{biome:?} covers {share} in 1000 of the land: {counts:?}");
    }
}

#[test]
fn props_stand_in_their_cell_under_their_index_and_apart() {
    let island = island();
    let mut props = 0;
    for chunk in island.bounds().chunks() {
        let ground = island.chunk(chunk);
        for prop in &ground.props {
            let cell = |v: u16| usize::from(v) / CELL_UNITS as usize;
            assert_eq!(usize::from(prop.index), cell(prop.y) * CELLS + cell(prop.x));
            assert_eq!(ground.prop(prop.index), Some(prop));
            assert_eq!(prop.position(chunk).chunk(), chunk);
            assert!(ground.prop(prop.index + 1).is_none_or(|next| next.index / 15 != prop.index / 15));
        }
        props += ground.props.len();
    }
    assert!(props > 2000, "only {props} props");
}

#[test]
fn height_between_vertices_is_between_their_heights() {
    let island = island();
    let chunk = island.spawn(0).chunk();
    let ground = island.chunk(chunk);
    let corner = chunk.origin();
    assert_eq!(ground.height_cm_at(corner), ground.heights_cm[0]);
    let (a, b) = (ground.heights_cm[0], ground.heights_cm[1]);
    let between = ground.height_cm_at(corner.offset(CELL_UNITS / 2, 0));
    assert!((a.min(b)..=a.max(b)).contains(&between));
}

#[test]
fn people_land_dry_near_each_other_and_in_several_chunks() {
    for seed in 0..30 {
        for size in [8, 16, 40] {
            let island = Island::new(plan(seed, size)).expect("a place to land");
            let mut terrain = Terrain::new(island.clone(), 64);
            assert!((1..=MAX_LANDINGS).contains(&island.spawn_points().len()));
            let spots: Vec<Position> = (0..100).map(|n| island.spawn(n)).collect();
            let chunks: BTreeSet<Chunk> = spots.iter().map(|p| p.chunk()).collect();
            assert!(chunks.len() >= 3, "seed {seed}, size {size}: all land in {chunks:?}");
            for &spot in &spots {
                assert!(terrain.biome_at(spot).is_landing(), "seed {seed}, size {size}: {spot:?}");
                assert!(spot.chunk().rings_to(spots[0].chunk()) <= 2);
            }
        }
    }
}

/// A landing on a rock in the sea would be a prison.
#[test]
fn most_of_the_land_can_be_walked_to_from_the_landing() {
    for seed in 0..12 {
        let island = Island::new(plan(seed, 24)).expect("a place to land");
        let side = 24 * CELLS;
        let mut cells = vec![Biome::DeepWater; side * side];
        for chunk in island.bounds().chunks() {
            for (n, biome) in island.chunk(chunk).biomes.into_iter().enumerate() {
                cells[(chunk.cy as usize * CELLS + n / CELLS) * side + chunk.cx as usize * CELLS + n % CELLS] = biome;
            }
        }
        let start = island.spawn(0);
        let mut open = VecDeque::from([(start.y / CELL_UNITS) as usize * side + (start.x / CELL_UNITS) as usize]);
        let mut reached = vec![false; side * side];
        while let Some(n) = open.pop_front() {
            // The outermost cells are deep water, so that n has all its neighbours.
            if cells[n] != Biome::DeepWater && !std::mem::replace(&mut reached[n], true) {
                open.extend([n - side, n - 1, n + 1, n + side]);
            }
        }
        let count = |held: &dyn Fn(usize) -> bool| (0..cells.len()).filter(|&n| cells[n].is_dry() && held(n)).count();
        let (walkable, dry) = (count(&|n| reached[n]), count(&|_| true));
        assert!(walkable * 10 >= dry * 6, "seed {seed}: {walkable} of {dry} dry cells can be reached");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_seed_and_size_makes_an_island_and_its_chunks(seed: u64, size in 8u16..=512, cx: i16, cy: i16) {
        let island = Island::new(plan(seed, size)).expect("a place to land");
        let chunk = Chunk::new(cx.rem_euclid(size as i16), cy.rem_euclid(size as i16));
        prop_assert_eq!(island.chunk(chunk), island.chunk(chunk));
        prop_assert!(island.bounds().contains_chunk(chunk));
        prop_assert!(island.bounds().contains_chunk(Chunk::new(cx, cy)) == island.bounds().contains(Chunk::new(cx, cy).origin()));
        let _far = island.chunk(Chunk::new(cx, cy));
    }
}
