//! Seeded dice. The ranges are our own, since a library's may change between versions.

use rand_core::Rng;
use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// One stream of chance. Streams of one seed are independent, so that a change in one does not shift the others.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Pcg64Mcg);

impl Dice {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mixed = (seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self(Pcg64Mcg::seed_from_u64(mixed ^ (mixed >> 31)))
    }

    /// Any number.
    pub(crate) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn per_mille(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len() as u64) as usize)
    }
}

/// Times without memory: the gaps between people who come on their own, and how long they stay.
///
/// A table of quantiles with straight lines between. What falls into the last of its parts is that far and then drawn
/// again, which is exact, since such times have no memory.
#[derive(Clone, Debug)]
pub(crate) struct Waits {
    /// `-ln(1 - n / PARTS)` in units of 2^-32.
    quantiles: Vec<u64>,
}

/// Parts of the table, a power of two.
const PARTS: u64 = 1 << PART_BITS;
const PART_BITS: u32 = 10;

impl Waits {
    pub(crate) fn new() -> Self {
        Self { quantiles: (0..PARTS).map(|n| minus_ln(PARTS - n)).collect() }
    }

    /// A time with this mean, in the same unit.
    pub(crate) fn draw(&self, dice: &mut Dice, mean: u64) -> u64 {
        let mut sum = 0_u64;
        loop {
            let bits = dice.word();
            let part = (bits >> (64 - PART_BITS)) as usize;
            let low = self.quantiles[part];
            let Some(high) = self.quantiles.get(part + 1) else {
                sum += low;
                continue;
            };
            let within = (bits << PART_BITS) >> 32;
            sum += low + (((high - low) * within) >> 32);
            return ((u128::from(sum) * u128::from(mean)) >> 32) as u64;
        }
    }
}

/// `-ln(left / PARTS)` in units of 2^-32, for `left` from 1 to [`PARTS`].
fn minus_ln(left: u64) -> u64 {
    const ONE: u128 = 1 << 32;
    const LN_2: u128 = 2_977_044_472;
    let value = u128::from(PARTS) * ONE / u128::from(left);
    let whole = value.ilog2() - 32;
    let mut rest = value >> whole;
    let mut log = u128::from(whole) << 32;
    for bit in (0..32).rev() {
        rest = (rest * rest) >> 32;
        if rest >= 2 * ONE {
            rest >>= 1;
            log |= 1 << bit;
        }
    }
    ((log * LN_2) >> 32) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_memory_have_their_mean_and_their_quantiles() {
        let (waits, mut dice) = (Waits::new(), Dice::new(5, 5));
        let mut drawn: Vec<u64> = (0..100_000).map(|_| waits.draw(&mut dice, 60_000)).collect();
        drawn.sort_unstable();
        let mean = drawn.iter().sum::<u64>() / drawn.len() as u64;
        // The median is ln 2 of the mean, 99 in 100 are below ln 100 of it, 9999 in 10000 below ln 10000.
        for (found, expected) in
            [(mean, 60_000), (drawn[50_000], 41_589), (drawn[99_000], 276_310), (drawn[99_990], 552_620)]
        {
            assert!(found.abs_diff(expected) < expected / 12, "{found}, not about {expected}");
        }
    }
}
