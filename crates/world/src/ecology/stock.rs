//! An amount that grows back towards what the ground carries, as a closed form.

/// Fractional bits.
const BITS: u32 = 32;
/// Parts of a half-life that are told apart: 2^-16 of it.
const PARTS: u32 = 16;

/// An amount as of a moment. What is missing halves in each half-life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    missing: u64,
    as_of_min: u64,
    capacity: u64,
}

impl Stock {
    /// As much as the ground carries.
    #[must_use]
    pub const fn full(capacity: u64) -> Self {
        Self { missing: 0, as_of_min: 0, capacity }
    }

    /// What the ground carries.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The amount at a minute, given the half-life in minutes. Time never runs backwards for it.
    #[must_use]
    pub fn at(&self, now_min: u64, half_min: u64) -> u64 {
        self.capacity - left_after(self.missing, now_min.saturating_sub(self.as_of_min), half_min)
    }

    /// Takes up to `wanted`, and returns what was taken.
    pub fn take(&mut self, now_min: u64, half_min: u64, wanted: u64) -> u64 {
        let there = self.at(now_min, half_min);
        let taken = wanted.min(there);
        *self = Self { missing: self.capacity - there + taken, as_of_min: self.as_of_min.max(now_min), ..*self };
        taken
    }
}

/// What is left of an amount of which half goes in each half-life, rounded to the nearest. A half-life of 0 leaves nothing.
#[must_use]
pub fn left_after(amount: u64, elapsed_min: u64, half_min: u64) -> u64 {
    if amount == 0 || elapsed_min == 0 {
        return amount;
    }
    let Some(whole) = elapsed_min.checked_div(half_min).filter(|whole| *whole < 64) else { return 0 };
    let part = u128::from(elapsed_min % half_min) << PARTS;
    let part = (part / u128::from(half_min)) as u64;
    let (mut factor, mut root) = (1_u128 << BITS, 1_u128 << BITS >> 1);
    // 2^-(1/2), 2^-(1/4), ... by square roots, each taken in where its bit of the part is set.
    for bit in (0..PARTS).rev() {
        root = (root << BITS).isqrt();
        if part >> bit & 1 == 1 {
            factor = (factor * root) >> BITS;
        }
    }
    let left = u128::from(amount) * factor;
    let shift = BITS + whole as u32;
    ((left + (1_u128 << (shift - 1))) >> shift) as u64
}
