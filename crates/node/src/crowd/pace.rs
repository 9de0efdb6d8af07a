//! How often each part of a crowded chunk is told, seen from one place.
//!
//! Paces are powers of two of turns, and each sub-cell has a phase, so that parts of one pace take turns and a slower
//! pace speaks only when every faster one does. A client changes the pace of a part in a turn in which both speak: then
//! both have told the same, and nothing is missed or told twice. A turn is a flush of this node.
//!
//! Invariant: [`speaks`] of a pace implies [`speaks`] of every faster one.

use world::{Cell, Chunk, SubCell, TickRate};

use super::ladder::Step;

/// A pace by its period: the part is told every `2^n` turns.
pub(crate) type Period = u8;

/// Rings of sub-cells around one's own that count as near: who acts there acts upon me.
pub(crate) const NEAR_RINGS: u32 = 1;

/// The slowest pace: everybody is refreshed within a second.
pub(crate) fn slowest(rate: TickRate) -> Period {
    rate.hz().ilog2() as Period
}

/// The pace of what is furthest in a chunk on a step. `round` is the pace of [`Step::Round`].
pub(crate) fn slowest_of(step: Step, round: Period) -> Period {
    match step {
        Step::Full => 0,
        Step::Halved => 1,
        Step::Graded => 2,
        Step::Round | Step::Closed => round,
    }
}

/// Whether a sub-cell is told in a turn by those at a pace.
pub(crate) fn speaks(pace: Period, sub: SubCell, turn: u64) -> bool {
    (turn + u64::from(sub.0)).is_multiple_of(1 << pace)
}

/// How one client is told of one crowded chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Telling {
    paces: [Period; SubCell::COUNT],
    /// Speech carries to near sub-cells only.
    pub(crate) hushed: bool,
}

impl Telling {
    /// What the contract asks for on a step. `round` is the pace of [`Step::Round`], `slowest` that of a second.
    pub(crate) fn wanted(step: Step, chunk: Chunk, eye: Cell, round: Period, slowest: Period) -> Self {
        let mut paces = [0; SubCell::COUNT];
        for (sub, pace) in (0u8..).map(SubCell).zip(&mut paces) {
            // Who does not divide its stream is told as if it were all here.
            let rings = sub.cell(chunk).map_or(0, |cell| cell.rings_to(eye));
            let asked = match (step, rings) {
                (Step::Halved | Step::Graded, 0..=NEAR_RINGS) => 0,
                (Step::Graded, 2) => 1,
                _ => slowest_of(step, round),
            };
            *pace = asked.min(slowest);
        }
        Self { paces, hushed: step >= Step::Round }
    }

    /// The pace of a part.
    pub(crate) fn pace(&self, sub: SubCell) -> Period {
        self.paces.get(usize::from(sub.0)).copied().unwrap_or(0)
    }

    /// Goes over to what is wanted, as far as that can be done after this turn was told.
    pub(crate) fn follow(&mut self, wanted: &Self, turn: u64) {
        for (sub, (pace, wanted)) in (0u8..).map(SubCell).zip(self.paces.iter_mut().zip(wanted.paces)) {
            if *pace != wanted && speaks((*pace).max(wanted), sub, turn) {
                *pace = wanted;
            }
        }
        self.hushed = wanted.hushed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: Chunk = Chunk::new(5, 5);

    /// The paces of the 16 sub-cells on a step, seen from the middle of one of them.
    fn seen(step: Step, sub: u8) -> String {
        let telling = Telling::wanted(step, CHUNK, SubCell(sub).cell(CHUNK).unwrap(), 2, 3);
        let row = |r: u8| (0..4).map(|c| telling.pace(SubCell(1 + 4 * r + c)).to_string()).collect::<String>();
        (0..4).map(row).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_step_is_slower_with_distance() {
        assert_eq!(seen(Step::Full, 1), "0000 0000 0000 0000");
        assert_eq!(seen(Step::Halved, 1), "0011 0011 1111 1111");
        assert_eq!(seen(Step::Halved, 6), "0001 0001 0001 1111");
        assert_eq!(seen(Step::Graded, 1), "0012 0012 1112 2222");
        assert_eq!(seen(Step::Round, 1), "2222 2222 2222 2222");
        let far = Telling::wanted(Step::Graded, CHUNK, Cell { column: 0, row: 0 }, 2, 3);
        assert!((1..17).all(|sub| far.pace(SubCell(sub)) == 2), "another chunk's crowd");
        assert_eq!(far.pace(SubCell::WHOLE), 0);
    }

    #[test]
    fn a_pace_changes_only_when_both_have_told_the_same() {
        let slow = Telling::wanted(Step::Round, CHUNK, Cell::default(), 3, 3);
        let fast = Telling::wanted(Step::Full, CHUNK, Cell::default(), 0, 3);
        for (mut from, to) in [(slow, fast), (fast, slow)] {
            let mut changed = 0;
            for turn in 1..=8 {
                let before = from;
                from.follow(&to, turn);
                for sub in (0u8..17).map(SubCell) {
                    if before.pace(sub) != from.pace(sub) {
                        assert!(speaks(3, sub, turn) && speaks(0, sub, turn), "{sub:?} in turn {turn}");
                        changed += 1;
                    }
                }
            }
            assert_eq!((changed, from), (17, to), "within eight turns all have changed");
        }
    }

    #[test]
    fn parts_of_one_pace_take_turns() {
        for pace in 1..=3 {
            for turn in 0..64 {
                let told = (1..=16).filter(|sub| speaks(pace, SubCell(*sub), turn)).count();
                assert_eq!(told, 16 >> pace, "pace {pace} in turn {turn}");
                assert!((1..=16).map(SubCell).all(|s| !speaks(pace, s, turn) || speaks(pace - 1, s, turn)));
            }
        }
    }
}
