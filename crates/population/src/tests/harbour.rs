//! A harbour in fair weather: one leader, a store that answers at once, and islands set up as a table says.

use std::collections::VecDeque;

use store::MemoryStore;
use world::{IslandId, Millis};

use crate::allocator::{Allocator, IslandStatus, Settings};
use crate::arrival::{Arrival, Way};
use crate::decision::{Decision, LifeReason};
use crate::ids::{AskId, PersonId, PromiseId, Term};
use crate::io::{Effect, Input, Order, Policy};
use crate::plan::{IslandPlan, Phase};
use crate::plant::Planted;

pub struct Harbour {
    pub now: Millis,
    pub allocator: Allocator,
    pub store: MemoryStore,
    /// Whether the store answers and hosts raise islands.
    pub works: bool,
    pub answers: Vec<Decision>,
    pub lives: Vec<(IslandId, Phase, LifeReason)>,
    pub laid_down: Vec<(IslandId, bool)>,
    pub seated: Vec<(IslandId, PromiseId)>,
    person: u64,
}

/// Nothing is opened ahead unless somebody is announced, so that tables decide what is open.
pub const QUIET: Settings = Settings {
    promise_ttl_ms: 60_000,
    open_lead_ms: 0,
    fill_ahead_ms: 20_000,
    reserve_per_mille: 0,
    raising: 16,
    drain_after_ms: 600_000,
    sleep_after_ms: 120_000,
    min_open: 0,
};

impl Harbour {
    pub fn new(plans: &[IslandPlan], settings: Settings) -> Self {
        let allocator = Allocator::new(Term(1), plans, settings, Planted::none()).expect("good plans");
        let mut harbour = Self {
            now: Millis(1_000_000),
            allocator,
            store: MemoryStore::new(),
            works: true,
            answers: Vec::new(),
            lives: Vec::new(),
            laid_down: Vec::new(),
            seated: Vec::new(),
            person: 1_000,
        };
        harbour.tell(Input::Wake);
        harbour
    }

    /// Tells the leader something, and carries out what it wants.
    pub fn tell(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.allocator.handle(self.now, input);
            while let Some(effect) = self.allocator.poll_effect() {
                inputs.extend(self.carry_out(effect));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Answer { decision, .. } => {
                if let Decision::Promised { island, seats, .. } = &decision {
                    self.seated.extend(seats.iter().map(|seat| (*island, seat.promise)));
                }
                self.answers.push(decision);
            }
            Effect::Store { op, request } if self.works => {
                return Some(Input::Stored { op, reply: self.store.apply(request) });
            }
            Effect::Raise { island, .. } if self.works => return Some(Input::Ready { island }),
            Effect::Life { island, to, reason, .. } => self.lives.push((island, to, reason)),
            Effect::LayDown { island, archive, .. } => self.laid_down.push((island, archive)),
            Effect::Count { island } => {
                let people = self.seated.iter().filter(|(there, _)| *there == island).count() as u32;
                return Some(Input::Census { island, people, taken_at: self.now });
            }
            Effect::Store { .. } | Effect::Raise { .. } | Effect::StepDown { .. } => {}
        }
        None
    }

    pub fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        while self.now < until {
            self.now = until.min(self.now + 500);
            self.tell(Input::Wake);
        }
    }

    pub fn open(&mut self, island: u32) {
        self.tell(Input::Order { island: IslandId(island), order: Order::Open });
    }

    pub fn someone(&mut self) -> PersonId {
        self.person += 1;
        PersonId(self.person)
    }

    /// Asks and returns the answers.
    pub fn ask(&mut self, arrival: Arrival) -> Vec<Decision> {
        let before = self.answers.len();
        let ask = AskId(before as u64 + 1);
        self.tell(Input::Ask { ask, arrival });
        self.answers[before..].to_vec()
    }

    /// Brings so many people there, however full it is.
    pub fn fill(&mut self, island: u32, people: u32) {
        for _ in 0..people {
            let person = self.someone();
            let way = Way::Friend { friend: PersonId(0), seen_on: Some(IslandId(island)), near: None };
            self.ask(Arrival::alone(person, way));
            let (island, promise) = *self.seated.last().expect("a seat");
            self.tell(Input::Arrived { promise, island });
        }
    }

    /// Everybody leaves an island.
    pub fn empty(&mut self, island: u32) {
        let (gone, rest) = std::mem::take(&mut self.seated).into_iter().partition(|(there, _)| there.0 == island);
        self.seated = rest;
        let gone: Vec<(IslandId, PromiseId)> = gone;
        for (island, promise) in gone {
            self.tell(Input::Left { promise, island, at: self.now });
        }
    }

    pub fn status(&self, island: u32) -> IslandStatus {
        self.allocator.status().find(|status| status.island.0 == island).expect("an island")
    }
}
