//! A claim: raising an avatar's epoch only while its document allows it.
//!
//! T claims what is released to it; S claims back what it holds. Both do it by compare-and-swap on the version that
//! they judged, so one of them wins. The holder of the new epoch is unique to the claim; whatever became of a raise
//! whose outcome is unknown, the document tells.

use protocol::{Code, Incarnation};
use store::{Reply, Request};
use world::{Epoch, Millis, Plant, Planted};

use crate::avatar::{AVATAR_SCHEMA, AvatarBody, avatar_key};
use crate::io::ConnId;
use crate::limits::STORE_RETRY_MS;
use crate::session::Turn;

/// What a claim stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grounds {
    /// The document names this node as the one that may take it.
    ReleasedToMe,
    /// This node is the holder.
    Holder(String),
}

/// How a claim ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The epoch is raised: the document is as it is now.
    Mine(AvatarBody),
    /// The epoch is the one expected, but it is not released. Nothing was written.
    NotReleased,
    /// Somebody else has raised the epoch. `handed`: by a claim like this, so that the session goes on there.
    Gone { handed: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// To be begun at this time.
    Begin(Millis),
    Reading,
    Raising,
}

/// What ends the holder of a claim on this epoch.
fn mark(epoch: Epoch) -> String {
    format!("/handover-{}", epoch.0)
}

/// Whether a document that was at `epoch` went on by a claim of the handover's other side.
pub(crate) fn is_handed(body: &AvatarBody, epoch: Epoch) -> bool {
    body.epoch == epoch.next().0 && body.holder.ends_with(&mark(epoch))
}

/// A claim under way.
#[derive(Debug)]
pub(crate) struct Claim {
    name: String,
    me: Incarnation,
    epoch: Epoch,
    grounds: Grounds,
    /// What this claim writes as holder, and nobody else.
    holder: String,
    step: Step,
    raising: Option<AvatarBody>,
    planted: Planted,
}

impl Claim {
    /// A claim on an avatar that is at `epoch`, for the session on `conn`.
    pub(crate) fn new(
        name: String,
        me: Incarnation,
        conn: ConnId,
        epoch: Epoch,
        grounds: Grounds,
        planted: Planted,
    ) -> Self {
        let holder = format!("{me}/{}{}", conn.0, mark(epoch));
        Self { name, me, epoch, grounds, holder, step: Step::Begin(Millis(0)), raising: None, planted }
    }

    /// What to ask of the store now; `Wait` while a reply is awaited or it pauses.
    pub(crate) fn poll(&mut self, now: Millis) -> Turn<Claimed> {
        match self.step {
            Step::Begin(at) if at <= now => self.read_again(),
            Step::Begin(_) | Step::Reading | Step::Raising => Turn::Wait,
        }
    }

    /// Goes on with the store's reply.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> Turn<Claimed> {
        match self.step {
            Step::Begin(_) => Turn::Wait,
            Step::Reading => self.read(now, reply),
            Step::Raising => self.raised(now, &reply),
        }
    }

    fn read_again(&mut self) -> Turn<Claimed> {
        self.step = Step::Reading;
        Turn::Ask(Request::Get { key: avatar_key(&self.name) })
    }

    fn pause(&mut self, now: Millis) -> Turn<Claimed> {
        self.step = Step::Begin(now + STORE_RETRY_MS);
        Turn::Wait
    }

    fn read(&mut self, now: Millis, reply: Reply) -> Turn<Claimed> {
        let Reply::Found { version, mut document } = reply else {
            return match reply {
                Reply::Absent => Turn::Done(Claimed::Gone { handed: false }),
                _ => self.pause(now),
            };
        };
        let Ok(mut body) = document.read::<AvatarBody>(AVATAR_SCHEMA) else {
            return Turn::End(Code::DocumentUnreadable);
        };
        let next = self.epoch.next();
        if body.epoch == next.0 && body.holder == self.holder {
            return Turn::Done(Claimed::Mine(body));
        }
        if body.epoch != self.epoch.0 {
            return Turn::Done(Claimed::Gone { handed: is_handed(&body, self.epoch) });
        }
        if let Some(refused) = self.refused(&body) {
            return Turn::Done(refused);
        }
        body.raise(next, self.holder.clone());
        if document.write(AVATAR_SCHEMA, &body).is_err() {
            return Turn::End(Code::DocumentUnreadable);
        }
        self.raising = Some(body);
        self.step = Step::Raising;
        Turn::Ask(Request::Replace { key: avatar_key(&self.name), version, document })
    }

    /// Why a document at the expected epoch does not let this claim raise it.
    fn refused(&self, body: &AvatarBody) -> Option<Claimed> {
        match (&self.grounds, body.released) {
            (Grounds::ReleasedToMe, _) if self.planted.is(Plant::TakeUnreleased) => None,
            (Grounds::ReleasedToMe, Some(r)) if r.to == self.me.0 && r.epoch == self.epoch.0 => None,
            (Grounds::ReleasedToMe, Some(_)) => Some(Claimed::Gone { handed: false }),
            (Grounds::ReleasedToMe, None) => Some(Claimed::NotReleased),
            (Grounds::Holder(holder), _) => (body.holder != *holder).then_some(Claimed::Gone { handed: false }),
        }
    }

    fn raised(&mut self, now: Millis, reply: &Reply) -> Turn<Claimed> {
        match (reply, self.raising.take()) {
            (Reply::Applied { .. }, Some(body)) => Turn::Done(Claimed::Mine(body)),
            (Reply::Conflict, _) => self.read_again(),
            _ => self.pause(now),
        }
    }
}
