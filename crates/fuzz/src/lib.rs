//! What fuzzing needs everywhere: a [`Tape`] that turns bytes into decisions, and [`edited`], which spoils a good sample.
//!
//! The targets themselves are tests that are called `fuzz_*`: those of the protocol and of the two machines in this
//! crate's `tests/`, those of private decoders in their own crates. In `cargo test` each runs its kept inputs
//! (`__fuzz__/NAME/corpus` beside the test) and then new ones for a second; `cargo xtask fuzz --for 10m` runs them
//! longer. An input that fails is printed with a seed; put its bytes into the corpus and mend the code.
//!
//! It knows none of our crates. Invariant: the same bytes are always the same decisions.

/// Bytes read as decisions. Where it ends it goes on with zeros, so that every input is a whole story.
#[derive(Clone, Debug)]
pub struct Tape<'a> {
    bytes: &'a [u8],
}

impl<'a> Tape<'a> {
    /// From its beginning.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether all is read.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (byte, rest) = self.bytes.split_first().map_or((0, self.bytes), |(byte, rest)| (*byte, rest));
        self.bytes = rest;
        byte
    }

    /// A number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        let number =
            if end > 256 { usize::from(self.byte()) << 8 | usize::from(self.byte()) } else { self.byte().into() };
        number % end
    }

    /// Yes, once in so many.
    pub fn one_in(&mut self, times: u8) -> bool {
        self.byte() % times.max(1) == times.max(1) - 1
    }

    /// Eight bytes as a number, or, most of the time, one of those at which counting goes wrong.
    pub fn number(&mut self) -> u64 {
        const EDGES: [u64; 12] =
            [0, 1, 2, 127, 255, 65_535, 1 << 31, u32::MAX as u64, 1 << 40, i64::MAX as u64, u64::MAX - 1, u64::MAX];
        match self.below(EDGES.len() + 4) {
            edge if edge < EDGES.len() => EDGES[edge],
            _ => (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte())),
        }
    }

    /// Up to `most` bytes.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let length = self.below(most + 1).min(self.bytes.len());
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        taken
    }

    /// One of several.
    pub fn pick<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[self.below(of.len())]
    }
}

/// A sample with a few faults in it, or none.
#[must_use]
pub fn edited(tape: &mut Tape<'_>, sample: &[u8]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..tape.below(5) {
        let at = tape.below(bytes.len() + 1);
        match tape.below(6) {
            0 if at < bytes.len() => bytes[at] = tape.byte(),
            1 if at < bytes.len() => bytes[at] ^= 1 << tape.below(8),
            2 => drop(bytes.splice(at..at, tape.bytes(32).iter().copied())),
            3 => {
                let end = (at + tape.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + tape.below(64)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                let number = tape.number().to_le_bytes();
                let width = *tape.pick(&[1, 2, 4, 8]);
                let end = (at + width).min(bytes.len());
                bytes[at..end].copy_from_slice(&number[..end - at]);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tape_spoils_the_same_way_and_an_empty_one_not_at_all() {
        let sample = b"a sample that is good".to_vec();
        assert_eq!(edited(&mut Tape::new(&[]), &sample), sample);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200_u8 {
            let bytes: Vec<u8> = (0..60_u8).map(|n| seed.wrapping_mul(31).wrapping_add(n).wrapping_mul(7)).collect();
            let spoiled = edited(&mut Tape::new(&bytes), &sample);
            assert_eq!(spoiled, edited(&mut Tape::new(&bytes), &sample));
            seen.insert(spoiled);
        }
        assert!(seen.len() > 50, "{}", seen.len());
    }
}
