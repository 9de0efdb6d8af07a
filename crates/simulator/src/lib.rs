//! The world in a box: the very machines that serve players, under virtual time, on a network that does its worst.
//!
//! A [`Scenario`] says how big and how hostile; a seed decides everything else. A [`Simulation`] drives nodes, clients
//! and the store through storms of faults and calms in between, while the checkers hold what clients see against the
//! truth. [`run`] does one seed, a [`Suite`] sums up many. The same scenario, seed and plant give the same run, bit for
//! bit, in debug and release: the report's digest is over every effect of every node.
//!
//! It deliberately has no code of its own for what it tests: `node`, `client` and `store` are the production crates.
//! Nor has it threads or files: how many seeds run at once is the caller's business.

mod checkers;
mod cluster;
mod dice;
mod digest;
pub mod ecology;
mod faults;
pub mod heart;
mod kept;
mod matrix;
mod mesh;
mod names;
pub mod outcome;
mod plan;
mod players;
pub mod population;
mod report;
mod run;
pub mod scenario;
pub mod scenario_file;
mod simulation;
mod suite;

pub use checkers::{CHECKERS, Checker, OVERLAP_BOUND_MS};
pub use faults::{FaultCount, FaultKind};
pub use kept::{KeptSeed, KeptSeedError, kept_seeds};
pub use matrix::{Cell, Ill};
pub use names::Tally;
pub use outcome::{Course, Outcome};
pub use plan::{Fault, Planned};
pub use report::{Counts, Report, Violation};
pub use scenario::{Scenario, ScenarioError};
pub use scenario_file::{FileError, ScenarioFile, Setting, Sweep};
pub use simulation::{Simulation, run};
pub use suite::{FailedRun, PROVING_RUNS, Suite};
