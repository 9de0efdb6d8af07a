//! Generator version 1: from relief to the ground of a chunk.
//!
//! Each chunk is made by itself, in a fraction of a millisecond, without its neighbours: vertices on a common edge come
//! out equal because they are the same points of the same fields.

use super::biome::{Biome, Site};
use super::ground::{CELL_UNITS, CELLS, Ground, VERTICES};
use super::noise::{Field, ONE, mix};
use super::prop::{Prop, PropKind, flora};
use super::relief::Relief;
use crate::space::Chunk;

/// A prop keeps this many units from the edges of its cell, 0.3 m: never on a border, never nose to nose.
const JITTER_MARGIN_UNITS: u64 = 36;

/// The nature of one island.
#[derive(Clone, Debug)]
pub(crate) struct Nature {
    relief: Relief,
    moisture: Field,
    ravel: Field,
    places: u64,
    kinds: u64,
}

impl Nature {
    /// The nature for a seed and a size.
    pub(crate) fn new(seed: u64, size_chunks: u16) -> Self {
        Self {
            relief: Relief::new(seed, size_chunks),
            moisture: Field::new(seed, 16, 3),
            ravel: Field::new(seed, 17, 2),
            places: mix(seed, 18, 0),
            kinds: mix(seed, 19, 0),
        }
    }

    /// The height field.
    pub(crate) fn relief(&self) -> &Relief {
        &self.relief
    }

    /// The ground of a chunk.
    pub(crate) fn ground(&self, chunk: Chunk) -> Ground {
        let (left, top) = (i64::from(chunk.cx) * CELLS as i64, i64::from(chunk.cy) * CELLS as i64);
        let heights_cm: [i16; VERTICES * VERTICES] =
            std::array::from_fn(|n| self.relief.height_cm(left + (n % VERTICES) as i64, top + (n / VERTICES) as i64));
        let biomes: [Biome; CELLS * CELLS] = std::array::from_fn(|n| {
            let (col, row) = (n % CELLS, n / CELLS);
            let corner = |dx: usize, dy: usize| i64::from(heights_cm[(row + dy) * VERTICES + col + dx]);
            self.biome(left + col as i64, top + row as i64, [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)])
        });
        let props = (0..CELLS * CELLS)
            .filter_map(|n| self.prop(n, left + (n % CELLS) as i64, top + (n / CELLS) as i64, biomes[n]))
            .collect();
        Ground { heights_cm, biomes, props }
    }

    fn biome(&self, x: i64, y: i64, corners: [i64; 4]) -> Biome {
        let [a, b, c, d] = corners;
        let site = |moisture, ravel| Site {
            height_cm: (a + b + c + d).div_euclid(4),
            slope_cm: a.max(b).max(c).max(d) - a.min(b).min(c).min(d),
            moisture,
            ravel,
            summit_cm: self.relief.summit_cm(),
        };
        let water = site(0, 0).biome();
        if !water.is_dry() {
            return water;
        }
        // Woods and clearings are about 160 m across, the ravelled borders about 24 m.
        site(self.moisture.rolling(x * ONE / 80, y * ONE / 80), self.ravel.rolling(x * ONE / 12, y * ONE / 12)).biome()
    }

    /// The prop of cell `n`, which lies at `(x, y)` in cells of the island. Only cells whose draw beats those of their
    /// four neighbours are candidates, so that props keep apart without looking alike.
    fn prop(&self, n: usize, x: i64, y: i64, biome: Biome) -> Option<Prop> {
        let draw = |dx: i64, dy: i64| mix(self.places, x + dx, y + dy);
        let mine = draw(0, 0);
        if [(0, -1), (-1, 0), (1, 0), (0, 1)].into_iter().any(|(dx, dy)| draw(dx, dy) > mine) {
            return None;
        }
        let roll = mix(self.kinds, x, y);
        let kind = choose(flora(biome), roll % 1000)?;
        let span = CELL_UNITS as u64 - 2 * JITTER_MARGIN_UNITS;
        let within = |bits: u64| (JITTER_MARGIN_UNITS + bits % span) as u16;
        let cell_side = CELL_UNITS as u16;
        Some(Prop {
            index: n as u16,
            kind,
            x: (n % CELLS) as u16 * cell_side + within(roll >> 32),
            y: (n / CELLS) as u16 * cell_side + within(roll >> 48),
        })
    }
}

/// The kind into whose share of a thousand `roll` falls.
fn choose(flora: &[(PropKind, u64)], roll: u64) -> Option<PropKind> {
    let mut upper = 0;
    flora.iter().find_map(|&(kind, share)| {
        upper += share;
        (roll < upper).then_some(kind)
    })
}
