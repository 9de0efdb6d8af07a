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
use world::{Cell, Chunk, EntityId, Millis, Position, SubCell, Tick, TickRate};

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
    crowds: BTreeMap<Chunk, Crowd>,
    /// Everybody at the last look, by chunk.
    movers: BTreeMap<Chunk, u32>,
}

impl Crowds {
    pub(crate) fn new(contract: Contract, rate: TickRate) -> Self {
        Self { contract, rate, crowds: BTreeMap::new(), movers: BTreeMap::new() }
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

    /// A client that holds these chunks is close to its budget, or over it: the one that costs most goes up a rung.
    pub(crate) fn over_budget(&mut self, now: Millis, told: impl Iterator<Item = (Chunk, Lane)>) {
        let cost = |chunk: Chunk, lane: Lane| {
            let movers = self.movers.get(&chunk).copied().unwrap_or(0);
            if lane == Lane::Far { movers / FAR_SHARE } else { movers }
        };
        if let Some((_, chunk)) = told.map(|(chunk, lane)| (cost(chunk, lane), chunk)).max() {
            self.press(now, chunk);
        }
    }

    fn press(&mut self, now: Millis, chunk: Chunk) {
        let top = ROUND + slowest(self.rate) - 1;
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
            let affordable = Self::affordable(*chunk, movers, &self.contract, self.rate);
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
