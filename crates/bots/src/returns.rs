//! Bots that lost their connection and came back: how long it took, and how far they were set back.

use std::time::{Duration, Instant};

use client::{Client, Lost};
use hdrhistogram::Histogram;
use protocol::Incarnation;
use serde::Serialize;
use world::{Millis, Position, UNITS_PER_METRE};

use crate::latency::{histogram, record};

/// Returns that a report tells one by one. Further ones are only in the percentiles and in `reconnects`.
const TOLD: usize = 20_000;

/// One return into the world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Return {
    /// The bot's number in its run.
    pub bot: u32,
    /// The node that served it before: this life of it, as the map shows it.
    pub from: String,
    /// The node that serves it now.
    pub to: String,
    /// Why the connection was lost.
    pub lost: String,
    /// Milliseconds from the moment it noticed the loss to the welcome.
    pub out_ms: u64,
    /// Metres from where it took itself to be at the loss to where it is now.
    pub set_back_m: f64,
}

/// A bot that is out of the world at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    since: Instant,
    from: Incarnation,
    at: Position,
    lost: Lost,
}

impl Out {
    /// What a client leaves behind that has lost its connection at `now`. `None` if it was not in the world.
    pub(crate) fn of(client: &Client, now: Millis, lost: Lost) -> Option<Self> {
        Some(Self { since: Instant::now(), from: client.node()?, at: client.position(now)?, lost })
    }
}

/// All returns of a run.
#[derive(Debug)]
pub(crate) struct Returns {
    told: Vec<Return>,
    took: Histogram<u64>,
}

impl Returns {
    pub(crate) fn new() -> Self {
        Self { told: Vec::new(), took: histogram() }
    }

    /// A bot is back, at a node and a place.
    pub(crate) fn back(&mut self, bot: u32, out: &Out, to: Incarnation, at: Position) {
        self.add(bot, out, out.since.elapsed(), (to, at));
    }

    fn add(&mut self, bot: u32, out: &Out, took: Duration, (to, at): (Incarnation, Position)) {
        record(&mut self.took, took);
        if self.told.len() < TOLD {
            self.told.push(Return {
                bot,
                from: out.from.to_string(),
                to: to.to_string(),
                lost: out.lost.to_string(),
                out_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                set_back_m: metres_between(out.at, at),
            });
        }
    }

    pub(crate) fn told(&self) -> &[Return] {
        &self.told
    }

    pub(crate) fn took(&self) -> &Histogram<u64> {
        &self.took
    }
}

fn metres_between(a: Position, b: Position) -> f64 {
    let difference = |a: i32, b: i32| f64::from(a) - f64::from(b);
    difference(a.x, b.x).hypot(difference(a.y, b.y)) / f64::from(UNITS_PER_METRE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_tells_how_long_and_how_far() {
        let out =
            Out { since: Instant::now(), from: Incarnation(7), at: Position::metres(10, 10), lost: Lost::Unreachable };
        let mut returns = Returns::new();
        returns.add(3, &out, Duration::from_millis(250), (Incarnation(8), Position::metres(13, 14)));
        let expected = Return {
            bot: 3,
            from: Incarnation(7).to_string(),
            to: Incarnation(8).to_string(),
            lost: "no connection came about".to_owned(),
            out_ms: 250,
            set_back_m: 5.0,
        };
        assert_eq!((returns.told(), returns.took().len()), (&[expected][..], 1));
    }
}
