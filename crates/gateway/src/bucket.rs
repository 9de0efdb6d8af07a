//! A rate limit: so much at once, and so much more each second. Exact in integers: what is left of a second is kept.

use std::time::Duration;

/// Millionths of a token.
const MICRO: u64 = 1_000_000;

/// A token bucket on a clock that it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    left_micro: u64,
    burst: u32,
    per_s: u32,
    filled_at: Duration,
}

impl Bucket {
    pub(crate) fn new(now: Duration, burst: u32, per_s: u32) -> Self {
        Self { left_micro: u64::from(burst) * MICRO, burst, per_s, filled_at: now }
    }

    /// Takes `tokens`, or nothing if fewer are left.
    pub(crate) fn take(&mut self, now: Duration, tokens: usize) -> bool {
        let passed_us = u64::try_from(now.saturating_sub(self.filled_at).as_micros()).unwrap_or(u64::MAX);
        let earned = passed_us.saturating_mul(u64::from(self.per_s));
        self.left_micro = self.left_micro.saturating_add(earned).min(u64::from(self.burst) * MICRO);
        self.filled_at = now.max(self.filled_at);
        let cost = (tokens as u64).saturating_mul(MICRO);
        let enough = cost <= self.left_micro;
        if enough {
            self.left_micro -= cost;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes in turn of a bucket of 10 with 4 a second.
    fn check(takes: &[(u64, usize, bool)]) {
        let mut bucket = Bucket::new(Duration::ZERO, 10, 4);
        for (at_ms, tokens, expected) in takes {
            assert_eq!(
                bucket.take(Duration::from_millis(*at_ms), *tokens),
                *expected,
                "{tokens} at {at_ms} of {takes:?}"
            );
        }
    }

    #[test]
    fn a_flood_gets_the_burst_and_then_the_rate() {
        check(&[(0, 10, true), (0, 1, false), (249, 1, false), (250, 1, true), (251, 1, false), (1_250, 4, true)]);
    }

    #[test]
    fn a_trickle_is_never_refused_and_earns_no_more_than_the_burst() {
        check(&[(0, 1, true), (250, 1, true), (500, 1, true), (60_000, 10, true), (60_000, 1, false)]);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        check(&[(1_000, 10, true), (0, 1, false), (1_000, 1, false), (1_250, 1, true)]);
    }
}
