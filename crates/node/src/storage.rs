//! The machine's dealings with the store: which part of which session each request belongs to.
//!
//! An answer to a request that nobody waits for any more is dropped by its number.

use store::{Reply, Request};
use world::Plant;

use crate::handover::giving::GiveInput;
use crate::io::{ConnId, Effect, OpId};
use crate::machine::Node;
use crate::session::deed::Outcome;
use crate::session::watch::Seen;
use crate::session::{Part, Session, Stage, Turn};
use protocol::Code;
use protocol::Incarnation;

impl Node {
    pub(crate) fn ask_store(&mut self, conn: ConnId, part: Part, request: Request) {
        self.last_operation += 1;
        let op = OpId(self.last_operation);
        if part != Part::Farewell {
            // A part waits for its newest request only: the answer to one that was given up must not be taken for it.
            self.operations.retain(|_, waits| *waits != (conn, part));
            self.operations.insert(op, (conn, part));
        }
        self.counters.store_requests += 1;
        self.effect(Effect::Store { op, request });
    }

    pub(crate) fn store_reply(&mut self, op: OpId, reply: Reply) {
        self.counters.store_unknown += u64::from(reply == Reply::Unknown);
        let Some((conn, part)) = self.operations.remove(&op) else { return };
        match part {
            Part::Arrival => self.arrival_reply(conn, reply),
            Part::Deed => self.deed_reply(conn, reply),
            Part::Watch => self.watch_reply(conn, reply),
            Part::Checkpoint => self.checkpoint_reply(conn, reply),
            Part::Giving => self.give(conn, GiveInput::Stored(reply)),
            Part::Guest => self.guest_reply(conn, reply),
            Part::Farewell => {}
        }
    }

    /// Forgets what a session has asked; the answers will be dropped.
    pub(crate) fn forget_operations(&mut self, conn: ConnId) {
        self.operations.retain(|_, (owner, _)| *owner != conn);
    }

    fn arrival_reply(&mut self, conn: ConnId, reply: Reply) {
        let now = self.now;
        let Some(Session { stage: Stage::Arriving(arrival), .. }) = self.sessions.get_mut(&conn) else { return };
        match arrival.reply(now, reply) {
            Turn::Ask(request) => self.ask_store(conn, Part::Arrival, request),
            Turn::Wait => {}
            Turn::Done(arrived) => self.enter_world(conn, arrived),
            Turn::End(code) => self.end_session(conn, code, true),
        }
    }

    fn deed_reply(&mut self, conn: ConnId, reply: Reply) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let turn = playing.deeds.reply(now, reply);
        self.deed_turn(conn, turn);
    }

    /// Goes on with a session's deeds until they wait for the store.
    pub(crate) fn deed_turn(&mut self, conn: ConnId, mut turn: Turn<Outcome>) {
        loop {
            match turn {
                Turn::Ask(request) => return self.ask_store(conn, Part::Deed, request),
                // Who waits for the last commit of a session that is given away goes on.
                Turn::Wait => return self.wake_giving(conn),
                Turn::Done(outcome) => self.deed_done(conn, outcome),
                Turn::End(Code::Replaced) => return self.replaced(conn, Incarnation(0)),
                Turn::End(code) => return self.end_session(conn, code, true),
            }
            let now = self.now;
            let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
            turn = playing.deeds.poll(now);
        }
    }

    fn watch_reply(&mut self, conn: ConnId, reply: Reply) {
        let (now, planted) = (self.now, self.config.planted);
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        match playing.watch.reply(now, playing.epoch, reply) {
            Seen::Mine(body) => {
                let entity = playing.entity;
                if let Some(avatar) = self.authority.get_mut(entity) {
                    avatar.dress(body.tint);
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
}
