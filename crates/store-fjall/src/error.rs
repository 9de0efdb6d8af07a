//! Why a folder cannot be used as a store.

use std::path::PathBuf;

use thiserror::Error;

/// An operation on the whole store failed. Nothing was changed, unless it says so.
#[derive(Debug, Error)]
pub enum FjallStoreError {
    /// Another process has it open.
    #[error("{}: another process has this store open; stop it, or ask it (`tombolo store dump` does)", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder or a file in it cannot be used.
    #[error("{}: {reason}", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// What the system or the engine says.
        reason: String,
    },
    /// It was written by a newer build.
    #[error("{}: the store has format {found}; this build reads format {known}", folder.display())]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u8,
        /// Ours.
        known: u8,
    },
    /// A stored document is not as it was written.
    #[error("the document {key:?} is damaged: {reason}")]
    Damaged {
        /// Its key, as far as it can be read.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// The engine cannot read.
    #[error("the store cannot be read: {0}")]
    Read(String),
    /// The engine cannot write. What was to be written may be there or not after a restart.
    #[error("the store cannot be written: {0}")]
    Write(String),
    /// Documents are to be loaded into a store that has some.
    #[error("there are documents already; load into an empty folder")]
    NotEmpty,
}
