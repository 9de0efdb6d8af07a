//! From an input to the moment at which another client of this process sees what it did.
//!
//! A move is matched to an input by entity, motion byte and place: the server may have moved the avatar on for a few
//! ticks, so the place is the claimed one or lies on the way from there. What the server changed is not matched, and
//! each client sees an input once: a second time it is the server that stopped the avatar at the same place. For the
//! same reason nobody sees an input more than [`STRAGGLER`] after the first who saw it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use protocol::Incarnation;
use world::{EntityId, Motion, Pace, Position};

/// Inputs remembered per avatar: two seconds at 10 Hz.
const KEPT_PER_ENTITY: usize = 20;
/// An input that was not seen for so long will not be matched any more.
const MAX_AGE: Duration = Duration::from_secs(10);
/// How much later than the first client another one may see an input.
const STRAGGLER: Duration = Duration::from_secs(2);
/// Ticks by which the server may have moved the avatar on from the claimed place.
const TICKS_ON: i32 = 5;
/// The longest latency that is told apart: a minute in microseconds.
const MAX_MICROS: u64 = 60_000_000;

#[derive(Clone, Debug)]
struct Sent {
    when: Instant,
    at: Position,
    motion: Motion,
    node: Incarnation,
    seen_by: BTreeSet<EntityId>,
    first_seen: Option<Instant>,
}

/// A histogram of microseconds.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MAX_MICROS, 3).expect("constant bounds that are in order")
}

/// Adds a duration to a histogram of microseconds.
pub(crate) fn record(histogram: &mut Histogram<u64>, duration: Duration) {
    histogram.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(MAX_MICROS).max(1));
}

/// Inputs under way and how long others took to see them.
#[derive(Debug)]
pub(crate) struct Latency {
    sent: BTreeMap<EntityId, VecDeque<Sent>>,
    /// Seen by a client of the same node.
    pub(crate) same_node: Histogram<u64>,
    /// Seen by a client of another node.
    pub(crate) other_node: Histogram<u64>,
}

impl Latency {
    pub(crate) fn new() -> Self {
        Self { sent: BTreeMap::new(), same_node: histogram(), other_node: histogram() }
    }

    /// An avatar's client sent an input with a new motion.
    pub(crate) fn sent(&mut self, when: Instant, entity: EntityId, node: Incarnation, at: Position, motion: Motion) {
        let inputs = self.sent.entry(entity).or_default();
        if inputs.len() == KEPT_PER_ENTITY {
            inputs.pop_front();
        }
        inputs.push_back(Sent { when, at, motion, node, seen_by: BTreeSet::new(), first_seen: None });
    }

    /// Another client, served by `node`, sees the avatar move.
    pub(crate) fn seen(
        &mut self,
        when: Instant,
        (observer, node): (EntityId, Incarnation),
        (entity, at, motion): (EntityId, Position, Motion),
        pace: &Pace,
    ) {
        let Some(inputs) = self.sent.get_mut(&entity) else { return };
        let velocity = pace.velocity(motion);
        let caused = |s: &&mut Sent| s.motion == motion && on_the_way(s.at, at, velocity);
        let Some(sent) = inputs.iter_mut().rev().find(caused) else { return };
        let first_seen = *sent.first_seen.get_or_insert(when);
        if !sent.seen_by.insert(observer) || when.saturating_duration_since(first_seen) > STRAGGLER {
            return;
        }
        let took = when.saturating_duration_since(sent.when);
        if took <= MAX_AGE {
            record(if sent.node == node { &mut self.same_node } else { &mut self.other_node }, took);
        }
    }
}

fn on_the_way(from: Position, at: Position, (vx, vy): (i32, i32)) -> bool {
    (0..=TICKS_ON).any(|n| from.offset(vx.saturating_mul(n), vy.saturating_mul(n)) == at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::{Gait, Heading, TickRate};

    #[test]
    fn only_what_the_input_caused_is_counted() {
        let (east, south) = (Motion::new(Heading::new(0), Gait::Walk), Motion::new(Heading::new(8), Gait::Walk));
        let pace = Pace::new(TickRate::default());
        let at = Position::new(5_000, 5_000);
        let cases = [
            ("at the place", 1, at, east, (1, 0)),
            ("two ticks on", 1, at.offset(36, 0), east, (1, 0)),
            ("on another node", 2, at, east, (0, 1)),
            ("off the way", 1, at.offset(36, 1), east, (0, 0)),
            ("a restatement a second later", 1, at.offset(180, 0), east, (0, 0)),
            ("another motion", 1, at, south, (0, 0)),
        ];
        for (case, node, seen_at, motion, expected) in cases {
            let mut latency = Latency::new();
            let start = Instant::now();
            latency.sent(start, EntityId(1), Incarnation(1), at, east);
            let observer = (EntityId(2), Incarnation(node));
            let seen = (EntityId(1), seen_at, motion);
            latency.seen(start + Duration::from_millis(40), observer, seen, &pace);
            latency.seen(start + Duration::from_millis(900), observer, seen, &pace);
            assert_eq!((latency.same_node.len(), latency.other_node.len()), expected, "{case}");
        }
    }

    #[test]
    fn the_newest_of_equal_inputs_is_meant() {
        let still = Motion::default();
        let pace = Pace::new(TickRate::default());
        let start = Instant::now();
        let mut latency = Latency::new();
        for ms in [0, 500] {
            latency.sent(start + Duration::from_millis(ms), EntityId(1), Incarnation(1), Position::default(), still);
        }
        let seen = (EntityId(1), Position::default(), still);
        latency.seen(start + Duration::from_millis(530), (EntityId(2), Incarnation(1)), seen, &pace);
        assert_eq!(latency.same_node.max() / 1_000, 30);
    }
}
