//! Seeded choices. The generator is PCG; the ranges are our own, because those of `rand` change between versions.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// The choices of one bot.
#[derive(Clone, Debug)]
pub struct Random(Pcg32);

impl Random {
    /// The choices of bot `index` in a run with this seed.
    #[must_use]
    pub fn new(seed: u64, index: u64) -> Self {
        Self(Pcg32::seed_from_u64(seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number from `least` to `most`, both included. `least` if they are the wrong way round.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        let wide = u128::from(most.saturating_sub(least)) + 1;
        // The high half of a product: biased by less than 2^-32 for the small ranges of a bot.
        least + ((u128::from(self.0.next_u64()) * wide) >> 64) as u64
    }

    /// One of the choices, `None` if there is none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let last = choices.len().checked_sub(1)?;
        choices.get(self.between(0, last as u64) as usize)
    }

    /// Whether a thing happens that happens `percent` times in 100.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.between(0, 99) < u64::from(percent)
    }
}
