//! The crowd contract: how a chunk that fills is told, step by step, with nobody invisible.
//!
//! [`Crowds`] knows which step each chunk is on and how this node's own stream of it is divided. It deliberately knows
//! no streams, clients or bytes: it is told how many movers a chunk has and what presses, and says what follows.
//!
//! Invariant: with the contract off every chunk is on step 0 and whole.

pub(crate) mod ladder;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod pace;
pub(crate) mod tell;
mod watch;

use std::collections::BTreeMap;

use protocol::frame::MOVE_BYTES;
use protocol::tick::Lane;
use world::{Cell, Chunk, EntityId, Millis, Plant, Planted, Position, SubCell, Tick, TickRate};

use crate::config::Contract;
use crate::limits::{CROWD_JOIN_MS, CROWD_OVERRUN_SHARE, CROWD_PACKED_TURNS, CROWD_RESETTLE_TURNS};
use crate::publisher::Channel;
use ladder::{Ladder, ROUND, Step};
use pace::{Period, Telling, slowest};

/// A mover in the far lane costs about a fifth.
const FAR_SHARE: u32 = 5;

/// How a node's own stream of a chunk is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Division {
    /// One stream for all.
    Whole,
    /// A stream for each sub-cell.
    Split,
    /// Likewise, but people change the sub-cell seldom: all of the chunk is told at one pace, and each change costs all
    /// of its many viewers a leave and an enter.
    Packed,
}

impl Division {
    /// The stream for somebody who comes into the chunk at a place.
    pub(crate) fn channel(self, chunk: Chunk, at: Position) -> Channel {
        let sub = if self == Self::Whole { SubCell::WHOLE } else { SubCell::of(chunk, at) };
        Channel { chunk, sub }
    }

    /// Whether it is an entity's turn to change the stream within its chunk. So a chunk that is split does not say
    /// everything at once, and nobody is always the last.
    pub(crate) fn lets_resettle(self, entity: EntityId, tick: Tick) -> bool {
        let turns = match self {
            Self::Whole | Self::Split => CROWD_RESETTLE_TURNS,
            Self::Packed => CROWD_PACKED_TURNS,
        };
        entity.0.wrapping_add(tick.0).is_multiple_of(turns)
    }
}

/// A chunk that went up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) chunk: Chunk,
    pub(crate) from: Step,
    pub(crate) to: Step,
    pub(crate) movers: u32,
}

#[derive(Clone, Debug, Default)]
struct Crowd {
    ladder: Ladder,
    /// When the chunk's stream is joined again, if its streams are split.
    split_until: Option<Millis>,
    /// The pace of [`Step::Round`].
    round: Period,
}

/// All chunks that are, or were of late, on a step above 0.
#[derive(Clone, Debug)]
pub(crate) struct Crowds {
    contract: Contract,
    rate: TickRate,
    planted: Planted,
    crowds: BTreeMap<Chunk, Crowd>,
    /// Everybody at the last look, by chunk.
    movers: BTreeMap<Chunk, u32>,
}

impl Crowds {
    pub(crate) fn new(contract: Contract, rate: TickRate, planted: Planted) -> Self {
        Self { contract, rate, planted, crowds: BTreeMap::new(), movers: BTreeMap::new() }
    }

    /// How this node's own stream of a chunk is divided.
    pub(crate) fn division(&self, chunk: Chunk) -> Division {
        match self.crowds.get(&chunk) {
            Some(c) if c.split_until.is_some() && c.ladder.step() >= Step::Round => Division::Packed,
            Some(c) if c.split_until.is_some() => Division::Split,
            Some(_) | None => Division::Whole,
        }
    }

    /// Chunks on a step above 0, or still split.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Chunk, &Ladder)> {
        self.crowds.iter().map(|(chunk, c)| (*chunk, &c.ladder))
    }

    /// A tick took too long: the fullest chunk goes up a rung, if it is full enough to matter.
    pub(crate) fn overrun(&mut self, now: Millis) {
        let least = self.contract.movers[0] / CROWD_OVERRUN_SHARE;
        let fullest = self.movers.iter().max_by_key(|(_, n)| **n).filter(|(_, n)| **n > least);
        if let Some((chunk, _)) = fullest.filter(|_| self.contract.on) {
            self.press(now, *chunk);
        }
    }

    /// A client that holds these chunks is close to its budget: of those that can be told more slowly, the one that
    /// costs most goes up a rung, and a second passes until it is known what came of it. If it is `over` the budget nobody
    /// waits: the next one goes up in the next turn.
    pub(crate) fn pressed(&mut self, now: Millis, over: bool, told: impl Iterator<Item = (Chunk, Lane)>) {
        if self.planted.is(Plant::SpendFreely) {
            return;
        }
        let costly: Vec<(bool, u32, Chunk)> = told
            .map(|(chunk, lane)| (!self.is_on_top(chunk, lane), self.cost(chunk, lane), chunk))
            .filter(|(_, cost, _)| *cost > 0)
            .collect();
        let answers = |chunk: &Chunk| self.crowds.get(chunk).is_none_or(|c| c.ladder.answers(now));
        let can_climb = costly.iter().any(|(climbs, ..)| *climbs);
        let waits = !over && !costly.iter().all(|(.., chunk)| answers(chunk));
        let dearest = costly.iter().filter(|(climbs, _, chunk)| *climbs == can_climb && answers(chunk)).max();
        if let Some((.., chunk)) = dearest.filter(|_| !waits) {
            self.press(now, *chunk);
        }
    }

    /// Movers of a chunk, by how often they are told now.
    fn cost(&self, chunk: Chunk, lane: Lane) -> u32 {
        let movers = self.movers.get(&chunk).copied().unwrap_or(0);
        let (step, round) = self.crowds.get(&chunk).map_or((Step::Full, 0), |c| (c.ladder.step(), c.round));
        match lane {
            Lane::Far => movers / FAR_SHARE,
            Lane::Near | Lane::Crowd => movers >> pace::slowest_of(step, round),
        }
    }

    fn is_on_top(&self, chunk: Chunk, lane: Lane) -> bool {
        let top = if lane == Lane::Far { Step::Graded.number() } else { self.top() };
        self.crowds.get(&chunk).is_some_and(|c| c.ladder.rung() >= top || c.round >= slowest(self.rate))
    }

    /// The last rung that makes a difference.
    fn top(&self) -> u8 {
        ROUND + slowest(self.rate) - 1
    }

    fn press(&mut self, now: Millis, chunk: Chunk) {
        let top = self.top();
        self.crowds.entry(chunk).or_default().ladder.press(now, top);
    }

    /// How a client that looks from a sub-cell is to be told of a crowded chunk.
    pub(crate) fn telling(&self, chunk: Chunk, eye: Cell) -> Telling {
        let (step, round) = self.crowds.get(&chunk).map_or((Step::Full, 0), |c| (c.ladder.step(), c.round));
        Telling::wanted(step, chunk, eye, round, slowest(self.rate))
    }

    /// The fastest pace at which all in the nine chunks around one could move at every tick, and their viewers keep
    /// within three quarters of the budget.
    fn affordable(chunk: Chunk, movers: &BTreeMap<Chunk, u32>, contract: &Contract, rate: TickRate) -> Period {
        let around: u64 = chunk.around(1).filter_map(|c| movers.get(&c)).map(|n| u64::from(*n)).sum();
        let at_full_rate = around * MOVE_BYTES as u64 * u64::from(rate.hz());
        let room = u64::from(contract.budget_bytes_s) * 3 / 4;
        (1..slowest(rate)).find(|period| at_full_rate >> period <= room).unwrap_or(slowest(rate))
    }

    /// Looks at all chunks: those that are told of here, with their movers. Chunks that are left out have none.
    pub(crate) fn look(&mut self, now: Millis, movers: &BTreeMap<Chunk, u32>) -> Vec<Change> {
        if !self.contract.on {
            return Vec::new();
        }
        self.movers.clone_from(movers);
        let least = self.contract.movers[0];
        for (chunk, _) in movers.iter().filter(|(_, n)| **n > least) {
            self.crowds.entry(*chunk).or_default();
        }
        let mut changes = Vec::new();
        for (chunk, crowd) in &mut self.crowds {
            let from = crowd.ladder.step();
            crowd.ladder.look(now, movers.get(chunk).copied().unwrap_or(0), &self.contract);
            let to = crowd.ladder.step();
            let affordable = match self.planted.is(Plant::SpendFreely) {
                true => 0,
                false => Self::affordable(*chunk, movers, &self.contract, self.rate),
            };
            crowd.round = (affordable + crowd.ladder.beyond()).min(slowest(self.rate));
            if to > Step::Full {
                crowd.split_until = Some(now + CROWD_JOIN_MS);
            } else if crowd.split_until.is_some_and(|until| until <= now) {
                crowd.split_until = None;
            }
            if from != to {
                changes.push(Change { chunk: *chunk, from, to, movers: crowd.ladder.movers() });
            }
        }
        self.crowds.retain(|_, c| c.split_until.is_some() || !c.ladder.is_idle(now));
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: (Chunk, Lane) = (Chunk::new(5, 5), Lane::Near);
    const FAR: (Chunk, Lane) = (Chunk::new(7, 5), Lane::Far);

    /// The steps of two chunks after a client that holds both was over its budget for so many turns of 100 ms.
    fn steps(movers: [u32; 2], over: bool, turns: u64) -> [u8; 2] {
        let contract = Contract { movers: [10_000, 20_000, 30_000, 40_000], ..Contract::default() };
        let mut crowds = Crowds::new(contract, TickRate::new(10).unwrap(), Planted::none());
        let movers = [(NEAR.0, movers[0]), (FAR.0, movers[1])].into();
        for now in (1..=turns).map(|turn| Millis(turn * 100)) {
            crowds.look(now, &movers);
            crowds.pressed(now, over, [NEAR, FAR].into_iter());
        }
        crowds.look(Millis(turns * 100), &movers);
        [NEAR.0, FAR.0].map(|chunk| crowds.crowds.get(&chunk).map_or(0, |c| c.ladder.step().number()))
    }

    #[test]
    fn a_client_over_its_budget_between_two_crowds() {
        let table = [
            ("close to it: the costlier one goes up", [500, 500], false, 5, [1, 0]),
            ("in the next second the other one, if it costs more by then", [500, 1_300], false, 15, [1, 1]),
            ("over it: both in the same second", [500, 500], true, 5, [1, 1]),
            ("a far one is told as slowly as can be on step 2", [500, 500], true, 40, [3, 2]),
            ("one without anybody is left alone", [500, 0], true, 40, [3, 0]),
        ];
        for (what, movers, over, turns, expected) in table {
            assert_eq!(steps(movers, over, turns), expected, "{what}");
        }
    }
}
