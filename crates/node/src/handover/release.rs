//! A release: S writes into the avatar's document that T may take it, and S itself commits nothing more at this epoch.
//!
//! A write whose outcome is unknown is read back. Whoever gives up after a write was sent must raise the epoch before
//! it goes on: the write may still land. [`Release::may_land`] tells.

use protocol::{Code, Incarnation};
use store::{Reply, Request};
use world::{Epoch, Millis};

use super::claim::is_handed;
use crate::avatar::{AVATAR_SCHEMA, AvatarBody, Released, avatar_key};
use crate::limits::STORE_RETRY_MS;
use crate::session::Turn;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// To be begun at this time.
    Begin(Millis),
    Reading,
    Writing,
}

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// The document says so.
    Released,
    /// Somebody else has raised the epoch; `handed`: by taking what was released.
    Gone { handed: bool },
}

/// A release under way.
#[derive(Debug)]
pub(crate) struct Release {
    name: String,
    epoch: Epoch,
    holder: String,
    to: Incarnation,
    step: Step,
    may_land: bool,
}

impl Release {
    pub(crate) fn new(name: String, epoch: Epoch, holder: String, to: Incarnation) -> Self {
        Self { name, epoch, holder, to, step: Step::Begin(Millis(0)), may_land: false }
    }

    /// Whether a write was sent that may have taken effect, or may yet.
    pub(crate) fn may_land(&self) -> bool {
        self.may_land
    }

    /// What to ask of the store now.
    pub(crate) fn poll(&mut self, now: Millis) -> Turn<Wrote> {
        match self.step {
            Step::Begin(at) if at <= now => self.read_again(),
            Step::Begin(_) | Step::Reading | Step::Writing => Turn::Wait,
        }
    }

    /// Goes on with the store's reply.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> Turn<Wrote> {
        match self.step {
            Step::Begin(_) => Turn::Wait,
            Step::Reading => self.read(now, reply),
            Step::Writing => self.written(now, &reply),
        }
    }

    fn read_again(&mut self) -> Turn<Wrote> {
        self.step = Step::Reading;
        Turn::Ask(Request::Get { key: avatar_key(&self.name) })
    }

    fn pause(&mut self, now: Millis) -> Turn<Wrote> {
        self.step = Step::Begin(now + STORE_RETRY_MS);
        Turn::Wait
    }

    fn read(&mut self, now: Millis, reply: Reply) -> Turn<Wrote> {
        let Reply::Found { version, mut document } = reply else {
            return match reply {
                Reply::Absent => Turn::End(Code::Fenced),
                _ => self.pause(now),
            };
        };
        let Ok(mut body) = document.read::<AvatarBody>(AVATAR_SCHEMA) else {
            return Turn::End(Code::DocumentUnreadable);
        };
        if body.epoch != self.epoch.0 || body.holder != self.holder {
            return Turn::Done(Wrote::Gone { handed: is_handed(&body, self.epoch) });
        }
        let released = Released { to: self.to.0, epoch: self.epoch.0 };
        if body.released == Some(released) {
            return Turn::Done(Wrote::Released);
        }
        body.released = Some(released);
        if document.write(AVATAR_SCHEMA, &body).is_err() {
            return Turn::End(Code::DocumentUnreadable);
        }
        self.step = Step::Writing;
        self.may_land = true;
        Turn::Ask(Request::Replace { key: avatar_key(&self.name), version, document })
    }

    fn written(&mut self, now: Millis, reply: &Reply) -> Turn<Wrote> {
        match reply {
            Reply::Applied { .. } => Turn::Done(Wrote::Released),
            Reply::Conflict => self.read_again(),
            Reply::NotApplied | Reply::Unknown | Reply::Found { .. } | Reply::Absent => self.pause(now),
        }
    }
}
