//! The full heart under a crowd: real nodes and real clients by the thousand, without faults, to see what they cost.
//!
//! The nodes, the clients and the links are those of the fault scenarios; here nothing breaks and nobody checks. What is
//! counted is work: people moved (game logic), and frames between nodes (synchronisation). What each costs is the
//! scenario's to say, since the game's own logic is not here.

mod run;
mod scenario;

pub use run::{Figure, Simulation};
pub use scenario::{Cost, Course, Kind, People, Scenario, World};
