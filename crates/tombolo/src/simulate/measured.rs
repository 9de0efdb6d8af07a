//! How fast a run was, and how much memory the process took: what depends on the machine and not on the seed.

use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

/// What one run, or several at once, asked of the machine.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Measured {
    /// Milliseconds by the wall clock.
    pub wall_ms: u64,
    /// Happenings a second of the wall clock.
    pub events_per_second: u64,
    /// Seconds of virtual time in a second of the wall clock.
    pub realtime_factor: u64,
    /// Bytes of memory that the process held at most until then; null where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

impl Measured {
    /// What it took since `began` to simulate so much.
    pub fn since(began: Instant, events: u64, simulated_ms: u64) -> Self {
        let wall_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        Self {
            wall_ms,
            events_per_second: events.saturating_mul(1_000) / wall_ms,
            realtime_factor: simulated_ms / wall_ms,
            peak_memory_bytes: peak_memory_bytes(),
        }
    }
}

/// The high-water mark of resident memory, as Linux tells it.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim();
    kib.parse::<u64>().ok().map(|kib| kib * 1_024)
}
