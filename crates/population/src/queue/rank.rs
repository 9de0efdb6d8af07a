//! An ordered set of numbers that knows the rank of each.
//!
//! Sorted blocks of at most [`RANK_BLOCK`] numbers, and a Fenwick tree over the sizes of the blocks. Looking up a rank is
//! a binary search for the block, a prefix sum and a binary search in the block. A block that overflows is split and the
//! tree built anew, which spread over the insertions between costs less than the insertions themselves. Unlike a tree
//! over all numbers ever given, it takes numbers in any order, so that restored places find back.

use crate::limits::RANK_BLOCK;

/// The set.
#[derive(Clone, Debug, Default)]
pub struct RankSet {
    /// Sorted, disjoint, none empty.
    blocks: Vec<Vec<u64>>,
    /// Fenwick tree over the sizes of the blocks, from 1.
    sums: Vec<usize>,
    len: usize,
}

impl RankSet {
    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The lowest number.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.blocks.first().and_then(|block| block.first().copied())
    }

    /// How many numbers are below `number`, whether or not it is in the set.
    #[must_use]
    pub fn rank(&self, number: u64) -> usize {
        let at = self.block_of(number);
        let within = self.blocks.get(at).map_or(0, |block| block.partition_point(|other| *other < number));
        self.before(at) + within
    }

    /// Puts a number in; `false` if it was there.
    pub fn insert(&mut self, number: u64) -> bool {
        let at = self.block_of(number);
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![number]);
            self.len += 1;
            self.rebuild();
            return true;
        };
        let Err(slot) = block.binary_search(&number) else { return false };
        block.insert(slot, number);
        self.len += 1;
        if block.len() > RANK_BLOCK {
            // Numbers mostly come in order: a full last block stays full, and the next one begins.
            let cut = if slot + 1 == block.len() { slot } else { block.len() / 2 };
            let rest = block.split_off(cut);
            self.blocks.insert(at + 1, rest);
            self.rebuild();
        } else {
            self.add(at, 1);
        }
        true
    }

    /// Takes a number out; `false` if it was not there.
    pub fn remove(&mut self, number: u64) -> bool {
        let at = self.block_of(number);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let Ok(slot) = block.binary_search(&number) else { return false };
        block.remove(slot);
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
            self.rebuild();
        } else {
            self.add(at, -1);
        }
        true
    }

    /// The block in which `number` is or belongs: the last that does not begin above it.
    fn block_of(&self, number: u64) -> usize {
        let begins_below = |block: &Vec<u64>| block.first().is_some_and(|first| *first <= number);
        self.blocks.partition_point(begins_below).saturating_sub(1)
    }

    /// How many numbers stand in the blocks before `at`.
    fn before(&self, at: usize) -> usize {
        let (mut sum, mut i) = (0, at.min(self.blocks.len()));
        while i > 0 {
            sum += self.sums[i];
            i &= i - 1;
        }
        sum
    }

    fn add(&mut self, at: usize, change: isize) {
        let mut i = at + 1;
        while i < self.sums.len() {
            self.sums[i] = self.sums[i].wrapping_add_signed(change);
            i += i & i.wrapping_neg();
        }
    }

    fn rebuild(&mut self) {
        self.sums.clear();
        self.sums.push(0);
        self.sums.extend(self.blocks.iter().map(Vec::len));
        for i in 1..self.sums.len() {
            let parent = i + (i & i.wrapping_neg());
            if parent < self.sums.len() {
                self.sums[parent] += self.sums[i];
            }
        }
    }
}
