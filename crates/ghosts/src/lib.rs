//! Copies of entities, kept from streams: the rules by which a node and a client agree on who is where.
//!
//! State is keyed by entity and ordered by (epoch, hop): what is lower is ignored, what is equal is accepted, what is
//! higher replaces and moves the entity to the stream that said it. Only that stream may move or remove it. Who leaves
//! for a place in view is awaited in *limbo*, moving on, until its enter arrives or two seconds are over.
//!
//! The table deliberately knows nothing of gaps, publishers and interest: `node` and `client` feed it what they
//! believe. Its main type is [`Ghosts`].
//!
//! Invariant: an entity is in the table at most once, and (epoch, hop) of an entity never goes back within
//! [`DEPARTED_MS`].

mod departed;
mod table;

pub use departed::{DEPARTED_LIMIT, DEPARTED_MS};
pub use table::{Applied, Ghost, Ghosts, StreamKey};

/// Milliseconds for which who left for a place in view is awaited.
pub const LIMBO_LEAVE_MS: u64 = 2_000;
/// Milliseconds for which who is missing in a keyframe, or whose stream was closed, is awaited.
pub const LIMBO_MISSING_MS: u64 = 500;

#[cfg(test)]
mod tests;
