//! The same burst for all three policies: who measures is outrun, who counts is not.

use std::collections::BTreeMap;

use store::MemoryStore;
use world::{IslandId, Millis};

use super::town::islet;
use crate::allocator::{Allocator, Settings};
use crate::arrival::{Arrival, Way};
use crate::decision::Decision;
use crate::ids::{AskId, PersonId, PromiseId, Term};
use crate::io::{Effect, Input, Policy};
use crate::naive::{RoundRobin, WindowedDensity};
use crate::plan::IslandPlan;
use crate::plant::Planted;

/// Milliseconds from a promise to the arrival, and from a census to the policy.
const LOADING_MS: u64 = 20_000;
const REPORT_MS: u64 = 3_000;

/// Two minutes of fifty logins a second into ten islands of a hundred; returns the fullest one's people.
fn fullest(mut policy: impl Policy) -> u32 {
    let store = MemoryStore::new();
    let mut people: BTreeMap<IslandId, u32> = BTreeMap::new();
    let mut mail: BTreeMap<(u64, u64), Input> = BTreeMap::new();
    let mut arrivals: BTreeMap<(u64, u64), (IslandId, PromiseId)> = BTreeMap::new();
    let mut n = 0;
    for now in (0..120_000u64).step_by(100) {
        let mut inputs = vec![Input::Wake];
        while let Some(first) = mail.first_entry().filter(|first| first.key().0 <= now) {
            inputs.push(first.remove());
        }
        while let Some(first) = arrivals.first_entry().filter(|first| first.key().0 <= now) {
            let (island, promise) = first.remove();
            *people.entry(island).or_default() += 1;
            inputs.push(Input::Arrived { promise, island });
        }
        for ask in 0..5 {
            n += 1;
            inputs.push(Input::Ask { ask: AskId(n * 10 + ask), arrival: Arrival::alone(PersonId(n), Way::Login) });
        }
        while let Some(input) = inputs.pop() {
            policy.handle(Millis(now), input);
            while let Some(effect) = policy.poll_effect() {
                n += 1;
                match effect {
                    Effect::Store { op, request } => inputs.push(Input::Stored { op, reply: store.apply(request) }),
                    Effect::Raise { island, .. } => drop(mail.insert((now + 5_000, n), Input::Ready { island })),
                    Effect::Count { island } => {
                        let here = people.get(&island).copied().unwrap_or(0);
                        let census = Input::Census { island, people: here, taken_at: Millis(now) };
                        mail.insert((now + REPORT_MS, n), census);
                    }
                    Effect::Answer { decision: Decision::Promised { island, seats, .. }, .. } => {
                        arrivals.insert((now + LOADING_MS, n), (island, seats[0].promise));
                    }
                    _ => {}
                }
            }
        }
    }
    people.values().copied().max().unwrap_or(0)
}

#[test]
fn who_measures_is_outrun_at_every_window() {
    let plans: Vec<IslandPlan> = (1..=10).map(|id| islet(id, 40, 80, 100, 120)).collect();
    let allocator = Allocator::new(Term(1), &plans, Settings::default(), Planted::none()).expect("plans");
    let ours = fullest(allocator);
    assert!((80..=120).contains(&ours), "ours: {ours}");
    for window_ms in [1_000, 5_000, 30_000, 120_000] {
        let theirs = fullest(WindowedDensity::new(Term(1), &plans, window_ms));
        assert!(theirs > 3 * 120, "a window of {window_ms} ms: {theirs}");
    }
    let round_robin = fullest(RoundRobin::new(Term(1), &plans));
    assert!(round_robin > 3 * 120, "round robin: {round_robin}");
}
