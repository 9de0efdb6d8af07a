//! A play: clients, sessions, passers-by and a store in virtual time, until everybody is answered and nothing is left to
//! be carried out, or something is wrong.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use deeds::{Actor, Performance, Registry, Rulebook, avatar_key};
use protocol::Code;
use serde_json::Value;
use store::codec::{Upcasters, decode};
use store::commit::coordinator::Coordinator;
use store::commit::{Answer, Ask, Asked, Effect, Input, Machine, Outcome, Part, Raised, Raiser, Right, Task, Terms};
use store::{Document, Fate, FaultCounts, FaultyStore, Holder, Key, MemoryStore, Record, Reply, Request};
use world::digest::Digest;
use world::{Epoch, Millis, Planted};

use super::ledger;
use super::passers::Passers;
use super::plan::{Crash, Dice, End, Fault, LATEST_MS, Plan};
use super::wishes::{NAMES, PLACE, Told, Wish, entity, partner};
use crate::fixture::{BEGINNING, ISLAND, Meadow};

/// When plays begin: hands that were at work in the making of a little world are free again.
const BEGIN: Millis = Millis(BEGINNING.0 + 200_000);
/// Milliseconds after which a client without an answer goes to another node.
const PATIENCE_MS: u64 = 2_500;
/// Milliseconds between two looks of a session at its document.
const WATCH_MS: u64 = 2_000;
/// Milliseconds for which a client is away whose session died.
const AWAY_MS: u64 = 20_000;
/// Milliseconds after storm, late writes and absences within which everything is done.
const CALM_MS: u64 = 40_000;

/// What came of a play.
#[derive(Debug, Default)]
pub struct Verdict {
    pub wrong: Vec<String>,
    pub crashes: u64,
    pub done: u64,
    pub repeated: u64,
    pub sessions: usize,
    /// What each was told.
    pub told: Vec<BTreeMap<u32, Told>>,
    /// Requests of the first session of each to the store.
    pub first_steps: Vec<u32>,
    pub virtual_ms: u64,
    pub faults: FaultCounts,
}

/// Of a header what never falls: seq, epoch and revision.
type Header = [u64; 3];

type Fates = Box<dyn FnMut(Millis, &Request) -> Fate>;

/// Whose request to the store.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    Session(usize, Option<Part>),
    Passer(u64),
}

enum Stage {
    Raising(Box<Machine<Raiser>>),
    Open { epoch: Epoch, coordinator: Box<Coordinator<Performance>> },
    Over,
}

struct Session {
    who: usize,
    stage: Stage,
    steps: u32,
}

struct Client {
    wishes: Vec<Wish>,
    told: BTreeMap<u32, Told>,
    session: Option<usize>,
    /// When it looks for a session, if it has none.
    back_at: Millis,
    /// When it takes its session for dead.
    patience: Millis,
    /// When unanswered wishes are sent.
    send_at: BTreeMap<u32, Millis>,
}

pub struct Play {
    plan: Plan,
    dice: Dice,
    now: Millis,
    fated: Rc<Cell<Fate>>,
    pub(super) store: FaultyStore<(Who, Key), Fates>,
    sessions: Vec<Session>,
    /// When sessions look at their documents.
    watch_at: Millis,
    clients: Vec<Client>,
    passers: Passers,
    rules: Rulebook,
    terms: Terms,
    opening: BTreeMap<Key, Record>,
    /// Writes of the store when headers were last looked at, and what they were.
    written: u64,
    headers: BTreeMap<Key, Header>,
    verdict: Verdict,
}

impl Play {
    pub fn new(plan: Plan, planted: Planted) -> Self {
        let memory = Arc::new(MemoryStore::new());
        for (key, document) in plan.documents.clone() {
            memory.apply(Request::Insert { key, document });
        }
        let opening = records(&memory);
        let fated = Rc::new(Cell::new(Fate::PASS));
        let fate = Rc::clone(&fated);
        let store = FaultyStore::new(memory, Box::new(move |_, _: &Request| fate.get()) as Fates);
        let client = |wishes: &Vec<Wish>| Client {
            wishes: wishes.clone(),
            told: BTreeMap::new(),
            session: None,
            back_at: BEGIN,
            patience: BEGIN,
            send_at: BTreeMap::new(),
        };
        let late_write_ms = LATEST_MS + 2_000;
        let terms = Terms { planted, late_write_ms, window: plan.window, ..Terms::default() };
        Self {
            dice: Dice::new(plan.seed ^ 0x5eed),
            now: BEGIN,
            fated,
            store,
            sessions: Vec::new(),
            watch_at: BEGIN + WATCH_MS,
            clients: plan.wishes.iter().map(client).collect(),
            passers: Passers::new(BEGIN, BEGIN + plan.storm_ms, terms),
            rules: rules(),
            terms,
            opening,
            written: 0,
            headers: BTreeMap::new(),
            verdict: Verdict { first_steps: vec![0; plan.wishes.len()], ..Verdict::default() },
            plan,
        }
    }

    pub fn run(mut self) -> Verdict {
        let end = BEGIN + self.plan.storm_ms + LATEST_MS + AWAY_MS + CALM_MS;
        while self.verdict.wrong.is_empty() && !self.is_over() {
            if self.now > end {
                let left = self.passers.what_is_left();
                let waiting = self.clients.iter().map(|client| client.wishes.len() - client.told.len()).sum::<usize>();
                self.verdict.wrong.push(format!("not over in time: {waiting} deeds unanswered, {left}"));
            }
            self.clients_act();
            self.sessions_watch();
            (0..self.sessions.len()).for_each(|session| self.wake(session));
            self.passers_act();
            while let Some(((who, key), reply)) = self.store.poll(self.now) {
                self.answer(who, &key, reply);
            }
            self.look_at_headers();
            self.now = self.next_moment();
        }
        self.close()
    }

    fn close(mut self) -> Verdict {
        let after = records(self.store.store());
        if self.verdict.wrong.is_empty() {
            let people: Vec<_> = self.clients.iter().map(|client| (client.wishes.as_slice(), &client.told)).collect();
            self.verdict.wrong = ledger::wrong(&self.opening, &after, &people);
        }
        self.verdict.faults = self.store.counts();
        self.verdict.sessions = self.sessions.len();
        self.verdict.virtual_ms = self.now.since(BEGIN);
        self.verdict.told = self.clients.into_iter().map(|client| client.told).collect();
        self.verdict
    }

    /// Everybody is answered, late writes have landed, and nothing is to be carried out any more.
    fn is_over(&self) -> bool {
        let calm = self.now.since(BEGIN) > self.plan.storm_ms && self.store.next_wakeup().is_none();
        let answered = |client: &Client| client.told.len() == client.wishes.len();
        let idle = |session: &Session| match &session.stage {
            Stage::Raising(_) => false,
            Stage::Open { coordinator, .. } => coordinator.is_idle() && coordinator.next_wakeup().is_none(),
            Stage::Over => true,
        };
        calm && self.clients.iter().all(answered)
            && self.sessions.iter().all(idle)
            && self.clients.iter().enumerate().all(|(who, _)| !self.left_something(who))
            && !self.passers.are_needed(self.store.store())
    }

    /// What was written must not fall back, whoever wrote it. What a sweeper took away begins anew.
    fn look_at_headers(&mut self) {
        let writes = self.store.store().writes();
        if std::mem::replace(&mut self.written, writes) == writes {
            return;
        }
        let number = |document: &Document, name| document.fields().get(name).and_then(Value::as_u64).unwrap_or(0);
        let header = |document: &Document| ["seq", "epoch", "rev"].map(|name| number(document, name));
        let now: BTreeMap<Key, Header> =
            self.store.store().dump().iter().map(|(key, document)| (key.clone(), header(document))).collect();
        for (key, after) in &now {
            let before = self.headers.get(key).copied().unwrap_or_default();
            if before.iter().zip(after).any(|(before, after)| after < before) {
                self.verdict.wrong.push(format!("the header of {key} fell from {before:?} to {after:?}"));
            }
        }
        self.headers = now;
    }

    fn storms(&self) -> bool {
        self.now.since(BEGIN) < self.plan.storm_ms
    }

    fn next_moment(&self) -> Millis {
        let mut next = vec![self.passers.next_wakeup(), self.now + 250];
        next.extend(self.store.next_wakeup().map(|(at, _)| at));
        for session in &self.sessions {
            match &session.stage {
                Stage::Raising(machine) => next.extend(machine.next_wakeup().map(|(at, _)| at)),
                Stage::Open { coordinator, .. } => next.extend(coordinator.next_wakeup().map(|(at, _)| at)),
                Stage::Over => {}
            }
        }
        next.into_iter().min().unwrap_or(self.now).max(self.now + 1)
    }

    // Clients.

    fn clients_act(&mut self) {
        // Whoever is done stays as long as others may want to trade.
        let stays = self.clients.iter().any(|client| client.told.len() < client.wishes.len());
        for who in 0..self.clients.len() {
            let client = &self.clients[who];
            let waits = client.told.len() < client.wishes.len();
            match client.session {
                None if self.now >= client.back_at && (stays || self.left_something(who)) => self.begin_session(who),
                Some(_) if waits && self.now >= client.patience => self.leave(who, 50),
                _ => {}
            }
            self.send(who);
            if self.storms() && self.dice.below(400) == 0 {
                self.repeat_something(who);
            }
        }
    }

    /// Whether a session of theirs died over a deed that was told as done: whoever comes back carries it out.
    fn left_something(&self, who: usize) -> bool {
        let open = |key| match self.store.store().apply(Request::Get { key }) {
            Reply::Found { document, .. } => document.fields().contains_key("open"),
            _ => false,
        };
        self.clients[who].session.is_none() && open(avatar_key(NAMES[who]))
    }

    fn begin_session(&mut self, who: usize) {
        let session = self.sessions.len();
        let holder = Holder::new(format!("session-{session}"));
        let raiser = Raiser::new(self.terms, avatar_key(NAMES[who]), holder, Right::Login { create: None });
        let stage = Stage::Raising(Box::new(Machine::new(self.now, raiser)));
        self.sessions.push(Session { who, stage, steps: 0 });
        let client = &mut self.clients[who];
        (client.session, client.patience) = (Some(session), self.now + PATIENCE_MS);
        client.send_at.clear();
        self.drain(session);
    }

    /// The client goes to another node after a while.
    fn leave(&mut self, who: usize, after_ms: u64) {
        let client = &mut self.clients[who];
        (client.session, client.back_at) = (None, self.now + after_ms);
    }

    fn send(&mut self, who: usize) {
        let Some(session) = self.clients[who].session else { return };
        let client = &self.clients[who];
        let unanswered = || client.wishes.iter().filter(|wish| !client.told.contains_key(&wish.request));
        // Nobody runs so far ahead that the oldest falls out of the window.
        let oldest = unanswered().next().map_or(0, |wish| wish.request);
        let near = |wish: &&Wish| ((wish.request - oldest) as usize) < self.plan.window;
        let due = |wish: &&Wish| client.send_at.get(&wish.request).is_none_or(|at| *at <= self.now);
        let due: Vec<Wish> = unanswered().take(self.plan.together).filter(near).filter(due).cloned().collect();
        for wish in due {
            // Nobody asks for a trade before the other has agreed, which takes a session.
            if wish.bargain.is_some() && wish.with.is_some_and(|other| self.epoch_of(other).is_none()) {
                continue;
            }
            let asked = self.asked(who, &wish);
            let Stage::Open { coordinator, .. } = &mut self.sessions[session].stage else { return };
            // One that is under way is answered once.
            let _ = coordinator.ask(self.now, asked);
            self.clients[who].send_at.insert(wish.request, self.now + 1_500);
            self.drain(session);
        }
    }

    /// Asks again for something that was told as done: a client whose network doubles what it says.
    fn repeat_something(&mut self, who: usize) {
        let client = &self.clients[who];
        let done = |wish: &&Wish| matches!(client.told.get(&wish.request), Some(Told::Done(_)));
        let done: Vec<&Wish> = client.wishes.iter().filter(done).collect();
        let (Some(session), false) = (client.session, done.is_empty()) else { return };
        let wish = done[self.dice.below(done.len() as u64) as usize].clone();
        let asked = self.asked(who, &wish);
        if let Stage::Open { coordinator, .. } = &mut self.sessions[session].stage {
            let _ = coordinator.ask(self.now, asked);
            self.drain(session);
        }
    }

    fn asked(&self, who: usize, wish: &Wish) -> Asked<Performance> {
        let content = Digest::of(&[wish.deed.as_bytes(), &wish.args].concat());
        Asked { request: wish.request, content, command: self.performance(who, wish), age: self.now }
    }

    fn performance(&self, who: usize, wish: &Wish) -> Performance {
        let actor = Actor { name: NAMES[who].into(), entity: entity(who), place: PLACE };
        let partner = wish.with.map(|other| partner(other, wish, self.epoch_of(other)));
        Performance { rules: self.rules.clone(), deed: wish.deed.to_owned(), args: wish.args.clone(), actor, partner }
    }

    /// The newest session of somebody, as far as anybody knows.
    fn epoch_of(&self, who: usize) -> Option<Epoch> {
        self.sessions.iter().rev().find_map(|session| match &session.stage {
            Stage::Open { epoch, .. } if session.who == who => Some(*epoch),
            Stage::Open { .. } | Stage::Raising(_) | Stage::Over => None,
        })
    }

    // Sessions.

    /// A session looks now and then whether it is still the one: it may have been replaced by one that was raised after
    /// its client had left it.
    fn sessions_watch(&mut self) {
        if self.now < self.watch_at {
            return;
        }
        self.watch_at = self.now + WATCH_MS;
        for session in 0..self.sessions.len() {
            let Session { who, stage: Stage::Open { epoch, .. }, .. } = &self.sessions[session] else { continue };
            let document = self.store.store().apply(Request::Get { key: avatar_key(NAMES[*who]) });
            let Reply::Found { document, .. } = document else { continue };
            if document.fields().get("epoch").and_then(Value::as_u64) != Some(epoch.0.into()) {
                let who = *who;
                self.sessions[session].stage = Stage::Over;
                if self.clients[who].session == Some(session) {
                    self.leave(who, 50);
                }
            }
        }
    }

    fn wake(&mut self, session: usize) {
        let now = self.now;
        match &mut self.sessions[session].stage {
            Stage::Raising(raiser) => raiser.handle(now, Input::Wake),
            Stage::Open { coordinator, .. } => coordinator.handle(now, None),
            Stage::Over => return,
        }
        self.drain(session);
    }

    fn answer(&mut self, who: Who, key: &Key, reply: Reply) {
        let answer = Answer::of(&Upcasters::default(), key, reply);
        let (session, part) = match who {
            Who::Passer(n) => {
                let asks = self.passers.answer(self.now, n, answer);
                return self.send_for_passers(asks);
            }
            Who::Session(session, part) => (session, part),
        };
        match (&mut self.sessions[session].stage, part) {
            (Stage::Raising(raiser), None) => raiser.handle(self.now, Input::Answer(answer)),
            (Stage::Open { coordinator, .. }, Some(part)) => coordinator.handle(self.now, Some((part, answer))),
            // It died meanwhile.
            (Stage::Raising(_) | Stage::Open { .. } | Stage::Over, _) => {}
        }
        if self.storms() && self.dice.below(1000) < self.plan.deaths_per_mille {
            let end = [End::Dies, End::Dies, End::TakenForDead][self.dice.below(3) as usize];
            self.end(session, end);
        }
        self.drain(session);
    }

    fn end(&mut self, session: usize, end: End) {
        if end == End::GoesOn {
            return;
        }
        self.verdict.crashes += 1;
        if end != End::TakenForDead {
            self.sessions[session].stage = Stage::Over;
        }
        let who = self.sessions[session].who;
        if self.clients[who].session == Some(session) {
            let away_ms = if end == End::DiesAlone { AWAY_MS } else { self.dice.below(300) };
            self.leave(who, away_ms);
        }
    }

    fn drain(&mut self, session: usize) {
        loop {
            match &mut self.sessions[session].stage {
                Stage::Over => return,
                Stage::Raising(raiser) => match raiser.poll_effect() {
                    None => return,
                    Some(Effect::Store(ask)) => self.step(session, None, &ask),
                    Some(Effect::Done(raised)) => self.raised(session, raised),
                },
                Stage::Open { coordinator, .. } => match coordinator.poll_effect() {
                    None => return,
                    Some(Task::Store(part, ask)) => self.step(session, Some(part), &ask),
                    Some(Task::Done(request, outcome)) => self.told(session, request, outcome),
                    Some(Task::Stuck(txn, why)) => self.verdict.wrong.push(format!("{txn} is stuck: {why}")),
                },
            }
        }
    }

    /// A session's request to the store, which may be its last.
    fn step(&mut self, session: usize, part: Option<Part>, ask: &Ask) {
        self.sessions[session].steps += 1;
        let steps = self.sessions[session].steps;
        let is_first = self.sessions.iter().position(|other| other.who == self.sessions[session].who) == Some(session);
        let crash = self
            .plan
            .crash
            .filter(|Crash { who, step, .. }| is_first && *who == self.sessions[session].who && *step == steps);
        if is_first {
            self.verdict.first_steps[self.sessions[session].who] = steps;
        }
        self.submit(Who::Session(session, part), ask, crash.map(|crash| crash.fault));
        if let Some(Crash { end, .. }) = crash {
            self.end(session, end);
        }
    }

    fn submit(&mut self, who: Who, ask: &Ask, fault: Option<Fault>) {
        let fault = fault.unwrap_or_else(|| match self.storms() {
            true => self.plan.fault(&mut self.dice),
            false => Fault::None,
        });
        self.fated.set(fault.fate(&mut self.dice));
        let request = ask.request().expect("a record is JSON");
        self.store.submit(self.now, (who, ask.key().clone()), request);
    }

    fn raised(&mut self, session: usize, raised: Raised) {
        self.sessions[session].stage = match raised {
            Raised::Mine(holding, record) => {
                let epoch = holding.epoch;
                let coordinator = Coordinator::new(self.now, self.terms, holding, &record.open);
                Stage::Open { epoch, coordinator: Box::new(coordinator) }
            }
            Raised::NotAllowed(_) | Raised::Unreadable(_) => {
                self.verdict.wrong.push("a login was not let in".to_owned());
                Stage::Over
            }
        };
    }

    fn told(&mut self, session: usize, request: u32, outcome: Outcome) {
        let who = self.sessions[session].who;
        let receipt = |reply| serde_json::from_value(reply).expect("a receipt");
        let told = match outcome {
            Outcome::Committed(committed) => Told::Done(receipt(committed.reply)),
            Outcome::Repeated { reply, .. } => {
                self.verdict.repeated += 1;
                Told::Done(receipt(reply))
            }
            // The session that agreed has ended meanwhile, or hands are at work: the same request is asked again.
            Outcome::Refused(code) if code == Code::NoConsent as u16 || code == Code::Busy as u16 => {
                return self.ask_again(who, request, 400);
            }
            Outcome::Refused(code) => Told::Refused(code),
            Outcome::Again => return self.ask_again(who, request, 200),
            Outcome::Replaced { .. } => return self.end(session, End::TakenForDead),
            Outcome::TooOld if self.clients[who].told.contains_key(&request) => return,
            other @ (Outcome::TooOld | Outcome::IdReused | Outcome::Mistaken(_) | Outcome::Unreadable(_)) => {
                return self.verdict.wrong.push(format!("request {request} of {} ended with {other:?}", NAMES[who]));
            }
        };
        // A session that was replaced may still answer; its client does not hear it.
        let client = &mut self.clients[who];
        if client.session != Some(session) {
            return;
        }
        if let Some(before) = client.told.get(&request) {
            if *before != told {
                self.verdict.wrong.push(format!("request {request} of {} was answered in two ways", NAMES[who]));
            }
            return;
        }
        client.patience = self.now + PATIENCE_MS;
        self.verdict.done += u64::from(matches!(told, Told::Done(_)));
        client.told.insert(request, told);
    }

    fn ask_again(&mut self, who: usize, request: u32, after_ms: u64) {
        let client = &mut self.clients[who];
        client.patience = self.now + PATIENCE_MS;
        client.send_at.insert(request, self.now + after_ms);
    }

    // Passers-by.

    fn passers_act(&mut self) {
        let race = self.storms() || self.plan.crash.is_some();
        let asks = self.passers.act(self.now, race, self.store.store());
        self.send_for_passers(asks);
        if let Some(wrong) = self.passers.wrong() {
            self.verdict.wrong.push(wrong);
        }
    }

    fn send_for_passers(&mut self, asks: Vec<(u64, Ask)>) {
        asks.iter().for_each(|(n, ask)| self.submit(Who::Passer(*n), ask, None));
    }
}

/// The rules of every play.
pub fn rules() -> Rulebook {
    Rulebook {
        registry: Arc::new(Registry::standard()),
        tables: Arc::new(deeds::tables::Tables::built_in()),
        nature: Arc::new(Meadow),
        island: ISLAND,
    }
}

/// The documents of a store.
pub fn records(memory: &MemoryStore) -> BTreeMap<Key, Record> {
    let read = |(key, document)| {
        let record = decode(&Upcasters::default(), &key, document).expect("readable");
        (key, record)
    };
    memory.dump().into_iter().map(read).collect()
}
