//! The ladder of one chunk: which step of the crowd contract it is on, and when it goes up and down.
//!
//! Movers and pressure take it up at once; it comes down one rung after the other, and only when a lower one has been
//! enough for a while. Pressure is a client over its budget or a tick that took too long; the ladder does not know
//! which. It knows no lanes: [`super::pace`] says what a step means.
//!
//! Invariant: the rung is at least what the movers ask for at this moment.

use world::Millis;

use crate::config::Contract;
use crate::limits::{CROWD_FALL_MS, CROWD_HOLD_MAX_MS, CROWD_HOLD_MS, CROWD_PRESS_EVERY_MS};

/// A step of the crowd contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Step {
    /// Everybody is told at full rate.
    #[default]
    Full = 0,
    /// Own and adjacent sub-cells at full rate, the rest of the chunk at half.
    Halved = 1,
    /// Slower and less precise with distance.
    Graded = 2,
    /// Sub-cells take turns, within the budget.
    Round = 3,
    /// As before, and nobody else should be sent here.
    Closed = 4,
}

impl Step {
    /// All steps, from the bottom.
    pub const ALL: [Self; 5] = [Self::Full, Self::Halved, Self::Graded, Self::Round, Self::Closed];

    /// Its number, 0 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// The rung of [`Step::Round`]. Each rung above it halves the pace once more.
pub(super) const ROUND: u8 = 3;

/// The ladder of one chunk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ladder {
    movers: u32,
    rung: u8,
    /// The rung that pressure asks for.
    pressed: u8,
    /// Pressure before this moment says nothing new: what it led to has not been seen yet.
    press_again_at: Millis,
    pressed_until: Millis,
    hold_ms: u64,
    /// Pressure was let go since it last came.
    eased: bool,
    /// Since when a lower rung would have done.
    calm_since: Option<Millis>,
    /// More came than the last step allows, or the last rung was not enough.
    closed: bool,
    exhausted: bool,
}

impl Ladder {
    /// The step that it is on.
    pub(crate) fn step(&self) -> Step {
        if self.closed { Step::Closed } else { Step::ALL[usize::from(self.rung.min(ROUND))] }
    }

    /// The rung that it is on, which may be above that of its step.
    pub(crate) fn rung(&self) -> u8 {
        self.rung.max(self.pressed)
    }

    /// Rungs above the first of [`Step::Round`].
    pub(crate) fn beyond(&self) -> u8 {
        self.rung.saturating_sub(ROUND)
    }

    pub(crate) fn movers(&self) -> u32 {
        self.movers
    }

    /// Whether nothing is left to remember.
    pub(crate) fn is_idle(&self, now: Millis) -> bool {
        self.rung == 0 && self.pressed == 0 && now >= self.pressed_until + 2 * self.hold_ms
    }

    /// Whether pressure says anything new: what came of the last has been seen.
    pub(crate) fn answers(&self, now: Millis) -> bool {
        now >= self.press_again_at
    }

    /// Notes how many movers the chunk has, and lets time pass.
    pub(crate) fn look(&mut self, now: Millis, movers: u32, contract: &Contract) {
        self.movers = movers;
        if self.pressed > 0 && now >= self.pressed_until {
            self.pressed -= 1;
            self.pressed_until = now + self.hold_ms;
            self.exhausted = false;
            self.eased = true;
        }
        let target = self.asked_by_movers(contract).max(self.pressed);
        if target >= self.rung {
            self.rung = target;
            self.calm_since = None;
        } else if now.since(*self.calm_since.get_or_insert(now)) >= CROWD_FALL_MS {
            self.rung -= 1;
            self.calm_since = Some(now);
        }
        self.closed = self.over(3, self.closed, contract) || self.exhausted;
    }

    /// A client that sees this chunk is over its budget, or a tick took too long. `top` is the last rung that makes a
    /// difference.
    pub(crate) fn press(&mut self, now: Millis, top: u8) {
        if !self.answers(now) {
            return;
        }
        // Pressed again soon after it was let go: that rung is needed, so it is held for longer.
        let again = std::mem::take(&mut self.eased) && now < self.pressed_until + 2 * self.hold_ms;
        self.hold_ms = if again { (2 * self.hold_ms).min(CROWD_HOLD_MAX_MS) } else { self.hold_ms.max(CROWD_HOLD_MS) };
        let wanted = self.rung.max(self.pressed) + 1;
        self.exhausted = wanted > top;
        self.pressed = wanted.min(top);
        self.pressed_until = now + self.hold_ms;
        self.press_again_at = now + CROWD_PRESS_EVERY_MS;
    }

    fn asked_by_movers(&self, contract: &Contract) -> u8 {
        (0..ROUND).rev().find(|n| self.over(usize::from(*n), self.rung > *n, contract)).map_or(0, |n| n + 1)
    }

    /// Whether there are more movers than a limit; once beyond it, until there are a fifth fewer.
    fn over(&self, limit: usize, beyond: bool, contract: &Contract) -> bool {
        let limit = contract.movers[limit];
        self.movers > if beyond { limit - limit / 5 } else { limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens at a moment, in seconds.
    #[derive(Clone, Copy)]
    enum At {
        Movers(u64, u32),
        Press(u64),
    }
    use At::{Movers, Press};

    /// Plays the happenings, with a look each 200 ms between them, and reads the steps at each second of `expected`.
    fn check(name: &str, happenings: &[At], expected: &[(u64, u8)]) {
        let contract = Contract { movers: [10, 20, 30, 40], ..Contract::default() };
        let (mut ladder, mut movers) = (Ladder::default(), 0);
        let last = expected.iter().map(|(s, _)| *s).max().unwrap_or(0);
        for now in (0..=last * 1_000).step_by(200).map(Millis) {
            for happening in happenings {
                match happening {
                    Movers(s, n) if now == Millis(s * 1_000) => movers = *n,
                    Press(s) if now == Millis(s * 1_000) => ladder.press(now, ROUND + 2),
                    Movers(..) | Press(_) => {}
                }
            }
            ladder.look(now, movers, &contract);
            for (_, step) in expected.iter().filter(|(s, _)| now == Millis(s * 1_000)) {
                assert_eq!(ladder.step().number(), *step, "{name}: at {} s", now.0 / 1_000);
            }
        }
    }

    #[test]
    fn movers_take_it_up_at_once_and_down_slowly() {
        check("up", &[Movers(1, 10), Movers(2, 11), Movers(3, 31), Movers(4, 41)], &[(1, 0), (2, 1), (3, 3), (4, 4)]);
        let fall = [Movers(1, 31), Movers(2, 0)];
        check("down", &fall, &[(1, 3), (6, 3), (7, 2), (11, 2), (12, 1), (17, 0)]);
    }

    #[test]
    fn who_comes_and_goes_at_a_limit_changes_nothing() {
        let mut happenings = vec![Movers(1, 11)];
        happenings.extend((2..60).map(|s| Movers(s, if s % 2 == 0 { 9 } else { 11 })));
        let expected: Vec<(u64, u8)> = (1..60).map(|s| (s, 1)).collect();
        check("at the limit", &happenings, &expected);
    }

    #[test]
    fn pressure_takes_it_up_rung_by_rung_and_is_let_go() {
        check("pressed once", &[Press(1)], &[(0, 0), (1, 1), (10, 1), (20, 0)]);
        let hard: Vec<At> = (1..20).map(Press).collect();
        check("pressed hard", &hard, &[(1, 1), (2, 2), (3, 3), (5, 3), (8, 4), (19, 4), (40, 3), (60, 2), (200, 0)]);
    }

    #[test]
    fn pressure_that_comes_back_is_answered_for_longer() {
        let mut ladder = Ladder::default();
        let contract = Contract::default();
        let mut rises = 0;
        for second in 0..600 {
            let now = Millis(second * 1_000);
            let before = ladder.step();
            // As if step 0 were always too much.
            if before == Step::Full {
                ladder.press(now, ROUND);
            }
            ladder.look(now, 0, &contract);
            rises += u32::from(ladder.step() > before);
        }
        assert!((4..=9).contains(&rises), "{rises} rises in ten minutes");
    }
}
