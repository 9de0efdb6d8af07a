//! What the ground allows, and that nobody gets stuck on what it does not.

use world::island::Biome;
use world::rules::{MAX_PATH_UNITS, RESCUE_CELLS, STEP_UNITS};
use world::{
    Gait, Heading, Millis, Motion, Pace, Passage, Position, Rules, Segment, Terrain, Tick, TickRate, Verdict, Why,
};

use crate::fixture::{along, open_way, shore, terrain};

const RULES: Rules = Rules::ON_FOOT;

/// A walk tick by tick, obeying each turn, and where it ends.
fn walk(terrain: &mut Terrain, from: Position, motion: Motion, ticks: u64) -> (Position, Vec<Why>) {
    let pace = Pace::new(TickRate::default());
    let mut segment = Segment { from, since: Tick(0), motion };
    let mut turns = Vec::new();
    for tick in (1..=ticks).map(Tick) {
        if let Some(turn) = RULES.advance(terrain, &segment, tick, &pace) {
            segment = turn.segment;
            turns.push(turn.why);
        }
    }
    (segment.at(Tick(ticks), &pace), turns)
}

#[test]
fn gaits_follow_the_ground() {
    let cases = [
        (Biome::Grassland, Gait::Sprint, Gait::Sprint),
        (Biome::Grassland, Gait::Gallop, Gait::Sprint),
        (Biome::Rock, Gait::Creep, Gait::Creep),
        (Biome::ShallowWater, Gait::Run, Gait::Walk),
        (Biome::ShallowWater, Gait::Stand, Gait::Stand),
        (Biome::DeepWater, Gait::Run, Gait::Walk),
    ];
    for (biome, wished, allowed) in cases {
        assert_eq!(RULES.clamp_gait(biome, wished), allowed, "{wished:?} on {biome:?}");
    }
    assert_eq!(Rules::MOUNTED.clamp_gait(Biome::Meadow, Gait::Gallop), Gait::Gallop);
}

#[test]
fn a_path_on_land_is_free_and_one_into_the_sea_ends_at_the_shore() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 20, Biome::is_dry);
    assert_eq!(RULES.permits(&mut terrain, from, along(from, heading, 20)), Passage::Free);
    assert_eq!(RULES.permits(&mut terrain, from, from), Passage::Free);
    let (from, heading) = shore(&mut terrain);
    match RULES.permits(&mut terrain, from, along(from, heading, 30)) {
        Passage::Blocked { at, why: Why::DeepWater } => {
            assert_ne!(terrain.biome_at(at), Biome::DeepWater);
            let next = along(at, heading, 2);
            assert_eq!(terrain.biome_at(next), Biome::DeepWater, "he may go to the very shore");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_endless_path_is_not_looked_at() {
    let mut terrain = terrain();
    let from = terrain.island().spawn(0);
    for to in [from.offset(MAX_PATH_UNITS as i32 + 1, 0), Position::new(i32::MIN, i32::MAX)] {
        assert_eq!(RULES.permits(&mut terrain, from, to), Passage::Blocked { at: from, why: Why::TooFar });
    }
}

#[test]
fn whoever_runs_into_the_sea_wades_and_then_stops() {
    let mut terrain = terrain();
    let (from, heading) = shore(&mut terrain);
    let (end, turns) = walk(&mut terrain, from, Motion::new(heading, Gait::Sprint), 600);
    assert_eq!(turns.last(), Some(&Why::DeepWater));
    assert_ne!(terrain.biome_at(end), Biome::DeepWater);
    assert!(from.distance(end) <= 30 * 120);
}

#[test]
fn whoever_runs_into_the_shallows_walks() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 15, |b| b == Biome::ShallowWater);
    let (end, turns) = walk(&mut terrain, from, Motion::new(heading, Gait::Sprint), 50);
    assert_eq!(turns, [Why::TooFast]);
    // One tick at a sprint, before the water was noticed, and 4.9 s at 1.5 m/s.
    assert_eq!(from.distance(end), 72 + 49 * 18);
}

#[test]
fn nobody_is_turned_on_open_land() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 40, Biome::is_dry);
    let (end, turns) = walk(&mut terrain, from, Motion::new(heading, Gait::Sprint), 60);
    assert_eq!((from.distance(end), turns), (60 * 72, vec![]));
}

/// The authority slept for seven seconds while the mover was on his way into the sea.
#[test]
fn a_stalled_authority_takes_the_mover_back_to_the_shore() {
    let mut terrain = terrain();
    let (from, heading) = shore(&mut terrain);
    let segment = Segment { from, since: Tick(0), motion: Motion::new(heading, Gait::Jog) };
    let pace = Pace::new(TickRate::default());
    let turn = RULES.advance(&mut terrain, &segment, Tick(70), &pace).expect("he is in the water");
    assert_eq!((turn.why, turn.segment.since, turn.segment.motion.gait), (Why::DeepWater, Tick(70), Gait::Stand));
    assert_ne!(terrain.biome_at(turn.segment.from), Biome::DeepWater);
}

/// Places in deep water near a shore, which nobody should be in but somebody might be.
fn drowned(terrain: &mut Terrain) -> (Position, Heading) {
    let (dry, out) = shore(terrain);
    let first = (0..30).find(|&m| terrain.biome_at(along(dry, out, m)) == Biome::DeepWater).expect("deep water");
    (along(dry, out, first + 5), Heading::new(out.index() + 16))
}

#[test]
fn whoever_stands_in_deep_water_may_walk_back_to_the_shore() {
    let mut terrain = terrain();
    let (wet, back) = drowned(&mut terrain);
    let (end, turns) = walk(&mut terrain, wet, Motion::new(back, Gait::Walk), 80);
    assert_ne!(terrain.biome_at(end), Biome::DeepWater, "{turns:?}");
    let step = along(wet, back, 1);
    let mut reach = RULES.reach(wet, Millis(0));
    let settled = RULES.settle(&mut terrain, &mut reach, Millis(500), wet, step, Motion::new(back, Gait::Walk));
    assert_eq!((settled.position, settled.verdict), (step, Verdict::Accepted));
}

#[test]
fn whoever_stands_in_deep_water_may_not_walk_further_out() {
    let mut terrain = terrain();
    let (wet, back) = drowned(&mut terrain);
    let out = Heading::new(back.index() + 16);
    let mut reach = RULES.reach(wet, Millis(0));
    let claim = along(wet, out, 2);
    let settled = RULES.settle(&mut terrain, &mut reach, Millis(900), wet, claim, Motion::new(out, Gait::Walk));
    assert_eq!((settled.position, settled.verdict), (wet, Verdict::Clamped(Why::DeepWater)));
    assert_eq!(settled.motion.gait, Gait::Stand);
}

/// Far out, and out of bounds: the way leads to the landing.
#[test]
fn whoever_stands_in_the_open_sea_may_walk_towards_the_landing() {
    let mut terrain = terrain();
    let landing = terrain.island().spawn_points()[0];
    let side = terrain.island().bounds().side_units();
    for lost in [Position::new(500, 500), Position::new(-4000, side / 2), Position::new(side + 4000, side + 9)] {
        assert!(lost.distance(landing) > RESCUE_CELLS as u32 * 2 * STEP_UNITS);
        let towards = lost.part_way(landing, 300, lost.distance(landing));
        assert_eq!(RULES.permits(&mut terrain, lost, towards), Passage::Free, "{lost:?}");
        let away = lost.part_way(landing, 300, lost.distance(landing));
        let away = Position::new(2 * lost.x - away.x, 2 * lost.y - away.y);
        assert!(matches!(RULES.permits(&mut terrain, lost, away), Passage::Blocked { .. }), "{lost:?}");
    }
}
