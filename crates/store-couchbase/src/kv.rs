//! What this crate needs of a client of the cluster: the SDK in earnest, a script in tests.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use crate::ledger::Owed;

/// A request as the cluster takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get {
        key: String,
    },
    Insert {
        key: String,
        bytes: Vec<u8>,
    },
    /// `cas` is never 0, which would mean: whatever is there.
    Replace {
        key: String,
        cas: u64,
        bytes: Vec<u8>,
    },
    /// `cas` is never 0.
    Remove {
        key: String,
        cas: u64,
    },
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) op: Op,
    /// When nobody awaits the answer any more. Until then, what certainly did nothing may be tried again.
    pub(crate) deadline: Instant,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The document.
    Found { cas: u64, bytes: Vec<u8> },
    /// There is no such document.
    Missing,
    /// An insert met a document.
    Exists,
    /// A replacement or removal met another version.
    Mismatch,
    /// The write happened, as durably as was asked.
    Done { cas: u64 },
    /// Nothing happened, for certain. The text is for the log.
    Refused(String),
    /// Nobody can tell. The text is for the log.
    Lost(String),
}

impl Answer {
    /// Whether it proves that the cluster speaks.
    pub(crate) fn is_of_the_cluster(&self) -> bool {
        !matches!(self, Self::Lost(_))
    }
}

/// A session with the cluster.
pub(crate) trait Session: Send + Sync + fmt::Debug {
    /// Carries out a request in the background, to its end, whether or not anybody still waits: an abandoned request
    /// is not recalled. `owed` is dropped unanswered only when the session ends, which is when the session is dropped.
    fn start(&self, ask: Ask, owed: Owed);
}

/// A session being opened: ready to be asked, or the reason in one line.
pub(crate) type Opening<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn Session>, String>> + Send + 'a>>;

/// Opens sessions.
pub(crate) trait Connect: Send + Sync + 'static {
    /// Tries once. Whoever calls it bounds the time; dropping it leaves nothing behind.
    fn open(&self) -> Opening<'_>;

    /// What an attempt that takes too long has met so far, if it said.
    fn trouble(&self) -> Option<String>;
}
