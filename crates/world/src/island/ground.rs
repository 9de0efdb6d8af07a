//! The ground of one chunk: heights, biomes and natural props.
//!
//! It does not know where it lies: chunks that look alike are alike, so that all of the open ocean is one baseline.
//! `Ground` is what nature made; what people changed is told by the chunk's page.

use super::biome::Biome;
use super::prop::Prop;
use crate::digest::Digest;
use crate::space::{CHUNK_UNITS, Position, UNITS_PER_METRE};

/// Side of a cell in units: 2 m.
pub const CELL_UNITS: i32 = 2 * UNITS_PER_METRE;
/// Cells along a side of a chunk.
pub const CELLS: usize = (CHUNK_UNITS / CELL_UNITS) as usize;
/// Vertices along a side of a chunk. Neighbours share those of their common edge.
pub const VERTICES: usize = CELLS + 1;
/// The most natural props in a chunk. The generators make at most one a cell; maps drawn by hand get room for more,
/// and a baseline stays below 8 KiB.
pub const MAX_PROPS: usize = 512;

/// The ground of a chunk. Rows run east, the first row is the northernmost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Height of each vertex in centimetres above the water, row by row.
    pub heights_cm: [i16; VERTICES * VERTICES],
    /// The biome of each cell, row by row.
    pub biomes: [Biome; CELLS * CELLS],
    /// The props, by strictly growing index, at most [`MAX_PROPS`].
    pub props: Vec<Prop>,
}

impl Ground {
    /// The biome under a position in this chunk, whichever chunk this is.
    #[must_use]
    pub fn biome_at(&self, p: Position) -> Biome {
        let cell = |v: i32| (v.rem_euclid(CHUNK_UNITS) / CELL_UNITS) as usize;
        self.biomes[cell(p.y) * CELLS + cell(p.x)]
    }

    /// The height in centimetres under a position in this chunk, between the vertices by bilinear interpolation.
    #[must_use]
    pub fn height_cm_at(&self, p: Position) -> i16 {
        let split = |v: i32| {
            let within = v.rem_euclid(CHUNK_UNITS);
            ((within / CELL_UNITS) as usize, within % CELL_UNITS)
        };
        let ((col, fx), (row, fy)) = (split(p.x), split(p.y));
        let vertex = |dx: usize, dy: usize| i32::from(self.heights_cm[(row + dy) * VERTICES + col + dx]);
        let along = |dy: usize| vertex(0, dy) * (CELL_UNITS - fx) + vertex(1, dy) * fx;
        let weighted = i64::from(along(0)) * i64::from(CELL_UNITS - fy) + i64::from(along(1)) * i64::from(fy);
        weighted.div_euclid(i64::from(CELL_UNITS) * i64::from(CELL_UNITS)) as i16
    }

    /// The natural prop of an index, if there is one.
    #[must_use]
    pub fn prop(&self, index: u16) -> Option<&Prop> {
        self.props.binary_search_by_key(&index, |p| p.index).ok().map(|at| &self.props[at])
    }

    /// Adds this ground to a content hash. Independent of how baselines are encoded.
    pub fn digest_into(&self, digest: &mut Digest) {
        for height in self.heights_cm {
            digest.write(&height.to_le_bytes());
        }
        for biome in self.biomes {
            digest.write(&[biome.to_byte()]);
        }
        for prop in &self.props {
            digest.write(&[prop.kind.to_byte()]);
            for field in [prop.index, prop.x, prop.y] {
                digest.write(&field.to_le_bytes());
            }
        }
    }
}
