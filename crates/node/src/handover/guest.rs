//! T's machine: gets ready for one session of another node, and takes it when its document allows.
//!
//! It reserves room, waits until the ghosts around the avatar are warm and the client is here, and writes nothing before
//! the document says `released`. If S's word is lost, it looks at the document by itself: S may have died after writing.
//!
//! Invariant: at most one [`GuestEffect::Enter`], and only after this node raised the epoch.

use std::collections::VecDeque;

use protocol::Incarnation;
use protocol::handover::Decline;
use store::{Record, Reply, Request};
use world::{EntityId, Epoch, Millis, Plant, Planted, Segment};

use super::claim::{Claim, Claimed, Grounds};
use crate::io::ConnId;
use crate::limits::{ATTACHED_MS, EXPECT_MS, LOOK_AFTER_MS, LOOK_EVERY_MS, TAKE_MS, WARM_MS};
use crate::session::Turn;
use crate::session::arrival::terms;

/// What happens to a handover on T's side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GuestInput {
    /// Time has passed. `warm`: all that the client sees is known here, and the avatar among it.
    Wake { warm: bool },
    /// S asks (again) whether this node is ready.
    Asked,
    /// The client is here.
    Followed { conn: ConnId },
    /// The client is gone.
    ClientGone,
    /// S says that the document lets this node take the avatar, which is there.
    Released { place: Segment },
    /// S says that nothing comes of it.
    CalledOff,
    /// The store answered.
    Stored(Reply),
}

/// What T is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GuestEffect {
    /// Tell S that all is ready.
    Prepared,
    /// Tell S that it will not be, and why.
    Decline(Decline),
    /// Tell the client that all is ready.
    Ready { conn: ConnId },
    /// Ask the store.
    Store { conn: ConnId, request: Request },
    /// The avatar is ours: it enters the world. `place`: where S said it was.
    Enter { conn: ConnId, record: Box<Record>, place: Option<Segment> },
    /// Send the client away.
    Dismiss { conn: ConnId },
}

#[derive(Debug)]
enum Stage {
    Warming { since: Millis },
    Expecting { since: Millis },
    Attached { conn: ConnId, since: Millis, look_at: Millis },
    Taking { conn: ConnId, since: Millis, began: Millis, claim: Box<Claim> },
    Over,
}

/// One handover on T's side.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) entity: EntityId,
    pub(crate) epoch: Epoch,
    pub(crate) token: Vec<u8>,
    me: Incarnation,
    stage: Stage,
    place: Option<Segment>,
    effects: VecDeque<GuestEffect>,
    planted: Planted,
}

impl Guest {
    pub(crate) fn new(
        now: Millis,
        (name, entity, epoch): (String, EntityId, Epoch),
        token: Vec<u8>,
        me: Incarnation,
        planted: Planted,
    ) -> Self {
        let stage = Stage::Warming { since: now };
        Self { name, entity, epoch, token, me, stage, place: None, effects: VecDeque::new(), planted }
    }

    /// Takes in what happened.
    pub(crate) fn handle(&mut self, now: Millis, input: GuestInput) {
        match input {
            GuestInput::Wake { warm } => self.wake(now, warm),
            GuestInput::Asked if matches!(self.stage, Stage::Expecting { .. }) => {
                self.effects.push_back(GuestEffect::Prepared);
            }
            GuestInput::Asked => {}
            GuestInput::Followed { conn } => self.followed(now, conn),
            GuestInput::ClientGone => self.client_gone(),
            GuestInput::Released { place } => self.released(now, place),
            GuestInput::CalledOff => self.called_off(),
            GuestInput::Stored(reply) => self.stored(now, reply),
        }
    }

    /// The next thing to do, in order.
    pub(crate) fn poll_effect(&mut self) -> Option<GuestEffect> {
        self.effects.pop_front()
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Whether room is kept for it that its client does not take up yet.
    pub(crate) fn reserves(&self) -> bool {
        matches!(self.stage, Stage::Warming { .. } | Stage::Expecting { .. })
    }

    /// Whether a client with this token may follow now.
    pub(crate) fn expects(&self, name: &str, token: &[u8]) -> bool {
        matches!(self.stage, Stage::Expecting { .. }) && self.name == name && self.token == token
    }

    fn wake(&mut self, now: Millis, warm: bool) {
        match &mut self.stage {
            Stage::Warming { .. } if warm => {
                self.stage = Stage::Expecting { since: now };
                self.effects.push_back(GuestEffect::Prepared);
            }
            Stage::Warming { since } if now.since(*since) >= WARM_MS => self.decline(Decline::NotWarm),
            Stage::Expecting { since } if now.since(*since) >= EXPECT_MS => self.decline(Decline::NoClient),
            Stage::Attached { since, .. } if now.since(*since) >= ATTACHED_MS => self.decline(Decline::NoClient),
            Stage::Attached { look_at, .. } if *look_at <= now => {
                *look_at = now + LOOK_EVERY_MS;
                self.take(now);
            }
            Stage::Taking { began, .. } if now.since(*began) >= TAKE_MS => self.decline(Decline::NotReleased),
            Stage::Taking { claim, .. } => {
                let turn = claim.poll(now);
                self.claim_turn(now, turn);
            }
            Stage::Warming { .. } | Stage::Expecting { .. } | Stage::Attached { .. } | Stage::Over => {}
        }
    }

    fn followed(&mut self, now: Millis, conn: ConnId) {
        let Stage::Expecting { .. } = self.stage else { return };
        self.stage = Stage::Attached { conn, since: now, look_at: now + LOOK_AFTER_MS };
        self.effects.push_back(GuestEffect::Ready { conn });
        if self.planted.is(Plant::TakeUnreleased) {
            self.take(now);
        }
    }

    fn client_gone(&mut self) {
        if !self.is_over() {
            self.stage = Stage::Over;
            self.effects.push_back(GuestEffect::Decline(Decline::NoClient));
        }
    }

    fn released(&mut self, now: Millis, place: Segment) {
        self.place = Some(place);
        if matches!(self.stage, Stage::Attached { .. }) {
            self.take(now);
        }
    }

    fn called_off(&mut self) {
        match &self.stage {
            Stage::Warming { .. } | Stage::Expecting { .. } => self.stage = Stage::Over,
            Stage::Attached { conn, .. } => {
                let conn = *conn;
                self.stage = Stage::Over;
                self.effects.push_back(GuestEffect::Dismiss { conn });
            }
            // The document decides.
            Stage::Taking { .. } | Stage::Over => {}
        }
    }

    fn stored(&mut self, now: Millis, reply: Reply) {
        if let Stage::Taking { claim, .. } = &mut self.stage {
            let turn = claim.reply(now, reply);
            self.claim_turn(now, turn);
        }
    }

    fn take(&mut self, now: Millis) {
        let Stage::Attached { conn, since, .. } = self.stage else { return };
        let grounds = Grounds::ReleasedToMe;
        let whose = (self.me, conn);
        let mut claim = Box::new(Claim::new(now, terms(self.planted), &self.name, whose, self.epoch, grounds));
        let turn = claim.poll(now);
        self.stage = Stage::Taking { conn, since, began: now, claim };
        self.claim_turn(now, turn);
    }

    fn claim_turn(&mut self, now: Millis, turn: Turn<Claimed>) {
        let Stage::Taking { conn, since, .. } = self.stage else { return };
        match turn {
            Turn::Ask(request) => self.effects.push_back(GuestEffect::Store { conn, request }),
            Turn::Wait => {}
            Turn::Done(Claimed::Mine(record)) => {
                self.stage = Stage::Over;
                self.effects.push_back(GuestEffect::Enter { conn, record, place: self.place });
            }
            Turn::Done(Claimed::NotReleased) => {
                self.stage = Stage::Attached { conn, since, look_at: now + LOOK_EVERY_MS };
            }
            Turn::Done(Claimed::Gone { .. } | Claimed::Unreadable) | Turn::End(_) => self.decline(Decline::NotReleased),
        }
    }

    fn decline(&mut self, why: Decline) {
        let conn = match &self.stage {
            Stage::Attached { conn, .. } | Stage::Taking { conn, .. } => Some(*conn),
            Stage::Warming { .. } | Stage::Expecting { .. } | Stage::Over => None,
        };
        self.stage = Stage::Over;
        self.effects.push_back(GuestEffect::Decline(why));
        self.effects.extend(conn.map(|conn| GuestEffect::Dismiss { conn }));
    }
}
