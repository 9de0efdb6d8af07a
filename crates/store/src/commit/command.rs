//! Commands: what a deed does, as a pure function from documents to documents, events and a reply.
//!
//! A command says [`Verdict::Need`] until it has what it reads, and is run again from the start with more, and again
//! from nothing when another deed came in between. So it must not remember anything of an earlier run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use world::Millis;

use super::turn::Found;
use crate::document::Key;
use crate::record::{Body, Record};

/// What a command sees: the documents that it has asked for so far.
#[derive(Debug)]
pub struct View<'a> {
    /// The time of this attempt.
    pub now: Millis,
    /// The number of the request. It is carried out at most once.
    pub request: u32,
    /// The actor's document.
    pub actor: (&'a Key, &'a Record),
    pub(crate) read: &'a BTreeMap<Key, Option<Found>>,
}

/// What a command knows of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// It was not read yet: return it in [`Verdict::Need`].
    NotRead,
    /// There is none.
    Absent,
    /// It is this. Its epoch is that of the session that consents, if somebody else's session is part of the deed.
    Present(&'a Record, &'a Body),
}

impl View<'_> {
    /// A document, the actor's or one that was asked for.
    #[must_use]
    pub fn get(&self, key: &Key) -> Seen<'_> {
        let record = match self.read.get(key) {
            _ if key == self.actor.0 => Some(self.actor.1),
            None => return Seen::NotRead,
            Some(found) => found.as_ref().map(|found| &found.record),
        };
        match record.and_then(|record| Some((record, record.body.as_ref()?))) {
            Some((record, body)) => Seen::Present(record, body),
            None => Seen::Absent,
        }
    }
}

/// What a command says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It reads these too. At least one of them must be new, and none the actor's.
    Need(Vec<Key>),
    /// The rules say no, with this code. Nothing changes, nothing is remembered.
    Refused(u16),
    /// This is what it does.
    Done(Deed),
}

/// What a command does: all of it happens, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deed {
    /// The actor's new body; `None` leaves it.
    pub actor: Option<Body>,
    /// The new bodies of other documents that were read; `None` deletes.
    pub changes: BTreeMap<Key, Option<Body>>,
    /// Documents that were read and that may change until the deed is done. All others that were read and not changed
    /// are locked, which costs two writes each.
    pub loose: BTreeSet<Key>,
    /// The reply's code, 0 for done.
    pub code: u16,
    /// What else is replied.
    pub reply: Value,
    /// What viewers are told, with the documents that it is about.
    pub events: Vec<(Key, Value)>,
}

/// A command. Whoever adds rules implements this.
pub trait Command {
    /// Runs on what was read so far.
    fn run(&self, view: &View<'_>) -> Verdict;
}
