//! The allocator: every arrival passes it, every island is opened and put to sleep by it.
//!
//! A sans-IO machine. [`Allocator::handle`] takes in what happened, [`Allocator::poll_effect`] gives out what is to be
//! done. There is one at a time, elected outside; that it is the only one is not relied on: the documents of
//! [`crate::seats`] fence off whoever was deposed without noticing.
//!
//! It does not know who is whose friend, who is next in the queue, or where nodes are. It is told.
//!
//! Invariant: every person in an [`Input::Ask`] that is not withdrawn is named in exactly one [`Effect::Answer`], and a
//! promise is made only for seats that the island's document grants.

mod asking;
mod choose;
mod island;
mod life;
mod need;
mod settings;

use std::collections::{BTreeMap, VecDeque};

use world::{IslandId, Millis};

use crate::arrival::{Arrival, Way};
use crate::decision::{Decision, LifeReason, Reason, Seat, Stance};
use crate::ids::{AskId, OpId, PersonId, PromiseId, Term};
use crate::io::{Effect, Input, Policy, WakeReason};
use crate::limits::{ASK_AGAIN_MS, ASK_MS, ASKS, BEAT_MS, POLICY_EVERY_MS, RATE_WINDOW_MS};
use crate::plan::{IslandPlan, Phase, PlanError};
use crate::plant::{Plant, Planted};
use crate::window::Window;
use asking::{AskKey, Askings, Choice, Verdict, Waiting};
use island::Island;
use need::Expected;
pub use settings::Settings;

/// What the map and the reports show of an island.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IslandStatus {
    /// Which island.
    pub island: IslandId,
    /// Where in its life.
    pub phase: Phase,
    /// People and promises, at most.
    pub bound: u32,
    /// Tickets that are out.
    pub promised: u32,
    /// Seats that the document grants.
    pub granted: u32,
    /// Seats that askings wait for.
    pub waiting: u32,
    /// What the last census said, if one was believed.
    pub census: Option<u32>,
    /// Whether the island is this leader's.
    pub claimed: bool,
}

/// The allocator of one leader's life.
#[derive(Debug)]
pub struct Allocator {
    term: Term,
    settings: Settings,
    planted: Planted,
    now: Millis,
    next_beat: Millis,
    next_look: Millis,
    islands: BTreeMap<IslandId, Island>,
    /// The islands that strangers are sent to, see [`need`].
    filling: Vec<IslandId>,
    askings: Askings,
    /// Who has a promise or a seat of this leader, and where.
    whereabouts: BTreeMap<PersonId, (IslandId, u64)>,
    expected: Expected,
    /// People who were promised a seat.
    promised: Window,
    /// People who were told to wait.
    turned_away: Window,
    drained_at: Millis,
    last_serial: u64,
    last_op: u64,
    ops: BTreeMap<OpId, IslandId>,
    over: Option<Term>,
    effects: VecDeque<Effect>,
}

impl Allocator {
    /// The allocator of the leader `term`. It reads and claims the islands' documents before it promises anything.
    ///
    /// # Errors
    /// [`PlanError`], and nothing was begun.
    pub fn new(term: Term, plans: &[IslandPlan], settings: Settings, planted: Planted) -> Result<Self, PlanError> {
        let mut islands = BTreeMap::new();
        for plan in plans {
            plan.check()?;
            if islands.insert(plan.island, Island::new(*plan, term, planted)).is_some() {
                return Err(PlanError::Twice(plan.island));
            }
        }
        Ok(Self {
            term,
            settings,
            planted,
            now: Millis(0),
            next_beat: Millis(0),
            next_look: Millis(0),
            islands,
            filling: Vec::new(),
            askings: Askings::new(),
            whereabouts: BTreeMap::new(),
            expected: Expected::default(),
            promised: Window::new(1_000, usize::try_from(RATE_WINDOW_MS / 1_000).unwrap_or(1)),
            turned_away: Window::new(1_000, usize::try_from(ASK_AGAIN_MS / 1_000).unwrap_or(1)),
            drained_at: Millis(0),
            last_serial: 0,
            last_op: 0,
            ops: BTreeMap::new(),
            over: None,
            effects: VecDeque::new(),
        })
    }

    /// The leader that this is.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }

    /// Who took over, if somebody did.
    #[must_use]
    pub fn deposed_by(&self) -> Option<Term> {
        self.over
    }

    /// All islands as they stand.
    pub fn status(&self) -> impl Iterator<Item = IslandStatus> + '_ {
        self.islands.iter().map(|(id, island)| IslandStatus {
            island: *id,
            phase: island.phase,
            bound: island.ledger.bound(),
            promised: island.ledger.promised(),
            granted: island.escrow.limit(),
            waiting: island.waiting_seats,
            census: island.ledger.census_people(),
            claimed: island.escrow.claimed(),
        })
    }

    fn ask(&mut self, ask: AskId, arrival: Arrival) {
        if self.over.is_some() {
            return self.answer(ask, arrival.people, wait(Reason::Deposed));
        }
        self.place((ask, 0), arrival, None);
    }

    /// Chooses an island and promises there, or waits for the grant of it. `because` overrides the choice's reason.
    fn place(&mut self, key: AskKey, arrival: Arrival, because: Option<Reason>) {
        match self.choose(&arrival) {
            Verdict::Go(choice) => {
                let choice = Choice { reason: because.unwrap_or(choice.reason), ..choice };
                self.settle(key, Waiting { arrival, choice, deadline: self.now + ASK_MS });
            }
            Verdict::Split => self.split(key.0, &arrival),
            Verdict::Wait(reason) => {
                if reason == Reason::Opening {
                    self.raise_for(&arrival.way);
                }
                self.answer(key.0, arrival.people, wait(reason));
            }
            Verdict::Refuse(reason) => self.answer(key.0, arrival.people, Decision::Refused { reason }),
        }
    }

    /// Lets the people of a party ask one by one, each with the others as friends.
    fn split(&mut self, ask: AskId, party: &Arrival) {
        for (part, person) in (1..).zip(&party.people) {
            let others = party.people.iter().filter(|other| *other != person);
            let friends = others.chain(&party.friends).copied().collect();
            let alone = Arrival { people: vec![*person], friends, ..party.clone() };
            self.place((ask, part), alone, Some(Reason::PartySplit));
        }
    }

    /// Somebody wants to go to an island that is not up, or anywhere: it may be raised for them.
    fn raise_for(&mut self, way: &Way) {
        let named = match *way {
            Way::Voyage { to: Some(to), .. } | Way::Warp { to, .. } => Some(to),
            Way::Revival { home } => Some(home),
            Way::Friend { friend, seen_on, .. } => self.whereabouts.get(&friend).map(|(island, _)| *island).or(seen_on),
            Way::Login | Way::Voyage { to: None, .. } => None,
        };
        match named {
            Some(island) => self.raise(island, LifeReason::AskedFor),
            None => self.next_look = self.now,
        }
    }

    /// Promises now, or joins those who wait for the grant.
    fn settle(&mut self, key: AskKey, waiting: Waiting) {
        let (id, seats) = (waiting.choice.island, waiting.arrival.seats());
        let until = self.now + self.settings.promise_ttl_ms;
        let full = self.askings.len() >= ASKS;
        let Some(island) = self.islands.get_mut(&id) else { return };
        if island.waiting.is_empty() && island.may_promise(seats, until) {
            self.promise(key.0, waiting.arrival.people, waiting.choice, until);
        } else if full {
            self.answer(key.0, waiting.arrival.people, wait(Reason::TooManyAsking));
        } else {
            island.waiting.push_back(key);
            island.waiting_seats += seats;
            self.askings.insert(key, waiting);
        }
        self.drive(id);
    }

    fn promise(&mut self, ask: AskId, people: Vec<PersonId>, choice: Choice, until: Millis) {
        let Some(island) = self.islands.get_mut(&choice.island) else { return };
        let mut seats = Vec::with_capacity(people.len());
        for person in &people {
            self.last_serial += 1;
            let serial = self.last_serial;
            island.ledger.promise(serial, *person, until);
            island.promises += 1;
            self.whereabouts.insert(*person, (choice.island, serial));
            seats.push(Seat { person: *person, promise: PromiseId { term: self.term, serial } });
        }
        self.promised.add(self.now, seats.len() as u64);
        let is_full = island.phase == Phase::Open && island.load() >= island.plan.band.high;
        if is_full {
            self.turn(choice.island, Phase::Full, LifeReason::BandReached);
        }
        let Choice { island, reason, landing } = choice;
        self.answer(ask, people, Decision::Promised { island, seats, until, landing, reason });
    }

    fn answer(&mut self, ask: AskId, people: Vec<PersonId>, decision: Decision) {
        let decision = match decision {
            Decision::Wait { reason, .. } if self.planted.is(Plant::WrongReason) => Decision::Refused { reason },
            other => other,
        };
        if matches!(decision, Decision::Wait { .. }) {
            self.turned_away.add(self.now, people.len() as u64);
        }
        if self.planted.is(Plant::AnswerTwice) && decision.stance() == Stance::Promise {
            let (people, decision) = (people.clone(), decision.clone());
            self.effects.push_back(Effect::Answer { ask, people, decision });
        }
        self.effects.push_back(Effect::Answer { ask, people, decision });
    }

    /// Serves those who wait for an island's grant, in their order.
    fn serve(&mut self, id: IslandId) {
        let until = self.now + self.settings.promise_ttl_ms;
        while let Some(island) = self.islands.get_mut(&id) {
            let Some(key) = island.waiting.front().copied() else { return };
            let Some(waiting) = self.askings.get(&key) else {
                island.waiting.pop_front();
                continue;
            };
            let seats = waiting.arrival.seats();
            if !island.may_promise(seats, until) {
                return;
            }
            if let Some(waiting) = self.take(key) {
                self.promise(key.0, waiting.arrival.people, waiting.choice, until);
            }
        }
    }

    /// Takes an asking off the list and gives back what it held.
    fn take(&mut self, key: AskKey) -> Option<Waiting> {
        let waiting = self.askings.remove(&key)?;
        if let Some(island) = self.islands.get_mut(&waiting.choice.island) {
            island.waiting_seats -= waiting.arrival.seats();
            // Those who are served stand in front; only who gives up must be looked for.
            match island.waiting.front() {
                Some(first) if *first == key => drop(island.waiting.pop_front()),
                _ => island.waiting.retain(|other| *other != key),
            }
        }
        Some(waiting)
    }

    fn give_up(&mut self, key: AskKey, reason: Reason) {
        let Some(waiting) = self.take(key) else { return };
        if !self.planted.is(Plant::ForgetAskings) {
            self.answer(key.0, waiting.arrival.people, wait(reason));
        }
    }

    fn beat(&mut self) {
        self.next_beat = self.now + BEAT_MS;
        let late = |waiting: &&Waiting| waiting.deadline <= self.now;
        let keys: Vec<AskKey> = self.askings.iter().filter(|(_, w)| late(w)).map(|(key, _)| *key).collect();
        for key in keys {
            self.give_up(key, Reason::StoreIsSlow);
        }
        let ids: Vec<IslandId> = self.islands.keys().copied().collect();
        for id in ids {
            self.age(id);
            self.count(id);
            self.serve(id);
            self.drive(id);
        }
        if self.now >= self.next_look {
            self.next_look = self.now + POLICY_EVERY_MS;
            self.look_at_need();
        }
    }

    /// Forgets where people are whose promise is gone.
    fn forget(&mut self, people: &[PersonId], island: IslandId) {
        for person in people {
            if self.whereabouts.get(person).is_some_and(|(there, _)| *there == island) {
                self.whereabouts.remove(person);
            }
        }
    }

    fn left(&mut self, promise: PromiseId, id: IslandId, at: Millis) {
        let Some(island) = self.islands.get_mut(&id).filter(|_| promise.term == self.term) else { return };
        let Some(person) = island.ledger.left(promise.serial, at) else { return };
        if self.whereabouts.get(&person) == Some(&(id, promise.serial)) {
            self.whereabouts.remove(&person);
        }
    }

    fn plan(&mut self, plan: IslandPlan) {
        if plan.check().is_err() {
            return;
        }
        match self.islands.get_mut(&plan.island) {
            Some(island) => island.plan = plan,
            None => {
                self.islands.insert(plan.island, Island::new(plan, self.term, self.planted));
            }
        }
        self.drive(plan.island);
    }
}

impl Policy for Allocator {
    fn handle(&mut self, now: Millis, input: Input) {
        self.now = self.now.max(now);
        if self.now >= self.next_beat && self.over.is_none() {
            self.beat();
        }
        match input {
            Input::Wake => {}
            Input::Ask { ask, arrival } => self.ask(ask, arrival),
            Input::Withdraw { ask } => {
                let keys: Vec<AskKey> = self.askings.range((ask, 0)..=(ask, u16::MAX)).map(|(key, _)| *key).collect();
                for key in keys {
                    self.take(key);
                }
            }
            Input::Arrived { promise, island } => {
                if let Some(island) = self.islands.get_mut(&island).filter(|_| promise.term == self.term) {
                    island.ledger.arrived(promise.serial);
                }
            }
            Input::Left { promise, island, at } => self.left(promise, island, at),
            Input::Census { island: id, people, taken_at } => {
                let Some(island) = self.islands.get_mut(&id) else { return };
                let gone = island.ledger.census(people, taken_at);
                self.forget(&gone, id);
            }
            Input::Crowd { island, chunk, crowded } => {
                if let Some(island) = self.islands.get_mut(&island) {
                    island.crowd(self.now, chunk, crowded);
                }
            }
            Input::Expect { people, by } => self.expected.announce(people, by),
            Input::Waiting { people } => self.expected.waiting = people,
            Input::Ready { island } => self.ready(island),
            Input::Plan(plan) => self.plan(plan),
            Input::Order { island, order } => self.order(island, order),
            Input::Stored { op, reply } => self.stored(op, reply),
        }
    }

    fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn next_wakeup(&self) -> Option<(Millis, WakeReason)> {
        self.over.is_none().then_some((self.next_beat, WakeReason::Beat))
    }

    /// Seats that could be promised to strangers within the bands.
    fn room(&self) -> u64 {
        let open = self.islands.values().filter(|island| island.takes_strangers());
        open.map(|island| u64::from(island.room(island.plan.band.high))).sum()
    }

    fn counted(&self) -> u64 {
        self.islands.values().map(|island| u64::from(island.ledger.bound())).sum()
    }

    fn promised(&self) -> u64 {
        self.islands.values().map(|island| u64::from(island.ledger.promised())).sum()
    }
}

fn wait(reason: Reason) -> Decision {
    Decision::Wait { ask_again_ms: ASK_AGAIN_MS, reason }
}
