//! What a run tells: counts, faults that fired, and what the checkers found.

use std::collections::BTreeMap;

use node::Counters;
use serde::Serialize;

/// Violations that a report keeps in words. All are counted.
const KEPT: usize = 20;

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Milliseconds from the beginning of the run.
    pub at_ms: u64,
    /// Which checker found it.
    pub checker: &'static str,
    /// What it found.
    pub what: String,
}

/// How often a fault fired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultCount(pub BTreeMap<&'static str, u64>);

impl FaultCount {
    pub(crate) fn note(&mut self, fault: &'static str) {
        self.add(fault, 1);
    }

    pub(crate) fn add(&mut self, fault: &'static str, times: u64) {
        *self.0.entry(fault).or_insert(0) += times;
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(fault, times)| self.add(fault, *times));
    }
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The planted bug, if any.
    pub plant: Option<&'static str>,
    /// Over every effect of every node, in hexadecimal.
    pub digest: String,
    /// Seconds of virtual time.
    pub simulated_s: u64,
    /// Nodes.
    pub nodes: u16,
    /// Clients.
    pub clients: u32,
    /// Sessions that began.
    pub sessions: u64,
    /// Avatars that crossed from chunk to chunk.
    pub border_crossings: u64,
    /// Frames that nodes published.
    pub frames_published: u64,
    /// Frames written to clients.
    pub frames_delivered: u64,
    /// Changed entities written to clients.
    pub updates_delivered: u64,
    /// Gaps that nodes found in streams.
    pub gaps: u64,
    /// Keyframes that nodes sent each other.
    pub keyframes: u64,
    /// Deeds committed.
    pub deeds: u64,
    /// Deeds answered from a remembered reply.
    pub deeds_repeated: u64,
    /// Sessions that ended because a newer epoch was seen.
    pub sessions_replaced: u64,
    /// How often each fault fired.
    pub faults: FaultCount,
    /// Comparisons that each checker made; one that made none proves nothing.
    pub checks: BTreeMap<&'static str, u64>,
    /// How many violations there were.
    pub violations: u64,
    /// The first of them.
    pub first_violations: Vec<Violation>,
    /// The longest time that two nodes moved one avatar, in milliseconds.
    pub longest_overlap_ms: u64,
    /// The command that replays the run.
    pub replay: String,
}

impl Report {
    pub(crate) fn count(&mut self, counters: &Counters) {
        self.sessions += counters.sessions_begun;
        self.border_crossings += counters.border_crossings;
        self.frames_published += counters.frames_published;
        self.frames_delivered += counters.frames_delivered;
        self.updates_delivered += counters.updates_delivered;
        self.gaps += counters.gaps;
        self.keyframes += counters.keyframes_sent;
        self.deeds += counters.deeds;
        self.deeds_repeated += counters.deeds_repeated;
        self.sessions_replaced += counters.sessions_replaced;
    }

    pub(crate) fn violation(&mut self, violation: Violation) {
        self.violations += 1;
        if self.first_violations.len() < KEPT {
            self.first_violations.push(violation);
        }
    }
}
