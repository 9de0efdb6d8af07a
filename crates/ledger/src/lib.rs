//! The ledger: whether a store still knows all that clients were told was done, and whether its items balance.
//!
//! It is recomputed from two things alone: the documents, as `tombolo store dump` writes them, and the receipts, as
//! clients wrote them down when they were answered. It deliberately reads no server's counters and asks no server. It
//! judges a world that began empty and that is at rest: nobody acts while it is dumped.
//!
//! Main types: [`Ledger`], [`Receipt`], [`Findings`].
//!
//! Invariant: what is neither in a document nor in a receipt changes nothing here, and the same lines give the same
//! findings in whatever order they come.

#![forbid(unsafe_code)]

mod books;
mod check;
mod evidence;
mod receipt;

pub use books::{Books, Item};
pub use check::{Findings, Ledger};
pub use receipt::Receipt;
