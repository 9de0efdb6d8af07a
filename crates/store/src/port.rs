//! The port to storage: single-document requests, and every way in which they can end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::document::{Document, Key};

/// A version for compare-and-swap: changes with each write of its document, compares only for equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// A request to a store. Each concerns one document.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Read.
    Get {
        /// Which document.
        key: Key,
    },
    /// Write a document that must not exist.
    Insert {
        /// Which document.
        key: Key,
        /// Its first content.
        document: Document,
    },
    /// Write over exactly this version.
    Replace {
        /// Which document.
        key: Key,
        /// The version that was read.
        version: Version,
        /// Its new content.
        document: Document,
    },
    /// Remove exactly this version.
    Remove {
        /// Which document.
        key: Key,
        /// The version that was read.
        version: Version,
    },
}

impl Request {
    /// The document that the request concerns.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Get { key } | Self::Insert { key, .. } | Self::Replace { key, .. } | Self::Remove { key, .. } => key,
        }
    }

    /// Whether the request may change the document.
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Get { .. })
    }
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A read found this.
    Found {
        /// The version for a later write.
        version: Version,
        /// The content.
        document: Document,
    },
    /// A read found nothing.
    Absent,
    /// A write happened and is durable.
    Applied {
        /// The version that it made; for a removal, one that no document has.
        version: Version,
    },
    /// A write did not happen: the document was there (insert), not there, or at another version.
    Conflict,
    /// The request certainly did nothing. It may be sent again.
    NotApplied,
    /// Nobody knows: a read is to be repeated; a write may have happened, or may still happen later. Read back, and
    /// fence by a write before believing that it did not.
    Unknown,
}

/// An answer under way.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// A store as the shell uses it. The heart itself never awaits: it emits [`Request`]s and takes in [`Reply`]s.
///
/// Dropping a pending answer does not recall the request. An implementation answers within its own deadline; what it
/// cannot vouch for is [`Reply::Unknown`].
pub trait Store: Send + Sync + fmt::Debug {
    /// Carries out one request.
    fn execute(&self, request: Request) -> Pending<'_>;
}
