//! Thousands of players in one process: they load a world, and look whether it is right.
//!
//! [`run`] plays a [`Plan`] on the current thread. Every bot is a [`client::Client`] steered by a seeded behaviour from
//! `config/bots/*.toml`. Some are *observers*, which read everything and check it; the others walk headers only. Bots
//! act at times planned beforehand, whether or not the server keeps up, and how late they were themselves is measured,
//! so that a slow test machine is not taken for a slow server.
//!
//! Some do things to things (`folk`); what they are told is in the report, and line by line in a file of receipts.
//!
//! It deliberately prints nothing: a [`Report`] is for the caller to show.

pub mod behaviour;
mod board;
mod bot;
pub mod config;
mod deeds_told;
pub mod folk;
mod hands;
mod latency;
pub mod plan;
pub mod random;
pub mod report;
mod returns;
mod run;

pub use behaviour::Behaviour;
pub use config::{BUILT_IN, ConfigError};
pub use deeds_told::DeedsReport;
pub use plan::{BotsError, Plan};
pub use report::{Percentiles, Progress, Report};
pub use returns::Return;
pub use run::{run, run_blocking};

#[cfg(test)]
mod tests;
