//! The ground of an island as its walkers need it: cheap to ask at every step, bounded in memory.
//!
//! [`Terrain`] is an island and a cache in two generations, a young one and an old one. It never changes an answer:
//! what it returns is what the island would make anew. A chunk's place in the cache is computed, not looked for, since
//! every mover asks several times a tick.

use std::sync::Arc;

use crate::island::{Biome, Ground, Island};
use crate::space::{Chunk, Position};

/// An island with the ground of the chunks that were asked for lately.
#[derive(Clone, Debug)]
pub struct Terrain {
    island: Island,
    /// Chunks in one generation; there are two.
    generation_chunks: usize,
    /// The chunks of the island row by row, and last whichever chunk beyond it was asked for last.
    kept: Vec<Option<Kept>>,
    /// The chunk that the last place of `kept` is.
    beyond: Chunk,
    young: Vec<usize>,
    old: Vec<usize>,
    generation: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    ground: Arc<Ground>,
    /// The generation in which it was asked for last.
    generation: u64,
}

impl Terrain {
    /// A cache size for a node: the people of a node stand on fewer chunks and walk on the same ones for a while. A
    /// chunk's ground takes 1 to 2 KiB, so all of them take up to 32 MiB.
    pub const DEFAULT_CHUNKS: usize = 16_384;

    /// The terrain of an island, keeping at most `chunks` chunks (at least 2). When it is full, those asked for least
    /// lately are forgotten and made anew when needed.
    #[must_use]
    pub fn new(island: Island, chunks: usize) -> Self {
        let side = usize::from(island.plan().size_chunks);
        Self {
            generation_chunks: (chunks / 2).max(1),
            kept: vec![None; side * side + 1],
            beyond: Chunk::default(),
            young: Vec::new(),
            old: Vec::new(),
            generation: 0,
            island,
        }
    }

    /// The island.
    #[must_use]
    pub fn island(&self) -> &Island {
        &self.island
    }

    /// How many chunks are kept now.
    #[must_use]
    pub fn cached_chunks(&self) -> usize {
        self.kept.iter().flatten().count()
    }

    /// The ground of a chunk.
    pub fn ground(&mut self, chunk: Chunk) -> &Arc<Ground> {
        let at = self.place(chunk);
        if self.kept[at].as_ref().is_none_or(|kept| kept.generation != self.generation) {
            self.renew(at);
        }
        let (island, generation) = (&self.island, self.generation);
        &self.kept[at].get_or_insert_with(|| Kept { ground: Arc::new(island.chunk(chunk)), generation }).ground
    }

    /// What covers the ground at a position. Deep water out of bounds, without a look at the cache.
    pub fn biome_at(&mut self, p: Position) -> Biome {
        if !self.island.bounds().contains(p) {
            return Biome::DeepWater;
        }
        self.ground(p.chunk()).biome_at(p)
    }

    fn place(&mut self, chunk: Chunk) -> usize {
        let last = self.kept.len() - 1;
        match (usize::try_from(chunk.cx), usize::try_from(chunk.cy)) {
            (Ok(cx), Ok(cy)) if self.island.bounds().contains_chunk(chunk) => {
                cy * usize::from(self.island.plan().size_chunks) + cx
            }
            _ => {
                if self.beyond != chunk {
                    (self.beyond, self.kept[last]) = (chunk, None);
                }
                last
            }
        }
    }

    /// Takes a place into the young generation, which becomes the old one when it is full.
    fn renew(&mut self, at: usize) {
        if self.young.len() >= self.generation_chunks {
            for at in std::mem::replace(&mut self.old, std::mem::take(&mut self.young)) {
                if self.kept[at].as_ref().is_some_and(|kept| kept.generation < self.generation) {
                    self.kept[at] = None;
                }
            }
            self.generation += 1;
        }
        self.young.push(at);
        if let Some(kept) = &mut self.kept[at] {
            kept.generation = self.generation;
        }
    }
}
