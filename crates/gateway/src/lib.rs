//! Game clients over TCP and TLS: one [`Gateway`] a node, on the node's own thread and runtime.
//!
//! It accepts connections, cuts what they send into whole messages and hands those to the node's loop through one
//! bounded queue. It writes what the loop gives it in one buffer and one system call for each client and tick. It does
//! not know what a message means, with two exceptions: it says goodbye itself to those who send too much or what
//! cannot be a message. Time-outs of sessions are the node's.
//!
//! The main types are [`Listener`], which takes the port before anything else starts, and [`Gateway`]. Both live inside
//! a current-thread runtime with a [`tokio::task::LocalSet`].
//!
//! Invariant: whatever a client sends or does not read, the memory that it costs is bounded by [`Limits`] and no other
//! connection waits for it.

mod bucket;
mod connection;
mod counters;
mod crowd;
mod event;
mod gateway;
mod greeting;
mod limits;
mod listener;
mod outgoing;
mod rates;
mod reading;
mod ready;
mod refusals;
mod secure;

pub use counters::Counters;
pub use event::{Event, Written};
pub use gateway::Gateway;
pub use limits::{KindRates, LimitTooLow, Limits, Rate};
pub use listener::{BindError, Listener};
pub use secure::Tls;
