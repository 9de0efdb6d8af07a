//! The unstager: it carries out the intents of one committed transaction, then forgets it.
//!
//! It is made only by who knows that the transaction committed: its attempt, or whoever reads it among the open ones.
//! Invariant: the transaction is forgotten only after each of its documents was without it in the store.

use world::{Millis, Plant};

use super::resolve::free;
use super::terms::Terms;
use super::turn::{Answer, Ask, Found, Steps, Turn};
use crate::document::Key;
use crate::names::Txn;
use crate::record::Record;

/// How an unstager ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unstaged {
    /// The transaction is over everywhere.
    Forgotten,
    /// None of its documents has it any more; it is still to be forgotten. Only of [`Unstager::without_forgetting`].
    Clear,
    /// A document cannot be read by this build; the transaction stays open.
    Unreadable(String),
}

/// The unstager of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unstager {
    terms: Terms,
    actor: Key,
    txn: Txn,
    /// Documents that may still have the intent.
    keys: Vec<Key>,
    step: Step,
    forgets: bool,
    /// Only with [`Plant::UnstageOverHeader`].
    first_read: Option<Record>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// The last of `keys` is being read.
    Reading,
    /// It is being written.
    Applying,
    /// The actor's document is being read.
    Recalling,
    /// The transaction is being forgotten.
    Forgetting,
}

impl Unstager {
    /// An unstager of a transaction that committed on `actor` and staged `keys`.
    #[must_use]
    pub fn new(terms: Terms, actor: Key, txn: Txn, mut keys: Vec<Key>) -> Self {
        keys.reverse();
        Self { terms, actor, txn, keys, step: Step::Reading, forgets: true, first_read: None }
    }

    /// An unstager that leaves it to the next commit to forget the transaction.
    #[must_use]
    pub fn without_forgetting(self) -> Self {
        Self { forgets: false, ..self }
    }

    /// The transaction.
    #[must_use]
    pub fn txn(&self) -> &Txn {
        &self.txn
    }

    fn go_on(&mut self) -> Turn<Unstaged> {
        let forgets_first = self.terms.planted.is(Plant::ForgetEarly) && self.step == Step::Reading;
        match self.keys.last().filter(|_| !forgets_first) {
            Some(key) => {
                self.step = Step::Reading;
                Turn::Ask(Ask::get(key))
            }
            None if !self.forgets && self.keys.is_empty() => Turn::Done(Unstaged::Clear),
            None => {
                self.step = Step::Recalling;
                Turn::Ask(Ask::get(&self.actor))
            }
        }
    }

    fn read(&mut self, now: Millis, answer: Answer) -> Turn<Unstaged> {
        match answer {
            Answer::Found(found) if found.record.has_intent(&self.txn) => self.apply(now, found),
            Answer::Found(_) | Answer::Absent => self.next_key(),
            Answer::Unreadable(why) => Turn::Done(Unstaged::Unreadable(why)),
            _ => self.later(now),
        }
    }

    fn apply(&mut self, now: Millis, mut found: Found) -> Turn<Unstaged> {
        let Some(key) = self.keys.last() else { return self.go_on() };
        if self.terms.planted.is(Plant::UnstageOverHeader) {
            found.record = self.first_read.get_or_insert(found.record).clone();
        }
        self.step = Step::Applying;
        Turn::Ask(free(&self.terms, key, now, &found, true).0)
    }

    fn applied(&mut self, now: Millis, answer: Answer) -> Turn<Unstaged> {
        match answer {
            Answer::Applied { .. } => self.next_key(),
            Answer::Conflict => {
                self.step = Step::Applying;
                self.go_on()
            }
            _ => self.later(now),
        }
    }

    fn next_key(&mut self) -> Turn<Unstaged> {
        self.keys.pop();
        self.first_read = None;
        self.step = Step::Applying;
        self.go_on()
    }

    fn recall(&mut self, now: Millis, answer: Answer) -> Turn<Unstaged> {
        match answer {
            Answer::Found(found) if found.record.has_open(&self.txn) => {
                self.step = Step::Forgetting;
                Turn::Ask(Ask::write(&self.actor, Some(found.version), found.record.forgot(&self.txn)))
            }
            Answer::Found(_) | Answer::Absent => self.forgotten(),
            Answer::Unreadable(why) => Turn::Done(Unstaged::Unreadable(why)),
            _ => self.later(now),
        }
    }

    fn forget(&mut self, now: Millis, answer: Answer) -> Turn<Unstaged> {
        match answer {
            Answer::Applied { .. } => self.forgotten(),
            Answer::Conflict => {
                self.step = Step::Recalling;
                Turn::Ask(Ask::get(&self.actor))
            }
            _ => self.later(now),
        }
    }

    fn forgotten(&mut self) -> Turn<Unstaged> {
        if self.keys.is_empty() {
            return Turn::Done(Unstaged::Forgotten);
        }
        self.step = Step::Applying;
        self.go_on()
    }

    fn later(&mut self, now: Millis) -> Turn<Unstaged> {
        self.step = Step::Applying;
        Turn::Sleep(self.terms.retry_at(now))
    }
}

impl Steps for Unstager {
    type Output = Unstaged;

    fn begin(&mut self, _: Millis) -> Turn<Unstaged> {
        self.step = Step::Reading;
        self.go_on()
    }

    fn woken(&mut self, _: Millis) -> Turn<Unstaged> {
        self.go_on()
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Unstaged> {
        match self.step {
            Step::Reading => self.read(now, answer),
            Step::Applying => self.applied(now, answer),
            Step::Recalling => self.recall(now, answer),
            Step::Forgetting => self.forget(now, answer),
        }
    }
}
