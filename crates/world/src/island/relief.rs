//! The height of the ground at every vertex of the 2 m grid: coast, hills, crests, lakes and inlets.
//!
//! It knows no biomes and keeps no map: a height is computed from the seed when it is asked for. Distances are relative
//! to the island's half side, so that a large island is not a small one with a wide beach, but one with more detail.
//!
//! Invariant: at and beyond the island's bounds the ground is the ocean floor.

use super::ground::CELLS;
use super::noise::{Field, ONE, blend, mix, mul, ratio, smooth_step};

/// Height of the ocean floor in centimetres: 30 m under water. It lies flat outside every island.
pub(crate) const OCEAN_FLOOR_CM: i64 = -3000;
/// Depth of lakes and of inlets in centimetres. Lakes have a deep middle; inlets can be waded.
const LAKE_BED_CM: i64 = -320;
const INLET_BED_CM: i64 = -90;
/// Ground above this is not cut by lakes or inlets, in centimetres: water lies at one level everywhere.
const CUT_BELOW_CM: (i64, i64) = (600, 1500);

/// A round of land, in Q16 of the island's half side. Several of them melt into the island's outline.
#[derive(Clone, Copy, Debug)]
struct Lobe {
    x: i64,
    y: i64,
    radius: i64,
}

/// The height field of one island.
#[derive(Clone, Debug)]
pub(crate) struct Relief {
    /// Vertices along a side of the island.
    side: i64,
    /// Rise of the gentle ground and of the crests, in centimetres.
    plain_cm: i64,
    crest_cm: i64,
    lobes: Vec<Lobe>,
    warp_x: Field,
    warp_y: Field,
    coast: Field,
    crests: Field,
    range: Field,
    lakes: Field,
    inlets: Field,
    bumps: Field,
}

impl Relief {
    /// The height field for a seed and a size.
    pub(crate) fn new(seed: u64, size_chunks: u16) -> Self {
        let side = i64::from(size_chunks) * CELLS as i64;
        // A cell is 2 m wide, so the half side in metres is the side in cells.
        let half_m = side;
        // Octaves of the coast down to a wavelength of about 16 m.
        let octaves = (half_m / 24).max(2).ilog2() + 1;
        Self {
            side,
            plain_cm: half_m * 100 / 20,
            crest_cm: (half_m * 100 / 8).min(22_000),
            lobes: lobes(seed),
            warp_x: Field::new(seed, 1, 3),
            warp_y: Field::new(seed, 2, 3),
            coast: Field::new(seed, 3, octaves),
            crests: Field::new(seed, 4, octaves.min(4)),
            range: Field::new(seed, 5, 2),
            lakes: Field::new(seed, 6, 3),
            inlets: Field::new(seed, 7, 3),
            bumps: Field::new(seed, 8, 2),
        }
    }

    /// About the height of the highest crests, in centimetres.
    pub(crate) fn summit_cm(&self) -> i64 {
        self.plain_cm / 2 + self.crest_cm / 2
    }

    /// Height in centimetres of the vertex `(vx, vy)`, counted from the island's north-west corner.
    pub(crate) fn height_cm(&self, vx: i64, vy: i64) -> i16 {
        let relative = |v: i64| (2 * v - self.side) * ONE / self.side;
        let (px, py) = (relative(vx), relative(vy));
        let margin = smooth_step(ratio(84, 100), ratio(98, 100), px.abs().max(py.abs()));
        if margin == ONE {
            return OCEAN_FLOOR_CM as i16;
        }
        let qx = px + mul(self.warp_x.rolling(2 * px, 2 * py), ratio(30, 100));
        let qy = py + mul(self.warp_y.rolling(2 * px, 2 * py), ratio(30, 100));
        let rise = self.outline(qx, qy) + mul(self.coast.rolling(2 * qx, 2 * qy), ratio(80, 100));
        let dry = if rise < 0 { self.shelf_cm(rise) } else { self.land_cm(rise, qx, qy, vx, vy) };
        let wet = self.cut_cm(dry, qx, qy);
        blend(wet, OCEAN_FLOOR_CM, margin).clamp(OCEAN_FLOOR_CM, i64::from(i16::MAX)) as i16
    }

    /// The lobes melted together, above zero on land.
    fn outline(&self, x: i64, y: i64) -> i64 {
        let sum: i64 = self
            .lobes
            .iter()
            .map(|lobe| {
                let (dx, dy) = (x - lobe.x, y - lobe.y);
                let nearness = (ONE - (mul(dx, dx) + mul(dy, dy)) * ONE / mul(lobe.radius, lobe.radius)).max(0);
                mul(nearness, nearness)
            })
            .sum();
        sum.min(ONE) - ratio(30, 100)
    }

    /// Shallows that fall off to the floor.
    fn shelf_cm(&self, rise: i64) -> i64 {
        let gentle = mul(rise, self.plain_cm);
        let steep = mul(mul(rise, -rise), 6 * self.plain_cm);
        (gentle + steep).max(OCEAN_FLOOR_CM)
    }

    /// Plains by the shore, hills behind them, crests where the mountain range runs.
    fn land_cm(&self, rise: i64, qx: i64, qy: i64, vx: i64, vy: i64) -> i64 {
        let inland = smooth_step(ratio(12, 100), ratio(75, 100), rise);
        let range = smooth_step(ratio(-8, 100), ratio(40, 100), self.range.rolling(qx * 3 / 2, qy * 3 / 2));
        let crest = mul(self.crests.ridged(2 * qx, 2 * qy), mul(inland, range / 10 * 9 + ONE / 10));
        // Bumps have a wavelength of 40 m, whatever the size of the island.
        let bump = mul(self.bumps.rolling(vx * ONE / 20, vy * ONE / 20), inland);
        // Nearly flat at the shore, so that there are beaches and room for lakes.
        let plain = mul(mul(rise, rise + ratio(12, 100)), self.plain_cm);
        plain + mul(crest, self.crest_cm) + mul(bump, 350)
    }

    /// Lakes and inlets: low ground sinks to their bed, high ground keeps its height.
    fn cut_cm(&self, dry: i64, qx: i64, qy: i64) -> i64 {
        if dry <= INLET_BED_CM || dry >= CUT_BELOW_CM.1 {
            return dry;
        }
        let low = ONE - smooth_step(CUT_BELOW_CM.0, CUT_BELOW_CM.1, dry);
        let lake = smooth_step(ratio(15, 100), ratio(33, 100), self.lakes.rolling(4 * qx, 4 * qy));
        let banks = ratio(7, 100);
        let inlet = smooth_step(0, banks, (banks - self.inlets.rolling(2 * qx, 2 * qy).abs()).max(0));
        let lake_cut = blend(dry, LAKE_BED_CM, mul(lake, low));
        let inlet_cut = blend(dry, INLET_BED_CM, mul(inlet, low));
        lake_cut.min(inlet_cut)
    }
}

/// One large lobe near the middle, and three to five smaller ones around it.
fn lobes(seed: u64) -> Vec<Lobe> {
    let draw = |name: i64, low: i64, high: i64| low + (mix(seed, name, 0x10be) % (high - low) as u64) as i64;
    let (first_turn, count) = (draw(0, 0, 32), draw(1, 3, 6));
    let middle = Lobe {
        x: draw(2, ratio(-12, 100), ratio(12, 100)),
        y: draw(3, ratio(-12, 100), ratio(12, 100)),
        radius: draw(4, ratio(52, 100), ratio(66, 100)),
    };
    let around = (0..count).map(|n| {
        let turn = first_turn + n * 32 / count + draw(10 + n, -2, 3);
        let (ux, uy) = crate::motion::Heading::new(turn.rem_euclid(32) as u8).direction();
        let reach = draw(20 + n, ratio(38, 100), ratio(62, 100));
        Lobe {
            x: reach * i64::from(ux) / 4096,
            y: reach * i64::from(uy) / 4096,
            radius: draw(30 + n, ratio(24, 100), ratio(44, 100)),
        }
    });
    std::iter::once(middle).chain(around).collect()
}
