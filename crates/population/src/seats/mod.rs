//! The seats of one island: who is counted, and what the island's document grants.
//!
//! Two parts. The [`Ledger`] counts in memory: at most [`Ledger::bound`] people are on the island or may still come by a
//! live ticket. The [`Escrow`] keeps a document by compare-and-swap that says how high that bound may go. A promise
//! is made only below the granted number, so a leader that dies leaves a document that tells the truth about the worst
//! case, and the next leader begins from it.
//!
//! Why the document holds a number and not names: a name for each person would be rewritten with each arrival, 20 KB
//! at a time. A number is granted ahead for many arrivals at once, and a census heals what a dead leader or a lost
//! report left behind.

mod document;
mod escrow;
mod ledger;

pub use document::{SCHEMA, SeatDocument};
pub use escrow::{Escrow, Heard, Wish};
pub use ledger::Ledger;
