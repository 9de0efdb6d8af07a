//! The server's clock as the client estimates it, from pings.
//!
//! A pong says what the server's clock was at some moment between ping and pong. Taking the middle is wrong by at most
//! half the round trip, however unequal the two ways are; so the smallest round trip of the last
//! [`SAMPLES`] is believed. The estimate is slewed, not set, so that nobody's walk jumps, unless it is off by more than
//! [`STEP_MS`].
//!
//! Invariant: between two steps the estimate never runs backwards.

use std::collections::VecDeque;

use world::Millis;

use crate::limits::PONG_MAX_AGE_MS;

/// Round trips among which the smallest is chosen.
pub const SAMPLES: usize = 8;
/// An error beyond this, in milliseconds, is corrected at once.
pub const STEP_MS: u64 = 500;
/// Otherwise the estimate runs fast or slow by one millisecond in so many.
pub const SLEW_ONE_IN: u64 = 25;

#[derive(Clone, Copy, Debug)]
struct Sample {
    round_trip_ms: u64,
    offset_ms: i64,
}

/// An estimate of the server's clock.
#[derive(Clone, Debug)]
pub struct ServerClock {
    offset_ms: i64,
    set_at: Millis,
    target_ms: i64,
    samples: VecDeque<Sample>,
}

impl ServerClock {
    /// The first estimate: the server's clock as a message that came at `now` states it. It is late by the way here.
    #[must_use]
    pub fn new(now: Millis, server: Millis) -> Self {
        let offset_ms = difference(server, now);
        Self { offset_ms, set_at: now, target_ms: offset_ms, samples: VecDeque::with_capacity(SAMPLES) }
    }

    /// Takes in a pong that came at `now`. One that cannot be true is ignored.
    pub fn pong(&mut self, now: Millis, pinged: Millis, server: Millis) {
        if pinged > now || now.since(pinged) > PONG_MAX_AGE_MS {
            return;
        }
        let round_trip_ms = now.since(pinged);
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample { round_trip_ms, offset_ms: difference(server + round_trip_ms / 2, now) });
        let best = self.samples.iter().rev().min_by_key(|s| s.round_trip_ms);
        let target_ms = best.map_or(self.target_ms, |s| s.offset_ms);
        self.aim(now, target_ms);
    }

    /// The server's clock at `now`.
    #[must_use]
    pub fn at(&self, now: Millis) -> Millis {
        let sum = i128::from(now.0) + i128::from(self.offset_at(now));
        Millis(u64::try_from(sum.max(0)).unwrap_or(u64::MAX))
    }

    /// The smallest round trip lately in milliseconds, `None` before the first pong.
    #[must_use]
    pub fn round_trip_ms(&self) -> Option<u64> {
        self.samples.iter().map(|s| s.round_trip_ms).min()
    }

    fn aim(&mut self, now: Millis, target_ms: i64) {
        let present = self.offset_at(now);
        self.offset_ms = if present.abs_diff(target_ms) > STEP_MS { target_ms } else { present };
        self.set_at = now;
        self.target_ms = target_ms;
    }

    fn offset_at(&self, now: Millis) -> i64 {
        let slewed = i64::try_from(now.since(self.set_at) / SLEW_ONE_IN).unwrap_or(i64::MAX);
        let missing = self.target_ms.saturating_sub(self.offset_ms);
        self.offset_ms.saturating_add(missing.clamp(-slewed, slewed))
    }
}

fn difference(a: Millis, b: Millis) -> i64 {
    let wide = i128::from(a.0) - i128::from(b.0);
    wide.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}
