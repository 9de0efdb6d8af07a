//! The sweeper of one key: it removes a tombstone once no late write can need it. Nobody else removes anything.
//!
//! Invariant: it removes only a document without body, intent and session, at the version that it read, and only after
//! it stood for [`super::terms::LATE_WRITE_MS`].

use world::{Epoch, Millis, Plant};

use super::resolve::{Patience, Resolved, Resolver};
use super::terms::Terms;
use super::turn::{Answer, Ask, Found, Steps, Turn};
use crate::document::Key;

/// How a sweeper ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Swept {
    /// There is nothing under the key.
    Gone,
    /// There is something that stays.
    Stays,
    /// A document cannot be read by this build.
    Unreadable(String),
}

/// The sweeper of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sweeper {
    terms: Terms,
    key: Key,
    /// `None`: the removal is under way.
    settling: Option<Resolver>,
}

impl Sweeper {
    /// A sweeper.
    #[must_use]
    pub fn new(terms: Terms, key: Key) -> Self {
        let settling = Some(Resolver::new(terms, key.clone(), Patience::Deadline));
        Self { terms, key, settling }
    }

    fn settled(&mut self, now: Millis, turn: Turn<Resolved>) -> Turn<Swept> {
        match turn {
            Turn::Ask(ask) => Turn::Ask(ask),
            Turn::Sleep(at) => Turn::Sleep(at),
            Turn::Done(Resolved::Unreadable(why)) => Turn::Done(Swept::Unreadable(why)),
            Turn::Done(Resolved::Blocked) => Turn::Sleep(self.terms.retry_at(now)),
            Turn::Done(Resolved::Free(None)) => Turn::Done(Swept::Gone),
            Turn::Done(Resolved::Free(Some(found))) => self.judge(now, found),
        }
    }

    fn judge(&mut self, now: Millis, Found { version, record }: Found) -> Turn<Swept> {
        let Some(since) = record.gone.filter(|_| record.body.is_none() && record.epoch == Epoch(0)) else {
            return Turn::Done(Swept::Stays);
        };
        let dead_at = since + self.terms.late_write_ms;
        if now < dead_at && !self.terms.planted.is(Plant::SweepEarly) {
            return Turn::Sleep(dead_at);
        }
        self.settling = None;
        Turn::Ask(Ask::Remove { key: self.key.clone(), version })
    }
}

impl Steps for Sweeper {
    type Output = Swept;

    fn begin(&mut self, now: Millis) -> Turn<Swept> {
        let mut resolver = Resolver::new(self.terms, self.key.clone(), Patience::Deadline);
        let turn = resolver.begin(now);
        self.settling = Some(resolver);
        self.settled(now, turn)
    }

    fn woken(&mut self, now: Millis) -> Turn<Swept> {
        self.begin(now)
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Swept> {
        match (self.settling.as_mut().map(|resolver| resolver.answer(now, answer.clone())), answer) {
            (Some(turn), _) => self.settled(now, turn),
            (None, Answer::Applied { .. }) => Turn::Done(Swept::Gone),
            (None, Answer::Conflict) => self.begin(now),
            (None, _) => Turn::Sleep(self.terms.retry_at(now)),
        }
    }
}
