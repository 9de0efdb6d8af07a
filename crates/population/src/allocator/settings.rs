//! What a designer or an operator may turn. Defaults and reasons stand in [`crate::limits`].

use crate::limits;

/// The knobs of the allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Milliseconds for which a ticket is good.
    pub promise_ttl_ms: u64,
    /// Milliseconds ahead for which islands are opened.
    pub open_lead_ms: u64,
    /// Milliseconds of arrivals for which the islands being filled have room.
    pub fill_ahead_ms: u64,
    /// Seats kept free in the bands beyond what is expected, per mille of all people.
    pub reserve_per_mille: u32,
    /// Islands that are raised at once.
    pub raising: usize,
    /// Milliseconds below its band after which an island drains.
    pub drain_after_ms: u64,
    /// Milliseconds for which a draining island is empty before it sleeps.
    pub sleep_after_ms: u64,
    /// Islands that stay open however few people there are.
    pub min_open: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            promise_ttl_ms: limits::PROMISE_TTL_MS,
            open_lead_ms: limits::OPEN_LEAD_MS,
            fill_ahead_ms: limits::FILL_AHEAD_MS,
            reserve_per_mille: limits::RESERVE_PER_MILLE,
            raising: limits::RAISING,
            drain_after_ms: limits::DRAIN_AFTER_MS,
            sleep_after_ms: limits::SLEEP_AFTER_MS,
            min_open: 1,
        }
    }
}
