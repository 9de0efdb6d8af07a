//! A made-up island: value noise under a round fall-off. A picture only; the real one comes from `world`.

use world::{CHUNK_UNITS, UNITS_PER_METRE};

/// Side of the island in chunks.
pub const SIZE_CHUNKS: u16 = 32;

/// The island of a seed.
pub struct Island {
    seed: u32,
}

impl Island {
    /// The island of this seed.
    pub fn new(seed: u32) -> Self {
        Self { seed }
    }

    /// Its side in units.
    pub fn side_units() -> i32 {
        i32::from(SIZE_CHUNKS) * CHUNK_UNITS
    }

    /// Height above the sea at a place, in metres.
    pub fn height_m(&self, x: i32, y: i32) -> f32 {
        let side = Self::side_units() as f32;
        let (u, v) = (x as f32 / side, y as f32 / side);
        let from_middle = ((u - 0.5).powi(2) + (v - 0.5).powi(2)).sqrt() * 2.0;
        let hills = self.noise(u * 3.5, v * 3.5, 0) * 0.6 + self.noise(u * 8.0, v * 8.0, 1) * 0.27;
        let detail = self.noise(u * 22.0, v * 22.0, 2) * 0.13;
        let land = hills + detail - from_middle.powf(2.4) * 0.85;
        (land - 0.18) * 62.0
    }

    /// Whether one can walk there.
    pub fn is_dry(&self, x: i32, y: i32) -> bool {
        self.height_m(x, y) > 0.4
    }

    /// Cells a side, biome bytes and relief bytes.
    pub fn raster(&self, cell_units: u32) -> (u32, Vec<u8>, Vec<u8>) {
        let cell = cell_units as i32;
        let cells = Self::side_units() / cell;
        let places = (0..cells).flat_map(|y| (0..cells).map(move |x| (x * cell + cell / 2, y * cell + cell / 2)));
        let (biomes, relief) =
            places.map(|(x, y)| (self.biome(x, y), (self.height_m(x, y) * 4.0).clamp(0.0, 255.0) as u8)).unzip();
        (cells as u32, biomes, relief)
    }

    fn biome(&self, x: i32, y: i32) -> u8 {
        let side = Self::side_units() as f32;
        let wet = self.noise(x as f32 / side * 9.0, y as f32 / side * 9.0, 3);
        match self.height_m(x, y) {
            h if h < -1.2 => 0,
            h if h < 0.0 => 1,
            h if h < 1.1 => 2,
            h if h < 2.4 && wet > 0.62 => 3,
            h if h > 25.0 => 9,
            h if h > 19.0 => 8,
            h if h > 11.0 && wet > 0.42 => 7,
            _ if wet > 0.55 => 6,
            _ if wet < 0.36 => 5,
            _ => 4,
        }
    }

    /// Value noise, 0 to 1.
    fn noise(&self, x: f32, y: f32, layer: u32) -> f32 {
        let (cx, cy) = (x.floor(), y.floor());
        let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
        let (tx, ty) = (smooth(x - cx), smooth(y - cy));
        let corner = |dx: i32, dy: i32| self.hash(cx as i32 + dx, cy as i32 + dy, layer);
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        mix(mix(corner(0, 0), corner(1, 0), tx), mix(corner(0, 1), corner(1, 1), tx), ty)
    }

    fn hash(&self, x: i32, y: i32, layer: u32) -> f32 {
        let mut h = self.seed ^ layer.wrapping_mul(0x9e37_79b9);
        for part in [x as u32, y as u32] {
            h = (h ^ part).wrapping_mul(0x85eb_ca6b);
            h ^= h >> 15;
            h = h.wrapping_mul(0xc2b2_ae35);
            h ^= h >> 13;
        }
        (h >> 8) as f32 / (1u32 << 24) as f32
    }
}

/// Metres in units.
pub fn metres(m: f32) -> i32 {
    (m * UNITS_PER_METRE as f32) as i32
}
