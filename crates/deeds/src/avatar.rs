//! What an avatar's document holds besides its session: bag, energy, parcels, and when the hands are free again.

use serde::{Deserialize, Serialize};
use store::Key;
use world::Millis;

use crate::bag::Bag;
use crate::land::LandId;
use crate::tables::BodyRules;
use crate::tally::Tally;

/// The kind of an avatar's key.
pub const AVATAR_KIND: &str = "avatar";

/// The fields of an avatar's document that deeds read and write. Every other field is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Belongings {
    /// What it carries.
    #[serde(default)]
    pub bag: Bag,
    /// How well fed it is.
    #[serde(default)]
    pub energy: Energy,
    /// Until when its hands are at work, in milliseconds since 1970: crafting and gathering take their time.
    #[serde(default)]
    pub busy_until_ms: u64,
    /// The parcels that it owns.
    #[serde(default)]
    pub parcels: Vec<LandId>,
    /// How many parcels it ever claimed; it numbers them.
    #[serde(default)]
    pub claims: u32,
    /// What its deeds made and used up.
    #[serde(default)]
    pub tally: Tally,
}

/// Energy as of a moment. It falls at a steady rate from there, so nothing ever has to be counted down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Energy {
    /// Kilojoules at `as_of_ms`.
    pub kj: u32,
    /// Milliseconds since 1970; 0: never written, which is full.
    pub as_of_ms: u64,
}

impl Energy {
    /// What is left at `now`. Time never runs backwards for it.
    #[must_use]
    pub fn at(self, now: Millis, rules: &BodyRules) -> u32 {
        if self.as_of_ms == 0 {
            return rules.energy_kj;
        }
        let hours_ms = now.0.saturating_sub(self.as_of_ms);
        let used = u128::from(hours_ms) * u128::from(rules.burn_kj_per_hour) / 3_600_000;
        self.kj.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX)).min(rules.energy_kj)
    }

    /// With so much more, at most full.
    #[must_use]
    pub fn fed(self, now: Millis, rules: &BodyRules, kj: u32) -> Self {
        let kj = self.at(now, rules).saturating_add(kj).min(rules.energy_kj);
        Self { kj, as_of_ms: now.0.max(self.as_of_ms).max(1) }
    }
}

/// The key of an account's avatar.
#[must_use]
pub fn avatar_key(name: &str) -> Key {
    Key::new(AVATAR_KIND, name)
}
