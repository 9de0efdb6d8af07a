//! Every byte that leaves a process: client messages, mesh messages, frames and the limits on all of them.
//!
//! Control messages are structs in the bincode format (legacy: fixed integers, little endian), written by `wincode`.
//! What is sent at full rate, frame bodies and tick messages, is packed by hand in [`frame`] and [`tick`]. Nothing
//! here knows a socket: a gateway or a mesh link hands in bytes and takes out bytes.
//!
//! Invariant: decoding is total. Whatever the bytes are, it returns a value or a [`WireError`], allocates no more than
//! the limits in [`limits`] allow, and never panics. `docs/protocol.md` describes the same bytes in prose.

pub mod client;
pub mod codec;
pub mod envelope;
pub mod frame;
pub mod handover;
pub mod limits;
pub mod load;
pub mod mesh;
pub mod refusal;
pub mod things;
pub mod tick;
pub mod wire;

#[cfg(test)]
mod tests;

pub use envelope::{Envelope, Kind, Splitter};
pub use mesh::{Incarnation, StreamId};
pub use refusal::{Code, Meaning};
pub use wire::WireError;

/// The version of the client protocol that this build speaks.
pub const PROTOCOL_VERSION: u16 = 1;
/// The oldest version of the client protocol that this build still serves.
pub const PROTOCOL_OLDEST: u16 = 1;
