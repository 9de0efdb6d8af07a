//! What a run of bots found, ready to be written as JSON.

use std::collections::BTreeMap;

use client::{Checks, Counts};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::deeds_told::DeedsReport;
use crate::returns::Return;

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many were measured. If 0, the rest is 0 too.
    pub count: u64,
    /// Half were at most this.
    pub p50: f64,
    /// 99 in 100 were at most this.
    pub p99: f64,
    /// 999 in 1000 were at most this.
    pub p999: f64,
    /// All were at most this.
    pub max: f64,
}

impl Percentiles {
    /// Of a histogram of microseconds.
    #[must_use]
    pub fn of(micros: &Histogram<u64>) -> Self {
        if micros.is_empty() {
            return Self::default();
        }
        let at = |quantile| micros.value_at_quantile(quantile) as f64 / 1_000.0;
        let max = micros.max() as f64 / 1_000.0;
        Self { count: micros.len(), p50: at(0.5).min(max), p99: at(0.99).min(max), p999: at(0.999).min(max), max }
    }
}

/// Bots of one node seen by observers on another, or on the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodesSeen {
    /// The node that serves the observers.
    pub observers_on: u64,
    /// The node that serves the bots seen.
    pub bots_on: u64,
    /// How many different bots were seen.
    pub bots: u64,
}

/// The state of a run under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// Milliseconds since the start.
    pub elapsed_ms: u64,
    /// Bots that were started.
    pub started: u32,
    /// Bots in the world.
    pub playing: u32,
    /// Frames so far.
    pub frames_delivered: u64,
    /// Updates so far.
    pub updates_delivered: u64,
    /// Bytes so far.
    pub bytes: u64,
    /// Border crossings so far.
    pub border_crossings: u64,
    /// Violations so far.
    pub violations: u64,
    /// Connections lost so far.
    pub reconnects: u64,
    /// From an input to the moment another bot sees it, so far.
    pub latency_ms: Percentiles,
    /// Deeds that were done so far.
    pub deeds_done: u64,
    /// Answers to deeds that should never have been, so far.
    pub deeds_wrong: u64,
}

/// What a run found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Bots that were started.
    pub bots: u32,
    /// Bots that were in the world at least once.
    pub sessions: u32,
    /// Bots that read everything.
    pub observers: u32,
    /// How long the run took, from the first connection to the farewell.
    pub elapsed_ms: u64,
    /// Sessions begun after the first of a bot.
    pub reconnects: u64,
    /// Bots that never came in, were refused, or were out of the world for long at the end.
    pub failed: u32,
    /// Why, and how many.
    pub failures: BTreeMap<String, u32>,
    /// Frames received.
    pub frames_delivered: u64,
    /// Keyframes received.
    pub keyframes: u64,
    /// Moves, leaves and enters received.
    pub updates_delivered: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received by update received, whatever they were for.
    pub bytes_per_update: f64,
    /// Inputs sent.
    pub inputs: u64,
    /// Corrections of bots that do not cheat.
    pub corrections: u64,
    /// Corrections of bots that cheat.
    pub corrections_of_cheats: u64,
    /// Lines heard by observers.
    pub speeches: u64,
    /// Times a bot walked from chunk to chunk.
    pub border_crossings: u64,
    /// Times a server let a slow reader start anew.
    pub resets: u64,
    /// From an input to the moment another bot sees it.
    pub latency_ms: Percentiles,
    /// The same, between bots of one node.
    pub latency_same_node_ms: Percentiles,
    /// The same, between bots of two nodes.
    pub latency_other_node_ms: Percentiles,
    /// How late the bots were themselves.
    pub lateness_ms: Percentiles,
    /// From a lost connection to the next welcome.
    pub resume_ms: Percentiles,
    /// The longest time, in milliseconds, for which a bot in the world heard nothing and was not cut off. Servers speak
    /// once a second at least.
    pub longest_silence_ms: u64,
    /// What should never be seen.
    pub violations: u64,
    /// The same by kind; kinds that were not seen are left out.
    pub violations_by_kind: BTreeMap<&'static str, u64>,
    /// Whether counting by headers and by decoding agree, and every byte is accounted for.
    pub counts_reconcile: bool,
    /// Whose bots were seen from which node.
    pub nodes_seen: Vec<NodesSeen>,
    /// Bots that lost their connection and came back, in that order.
    pub returns: Vec<Return>,
    /// What became of deeds.
    pub deeds: DeedsReport,
}

impl Report {
    /// Adds one bot's counts.
    pub(crate) fn add(&mut self, counts: &Counts, cheats: bool) {
        self.reconnects += counts.welcomes.saturating_sub(1);
        self.frames_delivered += counts.frames;
        self.keyframes += counts.keyframes;
        self.updates_delivered += counts.updates;
        self.bytes += counts.bytes;
        self.bytes_sent += counts.sent_bytes;
        self.inputs += counts.inputs;
        self.speeches += counts.speeches;
        self.border_crossings += counts.crossings;
        self.resets += counts.resets;
        self.longest_silence_ms = self.longest_silence_ms.max(counts.longest_silence_ms);
        let corrections = if cheats { &mut self.corrections_of_cheats } else { &mut self.corrections };
        *corrections += counts.corrections;
    }

    /// Fills in what follows from the sums.
    pub(crate) fn finish(&mut self, checks: &Checks) {
        self.violations = checks.total();
        self.violations_by_kind = checks.seen().map(|(kind, n)| (kind.label(), n)).collect();
        if self.updates_delivered > 0 {
            self.bytes_per_update = self.bytes as f64 / self.updates_delivered as f64;
        }
    }
}
