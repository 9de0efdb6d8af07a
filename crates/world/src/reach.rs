//! How far a mover may have come: an allowance of distance against speed cheats and teleports.
//!
//! A token bucket in units of length. It fills a little above the top speed of the ground and holds one second's
//! worth and half a metre, so that a late packet is forgiven and a long wait buys no leap. It knows nothing of water and bounds: [`Rules`](crate::rules::Rules) does.
//!
//! It remembers its *anchor*, the last place on which mover and authority agreed. What counts is the way from anchor to
//! anchor: where the authority extrapolated in between is paid too, and refunded when the claim shows another way. Thus
//! a mover who turns often behind a slow link pays for his own path only, and one who adds leaps to the extrapolation
//! pays for both.
//!
//! Invariant: over any time the settled path is at most the speed times that time, plus one full bucket.

use crate::motion::Gait;
use crate::space::{Position, UNITS_PER_METRE};
use crate::time::Millis;

/// The bucket fills at this many hundredths of the top speed, for clocks that run apart.
pub const LENIENCY_PERCENT: u64 = 110;
/// And at so many units per second more: velocities are whole units per tick, and at 40 Hz rounding alone makes a
/// walker a tenth faster.
pub const ROUNDING_UNITS_PER_S: u64 = 20;
/// The bucket holds what fills in so many milliseconds, and [`SLACK_UNITS`].
pub const CAP_MS: u64 = 1000;
/// What the bucket holds beyond [`CAP_MS`], in units: half a metre, for roundings at a stand.
pub const SLACK_UNITS: u64 = UNITS_PER_METRE as u64 / 2;

/// The distance that is too far is refused; so many units would not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed(pub u32);

/// The allowance of one mover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// In thousandths of a unit, since a millisecond is worth less than one unit.
    left_milli_units: u64,
    filled_at: Millis,
    anchor: Position,
}

/// Thousandths of a unit per millisecond, which is units per second, leniency included.
fn fill_rate(top: Gait) -> u64 {
    u64::from(top.units_per_second().unsigned_abs()) * LENIENCY_PERCENT / 100 + ROUNDING_UNITS_PER_S
}

fn cap_milli_units(top: Gait) -> u64 {
    fill_rate(top) * CAP_MS + SLACK_UNITS * 1000
}

impl Reach {
    /// A full allowance for somebody who was put at a place: on arrival, on resume, after a leap by the rules.
    #[must_use]
    pub fn new(at: Position, top: Gait, now: Millis) -> Self {
        Self { left_milli_units: cap_milli_units(top), filled_at: now, anchor: at }
    }

    /// The last place that was settled.
    #[must_use]
    pub fn anchor(&self) -> Position {
        self.anchor
    }

    /// The units that may be spent at once.
    #[must_use]
    pub fn left(&self) -> u32 {
        u32::try_from(self.left_milli_units / 1000).unwrap_or(u32::MAX)
    }

    /// Fills up to `now` at the top speed of the ground. Time that runs backwards fills nothing.
    pub fn fill(&mut self, top: Gait, now: Millis) {
        self.fill_less(top, 0, now);
    }

    /// Spends `distance` units.
    ///
    /// # Errors
    /// What would be allowed. Then nothing is spent.
    pub fn spend(&mut self, distance: u32) -> Result<(), Allowed> {
        let cost = u64::from(distance) * 1000;
        self.left_milli_units = self.left_milli_units.checked_sub(cost).ok_or(Allowed(self.left()))?;
        Ok(())
    }

    /// Fills up to `now` and pays for the way from the anchor to `current`, where the authority has moved the mover.
    pub fn travel(&mut self, current: Position, top: Gait, now: Millis) {
        self.fill_less(top, self.anchor.distance(current), now);
    }

    /// Whether a mover for whom [`travel`](Self::travel) was paid up to `current` may be at `claimed` instead.
    ///
    /// # Errors
    /// How far on the way from `current` to `claimed` he may be.
    pub fn affords(&self, current: Position, claimed: Position, top: Gait) -> Result<(), Allowed> {
        // One second forth and one second back is the most by which an honest picture may differ.
        let astray = u32::try_from(2 * cap_milli_units(top) / 1000).unwrap_or(u32::MAX);
        let more = self.anchor.distance(claimed).saturating_sub(self.anchor.distance(current));
        if more > self.left() {
            return Err(Allowed(self.left().min(astray)));
        }
        if current.distance(claimed) > astray { Err(Allowed(astray)) } else { Ok(()) }
    }

    /// Mover and authority agree on `place`: from now on it is the anchor. Pays for the way there in place of the way to
    /// `current`.
    pub fn settle(&mut self, current: Position, place: Position, top: Gait) {
        let milli_units = |p: Position| u64::from(self.anchor.distance(p)) * 1000;
        let (paid, due) = (milli_units(current), milli_units(place));
        self.left_milli_units = (self.left_milli_units + paid).saturating_sub(due).min(cap_milli_units(top));
        self.anchor = place;
    }

    fn fill_less(&mut self, top: Gait, travelled: u32, now: Millis) {
        let filled = fill_rate(top).saturating_mul(now.since(self.filled_at));
        let spent = u64::from(travelled) * 1000;
        self.left_milli_units =
            self.left_milli_units.saturating_add(filled).saturating_sub(spent).min(cap_milli_units(top));
        self.filled_at = self.filled_at.max(now);
    }
}
