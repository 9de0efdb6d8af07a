//! One store for several processes: any [`store::Store`] served over TCP, and the client side of the same port.
//!
//! It is for processes that trust each other, on one machine or in one closed network: there is neither encryption nor
//! a password, and the server listens where it is told, by default on loopback. It adds no durability and no caching;
//! what the store behind it promises is what it promises.
//!
//! [`SharedStoreServer`] serves, [`SharedStore`] asks. Invariant: a request ends within the client's deadline whatever
//! server and network do, and with the truth: a write is [`store::Reply::NotApplied`] only if it never left this
//! process, and [`store::Reply::Unknown`] if it left and no answer came.

mod answering;
mod client;
mod link;
mod server;
mod wire;

pub use client::{SharedStore, SharedStoreConfig, SharedStoreError};
pub use server::{ServerLimits, SharedStoreServer};
pub use wire::{DOCUMENT_BYTES, MESSAGE_BYTES};
