//! Minds without a world: what they want, step by step.

use std::sync::Arc;

use deeds::tables::Tables;
use world::{Chunk, Gait, Pace, Position, Segment, Tick, TickRate, UNITS_PER_METRE};

use crate::Behaviour;
use crate::behaviour::{Act, Mind, Senses};

const HOME: Position = Position::metres(500, 500);

/// Lets a mind walk for so long on open ground, from `from`, and returns where it was at each act.
fn walk(name: &str, seed: u64, from: Position, minutes: u64) -> (Vec<Act>, Vec<Position>) {
    let pace = Pace::new(TickRate::default());
    let mut mind = Mind::new(Behaviour::load(name).unwrap(), &Arc::new(Tables::built_in()), seed, 3);
    let (mut acts, mut places) = (Vec::new(), Vec::new());
    let mut segment = Segment::standing(from, Tick(0));
    let mut at_ms = mind.first_in_ms();
    while at_ms < minutes * 60_000 {
        let tick = Tick(at_ms / 100);
        let at = segment.at(tick, &pace);
        let senses = Senses { at, home: HOME, meeting: HOME, corrected: false, sight: None };
        let (act, next_ms) = mind.act(&senses);
        segment = match &act {
            Act::Steer(motion) => Segment { motion: *motion, ..segment.restated(tick, &pace) },
            _ => segment,
        };
        acts.push(act);
        places.push(at);
        at_ms += next_ms;
    }
    (acts, places)
}

fn metres_from_home(at: &Position) -> u32 {
    at.x.abs_diff(HOME.x).max(at.y.abs_diff(HOME.y)) / UNITS_PER_METRE as u32
}

#[test]
fn the_same_seed_wants_the_same_and_another_does_not() {
    for name in ["wander", "commute", "gather", "chatter", "cheat-speed", "cheat-teleport"] {
        assert_eq!(walk(name, 1, HOME, 5), walk(name, 1, HOME, 5), "{name}");
        assert_ne!(walk(name, 1, HOME, 5), walk(name, 2, HOME, 5), "{name}");
    }
}

#[test]
fn wanderers_stay_about_home_and_stand_now_and_then() {
    let (acts, places) = walk("wander", 7, HOME, 60);
    assert!(places.iter().all(|p| metres_from_home(p) < 90 + 20));
    let rests = acts.iter().filter(|a| matches!(a, Act::Steer(m) if m.gait == Gait::Stand)).count();
    assert!(rests * 100 / acts.len() > 8 && rests * 100 / acts.len() < 22, "{rests} of {}", acts.len());
}

#[test]
fn commuters_reach_both_ends_and_cross_borders() {
    let (_, places) = walk("commute", 7, HOME, 10);
    let far = places.iter().filter(|p| metres_from_home(p) > 45).count();
    let near = places.iter().filter(|p| metres_from_home(p) < 5).count();
    assert!(far > 10 && near > 10, "{far} far, {near} near");
    let chunks: std::collections::BTreeSet<Chunk> = places.iter().map(|p| p.chunk()).collect();
    assert!(chunks.len() > 1);
}

#[test]
fn a_crowd_gathers_and_stays() {
    let (_, places) = walk("gather", 7, HOME.offset(30_000, 0), 10);
    let arrived = places.iter().position(|p| metres_from_home(p) <= 10).expect("it arrives");
    assert!(places[arrived..].iter().all(|p| metres_from_home(p) < 10 + 10));
}

#[test]
fn cheats_claim_what_nobody_could_have_walked() {
    for name in ["cheat-speed", "cheat-teleport"] {
        let (acts, _) = walk(name, 7, HOME, 2);
        let leaps = acts.iter().map(|act| match act {
            Act::Claim(to, _) => metres_from_home(to),
            other => panic!("{name} wants {other:?}"),
        });
        assert!(leaps.min().unwrap() >= 8, "{name}");
    }
}

#[test]
fn chatterers_speak_dress_and_walk() {
    let (acts, _) = walk("chatter", 7, HOME, 5);
    let count = |f: fn(&Act) -> bool| acts.iter().filter(|a| f(a)).count();
    assert!(count(|a| matches!(a, Act::Say(_))) > 10);
    assert!(count(|a| matches!(a, Act::Dress(_))) > 5);
    assert!(count(|a| matches!(a, Act::Steer(_))) > 20);
}
