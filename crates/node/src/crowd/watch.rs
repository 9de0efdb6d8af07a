//! How the node watches its crowds: whom it counts, and what it tells of a change.

use std::collections::BTreeMap;

use world::Chunk;

use super::Change;
use crate::io::{Effect, Note};
use crate::machine::Node;

/// Looks at the crowds in a second.
const LOOKS_PER_SECOND: u64 = 5;

impl Node {
    /// The shell says that a tick took too long.
    pub(crate) fn overrun(&mut self) {
        self.counters.overruns += 1;
        self.crowds.overrun(self.now);
    }

    /// Counts the movers of all chunks in view and lets their ladders follow.
    pub(crate) fn watch_crowds(&mut self) {
        let every = (u64::from(self.config.rate.hz()) / LOOKS_PER_SECOND).max(1);
        if !self.config.contract.on || !self.tick.0.is_multiple_of(every) {
            return;
        }
        let movers: BTreeMap<Chunk, u32> = self.feed.movers(&self.ghosts);
        for Change { chunk, from, to, movers } in self.crowds.look(self.now, &movers) {
            self.counters.crowd_rises += u64::from(to > from);
            self.counters.crowd_falls += u64::from(to < from);
            self.effect(Effect::Note(Note::CrowdStep { chunk, from, to, movers }));
        }
    }
}
