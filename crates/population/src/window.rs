//! Counts over the recent past, in buckets of equal length.

use std::collections::VecDeque;

use world::Millis;

/// A sliding window of counts.
#[derive(Clone, Debug)]
pub struct Window {
    bucket_ms: u64,
    buckets: usize,
    /// Newest last: the number of the bucket and its count.
    counts: VecDeque<(u64, u64)>,
    began: Option<Millis>,
}

impl Window {
    /// A window of so many buckets of so many milliseconds; at least one of each.
    #[must_use]
    pub fn new(bucket_ms: u64, buckets: usize) -> Self {
        Self { bucket_ms: bucket_ms.max(1), buckets: buckets.max(1), counts: VecDeque::new(), began: None }
    }

    /// Counts `n` more at `now`.
    pub fn add(&mut self, now: Millis, n: u64) {
        self.began.get_or_insert(now);
        let bucket = now.0 / self.bucket_ms;
        match self.counts.back_mut() {
            Some((newest, count)) if *newest >= bucket => *count = count.saturating_add(n),
            _ => self.counts.push_back((bucket, n)),
        }
        self.forget(bucket);
    }

    fn forget(&mut self, bucket: u64) {
        let oldest = bucket.saturating_sub(self.buckets as u64 - 1);
        while self.counts.front().is_some_and(|(number, _)| *number < oldest) {
            self.counts.pop_front();
        }
    }

    /// The count and the milliseconds in which it was made: the newest whole buckets that hold at least `enough`, or
    /// the whole window.
    #[must_use]
    pub fn measure(&self, now: Millis, enough: u64) -> (u64, u64) {
        self.measure_over(now, enough, 0)
    }

    /// The same over at least `ms`, if the window is so long.
    #[must_use]
    pub fn measure_over(&self, now: Millis, enough: u64, ms: u64) -> (u64, u64) {
        let Some(began) = self.began else { return (0, 0) };
        let bucket = now.0 / self.bucket_ms;
        let oldest = bucket.saturating_sub(self.buckets as u64 - 1);
        let (mut count, mut from) = (0, oldest);
        for (number, n) in self.counts.iter().rev().take_while(|(number, _)| *number >= oldest) {
            count += n;
            let long = now.since(Millis(number.saturating_mul(self.bucket_ms))) >= ms;
            if long && count >= enough && *number < bucket {
                from = *number;
                break;
            }
        }
        let start = began.max(Millis(from.saturating_mul(self.bucket_ms)));
        (count, now.since(start))
    }

    /// The count within the window.
    #[must_use]
    pub fn sum(&self, now: Millis) -> u64 {
        self.measure(now, u64::MAX).0
    }
}
