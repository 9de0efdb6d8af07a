//! The count of one island: promises, people, and those whom nobody can name.
//!
//! A seat is freed by proof only: by the report that its holder left, or by a census taken after its ticket ran out.
//! That a promise ran out is no proof, because the report of the arrival may be late. Seats are known by their promises
//! and not by their people, so that a repeated report of an earlier stay frees nothing.
//!
//! Invariant: while reports tell the truth, however late, [`Ledger::bound`] is never below the number of people who are
//! on the island plus those who may still come.

use std::collections::{BTreeMap, BTreeSet};

use world::Millis;

use crate::ids::PersonId;
use crate::limits::{CLOSING_MS, GHOST_NAMES};
use crate::plant::{Plant, Planted};

/// One promise of this leader that still counts.
#[derive(Clone, Copy, Debug)]
struct Stay {
    person: PersonId,
    state: State,
    /// A census was taken after the ticket ran out, so it counts the holder if there is one.
    settled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The ticket is out.
    Promised,
    /// The ticket ran out, and nobody knows whether it was used.
    Doubtful,
    /// The holder is there.
    Seated,
}

/// The count of one island.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    stays: BTreeMap<u64, Stay>,
    /// Live tickets by their ends.
    ends: BTreeSet<(Millis, u64)>,
    /// Stays that no census vouches for yet, by the moment from which one does.
    unsettled: BTreeSet<(Millis, u64)>,
    settled: u32,
    /// People without a name here. Below zero by the names whose people have left without a report.
    nameless: i64,
    /// Until when tickets of earlier leaders may bring people.
    former_until: Millis,
    promised: u32,
    doubtful: u32,
    last_census: Millis,
    /// What the last believed census said.
    census_people: Option<u32>,
    planted: Planted,
}

impl Ledger {
    /// An empty count.
    #[must_use]
    pub fn new(planted: Planted) -> Self {
        Self { planted, ..Self::default() }
    }

    /// Takes over what earlier leaders granted: so many may be there or come, by tickets that end by `until`.
    pub fn take_over(&mut self, granted: u32, until: Millis) {
        if !self.planted.is(Plant::ForgetTheFormer) {
            self.nameless += i64::from(granted);
        }
        self.former_until = until;
    }

    /// At most so many people are there or may still come.
    #[must_use]
    pub fn bound(&self) -> u32 {
        let mut stays = self.stays.len();
        if self.planted.is(Plant::PromisesAreFree) {
            stays -= self.promised as usize;
        }
        let sum = i64::try_from(stays).unwrap_or(i64::MAX).saturating_add(self.nameless);
        u32::try_from(sum.max(0)).unwrap_or(u32::MAX)
    }

    /// Tickets that are out.
    #[must_use]
    pub fn promised(&self) -> u32 {
        self.promised
    }

    /// People known to be there, as far as this leader can say.
    #[must_use]
    pub fn present(&self) -> u32 {
        self.bound().saturating_sub(self.promised + self.doubtful)
    }

    /// What the last believed census said.
    #[must_use]
    pub fn census_people(&self) -> Option<u32> {
        self.census_people
    }

    /// Whether a census would free or settle anything.
    #[must_use]
    pub fn wants_census(&self) -> bool {
        self.nameless != 0 || !self.stays.is_empty()
    }

    /// Promises a seat by a ticket that is good until `until`.
    pub fn promise(&mut self, serial: u64, person: PersonId, until: Millis) {
        self.stays.insert(serial, Stay { person, state: State::Promised, settled: false });
        self.ends.insert((until, serial));
        self.unsettled.insert((until + CLOSING_MS, serial));
        self.promised += 1;
    }

    /// The holder is there. Reports of seats that are not counted by name change nothing.
    pub fn arrived(&mut self, serial: u64) {
        let Some(stay) = self.stays.get_mut(&serial) else { return };
        match stay.state {
            State::Promised => self.promised -= 1,
            State::Doubtful => self.doubtful -= 1,
            State::Seated => return,
        }
        stay.state = State::Seated;
    }

    /// The holder left at `at`, for good. Returns whose stay it was.
    pub fn left(&mut self, serial: u64, at: Millis) -> Option<PersonId> {
        let Some(stay) = self.remove(serial) else {
            if self.planted.is(Plant::LeaveTwice) {
                self.nameless -= 1;
            }
            return None;
        };
        // A census that was taken later has not counted the holder any more: the seat is free already.
        if stay.settled && at <= self.last_census + CLOSING_MS {
            self.nameless += 1;
        }
        Some(stay.person)
    }

    /// Takes tickets that ran out off the list of live ones.
    pub fn expire(&mut self, now: Millis) {
        while let Some((until, serial)) = self.ends.first().copied().filter(|(until, _)| *until < now) {
            self.ends.remove(&(until, serial));
            let Some(stay) = self.stays.get_mut(&serial).filter(|stay| stay.state == State::Promised) else { continue };
            stay.state = State::Doubtful;
            self.promised -= 1;
            self.doubtful += 1;
            if self.planted.is(Plant::FreeAtExpiry) {
                self.remove(serial);
            }
        }
    }

    /// Takes in a census and returns the people whose promises are thereby known to be void or nameless.
    pub fn census(&mut self, people: u32, taken_at: Millis) -> Vec<PersonId> {
        let too_early = taken_at < self.former_until + CLOSING_MS || taken_at <= self.last_census;
        if too_early || self.planted.is(Plant::KeepExpired) {
            return Vec::new();
        }
        self.last_census = taken_at;
        self.census_people = Some(people);
        let before = i64::from(self.settled) + self.nameless + self.settle(taken_at);
        let forgotten = self.forget_doubtful();
        // The count and the books are both upper bounds.
        self.nameless = before.min(i64::from(people)) - i64::from(self.settled);
        if self.nameless < -GHOST_NAMES { self.forget_names(forgotten) } else { forgotten }
    }

    /// Marks the stays for which a census of `taken_at` vouches, and returns how many.
    fn settle(&mut self, taken_at: Millis) -> i64 {
        let mut newly = 0;
        while let Some((closing, serial)) = self.unsettled.first().copied().filter(|(at, _)| *at <= taken_at) {
            self.unsettled.remove(&(closing, serial));
            // A leader that was stopped may hear of the census before it noticed the end of the ticket.
            self.expire(closing);
            if let Some(stay) = self.stays.get_mut(&serial) {
                stay.settled = true;
                self.settled += 1;
                newly += 1;
            }
        }
        newly
    }

    /// Doubtful stays that are settled lose their names: if they were used, the census counts their holders.
    fn forget_doubtful(&mut self) -> Vec<PersonId> {
        if self.doubtful == 0 {
            return Vec::new();
        }
        let doubtful = |stay: &Stay| stay.settled && stay.state == State::Doubtful;
        let serials: Vec<u64> = self.stays.iter().filter(|(_, stay)| doubtful(stay)).map(|(s, _)| *s).collect();
        serials.into_iter().filter_map(|serial| self.remove(serial)).map(|stay| stay.person).collect()
    }

    /// Makes all settled stays nameless: too many of them are of people who are gone.
    fn forget_names(&mut self, mut forgotten: Vec<PersonId>) -> Vec<PersonId> {
        let serials: Vec<u64> = self.stays.iter().filter(|(_, stay)| stay.settled).map(|(s, _)| *s).collect();
        for serial in serials {
            forgotten.extend(self.remove(serial).map(|stay| stay.person));
            self.nameless += 1;
        }
        forgotten
    }

    fn remove(&mut self, serial: u64) -> Option<Stay> {
        let stay = self.stays.remove(&serial)?;
        match stay.state {
            State::Promised => self.promised -= 1,
            State::Doubtful => self.doubtful -= 1,
            State::Seated => {}
        }
        if stay.settled {
            self.settled -= 1;
        }
        Some(stay)
    }
}
