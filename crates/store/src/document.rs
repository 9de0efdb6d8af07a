//! Keys and documents. A document is JSON with a schema number; fields that this build does not know survive a rewrite.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// Bytes of the longest key.
pub const KEY_BYTES: usize = 200;

/// The name of a document: a kind, a slash and an identifier. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Key(Arc<str>);

impl Key {
    /// A key of a kind; what is longer than [`KEY_BYTES`] is cut.
    #[must_use]
    pub fn new(kind: &str, id: impl fmt::Display) -> Self {
        let mut key = format!("{kind}/{id}");
        while key.len() > KEY_BYTES {
            key.pop();
        }
        Self(key.into())
    }

    /// The kind: what stands before the first slash.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0.as_ref().to_owned()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a document is not what was expected. The stored bytes are untouched.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Its schema is newer than this build knows.
    #[error("the document has schema {found}; this build reads up to {known}")]
    Newer {
        /// The schema of the document.
        found: u32,
        /// The newest schema of this build.
        known: u32,
    },
    /// It does not have the fields of its schema.
    #[error("the document does not fit its schema: {0}")]
    Malformed(String),
    /// A body has a field with the name of one of the header's.
    #[error("the field {0:?} belongs to the header of a document")]
    Reserved(&'static str),
}

/// A stored document: `{"schema": n, ...fields}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Document {
    /// The schema number of the fields.
    pub schema: u32,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Document {
    /// A new document of `value`, which must serialise to an object.
    pub fn new<T: Serialize>(schema: u32, value: &T) -> Result<Self, DocumentError> {
        let mut document = Self { schema, fields: Map::new() };
        document.write(schema, value)?;
        Ok(document)
    }

    /// A document of these fields.
    #[must_use]
    pub fn of_fields(schema: u32, fields: Map<String, Value>) -> Self {
        Self { schema, fields }
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The fields, to change them.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.fields
    }

    /// The fields as `T`, if the schema is at most `known`.
    pub fn read<T: DeserializeOwned>(&self, known: u32) -> Result<T, DocumentError> {
        if self.schema > known {
            return Err(DocumentError::Newer { found: self.schema, known });
        }
        serde_json::from_value(Value::Object(self.fields.clone())).map_err(|e| DocumentError::Malformed(e.to_string()))
    }

    /// Writes the fields of `value` over this document's and keeps the fields that `T` does not know.
    pub fn write<T: Serialize>(&mut self, schema: u32, value: &T) -> Result<(), DocumentError> {
        match serde_json::to_value(value).map_err(|e| DocumentError::Malformed(e.to_string()))? {
            Value::Object(fields) => {
                self.schema = self.schema.max(schema);
                self.fields.extend(fields);
                Ok(())
            }
            other => Err(DocumentError::Malformed(format!("a document is an object, not {other}"))),
        }
    }
}
