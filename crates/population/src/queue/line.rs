//! The queue itself: who waits, who is next, and what each is told.
//!
//! Somebody who loses the connection keeps the place for a while and is passed over meanwhile, not overtaken: the number
//! stays, and with the connection comes the turn. Who is admitted and finds no room is put back to the same number.
//!
//! Invariant: whoever is admitted has the lowest number of all who wait in the class with a connection.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use world::Millis;

use super::lane::{Lane, State};
use super::place::{Class, Place};
use crate::ids::PersonId;
use crate::limits::{ADMISSION_MS, CLASS_SHARE, CLASSES, KEEP_PLACE_MS, WAITING};
use crate::plant::{Plant, Planted};

/// What one turn of a class costs, divided by its share.
const TURN: u64 = 1 << 32;

/// The knobs of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSettings {
    /// The shares of the classes in admissions, while all of them have people waiting; 1 at least. As many classes as
    /// shares, [`CLASSES`] at most.
    pub shares: Vec<u32>,
    /// Milliseconds for which a place without a connection is kept.
    pub keep_place_ms: u64,
    /// Milliseconds for which an admission waits to be used.
    pub admission_ms: u64,
    /// People in the queue.
    pub waiting: usize,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self { shares: vec![CLASS_SHARE], keep_place_ms: KEEP_PLACE_MS, admission_ms: ADMISSION_MS, waiting: WAITING }
    }
}

/// Why somebody has no place. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoPlace {
    /// The queue is full. Ask again later.
    #[error("the queue is full")]
    Full,
    /// The place was used, given up, or not come back for in time. A new one can be had.
    #[error("the place is used or lost")]
    Lost,
    /// There is no such class.
    #[error("there is no such class")]
    NoSuchClass,
    /// The place belongs to somebody else.
    #[error("the place belongs to somebody else")]
    NotYours,
}

/// What somebody in the queue is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Still waiting.
    Waiting {
        /// The place.
        place: Place,
        /// People ahead in the class, those whose places are kept included.
        ahead: u64,
        /// Milliseconds still to wait, from the measured rates; `None` while nothing was measured yet.
        wait_ms: Option<u64>,
    },
    /// Admitted.
    Admitted(Admission),
}

/// Somebody may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Who.
    pub person: PersonId,
    /// From which place.
    pub place: Place,
    /// Until when.
    pub until: Millis,
}

/// The queue.
#[derive(Debug)]
pub struct Line {
    settings: LineSettings,
    lanes: Vec<Lane>,
    people: BTreeMap<PersonId, (Class, u64)>,
    /// Ends of kept places and of admissions.
    ends: BTreeSet<(Millis, Class, u64)>,
    began: Option<Millis>,
    turn: u64,
    planted: Planted,
}

impl Line {
    /// An empty queue whose numbers begin with `first`. A later life of the same queue begins above all numbers of the
    /// earlier ones, for instance with its start in Unix microseconds.
    #[must_use]
    pub fn new(settings: LineSettings, first: u64, planted: Planted) -> Self {
        let classes = settings.shares.len().clamp(1, CLASSES);
        let lanes = (0u8..).take(classes).map(|class| Lane::new(Class(class), first)).collect();
        let (people, ends) = (BTreeMap::new(), BTreeSet::new());
        Self { settings, lanes, people, ends, began: None, turn: 0, planted }
    }

    /// Joins the end of a class. Who is in the queue already keeps the place, even if another class is named.
    ///
    /// # Errors
    /// [`NoPlace::Full`], [`NoPlace::NoSuchClass`].
    pub fn join(&mut self, now: Millis, person: PersonId, class: Class) -> Result<Standing, NoPlace> {
        self.wake(now);
        if let Some((class, number)) = self.people.get(&person).copied() {
            self.come_back(class, number);
            return self.standing(person).ok_or(NoPlace::Lost);
        }
        if self.people.len() >= self.settings.waiting {
            return Err(NoPlace::Full);
        }
        let place = self.lane_mut(class).ok_or(NoPlace::NoSuchClass)?.join(now, person);
        self.enter(person, place);
        self.standing(person).ok_or(NoPlace::Lost)
    }

    /// Comes back to a place whose token the shell has checked.
    ///
    /// A place of an earlier life of the queue is taken back for as long as places are kept, counted from the beginning
    /// of this life.
    ///
    /// # Errors
    /// [`NoPlace`]; the token is of no use then.
    pub fn restore(&mut self, now: Millis, person: PersonId, place: Place) -> Result<Standing, NoPlace> {
        self.wake(now);
        let lane = self.lanes.get(usize::from(place.class.0)).ok_or(NoPlace::NoSuchClass)?;
        match lane.entry(place.number).map(|entry| entry.person) {
            Some(owner) if owner != person => return Err(NoPlace::NotYours),
            Some(_) => self.come_back(place.class, place.number),
            None if self.people.contains_key(&person) => return Err(NoPlace::Lost),
            None if self.people.len() >= self.settings.waiting => return Err(NoPlace::Full),
            None if self.is_too_late(now) => return Err(NoPlace::Lost),
            None => {
                self.lane_mut(place.class).ok_or(NoPlace::NoSuchClass)?.restore(person, place)?;
                self.enter(person, place);
            }
        }
        self.standing(person).ok_or(NoPlace::Lost)
    }

    fn is_too_late(&self, now: Millis) -> bool {
        self.began.is_some_and(|began| now.since(began) > self.settings.keep_place_ms)
    }

    fn enter(&mut self, person: PersonId, place: Place) {
        self.people.insert(person, (place.class, place.number));
        // A class that was empty has saved up no turns.
        let turn = self.turn;
        if let Some(lane) = self.lane_mut(place.class).filter(|lane| lane.len() == 1) {
            lane.turn = lane.turn.max(turn);
        }
    }

    fn come_back(&mut self, class: Class, number: u64) {
        let Some(lane) = self.lane_mut(class) else { return };
        if let Some(State::Away(until)) = lane.entry(number).map(|entry| entry.state) {
            lane.set(number, State::Present);
            self.ends.remove(&(until, class, number));
        }
    }

    /// Somebody lost the connection: the place is kept for a while.
    pub fn away(&mut self, now: Millis, person: PersonId) {
        self.wake(now);
        let until = now + self.settings.keep_place_ms;
        let Some((class, number)) = self.people.get(&person).copied() else { return };
        if self.planted.is(Plant::LosePlaces) {
            return self.remove(now, class, number);
        }
        let Some(lane) = self.lane_mut(class) else { return };
        if lane.entry(number).is_some_and(|entry| entry.state == State::Present) {
            lane.set(number, State::Away(until));
            self.ends.insert((until, class, number));
        }
    }

    /// Somebody gives up, or is in: the place is gone.
    pub fn leave(&mut self, now: Millis, person: PersonId) {
        self.wake(now);
        if let Some((class, number)) = self.people.get(&person).copied() {
            self.remove(now, class, number);
        }
    }

    /// An admission found no room: back to the same place.
    pub fn put_back(&mut self, now: Millis, person: PersonId) {
        self.wake(now);
        let Some((class, number)) = self.people.get(&person).copied() else { return };
        let Some(lane) = self.lane_mut(class) else { return };
        if let Some(State::Admitted(until)) = lane.entry(number).map(|entry| entry.state) {
            lane.set(number, State::Present);
            self.ends.remove(&(until, class, number));
        }
    }

    /// Admits up to `most` people, the classes by their shares.
    pub fn admit(&mut self, now: Millis, most: u64) -> Vec<Admission> {
        self.wake(now);
        (0..most).map_while(|_| self.admit_one(now)).collect()
    }

    fn admit_one(&mut self, now: Millis) -> Option<Admission> {
        let until = now + self.settings.admission_ms;
        let next = self.lanes.iter().enumerate().filter_map(|(class, lane)| Some((lane.turn, class, lane.ends()?)));
        let (turn, class, (lowest, highest)) = next.min()?;
        let number = if self.planted.is(Plant::LastFirst) { highest } else { lowest };
        let share = self.settings.shares.get(class).copied().unwrap_or(CLASS_SHARE).max(1);
        self.turn = turn;
        let lane = self.lanes.get_mut(class)?;
        lane.turn = turn.saturating_add(TURN / u64::from(share));
        lane.set(number, State::Admitted(until));
        let entry = lane.entry(number)?;
        self.ends.insert((until, entry.place.class, number));
        Some(Admission { person: entry.person, place: entry.place, until })
    }

    /// What somebody is to be told; `None` for whoever is not in the queue.
    #[must_use]
    pub fn standing(&self, person: PersonId) -> Option<Standing> {
        let (class, number) = self.people.get(&person).copied()?;
        let lane = self.lanes.get(usize::from(class.0))?;
        let entry = lane.entry(number)?;
        Some(match entry.state {
            State::Admitted(until) => Standing::Admitted(Admission { person, place: entry.place, until }),
            State::Present | State::Away(_) => Standing::Waiting {
                place: entry.place,
                ahead: lane.ahead(number) as u64,
                wait_ms: lane.wait_ms(number),
            },
        })
    }

    /// People who wait, of all classes, those whose places are kept included.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.len() as u64).sum()
    }

    /// Lets places and admissions end whose time is over.
    pub fn wake(&mut self, now: Millis) {
        self.began.get_or_insert(now);
        self.lanes.iter_mut().for_each(|lane| lane.measure(now));
        while let Some((until, class, number)) = self.ends.first().copied().filter(|(until, ..)| *until <= now) {
            self.ends.remove(&(until, class, number));
            self.remove(now, class, number);
        }
    }

    /// When a kept place or an admission ends next.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, &'static str)> {
        self.ends.first().map(|(until, ..)| (*until, "a kept place or an admission ends"))
    }

    fn remove(&mut self, now: Millis, class: Class, number: u64) {
        let Some(entry) = self.lane_mut(class).and_then(|lane| lane.remove(now, number)) else { return };
        self.people.remove(&entry.person);
        if let State::Away(until) | State::Admitted(until) = entry.state {
            self.ends.remove(&(until, class, number));
        }
    }

    fn lane_mut(&mut self, class: Class) -> Option<&mut Lane> {
        self.lanes.get_mut(usize::from(class.0))
    }
}
