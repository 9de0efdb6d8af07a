//! Handovers against death, loss and a store that does not say what it did, at each step.

mod deaths;
mod ferry;
mod machines;
mod policy;
mod quiet;
