//! The time that a node is told: the wall clock's, so that all hosts tick in the same phase, but it never goes back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use world::Millis;

use crate::limits::CLOCK_STRAY;

/// A node's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    course: Course,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), course: Course { now_us: wall_us(), steady_us: 0, strays: false } }
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
        self.course.strays
    }

    fn read_us(&mut self) -> u64 {
        self.course.read(wall_us(), micros(self.began.elapsed()))
    }
}

fn wall_us() -> u64 {
    micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A time that follows a wall clock which may jump, on a steady clock which may not.
#[derive(Clone, Copy, Debug)]
struct Course {
    now_us: u64,
    steady_us: u64,
    strays: bool,
}

impl Course {
    fn read(&mut self, wall_us: u64, steady_us: u64) -> u64 {
        let passed = steady_us.saturating_sub(self.steady_us);
        let unguided = self.now_us.saturating_add(passed);
        let ahead = unguided.saturating_sub(wall_us);
        self.strays = ahead > micros(CLOCK_STRAY);
        self.now_us = match ahead {
            0 => wall_us,
            _ if self.strays => unguided,
            _ => wall_us.max(self.now_us + passed / 2),
        };
        self.steady_us = steady_us;
        self.now_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    /// Readings of (wall, steady, expected) from a clock that began at 100 s, all in seconds.
    fn check(readings: &[(u64, u64, u64)], strays: bool) {
        let mut course = Course { now_us: 100 * S, steady_us: 0, strays: false };
        for (wall, steady, expected) in readings {
            assert_eq!(course.read(wall * S, steady * S), expected * S, "{wall} {steady} of {readings:?}");
        }
        assert_eq!(course.strays, strays);
    }

    #[test]
    fn it_follows_the_wall() {
        check(&[(101, 1, 101), (102, 2, 102), (160, 3, 160)], false);
    }

    #[test]
    fn a_wall_set_back_slows_it_until_they_meet() {
        check(&[(110, 10, 110), (106, 10, 110), (108, 12, 111), (110, 14, 112), (112, 16, 113), (114, 18, 114)], false);
    }

    #[test]
    fn a_wall_set_far_back_is_not_followed() {
        check(&[(110, 10, 110), (50, 10, 110), (60, 20, 120)], true);
        check(&[(110, 10, 110), (50, 10, 110), (125, 11, 125)], false);
    }

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
