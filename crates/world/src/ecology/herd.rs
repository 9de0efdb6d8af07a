//! A herd: a number of heads in a place. It grazes, breeds, starves and is hunted; nobody steers single animals.

use super::DAY_MIN;

/// Millionths, in which parts of a head are kept.
const HEAD: u64 = 1_000_000;

/// What a kind of animal is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Species {
    /// Its name.
    pub name: String,
    /// Births a day of a thousand well-fed heads.
    pub births_per_mille: u64,
    /// Deaths a day of a thousand heads that find nothing to eat.
    pub starve_per_mille: u64,
    /// Portions of meat that a head gives, in thousandths.
    pub portions: u64,
    /// Heads that the herd never exceeds, however good the ground.
    pub most: u32,
    /// Of a thousand heads, so many are never hunted: they are too shy.
    pub shy_per_mille: u64,
}

/// A herd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Herd {
    species: Species,
    /// Where it grazes.
    pub(super) region: usize,
    /// Heads, in millionths.
    heads: u64,
    began: u64,
    /// Meals owed for minutes too short for a whole one, in thousandths of a head's day, times the minutes of a day.
    owed: u64,
}

impl Herd {
    pub(super) fn new(species: Species, heads: u32, region: usize) -> Self {
        let heads = u64::from(heads) * HEAD;
        Self { species, region, heads, began: heads, owed: 0 }
    }

    /// Its kind.
    #[must_use]
    pub fn species(&self) -> &Species {
        &self.species
    }

    /// Whole heads.
    #[must_use]
    pub fn heads(&self) -> u64 {
        self.heads / HEAD
    }

    /// Whether it is gone for good.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.heads < 2 * HEAD
    }

    /// The region where it grazes, row by row.
    #[must_use]
    pub fn region(&self) -> usize {
        self.region
    }

    /// What it would graze in so many minutes, in thousandths of a head's day.
    pub(super) fn appetite(&mut self, minutes: u64) -> u64 {
        self.owed += self.heads / 1_000 * minutes;
        let wanted = self.owed / DAY_MIN;
        self.owed %= DAY_MIN;
        wanted
    }

    /// Breeds as far as it ate, and starves as far as it did not.
    pub(super) fn live(&mut self, minutes: u64, wanted: u64, eaten: u64) {
        if self.is_gone() {
            self.heads = 0;
            return;
        }
        let fed_per_mille = (eaten * 1_000).checked_div(wanted).unwrap_or(1_000);
        let change = |per_mille: u64, of: u64| self.heads / 1_000 * per_mille * minutes / DAY_MIN * of / 1_000;
        let born = change(self.species.births_per_mille, fed_per_mille);
        let died = change(self.species.starve_per_mille, 1_000 - fed_per_mille.min(1_000));
        self.heads = (self.heads + born).saturating_sub(died).min(u64::from(self.species.most) * HEAD);
    }

    /// Meat that can be hunted, in thousandths of a portion.
    pub(super) fn meat(&self) -> u64 {
        let shy = self.began / 1_000 * self.species.shy_per_mille;
        (u128::from(self.heads.saturating_sub(shy)) * u128::from(self.species.portions) / u128::from(HEAD)) as u64
    }

    /// Is hunted for so much meat; returns what was got.
    pub(super) fn hunted(&mut self, wanted: u64) -> u64 {
        let got = wanted.min(self.meat());
        let heads = (u128::from(got) * u128::from(HEAD)).div_ceil(u128::from(self.species.portions.max(1)));
        self.heads = self.heads.saturating_sub(heads as u64);
        got
    }
}
