//! S's machine: gives one session to another node, or keeps it.
//!
//! Until the client freezes nothing has changed and everything can be dropped. From the freeze on the client waits, and
//! each way ends in a bounded time: the other node has it, it stays, or the session ends and the client resumes.
//!
//! Invariant: [`GiveEffect::Stay`] without a raised epoch only if no release can be in the store, now or later.

use std::collections::VecDeque;

use protocol::{Code, Incarnation};
use store::commit::{Released, Releaser};
use store::{Holder, Holding, Record, Reply, Request};
use world::{Epoch, Millis, Plant, Planted};

use super::claim::{Claim, Claimed, Grounds, is_handed};
use super::{Outcome, Reason};
use crate::io::ConnId;
use crate::limits::{FINISH_MS, FROZEN_MS, INVITE_MS, PREPARE_MS, RELEASE_MS, TAKE_BACK_MS, WORD_AGAIN_MS};
use crate::session::Turn;
use crate::session::arrival::terms;
use crate::session::driver::Driver;

/// What happens to a handover on S's side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GiveInput {
    /// Time has passed. `idle`: no deed of the session waits or is under way.
    Wake { idle: bool },
    /// T is ready.
    Prepared { token: Vec<u8> },
    /// T is not, or not any more.
    Declined,
    /// The client sends nothing more.
    Frozen,
    /// Somebody has raised the epoch, and nobody knows who.
    Doubted,
    /// T says that it has raised the epoch to this.
    Taken { epoch: Epoch },
    /// The store answered.
    Stored(Reply),
}

/// What S is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GiveEffect {
    /// Ask T to get ready.
    Prepare,
    /// Invite the client.
    Invite { token: Vec<u8> },
    /// Ask the store.
    Store(Request),
    /// Tell T that it may take the avatar.
    Release,
    /// Tell T that nothing comes of it.
    CallOff,
    /// The session goes on here, at the document's epoch if it was raised. The client may wait to hear so.
    Stay { raised: Option<Box<Record>> },
    /// T has the avatar (`handed_over`), or a resume has (`replaced`): the session ends here.
    Lost { code: Code },
    /// The session cannot go on here, and nobody knows whose it is: end it with this code.
    End(Code),
    /// It is over.
    Over(Outcome),
}

#[derive(Debug)]
enum Stage {
    Preparing { since: Millis, say_at: Millis },
    Inviting { since: Millis },
    Finishing,
    Releasing(Driver<Releaser>),
    Released { since: Millis, say_at: Millis },
    TakingBack(Box<Claim>),
    Over,
}

/// Whose session it is.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) name: String,
    pub(crate) me: Incarnation,
    pub(crate) conn: ConnId,
    pub(crate) holding: Holding,
}

/// One handover on S's side.
#[derive(Debug)]
pub(crate) struct Giving {
    pub(crate) id: u64,
    pub(crate) to: Incarnation,
    pub(crate) reason: Reason,
    held: Held,
    stage: Stage,
    frozen_at: Option<Millis>,
    effects: VecDeque<GiveEffect>,
    planted: Planted,
}

impl Giving {
    /// Begins by asking T to get ready.
    pub(crate) fn new(now: Millis, id: u64, to: Incarnation, reason: Reason, held: Held, planted: Planted) -> Self {
        let stage = Stage::Preparing { since: now, say_at: now + WORD_AGAIN_MS };
        let effects = [GiveEffect::Prepare].into();
        Self { id, to, reason, held, stage, frozen_at: None, effects, planted }
    }

    /// Takes in what happened.
    pub(crate) fn handle(&mut self, now: Millis, input: GiveInput) {
        match input {
            GiveInput::Wake { idle } => self.wake(now, idle),
            GiveInput::Prepared { token } => self.prepared(now, token),
            GiveInput::Declined => self.declined(now),
            GiveInput::Frozen => self.frozen(now),
            GiveInput::Doubted => self.take_back(now),
            GiveInput::Taken { epoch } => self.taken(epoch),
            GiveInput::Stored(reply) => self.stored(now, reply),
        }
    }

    /// The next thing to do, in order.
    pub(crate) fn poll_effect(&mut self) -> Option<GiveEffect> {
        self.effects.pop_front()
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Whether the client has frozen for it.
    pub(crate) fn was_frozen(&self) -> bool {
        self.frozen_at.is_some()
    }

    /// Since when the client has been frozen.
    pub(crate) fn frozen_since(&self) -> Option<Millis> {
        self.frozen_at.filter(|_| !self.is_over())
    }

    /// Whether the avatar may be T's by now, so that who sees it should await it.
    pub(crate) fn may_be_taken(&self) -> bool {
        match &self.stage {
            Stage::Releasing(release) => release.steps().may_land(),
            Stage::Released { .. } | Stage::TakingBack(_) => true,
            Stage::Preparing { .. } | Stage::Inviting { .. } | Stage::Finishing | Stage::Over => false,
        }
    }

    fn wake(&mut self, now: Millis, idle: bool) {
        if self.frozen_since().is_some_and(|since| now.since(since) >= FROZEN_MS)
            && !self.planted.is(Plant::NeverTakeBack)
        {
            return self.end(GiveEffect::End(Code::Fenced), Outcome::Fenced);
        }
        let frozen_for = self.frozen_at.map_or(0, |since| now.since(since));
        match &mut self.stage {
            Stage::Preparing { since, .. } if now.since(*since) >= PREPARE_MS => self.drop_it(Outcome::Unprepared),
            Stage::Preparing { say_at, .. } if *say_at <= now => {
                *say_at = now + WORD_AGAIN_MS;
                self.effects.push_back(GiveEffect::Prepare);
            }
            Stage::Inviting { since } if now.since(*since) >= INVITE_MS => self.drop_it(Outcome::Ignored),
            Stage::Finishing if idle || self.planted.is(Plant::AckAfterFreeze) => self.release(now),
            Stage::Finishing if frozen_for >= FINISH_MS => self.drop_it(Outcome::Unfinished),
            Stage::Releasing(_) if frozen_for >= FINISH_MS + RELEASE_MS => self.give_up_releasing(now),
            Stage::Releasing(release) => {
                let turn = release.poll(now);
                self.release_turn(now, turn);
            }
            Stage::Released { since, .. } if now.since(*since) >= TAKE_BACK_MS => self.take_back(now),
            Stage::Released { say_at, .. } if *say_at <= now => {
                *say_at = now + WORD_AGAIN_MS;
                self.effects.push_back(GiveEffect::Release);
            }
            Stage::TakingBack(claim) => {
                let turn = claim.poll(now);
                self.claim_turn(turn);
            }
            Stage::Preparing { .. }
            | Stage::Inviting { .. }
            | Stage::Finishing
            | Stage::Released { .. }
            | Stage::Over => {}
        }
    }

    fn prepared(&mut self, now: Millis, token: Vec<u8>) {
        if matches!(self.stage, Stage::Preparing { .. }) {
            self.stage = Stage::Inviting { since: now };
            self.effects.push_back(GiveEffect::Invite { token });
        }
    }

    fn declined(&mut self, now: Millis) {
        match &self.stage {
            Stage::Preparing { .. } | Stage::Inviting { .. } | Stage::Finishing => self.drop_it(Outcome::Declined),
            Stage::Releasing(_) => self.give_up_releasing(now),
            Stage::Released { .. } => self.take_back(now),
            Stage::TakingBack(_) | Stage::Over => {}
        }
    }

    fn frozen(&mut self, now: Millis) {
        if matches!(self.stage, Stage::Inviting { .. }) {
            self.frozen_at = Some(now);
            self.stage = Stage::Finishing;
        }
    }

    fn taken(&mut self, epoch: Epoch) {
        if epoch > self.held.holding.epoch && self.may_be_taken() {
            self.lose(true);
        }
    }

    fn stored(&mut self, now: Millis, reply: Reply) {
        match &mut self.stage {
            Stage::Releasing(release) => {
                let turn = release.reply(now, reply);
                self.release_turn(now, turn);
            }
            Stage::TakingBack(claim) => {
                let turn = claim.reply(now, reply);
                self.claim_turn(turn);
            }
            Stage::Preparing { .. }
            | Stage::Inviting { .. }
            | Stage::Finishing
            | Stage::Released { .. }
            | Stage::Over => {}
        }
    }

    fn release(&mut self, now: Millis) {
        let releaser = Releaser::new(terms(self.planted), self.held.holding.clone(), Holder::new(self.to));
        let mut release = Driver::new(now, releaser);
        let turn = release.poll(now);
        self.stage = Stage::Releasing(release);
        self.release_turn(now, turn);
    }

    fn release_turn(&mut self, now: Millis, turn: Turn<Released>) {
        match turn {
            Turn::Ask(request) => self.effects.push_back(GiveEffect::Store(request)),
            Turn::Wait => {}
            Turn::Done(Released::Yes) => {
                self.stage = Stage::Released { since: now, say_at: now + WORD_AGAIN_MS };
                self.effects.push_back(GiveEffect::Release);
            }
            Turn::Done(Released::Replaced(record)) => self.lose(is_handed(&record, self.held.holding.epoch)),
            Turn::Done(Released::Lost) => self.end(GiveEffect::End(Code::Fenced), Outcome::Fenced),
            Turn::Done(Released::Unreadable(_)) => self.end(GiveEffect::End(Code::DocumentUnreadable), Outcome::Fenced),
            Turn::End(code) => self.end(GiveEffect::End(code), Outcome::Fenced),
        }
    }

    /// Nothing was written that could land, or the epoch must be raised first.
    fn give_up_releasing(&mut self, now: Millis) {
        match &self.stage {
            Stage::Releasing(release) if !release.steps().may_land() => self.drop_it(Outcome::Unfinished),
            _ => self.take_back(now),
        }
    }

    fn take_back(&mut self, now: Millis) {
        if self.planted.is(Plant::NeverTakeBack) {
            return;
        }
        let Held { name, me, conn, holding: Holding { epoch, holder, .. } } = self.held.clone();
        let grounds = Grounds::Holder(holder);
        let mut claim = Box::new(Claim::new(now, terms(self.planted), &name, (me, conn), epoch, grounds));
        let turn = claim.poll(now);
        self.stage = Stage::TakingBack(claim);
        self.claim_turn(turn);
    }

    fn claim_turn(&mut self, turn: Turn<Claimed>) {
        match turn {
            Turn::Ask(request) => self.effects.push_back(GiveEffect::Store(request)),
            Turn::Wait => {}
            Turn::Done(Claimed::Mine(record)) => {
                self.effects.push_back(GiveEffect::CallOff);
                self.end(GiveEffect::Stay { raised: Some(record) }, Outcome::TakenBack);
            }
            Turn::Done(Claimed::Gone { handed }) => self.lose(handed),
            Turn::Done(Claimed::NotReleased) => self.lose(false),
            Turn::Done(Claimed::Unreadable) => self.end(GiveEffect::End(Code::DocumentUnreadable), Outcome::Fenced),
            Turn::End(code) => self.end(GiveEffect::End(code), Outcome::Fenced),
        }
    }

    /// Nothing was changed: the session goes on as it was.
    fn drop_it(&mut self, outcome: Outcome) {
        self.effects.push_back(GiveEffect::CallOff);
        self.end(GiveEffect::Stay { raised: None }, outcome);
    }

    fn lose(&mut self, handed: bool) {
        let (code, outcome) = if handed { (Code::HandedOver, Outcome::Done) } else { (Code::Replaced, Outcome::Ended) };
        self.end(GiveEffect::Lost { code }, outcome);
    }

    fn end(&mut self, effect: GiveEffect, outcome: Outcome) {
        self.stage = Stage::Over;
        self.effects.push_back(GiveEffect::Over(outcome));
        self.effects.push_back(effect);
    }
}
