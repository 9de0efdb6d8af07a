//! The time that a node is told: the wall clock's, so that all hosts tick in the same phase, but it never goes back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use node::Timekeeper;
use tokio::time::Instant;
use world::Millis;

/// A node's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    keeper: Timekeeper,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), keeper: Timekeeper::new(wall_us(), 0) }
    }

    pub(crate) fn now(&mut self) -> Millis {
        Millis(self.read_us() / 1_000)
    }

    /// When to wake up so that it is `at` then.
    pub(crate) fn instant_of(&mut self, at: Millis) -> Instant {
        let now_us = self.read_us();
        Instant::now() + Duration::from_micros(at.0.saturating_mul(1_000).saturating_sub(now_us))
    }

    /// Whether the wall clock was set back so far that it is not followed.
    pub(crate) fn strays(&self) -> bool {
        self.keeper.strays()
    }

    fn read_us(&mut self) -> u64 {
        self.keeper.read(wall_us(), micros(self.began.elapsed()))
    }
}

fn wall_us() -> u64 {
    micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_until_a_moment_brings_it() {
        let mut clock = Clock::new();
        let now = clock.now();
        let until = clock.instant_of(now + 50);
        let wait = until.saturating_duration_since(Instant::now());
        assert!(wait <= Duration::from_millis(50) && wait > Duration::from_millis(10), "{wait:?}");
        assert!(clock.instant_of(Millis(0)) <= Instant::now());
    }
}
