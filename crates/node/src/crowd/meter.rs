//! How many bytes of changes one client was told in the last second.
//!
//! Keys are not counted: what a newcomer must be told first depends on what is there, not on what happens.

use std::collections::VecDeque;

/// Bytes by turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    turns: VecDeque<u32>,
    sum: u64,
}

impl Meter {
    /// A turn, of `hz` in a second, in which so many bytes were written. Returns the bytes of the last second.
    pub(crate) fn note(&mut self, bytes: usize, hz: u32) -> u64 {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.turns.push_back(bytes);
        self.sum += u64::from(bytes);
        if self.turns.len() > hz as usize {
            self.sum -= u64::from(self.turns.pop_front().unwrap_or(0));
        }
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_last_second_only() {
        let mut meter = Meter::default();
        assert_eq!([10, 20, 30, 1, 0, 0, 0].map(|n| meter.note(n, 3)), [10, 30, 60, 51, 31, 1, 0]);
    }
}
