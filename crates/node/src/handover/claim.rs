//! A claim: raising an avatar's epoch only while its document allows it, by the raiser of the commit protocol.
//!
//! T claims what is released to it; S claims back what it holds. Each raises by compare-and-swap on the version that it
//! judged, so one of them wins. This only says what the handover makes of how a raise ended.

use protocol::Incarnation;
use store::commit::{Raised, Raiser, Right, Terms};
use store::{Holder, Record, Reply};
use world::{Epoch, Millis};

use crate::avatar::avatar_key;
use crate::io::ConnId;
use crate::session::Turn;
use crate::session::arrival::session_name;
use crate::session::driver::Driver;

/// What a claim stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grounds {
    /// The document names this node as the one that may take it.
    ReleasedToMe,
    /// This node is the holder.
    Holder(Holder),
}

/// How a claim ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The epoch is raised: the document is as it is now.
    Mine(Box<Record>),
    /// The epoch is the one expected, but it is not released. Nothing was written.
    NotReleased,
    /// Somebody else has raised the epoch. `handed`: by a claim like this, so that the session goes on there.
    Gone { handed: bool },
    /// This build cannot read the document. Nothing was written.
    Unreadable,
}

/// What ends the holder of a claim on this epoch.
fn mark(epoch: Epoch) -> String {
    format!("/handover-{}", epoch.0)
}

/// Whether a document that was at `epoch` went on by a claim of the handover's other side.
pub(crate) fn is_handed(record: &Record, epoch: Epoch) -> bool {
    record.epoch == epoch.next() && record.holder.as_str().ends_with(&mark(epoch))
}

/// A claim under way.
#[derive(Debug)]
pub(crate) struct Claim {
    epoch: Epoch,
    /// It stands on a release, which may still come.
    awaits: bool,
    driver: Driver<Raiser>,
}

impl Claim {
    /// A claim on an avatar that is at `epoch`, for the session on `conn`. What it asks first comes with the first poll.
    pub(crate) fn new(
        now: Millis,
        terms: Terms,
        name: &str,
        (me, conn): (Incarnation, ConnId),
        epoch: Epoch,
        grounds: Grounds,
    ) -> Self {
        let awaits = grounds == Grounds::ReleasedToMe;
        let right = match grounds {
            Grounds::ReleasedToMe => Right::Released { to: Holder::new(me), epoch },
            Grounds::Holder(holder) => Right::Held { holder, epoch },
        };
        let holder = session_name(now, me, conn, &mark(epoch));
        Self { epoch, awaits, driver: Driver::new(now, Raiser::new(terms, avatar_key(name), holder, right)) }
    }

    /// What to ask of the store now; `Wait` while a reply is awaited or it pauses.
    pub(crate) fn poll(&mut self, now: Millis) -> Turn<Claimed> {
        let turn = self.driver.poll(now);
        self.told(turn)
    }

    /// Goes on with the store's reply.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> Turn<Claimed> {
        let turn = self.driver.reply(now, reply);
        self.told(turn)
    }

    fn told(&self, turn: Turn<Raised>) -> Turn<Claimed> {
        match turn {
            Turn::Ask(request) => Turn::Ask(request),
            Turn::Wait => Turn::Wait,
            Turn::End(code) => Turn::End(code),
            Turn::Done(Raised::Mine(_, record)) => Turn::Done(Claimed::Mine(record)),
            Turn::Done(Raised::Unreadable(_)) => Turn::Done(Claimed::Unreadable),
            Turn::Done(Raised::NotAllowed(found)) => Turn::Done(match found {
                Some(record) if self.awaits && record.epoch == self.epoch && record.released.is_none() => {
                    Claimed::NotReleased
                }
                Some(record) => Claimed::Gone { handed: is_handed(&record, self.epoch) },
                None => Claimed::Gone { handed: false },
            }),
        }
    }
}
