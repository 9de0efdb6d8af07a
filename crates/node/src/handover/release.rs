//! A release: S writes into the avatar's document that T may take it, and S itself commits nothing more at this epoch.
//!
//! A write whose outcome is unknown is read back. Whoever gives up after a write was sent must raise the epoch before
//! it goes on: the write may still land. [`Release::may_land`] tells.

use protocol::{Code, Incarnation};
use store::commit::{Answer, Ask, Found, Steps, Terms, Turn};
use store::{Holder, Holding};
use world::Millis;

use super::claim::is_handed;

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// The document says so.
    Released,
    /// Somebody else has raised the epoch; `handed`: by taking what was released.
    Gone { handed: bool },
    /// The document is lost, or cannot be read.
    Failed(Code),
}

/// A release under way.
#[derive(Debug)]
pub(crate) struct Release {
    terms: Terms,
    holding: Holding,
    to: Holder,
    writing: bool,
    may_land: bool,
}

impl Release {
    pub(crate) fn new(terms: Terms, holding: Holding, to: Incarnation) -> Self {
        Self { terms, holding, to: Holder::new(to), writing: false, may_land: false }
    }

    /// Whether a write was sent that may have taken effect, or may yet.
    pub(crate) fn may_land(&self) -> bool {
        self.may_land
    }

    fn read(&mut self, now: Millis, Found { version, record }: Found) -> Turn<Wrote> {
        if record.epoch != self.holding.epoch || record.holder != self.holding.holder {
            return Turn::Done(Wrote::Gone { handed: is_handed(&record, self.holding.epoch) });
        }
        if record.released.as_ref().is_some_and(|released| released.to == self.to) {
            return Turn::Done(Wrote::Released);
        }
        (self.writing, self.may_land) = (true, true);
        let key = self.holding.actor.clone();
        Turn::Ask(Ask::Replace { key, version, record: record.released(&self.to, now) })
    }
}

impl Steps for Release {
    type Output = Wrote;

    fn begin(&mut self, _: Millis) -> Turn<Wrote> {
        self.writing = false;
        Turn::Ask(Ask::Get { key: self.holding.actor.clone() })
    }

    fn woken(&mut self, now: Millis) -> Turn<Wrote> {
        self.begin(now)
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Wrote> {
        match (self.writing, answer) {
            (false, Answer::Found(found)) => self.read(now, found),
            (false, Answer::Absent) => Turn::Done(Wrote::Failed(Code::Fenced)),
            (false, Answer::Unreadable(_)) => Turn::Done(Wrote::Failed(Code::DocumentUnreadable)),
            (true, Answer::Applied { .. }) => Turn::Done(Wrote::Released),
            (true, Answer::Conflict) => self.begin(now),
            _ => Turn::Sleep(now + self.terms.retry_ms),
        }
    }
}
