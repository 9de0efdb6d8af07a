//! How many are admitted: up while the world is well, down at once when it is not.
//!
//! The rule is that of congestion control: a healthy second adds a little, a distressed one takes a third away. Between
//! calm and distress nothing changes. Whoever is admitted found room when it was last reported.

use world::Millis;

use crate::limits::{
    ADMIT_BURST_MS, ADMIT_FALL_PER_MILLE, ADMIT_FLOOR_MILLI, ADMIT_MAX_MILLI, ADMIT_RISE_PER_MILLE, ADMIT_START_MILLI,
    GOVERN_EVERY_MS, HEALTH_STALE_MS, LOAD_CALM_PER_MILLE, LOAD_DISTRESS_PER_MILLE, OVERRUN_CALM_PER_MILLE,
    OVERRUN_DISTRESS_PER_MILLE, STORE_CALM_PER_MILLE, STORE_DISTRESS_PER_MILLE, STORE_DOWN_PER_MILLE,
};

/// How the world is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Load of the busiest node, per mille of what it can do.
    pub load_per_mille: u32,
    /// Ticks that ended late on the worst node, per mille.
    pub overrun_per_mille: u32,
    /// Store requests that failed or were of unknown outcome, per mille.
    pub store_failed_per_mille: u32,
    /// Seats that the allocator would promise to strangers now.
    pub room: u64,
}

/// What the governor makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// All is well: more may come.
    Calm,
    /// Neither: it stays as it is.
    Steady,
    /// Fewer may come.
    Distress,
    /// Nobody may come: an arrival would only fail.
    Shut,
    /// Nothing was heard for too long: a trickle.
    Blind,
}

impl Health {
    /// What the governor makes of it.
    #[must_use]
    pub fn mood(&self) -> Mood {
        let Self { load_per_mille: load, overrun_per_mille: late, store_failed_per_mille: failed, .. } = *self;
        let distress =
            load > LOAD_DISTRESS_PER_MILLE || late > OVERRUN_DISTRESS_PER_MILLE || failed > STORE_DISTRESS_PER_MILLE;
        let calm = load < LOAD_CALM_PER_MILLE && late < OVERRUN_CALM_PER_MILLE && failed < STORE_CALM_PER_MILLE;
        match (failed >= STORE_DOWN_PER_MILLE, distress, calm) {
            (true, ..) => Mood::Shut,
            (_, true, _) => Mood::Distress,
            (_, _, true) => Mood::Calm,
            _ => Mood::Steady,
        }
    }
}

/// The governor of admission.
#[derive(Clone, Debug)]
pub struct Governor {
    /// Admissions a second, in thousandths.
    rate_milli: u64,
    max_milli: u64,
    mood: Mood,
    heard_at: Millis,
    changed_at: Millis,
    /// Admissions saved up, in millionths.
    saved_micro: u64,
    counted_at: Option<Millis>,
    room: u64,
}

impl Default for Governor {
    fn default() -> Self {
        Self::new(ADMIT_START_MILLI, ADMIT_MAX_MILLI)
    }
}

impl Governor {
    /// Begins with a rate, and never goes above another; both in thousandths of an admission a second.
    #[must_use]
    pub fn new(start_milli: u64, max_milli: u64) -> Self {
        Self {
            rate_milli: start_milli.min(max_milli),
            max_milli,
            mood: Mood::Blind,
            heard_at: Millis(0),
            changed_at: Millis(0),
            saved_micro: 0,
            counted_at: None,
            room: 0,
        }
    }

    /// Takes in a report of health.
    pub fn handle(&mut self, now: Millis, health: Health) {
        self.heard_at = now;
        self.room = health.room;
        self.mood = health.mood();
        if now.since(self.changed_at) < GOVERN_EVERY_MS {
            return;
        }
        self.changed_at = now;
        // A rate that is not used up says nothing about what the world could take.
        let used = self.saved_micro < self.rate_milli.saturating_mul(ADMIT_BURST_MS);
        match self.mood {
            Mood::Calm if used => self.rate_milli += (self.rate_milli * ADMIT_RISE_PER_MILLE / 1000).max(1),
            Mood::Distress | Mood::Shut => self.rate_milli = self.rate_milli * ADMIT_FALL_PER_MILLE / 1000,
            Mood::Calm | Mood::Steady | Mood::Blind => {}
        }
        self.rate_milli = self.rate_milli.clamp(ADMIT_FLOOR_MILLI.min(self.max_milli), self.max_milli);
    }

    /// How many may be admitted now. What is returned counts as admitted; what was not used is handed back by
    /// [`Self::unused`].
    pub fn allowance(&mut self, now: Millis) -> u64 {
        let rate = self.rate_milli(now);
        let since = now.since(self.counted_at.unwrap_or(now));
        self.counted_at = Some(now);
        let burst = rate.saturating_mul(ADMIT_BURST_MS).max(1_000_000);
        self.saved_micro = self.saved_micro.saturating_add(rate.saturating_mul(since)).min(burst);
        if rate == 0 {
            self.saved_micro = 0;
        }
        let admitted = (self.saved_micro / 1_000_000).min(self.room);
        self.saved_micro -= admitted * 1_000_000;
        self.room -= admitted;
        admitted
    }

    /// Hands back admissions that nobody was there to take.
    pub fn unused(&mut self, admissions: u64) {
        self.room = self.room.saturating_add(admissions);
        self.saved_micro = self.saved_micro.saturating_add(admissions.saturating_mul(1_000_000));
    }

    /// Admissions a second at the moment, in thousandths.
    #[must_use]
    pub fn rate_milli(&self, now: Millis) -> u64 {
        match self.mood(now) {
            Mood::Shut => 0,
            Mood::Blind => ADMIT_FLOOR_MILLI.min(self.rate_milli),
            Mood::Calm | Mood::Steady | Mood::Distress => self.rate_milli,
        }
    }

    /// What the governor makes of the last report.
    #[must_use]
    pub fn mood(&self, now: Millis) -> Mood {
        if now.since(self.heard_at) > HEALTH_STALE_MS { Mood::Blind } else { self.mood }
    }
}
