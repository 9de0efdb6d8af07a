//! What an attempt is about to do, once its command is done: the actor's next record and the intents for the others.

use std::collections::BTreeMap;

use serde_json::Map;
use world::{Epoch, Millis, Plant};

use super::command::Deed;
use super::terms::Terms;
use super::turn::{Ask, Found};
use crate::document::Key;
use crate::names::Txn;
use crate::record::{Change, Intent, Open, Record};
use crate::window::Remembered;

/// A mistake in a command. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mistake {
    /// It changes a document that it did not read.
    NotRead,
    /// It deletes a document that a session may act for, or that never was.
    CannotDelete,
    /// It asks for nothing new, or for its actor.
    NothingNew,
    /// It asks for more than [`super::terms::KEYS`] documents, or more than [`super::terms::ROUNDS`] times.
    TooMuch,
}

/// A document to be staged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Planned {
    pub(super) key: Key,
    pub(super) found: Option<Found>,
    pub(super) change: Change,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    pub(super) txn: Txn,
    /// The actor's document as it was read at the beginning.
    pub(super) actor: Found,
    /// In the order of their keys.
    pub(super) others: Vec<Planned>,
    pub(super) deed: Deed,
    /// How many of `others`, from the front, may have our intent.
    pub(super) staged: usize,
}

impl Plan {
    pub(super) fn new(
        terms: &Terms,
        now: Millis,
        txn: Txn,
        actor: Found,
        read: BTreeMap<Key, Option<Found>>,
        deed: Deed,
    ) -> Result<Self, Mistake> {
        if deed.changes.keys().any(|key| !read.contains_key(key)) {
            return Err(Mistake::NotRead);
        }
        let mut others = Vec::new();
        for (key, found) in read {
            let record = found.as_ref().map(|found| &found.record);
            let rev = record.map_or_else(|| Record::default().next_rev(now), |record| record.next_rev(now));
            let change = match deed.changes.get(&key) {
                Some(Some(body)) => Change::Put { body: body.clone(), rev },
                Some(None) => match record {
                    Some(Record { body: Some(_), epoch: Epoch(0), .. }) => Change::Delete { rev },
                    _ => return Err(Mistake::CannotDelete),
                },
                None if deed.loose.contains(&key) || terms.planted.is(Plant::NoLocks) => continue,
                None => Change::Lock,
            };
            others.push(Planned { key, found, change });
        }
        Ok(Self { txn, actor, others, deed, staged: 0 })
    }

    /// The actor's `seq` at the beginning. Once the document has another, the try cannot commit.
    pub(super) fn seq(&self) -> u64 {
        self.actor.record.seq
    }

    /// The write that stages one document at the version that the command read, or at `over` if that is planted.
    pub(super) fn stage(&self, terms: &Terms, now: Millis, age: Millis, actor: &Key, over: Option<&Found>) -> Ask {
        let planned = &self.others[self.staged];
        let intent = Intent {
            txn: self.txn.clone(),
            actor: actor.clone(),
            seq: self.seq(),
            age,
            deadline: now + terms.intent_ms,
            change: planned.change.clone(),
            others: Map::new(),
        };
        let found = over.or(planned.found.as_ref());
        let before = found.map_or_else(Record::default, |found| found.record.clone());
        let staged = before.staged(now, intent);
        let record = if terms.planted.is(Plant::UnstageEarly) { staged.applied(now) } else { staged };
        Ask::write(&planned.key, found.map(|found| found.version), record)
    }

    /// The actor's record with the deed done.
    pub(super) fn committed(&self, terms: &Terms, now: Millis, request: u32, content: u64, before: &Record) -> Record {
        let mut record = before.clone();
        if let Some(body) = &self.deed.actor {
            record.rev = record.next_rev(now);
            record.body = Some(body.clone());
        }
        record.seq = record.seq.saturating_add(1);
        let (code, reply) = (self.deed.code, self.deed.reply.clone());
        let reply = Remembered { request, content, code, reply, others: Map::new() };
        record.window.remember(reply, terms.window, terms.planted);
        if !self.others.is_empty() {
            record.open.push(Open { txn: self.txn.clone(), keys: self.keys(), others: Map::new() });
        }
        record
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.others.iter().map(|planned| planned.key.clone()).collect()
    }

    /// The revisions that the deed makes, but for the actor's.
    pub(super) fn revs(&self) -> BTreeMap<Key, u64> {
        let rev = |planned: &Planned| match &planned.change {
            Change::Put { rev, .. } | Change::Delete { rev } => Some((planned.key.clone(), *rev)),
            Change::Lock => None,
        };
        self.others.iter().filter_map(rev).collect()
    }
}
