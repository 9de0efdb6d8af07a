//! A stored document as the commit protocol sees it: a header, a body, at most one intent; and every change that the
//! protocol makes to one, as a pure function from record to record.
//!
//! It is not the stored form: [`crate::codec`] turns records into documents and back. No function here decides whether
//! a change is allowed; the machines in [`crate::commit`] do.
//!
//! Invariants: `seq` and `epoch` never fall; `rev` grows with every change of the body and with nothing else; only
//! [`Record::applied`] and [`Record::cleared`] end an intent.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use world::{Epoch, Millis};

use crate::document::{Document, DocumentError, Key};
use crate::names::{Holder, Txn};
use crate::window::Window;

/// Names of fields that a body may not have, since the header stands beside it.
pub const HEADER_FIELDS: [&str; 12] = [
    "schema",
    "seq",
    "epoch",
    "holder",
    "released",
    "open",
    "window",
    "next_request",
    "forgotten",
    "rev",
    "intent",
    "gone",
];

/// What a document is about: its schema number and its fields without the header's. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Body(Arc<Document>);

impl Body {
    /// A body of `value`, which must serialise to an object without [`HEADER_FIELDS`].
    pub fn new<T: Serialize>(schema: u32, value: &T) -> Result<Self, DocumentError> {
        Self::of_document(Document::new(schema, value)?)
    }

    /// A body of a document's fields, which must not be [`HEADER_FIELDS`].
    pub fn of_document(document: Document) -> Result<Self, DocumentError> {
        match HEADER_FIELDS.iter().find(|name| document.fields().contains_key(**name)) {
            Some(name) => Err(DocumentError::Reserved(name)),
            None => Ok(Self(Arc::new(document))),
        }
    }

    /// The fields as `T`, if the schema is at most `known`.
    pub fn read<T: DeserializeOwned>(&self, known: u32) -> Result<T, DocumentError> {
        self.0.read(known)
    }

    /// This body with the fields of `value` written over it; fields that `T` does not know stay.
    pub fn with<T: Serialize>(&self, schema: u32, value: &T) -> Result<Self, DocumentError> {
        let mut document = Document::clone(&self.0);
        document.write(schema, value)?;
        Self::of_document(document)
    }

    /// Schema and fields.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.0
    }
}

/// What a transaction is to do to a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It gets this body at this revision.
    Put {
        /// The body.
        body: Body,
        /// Its revision.
        rev: u64,
    },
    /// It is deleted, as of this revision.
    Delete {
        /// The revision of the tombstone.
        rev: u64,
    },
    /// It stays as it is until the transaction has ended.
    Lock,
}

/// A transaction's mark on a document other than its actor's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Intent {
    /// Which attempt.
    pub txn: Txn,
    /// The actor's document, which tells whether it committed.
    pub actor: Key,
    /// The actor's `seq` when the attempt began. Once it differs and `txn` is not open, the attempt never commits.
    pub seq: u64,
    /// When the deed was first begun; the older of two goes first.
    pub age: Millis,
    /// Until when others leave the attempt alone.
    pub deadline: Millis,
    /// What happens when it commits.
    pub change: Change,
    /// Fields of a newer build.
    pub others: Map<String, Value>,
}

/// A committed transaction whose intents may still stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Open {
    /// Which attempt committed.
    pub txn: Txn,
    /// The documents that it staged.
    pub keys: Vec<Key>,
    /// Fields of a newer build.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// A holder's word that another may take its session over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Release {
    /// Who may take it.
    pub to: Holder,
    /// The epoch that ends.
    pub epoch: u32,
    /// When it was written.
    pub at: u64,
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// Grows with each commit, applied change, fence, raise and release, for ever.
    pub seq: u64,
    /// The session that may act; 0 for documents that never act.
    pub epoch: Epoch,
    /// The one raise of that epoch that succeeded.
    pub holder: Holder,
    /// Whom the holder released it to.
    pub released: Option<Release>,
    /// Committed transactions whose intents may still stand.
    pub open: Vec<Open>,
    /// The remembered requests.
    pub window: Window,
    /// Grows with each change of the body, for ever.
    pub rev: u64,
    /// The transaction that waits on it.
    pub intent: Option<Intent>,
    /// Without a body: since when. Then it is a tombstone.
    pub gone: Option<Millis>,
    /// What it is about; `None` counts as absent.
    pub body: Option<Body>,
}

/// Whose session an attempt acts for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holding {
    /// The actor's document.
    pub actor: Key,
    /// The epoch.
    pub epoch: Epoch,
    /// The holder.
    pub holder: Holder,
}

impl Record {
    /// A document of this body that no transaction has written yet.
    #[must_use]
    pub fn of_body(body: Body) -> Self {
        Self { body: Some(body), ..Self::default() }
    }

    /// A tombstone over a key that has no document.
    #[must_use]
    pub fn tombstone(now: Millis) -> Self {
        Self { gone: Some(now), ..Self::default() }
    }

    /// Whether this transaction committed and was not forgotten yet.
    #[must_use]
    pub fn has_open(&self, txn: &Txn) -> bool {
        self.open.iter().any(|open| open.txn == *txn)
    }

    /// Whether this transaction waits on the document.
    #[must_use]
    pub fn has_intent(&self, txn: &Txn) -> bool {
        self.intent.as_ref().is_some_and(|intent| intent.txn == *txn)
    }

    /// The revision that the next change makes. A document that begins where nothing is known of an earlier one begins
    /// at the time in milliseconds, so that its revisions stand above those of one that was swept away.
    #[must_use]
    pub fn next_rev(&self, now: Millis) -> u64 {
        if self.rev == 0 { now.0.max(1) } else { self.rev.saturating_add(1) }
    }

    /// Fenced: no attempt that began before can commit. The intent stays.
    #[must_use]
    pub fn fenced(&self) -> Self {
        Self { seq: self.seq.saturating_add(1), ..self.clone() }
    }

    /// With an intent.
    #[must_use]
    pub fn staged(&self, now: Millis, intent: Intent) -> Self {
        let gone = if self.body.is_none() { self.gone.or(Some(now)) } else { None };
        Self { intent: Some(intent), gone, ..self.clone() }
    }

    /// The intent carried out.
    #[must_use]
    pub fn applied(&self, now: Millis) -> Self {
        let mut record = self.clone();
        match record.intent.take().map(|intent| intent.change) {
            Some(Change::Put { body, rev }) => {
                (record.body, record.gone, record.rev) = (Some(body), None, rev);
                record.seq = record.seq.saturating_add(1);
            }
            Some(Change::Delete { rev }) => {
                (record.body, record.gone, record.rev) = (None, Some(now), rev);
                record.seq = record.seq.saturating_add(1);
            }
            Some(Change::Lock) | None => return self.cleared(now),
        }
        record
    }

    /// The intent dropped.
    #[must_use]
    pub fn cleared(&self, now: Millis) -> Self {
        let gone = if self.body.is_none() { Some(now) } else { None };
        Self { intent: None, gone, ..self.clone() }
    }

    /// The same again, so that writes on the version before are dead; a tombstone stands anew.
    #[must_use]
    pub fn touched(&self, now: Millis) -> Self {
        Self { gone: self.gone.map(|_| now), ..self.clone() }
    }

    /// Without this open transaction.
    #[must_use]
    pub fn forgot(&self, txn: &Txn) -> Self {
        let mut record = self.clone();
        record.open.retain(|open| open.txn != *txn);
        record
    }

    /// With the epoch raised for a holder. The intent, if any, stays.
    #[must_use]
    pub fn raised(&self, holder: &Holder) -> Self {
        let (epoch, seq) = (self.epoch.next(), self.seq.saturating_add(1));
        Self { epoch, seq, holder: holder.clone(), released: None, ..self.clone() }
    }

    /// Released to another.
    #[must_use]
    pub fn released(&self, to: &Holder, now: Millis) -> Self {
        let released = Some(Release { to: to.clone(), epoch: self.epoch.0, at: now.0 });
        Self { seq: self.seq.saturating_add(1), released, ..self.clone() }
    }
}
