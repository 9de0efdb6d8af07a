//! The ground in view, read from the baselines that the server gave.
//!
//! Nothing is guessed: where no baseline has come, there is no ground.

use std::collections::BTreeMap;

use client::Client;
use world::{Baseline, Biome, Chunk, Ground, Position};

/// What is known of a chunk.
#[derive(Clone, Copy, Debug)]
pub enum Patch<'a> {
    /// Its ground.
    Known(&'a Ground),
    /// It is in view, and its ground is on the way.
    Awaited,
    /// It is not in view.
    Unseen,
}

#[derive(Clone, Debug)]
struct Seen {
    hash: u64,
    ground: Option<Box<Ground>>,
}

/// The ground in view.
#[derive(Clone, Debug, Default)]
pub struct Land {
    chunks: BTreeMap<Chunk, Seen>,
}

impl Land {
    /// Takes over what is in a client's view. What is known already is not read again.
    pub fn look(&mut self, client: &Client) {
        let Some(picture) = client.picture() else { return };
        self.chunks.retain(|chunk, _| picture.chunk(*chunk).is_some());
        for (chunk, view) in picture.chunks() {
            let known = self.chunks.get(&chunk).is_some_and(|seen| seen.hash == view.baseline && seen.ground.is_some());
            if known {
                continue;
            }
            let bytes = client.baselines().get(view.baseline);
            // Bytes that are no ground stay awaited for ever; the server that sent them is at fault.
            let ground = bytes.and_then(|bytes| Baseline::decode(bytes).ok()).map(Box::new);
            self.chunks.insert(chunk, Seen { hash: view.baseline, ground });
        }
    }

    /// The chunk's ground, as far as it is known.
    pub fn patch(&self, chunk: Chunk) -> Patch<'_> {
        match self.chunks.get(&chunk).map(|seen| seen.ground.as_deref()) {
            Some(Some(ground)) => Patch::Known(ground),
            Some(None) => Patch::Awaited,
            None => Patch::Unseen,
        }
    }

    /// What covers the ground at a place, if that is known.
    pub fn biome_at(&self, at: Position) -> Option<Biome> {
        match self.patch(at.chunk()) {
            Patch::Known(ground) => Some(ground.biome_at(at)),
            Patch::Awaited | Patch::Unseen => None,
        }
    }

    /// The chunks whose ground is known.
    pub fn known(&self) -> impl Iterator<Item = (Chunk, &Ground)> {
        self.chunks.iter().filter_map(|(chunk, seen)| Some((*chunk, seen.ground.as_deref()?)))
    }

    #[cfg(test)]
    pub fn with(grounds: impl IntoIterator<Item = (Chunk, Ground)>) -> Self {
        let seen = |ground| Seen { hash: 0, ground: Some(Box::new(ground)) };
        Self { chunks: grounds.into_iter().map(|(chunk, ground)| (chunk, seen(ground))).collect() }
    }
}
