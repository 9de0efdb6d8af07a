//! How much a node has to do, and for whom it publishes where: told to each peer once a second.
//!
//! It is what placement decides by. Nothing else depends on it: a lost one is made good by the next.

use wincode::{SchemaRead, SchemaWrite};
use world::{Chunk, IslandId};

use crate::limits;
use crate::mesh::Incarnation;
use crate::wire::WireError;

/// How many avatars a node has in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowding {
    /// The island.
    pub island: IslandId,
    /// The chunk.
    pub chunk: Chunk,
    /// Avatars in its stream there; more than a u16 holds are said to be as many as it holds.
    pub avatars: u16,
}

/// What a node says of itself to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The node.
    pub from: Incarnation,
    /// Sessions in the world.
    pub sessions: u32,
    /// Further sessions that it would take; 0 while it stops or drains.
    pub room: u32,
    /// Of a thousand milliseconds, so many its thread was at work.
    pub busy_per_mille: u16,
    /// Where it has avatars, of the chunks in the peer's interest.
    pub chunks: Vec<Crowding>,
}

/// The wire form of a load.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct LoadWire {
    from: u64,
    sessions: u32,
    room: u32,
    busy_per_mille: u16,
    chunks: Vec<CrowdingWire>,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct CrowdingWire {
    island: u32,
    cx: i16,
    cy: i16,
    avatars: u16,
}

impl From<&Load> for LoadWire {
    fn from(m: &Load) -> Self {
        let crowding =
            |c: &Crowding| CrowdingWire { island: c.island.0, cx: c.chunk.cx, cy: c.chunk.cy, avatars: c.avatars };
        Self {
            from: m.from.0,
            sessions: m.sessions,
            room: m.room,
            busy_per_mille: m.busy_per_mille,
            chunks: m.chunks.iter().map(crowding).collect(),
        }
    }
}

impl TryFrom<LoadWire> for Load {
    type Error = WireError;
    fn try_from(w: LoadWire) -> Result<Self, WireError> {
        WireError::unless_within("crowded chunks", w.chunks.len(), limits::INTEREST_CHUNKS)?;
        let crowding = |c: CrowdingWire| Crowding {
            island: IslandId(c.island),
            chunk: Chunk { cx: c.cx, cy: c.cy },
            avatars: c.avatars,
        };
        Ok(Self {
            from: Incarnation(w.from),
            sessions: w.sessions,
            room: w.room,
            busy_per_mille: w.busy_per_mille.min(1_000),
            chunks: w.chunks.into_iter().map(crowding).collect(),
        })
    }
}
