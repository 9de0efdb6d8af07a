//! What a node is told at birth. The shell reads it from files and the directory; the machine takes it as given.

use protocol::Incarnation;
use world::{Island, IslandId, Planted, TickRate};

use crate::limits;

/// How far a session sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Rings of chunks around the avatar's own at full rate. 1 is 3 x 3 chunks.
    pub near: u8,
    /// Rings of chunks seen at all, at least `near`.
    pub far: u8,
    /// Ticks between two frames of a far chunk.
    pub far_every: u8,
}

impl Default for View {
    fn default() -> Self {
        Self { near: 1, far: 2, far_every: 5 }
    }
}

/// The configuration of one life of a node.
#[derive(Clone, Debug)]
pub struct Config {
    /// This life.
    pub incarnation: Incarnation,
    /// Ticks per second, the same in the whole cluster.
    pub rate: TickRate,
    /// Milliseconds from the beginning of a tick, when all nodes publish, to the writes to clients.
    pub flush_after_ms: u64,
    /// How far sessions see.
    pub view: View,
    /// The island's number.
    pub island_id: IslandId,
    /// The island.
    pub island: Island,
    /// Sessions at most.
    pub sessions: usize,
    /// What the welcome says of the software.
    pub software: String,
    /// The planted bug, none in production.
    pub planted: Planted,
}

impl Config {
    /// A configuration with the default rate, view and limits.
    #[must_use]
    pub fn new(incarnation: Incarnation, island_id: IslandId, island: Island) -> Self {
        Self {
            incarnation,
            rate: TickRate::default(),
            flush_after_ms: 20,
            view: View::default(),
            island_id,
            island,
            sessions: limits::SESSIONS,
            software: concat!("tombolo ", env!("CARGO_PKG_VERSION")).to_owned(),
            planted: Planted::none(),
        }
    }
}
