//! Baselines by content hash: what is in view and not in the cache is asked for, a few at a time.
//!
//! The cache outlives sessions. It keeps bytes; reading them is the application's business.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use protocol::client::Baseline;
use world::{Chunk, Millis};

use crate::limits::{BASELINE_PATIENCE_MS, BASELINES_IN_FLIGHT, BASELINES_KEPT, BASELINES_WANTED};

/// The cache and what is under way.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    kept: BTreeMap<u64, Arc<[u8]>>,
    by_age: VecDeque<u64>,
    wanted: VecDeque<(Chunk, u64)>,
    in_flight: BTreeMap<Chunk, (u64, Millis)>,
}

impl Baselines {
    /// The baseline with this content hash.
    #[must_use]
    pub fn get(&self, hash: u64) -> Option<&Arc<[u8]>> {
        self.kept.get(&hash)
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// A chunk came into view.
    pub(crate) fn seen(&mut self, chunk: Chunk, hash: u64) {
        let under_way = self.in_flight.get(&chunk).is_some_and(|(h, _)| *h == hash)
            || self.wanted.iter().any(|(c, h)| (*c, *h) == (chunk, hash));
        if !self.kept.contains_key(&hash) && !under_way && self.wanted.len() < BASELINES_WANTED {
            self.wanted.push_back((chunk, hash));
        }
    }

    /// A chunk went out of view.
    pub(crate) fn unseen(&mut self, chunk: Chunk) {
        self.wanted.retain(|(c, _)| *c != chunk);
    }

    /// The session ended; the server tells anew what is in view.
    pub(crate) fn forget_wishes(&mut self) {
        self.wanted.clear();
        self.in_flight.clear();
    }

    /// The next chunk to ask for, if one may be asked for now.
    pub(crate) fn next(&mut self, now: Millis) -> Option<Chunk> {
        let overdue: Vec<Chunk> =
            self.in_flight.iter().filter(|(_, (_, until))| *until <= now).map(|(chunk, _)| *chunk).collect();
        for chunk in overdue {
            if let Some((hash, _)) = self.in_flight.remove(&chunk) {
                self.wanted.push_back((chunk, hash));
            }
        }
        while self.in_flight.len() < BASELINES_IN_FLIGHT {
            let (chunk, hash) = self.wanted.pop_front()?;
            if !self.kept.contains_key(&hash) {
                self.in_flight.insert(chunk, (hash, now + BASELINE_PATIENCE_MS));
                return Some(chunk);
            }
        }
        None
    }

    /// When an unanswered one is to be asked for again.
    pub(crate) fn next_retry(&self) -> Option<Millis> {
        self.in_flight.values().map(|(_, until)| *until).min()
    }

    /// A baseline came. One that was not asked for, or is not what was announced, is dropped.
    pub(crate) fn came(&mut self, baseline: Baseline) {
        let chunk = Chunk::new(baseline.cx, baseline.cy);
        match self.in_flight.remove(&chunk) {
            Some((hash, _)) if hash == baseline.hash && world::Baseline::content_hash(&baseline.bytes) == hash => {
                self.keep(hash, baseline.bytes);
            }
            Some(_) | None => {}
        }
    }

    fn keep(&mut self, hash: u64, bytes: Vec<u8>) {
        if self.kept.insert(hash, bytes.into()).is_none() {
            self.by_age.push_back(hash);
        }
        while self.by_age.len() > BASELINES_KEPT {
            if let Some(oldest) = self.by_age.pop_front() {
                self.kept.remove(&oldest);
            }
        }
    }
}
