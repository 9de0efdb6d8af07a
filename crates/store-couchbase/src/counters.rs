//! What happened so far, as totals. Written by many threads, read for a log line or a metric.

use std::sync::atomic::{AtomicU64, Ordering};

/// A total that only grows.
#[derive(Debug, Default)]
pub(crate) struct Total(AtomicU64);

impl Total {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The totals of a store.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: Total,
    pub(crate) applied: Total,
    pub(crate) conflicts: Total,
    pub(crate) not_applied: Total,
    pub(crate) unknown: Total,
    pub(crate) timed_out: Total,
    pub(crate) no_place: Total,
    pub(crate) no_session: Total,
    pub(crate) refused: Total,
    pub(crate) late: Total,
    pub(crate) late_applied: Total,
    pub(crate) malformed: Total,
    pub(crate) sessions: Total,
    pub(crate) given_up: Total,
}

/// The totals of a store at a moment, since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests made.
    pub requests: u64,
    /// Writes that happened.
    pub applied: u64,
    /// Writes that lost.
    pub conflicts: u64,
    /// Requests that certainly did nothing, for whatever reason.
    pub not_applied: u64,
    /// Writes of which nobody knows.
    pub unknown: u64,
    /// Requests that the server had not answered at their deadline.
    pub timed_out: u64,
    /// Requests that got no place among those under way until their deadline.
    pub no_place: u64,
    /// Requests made while there was no cluster to ask.
    pub no_session: u64,
    /// Requests that the cluster refused: no memory, no durability, no right, too large.
    pub refused: u64,
    /// Answers that came after the deadline and were dropped.
    pub late: u64,
    /// Among them: writes that had been called unknown and did happen.
    pub late_applied: u64,
    /// Documents that were read and are none of ours.
    pub malformed: u64,
    /// Sessions with the cluster that were begun.
    pub sessions: u64,
    /// Among them: those given up because the cluster had fallen silent.
    pub given_up: u64,
    /// Requests under way now, late ones among them.
    pub in_flight: u64,
}

impl Counters {
    pub(crate) fn read(&self, in_flight: usize) -> Counts {
        Counts {
            requests: self.requests.read(),
            applied: self.applied.read(),
            conflicts: self.conflicts.read(),
            not_applied: self.not_applied.read(),
            unknown: self.unknown.read(),
            timed_out: self.timed_out.read(),
            no_place: self.no_place.read(),
            no_session: self.no_session.read(),
            refused: self.refused.read(),
            late: self.late.read(),
            late_applied: self.late_applied.read(),
            malformed: self.malformed.read(),
            sessions: self.sessions.read(),
            given_up: self.given_up.read(),
            in_flight: in_flight as u64,
        }
    }
}
