//! The cache never changes an answer and never outgrows its bound.

use world::island::Biome;
use world::{Chunk, Position, Terrain};

use crate::fixture::island;

#[test]
fn a_small_cache_answers_like_a_large_one() {
    let (mut small, mut large) = (Terrain::new(island(), 2), Terrain::new(island(), 4096));
    let side = island().bounds().side_units();
    for n in 0..4000i32 {
        let p = Position::new(n.wrapping_mul(48_271).rem_euclid(side), n.wrapping_mul(69_621).rem_euclid(side));
        assert_eq!(small.biome_at(p), large.biome_at(p), "{p:?}");
        assert_eq!(island().chunk(p.chunk()).biome_at(p), large.biome_at(p), "{p:?}");
        assert!(small.cached_chunks() <= 2);
    }
}

#[test]
fn a_walker_over_all_chunks_does_not_fill_the_memory() {
    let mut terrain = Terrain::new(island(), 100);
    for chunk in island().bounds().chunks() {
        let _ground = terrain.ground(chunk);
        assert!(terrain.cached_chunks() <= 100);
    }
    assert!(terrain.cached_chunks() > 50);
}

#[test]
fn out_of_bounds_is_deep_water_and_costs_no_cache() {
    let mut terrain = Terrain::new(island(), 4);
    for p in [Position::new(-1, 5), Position::new(i32::MAX, i32::MIN), Position::metres(32 * 30, 0)] {
        assert_eq!(terrain.biome_at(p), Biome::DeepWater, "{p:?}");
    }
    assert_eq!(terrain.cached_chunks(), 0);
    let _ground = terrain.ground(Chunk::new(0, 0));
    assert_eq!(terrain.cached_chunks(), 1);
}
