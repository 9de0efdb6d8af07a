//! What the world remembers: documents under keys, compare-and-swap, and outcomes that may be unknown.
//!
//! The [`Store`] port is the only door to storage. [`MemoryStore`] is its in-memory form, a plain state machine that the
//! simulator drives too, and [`FaultyStore`] is the same with faults and delays in virtual time.
//! [`commit`] makes deeds on several documents out of that, whole and once; [`record`] is a document as it sees it.
//! Nothing here talks to a disk or a socket: backends are crates of their own.
//!
//! Invariant: a request has exactly one of the outcomes of [`Reply`], and only `Applied` promises durability.

pub mod codec;
pub mod commit;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod document;
pub mod dump;
pub mod faulty;
pub mod memory;
pub mod names;
pub mod port;
pub mod record;
pub mod window;

pub use codec::Upcasters;
pub use document::{Document, DocumentError, Key};
pub use faulty::{Fate, FaultCounts, FaultyStore};
pub use memory::MemoryStore;
pub use names::{Holder, Txn};
pub use port::{Pending, Reply, Request, Store, Version};
pub use record::{Body, Holding, Record};
