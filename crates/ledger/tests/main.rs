//! The ledger on a small world: what is well, and every way in which it is not.

mod plants;
mod world_of_two;
