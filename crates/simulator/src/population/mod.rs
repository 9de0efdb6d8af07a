//! The population of a world for hours and days: millions of accounts, islands, the queue, and whoever allocates.
//!
//! An event-driven model around the production code: the allocator, the queue, its governor and the checker are those of
//! the crate `population`, the store is the one with faults. The model only knows what people and machines do: they
//! come, sign up, wait, give up, load, play, sail and go; leaders and login nodes die, promises are lost, reports are
//! late. It deliberately knows no positions and no chunks but that of a festival: for those there is the full heart.
//!
//! [`Scenario`] says all that; [`Simulation`] is one run. Whole numbers only, and one seed decides everything.
//!
//! Invariant: every account is in exactly one state, and who plays is on exactly one island.

mod calendar;
mod check;
mod come;
mod defaults;
mod figures;
mod gate;
mod harbour;
mod incident;
mod islands;
mod measure;
mod model;
mod people;
mod plots;
mod scenario;
mod show;
mod trouble;

pub(crate) use come::along;
pub use figures::{Figure, RIVAL_BEST};
pub use incident::{Incident, What};
pub use model::Simulation;
pub use scenario::{
    Arrivals, Course, Kind, Nodes, People, PolicyChoice, PolicyKind, Queue, Reports, Rival, Scenario, Step,
    StoreWeather, Voyages, World,
};
