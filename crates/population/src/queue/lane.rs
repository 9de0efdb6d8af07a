//! One class of the queue.

use std::collections::{BTreeMap, BTreeSet};

use world::Millis;

use super::line::NoPlace;
use super::place::{Class, Place};
use super::rank::RankSet;
use super::wait::{Measured, estimate_ms};
use crate::ids::PersonId;
use crate::limits::{RATE_BUCKET_MS, RATE_BUCKETS, RATE_EVERY_MS, RATE_SAMPLES, RATE_SPANS_MS};
use crate::window::Window;

/// Somebody in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub person: PersonId,
    pub place: Place,
    pub state: State,
}

/// How somebody stands in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Waiting, with a connection.
    Present,
    /// Waiting without one; the place is kept until then.
    Away(Millis),
    /// Admitted; whoever asks until then is told so.
    Admitted(Millis),
}

impl State {
    fn waits(self) -> bool {
        !matches!(self, Self::Admitted(_))
    }
}

/// One class.
#[derive(Debug)]
pub(super) struct Lane {
    class: Class,
    entries: BTreeMap<u64, Entry>,
    /// All who wait.
    waiting: RankSet,
    /// Those of them with a connection.
    present: BTreeSet<u64>,
    /// The first number of this life of the queue.
    first: u64,
    next: u64,
    /// Places of an earlier life that were restored once.
    restored: BTreeSet<u64>,
    admitted: Window,
    gave_up: Window,
    /// Admissions and give-ups over longer and longer spans, and when they were measured.
    rates: [(Measured, Measured); RATE_SPANS_MS.len()],
    rated_at: Option<Millis>,
    /// Where the class stands in the turns of the classes.
    pub turn: u64,
}

impl Lane {
    pub fn new(class: Class, first: u64) -> Self {
        Self {
            class,
            entries: BTreeMap::new(),
            waiting: RankSet::default(),
            present: BTreeSet::new(),
            first,
            next: first,
            restored: BTreeSet::new(),
            admitted: Window::new(RATE_BUCKET_MS, RATE_BUCKETS),
            gave_up: Window::new(RATE_BUCKET_MS, RATE_BUCKETS),
            rates: [((0, 0), (0, 0)); RATE_SPANS_MS.len()],
            rated_at: None,
            turn: 0,
        }
    }

    pub fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    /// People who wait, with and without a connection.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The lowest and the highest number that wait with a connection.
    pub fn ends(&self) -> Option<(u64, u64)> {
        self.present.first().copied().zip(self.present.last().copied())
    }

    pub fn join(&mut self, now: Millis, person: PersonId) -> Place {
        let place = Place { class: self.class, number: self.next, issued_at: now };
        self.next += 1;
        self.insert(person, place);
        place
    }

    /// Brings back a place of an earlier life, once.
    pub fn restore(&mut self, person: PersonId, place: Place) -> Result<(), NoPlace> {
        if place.number >= self.first || !self.restored.insert(place.number) {
            return Err(NoPlace::Lost);
        }
        self.insert(person, place);
        Ok(())
    }

    fn insert(&mut self, person: PersonId, place: Place) {
        self.entries.insert(place.number, Entry { person, place, state: State::Present });
        self.waiting.insert(place.number);
        self.present.insert(place.number);
    }

    /// Changes how somebody stands.
    pub fn set(&mut self, number: u64, state: State) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        entry.state = state;
        if state.waits() {
            self.waiting.insert(number);
        } else {
            self.waiting.remove(number);
        }
        if state == State::Present {
            self.present.insert(number);
        } else {
            self.present.remove(&number);
        }
    }

    /// Takes somebody out, and counts how they went.
    pub fn remove(&mut self, now: Millis, number: u64) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        self.waiting.remove(number);
        self.present.remove(&number);
        let went = if entry.state.waits() { &mut self.gave_up } else { &mut self.admitted };
        went.add(now, 1);
        Some(entry)
    }

    pub fn ahead(&self, number: u64) -> usize {
        self.waiting.rank(number)
    }

    /// Measures the rates anew, if it is time.
    pub fn measure(&mut self, now: Millis) {
        if self.rated_at.is_some_and(|at| now.since(at) < RATE_EVERY_MS) {
            return;
        }
        self.rated_at = Some(now);
        self.rates = RATE_SPANS_MS.map(|span_ms| {
            let admitted = self.admitted.measure_over(now, RATE_SAMPLES, span_ms);
            // Both over the same time, so that a lull or a rush weighs alike.
            (admitted, self.gave_up.measure_over(now, 0, admitted.1))
        });
    }

    pub fn wait_ms(&self, number: u64) -> Option<u64> {
        let (ahead, waiting) = (self.ahead(number) as u64, self.len() as u64);
        let mut told = None;
        for (admitted, gave_up) in self.rates {
            told = estimate_ms(ahead, waiting, admitted, gave_up);
            if told.is_some_and(|wait_ms| wait_ms <= admitted.1) {
                break;
            }
        }
        told
    }
}
