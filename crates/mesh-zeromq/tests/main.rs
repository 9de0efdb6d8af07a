//! The mesh over real sockets on loopback: the suite of all meshes, and what only a real transport can suffer.
//!
//! Tests wait for what must happen, with a deadline that only a hang reaches; none asserts a duration.

mod churn;
mod conformance;
mod fixture;
mod hostile;
mod keys;
mod restart;
mod start;
mod stuck;
