//! How the node watches its crowds: whom it counts, and what it tells of a change.

use std::collections::BTreeSet;

use world::{Chunk, EntityId};

use super::Change;
use super::ladder::Step;
use crate::io::{ConnId, Effect, Note};
use crate::limits::ACTING_MS;
use crate::machine::Node;
use crate::session::Session;

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
        let movers = self.feed.movers(&self.ghosts);
        for Change { chunk, from, to, movers } in self.crowds.look(self.now, &movers) {
            self.counters.crowd_rises += u64::from(to > from);
            self.counters.crowd_falls += u64::from(to < from);
            self.effect(Effect::Note(Note::CrowdStep { chunk, from, to, movers }));
        }
        let on = |least| self.crowds.iter().filter(move |(_, l)| l.step() >= least).map(|(chunk, _)| chunk);
        let (crowded, thinned): (BTreeSet<Chunk>, BTreeSet<Chunk>) =
            (on(Step::Halved).collect(), on(Step::Graded).collect());
        self.feed.set_crowded(self.tick, &crowded);
        self.feed.thinned = thinned;
    }

    /// A client was told so many bytes of changes in this turn.
    pub(crate) fn meter(&mut self, conn: ConnId, bytes: usize) {
        if !self.config.contract.on {
            return;
        }
        let (hz, budget) = (self.config.rate.hz(), u64::from(self.config.contract.budget_bytes_s));
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let in_a_second = playing.view.meter.note(bytes, hz);
        self.counters.crowd_over_budget += u64::from(in_a_second > budget);
        if in_a_second * 4 > budget * 3 {
            self.crowds.pressed(self.now, in_a_second > budget, playing.view.told());
        }
    }

    /// `actor` acts upon `target`, here or elsewhere: the client of `target` is told of the actor at full rate for a
    /// while, whatever the crowd. For deeds that name somebody.
    pub(crate) fn acts_on(&mut self, actor: EntityId, target: EntityId) {
        self.feed.acts_on(actor, target, self.tick + self.config.rate.ticks_in(ACTING_MS));
    }
}
