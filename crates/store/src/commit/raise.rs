//! The raiser: it makes a session the one that may act for an avatar; and the releaser, by which a holder says that
//! another may take the session over.
//!
//! Invariant: of all raises of one epoch one succeeds, and only it believes so: a raise whose outcome is unknown is
//! mine only if epoch *and* holder are read back.

use world::{Epoch, Millis, Plant};

use super::resolve::{Patience, Resolved, Resolver};
use super::terms::Terms;
use super::turn::{Answer, Ask, Found, Steps, Turn};
use crate::document::Key;
use crate::names::Holder;
use crate::record::{Body, Holding, Record};

/// What entitles to a raise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// A login or a resume: always. Where there is no document, one of this body is made.
    Login {
        /// The body of a new avatar; `None` if there must be one.
        create: Option<Body>,
    },
    /// A handover: only while the session is released to this name.
    Released {
        /// Me, as the releaser calls me.
        to: Holder,
    },
}

/// How a raise ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Raised {
    /// The session is ours, and the document was this just after.
    Mine(Holding, Box<Record>),
    /// There is no document, or the session is not released to us (any more).
    NotAllowed,
    /// The document cannot be read by this build.
    Unreadable(String),
}

/// The raiser of one session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raiser {
    terms: Terms,
    key: Key,
    holder: Holder,
    right: Right,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// The document is being read and freed of its intent.
    Settling(Resolver),
    /// This is being written.
    Raising(Record),
    /// The outcome is unknown: it is being read back.
    ReadingBack(Record),
    /// It is to be read back at the end of a pause.
    Pausing(Option<Record>),
}

impl Raiser {
    /// A raiser for the document `key`. `holder` was never used for another raise.
    #[must_use]
    pub fn new(terms: Terms, key: Key, holder: Holder, right: Right) -> Self {
        let holder = if terms.planted.is(Plant::SharedHolder) { Holder::new("shared") } else { holder };
        Self { terms, key, holder, right, step: Step::Pausing(None) }
    }

    fn settle(&mut self, now: Millis) -> Turn<Raised> {
        let mut resolver = Resolver::new(self.terms, self.key.clone(), Patience::None);
        let turn = resolver.begin(now);
        self.settling(now, resolver, turn)
    }

    fn settling(&mut self, now: Millis, resolver: Resolver, turn: Turn<Resolved>) -> Turn<Raised> {
        match turn {
            Turn::Ask(ask) => {
                self.step = Step::Settling(resolver);
                Turn::Ask(ask)
            }
            Turn::Sleep(at) => {
                self.step = Step::Settling(resolver);
                Turn::Sleep(at)
            }
            Turn::Done(Resolved::Free(found)) => self.raise(now, found),
            Turn::Done(Resolved::Unreadable(why)) => Turn::Done(Raised::Unreadable(why)),
            Turn::Done(Resolved::Blocked) => self.pause(now, None),
        }
    }

    fn raise(&mut self, now: Millis, found: Option<Found>) -> Turn<Raised> {
        let (version, record) = match found {
            Some(Found { version, record }) => (Some(version), record),
            None => (None, Record::default()),
        };
        if self.terms.planted.is(Plant::SkipEpoch) && record.epoch > Epoch(0) {
            return self.mine(record);
        }
        let Some(allowed) = self.allowed(now, record) else { return Turn::Done(Raised::NotAllowed) };
        let raised = allowed.raised(&self.holder);
        let ask = Ask::write(&self.key, version, raised.clone());
        self.step = Step::Raising(raised);
        Turn::Ask(ask)
    }

    /// The record with a body, if we may raise it.
    fn allowed(&self, now: Millis, mut record: Record) -> Option<Record> {
        match &self.right {
            Right::Login { create } => {
                if record.body.is_none() {
                    (record.body, record.gone, record.rev) = (Some(create.clone()?), None, record.next_rev(now));
                }
                Some(record)
            }
            Right::Released { to } => {
                let released = record.released.as_ref()?;
                (released.to == *to && released.epoch == record.epoch.0).then_some(record)
            }
        }
    }

    fn raised(&mut self, now: Millis, record: Record, answer: Answer) -> Turn<Raised> {
        match answer {
            Answer::Applied { .. } => self.mine(record),
            Answer::Conflict => self.settle(now),
            Answer::Unknown => self.pause(now, Some(record)),
            _ => self.pause(now, None),
        }
    }

    fn read_back(&mut self, now: Millis, tried: Record, answer: Answer) -> Turn<Raised> {
        match answer {
            Answer::Found(Found { record, .. }) => {
                let mine = record.epoch == tried.epoch && record.holder == tried.holder;
                if mine { self.mine(record) } else { self.settle(now) }
            }
            Answer::Absent => self.settle(now),
            Answer::Unreadable(why) => Turn::Done(Raised::Unreadable(why)),
            _ => self.pause(now, Some(tried)),
        }
    }

    fn mine(&mut self, record: Record) -> Turn<Raised> {
        let holding = Holding { actor: self.key.clone(), epoch: record.epoch, holder: record.holder.clone() };
        Turn::Done(Raised::Mine(holding, Box::new(record)))
    }

    fn pause(&mut self, now: Millis, tried: Option<Record>) -> Turn<Raised> {
        self.step = Step::Pausing(tried);
        Turn::Sleep(self.terms.retry_at(now))
    }
}

impl Steps for Raiser {
    type Output = Raised;

    fn begin(&mut self, now: Millis) -> Turn<Raised> {
        if self.terms.planted.is(Plant::RaiseOverIntent) {
            // Read alone, as if there were no intent.
            self.step = Step::ReadingBack(Record::default());
            return Turn::Ask(Ask::get(&self.key));
        }
        self.settle(now)
    }

    fn woken(&mut self, now: Millis) -> Turn<Raised> {
        match std::mem::replace(&mut self.step, Step::Pausing(None)) {
            Step::Settling(mut resolver) => {
                let turn = resolver.woken(now);
                self.settling(now, resolver, turn)
            }
            Step::Pausing(Some(tried)) => {
                self.step = Step::ReadingBack(tried);
                Turn::Ask(Ask::get(&self.key))
            }
            Step::Pausing(None) | Step::Raising(_) | Step::ReadingBack(_) => self.begin(now),
        }
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Raised> {
        match std::mem::replace(&mut self.step, Step::Pausing(None)) {
            Step::Settling(mut resolver) => {
                let turn = resolver.answer(now, answer);
                self.settling(now, resolver, turn)
            }
            Step::Raising(record) => self.raised(now, record, answer),
            Step::ReadingBack(tried) if tried.epoch == Epoch(0) => match answer {
                Answer::Found(found) => self.raise(now, Some(found)),
                Answer::Absent => self.raise(now, None),
                _ => self.pause(now, None),
            },
            Step::ReadingBack(tried) => self.read_back(now, tried, answer),
            Step::Pausing(tried) => self.pause(now, tried),
        }
    }
}

/// How a release ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Released {
    /// The other may take the session; this holder acts no more. To take it back, raise.
    Yes,
    /// The session is not ours any more.
    Replaced,
}

/// A release of one session to another holder, when its last attempt has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Releaser {
    terms: Terms,
    holding: Holding,
    to: Holder,
    reading: bool,
}

impl Releaser {
    /// A release to who calls itself `to`.
    #[must_use]
    pub fn new(terms: Terms, holding: Holding, to: Holder) -> Self {
        Self { terms, holding, to, reading: true }
    }

    fn read(&mut self, now: Millis, found: Found) -> Turn<Released> {
        let Found { version, record } = found;
        let holds = record.epoch == self.holding.epoch && record.holder == self.holding.holder;
        match &record.released {
            _ if !holds => Turn::Done(Released::Replaced),
            Some(released) if released.to == self.to => Turn::Done(Released::Yes),
            _ => {
                self.reading = false;
                Turn::Ask(Ask::write(&self.holding.actor, Some(version), record.released(&self.to, now)))
            }
        }
    }
}

impl Steps for Releaser {
    type Output = Released;

    fn begin(&mut self, _: Millis) -> Turn<Released> {
        self.reading = true;
        Turn::Ask(Ask::get(&self.holding.actor))
    }

    fn woken(&mut self, now: Millis) -> Turn<Released> {
        self.begin(now)
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Released> {
        match answer {
            Answer::Found(found) if self.reading => self.read(now, found),
            Answer::Absent | Answer::Unreadable(_) if self.reading => Turn::Done(Released::Replaced),
            Answer::Applied { .. } => Turn::Done(Released::Yes),
            Answer::Conflict => self.begin(now),
            // Written or not: it is read again, and written again at the version that the late write needs.
            _ => Turn::Sleep(self.terms.retry_at(now)),
        }
    }
}
