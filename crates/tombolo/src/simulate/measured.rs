//! How fast a run was, and how much memory the process took: what depends on the machine and not on the seed.

use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

/// What one run, or several at once, asked of the machine.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Measured {
    /// Milliseconds by the wall clock.
    pub wall_ms: u64,
    /// Milliseconds of a processor core, which say more where others share the machine; null where the system does not
    /// tell, and for several runs at once.
    pub cpu_ms: Option<u64>,
    /// Happenings a second of the wall clock.
    pub events_per_second: u64,
    /// Seconds of virtual time in a second of the wall clock.
    pub realtime_factor: u64,
    /// Bytes of memory that the process held at most until then; null where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// When something began.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    wall: Instant,
    cpu_ms: Option<u64>,
}

impl Began {
    /// One run on this thread begins.
    pub fn one() -> Self {
        Self { wall: Instant::now(), cpu_ms: thread_cpu_ms() }
    }

    /// Runs on several threads begin.
    pub fn many() -> Self {
        Self { wall: Instant::now(), cpu_ms: None }
    }
}

impl Measured {
    /// What it took since `began` to simulate so much.
    pub fn since(began: Began, events: u64, simulated_ms: u64) -> Self {
        let wall_ms = u64::try_from(began.wall.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let cpu_ms = began.cpu_ms.and_then(|before| thread_cpu_ms()?.checked_sub(before));
        Self {
            wall_ms,
            cpu_ms,
            events_per_second: events.saturating_mul(1_000) / wall_ms,
            realtime_factor: simulated_ms / wall_ms,
            peak_memory_bytes: peak_memory_bytes(),
        }
    }
}

/// How long this thread has been on a processor, as Linux tells it.
fn thread_cpu_ms() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse::<u64>().ok().map(|ns| ns / 1_000_000)
}

/// The high-water mark of resident memory, as Linux tells it.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim();
    kib.parse::<u64>().ok().map(|kib| kib * 1_024)
}
