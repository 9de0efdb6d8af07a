//! The checker: compares what a policy decided with what then really happened. Simulator, tests and drills share it.
//!
//! It is told the truth (who is where, who waits) by whoever runs the world, never by the policy. What it finds it
//! keeps as a [`Violation`]. Each kind is proven by a [`crate::Plant`] that makes it appear.

use std::collections::{BTreeMap, BTreeSet};

use world::IslandId;

use crate::decision::Decision;
use crate::ids::{AskId, PersonId, PromiseId, Term};
use crate::io::Effect;
use crate::plan::Phase;
use crate::queue::Place;

/// Something that must never happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// More people than the hard cap.
    OverCap {
        /// Where.
        island: IslandId,
        /// How many are there.
        people: u32,
        /// The cap.
        hard_cap: u32,
    },
    /// An island with people on it was put to sleep.
    LaidDownWithPeople {
        /// Which.
        island: IslandId,
        /// How many are there.
        people: u32,
    },
    /// An island with people on it was archived.
    ArchivedWithPeople {
        /// Which.
        island: IslandId,
        /// How many are there.
        people: u32,
    },
    /// Somebody was answered who had not asked, or a second time.
    AnsweredTwice {
        /// The asking.
        ask: AskId,
        /// Who.
        person: PersonId,
    },
    /// Somebody was never answered.
    Unanswered {
        /// The asking.
        ask: AskId,
        /// Who.
        person: PersonId,
    },
    /// The reason is not one for such a decision, or the seats are not those of the people.
    Unreasonable {
        /// The asking.
        ask: AskId,
    },
    /// A promise was made twice.
    PromisedTwice {
        /// Which.
        promise: PromiseId,
    },
    /// Somebody was admitted while another waited, with a connection, on an earlier place of the class.
    Overtaken {
        /// The place that was admitted.
        admitted: Place,
        /// The earliest place that waited.
        waiting: Option<Place>,
    },
}

/// The checker.
#[derive(Debug, Default)]
pub struct Audit {
    caps: BTreeMap<IslandId, u32>,
    people: BTreeMap<IslandId, u32>,
    peaks: BTreeMap<IslandId, u32>,
    /// Who raised an island last: hosts ignore what lower terms lay down.
    raised: BTreeMap<IslandId, Term>,
    asked: BTreeSet<(AskId, PersonId)>,
    /// Promises seen, by leader: all up to a number, and some beyond it.
    promises: BTreeMap<Term, (u64, BTreeSet<u64>)>,
    waiting: BTreeSet<Place>,
    violations: Vec<Violation>,
}

impl Audit {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was found, in the order of time.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The most people that were on an island at once.
    #[must_use]
    pub fn peak(&self, island: IslandId) -> u32 {
        self.peaks.get(&island).copied().unwrap_or(0)
    }

    /// An island may hold so many.
    pub fn cap(&mut self, island: IslandId, hard_cap: u32) {
        self.caps.insert(island, hard_cap);
    }

    /// People asked.
    pub fn asked(&mut self, ask: AskId, people: &[PersonId]) {
        self.asked.extend(people.iter().map(|person| (ask, *person)));
    }

    /// An asking was withdrawn, or its leader died with it: no answer is due.
    pub fn withdrawn(&mut self, ask: AskId) {
        let people: Vec<PersonId> =
            self.asked.range((ask, PersonId(0))..=(ask, PersonId(u64::MAX))).map(|(_, person)| *person).collect();
        for person in people {
            self.asked.remove(&(ask, person));
        }
    }

    /// A policy said something.
    pub fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Answer { ask, people, decision } => self.answered(*ask, people, decision),
            Effect::Life { island, to: Phase::Archived, .. } => {
                let people = self.people.get(island).copied().unwrap_or(0);
                if people > 0 {
                    self.violations.push(Violation::ArchivedWithPeople { island: *island, people });
                }
            }
            Effect::Raise { island, term } => {
                let highest = self.raised.entry(*island).or_default();
                *highest = (*highest).max(*term);
            }
            Effect::LayDown { island, term, archive: false } => {
                let people = self.people.get(island).copied().unwrap_or(0);
                if people > 0 && self.raised.get(island).is_none_or(|raised| raised <= term) {
                    self.violations.push(Violation::LaidDownWithPeople { island: *island, people });
                }
            }
            Effect::Life { .. } | Effect::Store { .. } | Effect::LayDown { .. } => {}
            Effect::Count { .. } | Effect::StepDown { .. } => {}
        }
    }

    fn answered(&mut self, ask: AskId, people: &[PersonId], decision: &Decision) {
        for person in people {
            if !self.asked.remove(&(ask, *person)) {
                self.violations.push(Violation::AnsweredTwice { ask, person: *person });
            }
        }
        let mut reasonable = decision.reason().stance() == decision.stance();
        if let Decision::Promised { seats, .. } = decision {
            reasonable &= seats.iter().map(|seat| &seat.person).eq(people);
            for seat in seats {
                if !self.is_new(seat.promise) {
                    self.violations.push(Violation::PromisedTwice { promise: seat.promise });
                }
            }
        }
        if !reasonable {
            self.violations.push(Violation::Unreasonable { ask });
        }
    }

    fn is_new(&mut self, promise: PromiseId) -> bool {
        let (all_to, beyond) = self.promises.entry(promise.term).or_default();
        if promise.serial <= *all_to || !beyond.insert(promise.serial) {
            return false;
        }
        while beyond.remove(&(*all_to + 1)) {
            *all_to += 1;
        }
        true
    }

    /// Somebody set foot on an island.
    pub fn entered(&mut self, island: IslandId) {
        let people = self.people.entry(island).or_default();
        *people += 1;
        let peak = self.peaks.entry(island).or_default();
        *peak = (*peak).max(*people);
        let hard_cap = self.caps.get(&island).copied().unwrap_or(0);
        if *people > hard_cap {
            self.violations.push(Violation::OverCap { island, people: *people, hard_cap });
        }
    }

    /// Somebody left an island.
    pub fn left(&mut self, island: IslandId) {
        let people = self.people.entry(island).or_default();
        *people = people.saturating_sub(1);
    }

    /// Somebody waits on a place, with a connection.
    pub fn waits(&mut self, place: Place) {
        self.waiting.insert(place);
    }

    /// Somebody waits no more, or not with a connection.
    pub fn waits_not(&mut self, place: Place) {
        self.waiting.remove(&place);
    }

    /// A place was admitted.
    pub fn admitted(&mut self, admitted: Place) {
        let earliest = Place { number: 0, issued_at: world::Millis(0), ..admitted };
        let waiting = self.waiting.range(earliest..).next().copied();
        self.waiting.remove(&admitted);
        if waiting != Some(admitted) {
            self.violations.push(Violation::Overtaken { admitted, waiting });
        }
    }

    /// The run is over: all who asked must have been answered.
    pub fn finish(&mut self) -> &[Violation] {
        let unanswered = std::mem::take(&mut self.asked).into_iter();
        self.violations.extend(unanswered.map(|(ask, person)| Violation::Unanswered { ask, person }));
        &self.violations
    }
}
