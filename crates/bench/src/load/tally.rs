//! What the load counts between the beginning and the end of a measurement.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Beyond a minute nothing is told apart, in microseconds.
const LONGEST_US: u64 = 60_000_000;

/// Counts and times of one measurement.
#[derive(Debug)]
pub struct Tally {
    /// Bytes that clients received.
    pub bytes: u64,
    /// Tick messages that clients received.
    pub messages: u64,
    /// Changed entities that reached clients, their own avatars among them.
    pub updates: u64,
    /// Of those, clients' own avatars.
    pub own: u64,
    /// Inputs sent.
    pub inputs: u64,
    /// Inputs that the server put right.
    pub corrected: u64,
    /// Entities that observers read, and how many of them had changed.
    pub read: u64,
    /// Of those that observers read, how many had changed since they were last told.
    pub changed: u64,
    /// Changes that observers saw and no input explains.
    pub unexplained: u64,
    /// What observers found that should never be: counts that differ, streams with holes, unknown handles.
    pub violations: u64,
    /// From the moment at which an input was due to the moment at which an observer had read the change.
    pub seen_us: Histogram<u64>,
    /// From the moment at which an input was due to the moment at which it was sent.
    pub late_us: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            bytes: 0,
            messages: 0,
            updates: 0,
            own: 0,
            inputs: 0,
            corrected: 0,
            read: 0,
            changed: 0,
            unexplained: 0,
            violations: 0,
            seen_us: histogram(),
            late_us: histogram(),
        }
    }
}

impl Tally {
    /// Counts one time from an input to its sight.
    pub fn seen(&mut self, after: Duration) {
        self.seen_us.saturating_record(micros(after));
    }

    /// Counts how late an input was sent.
    pub fn late(&mut self, by: Duration) {
        self.late_us.saturating_record(micros(by));
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).unwrap_or_else(|_| unreachable!("the bounds of a histogram are valid"))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Some quantiles in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half are below.
    pub p50: f64,
    /// One in a hundred is above.
    pub p99: f64,
    /// One in a thousand is above.
    pub p999: f64,
    /// The largest.
    pub max: f64,
}

impl From<&Histogram<u64>> for Quantiles {
    fn from(us: &Histogram<u64>) -> Self {
        let ms = |us: u64| us as f64 / 1_000.0;
        let at = |q: f64| ms(us.value_at_quantile(q));
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: ms(us.max()) }
    }
}

/// What one load saw in one measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// How long it was.
    pub seconds: f64,
    /// People.
    pub clients: usize,
    /// Changed entities that reached clients, their own avatars left out.
    pub updates: f64,
    /// How many of them there would have been if everybody had seen each input of everybody in view.
    pub possible: f64,
    /// Bytes that clients received.
    pub bytes: u64,
    /// Tick messages.
    pub messages: u64,
    /// Inputs sent.
    pub inputs: u64,
    /// Inputs that the server put right.
    pub corrected: u64,
    /// Changes that observers saw and no input explains, in parts of all that they saw.
    pub unexplained: f64,
    /// What should never be: see [`Tally::violations`].
    pub violations: u64,
    /// Entities in view of an observer at the end of which it does not know, or which it has at a wrong place.
    pub astray: u64,
    /// Nodes that serve people of one chunk, at the end, the median of all chunks in which there is somebody.
    pub publishers_p50: usize,
    /// One chunk in twenty has more.
    pub publishers_p95: usize,
    /// From input to seen, milliseconds.
    pub seen_ms: Quantiles,
    /// How late inputs were sent, milliseconds.
    pub late_ms: Quantiles,
    /// CPU seconds of the server.
    pub server_cpu_s: f64,
    /// Seconds that threads of the server waited for a core.
    pub server_waited_s: f64,
    /// CPU seconds of the load.
    pub load_cpu_s: f64,
    /// Seconds that the load waited for a core.
    pub load_waited_s: f64,
}
