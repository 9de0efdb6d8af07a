//! The people: where each of them is, in as few bytes as a crowd of millions asks for.

use population::queue::{Class, Place};
use population::{PersonId, PromiseId, Term};
use world::{IslandId, Millis};

use crate::run::BEGINNING;

/// Where somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// Not here.
    #[default]
    Offline,
    /// Signing up.
    Funnel,
    /// In the queue.
    Queued,
    /// Admitted, and asking for a seat.
    Asking,
    /// On the way with a ticket.
    Loading,
    /// On an island.
    Playing,
}

/// States that there are.
pub(super) const STATES: usize = 6;

/// A seat on an island, or a ticket for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seat {
    /// The island; none is 0.
    pub island: u32,
    term: u32,
    serial: u32,
}

impl Seat {
    pub fn new(island: IslandId, promise: PromiseId) -> Self {
        Self { island: island.0, term: promise.term.0 as u32, serial: promise.serial as u32 }
    }

    pub fn promise(self) -> PromiseId {
        PromiseId { term: Term(u64::from(self.term)), serial: u64::from(self.serial) }
    }

    pub fn island(self) -> IslandId {
        IslandId(self.island)
    }
}

/// One account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Person {
    pub state: State,
    /// Has played before.
    pub veteran: bool,
    /// Looks at the waiting time and is measured.
    pub watched: bool,
    /// Has lost the connection to the login node.
    pub away: bool,
    /// Is at a festival.
    pub feasting: bool,
    /// Asks for no place in particular any more.
    pub humble: bool,
    /// On a voyage, or asking for one.
    pub sailing: bool,
    pub class: u8,
    /// Askings in vain.
    pub tries: u8,
    /// Times that this person will think of sailing.
    pub sails: u8,
    pub login: u16,
    pub node: u16,
    /// Raised with every coming and going, so that what was meant for an earlier visit is not done to a later one.
    pub visit: u32,
    /// When the place was given.
    issued_ms: u32,
    /// The leader of the party, plus one; 0 for none.
    pub party: u32,
    pub seat: Seat,
    /// The place in the queue.
    number: u64,
}

impl Person {
    pub fn place(&self) -> Place {
        Place {
            class: Class(self.class),
            number: self.number,
            issued_at: Millis(BEGINNING.0 + u64::from(self.issued_ms)),
        }
    }

    pub fn set_place(&mut self, place: Place) {
        self.class = place.class.0;
        self.number = place.number;
        self.issued_ms = place.issued_at.since(BEGINNING) as u32;
    }
}

/// People who came together and stay together until they have seats.
#[derive(Clone, Debug, Default)]
pub(super) struct Party {
    pub people: Vec<u32>,
    /// How many of them are admitted.
    pub admitted: u32,
    pub inseparable: bool,
}

/// All accounts.
#[derive(Debug)]
pub(super) struct People {
    all: Vec<Person>,
    counts: [u64; STATES],
}

impl People {
    pub fn new(registered: u32) -> Self {
        let mut counts = [0; STATES];
        counts[State::Offline as usize] = u64::from(registered);
        Self { all: vec![Person::default(); registered as usize], counts }
    }

    pub fn len(&self) -> u32 {
        self.all.len() as u32
    }

    pub fn get(&self, person: u32) -> &Person {
        &self.all[person as usize]
    }

    pub fn get_mut(&mut self, person: u32) -> &mut Person {
        &mut self.all[person as usize]
    }

    /// Goes from state to state.
    pub fn turn(&mut self, person: u32, to: State) {
        let one = &mut self.all[person as usize];
        self.counts[one.state as usize] -= 1;
        self.counts[to as usize] += 1;
        one.state = to;
    }

    /// Ends a visit.
    pub fn go_home(&mut self, person: u32) {
        self.turn(person, State::Offline);
        let one = self.get_mut(person);
        *one = Person { visit: one.visit + 1, veteran: one.veteran, ..Person::default() };
    }

    pub fn count(&self, state: State) -> u64 {
        self.counts[state as usize]
    }

    /// Everybody, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Person)> {
        (0..).zip(&self.all)
    }

    /// Whether the running counts are those of a count by heads.
    pub fn adds_up(&self) -> bool {
        let mut counts = [0; STATES];
        self.all.iter().for_each(|person| counts[person.state as usize] += 1);
        counts == self.counts
    }
}

pub(super) fn id(person: u32) -> PersonId {
    PersonId(u64::from(person))
}

pub(super) fn index(person: PersonId) -> u32 {
    person.0 as u32
}
