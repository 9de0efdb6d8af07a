//! The ports through which a node's shell reaches the rest of the cluster. The store's port is in `store`.
//!
//! Each port has a real and an in-memory implementation, and one conformance suite that both pass.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance_mesh;
pub mod directory;
#[cfg(any(test, feature = "conformance"))]
pub mod directory_conformance;
pub mod memory_directory;
pub mod memory_mesh;
pub mod mesh;
pub mod mesh_intake;
pub mod roster;
pub mod subscriptions;

#[cfg(test)]
mod memory_mesh_tests;

use std::future::Future;
use std::pin::Pin;

/// An answer of a port under way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
