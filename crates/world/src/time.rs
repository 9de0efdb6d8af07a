//! Time as the world counts it: milliseconds handed in by the shell, and ticks aligned to them.
//!
//! Ticks are numbered from the Unix epoch, so that nodes with synchronised clocks tick in the same phase and agree on
//! the number without talking. Nothing here reads a clock.

use std::fmt;
use std::ops::{Add, Sub};

/// Milliseconds since the Unix epoch, as handed to a machine by its shell or simulator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// Milliseconds from `earlier` to `self`, zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Millis {
    type Output = Self;
    fn add(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// The number of a tick since the Unix epoch at the cluster's tick rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// Ticks from `earlier` to `self`, zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Tick {
    type Output = Self;
    fn add(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }
}

impl Sub<u64> for Tick {
    type Output = Self;
    fn sub(self, ticks: u64) -> Self {
        Self(self.0.saturating_sub(ticks))
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

/// Ticks per second, the same for the whole cluster. One of the divisors of 1000, so that a tick is whole
/// milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRate {
    hz: u32,
}

impl TickRate {
    /// The rates that a cluster may run at, in Hz.
    pub const ALLOWED_HZ: [u32; 6] = [5, 8, 10, 20, 25, 40];

    /// A rate in Hz, or `None` if it is not one of [`Self::ALLOWED_HZ`].
    #[must_use]
    pub fn new(hz: u32) -> Option<Self> {
        Self::ALLOWED_HZ.contains(&hz).then_some(Self { hz })
    }

    /// Ticks per second.
    #[must_use]
    pub fn hz(self) -> u32 {
        self.hz
    }

    /// Milliseconds per tick.
    #[must_use]
    pub fn period_ms(self) -> u64 {
        1000 / u64::from(self.hz)
    }

    /// The tick that is under way at `now`.
    #[must_use]
    pub fn tick_at(self, now: Millis) -> Tick {
        Tick(now.0 / self.period_ms())
    }

    /// The moment at which `tick` begins, held at the end of the number range.
    #[must_use]
    pub fn start_of(self, tick: Tick) -> Millis {
        Millis(tick.0.saturating_mul(self.period_ms()))
    }

    /// How many ticks `ms` milliseconds are, rounded up.
    #[must_use]
    pub fn ticks_in(self, ms: u64) -> u64 {
        ms.div_ceil(self.period_ms())
    }
}

impl Default for TickRate {
    fn default() -> Self {
        Self { hz: 10 }
    }
}
