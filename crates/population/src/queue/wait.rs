//! The waiting time that is shown, from what was measured.
//!
//! Somebody with `n` people to be served moves on by admissions at rate `a`, and because each of those ahead gives up at
//! rate `g`: `dn/dt = -(a + g n)`, so the wait is `ln(1 + x) / x` of `n / a`, with `x = g n / a`. Leaving out those who give
//! up would show an hour that takes half of one.

/// Fractional bits of the fixed-point numbers below.
const BITS: u32 = 32;
const ONE: u128 = 1 << BITS;
/// The natural logarithm of 2.
const LN_2: u128 = 2_977_044_472;
/// Beyond this the factor would need more range than a number has. Nobody waits behind so many who all give up.
const LARGEST_X: u128 = 1 << 20;

/// A count and the milliseconds in which it was counted.
pub type Measured = (u64, u64);

/// Milliseconds until somebody with `ahead` people in front is admitted; `None` while nothing was measured.
///
/// `admitted` and `gave_up` were counted in the same class, of which `waiting` people wait now.
#[must_use]
pub fn estimate_ms(ahead: u64, waiting: u64, admitted: Measured, gave_up: Measured) -> Option<u64> {
    let (count, ms) = admitted;
    if count == 0 || ms == 0 {
        return None;
    }
    let plain = ((u128::from(ahead) + 1) * u128::from(ms) / u128::from(count)).min(u128::from(u64::MAX));
    let factor = factor(plain, gave_up, waiting);
    Some(u64::try_from(plain * factor / ONE).unwrap_or(u64::MAX))
}

/// `ln(1 + x) / x`, where `x` is what of one person would give up in `plain` milliseconds.
fn factor(plain: u128, (count, ms): Measured, waiting: u64) -> u128 {
    let base = u128::from(ms) * u128::from(waiting);
    if base == 0 {
        return ONE;
    }
    let x = (plain * u128::from(count)).saturating_mul(ONE) / base;
    let x = x.min(LARGEST_X * ONE);
    if x < ONE / 1_000 { ONE } else { ln(ONE + x) * ONE / x }
}

/// The natural logarithm of a number of at least 1.
fn ln(value: u128) -> u128 {
    let whole = value.ilog2() - BITS;
    let mut rest = value >> whole;
    let mut log = u128::from(whole) << BITS;
    for bit in (0..BITS).rev() {
        rest = (rest * rest) >> BITS;
        if rest >= 2 * ONE {
            rest >>= 1;
            log |= 1 << bit;
        }
    }
    (log * LN_2) >> BITS
}
