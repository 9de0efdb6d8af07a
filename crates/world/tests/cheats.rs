//! Cheats: what the modified client says, and what it gets.

use proptest::prelude::*;
use world::island::Biome;
use world::{Gait, Heading, Millis, Motion, Position, Rules, Settled, Terrain, Verdict, Why};

use crate::fixture::{along, open_way, shore, terrain};

const RULES: Rules = Rules::ON_FOOT;

/// Claims in order from one place, each extrapolated from nothing: the authority has him where he was settled.
fn claim_all(terrain: &mut Terrain, from: Position, claims: &[(u64, Position, Motion)]) -> Vec<Settled> {
    let mut reach = RULES.reach(from, Millis(0));
    let mut at = from;
    claims
        .iter()
        .map(|&(ms, claimed, motion)| {
            let settled = RULES.settle(terrain, &mut reach, Millis(ms), at, claimed, motion);
            at = settled.position;
            settled
        })
        .collect()
}

#[test]
fn an_honest_runner_is_accepted_with_every_claim() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 40, Biome::is_dry);
    let motion = Motion::new(heading, Gait::Sprint);
    let claims: Vec<_> =
        (1..=6).map(|s| (u64::try_from(s).expect("small") * 1000, along(from, heading, 6 * s), motion)).collect();
    for (settled, claim) in claim_all(&mut terrain, from, &claims).iter().zip(&claims) {
        assert_eq!(*settled, Settled { position: claim.1, motion, verdict: Verdict::Accepted });
    }
}

#[test]
fn a_teleport_comes_no_further_than_a_second() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 40, Biome::is_dry);
    for metres in [10, 30, 1000, 100_000] {
        let claim = (60_000, along(from, heading, metres), Motion::default());
        let settled = claim_all(&mut terrain, from, &[claim])[0];
        assert_eq!(settled.verdict, Verdict::Clamped(Why::TooFar), "{metres} m");
        assert!(from.distance(settled.position) <= 872, "{metres} m");
    }
}

#[test]
fn a_teleport_to_the_end_of_the_numbers_is_harmless() {
    let mut terrain = terrain();
    let from = terrain.island().spawn(0);
    for claimed in [Position::new(i32::MAX, i32::MIN), Position::new(i32::MIN, i32::MIN), Position::new(-1, -1)] {
        let settled = claim_all(&mut terrain, from, &[(u64::MAX, claimed, Motion::default())])[0];
        assert_eq!(settled.verdict, Verdict::Clamped(Why::TooFar));
        assert!(from.distance(settled.position) <= 872);
    }
}

/// Ten times a second he claims to be twice as far as a sprint leads.
#[test]
fn a_speeder_comes_no_further_than_the_allowance() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 40, Biome::is_dry);
    let mut reach = RULES.reach(from, Millis(0));
    let (mut at, mut clamped) = (from, 0);
    for tick in 1..=30u64 {
        let (ux, uy) = heading.direction();
        let claimed = at.offset(ux * 144 / 4096, uy * 144 / 4096);
        let settled =
            RULES.settle(&mut terrain, &mut reach, Millis(tick * 100), at, claimed, Motion::new(heading, Gait::Sprint));
        clamped += u32::from(settled.verdict == Verdict::Clamped(Why::TooFar));
        at = settled.position;
    }
    assert!(from.distance(at) <= 872 + 3 * 812, "{} units", from.distance(at));
    assert!(clamped > 10, "clamped {clamped} times");
}

/// He runs where one wades.
#[test]
fn a_speeder_in_the_shallows_comes_no_further_than_a_wader() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 15, |b| b == Biome::ShallowWater);
    let (ux, uy) = heading.direction();
    let claims: Vec<_> = (1..=20)
        .map(|n| {
            let d = 72 * n;
            (n as u64 * 100, from.offset(ux * d / 4096, uy * d / 4096), Motion::new(heading, Gait::Sprint))
        })
        .collect();
    let settled = claim_all(&mut terrain, from, &claims);
    let end = settled[19].position;
    assert!(from.distance(end) <= 218 * 3 + 60, "{} units in 2 s", from.distance(end));
    assert_eq!(settled[19].motion.gait, Gait::Walk);
}

#[test]
fn a_gallop_on_foot_becomes_a_sprint() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 20, Biome::is_dry);
    let settled = claim_all(&mut terrain, from, &[(100, from, Motion::new(heading, Gait::Gallop))])[0];
    assert_eq!(settled.motion, Motion::new(heading, Gait::Sprint));
    assert_eq!(settled.verdict, Verdict::Clamped(Why::TooFast));
}

#[test]
fn a_walk_into_deep_water_ends_at_the_shore_in_any_number_of_claims() {
    let mut terrain = terrain();
    let (from, heading) = shore(&mut terrain);
    let motion = Motion::new(heading, Gait::Walk);
    for stride_m in [1, 2, 5] {
        let claims: Vec<_> =
            (1..=30 / stride_m).map(|n| (n as u64 * 5000, along(from, heading, n * stride_m), motion)).collect();
        let settled = claim_all(&mut terrain, from, &claims);
        assert!(settled.iter().all(|s| terrain.biome_at(s.position) != Biome::DeepWater), "strides of {stride_m} m");
        // Five metres are also further than the allowance of a wader, which is told first.
        let why = if stride_m < 5 { Why::DeepWater } else { Why::TooFar };
        assert!(settled.iter().any(|s| s.verdict == Verdict::Clamped(why)), "strides of {stride_m} m");
    }
}

/// He lets the authority extrapolate him for a minute and then claims to have gone the other way.
#[test]
fn a_long_silence_buys_no_leap_to_the_other_side() {
    let mut terrain = terrain();
    let (from, heading) = open_way(&mut terrain, 40, Biome::is_dry);
    let middle = along(from, heading, 20);
    let current = along(from, heading, 38);
    let mut reach = RULES.reach(middle, Millis(0));
    let settled =
        RULES.settle(&mut terrain, &mut reach, Millis(3000), current, along(from, heading, 2), Motion::default());
    assert_eq!(settled.verdict, Verdict::Clamped(Why::TooFar));
    assert!(current.distance(settled.position) <= 2 * 872);
}

/// Claims that the water refuses must not refund the way that was gone nevertheless.
#[test]
fn a_refused_claim_refunds_nothing() {
    let mut terrain = terrain();
    let (from, heading) = shore(&mut terrain);
    let mut reach = RULES.reach(from, Millis(0));
    let before = reach.left();
    let deep = along(from, heading, 30);
    let settled = RULES.settle(&mut terrain, &mut reach, Millis(0), from, deep, Motion::default());
    assert_eq!(reach.left(), before - from.distance(settled.position));
}

proptest! {
    /// Whatever is claimed, in whatever order: the path stays within the allowance and out of the deep water.
    #[test]
    fn no_series_of_claims_breaks_the_rules(
        claims in proptest::collection::vec((0u64..700, -1500i32..1500, -1500i32..1500, any::<u8>()), 1..40),
        start in 0u64..64,
    ) {
        let mut terrain = terrain();
        let mut at = terrain.island().spawn(start);
        let mut reach = RULES.reach(at, Millis(0));
        let (mut now, mut path) = (0, 0u64);
        for (ms, dx, dy, byte) in claims {
            now += ms;
            let settled = RULES.settle(&mut terrain, &mut reach, Millis(now), at, at.offset(dx, dy), Motion::from_byte(byte));
            path += u64::from(at.distance(settled.position));
            at = settled.position;
            let biome = terrain.biome_at(at);
            prop_assert_ne!(biome, Biome::DeepWater);
            prop_assert!(settled.motion.gait <= RULES.top(biome));
            prop_assert!(path <= 872 + now * 812 / 1000 + 1, "{path} units in {now} ms");
        }
    }

    #[test]
    fn any_claim_from_anywhere_is_judged(x: i32, y: i32, cx: i32, cy: i32, now: u64, byte: u8) {
        let mut terrain = terrain();
        let (current, claimed) = (Position::new(x, y), Position::new(cx, cy));
        let mut reach = RULES.reach(Position::new(cy, cx), Millis(now / 2));
        let _any = RULES.settle(&mut terrain, &mut reach, Millis(now), current, claimed, Motion::from_byte(byte));
        let _heading = Heading::towards(i64::from(x), i64::from(y));
    }
}
