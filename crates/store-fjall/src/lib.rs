//! The store on one machine's disk, in a folder: the log-structured engine `fjall`, with every acknowledged write
//! synced to the disk before its answer.
//!
//! One thread writes: it takes all requests that have come meanwhile, decides them in the order in which they came,
//! and makes one atomic, synced batch of them (group commit). One thread reads. Nothing here talks to a network; to
//! serve other processes put a [`FjallStore`] behind `store-shared`.
//!
//! Invariants: [`store::Reply::Applied`] is said after the sync and never otherwise; a read sees only what is synced;
//! versions never repeat, also over restarts. A disk that is full or fails makes the store read-only; it loses nothing.

mod decide;
mod disk;
mod door;
mod error;
mod fjall_store;
mod format;

pub use door::{Door, dump_of_running};
pub use error::FjallStoreError;
pub use fjall_store::{Condition, FjallConfig, FjallStore, Totals};
pub use format::DOCUMENT_BYTES;
