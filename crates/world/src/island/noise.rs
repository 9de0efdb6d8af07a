//! Smooth noise in fixed point: gradient noise in two dimensions and its sums of octaves.
//!
//! Every number is Q16: 65,536 stands for one. Not a source of secrets: anyone who knows a seed knows the land.
//!
//! Invariant: integer arithmetic only, so that every target draws the same land.

/// One in Q16.
pub(crate) const ONE: i64 = 1 << 16;

/// The product of two Q16 numbers.
pub(crate) const fn mul(a: i64, b: i64) -> i64 {
    (a * b) >> 16
}

/// A fraction in Q16. For constants.
pub(crate) const fn ratio(numerator: i64, denominator: i64) -> i64 {
    numerator * ONE / denominator
}

/// From `a` at `t = 0` to `b` at `t = ONE`.
pub(crate) const fn blend(a: i64, b: i64, t: i64) -> i64 {
    a + mul(b - a, t)
}

/// 0 below `low`, `ONE` above `high`, and an S-curve between them.
pub(crate) fn smooth_step(low: i64, high: i64, v: i64) -> i64 {
    let t = ((v - low).clamp(0, high - low) * ONE) / (high - low);
    mul(mul(t, t), 3 * ONE - 2 * t)
}

/// Well-mixed 64 bits from a seed and a lattice point (the finaliser of MurmurHash3 over two odd multipliers).
pub(crate) const fn mix(seed: u64, x: i64, y: i64) -> u64 {
    let mut h = seed
        ^ (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f).rotate_left(31);
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

/// Sixteen directions, their length 4096.
const GRADIENTS: [(i64, i64); 16] = [
    (4096, 0),
    (3784, 1567),
    (2896, 2896),
    (1567, 3784),
    (0, 4096),
    (-1567, 3784),
    (-2896, 2896),
    (-3784, 1567),
    (-4096, 0),
    (-3784, -1567),
    (-2896, -2896),
    (-1567, -3784),
    (0, -4096),
    (1567, -3784),
    (2896, -2896),
    (3784, -1567),
];

/// A field of noise: one seed, a number of octaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    seed: u64,
    octaves: u32,
}

impl Field {
    /// The field `name` of an island.
    pub(crate) const fn new(island_seed: u64, name: u64, octaves: u32) -> Self {
        Self { seed: mix(island_seed, name as i64, 0x7e11), octaves }
    }

    /// Hills and hollows: about -ONE to ONE, mostly within half of that.
    pub(crate) fn rolling(&self, x: i64, y: i64) -> i64 {
        self.sum(x, y, |n| n)
    }

    /// Crests: about 0 to ONE, sharp where the noise changes its sign.
    pub(crate) fn ridged(&self, x: i64, y: i64) -> i64 {
        self.sum(x, y, |n| {
            let crest = (ONE - 2 * n.abs()).max(0);
            mul(crest, crest)
        })
    }

    fn sum(&self, mut x: i64, mut y: i64, shape: impl Fn(i64) -> i64) -> i64 {
        let (mut total, mut weight, mut weights) = (0, ONE, 0);
        for octave in 0..self.octaves {
            total += mul(shape(gradient_noise(self.seed.wrapping_add(u64::from(octave)), x, y)), weight);
            weights += weight;
            weight /= 2;
            // Twice as fine, and turned by the angle of the 3-4-5 triangle so that no lattice shows through.
            (x, y) = ((8 * x - 6 * y) / 5 + ONE / 3, (6 * x + 8 * y) / 5 - ONE / 5);
        }
        total * ONE / weights
    }
}

/// One octave with lattice points at whole numbers, -ONE to ONE.
fn gradient_noise(seed: u64, x: i64, y: i64) -> i64 {
    let (ix, iy) = (x >> 16, y >> 16);
    let (fx, fy) = (x & (ONE - 1), y & (ONE - 1));
    let corner = |dx: i64, dy: i64| {
        let (gx, gy) = GRADIENTS[(mix(seed, ix + dx, iy + dy) & 15) as usize];
        (gx * (fx - dx * ONE) + gy * (fy - dy * ONE)) >> 12
    };
    let (tx, ty) = (fade(fx), fade(fy));
    let north = blend(corner(0, 0), corner(1, 0), tx);
    let south = blend(corner(0, 1), corner(1, 1), tx);
    // The raw range is plus or minus the square root of a half.
    blend(north, south, ty) * 181 / 128
}

/// 6t^5 - 15t^4 + 10t^3, flat in the first two derivatives at both ends.
fn fade(t: i64) -> i64 {
    let cube = mul(mul(t, t), t);
    mul(cube, mul(t, 6 * t - 15 * ONE) + 10 * ONE)
}
