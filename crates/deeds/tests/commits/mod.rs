//! Deeds through the commit protocol while everything fails, in virtual time. Coordinators stop after each step of each
//! deed with each fault of the store; clients repeat on other nodes; others resolve and sweep meanwhile. Afterwards a
//! book-keeper goes through the documents and through what the clients were told, and through nothing else.
//!
//! `TOMBOLO_SEEDS` is the number of storms, 40 by default. With `TOMBOLO_CRASH_ALL` the long deeds of land meet every fault
//! with every end at each step, as the others always do.

mod crossing;
mod ledger;
mod passers;
mod plan;
mod plants;
mod play;
mod steps;
mod storms;
mod thieves;
mod wishes;
