//! From requests to what the cluster takes, and from what it answers to outcomes. No time, no I/O.

use store::{Document, Reply, Request, Version};

use crate::config::DOCUMENT_BYTES;
use crate::counters::Counters;
use crate::kv::{Answer, Op};

/// The request for the cluster, or its outcome if it need not be asked.
pub(crate) fn op_of(request: Request) -> Result<Op, Reply> {
    let key = request.key().as_str().to_owned();
    match request {
        Request::Get { .. } => Ok(Op::Get { key }),
        Request::Insert { document, .. } => Ok(Op::Insert { bytes: bytes_of(&key, &document)?, key }),
        // A CAS of 0 would mean: whatever is there. No document has it.
        Request::Replace { version: Version(0), .. } | Request::Remove { version: Version(0), .. } => {
            Err(Reply::Conflict)
        }
        Request::Replace { version, document, .. } => {
            Ok(Op::Replace { bytes: bytes_of(&key, &document)?, cas: version.0, key })
        }
        Request::Remove { version, .. } => Ok(Op::Remove { key, cas: version.0 }),
    }
}

fn bytes_of(key: &str, document: &Document) -> Result<Vec<u8>, Reply> {
    let bytes = serde_json::to_vec(document).map_err(|error| {
        tracing::error!(key, %error, "a document cannot be written as JSON");
        Reply::NotApplied
    })?;
    if bytes.len() > DOCUMENT_BYTES {
        tracing::error!(key, bytes = bytes.len(), limit = DOCUMENT_BYTES, "a document is too large to be stored");
        return Err(Reply::NotApplied);
    }
    Ok(bytes)
}

/// The outcome of an answer. What does not fit the request is of no use and not guessed about.
pub(crate) fn reply_of(key: &str, writes: bool, answer: Answer, counters: &Counters) -> Reply {
    match (answer, writes) {
        (Answer::Found { cas, bytes }, false) => match serde_json::from_slice(&bytes) {
            Ok(document) => Reply::Found { version: Version(cas), document },
            Err(error) => {
                counters.malformed.add();
                tracing::error!(key, %error, "the bucket holds something under this key that is no document");
                Reply::NotApplied
            }
        },
        (Answer::Missing, false) => Reply::Absent,
        (Answer::Done { cas }, true) => Reply::Applied { version: Version(cas) },
        (Answer::Missing | Answer::Exists | Answer::Mismatch, true) => Reply::Conflict,
        (Answer::Refused(reason), _) => {
            counters.refused.add();
            tracing::debug!(key, reason, "the cluster refused a request");
            Reply::NotApplied
        }
        (Answer::Lost(reason), _) => {
            tracing::debug!(key, reason, "nobody knows what came of a request");
            lost(writes)
        }
        (unfit, _) => {
            tracing::error!(key, ?unfit, "an answer to another kind of request");
            lost(writes)
        }
    }
}

/// The outcome of a request that was sent, or may have been, and whose answer is not known. A read did nothing.
pub(crate) fn lost(writes: bool) -> Reply {
    if writes { Reply::Unknown } else { Reply::NotApplied }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
