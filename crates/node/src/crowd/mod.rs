//! The crowd contract: how a chunk that fills is told, step by step, with nobody invisible.
//!
//! [`Crowds`] knows which step each chunk is on and how this node's own stream of it is divided. It deliberately knows
//! no streams, clients or bytes: it is told how many movers a chunk has and what presses, and says what follows.
//!
//! Invariant: with the contract off every chunk is on step 0 and whole.

pub(crate) mod ladder;
mod watch;

use std::collections::BTreeMap;

use world::{Chunk, EntityId, Millis, Position, SubCell, Tick, TickRate};

use crate::config::Contract;
use crate::limits::{CROWD_JOIN_MS, CROWD_OVERRUN_SHARE, CROWD_PACKED_TURNS, CROWD_RESETTLE_TURNS};
use crate::publisher::Channel;
use ladder::{Ladder, ROUND, Step};

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
}

/// All chunks that are, or were of late, on a step above 0.
#[derive(Clone, Debug)]
pub(crate) struct Crowds {
    contract: Contract,
    rate: TickRate,
    crowds: BTreeMap<Chunk, Crowd>,
    /// The chunk with the most movers at the last look.
    fullest: Option<(Chunk, u32)>,
}

impl Crowds {
    pub(crate) fn new(contract: Contract, rate: TickRate) -> Self {
        Self { contract, rate, crowds: BTreeMap::new(), fullest: None }
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
        if let Some((chunk, _)) = self.fullest.filter(|(_, n)| self.contract.on && *n > least) {
            let top = ROUND + self.slowest() - 1;
            self.crowds.entry(chunk).or_default().ladder.press(now, top);
        }
    }

    /// The slowest pace, as a power of two of ticks: everybody is refreshed within a second.
    fn slowest(&self) -> u8 {
        self.rate.hz().ilog2() as u8
    }

    /// Looks at all chunks: those that are told of here, with their movers. Chunks that are left out have none.
    pub(crate) fn look(&mut self, now: Millis, movers: &BTreeMap<Chunk, u32>) -> Vec<Change> {
        if !self.contract.on {
            return Vec::new();
        }
        self.fullest = movers.iter().max_by_key(|(_, n)| **n).map(|(chunk, n)| (*chunk, *n));
        let least = self.contract.movers[0];
        for (chunk, _) in movers.iter().filter(|(_, n)| **n > least) {
            self.crowds.entry(*chunk).or_default();
        }
        let mut changes = Vec::new();
        for (chunk, crowd) in &mut self.crowds {
            let from = crowd.ladder.step();
            crowd.ladder.look(now, movers.get(chunk).copied().unwrap_or(0), &self.contract);
            let to = crowd.ladder.step();
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
