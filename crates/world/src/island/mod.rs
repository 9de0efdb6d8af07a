//! Islands: nature as a pure function of a seed, a size and a generator version.
//!
//! [`Island`] is the main type. It keeps no map: it makes the ground of a chunk when asked, the same each time, on
//! every target. It does not know what people did there; that is the chunk's page.
//!
//! Invariant: outside its bounds an island is deep water.

mod biome;
mod ground;
mod landing;
mod nature;
mod noise;
mod prop;
mod relief;
mod version;

use std::sync::Arc;

use thiserror::Error;

pub use biome::{Biome, WADING_DEPTH_CM};
pub use ground::{CELL_UNITS, CELLS, Ground, MAX_PROPS, VERTICES};
pub use landing::MAX_LANDINGS;
pub use prop::{Prop, PropId, PropKind};
pub use version::{GeneratorVersion, UnknownGenerator};

use crate::digest::Digest;
use crate::space::{CHUNK_UNITS, Chunk, Position};

/// The smallest island, in chunks along a side: 240 m, room for a landing.
pub const MIN_SIZE_CHUNKS: u16 = 8;
/// The largest island, in chunks along a side: 15 km. Far within the number range of a [`Chunk`].
pub const MAX_SIZE_CHUNKS: u16 = 512;

/// All that decides the nature of an island.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IslandPlan {
    /// The seed.
    pub seed: u64,
    /// Chunks along a side, sea included: [`MIN_SIZE_CHUNKS`] to [`MAX_SIZE_CHUNKS`].
    pub size_chunks: u16,
    /// Which generator draws it.
    pub version: GeneratorVersion,
}

/// A plan that makes no island.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// Too small or too large.
    #[error("an island is {MIN_SIZE_CHUNKS} to {MAX_SIZE_CHUNKS} chunks a side, not {0}")]
    Size(u16),
    /// The seed draws an island on which nobody can land.
    #[error("seed {0} draws an island without a place to land; take another seed")]
    NoLanding(u64),
}

/// An island. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Island {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    plan: IslandPlan,
    nature: nature::Nature,
    landings: Vec<Position>,
}

impl Island {
    /// The island of a plan. Takes a few milliseconds to survey its shores.
    ///
    /// # Errors
    /// A size out of range, or a seed without a place to land.
    pub fn new(plan: IslandPlan) -> Result<Self, PlanError> {
        if !(MIN_SIZE_CHUNKS..=MAX_SIZE_CHUNKS).contains(&plan.size_chunks) {
            return Err(PlanError::Size(plan.size_chunks));
        }
        let nature = match plan.version {
            GeneratorVersion::V1 => nature::Nature::new(plan.seed, plan.size_chunks),
        };
        let landings = landing::landings(&nature, plan.seed, plan.size_chunks);
        if landings.is_empty() {
            return Err(PlanError::NoLanding(plan.seed));
        }
        Ok(Self { inner: Arc::new(Inner { plan, nature, landings }) })
    }

    /// What it was made from.
    #[must_use]
    pub fn plan(&self) -> IslandPlan {
        self.inner.plan
    }

    /// Where the island lies.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds { size_chunks: self.inner.plan.size_chunks }
    }

    /// The ground of a chunk, made anew at each call. Outside the bounds it is the ocean floor.
    #[must_use]
    pub fn chunk(&self, chunk: Chunk) -> Ground {
        self.inner.nature.ground(chunk)
    }

    /// The north-west corners of the 2 m cells where people come ashore: 1 to [`MAX_LANDINGS`] within nine chunks.
    #[must_use]
    pub fn spawn_points(&self) -> &[Position] {
        &self.inner.landings
    }

    /// A place to come ashore for the `n`-th arrival. Neighbouring numbers land in different chunks.
    #[must_use]
    pub fn spawn(&self, n: u64) -> Position {
        let points = self.spawn_points();
        let corner = points[(n % points.len() as u64) as usize];
        let within = noise::mix(self.inner.plan.seed, n as i64, 0x1a4d);
        let side = CELL_UNITS as u64;
        corner.offset((within % side) as i32, ((within >> 32) % side) as i32)
    }

    /// A hash of 32 chunks along both diagonals, the outermost beyond the bounds. Pinned beside an island's plan, it
    /// tells a node that its generator would draw another land.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let size = i32::from(self.inner.plan.size_chunks);
        let mut digest = Digest::new();
        for n in -1..15 {
            let at = (n * (size + 1) / 14).clamp(-1, size) as i16;
            self.chunk(Chunk::new(at, at)).digest_into(&mut digest);
            self.chunk(Chunk::new(at, size as i16 - 1 - at)).digest_into(&mut digest);
        }
        digest.finish()
    }
}

/// The square of an island, from its north-west corner at the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    size_chunks: u16,
}

impl Bounds {
    /// Chunks along a side.
    #[must_use]
    pub const fn size_chunks(self) -> u16 {
        self.size_chunks
    }

    /// Units along a side.
    #[must_use]
    pub const fn side_units(self) -> i32 {
        self.size_chunks as i32 * CHUNK_UNITS
    }

    /// Whether a position lies inside.
    #[must_use]
    pub fn contains(self, p: Position) -> bool {
        let side = 0..self.side_units();
        side.contains(&p.x) && side.contains(&p.y)
    }

    /// Whether a chunk lies inside.
    #[must_use]
    pub fn contains_chunk(self, chunk: Chunk) -> bool {
        let side = 0..i32::from(self.size_chunks);
        side.contains(&i32::from(chunk.cx)) && side.contains(&i32::from(chunk.cy))
    }

    /// The chunks inside, row by row.
    pub fn chunks(self) -> impl Iterator<Item = Chunk> {
        let size = self.size_chunks as i16;
        (0..size).flat_map(move |cy| (0..size).map(move |cx| Chunk::new(cx, cy)))
    }
}
