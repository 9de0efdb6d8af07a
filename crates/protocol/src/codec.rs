//! Structs in the bincode format (legacy: fixed integers, little endian, u32 variant index, u64 lengths).
//!
//! `wincode` writes the bytes that bincode 2 `legacy()` writes; a test holds the two together on golden files. The
//! preallocation cap is far below wincode's default, so that a hostile length costs nothing.

use wincode::config::{Configuration, DefaultConfig};
use wincode::{SchemaRead, SchemaWrite};

use crate::limits::MESH_MESSAGE_BYTES;
use crate::wire::WireError;

/// Bytes that a decoder may allocate ahead of reading a sequence; a longer sequence is refused. The longest that we
/// send is a summary of [`crate::limits::SUMMARY_STREAMS`] streams.
const PREALLOCATION_BYTES: usize = 512 * 1024;

type Config = Configuration<true, PREALLOCATION_BYTES>;

fn config() -> Config {
    DefaultConfig::default().with_preallocation_size_limit::<PREALLOCATION_BYTES>()
}

/// The bytes of a message.
///
/// # Panics
/// Never for the message types of this crate: their serialisation cannot fail into memory.
#[must_use]
pub fn to_bytes<T>(message: &T) -> Vec<u8>
where
    T: SchemaWrite<Config, Src = T>,
{
    wincode::config::serialize(message, config()).expect("a message serialises into memory")
}

/// The message in `bytes`, all of them.
pub fn from_bytes<'a, T>(bytes: &'a [u8]) -> Result<T, WireError>
where
    T: SchemaRead<'a, Config, Dst = T>,
{
    if bytes.len() > MESH_MESSAGE_BYTES {
        return Err(WireError::TooLarge {
            what: "message",
            found: bytes.len() as u64,
            limit: MESH_MESSAGE_BYTES as u64,
        });
    }
    wincode::config::deserialize_exact(bytes, config()).map_err(|_| WireError::Invalid("message body"))
}
