//! What a run tells: counts, faults that fired, and what the checkers found.

use node::Counters;
use serde::Serialize;

use crate::checkers::Checker;
use crate::faults::FaultCount;
use crate::matrix::Ill;
use crate::names::Tally;

/// Violations that a report keeps in words. All are counted.
const KEPT: usize = 20;

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Milliseconds from the beginning of the run.
    pub at_ms: u64,
    /// Which checker found it.
    pub checker: Checker,
    /// What it found.
    pub what: String,
}

/// What the nodes of a run counted, dead ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Sessions that began.
    pub sessions: u64,
    /// Avatars that crossed from chunk to chunk.
    pub border_crossings: u64,
    /// Avatars that changed the sub-cell within their chunk.
    pub sub_cell_moves: u64,
    /// Steps of the crowd contract that chunks went up, each node counting its own.
    pub crowd_rises: u64,
    /// Steps that they went down.
    pub crowd_falls: u64,
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
    /// Handovers that began.
    pub handovers_begun: u64,
    /// Handovers after which another node served.
    pub handovers_done: u64,
    /// Handovers after whose release the session was taken back.
    pub handovers_taken_back: u64,
    /// Handovers that came to nothing in any other way.
    pub handovers_aborted: u64,
    /// Chunks by how many nodes published for them, looked at once a second: one, two, and so on to nine or more.
    pub publishers: [u64; 9],
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The cell of the matrix of faults, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// Kinds of fault of the cell that never fired: it has shown nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfired: Vec<Ill>,
    /// The planted bug, if any.
    pub plant: Option<&'static str>,
    /// Over every effect of every node, in hexadecimal.
    pub digest: String,
    /// Seconds of virtual time that went by.
    pub simulated_s: u64,
    /// Nodes.
    pub nodes: u16,
    /// Clients.
    pub clients: u32,
    /// What the nodes counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// How often each kind of fault fired.
    pub faults: FaultCount,
    /// Comparisons that each checker made; one that made none proves nothing.
    pub checks: Tally<Checker>,
    /// How many violations there were.
    pub violations: u64,
    /// The first of them.
    pub first_violations: Vec<Violation>,
    /// The longest time for which two nodes moved one avatar, in milliseconds.
    pub longest_overlap_ms: u64,
}

impl Counts {
    pub(crate) fn add_node(&mut self, counters: &Counters) {
        self.merge(&Self {
            sessions: counters.sessions_begun,
            border_crossings: counters.border_crossings,
            sub_cell_moves: counters.sub_cell_moves,
            crowd_rises: counters.crowd_rises,
            crowd_falls: counters.crowd_falls,
            frames_published: counters.frames_published,
            frames_delivered: counters.frames_delivered,
            updates_delivered: counters.updates_delivered,
            gaps: counters.gaps,
            keyframes: counters.keyframes_sent,
            deeds: counters.deeds,
            deeds_repeated: counters.deeds_repeated,
            sessions_replaced: counters.sessions_replaced,
            handovers_begun: counters.handovers_begun,
            handovers_done: counters.handovers_done,
            handovers_taken_back: counters.handovers_taken_back,
            handovers_aborted: counters.handovers_declined
                + counters.handovers_unprepared
                + counters.handovers_ignored
                + counters.handovers_unfinished
                + counters.handovers_fenced
                + counters.handovers_ended,
            publishers: counters.publishers(),
        });
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.border_crossings += other.border_crossings;
        self.sub_cell_moves += other.sub_cell_moves;
        self.crowd_rises += other.crowd_rises;
        self.crowd_falls += other.crowd_falls;
        self.frames_published += other.frames_published;
        self.frames_delivered += other.frames_delivered;
        self.updates_delivered += other.updates_delivered;
        self.gaps += other.gaps;
        self.keyframes += other.keyframes;
        self.deeds += other.deeds;
        self.deeds_repeated += other.deeds_repeated;
        self.sessions_replaced += other.sessions_replaced;
        self.handovers_begun += other.handovers_begun;
        self.handovers_done += other.handovers_done;
        self.handovers_taken_back += other.handovers_taken_back;
        self.handovers_aborted += other.handovers_aborted;
        self.publishers.iter_mut().zip(other.publishers).for_each(|(n, more)| *n += more);
    }
}

impl Report {
    /// Whether nothing was violated and its cell, if it is one, has shown something.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations == 0 && self.unfired.is_empty()
    }

    /// What to say of a run that does not hold.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let cell = self.cell.as_ref().map(|cell| format!("{cell}: ")).unwrap_or_default();
        let violated = self.first_violations.first().map(|v| format!("{cell}{}: {}", v.checker, v.what));
        violated.or_else(|| self.unfired.first().map(|ill| format!("{cell}{ill} never fired")))
    }

    pub(crate) fn violation(&mut self, violation: Violation) {
        self.violations += 1;
        if self.first_violations.len() < KEPT {
            self.first_violations.push(violation);
        }
    }
}
