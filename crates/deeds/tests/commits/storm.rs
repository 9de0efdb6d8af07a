//! The storm: sessions, a store and chance in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;

use deeds::{Actor, Belongings, Performance, Registry, Rulebook, avatar_key};
use store::codec::{Upcasters, decode};
use store::commit::coordinator::Coordinator;
use store::commit::{
    Answer, Asked, Effect, Input, Machine, Outcome, Part, Patience, Raised, Raiser, Resolver, Right, Task, Terms,
};
use store::{Body, Document, Fate, FaultCounts, FaultyStore, Holder, Key, MemoryStore, Record, Reply, Request};
use world::digest::Digest;
use world::{Epoch, Millis, Planted};

use super::ledger;
use super::people::{Dice, ENDOWMENT, NAMES, PLACE, Told, Wish, entity, partner, wish};
use crate::fixture::{ISLAND, Meadow};

/// When the storm begins and how long it lasts, in milliseconds.
const BEGIN_MS: u64 = 1_800_000_000_000;
const STORM_MS: u64 = 20_000;
/// By then everything must be answered after it.
const CALM_MS: u64 = 120_000;
/// Wishes of one person.
const WISHES: u32 = 12;

/// What came of it.
pub struct Verdict {
    pub wrong: Vec<String>,
    pub crashes: u64,
    pub done: u64,
    pub repeated: u64,
    pub faults: FaultCounts,
}

/// What decides how requests fare.
type Fates = Box<dyn FnMut(Millis, &Request) -> Fate>;

/// Which session a store request belongs to, and which part of it; the raiser has none.
type Op = (usize, Option<Part>, Key);

enum Stage {
    Raising(Machine<Raiser>),
    Open { epoch: Epoch, coordinator: Box<Coordinator<Performance>> },
    Over,
}

struct Session {
    who: usize,
    stage: Stage,
}

struct Person {
    wishes: Vec<Wish>,
    told: BTreeMap<u32, Told>,
    session: usize,
    /// When the next session begins, if none is there.
    back_at: Option<Millis>,
    /// When an unanswered wish is asked for again.
    ask_at: Millis,
}

pub struct Storm {
    dice: Dice,
    now: Millis,
    store: FaultyStore<Op, Fates>,
    sessions: Vec<Session>,
    people: Vec<Person>,
    rules: Rulebook,
    terms: Terms,
    planted: Planted,
    verdict: Verdict,
}

impl Storm {
    pub fn new(seed: u64, planted: Planted) -> Self {
        let mut dice = Dice::new(seed);
        let memory = Arc::new(MemoryStore::new());
        let mut fates = Dice::new(seed ^ 0x5eed);
        let decide = move |now: Millis, _: &Request| fate(&mut fates, now);
        let store = FaultyStore::new(memory, Box::new(decide) as Fates);
        let people = (0..NAMES.len())
            .map(|who| Person {
                wishes: (1..=WISHES).map(|request| wish(&mut dice, who, request)).collect(),
                told: BTreeMap::new(),
                session: usize::MAX,
                back_at: Some(Millis(BEGIN_MS)),
                ask_at: Millis(BEGIN_MS),
            })
            .collect();
        let rules = Rulebook {
            registry: Arc::new(Registry::standard()),
            tables: Arc::new(deeds::tables::Tables::built_in()),
            nature: Arc::new(Meadow),
            island: ISLAND,
        };
        let faults = FaultCounts::default();
        Self {
            dice,
            now: Millis(BEGIN_MS),
            store,
            sessions: Vec::new(),
            people,
            rules,
            terms: Terms { planted, ..Terms::default() },
            planted,
            verdict: Verdict { wrong: Vec::new(), crashes: 0, done: 0, repeated: 0, faults },
        }
    }

    pub fn run(mut self) -> Verdict {
        let end = Millis(BEGIN_MS + STORM_MS + CALM_MS);
        while self.now < end && !self.is_done() {
            self.now = self.now + 1;
            while let Some((op, reply)) = self.store.poll(self.now) {
                self.answer(op, reply);
            }
            self.people_act();
            (0..self.sessions.len()).for_each(|session| self.wake(session));
        }
        if !self.is_done() {
            self.verdict.wrong.push("somebody still waits for an answer".to_owned());
        }
        self.verdict.faults = self.store.counts();
        let records = self.settled();
        if self.verdict.wrong.is_empty() {
            let told = self.people.iter().map(|person| (person.wishes.as_slice(), &person.told));
            self.verdict.wrong = ledger::wrong(&records, told.collect());
        }
        self.verdict
    }

    fn is_done(&self) -> bool {
        let storm_is_over = self.now.0 > BEGIN_MS + STORM_MS;
        storm_is_over && self.people.iter().all(|person| person.told.len() == person.wishes.len())
    }

    fn storms(&self) -> bool {
        self.now.0 < BEGIN_MS + STORM_MS
    }

    fn people_act(&mut self) {
        for who in 0..self.people.len() {
            if self.people[who].back_at.is_some_and(|at| at <= self.now) {
                self.begin_session(who);
            }
            if self.storms() && self.dice.below(4_000) == 0 {
                self.leave(who);
            }
            self.ask_again(who);
        }
    }

    /// The session's node dies, or the client only believes so: then the old session goes on.
    fn leave(&mut self, who: usize) {
        let person = &mut self.people[who];
        if person.back_at.is_none() && person.session != usize::MAX {
            if self.dice.chance(60) {
                self.sessions[person.session].stage = Stage::Over;
            }
            self.verdict.crashes += 1;
            person.back_at = Some(self.now + self.dice.below(400));
        }
    }

    fn begin_session(&mut self, who: usize) {
        let session = self.sessions.len();
        let (key, holder) = (avatar_key(NAMES[who]), Holder::new(format!("session-{session}")));
        let mut own = Belongings::default();
        ENDOWMENT.iter().for_each(|(item, amount)| own.bag.pour(&(*item).into(), *amount));
        ENDOWMENT.iter().for_each(|(item, amount)| own.tally.make(&(*item).into(), *amount));
        let create = Some(Body::new(1, &own).expect("no header's fields"));
        let raiser = Machine::new(self.now, Raiser::new(self.terms, key, holder, Right::Login { create }));
        self.sessions.push(Session { who, stage: Stage::Raising(raiser) });
        self.people[who].session = session;
        self.people[who].back_at = None;
        self.drain(session);
    }

    fn ask_again(&mut self, who: usize) {
        let person = &self.people[who];
        let session = person.session;
        if self.now < person.ask_at || session == usize::MAX || person.back_at.is_some() {
            return;
        }
        let Some(next) = person.wishes.iter().find(|wish| !person.told.contains_key(&wish.request)) else { return };
        let Stage::Open { .. } = self.sessions[session].stage else { return };
        let wish = next.clone();
        let performance = self.performance(who, &wish);
        let content = Digest::of(&[wish.deed.as_bytes(), &wish.args].concat());
        if let Stage::Open { coordinator, .. } = &mut self.sessions[session].stage {
            let asked = Asked { request: wish.request, content, command: performance, age: self.now };
            // One that is under way is answered once.
            let _ = coordinator.ask(self.now, asked);
        }
        self.people[who].ask_at = self.now + 1_500;
        self.drain(session);
    }

    fn performance(&self, who: usize, wish: &Wish) -> Performance {
        let actor = Actor { name: NAMES[who].into(), entity: entity(who), place: PLACE };
        let consent = wish.with.map(|other| {
            let epoch = self.sessions.iter().rev().find_map(|session| match &session.stage {
                Stage::Open { epoch, .. } if session.who == other => Some(*epoch),
                Stage::Open { .. } | Stage::Raising(_) | Stage::Over => None,
            });
            (partner(other, wish.terms), wish.terms.and(epoch))
        });
        let (deed, args) = (wish.deed.to_owned(), wish.args.clone());
        Performance { rules: self.rules.clone(), deed, args, actor, partner: consent }
    }

    fn answer(&mut self, (session, part, key): Op, reply: Reply) {
        let answer = Answer::of(&Upcasters::default(), &key, reply);
        match (&mut self.sessions[session].stage, part) {
            (Stage::Raising(raiser), None) => raiser.handle(self.now, Input::Answer(answer)),
            (Stage::Open { coordinator, .. }, Some(part)) => coordinator.handle(self.now, Some((part, answer))),
            // The session died meanwhile.
            (Stage::Raising(_) | Stage::Open { .. } | Stage::Over, _) => {}
        }
        // It dies after any step.
        if self.storms() && self.dice.below(150) == 0 {
            self.sessions[session].stage = Stage::Over;
            self.verdict.crashes += 1;
            let person = &mut self.people[self.sessions[session].who];
            if person.session == session {
                person.back_at = Some(self.now + self.dice.below(400));
            }
        }
        self.drain(session);
    }

    fn wake(&mut self, session: usize) {
        let now = self.now;
        let due = |at: Option<(Millis, &str)>| at.is_some_and(|(at, _)| at <= now);
        match &mut self.sessions[session].stage {
            Stage::Raising(raiser) if due(raiser.next_wakeup()) => raiser.handle(now, Input::Wake),
            Stage::Open { coordinator, .. } if due(coordinator.next_wakeup()) => coordinator.handle(now, None),
            Stage::Raising(_) | Stage::Open { .. } | Stage::Over => return,
        }
        self.drain(session);
    }

    fn drain(&mut self, session: usize) {
        loop {
            match &mut self.sessions[session].stage {
                Stage::Over => return,
                Stage::Raising(raiser) => match raiser.poll_effect() {
                    None => return,
                    Some(Effect::Store(ask)) => {
                        let request = ask.request().expect("a record is JSON");
                        self.store.submit(self.now, (session, None, ask.key().clone()), request);
                    }
                    Some(Effect::Done(raised)) => self.raised(session, raised),
                },
                Stage::Open { coordinator, .. } => match coordinator.poll_effect() {
                    None => return,
                    Some(Task::Store(part, ask)) => {
                        let request = ask.request().expect("a record is JSON");
                        self.store.submit(self.now, (session, Some(part), ask.key().clone()), request);
                    }
                    Some(Task::Done(request, outcome)) => self.told(session, request, outcome),
                    Some(Task::Stuck(txn, why)) => self.verdict.wrong.push(format!("{txn} is stuck: {why}")),
                },
            }
        }
    }

    fn raised(&mut self, session: usize, raised: Raised) {
        self.sessions[session].stage = match raised {
            Raised::Mine(holding, record) => {
                let epoch = holding.epoch;
                let coordinator = Coordinator::new(self.now, self.terms, holding, &record.open);
                Stage::Open { epoch, coordinator: Box::new(coordinator) }
            }
            Raised::NotAllowed | Raised::Unreadable(_) => {
                self.verdict.wrong.push("a login was not let in".to_owned());
                Stage::Over
            }
        };
    }

    fn told(&mut self, session: usize, request: u32, outcome: Outcome) {
        let receipt = |reply| serde_json::from_value(reply).expect("a receipt");
        let told = match outcome {
            Outcome::Committed(committed) => Told::Done(receipt(committed.reply)),
            Outcome::Repeated { reply, .. } => {
                self.verdict.repeated += 1;
                Told::Done(receipt(reply))
            }
            Outcome::Refused(code) => Told::Refused(code),
            Outcome::TooOld => return self.forgotten(session, request),
            Outcome::Again => return,
            Outcome::Replaced { .. } => {
                self.sessions[session].stage = Stage::Over;
                let person = &mut self.people[self.sessions[session].who];
                if person.session == session {
                    person.back_at = Some(self.now + 50);
                }
                return;
            }
            other @ (Outcome::IdReused | Outcome::Mistaken(_) | Outcome::Unreadable(_)) => {
                return self.verdict.wrong.push(format!("a deed ended with {other:?}"));
            }
        };
        self.verdict.done += u64::from(matches!(told, Told::Done(_)));
        let person = &mut self.people[self.sessions[session].who];
        // A session that was replaced may still answer; its client does not hear it.
        if person.session == session {
            let before = person.told.insert(request, told.clone());
            if before.is_some_and(|before| before != told) {
                self.verdict.wrong.push(format!("request {request} was answered in two ways"));
            }
            person.ask_at = self.now;
        }
    }

    fn forgotten(&mut self, session: usize, request: u32) {
        let name = NAMES[self.sessions[session].who];
        self.verdict.wrong.push(format!("{name} is told that request {request} is too old"));
    }

    /// The records once nothing is under way any more and every intent was resolved by somebody who passed by.
    fn settled(&mut self) -> BTreeMap<Key, Record> {
        let later = self.now + 3_600_000;
        while self.store.poll(later).is_some() {}
        let memory = Arc::clone(self.store.store());
        let terms = Terms { planted: self.planted, ..Terms::default() };
        for (key, _) in memory.dump() {
            resolve(&memory, later, terms, &key);
        }
        let read = |(key, document): (Key, Document)| {
            let record = decode(&Upcasters::default(), &key, document).expect("readable");
            (key, record)
        };
        memory.dump().into_iter().map(read).collect()
    }
}

fn resolve(memory: &MemoryStore, now: Millis, terms: Terms, key: &Key) {
    let mut resolver = Machine::new(now, Resolver::new(terms, key.clone(), Patience::None));
    while let Some(effect) = resolver.poll_effect() {
        match effect {
            Effect::Store(ask) => {
                let reply = memory.apply(ask.request().expect("a record is JSON"));
                resolver.handle(now, Input::Answer(Answer::of(&Upcasters::default(), ask.key(), reply)));
            }
            Effect::Done(_) => return,
        }
    }
}

fn fate(dice: &mut Dice, now: Millis) -> Fate {
    let calm = now.0 >= BEGIN_MS + STORM_MS;
    let apply_after_ms = dice.below(8);
    let answer_after_ms = apply_after_ms + dice.below(8);
    match dice.below(100) {
        _ if calm => Fate::Pass { apply_after_ms, answer_after_ms },
        0..78 => Fate::Pass { apply_after_ms, answer_after_ms },
        78..83 => Fate::Conflict { answer_after_ms },
        83..88 => Fate::NotApplied { answer_after_ms },
        88..93 => Fate::Unknown { answer_after_ms, apply_after_ms: None },
        93..97 => Fate::Unknown { answer_after_ms, apply_after_ms: Some(apply_after_ms) },
        _ => Fate::Unknown { answer_after_ms, apply_after_ms: Some(answer_after_ms + dice.below(3_000)) },
    }
}
