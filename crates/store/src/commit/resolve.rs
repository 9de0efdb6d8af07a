//! The resolver: it frees one document of its intent. Anybody may run one, at any time, any number at once.
//!
//! It reads the document, then the actor's document, both from the store, and never trusts a copy. Invariant: it writes
//! the document only at the version that it read *before* the actor's.

use world::{Millis, Plant};

use super::terms::Terms;
use super::turn::{Answer, Ask, Found, Steps, Turn};
use crate::document::Key;
use crate::names::Txn;
use crate::record::{Change, Intent, Record};

/// When a resolver ends an attempt that is still undecided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Patience {
    /// At once: a takeover does not wait.
    None,
    /// Once the attempt's deadline has passed.
    Deadline,
    /// At once if this deed is older or the actor's own attempt is left over; else not before its deadline.
    Elder {
        /// The actor of this deed.
        actor: Key,
        /// When this deed was first begun.
        age: Millis,
        /// This attempt.
        txn: Txn,
    },
}

/// How a resolver ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resolved {
    /// The document has no intent, and is this; `None` if there is no document. See [`Resolver::carried`].
    Free(Option<Found>),
    /// An older deed is under way on it: ask later.
    Blocked,
    /// A document cannot be read by this build.
    Unreadable(String),
}

/// The resolver of one document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resolver {
    terms: Terms,
    key: Key,
    patience: Patience,
    step: Step,
    /// Whoever asked writes the document next, and carries the intent out with that same write.
    carries: bool,
    /// Only with [`Plant::CachedResolve`].
    cached: Option<Option<Found>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// The document is being read.
    Reading,
    /// The actor's document is being read.
    Deciding(Found, Intent),
    /// The attempt is being fenced off.
    Fencing(Found, Intent),
    /// The document is being written.
    Freeing(Record),
    /// Only with [`Plant::CachedResolve`]: the actor's document is read before the intent's.
    Caching(Key),
}

impl Resolver {
    /// A resolver.
    #[must_use]
    pub fn new(terms: Terms, key: Key, patience: Patience) -> Self {
        Self { terms, key, patience, step: Step::Reading, carries: false, cached: None }
    }

    /// A resolver that leaves the write to who asked. What it ends with has no intent, at the version of the document
    /// that has one: a write at that version carries the intent out and does more, in one step. A document that is to be
    /// deleted is written all the same, so that its tombstone stands.
    #[must_use]
    pub fn carried(self) -> Self {
        Self { carries: true, ..self }
    }

    fn read(&mut self, now: Millis, answer: Answer) -> Turn<Resolved> {
        match answer {
            Answer::Absent => Turn::Done(Resolved::Free(None)),
            Answer::Unreadable(why) => Turn::Done(Resolved::Unreadable(why)),
            Answer::Found(found) => match found.record.intent.clone() {
                None => Turn::Done(Resolved::Free(Some(found))),
                Some(intent) => self.ask_the_actor(now, found, intent),
            },
            Answer::Applied { .. } | Answer::Conflict | Answer::NotApplied | Answer::Unknown => self.later(now),
        }
    }

    fn ask_the_actor(&mut self, now: Millis, found: Found, intent: Intent) -> Turn<Resolved> {
        if self.terms.planted.is(Plant::CachedResolve) {
            if let Some(cached) = self.cached.clone() {
                return self.decide(now, found, intent, cached);
            }
            self.step = Step::Caching(intent.actor.clone());
            return Turn::Ask(Ask::get(&intent.actor));
        }
        let ask = Ask::get(&intent.actor);
        self.step = Step::Deciding(found, intent);
        Turn::Ask(ask)
    }

    /// The rule. The actor's document was read after the intent, so what it says holds as long as the intent stands.
    fn decide(&mut self, now: Millis, found: Found, intent: Intent, actor: Option<Found>) -> Turn<Resolved> {
        let Some(actor) = actor else { return self.free(now, found, false) };
        if actor.record.has_open(&intent.txn) {
            return self.free(now, found, true);
        }
        if actor.record.seq != intent.seq {
            return self.free(now, found, false);
        }
        if let Some(patient) = self.patient(now, &intent) {
            return patient;
        }
        let ask = Ask::write(&intent.actor, Some(actor.version), actor.record.fenced());
        self.step = Step::Fencing(found, intent);
        Turn::Ask(ask)
    }

    /// What to do instead of fencing, if it is not time for that.
    fn patient(&mut self, now: Millis, intent: &Intent) -> Option<Turn<Resolved>> {
        let expired = now >= intent.deadline;
        match &self.patience {
            Patience::None => None,
            Patience::Deadline => (!expired).then(|| self.begin_at(intent.deadline)),
            Patience::Elder { actor, age, txn } => {
                let elder = (*age, txn) < (intent.age, &intent.txn);
                let may = elder || expired || *actor == intent.actor;
                (!may).then_some(Turn::Done(Resolved::Blocked))
            }
        }
    }

    fn fenced(&mut self, now: Millis, found: Found, intent: Intent, answer: Answer) -> Turn<Resolved> {
        match answer {
            // It did not commit, and now never will.
            Answer::Applied { .. } => self.free(now, found, false),
            Answer::Conflict => {
                let ask = Ask::get(&intent.actor);
                self.step = Step::Deciding(found, intent);
                Turn::Ask(ask)
            }
            _ => self.later(now),
        }
    }

    fn free(&mut self, now: Millis, found: Found, committed: bool) -> Turn<Resolved> {
        let (ask, record) = free(&self.terms, &self.key, now, &found, committed);
        if self.carries && record.body.is_some() {
            return Turn::Done(Resolved::Free(Some(Found { version: found.version, record })));
        }
        self.step = Step::Freeing(record);
        Turn::Ask(ask)
    }

    fn freed(&mut self, now: Millis, record: Record, answer: Answer) -> Turn<Resolved> {
        match answer {
            Answer::Applied { .. } if self.terms.planted.is(Plant::RemoveBare) && record.body.is_none() => {
                self.begin(now)
            }
            Answer::Applied { version } => Turn::Done(Resolved::Free(Some(Found { version, record }))),
            Answer::Conflict => self.begin(now),
            _ => self.later(now),
        }
    }

    fn later(&mut self, now: Millis) -> Turn<Resolved> {
        self.begin_at(self.terms.retry_at(now))
    }

    fn begin_at(&mut self, at: Millis) -> Turn<Resolved> {
        self.step = Step::Reading;
        Turn::Sleep(at)
    }
}

impl Steps for Resolver {
    type Output = Resolved;

    fn begin(&mut self, _: Millis) -> Turn<Resolved> {
        self.step = Step::Reading;
        Turn::Ask(Ask::get(&self.key))
    }

    fn woken(&mut self, now: Millis) -> Turn<Resolved> {
        self.begin(now)
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Resolved> {
        match std::mem::replace(&mut self.step, Step::Reading) {
            Step::Reading => self.read(now, answer),
            Step::Deciding(found, intent) => match answer {
                Answer::Found(actor) => self.decide(now, found, intent, Some(actor)),
                Answer::Absent => self.decide(now, found, intent, None),
                Answer::Unreadable(why) => Turn::Done(Resolved::Unreadable(why)),
                _ => self.later(now),
            },
            Step::Fencing(found, intent) => self.fenced(now, found, intent, answer),
            Step::Freeing(record) => self.freed(now, record, answer),
            Step::Caching(_) => {
                self.cached = Some(match answer {
                    Answer::Found(found) => Some(found),
                    _ => None,
                });
                self.begin(now)
            }
        }
    }
}

/// The write that ends the intent of a document, and what it makes of it.
pub(super) fn free(terms: &Terms, key: &Key, now: Millis, found: &Found, committed: bool) -> (Ask, Record) {
    let deletes = found.record.intent.as_ref().is_some_and(|intent| matches!(intent.change, Change::Delete { .. }));
    let record = if committed { found.record.applied(now) } else { found.record.cleared(now) };
    let ask = match committed && deletes && terms.planted.is(Plant::RemoveBare) {
        true => Ask::Remove { key: key.clone(), version: found.version },
        false => Ask::write(key, Some(found.version), record.clone()),
    };
    (ask, record)
}
