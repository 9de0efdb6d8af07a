//! What the machines of the commit protocol have in common: requests and answers in terms of records, and [`Machine`],
//! the one shell with `handle`, `poll_effect` and `next_wakeup`.
//!
//! Each part has at most one request under way, and nests others by passing their turns on. The store answers every
//! request within its own deadline ([`crate::Store`]), so no part has a clock for requests.

use world::Millis;

use crate::codec::{Upcasters, decode, encode};
use crate::document::{DocumentError, Key};
use crate::port::{Reply, Request, Version};
use crate::record::Record;

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// The version for a write.
    pub version: Version,
    /// The document.
    pub record: Record,
}

/// A request to the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Read.
    Get {
        /// Which document.
        key: Key,
    },
    /// Write one that must not exist.
    Insert {
        /// Which document.
        key: Key,
        /// What it becomes.
        record: Record,
    },
    /// Write over exactly this version.
    Replace {
        /// Which document.
        key: Key,
        /// The version that was read.
        version: Version,
        /// What it becomes.
        record: Record,
    },
    /// Remove exactly this version.
    Remove {
        /// Which document.
        key: Key,
        /// The version that was read.
        version: Version,
    },
}

impl Ask {
    /// The document that it concerns.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Get { key } | Self::Insert { key, .. } | Self::Replace { key, .. } | Self::Remove { key, .. } => key,
        }
    }

    pub(crate) fn get(key: &Key) -> Self {
        Self::Get { key: key.clone() }
    }

    /// A write over what was read, or an insert where nothing was.
    pub(crate) fn write(key: &Key, over: Option<Version>, record: Record) -> Self {
        let key = key.clone();
        match over {
            Some(version) => Self::Replace { key, version, record },
            None => Self::Insert { key, record },
        }
    }

    /// As the port takes it.
    ///
    /// # Errors
    /// When the record cannot be written as JSON; nothing was sent then.
    pub fn request(&self) -> Result<Request, DocumentError> {
        Ok(match self.clone() {
            Self::Get { key } => Request::Get { key },
            Self::Insert { key, record } => Request::Insert { key, document: encode(&record)? },
            Self::Replace { key, version, record } => Request::Replace { key, version, document: encode(&record)? },
            Self::Remove { key, version } => Request::Remove { key, version },
        })
    }
}

/// How a request ended: see [`Reply`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// A read found this.
    Found(Found),
    /// A read found a document that this build cannot read.
    Unreadable(String),
    /// A read found nothing.
    Absent,
    /// A write happened.
    Applied {
        /// The version that it made.
        version: Version,
    },
    /// A write did not happen, and never will.
    Conflict,
    /// Nothing happened, and never will.
    NotApplied,
    /// Nobody knows; a write may still happen.
    Unknown,
}

impl Answer {
    /// What the port replied to a request that concerns `key`.
    #[must_use]
    pub fn of(upcasters: &Upcasters, key: &Key, reply: Reply) -> Self {
        match reply {
            Reply::Found { version, document } => match decode(upcasters, key, document) {
                Ok(record) => Self::Found(Found { version, record }),
                Err(error) => Self::Unreadable(format!("{key}: {error}")),
            },
            Reply::Absent => Self::Absent,
            Reply::Applied { version } => Self::Applied { version },
            Reply::Conflict => Self::Conflict,
            Reply::NotApplied => Self::NotApplied,
            Reply::Unknown => Self::Unknown,
        }
    }
}

/// What a part does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Turn<T> {
    /// It waits for the answer to this.
    Ask(Ask),
    /// It waits until then.
    Sleep(Millis),
    /// It has ended.
    Done(T),
}

/// A part of the protocol, as steps. After [`Turn::Done`] it must not be stepped again.
pub trait Steps {
    /// What it ends with.
    type Output;
    /// Begins.
    fn begin(&mut self, now: Millis) -> Turn<Self::Output>;
    /// Goes on with the answer to what it asked.
    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Self::Output>;
    /// Goes on after its sleep.
    fn woken(&mut self, now: Millis) -> Turn<Self::Output>;
}

/// What a machine is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The answer to its request.
    Answer(Answer),
    /// Time has passed.
    Wake,
}

/// What a machine wants of its shell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect<T> {
    /// Send this to the store and bring the answer.
    Store(Ask),
    /// It has ended so.
    Done(T),
}

/// A part of the protocol as a machine of its own. It is safe to drop at any moment: that is a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine<S: Steps> {
    steps: S,
    effect: Option<Effect<S::Output>>,
    waits: Waits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Waits {
    Answer,
    Until(Millis),
    Nothing,
}

impl<S: Steps> Machine<S> {
    /// Begins.
    pub fn new(now: Millis, mut steps: S) -> Self {
        let turn = steps.begin(now);
        let mut machine = Self { steps, effect: None, waits: Waits::Nothing };
        machine.take(turn);
        machine
    }

    /// Goes on. What it does not wait for is ignored.
    pub fn handle(&mut self, now: Millis, input: Input) {
        let turn = match (self.waits, input) {
            (Waits::Answer, Input::Answer(answer)) => self.steps.answer(now, answer),
            (Waits::Until(at), Input::Wake) if at <= now => self.steps.woken(now),
            (Waits::Answer | Waits::Until(_) | Waits::Nothing, _) => return,
        };
        self.take(turn);
    }

    /// What it wants done, once.
    pub fn poll_effect(&mut self) -> Option<Effect<S::Output>> {
        self.effect.take()
    }

    /// When it wants [`Input::Wake`], and why.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, &'static str)> {
        match self.waits {
            Waits::Until(at) => Some((at, "a pause before the next attempt ends")),
            Waits::Answer | Waits::Nothing => None,
        }
    }

    /// The part itself, to look at.
    #[must_use]
    pub fn steps(&self) -> &S {
        &self.steps
    }

    fn take(&mut self, turn: Turn<S::Output>) {
        (self.effect, self.waits) = match turn {
            Turn::Ask(ask) => (Some(Effect::Store(ask)), Waits::Answer),
            Turn::Sleep(at) => (None, Waits::Until(at)),
            Turn::Done(output) => (Some(Effect::Done(output)), Waits::Nothing),
        };
    }
}
