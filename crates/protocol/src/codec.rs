//! Structs in the bincode format (legacy: fixed integers, little endian, u32 variant index, u64 lengths).
//!
//! `wincode` writes the bytes that bincode 2 `legacy()` writes; a test holds the two together on golden files. Each
//! direction has a preallocation cap of its own, far below wincode's default, so that a hostile length costs next to
//! nothing: a sequence that would take more memory than the cap is refused before anything is allocated.

use wincode::config::{Configuration, DefaultConfig, PREALLOCATION_SIZE_LIMIT_DISABLED};
use wincode::{SchemaRead, SchemaWrite};

use crate::wire::WireError;

/// Bytes that one sequence of a client's message may take in memory. The longest is a ticket.
pub const CLIENT_CAP: usize = crate::limits::CLIENT_MESSAGE_BYTES;
/// Bytes that one sequence of a server's message may take in memory. The longest is a baseline.
pub const SERVER_CAP: usize = 64 * 1024;
/// Bytes that one sequence of a mesh message may take in memory. The longest is a summary of
/// [`crate::limits::SUMMARY_STREAMS`] streams, 24 bytes each.
pub const MESH_CAP: usize = 512 * 1024;

/// What is read with a cap of `CAP` bytes a sequence.
pub type Capped<const CAP: usize> = Configuration<true, CAP>;

/// What is written has no cap: wincode would refuse a long sequence of our own, which is the receiver's to do.
pub type Uncapped = Configuration<true, PREALLOCATION_SIZE_LIMIT_DISABLED>;

/// The bytes of a message.
///
/// # Panics
/// Never for the message types of this crate: their serialisation cannot fail into memory.
#[must_use]
pub fn to_bytes<T>(message: &T) -> Vec<u8>
where
    T: SchemaWrite<Uncapped, Src = T>,
{
    let config = DefaultConfig::default().with_preallocation_size_limit::<PREALLOCATION_SIZE_LIMIT_DISABLED>();
    wincode::config::serialize(message, config).expect("a message serialises into memory")
}

/// The message in `bytes`, all of them; no sequence in it takes more than `CAP` bytes.
pub fn from_bytes<'a, T, const CAP: usize>(bytes: &'a [u8]) -> Result<T, WireError>
where
    T: SchemaRead<'a, Capped<CAP>, Dst = T>,
{
    let config = DefaultConfig::default().with_preallocation_size_limit::<CAP>();
    wincode::config::deserialize_exact(bytes, config).map_err(|_| WireError::Invalid("message body"))
}
