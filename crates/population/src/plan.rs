//! What designers say of an island, and where an island is in its life.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use world::{Chunk, IslandId};

/// The number of people with whom an island is at its best, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Below it the island feels empty.
    pub low: u32,
    /// Above it strangers are sent elsewhere.
    pub high: u32,
}

/// The plan of an island.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IslandPlan {
    /// Which island.
    pub island: IslandId,
    /// The ideal number of people.
    pub band: Band,
    /// People for whom it was built. Above it only friends and the revived come.
    pub capacity: u32,
    /// People and promises that it never exceeds.
    pub hard_cap: u32,
    /// The chunk where strangers land.
    pub landing: Chunk,
    /// Milliseconds of sleep after which it is archived; `None` for an island that is for ever.
    pub archive_after_ms: Option<u64>,
}

/// Why a plan is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The numbers are not in order.
    #[error("{0}: 0 < low <= high <= capacity <= hard cap must hold")]
    Disordered(IslandId),
    /// Two plans name the same island.
    #[error("{0} is planned twice")]
    Twice(IslandId),
}

impl IslandPlan {
    /// A lasting island for `capacity` people, whose band is 60 % to 85 % of it and whose hard cap is a fifth above.
    #[must_use]
    pub fn for_people(island: IslandId, capacity: u32) -> Self {
        let part = |per_mille: u64| u32::try_from(u64::from(capacity) * per_mille / 1000).unwrap_or(u32::MAX).max(1);
        let band = Band { low: part(600), high: part(850) };
        Self {
            island,
            band,
            capacity: capacity.max(1),
            hard_cap: part(1200),
            landing: Chunk::default(),
            archive_after_ms: None,
        }
    }

    /// Whether the numbers are in order.
    ///
    /// # Errors
    /// [`PlanError::Disordered`].
    pub fn check(&self) -> Result<(), PlanError> {
        let Self { band: Band { low, high }, capacity, hard_cap, .. } = *self;
        let ordered = 0 < low && low <= high && high <= capacity && capacity <= hard_cap;
        ordered.then_some(()).ok_or(PlanError::Disordered(self.island))
    }
}

/// Where an island is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It was never open.
    #[default]
    Planned,
    /// It has been ordered up, from plan or from sleep, and is not ready yet.
    Woken,
    /// It takes everybody.
    Open,
    /// It is at the upper end of its band: strangers go elsewhere.
    Full,
    /// It empties: only people who belong to somebody there come.
    Draining,
    /// It is empty and costs nothing.
    Asleep,
    /// It is empty and put away for ever.
    Archived,
}

impl Phase {
    /// Whether hosts hold the island up.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Open | Self::Full | Self::Draining)
    }
}
