//! A host: one process's share of a world. It runs one node per core, each on a thread of its own with its own
//! runtime, sockets and clock, and introduces them to the rest of the cluster.
//!
//! It knows the ports ([`store::Store`], [`node::ports`]) and none of their adapters: whoever composes a program hands
//! them in as [`Parts`]. It decides nothing about the game; that is the machine's, [`node::Node`].
//!
//! [`Host`] is the main type. A supervising thread claims the host's number, starts the nodes, keeps its place in the
//! directory and watches over the nodes' threads.
//!
//! Invariant: a node's thread never waits for another thread. What comes to it comes through bounded queues; what goes
//! from it is handed over or dropped and counted. A node's thread that ends unasked ends the host.

mod board;
mod clock;
mod config;
mod errands;
mod error;
mod host;
mod inbox;
mod limits;
mod neighbours;
mod notes;
mod outbox;
mod rules;
mod shell;
mod supervisor;
mod thread;

pub use board::{HostCounters, HostView, NodeReport, ShellCounters};
pub use config::{HostConfig, MeshMaker, OpenMesh, Parts};
pub use error::HostError;
pub use host::Host;
pub use rules::Rules;
