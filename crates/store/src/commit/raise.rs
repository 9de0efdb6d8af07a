//! The raiser: it makes a session the one that may act for an avatar; and the releaser, by which a holder says that
//! another may take the session over.
//!
//! Invariant: of all raises of one epoch one succeeds, and only it believes so: a raise whose outcome is unknown is
//! mine only if the document has the epoch that was written and names its holder, which nobody else has.

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
    /// A handover: only while the session of this epoch is released to this name.
    Released {
        /// Me, as the releaser calls me.
        to: Holder,
        /// The epoch that ends.
        epoch: Epoch,
    },
    /// Taking back what was released: only while this holder has this epoch, released or not.
    Held {
        /// Me.
        holder: Holder,
        /// The epoch that ends.
        epoch: Epoch,
    },
}

/// How a raise ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Raised {
    /// The session is ours, and the document was this just after.
    Mine(Holding, Box<Record>),
    /// The document, which is this, does not allow it (any more); or there is none. Nothing was written.
    NotAllowed(Option<Box<Record>>),
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
    /// The epoch that was written last, whatever became of it.
    tried: Option<Epoch>,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// The document is being read and freed of its intent.
    Settling(Resolver),
    /// Only with [`Plant::RaiseOverIntent`]: it is being read alone.
    Reading,
    /// This is being written.
    Raising(Record),
    /// It is to be begun anew at the end of a pause: what became of the last write, the document tells.
    Pausing,
}

impl Raiser {
    /// A raiser for the document `key`. `holder` was never used for another raise.
    #[must_use]
    pub fn new(terms: Terms, key: Key, holder: Holder, right: Right) -> Self {
        let holder = if terms.planted.is(Plant::SharedHolder) { Holder::new("shared") } else { holder };
        Self { terms, key, holder, right, tried: None, step: Step::Pausing }
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
            Turn::Done(Resolved::Blocked) => self.pause(now),
        }
    }

    fn raise(&mut self, now: Millis, found: Option<Found>) -> Turn<Raised> {
        let (version, record) = match found {
            Some(Found { version, record }) => (Some(version), record),
            None => (None, Record::default()),
        };
        let skips = self.terms.planted.is(Plant::SkipEpoch) && record.epoch > Epoch(0);
        // Nobody else has this name: a write whose outcome was unknown, or that came late, has happened. A name that is
        // there before anything was written is an old one that came back, and gives nothing.
        if skips || (self.tried == Some(record.epoch) && record.holder == self.holder) {
            return self.mine(record);
        }
        let ready = match self.allowed(now, &record) {
            Some(ready) => ready,
            None => return Turn::Done(Raised::NotAllowed(version.map(|_| Box::new(record)))),
        };
        let raised = ready.raised(&self.holder);
        let ask = Ask::write(&self.key, version, raised.clone());
        self.tried = Some(raised.epoch);
        self.step = Step::Raising(raised);
        Turn::Ask(ask)
    }

    /// The record with a body, if we may raise it.
    fn allowed(&self, now: Millis, record: &Record) -> Option<Record> {
        let mut ready = record.clone();
        let may = match &self.right {
            Right::Login { create } => {
                if ready.body.is_none() {
                    (ready.body, ready.gone, ready.rev) = (Some(create.clone()?), None, ready.next_rev(now));
                }
                true
            }
            Right::Released { to, epoch } => {
                let released = record.released.as_ref().is_some_and(|r| r.to == *to && r.epoch == epoch.0);
                record.epoch == *epoch && (released || self.terms.planted.is(Plant::TakeUnreleased))
            }
            Right::Held { holder, epoch } => record.epoch == *epoch && record.holder == *holder,
        };
        may.then_some(ready)
    }

    fn mine(&mut self, record: Record) -> Turn<Raised> {
        let holding = Holding { actor: self.key.clone(), epoch: record.epoch, holder: record.holder.clone() };
        Turn::Done(Raised::Mine(holding, Box::new(record)))
    }

    fn pause(&mut self, now: Millis) -> Turn<Raised> {
        self.step = Step::Pausing;
        Turn::Sleep(self.terms.retry_at(now))
    }
}

impl Steps for Raiser {
    type Output = Raised;

    fn begin(&mut self, now: Millis) -> Turn<Raised> {
        if self.terms.planted.is(Plant::RaiseOverIntent) {
            self.step = Step::Reading;
            return Turn::Ask(Ask::get(&self.key));
        }
        self.settle(now)
    }

    fn woken(&mut self, now: Millis) -> Turn<Raised> {
        match std::mem::replace(&mut self.step, Step::Pausing) {
            Step::Settling(mut resolver) => {
                let turn = resolver.woken(now);
                self.settling(now, resolver, turn)
            }
            Step::Reading | Step::Raising(_) | Step::Pausing => self.begin(now),
        }
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Raised> {
        match (std::mem::replace(&mut self.step, Step::Pausing), answer) {
            (Step::Settling(mut resolver), answer) => {
                let turn = resolver.answer(now, answer);
                self.settling(now, resolver, turn)
            }
            (Step::Reading, Answer::Found(found)) => self.raise(now, Some(found)),
            (Step::Reading, Answer::Absent) => self.raise(now, None),
            (Step::Raising(record), Answer::Applied { .. }) => self.mine(record),
            (Step::Raising(_), Answer::Conflict) => self.begin(now),
            (Step::Reading | Step::Raising(_) | Step::Pausing, _) => self.pause(now),
        }
    }
}

/// How a release ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Released {
    /// The other may take the session; this holder acts no more. To take it back, raise by [`Right::Held`].
    Yes,
    /// The session is not ours any more: the document is this.
    Replaced(Box<Record>),
    /// There is no document.
    Lost,
    /// The document cannot be read by this build.
    Unreadable(String),
}

/// A release of one session to another holder, when its last attempt has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Releaser {
    terms: Terms,
    holding: Holding,
    to: Holder,
    reading: bool,
    may_land: bool,
}

impl Releaser {
    /// A release to who calls itself `to`.
    #[must_use]
    pub fn new(terms: Terms, holding: Holding, to: Holder) -> Self {
        Self { terms, holding, to, reading: true, may_land: false }
    }

    /// Whether a write was sent that may have taken effect, or may yet. Whoever gives up then must raise the epoch before
    /// it goes on.
    #[must_use]
    pub fn may_land(&self) -> bool {
        self.may_land
    }

    fn read(&mut self, now: Millis, found: Found) -> Turn<Released> {
        let Found { version, record } = found;
        let holds = record.epoch == self.holding.epoch && record.holder == self.holding.holder;
        match &record.released {
            _ if !holds => Turn::Done(Released::Replaced(Box::new(record))),
            Some(released) if released.to == self.to => Turn::Done(Released::Yes),
            _ => {
                (self.reading, self.may_land) = (false, true);
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
            Answer::Absent if self.reading => Turn::Done(Released::Lost),
            Answer::Unreadable(why) if self.reading => Turn::Done(Released::Unreadable(why)),
            Answer::Applied { .. } => Turn::Done(Released::Yes),
            Answer::Conflict => self.begin(now),
            // Written or not: it is read again, and written again at the version that the late write needs.
            _ => Turn::Sleep(self.terms.retry_at(now)),
        }
    }
}
