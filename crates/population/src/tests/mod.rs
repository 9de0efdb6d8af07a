//! The tests of this crate: a small hostile town for the allocator, tables for the rules, and the queue.

mod caps;
mod dice;
mod harbour;
mod ledger;
mod life;
mod line;
mod naive;
mod plants;
mod rank;
mod rules;
mod seats;
mod town;
mod waiting;
