//! The contract of the binary: what its commands print, how they fail, and how they end. Everything is done as a user
//! would: a process or a terminal, its options, its output, its exit code. Ports are free ones; times are only
//! deadlines.

mod fixture;
mod helps;
mod keys;
mod mistakes;
mod python;
mod signals;
mod simulations;
mod stores;
mod terminal;
mod worlds;

/// The binary under test.
const TOMBOLO: &str = env!("CARGO_BIN_EXE_tombolo");
