//! The stored form of an island's seats.

use serde::{Deserialize, Serialize};
use store::Key;
use world::IslandId;

use crate::ids::Term;
use crate::plan::Phase;

/// The schema that this build writes.
pub const SCHEMA: u32 = 1;

/// `seats/<island>`. Fields that this build does not know are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatDocument {
    /// The leader that wrote it. A lower term may not write any more.
    pub term: Term,
    /// The number of the write within its term, so that a leader knows its own writes again.
    pub stamp: u64,
    /// At most so many people are on the island or come by tickets that are out.
    pub granted: u32,
    /// When the last such ticket has run out, in Unix milliseconds. Never falls.
    pub until_ms: u64,
    /// The hard cap at the time of writing, for those who read it.
    pub hard_cap: u32,
    /// People and promises counted at the time of writing, for those who read it.
    pub counted: u32,
    /// The phase of the island.
    pub phase: Phase,
}

impl SeatDocument {
    /// Where an island's seats are kept.
    #[must_use]
    pub fn key(island: IslandId) -> Key {
        Key::new("seats", island.0)
    }
}
