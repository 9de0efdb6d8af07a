//! The chunks that the node sees: the union over its sessions, kept a little longer than needed.

use std::collections::{BTreeMap, BTreeSet};

use world::{Chunk, Millis};

use crate::limits::INTEREST_LINGER_MS;

/// The node's interest and its version.
#[derive(Clone, Debug, Default)]
pub(crate) struct InterestSet {
    /// How many sessions need a chunk; 0 while it lingers.
    needs: BTreeMap<Chunk, usize>,
    lingering: BTreeMap<Chunk, Millis>,
    version: u64,
    added: BTreeSet<Chunk>,
}

/// What changed since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InterestChange {
    pub(crate) added: Vec<Chunk>,
    pub(crate) dropped: Vec<Chunk>,
}

impl InterestChange {
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.dropped.is_empty()
    }
}

impl InterestSet {
    /// Grows with each change; 0 before the first.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The version that names all that is needed now.
    pub(crate) fn coming_version(&self) -> u64 {
        self.version + u64::from(!self.added.is_empty())
    }

    pub(crate) fn contains(&self, chunk: Chunk) -> bool {
        self.needs.contains_key(&chunk)
    }

    pub(crate) fn chunks(&self) -> impl Iterator<Item = Chunk> {
        self.needs.keys().copied()
    }

    /// A session needs a chunk.
    pub(crate) fn need(&mut self, chunk: Chunk) {
        let count = self.needs.entry(chunk).or_insert_with(|| {
            self.added.insert(chunk);
            0
        });
        *count += 1;
        self.lingering.remove(&chunk);
    }

    /// A session needs a chunk no longer.
    pub(crate) fn release(&mut self, now: Millis, chunk: Chunk) {
        let Some(count) = self.needs.get_mut(&chunk) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.lingering.insert(chunk, now + INTEREST_LINGER_MS);
        }
    }

    /// Ends what lingered long enough and tells what changed since the last call.
    pub(crate) fn settle(&mut self, now: Millis) -> InterestChange {
        let dropped: Vec<Chunk> =
            self.lingering.iter().filter(|(_, until)| **until <= now).map(|(chunk, _)| *chunk).collect();
        for chunk in &dropped {
            self.lingering.remove(chunk);
            self.needs.remove(chunk);
        }
        let added = std::mem::take(&mut self.added).into_iter().collect();
        let change = InterestChange { added, dropped };
        if !change.is_empty() {
            self.version += 1;
        }
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: Chunk = Chunk::new(3, 4);

    #[test]
    fn interest_outlives_its_use() {
        let mut set = InterestSet::default();
        set.need(C);
        assert_eq!(set.settle(Millis(0)).added, [C]);
        set.release(Millis(100), C);
        assert!(set.settle(Millis(100 + INTEREST_LINGER_MS - 1)).is_empty());
        assert_eq!(set.settle(Millis(100 + INTEREST_LINGER_MS)).dropped, [C]);
        assert_eq!(set.version(), 2);
    }

    #[test]
    fn who_returns_in_time_changes_nothing() {
        let mut set = InterestSet::default();
        set.need(C);
        set.settle(Millis(0));
        set.release(Millis(0), C);
        set.need(C);
        assert!(set.settle(Millis(60_000)).is_empty());
        assert!(set.contains(C));
    }
}
