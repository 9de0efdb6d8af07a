//! The machine's dealings with the store: which part of which session, which page or which document each request belongs
//! to.
//!
//! An answer to a request that nobody waits for any more is dropped by its number.

use std::collections::BTreeMap;

use protocol::{Code, Incarnation};
use store::commit::{Patience, Resolved, Resolver};
use store::{Key, Reply, Request};
use world::{Chunk, Plant};

use crate::handover::giving::GiveInput;
use crate::io::{ConnId, Effect, Note, OpId};
use crate::limits::MENDINGS;
use crate::machine::Node;
use crate::session::arrival::{Arrived, terms};
use crate::session::deed::Need;
use crate::session::driver::Driver;
use crate::session::watch::Seen;
use crate::session::{Part, Session, Stage, Turn};

/// Who waits for an answer of the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Waiter {
    /// A part of a session.
    Session(ConnId, Part),
    /// A page or cell of a chunk that is in view.
    Page(Chunk, u8),
    /// Who frees this document of an intent that its transaction left.
    Mending(Key),
}

/// Requests under way, by number. Each waits for its newest only: the answer to one that was given up must not be taken
/// for it.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    last: u64,
    waiters: BTreeMap<OpId, Waiter>,
    newest: BTreeMap<Waiter, OpId>,
}

impl Operations {
    /// The number of a request whose answer nobody waits for.
    fn unwatched(&mut self) -> OpId {
        self.last += 1;
        OpId(self.last)
    }

    /// The number of a request for somebody, who waits for no earlier one any more.
    fn begin(&mut self, waiter: Waiter) -> OpId {
        let op = self.unwatched();
        if let Some(former) = self.newest.insert(waiter.clone(), op) {
            self.waiters.remove(&former);
        }
        self.waiters.insert(op, waiter);
        op
    }

    /// Who waits for this answer.
    fn end(&mut self, op: OpId) -> Option<Waiter> {
        let waiter = self.waiters.remove(&op)?;
        self.newest.remove(&waiter);
        Some(waiter)
    }

    /// A session waits for nothing any more.
    fn forget(&mut self, conn: ConnId) {
        let is_its = |waiter: &Waiter| matches!(waiter, Waiter::Session(owner, _) if *owner == conn);
        let first = Waiter::Session(conn, Part::Arrival);
        let its: Vec<Waiter> = self.newest.range(first..).map(|(w, _)| w.clone()).take_while(is_its).collect();
        for waiter in its {
            if let Some(op) = self.newest.remove(&waiter) {
                self.waiters.remove(&op);
            }
        }
    }
}

impl Node {
    pub(crate) fn ask_store(&mut self, conn: ConnId, part: Part, request: Request) {
        self.ask_for(Waiter::Session(conn, part), request);
    }

    /// Asks for somebody.
    pub(crate) fn ask_for(&mut self, waiter: Waiter, request: Request) {
        let op = match waiter {
            Waiter::Session(_, Part::Farewell) => self.operations.unwatched(),
            waiter => self.operations.begin(waiter),
        };
        self.counters.store_requests += 1;
        self.effect(Effect::Store { op, request });
    }

    pub(crate) fn store_reply(&mut self, op: OpId, reply: Reply) {
        self.counters.store_unknown += u64::from(reply == Reply::Unknown);
        match self.operations.end(op) {
            None => {}
            Some(Waiter::Session(conn, part)) => self.session_reply(conn, part, reply),
            Some(Waiter::Page(chunk, cell)) => self.page_reply(chunk, cell, reply),
            Some(Waiter::Mending(key)) => {
                let now = self.now;
                let Some(mender) = self.menders.get_mut(&key) else { return };
                let turn = mender.reply(now, reply);
                self.mending_turn(key, turn);
            }
        }
    }

    fn session_reply(&mut self, conn: ConnId, part: Part, reply: Reply) {
        match part {
            Part::Arrival => self.arrival_reply(conn, reply),
            Part::Deed(part) => self.deed_reply(conn, part, reply),
            Part::Watch => self.watch_reply(conn, reply),
            Part::Checkpoint => self.checkpoint_reply(conn, reply),
            Part::Giving => self.give(conn, GiveInput::Stored(reply)),
            Part::Guest => self.guest_reply(conn, reply),
            Part::Farewell => {}
        }
    }

    /// Forgets what a session has asked; the answers will be dropped.
    pub(crate) fn forget_operations(&mut self, conn: ConnId) {
        self.operations.forget(conn);
    }

    fn arrival_reply(&mut self, conn: ConnId, reply: Reply) {
        let now = self.now;
        let Some(Session { stage: Stage::Arriving(arrival), .. }) = self.sessions.get_mut(&conn) else { return };
        let turn = arrival.reply(now, reply);
        self.arrival_turn(conn, turn);
    }

    pub(crate) fn arrival_turn(&mut self, conn: ConnId, turn: Turn<Arrived>) {
        match turn {
            Turn::Ask(request) => self.ask_store(conn, Part::Arrival, request),
            Turn::Wait => {}
            Turn::Done(arrived) => self.enter_world(conn, arrived),
            Turn::End(code) => self.end_session(conn, code, true),
        }
    }

    fn deed_reply(&mut self, conn: ConnId, part: store::commit::Part, reply: Reply) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        playing.deeds.reply(now, part, reply);
        self.deed_needs(conn);
    }

    /// Carries out what a session's deeds want, until they wait for the store.
    pub(crate) fn deed_needs(&mut self, conn: ConnId) {
        loop {
            let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
            match playing.deeds.poll() {
                Some(Need::Store(part, request)) => self.ask_store(conn, Part::Deed(part), request),
                Some(Need::Answer(ended)) => self.deed_ended(conn, *ended),
                Some(Need::Note(key, reason)) => self.effect(Effect::Note(Note::Unreadable { key, reason })),
                // Who waits for the last commit of a session that is given away goes on.
                None => return self.wake_giving(conn),
            }
        }
    }

    fn watch_reply(&mut self, conn: ConnId, reply: Reply) {
        let (now, planted) = (self.now, self.config.planted);
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        match playing.watch.reply(now, (&playing.name, playing.epoch), reply) {
            Seen::Mine(record) => {
                let key = playing.holding().actor;
                self.show(conn, &record);
                if record.intent.is_some() {
                    self.mend(key);
                }
            }
            Seen::Replaced if planted.is(Plant::DeafToEpochs) => {}
            Seen::Replaced => self.replaced(conn, Incarnation(0)),
            Seen::Lost => self.end_session(conn, Code::Fenced, true),
            Seen::Silence => {}
        }
    }

    fn checkpoint_reply(&mut self, conn: ConnId, reply: Reply) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        if playing.checkpoint.reply(now, reply) {
            playing.watch.distrust(now);
        }
    }

    /// Frees a document that somebody watches of the intent on it, once its transaction has had its time.
    pub(crate) fn mend(&mut self, key: Key) {
        if self.menders.contains_key(&key) || self.menders.len() >= MENDINGS {
            return;
        }
        let resolver = Resolver::new(terms(self.config.planted), key.clone(), Patience::Deadline);
        let mut mender = Driver::new(self.now, resolver);
        let turn = mender.poll(self.now);
        self.menders.insert(key.clone(), mender);
        self.mending_turn(key, turn);
    }

    fn mending_turn(&mut self, key: Key, turn: Turn<Resolved>) {
        match turn {
            Turn::Ask(request) => self.ask_for(Waiter::Mending(key), request),
            Turn::Wait => {}
            Turn::Done(_) | Turn::End(_) => {
                self.menders.remove(&key);
            }
        }
    }

    /// What time does to those who free documents.
    pub(crate) fn tend_menders(&mut self) {
        let now = self.now;
        let keys: Vec<Key> = self.menders.keys().cloned().collect();
        for key in keys {
            let Some(mender) = self.menders.get_mut(&key) else { continue };
            let turn = mender.poll(now);
            self.mending_turn(key, turn);
        }
    }
}
