//! The simulator's tests: seeds that must hold, planted bugs that must be found, and scenarios named after the
//! adversary.

mod adversaries;
mod crowd;
mod determinism;
mod files;
mod fixture;
mod kept;
mod matrix;
mod placement;
mod plants;
mod population;
mod suite;
