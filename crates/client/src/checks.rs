//! What a client sees that should never be: counted by kind, so that bots and drills are live checkers.
//!
//! The checks use nothing but the bytes received. They deliberately know nothing of what servers intend.

/// Something that a client should never see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Violation {
    /// A frame's predecessor was never received.
    Gap,
    /// A frame of a stream came twice or out of order.
    Repeated,
    /// An item names a slot that is not open.
    UnknownSlot,
    /// The own avatar was missing in its own view for over [`crate::limits::SELF_MISSING_MS`].
    SelfMissing,
    /// An entity was stated further from its chunk than its stream may keep it.
    OutOfReach,
    /// A stream is open of a chunk that is not in view.
    OutOfView,
    /// A chunk stayed in view for over [`crate::limits::STRAY_CHUNK_MS`] though it is too far from the avatar.
    StrayChunk,
    /// Counting a frame's updates by its headers and by decoding gave two numbers.
    CountMismatch,
}

impl Violation {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Gap,
        Self::Repeated,
        Self::UnknownSlot,
        Self::SelfMissing,
        Self::OutOfReach,
        Self::OutOfView,
        Self::StrayChunk,
        Self::CountMismatch,
    ];

    /// A stable word for reports.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Repeated => "repeated",
            Self::UnknownSlot => "unknown_slot",
            Self::SelfMissing => "self_missing",
            Self::OutOfReach => "out_of_reach",
            Self::OutOfView => "out_of_view",
            Self::StrayChunk => "stray_chunk",
            Self::CountMismatch => "count_mismatch",
        }
    }
}

/// How often each kind was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    counts: [u64; Violation::ALL.len()],
}

impl Checks {
    /// Counts one.
    pub fn note(&mut self, violation: Violation) {
        self.counts[violation as usize] += 1;
    }

    /// How many of a kind.
    #[must_use]
    pub fn count(&self, violation: Violation) -> u64 {
        self.counts[violation as usize]
    }

    /// How many of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The kinds that were seen and how often.
    pub fn seen(&self) -> impl Iterator<Item = (Violation, u64)> + '_ {
        Violation::ALL.into_iter().map(|v| (v, self.count(v))).filter(|(_, n)| *n > 0)
    }

    /// Adds another client's counts.
    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(n, more)| *n += more);
    }
}
