//! A claim: raising an avatar's epoch only while its document allows it.
//!
//! T claims what is released to it; S claims back what it holds. Both free the document of an intent first, then raise
//! by compare-and-swap on the version that they judged, so one of them wins. The holder of the new epoch is unique to
//! the claim; whatever became of a raise whose outcome is unknown, the document tells.

use protocol::Incarnation;
use store::commit::{Answer, Ask, Found, Patience, Resolved, Resolver, Steps, Terms, Turn};
use store::{Holder, Key, Record};
use world::{Epoch, Millis, Plant};

use crate::avatar::avatar_key;
use crate::io::ConnId;

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

#[derive(Debug)]
enum Step {
    /// The document is being read and freed of its intent.
    Settling(Resolver),
    /// This is being written.
    Raising(Record),
    /// It is to be begun anew at the end of a pause.
    Pausing,
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
    terms: Terms,
    key: Key,
    me: Holder,
    epoch: Epoch,
    grounds: Grounds,
    /// What this claim writes as holder, and nobody else.
    holder: Holder,
    step: Step,
}

impl Claim {
    /// A claim on an avatar that is at `epoch`, for the session on `conn`.
    pub(crate) fn new(terms: Terms, name: &str, me: Incarnation, conn: ConnId, epoch: Epoch, grounds: Grounds) -> Self {
        let holder = Holder::new(format_args!("{me}/{}{}", conn.0, mark(epoch)));
        Self { terms, key: avatar_key(name), me: Holder::new(me), epoch, grounds, holder, step: Step::Pausing }
    }

    fn settle(&mut self, now: Millis) -> Turn<Claimed> {
        let mut resolver = Resolver::new(self.terms, self.key.clone(), Patience::None);
        let turn = resolver.begin(now);
        self.settling(now, resolver, turn)
    }

    fn settling(&mut self, now: Millis, resolver: Resolver, turn: Turn<Resolved>) -> Turn<Claimed> {
        match turn {
            Turn::Ask(ask) => {
                self.step = Step::Settling(resolver);
                Turn::Ask(ask)
            }
            Turn::Sleep(at) => {
                self.step = Step::Settling(resolver);
                Turn::Sleep(at)
            }
            Turn::Done(Resolved::Free(Some(found))) => self.judge(found),
            Turn::Done(Resolved::Free(None)) => Turn::Done(Claimed::Gone { handed: false }),
            Turn::Done(Resolved::Unreadable(_)) => Turn::Done(Claimed::Unreadable),
            Turn::Done(Resolved::Blocked) => self.pause(now),
        }
    }

    fn judge(&mut self, Found { version, record }: Found) -> Turn<Claimed> {
        if record.epoch == self.epoch.next() && record.holder == self.holder {
            return Turn::Done(Claimed::Mine(Box::new(record)));
        }
        if record.epoch != self.epoch {
            return Turn::Done(Claimed::Gone { handed: is_handed(&record, self.epoch) });
        }
        if let Some(refused) = self.refused(&record) {
            return Turn::Done(refused);
        }
        let raised = record.raised(&self.holder);
        self.step = Step::Raising(raised.clone());
        Turn::Ask(Ask::Replace { key: self.key.clone(), version, record: raised })
    }

    /// Why a document at the expected epoch does not let this claim raise it.
    fn refused(&self, record: &Record) -> Option<Claimed> {
        match (&self.grounds, &record.released) {
            (Grounds::ReleasedToMe, _) if self.terms.planted.is(Plant::TakeUnreleased) => None,
            (Grounds::ReleasedToMe, Some(r)) if r.to == self.me && r.epoch == self.epoch.0 => None,
            (Grounds::ReleasedToMe, Some(_)) => Some(Claimed::Gone { handed: false }),
            (Grounds::ReleasedToMe, None) => Some(Claimed::NotReleased),
            (Grounds::Holder(holder), _) => (record.holder != *holder).then_some(Claimed::Gone { handed: false }),
        }
    }

    fn pause(&mut self, now: Millis) -> Turn<Claimed> {
        self.step = Step::Pausing;
        Turn::Sleep(now + self.terms.retry_ms)
    }
}

impl Steps for Claim {
    type Output = Claimed;

    fn begin(&mut self, now: Millis) -> Turn<Claimed> {
        self.settle(now)
    }

    fn woken(&mut self, now: Millis) -> Turn<Claimed> {
        match std::mem::replace(&mut self.step, Step::Pausing) {
            Step::Settling(mut resolver) => {
                let turn = resolver.woken(now);
                self.settling(now, resolver, turn)
            }
            Step::Raising(_) | Step::Pausing => self.settle(now),
        }
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Claimed> {
        match (std::mem::replace(&mut self.step, Step::Pausing), answer) {
            (Step::Settling(mut resolver), answer) => {
                let turn = resolver.answer(now, answer);
                self.settling(now, resolver, turn)
            }
            (Step::Raising(record), Answer::Applied { .. }) => Turn::Done(Claimed::Mine(Box::new(record))),
            (Step::Raising(_), Answer::Conflict) => self.settle(now),
            // Written or not: the document tells.
            (Step::Raising(_) | Step::Pausing, _) => self.pause(now),
        }
    }
}
