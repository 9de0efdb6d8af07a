//! The ecology of an island over weeks: does a template feed the people that it was planned for?
//!
//! The rules are those of `world::ecology`; this only knows how many people there are when, and counts what they lack.

mod check;
mod run;
mod scenario;

pub use run::{Figure, Simulation};
pub use scenario::{Course, HerdPlan, Kind, People, Scenario, Template};
