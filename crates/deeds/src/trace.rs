//! Traces: everything on the ground that differs from nature.

use std::fmt;

use serde::{Deserialize, Serialize};
use world::Position;

use crate::bag::Bag;
use crate::tables::{BuildingId, BuildingRow, ItemId, PropRow};

/// A trace's name within its chunk. The upper byte says in which cell of the page it stands, so that a trace is found
/// without a search; the lower 24 bits count up and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(pub u32);

/// One trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Trace {
    /// A natural prop from which something was taken.
    Taken(Taken),
    /// Items that lie on the ground.
    Pile(Pile),
    /// Something that was built.
    Built(Built),
}

/// What is missing of a natural prop, as of a moment. It grows back at a steady rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The prop's index in its chunk.
    pub prop: u16,
    /// Units that were missing at `as_of_ms`.
    pub missing: u32,
    /// Milliseconds since 1970.
    pub as_of_ms: u64,
}

/// Items that lie on the ground until somebody takes them or they decay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pile {
    /// Units east of the island's corner.
    pub x: i32,
    /// Units south.
    pub y: i32,
    /// What lies there.
    pub item: ItemId,
    /// How many.
    pub amount: u32,
    /// When it decays, milliseconds since 1970.
    pub until_ms: u64,
}

/// Something that was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// What it is.
    pub kind: BuildingId,
    /// Units east of the island's corner.
    pub x: i32,
    /// Units south.
    pub y: i32,
    /// The entity that built it.
    pub owner: u64,
    /// When it decays unless land is kept up here, milliseconds since 1970.
    pub until_ms: u64,
    /// What lies in it.
    #[serde(default, skip_serializing_if = "Bag::is_empty")]
    pub bag: Bag,
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trace-{}-{}", self.0 >> 24, self.0 & 0xff_ffff)
    }
}

impl Taken {
    /// Units that are missing at `now_ms`: one grows back every `regrow_ms`. Time never runs backwards.
    #[must_use]
    pub fn missing_at(&self, now_ms: u64, row: &PropRow) -> u32 {
        let grown = now_ms.saturating_sub(self.as_of_ms) / row.regrow_ms.max(1);
        self.missing.saturating_sub(u32::try_from(grown).unwrap_or(u32::MAX))
    }

    /// With `more` taken at `now_ms`. What has grown of the next unit is kept.
    #[must_use]
    pub fn with(&self, now_ms: u64, more: u32, row: &PropRow) -> Self {
        let missing = self.missing_at(now_ms, row);
        let grown = u64::from(self.missing - missing) * row.regrow_ms;
        // A whole prop begins to grow when it is first touched.
        let as_of_ms = if missing == 0 { now_ms.max(self.as_of_ms) } else { self.as_of_ms.saturating_add(grown) };
        Self { prop: self.prop, missing: missing.saturating_add(more), as_of_ms }
    }
}

impl Pile {
    /// Where it lies.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.x, self.y)
    }
}

impl Built {
    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.x, self.y)
    }

    /// Whether it has decayed at `now_ms`; on land that is kept up until `kept_until_ms` nothing decays before then.
    #[must_use]
    pub fn is_gone(&self, now_ms: u64, kept_until_ms: u64, row: &BuildingRow) -> bool {
        row.decay_ms > 0 && now_ms >= self.until_ms.max(kept_until_ms)
    }
}
