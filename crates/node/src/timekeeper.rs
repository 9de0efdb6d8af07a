//! The time that a node is told: that of a wall clock which may jump, on a steady clock which may not. It never goes back.
//!
//! It reads no clock: whoever has clocks, or plays them, tells it what they show. Main type: [`Timekeeper`].

use crate::limits::CLOCK_STRAY_MS;

/// Keeps a node's time.
#[derive(Clone, Copy, Debug)]
pub struct Timekeeper {
    now_us: u64,
    steady_us: u64,
    strays: bool,
}

impl Timekeeper {
    /// A time that begins as the wall clock shows it. All are microseconds, the steady ones from any beginning.
    #[must_use]
    pub fn new(wall_us: u64, steady_us: u64) -> Self {
        Self { now_us: wall_us, steady_us, strays: false }
    }

    /// The time, when both clocks show this: the wall clock's, unless that was set back. By up to
    /// [`CLOCK_STRAY_MS`], time runs at half speed until they meet; by more, the wall clock is not followed.
    pub fn read(&mut self, wall_us: u64, steady_us: u64) -> u64 {
        let passed = steady_us.saturating_sub(self.steady_us);
        let unguided = self.now_us.saturating_add(passed);
        let ahead = unguided.saturating_sub(wall_us);
        self.strays = ahead > CLOCK_STRAY_MS * 1_000;
        self.now_us = match ahead {
            0 => wall_us,
            _ if self.strays => unguided,
            _ => wall_us.max(self.now_us + passed / 2),
        };
        self.steady_us = steady_us;
        self.now_us
    }

    /// Whether the wall clock was set back so far that it is not followed.
    #[must_use]
    pub fn strays(&self) -> bool {
        self.strays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    /// Readings of (wall, steady, expected) from a clock that began at 100 s, all in seconds.
    fn check(readings: &[(u64, u64, u64)], strays: bool) {
        let mut keeper = Timekeeper::new(100 * S, 0);
        for (wall, steady, expected) in readings {
            assert_eq!(keeper.read(wall * S, steady * S), expected * S, "{wall} {steady} of {readings:?}");
        }
        assert_eq!(keeper.strays(), strays);
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
}
