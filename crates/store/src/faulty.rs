//! A store that fails in every way that the port allows, in virtual time.
//!
//! [`FaultyStore`] is a state machine in front of a [`MemoryStore`]: the caller hands in requests with the time, asks
//! when to come back, and takes out answers. What happens to a request is decided by the caller, who so owns the
//! randomness and can replay a run. It does not implement [`crate::Store`]: it never awaits.
//!
//! Invariant: every request gets exactly one answer, and the answer is true: what was answered `Applied` is in the
//! store, what was answered `Conflict` or `NotApplied` never will be.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use world::Millis;

use crate::memory::MemoryStore;
use crate::port::{Reply, Request};

/// What happens to a request. Times are milliseconds after it was handed in; an answer that tells of an effect comes
/// no earlier than the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered truly.
    Pass {
        /// When it is carried out.
        apply_after_ms: u64,
        /// When it is answered.
        answer_after_ms: u64,
    },
    /// A write loses against another that nobody else saw. A read is answered `NotApplied`.
    Conflict {
        /// When it is answered.
        answer_after_ms: u64,
    },
    /// Nothing is done, and the caller is told so.
    NotApplied {
        /// When it is answered.
        answer_after_ms: u64,
    },
    /// The caller is not told what happened.
    Unknown {
        /// When it is answered.
        answer_after_ms: u64,
        /// When a write is carried out against the version of that moment, if ever; it may be after the answer.
        apply_after_ms: Option<u64>,
    },
}

impl Fate {
    /// Carried out and answered at once.
    pub const PASS: Self = Self::Pass { apply_after_ms: 0, answer_after_ms: 0 };
}

/// How many writes and reads met each fate, so that a run can show that its faults did fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Carried out and answered without delay.
    pub passed: u64,
    /// Carried out and answered, but later.
    pub slow: u64,
    /// Writes that lost against nobody.
    pub conflicts: u64,
    /// Requests that were not carried out, and said so.
    pub not_applied: u64,
    /// Writes answered `Unknown` that had taken effect.
    pub unknown_applied: u64,
    /// Requests answered `Unknown` that never took effect.
    pub unknown_not_applied: u64,
    /// Writes that took effect after they had been answered `Unknown`.
    pub late: u64,
}

/// A [`MemoryStore`] behind faults. `O` names a request, `D` decides its fate.
pub struct FaultyStore<O, D> {
    store: Arc<MemoryStore>,
    decide: D,
    steps: BTreeMap<(Millis, u64), Step<O>>,
    last_step: u64,
    counts: FaultCounts,
}

/// What is still to happen.
enum Step<O> {
    /// Carry out, then answer at the given time.
    Serve { op: O, request: Request, answer_at: Millis },
    /// Carry out without telling anybody.
    Land { request: Request, late: bool },
    /// Answer.
    Answer { op: O, reply: Reply },
}

impl<O, D: FnMut(Millis, &Request) -> Fate> FaultyStore<O, D> {
    /// A faulty front of `store`, which others may share.
    pub fn new(store: Arc<MemoryStore>, decide: D) -> Self {
        Self { store, decide, steps: BTreeMap::new(), last_step: 0, counts: FaultCounts::default() }
    }

    /// Takes in a request under the caller's name for it.
    pub fn submit(&mut self, now: Millis, op: O, request: Request) {
        match (self.decide)(now, &request) {
            Fate::Pass { apply_after_ms, answer_after_ms } => {
                let slow = apply_after_ms.max(answer_after_ms) > 0;
                *(if slow { &mut self.counts.slow } else { &mut self.counts.passed }) += 1;
                let answer_at = now + answer_after_ms.max(apply_after_ms);
                self.schedule(now + apply_after_ms, Step::Serve { op, request, answer_at });
            }
            Fate::Conflict { answer_after_ms } if request.writes() => {
                self.counts.conflicts += 1;
                self.schedule(now + answer_after_ms, Step::Answer { op, reply: Reply::Conflict });
            }
            Fate::Conflict { answer_after_ms } | Fate::NotApplied { answer_after_ms } => {
                self.counts.not_applied += 1;
                self.schedule(now + answer_after_ms, Step::Answer { op, reply: Reply::NotApplied });
            }
            Fate::Unknown { answer_after_ms, apply_after_ms } => {
                match apply_after_ms.filter(|_| request.writes()) {
                    Some(after_ms) => {
                        let late = after_ms > answer_after_ms;
                        self.schedule(now + after_ms, Step::Land { request, late });
                    }
                    None => self.counts.unknown_not_applied += 1,
                }
                self.schedule(now + answer_after_ms, Step::Answer { op, reply: Reply::Unknown });
            }
        }
    }

    /// The next answer that is due. Everything that happens in the store up to `now` happens in the order of time.
    pub fn poll(&mut self, now: Millis) -> Option<(O, Reply)> {
        while let Some(first) = self.steps.first_entry().filter(|first| first.key().0 <= now) {
            match first.remove() {
                Step::Answer { op, reply } => return Some((op, reply)),
                Step::Land { request, late } => self.land(request, late),
                Step::Serve { op, request, answer_at } => {
                    let reply = self.store.apply(request);
                    self.schedule(answer_at, Step::Answer { op, reply });
                }
            }
        }
        None
    }

    /// When to poll again at the latest, and why.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, &'static str)> {
        let ((at, _), step) = self.steps.first_key_value()?;
        Some((
            *at,
            match step {
                Step::Serve { .. } => "a slow request is carried out",
                Step::Land { .. } => "a write of unknown outcome lands",
                Step::Answer { .. } => "an answer is due",
            },
        ))
    }

    /// What the faults did so far.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.counts
    }

    /// The store behind the faults.
    #[must_use]
    pub fn store(&self) -> &Arc<MemoryStore> {
        &self.store
    }

    fn land(&mut self, request: Request, late: bool) {
        match (self.store.apply(request), late) {
            (Reply::Applied { .. }, true) => self.counts.late += 1,
            (Reply::Applied { .. }, false) => self.counts.unknown_applied += 1,
            _ => self.counts.unknown_not_applied += 1,
        }
    }

    fn schedule(&mut self, at: Millis, step: Step<O>) {
        self.last_step += 1;
        self.steps.insert((at, self.last_step), step);
    }
}

impl<O, D> fmt::Debug for FaultyStore<O, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").field("waiting", &self.steps.len()).field("counts", &self.counts).finish()
    }
}

#[cfg(test)]
#[path = "faulty_tests.rs"]
mod tests;
