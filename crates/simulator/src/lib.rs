//! The world in a box: the very machines that serve players, under virtual time, on a network that does its worst.
//!
//! A [`Scenario`] says how big and how hostile; a seed decides everything else. [`run`] drives nodes, clients and the
//! store through storms of faults and calms in between, while [`checkers`] hold what clients see against the truth.
//! The same scenario, seed and plant give the same run, bit for bit, in debug and release: the report's digest is over
//! every effect of every node.
//!
//! It deliberately has no code of its own for what it tests: `node`, `client` and `store` are the production crates.

pub mod checkers;
mod cluster;
mod dice;
mod digest;
mod mesh;
mod plan;
mod players;
mod report;
mod run;
pub mod scenario;

pub use plan::{Fault, Planned};
pub use report::{FaultCount, Report, Violation};
pub use run::run;
pub use scenario::{Scenario, ScenarioError};
