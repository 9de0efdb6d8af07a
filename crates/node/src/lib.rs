//! One node of the world as a sans-IO machine: sessions, interest, authority, ghosts and streams.
//!
//! It never awaits, sleeps, reads a clock, draws a random number, does float arithmetic or iterates in hash order. The
//! host drives it with real sockets, the simulator with a virtual clock and a hostile network. The main type is
//! [`Node`]: [`Node::handle`] takes in what happened, [`Node::poll_effect`] gives out what is to be done, and
//! [`Node::next_wakeup`] tells when time itself is news.
//!
//! Invariant: at most one node can acknowledge a deed of an avatar, because each deed compares-and-swaps the avatar's
//! document at the epoch and holder that the node knows. Everything else here is speed.

mod authority;
pub mod avatar;
mod clients;
pub mod config;
pub mod counters;
mod crowd;
mod feed;
mod flush;
mod handles;
pub mod handover;
mod interest;
pub mod io;
mod lifecycle;
pub mod limits;
mod machine;
mod neighbours;
mod owed;
mod peers;
pub mod ports;
mod publisher;
mod session;
mod status;
mod storage;
mod things;
mod timekeeper;
mod viewer;

#[cfg(test)]
mod tests;

pub use config::{Config, Contract, View, standard_rules};
pub use counters::Counters;
pub use crowd::ladder::Step;
pub use io::{ConnId, Effect, Input, Note, OpId, WakeReason};
pub use machine::Node;
pub use status::{ChunkStatus, CrowdStatus, EntityStatus, PageStatus, PeerStatus, Status};
pub use timekeeper::Timekeeper;
