//! The client library: it enters a world, keeps the picture of what is in view, predicts its own avatar, and comes
//! back by itself when the connection is cut.
//!
//! [`Client`] is a machine without sockets and clocks: [`Client::handle`] takes bytes, time and the player's wishes,
//! [`Client::poll_effect`] says what to connect, write and show, [`Client::next_wakeup`] says when to call again. The
//! one module that knows a socket is `tcp` (cargo feature `tcp`).
//!
//! It deliberately draws nothing, decides nothing for the player, and does not know how islands are made: ground comes
//! from the server as baselines.
//!
//! Invariant: whatever a server sends, the machine neither panics nor grows without bound; what it cannot read costs
//! that connection, and what contradicts itself is counted in [`Checks`].

pub mod addresses;
pub mod baselines;
pub mod checks;
pub mod clock;
pub mod config;
mod crossing;
pub mod deed;
pub mod event;
pub mod limits;
pub mod machine;
pub mod pages;
pub mod picture;
pub mod prediction;
pub mod requests;
mod session;
mod sink;
mod slots;
#[cfg(feature = "tcp")]
pub mod tcp;
mod walk;

pub use checks::{Checks, Violation};
pub use clock::ServerClock;
pub use config::{ClientConfig, Observe, State};
pub use event::{
    Asked, Beside, ClientEffect, ClientInput, Ending, Event, Lost, Outcome, Performed, Receipt, WakeReason,
};
pub use machine::Client;
pub use pages::Pages;
pub use picture::Picture;
pub use prediction::Prediction;
pub use sink::Counts;

#[cfg(test)]
mod tests;
