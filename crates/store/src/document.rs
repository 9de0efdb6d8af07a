//! Keys and documents. A document is JSON with a schema number; fields that this build does not know survive a rewrite.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// Bytes of the longest key.
pub const KEY_BYTES: usize = 200;

/// The name of a document: a kind, a slash and an identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// A key of a kind; what is longer than [`KEY_BYTES`] is cut.
    #[must_use]
    pub fn new(kind: &str, id: impl fmt::Display) -> Self {
        let mut key = format!("{kind}/{id}");
        while key.len() > KEY_BYTES {
            key.pop();
        }
        Self(key)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
}

/// A stored document: `{"schema": n, ...fields}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
