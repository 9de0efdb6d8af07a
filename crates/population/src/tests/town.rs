//! A small town under a hostile sky: islands with few seats, a store that fails in every way, leaders that die or live
//! on as zombies, reports that are lost, late and repeated, and tickets that are used at the last moment.
//!
//! The town knows the truth and tells it to [`Audit`]; the allocator only hears reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use store::{Fate, FaultyStore, MemoryStore, Reply, Request};
use world::{Chunk, IslandId, Millis};

use super::dice::Dice;
use crate::allocator::{Allocator, Settings};
use crate::arrival::{Arrival, Together, Way};
use crate::audit::Audit;
use crate::decision::Decision;
use crate::ids::{AskId, OpId, PersonId, PromiseId, Term};
use crate::io::{Effect, Input, Order, Policy};
use crate::limits::SKEW_MS;
use crate::plan::{Band, IslandPlan};
use crate::plant::Planted;
use crate::seats::{SCHEMA, SeatDocument};

/// How hostile, per mille of the requests, reports and so on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sky {
    /// Store requests that end badly.
    pub store: u64,
    /// Reports that are lost; as many are repeated.
    pub lost: u64,
    /// Longest delay of a report, in ms.
    pub late_ms: u64,
    /// Leaders that die, per mille of the seconds; half of them live on unnoticed.
    pub deaths: u64,
    /// Tickets that nobody uses.
    pub unused: u64,
}

pub const CLEAR: Sky = Sky { store: 0, lost: 0, late_ms: 0, deaths: 0, unused: 0 };
pub const STORM: Sky = Sky { store: 250, lost: 150, late_ms: 20_000, deaths: 20, unused: 250 };

type Fates = Box<dyn FnMut(Millis, &Request) -> Fate>;

struct Ticket {
    person: PersonId,
    island: IslandId,
    promise: PromiseId,
    until: Millis,
    /// When it will be used, if ever.
    at: Option<Millis>,
}

pub struct Town {
    pub now: Millis,
    pub sky: Sky,
    pub audit: Audit,
    pub dice: Dice,
    pub leaders: Vec<Option<Allocator>>,
    pub answers: Vec<Decision>,
    plans: Vec<IslandPlan>,
    settings: Settings,
    planted: Planted,
    store: FaultyStore<(usize, OpId), Fates>,
    tickets: Vec<Ticket>,
    /// Who is really where.
    pub present: BTreeMap<PromiseId, (IslandId, PersonId)>,
    mail: BTreeMap<(Millis, u64), Input>,
    mailed: u64,
    asked: u64,
    /// Which leader was asked. A party that was split is answered in parts, so it stays here.
    asks: BTreeMap<AskId, usize>,
    person: u64,
}

/// An island for few.
pub fn islet(id: u32, low: u32, high: u32, capacity: u32, hard_cap: u32) -> IslandPlan {
    IslandPlan {
        band: Band { low, high },
        capacity,
        hard_cap,
        archive_after_ms: Some(60_000),
        ..IslandPlan::for_people(IslandId(id), capacity)
    }
}

impl Town {
    pub fn new(seed: u64, sky: Sky, plans: Vec<IslandPlan>, planted: Planted) -> Self {
        let mut audit = Audit::new();
        for plan in &plans {
            audit.cap(plan.island, plan.hard_cap);
        }
        let mut chance = Dice(seed ^ 0x5707_e000);
        // Healing is told to the store by time: fates are fair from the hour on.
        let fates: Fates = Box::new(move |now, _| fate(&mut chance, if now.0 >= HEALED_MS { 0 } else { sky.store }));
        let settings =
            Settings { promise_ttl_ms: 10_000, sleep_after_ms: 5_000, drain_after_ms: 20_000, ..Settings::default() };
        let mut town = Self {
            now: Millis(1_000_000),
            sky,
            audit,
            dice: Dice(seed),
            leaders: Vec::new(),
            answers: Vec::new(),
            plans,
            settings,
            planted,
            store: FaultyStore::new(Arc::new(MemoryStore::new()), fates),
            tickets: Vec::new(),
            present: BTreeMap::new(),
            mail: BTreeMap::new(),
            mailed: 0,
            asked: 0,
            asks: BTreeMap::new(),
            person: 0,
        };
        town.elect();
        town
    }

    /// A new leader; the old one, if it lives, is not told.
    pub fn elect(&mut self) {
        let term = Term(self.leaders.len() as u64 + 1);
        let leader = Allocator::new(term, &self.plans, self.settings, self.planted).expect("a good plan");
        self.leaders.push(Some(leader));
    }

    pub fn leader(&self) -> &Allocator {
        self.leaders.last().and_then(Option::as_ref).expect("the newest leader lives")
    }

    pub fn people(&self, island: IslandId) -> u32 {
        self.present.values().filter(|(there, _)| *there == island).count() as u32
    }

    /// People and tickets that may still bring some.
    pub fn truth(&self, island: IslandId) -> u32 {
        let live = |t: &&Ticket| t.island == island && t.until >= self.now;
        self.people(island) + self.tickets.iter().filter(live).count() as u32
    }

    /// What the store holds of an island's seats.
    pub fn stored(&self, island: IslandId) -> Option<SeatDocument> {
        match self.store.store().apply(Request::Get { key: SeatDocument::key(island) }) {
            Reply::Found { document, .. } => document.read(SCHEMA).ok(),
            _ => None,
        }
    }

    pub fn handle(&mut self, leader: usize, input: Input) {
        let now = self.now;
        let Some(Some(machine)) = self.leaders.get_mut(leader) else { return };
        machine.handle(now, input);
        let mut effects = Vec::new();
        while let Some(effect) = machine.poll_effect() {
            effects.push(effect);
        }
        for effect in effects {
            self.audit.effect(&effect);
            self.carry_out(leader, effect);
        }
    }

    fn carry_out(&mut self, leader: usize, effect: Effect) {
        match effect {
            Effect::Answer { decision, .. } => {
                if let Decision::Promised { island, seats, until, .. } = &decision {
                    for seat in seats {
                        let at = self.use_at(*until);
                        let (person, promise) = (seat.person, seat.promise);
                        self.tickets.push(Ticket { person, island: *island, promise, until: *until, at });
                    }
                }
                self.answers.push(decision);
            }
            Effect::Store { op, request } => self.store.submit(self.now, (leader, op), request),
            Effect::Raise { island, .. } => self.post(2_000, Input::Ready { island }),
            Effect::Count { island } => {
                let census = Input::Census { island, people: self.people(island), taken_at: self.now };
                self.report(census);
            }
            Effect::LayDown { .. } | Effect::Life { .. } | Effect::StepDown { .. } => {}
        }
    }

    /// When a ticket will be used: soon, at the very end by a clock that lags, or never.
    fn use_at(&mut self, until: Millis) -> Option<Millis> {
        if self.dice.per_mille(self.sky.unused) {
            return None;
        }
        let last = until + SKEW_MS;
        Some(if self.sky.late_ms > 0 && self.dice.per_mille(200) { last } else { self.now + self.dice.below(6_000) })
    }

    fn post(&mut self, after_ms: u64, input: Input) {
        self.mailed += 1;
        self.mail.insert((self.now + after_ms, self.mailed), input);
    }

    /// A node's report: on time, late, twice, or never.
    fn report(&mut self, input: Input) {
        if self.dice.per_mille(self.sky.lost) {
            return;
        }
        let after_ms = self.dice.below(self.sky.late_ms + 1);
        self.post(after_ms, input.clone());
        if self.dice.per_mille(self.sky.lost) {
            let after_ms = self.dice.below(self.sky.late_ms + 1);
            self.post(after_ms, input);
        }
    }

    pub fn someone(&mut self) -> PersonId {
        self.person += 1;
        PersonId(self.person)
    }

    pub fn ask(&mut self, arrival: Arrival) {
        self.asked += 1;
        let ask = AskId(self.asked);
        self.audit.asked(ask, &arrival.people);
        // Some login nodes have not heard of the newest leader yet.
        let living: Vec<usize> = (0..self.leaders.len()).filter(|i| self.leaders[*i].is_some()).collect();
        let newest = living.len() - 1;
        let leader = if self.dice.per_mille(300) { self.dice.below(living.len() as u64) as usize } else { newest };
        self.asks.insert(ask, living[leader]);
        self.handle(living[leader], Input::Ask { ask, arrival });
    }

    /// A tenth of a second in the town, with `arrivals` per mille of a chance for somebody to ask.
    pub fn step(&mut self, arrivals: u64, departures: u64) {
        self.now = self.now + 100;
        if self.dice.per_mille(arrivals) {
            let arrival = self.arrival();
            self.ask(arrival);
        }
        self.use_tickets();
        self.depart(departures);
        self.trouble();
        self.deliver();
    }

    fn arrival(&mut self) -> Arrival {
        let island = IslandId(self.dice.below(self.plans.len() as u64) as u32 + 1);
        let friend = PersonId(self.dice.below(self.person + 1));
        let someone = self.someone();
        let way = match self.dice.below(8) {
            0 => Way::Warp { to: island, near: Some(Chunk::new(1, 1)) },
            1 => Way::Revival { home: island },
            2 => Way::Friend { friend, seen_on: Some(island), near: None },
            3 => Way::Voyage { from: island, to: None },
            _ => Way::Login,
        };
        let size = if self.dice.per_mille(200) { self.dice.below(5) } else { 0 };
        let mut people = vec![someone];
        people.extend((0..size).map(|_| self.someone()));
        let together = if self.dice.per_mille(300) { Together::Must } else { Together::IfPossible };
        Arrival { people, way, friends: vec![friend], together }
    }

    fn use_tickets(&mut self) {
        let now = self.now;
        let (due, rest) = std::mem::take(&mut self.tickets).into_iter().partition(|t: &Ticket| match t.at {
            Some(at) => at <= now,
            None => t.until + SKEW_MS < now,
        });
        self.tickets = rest;
        for Ticket { person, island, promise, at, .. } in due {
            if at.is_some() {
                self.present.insert(promise, (island, person));
                self.audit.entered(island);
                self.report(Input::Arrived { promise, island });
            }
        }
    }

    fn depart(&mut self, departures: u64) {
        let leaving: Vec<PromiseId> =
            self.present.keys().copied().filter(|_| self.dice.per_mille(departures)).collect();
        for promise in leaving {
            let Some((island, _)) = self.present.remove(&promise) else { continue };
            self.audit.left(island);
            self.report(Input::Left { promise, island, at: self.now });
        }
    }

    fn trouble(&mut self) {
        if self.sky.deaths == 0 || !self.now.0.is_multiple_of(1_000) || self.now.0 >= HEALED_MS {
            return;
        }
        if self.dice.per_mille(self.sky.deaths) {
            if self.dice.per_mille(500) {
                self.bury(self.leaders.len() - 1);
            }
            self.elect();
        }
        let island = IslandId(self.dice.below(self.plans.len() as u64) as u32 + 1);
        let order = match self.dice.below(120) {
            0 => Order::Close,
            1 => Order::Archive,
            2..=6 => Order::Open,
            _ => return,
        };
        self.handle(self.leaders.len() - 1, Input::Order { island, order });
    }

    /// A leader dies, and with it what it had not answered.
    fn bury(&mut self, leader: usize) {
        self.leaders[leader] = None;
        let lost: Vec<AskId> = self.asks.iter().filter(|(_, asked)| **asked == leader).map(|(ask, _)| *ask).collect();
        for ask in lost {
            self.asks.remove(&ask);
            self.audit.withdrawn(ask);
        }
    }

    fn deliver(&mut self) {
        while let Some(((leader, op), reply)) = self.store.poll(self.now) {
            self.handle(leader, Input::Stored { op, reply });
        }
        while let Some(first) = self.mail.first_entry().filter(|first| first.key().0 <= self.now) {
            let input = first.remove();
            (0..self.leaders.len()).for_each(|leader| self.handle(leader, input.clone()));
        }
        for leader in 0..self.leaders.len() {
            let woken = self.leaders[leader].as_ref().and_then(Policy::next_wakeup);
            if woken.is_some_and(|(at, _)| at <= self.now) {
                self.handle(leader, Input::Wake);
            }
        }
    }
}

/// From this moment on the store and the leaders are well.
pub const HEALED_MS: u64 = 1_000_000 + 300_000;

fn fate(dice: &mut Dice, bad: u64) -> Fate {
    let answer_after_ms = dice.below(300);
    if !dice.per_mille(bad) {
        return Fate::Pass { apply_after_ms: dice.below(answer_after_ms + 1), answer_after_ms };
    }
    match dice.below(4) {
        0 => Fate::Conflict { answer_after_ms },
        1 => Fate::NotApplied { answer_after_ms },
        2 => Fate::Unknown { answer_after_ms, apply_after_ms: None },
        _ => Fate::Unknown { answer_after_ms, apply_after_ms: Some(dice.below(5_000)) },
    }
}
