//! Records as documents and back: header and body stand side by side in one JSON object.
//!
//! Fields that no build knows are part of the body and survive. Documents of an older schema are brought up to date by
//! [`Upcasters`] when they are read; they are stored so with the next write of their body.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use world::{Epoch, Millis};

use crate::document::{Document, DocumentError, Key};
use crate::names::{Holder, Txn};
use crate::record::{Body, Change, HEADER_FIELDS, Intent, Open, Record, Release};
use crate::window::{Remembered, Window};

/// Brings the fields of a document from one schema to the next.
pub type Upcast = fn(&mut Map<String, Value>) -> Result<(), DocumentError>;

/// The upcasters of all kinds of documents.
#[derive(Clone, Default)]
pub struct Upcasters {
    /// By kind and the schema that is read.
    steps: BTreeMap<(String, u32), Upcast>,
    /// By kind the newest schema that is read.
    newest: BTreeMap<String, u32>,
}

impl Upcasters {
    /// With a step from `schema` to `schema + 1` for documents of this kind.
    #[must_use]
    pub fn with(mut self, kind: &str, schema: u32, upcast: Upcast) -> Self {
        self.steps.insert((kind.to_owned(), schema), upcast);
        self
    }

    /// Refusing documents of this kind with a schema above `schema`, so that no header of theirs is written either.
    #[must_use]
    pub fn reading(mut self, kind: &str, schema: u32) -> Self {
        self.newest.insert(kind.to_owned(), schema);
        self
    }

    /// The document at the newest schema that there are steps to.
    pub fn raise(&self, kind: &str, mut document: Document) -> Result<Document, DocumentError> {
        if let Some(known) = self.newest.get(kind).copied().filter(|known| document.schema > *known) {
            return Err(DocumentError::Newer { found: document.schema, known });
        }
        while let Some(upcast) = self.steps.get(&(kind.to_owned(), document.schema)) {
            upcast(document.fields_mut())?;
            document.schema += 1;
        }
        Ok(document)
    }
}

impl fmt::Debug for Upcasters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.steps.keys()).finish()
    }
}

/// The header as it is stored. Documents that never act have only what they need.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Header {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Holder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<Release>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    open: Vec<Open>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Vec<Remembered>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_request: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forgotten: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<StoredIntent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<u64>,
}

/// An intent as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredIntent {
    txn: Txn,
    actor: Key,
    seq: u64,
    age: u64,
    deadline: u64,
    change: StoredChange,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredChange {
    Put { rev: u64, body: Document },
    Delete { rev: u64 },
    Lock,
}

/// A document as a record, brought up to date.
///
/// # Errors
/// When its header is malformed, or an upcaster refuses it.
pub fn decode(upcasters: &Upcasters, key: &Key, document: Document) -> Result<Record, DocumentError> {
    let mut fields = document.fields().clone();
    let header: Map<String, Value> = HEADER_FIELDS.iter().filter_map(|name| fields.shift_remove_entry(*name)).collect();
    let header: Header = serde_json::from_value(Value::Object(header)).map_err(malformed)?;
    let body = match header.gone {
        Some(_) => None,
        None => Some(body(upcasters, key, Document::of_fields(document.schema, fields))?),
    };
    let intent = header.intent.map(|stored| intent(upcasters, key, stored)).transpose()?;
    Ok(Record {
        seq: header.seq.unwrap_or_default(),
        epoch: Epoch(header.epoch.unwrap_or_default()),
        holder: header.holder.unwrap_or_default(),
        released: header.released,
        open: header.open,
        window: Window {
            replies: header.window.unwrap_or_default(),
            next_request: header.next_request.unwrap_or_default(),
            forgotten: header.forgotten.unwrap_or_default(),
        },
        rev: header.rev.unwrap_or_default(),
        intent,
        gone: header.gone.map(Millis),
        body,
    })
}

fn body(upcasters: &Upcasters, key: &Key, document: Document) -> Result<Body, DocumentError> {
    Body::of_document(upcasters.raise(key.kind(), document)?)
}

fn intent(upcasters: &Upcasters, key: &Key, stored: StoredIntent) -> Result<Intent, DocumentError> {
    let StoredIntent { txn, actor, seq, age, deadline, change, others } = stored;
    let change = match change {
        StoredChange::Put { rev, body: document } => Change::Put { body: body(upcasters, key, document)?, rev },
        StoredChange::Delete { rev } => Change::Delete { rev },
        StoredChange::Lock => Change::Lock,
    };
    Ok(Intent { txn, actor, seq, age: Millis(age), deadline: Millis(deadline), change, others })
}

/// A record as a document.
///
/// # Errors
/// When a value in it cannot be written as JSON.
pub fn encode(record: &Record) -> Result<Document, DocumentError> {
    let acts = record.epoch > Epoch(0);
    let header = Header {
        seq: (acts || record.seq > 0).then_some(record.seq),
        epoch: acts.then_some(record.epoch.0),
        holder: acts.then(|| record.holder.clone()),
        released: record.released.clone(),
        open: record.open.clone(),
        window: acts.then(|| record.window.replies.clone()),
        next_request: acts.then_some(record.window.next_request),
        forgotten: acts.then_some(record.window.forgotten),
        rev: (record.rev > 0).then_some(record.rev),
        intent: record.intent.as_ref().map(stored_intent),
        gone: record.gone.map(|at| at.0),
    };
    let mut document = match &record.body {
        Some(body) => body.document().clone(),
        None => Document::of_fields(0, Map::new()),
    };
    document.write(document.schema, &header)?;
    Ok(document)
}

fn stored_intent(intent: &Intent) -> StoredIntent {
    let change = match &intent.change {
        Change::Put { body, rev } => StoredChange::Put { rev: *rev, body: body.document().clone() },
        Change::Delete { rev } => StoredChange::Delete { rev: *rev },
        Change::Lock => StoredChange::Lock,
    };
    StoredIntent {
        txn: intent.txn.clone(),
        actor: intent.actor.clone(),
        seq: intent.seq,
        age: intent.age.0,
        deadline: intent.deadline.0,
        change,
        others: intent.others.clone(),
    }
}

fn malformed(error: serde_json::Error) -> DocumentError {
    DocumentError::Malformed(error.to_string())
}
