//! The ground of an island as its walkers need it: cheap to ask at every step, bounded in memory.
//!
//! [`Terrain`] is an island and a cache in two generations, a young one and an old one. It never changes an answer:
//! what it returns is what the island would make anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::island::{Biome, Ground, Island};
use crate::space::{Chunk, Position};

/// An island with the ground of the chunks that were asked for lately.
#[derive(Clone, Debug)]
pub struct Terrain {
    island: Island,
    /// Chunks in one generation; there are two.
    generation_chunks: usize,
    young: BTreeMap<Chunk, Arc<Ground>>,
    old: BTreeMap<Chunk, Arc<Ground>>,
}

impl Terrain {
    /// A cache size for a node: 1024 chunks are about 1 MiB, and the people of a node stand on fewer.
    pub const DEFAULT_CHUNKS: usize = 1024;

    /// The terrain of an island, keeping at most `chunks` chunks (at least 2). When it is full, those asked for least
    /// lately are forgotten and made anew when needed.
    #[must_use]
    pub fn new(island: Island, chunks: usize) -> Self {
        Self { island, generation_chunks: (chunks / 2).max(1), young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// The island.
    #[must_use]
    pub fn island(&self) -> &Island {
        &self.island
    }

    /// How many chunks are kept now.
    #[must_use]
    pub fn cached_chunks(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// The ground of a chunk.
    pub fn ground(&mut self, chunk: Chunk) -> &Arc<Ground> {
        if !self.young.contains_key(&chunk) {
            let ground = self.old.remove(&chunk).unwrap_or_else(|| Arc::new(self.island.chunk(chunk)));
            if self.young.len() >= self.generation_chunks {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(chunk, ground);
        }
        &self.young[&chunk]
    }

    /// What covers the ground at a position. Deep water out of bounds, without a look at the cache.
    pub fn biome_at(&mut self, p: Position) -> Biome {
        if !self.island.bounds().contains(p) {
            return Biome::DeepWater;
        }
        self.ground(p.chunk()).biome_at(p)
    }
}
