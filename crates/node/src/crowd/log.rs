//! What one stream of a crowded chunk said of late, so that each pace can be told all that it missed, in one frame.
//!
//! Frames of the crowd lane are labelled with the tick of the message; whatever the pace, one frame stands for all of
//! the stream's changes since the turn in which that pace spoke last. What must not wait is told at once, if need be in
//! a frame of its own: who comes into the stream, so that a crossing does not add the waits of two streams; and an
//! [`Instant`], an event or the motion of somebody who acts upon the listener.
//!
//! Invariant: entries are of the last `2^slowest` turns, oldest first; no entry has an enter, and none has a leave of
//! somebody who came back since.

use std::collections::{BTreeSet, VecDeque};

use ghosts::{Ghost, Ghosts, StreamKey};
use protocol::frame::{Body, Event, Handle, Leave, Move, Record};
use world::{Cell, EntityId, Position, Tick};

use super::pace::{NEAR_RINGS, Period};
use crate::owed::Owed;

#[derive(Clone, Debug)]
struct Entry {
    turn: u64,
    tick: Tick,
    owed: Owed,
}

/// What is told at once.
#[derive(Clone, Debug)]
pub(crate) struct Instant {
    pub(crate) entity: EntityId,
    handle: Handle,
    /// Where it happens.
    cell: Cell,
    events: Vec<Event>,
    /// It acts, and something is new of it that not all have been told.
    acts: bool,
}

/// Who listens, as far as instants go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listener<'a> {
    pub(crate) eye: Cell,
    /// Speech carries to near sub-cells only.
    pub(crate) hushed: bool,
    /// Who acts upon this very client, wherever.
    pub(crate) actors: &'a BTreeSet<EntityId>,
}

impl Listener<'_> {
    fn is_near(&self, instant: &Instant) -> bool {
        instant.cell.rings_to(self.eye) <= NEAR_RINGS || self.actors.contains(&instant.entity)
    }
}

/// The log of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    /// The tick of the newest entry that is no longer kept, or of the key that everybody was told.
    before: Tick,
    /// Everybody is told a key in this turn.
    pub(crate) whole: bool,
    /// What came since the last turn.
    coming: Owed,
    /// Who came into the stream in this turn.
    arrivals: BTreeSet<Handle>,
    pub(crate) instants: Vec<Instant>,
}

impl Log {
    /// The log of a stream that everybody is told whole at `tick`.
    pub(crate) fn new(tick: Tick) -> Self {
        let (entries, coming) = (VecDeque::new(), Owed::default());
        Self { entries, before: tick, whole: true, coming, arrivals: BTreeSet::new(), instants: Vec::new() }
    }

    /// A frame was applied to the ghosts.
    pub(crate) fn note(&mut self, records: &[Record]) {
        self.coming.note(records);
    }

    /// The ghosts of the stream were replaced.
    pub(crate) fn replaced(&mut self) {
        *self = Self::new(self.before);
    }

    /// A turn begins, in which these act.
    pub(crate) fn begin(
        &mut self,
        (turn, tick): (u64, Tick),
        slowest: Period,
        key: StreamKey,
        ghosts: &Ghosts,
        actors: &BTreeSet<Handle>,
        shown: impl Fn(&Ghost) -> Position,
    ) {
        while let Some(old) = self.entries.front().filter(|e| e.turn + (1 << slowest) <= turn) {
            self.before = old.tick;
            self.entries.pop_front();
        }
        let coming = std::mem::take(&mut self.coming);
        if self.whole {
            return;
        }
        // Events leave no state: who did not hear them has missed nothing.
        let Owed { entered, mut moved, mut left, events } = coming;
        moved.retain(|handle| !entered.contains(handle));
        // Who came back was not gone for those who were not told. An unbound handle later would undo the enter.
        let stays_gone = |leave: &Leave| !entered.contains(&leave.handle);
        left.retain(stays_gone);
        if !entered.is_empty() {
            self.entries.iter_mut().for_each(|e| e.owed.left.retain(stays_gone));
        }
        self.arrivals = entered;
        let owed = Owed { moved, left, ..Owed::default() };
        if !owed.is_empty() {
            self.entries.push_back(Entry { turn, tick, owed });
        }
        self.instants = self.happening(&events, key, ghosts, actors, shown);
    }

    fn happening(
        &self,
        events: &[Event],
        key: StreamKey,
        ghosts: &Ghosts,
        actors: &BTreeSet<Handle>,
        shown: impl Fn(&Ghost) -> Position,
    ) -> Vec<Instant> {
        let all: BTreeSet<Handle> = actors.iter().copied().chain(events.iter().map(|e| e.handle)).collect();
        let instant = |handle: Handle| {
            let ghost = ghosts.bound(key, handle)?;
            // Also what was new before it acted, or before somebody came near, and who is slower was not told of yet.
            let new = self.entries.iter().any(|e| e.owed.moved.contains(&handle));
            let events: Vec<Event> = events.iter().filter(|e| e.handle == handle).cloned().collect();
            let acts = new && actors.contains(&handle);
            let cell = Cell::at(shown(ghost));
            (acts || !events.is_empty()).then_some(Instant { entity: ghost.entity, handle, cell, events, acts })
        };
        all.into_iter().filter_map(instant).collect()
    }

    /// The turn is over.
    pub(crate) fn end(&mut self, tick: Tick) {
        if std::mem::take(&mut self.whole) {
            self.entries.clear();
            self.before = tick;
        }
        self.arrivals.clear();
        self.instants.clear();
    }

    /// Whether everybody is told something in this turn, whatever the pace.
    pub(crate) fn tells_all(&self) -> bool {
        self.whole || !self.arrivals.is_empty()
    }

    /// All that those at a pace have missed, without events, and the tick of the newest change before it. A change that
    /// came to nothing by now is told all the same, as an empty frame: the next one says that it comes after it.
    pub(crate) fn missed(&self, pace: Period, turn: u64) -> (Owed, Tick) {
        let mut owed = Owed::default();
        let mut before = self.before;
        for entry in &self.entries {
            if entry.turn + (1 << pace) > turn {
                owed.absorb(&entry.owed);
            } else {
                before = entry.tick;
            }
        }
        (owed, before)
    }

    /// The tick of the newest change that everybody was told.
    pub(crate) fn known_to_all(&self) -> Tick {
        self.before
    }

    /// Adds to `body` what a listener must be told at once. `told` says whether all moves are in it already.
    pub(crate) fn tell_at_once(
        &self,
        body: &mut Body,
        listener: &Listener<'_>,
        told: bool,
        key: StreamKey,
        ghosts: &Ghosts,
        shown: impl Fn(&Ghost) -> Position,
    ) {
        let arrived = self.arrivals.iter().filter_map(|handle| ghosts.bound(key, *handle));
        body.enters.extend(arrived.map(|ghost| ghost.to_enter(shown(ghost))));
        for instant in &self.instants {
            let near = listener.is_near(instant);
            if !told
                && instant.acts
                && near
                && !self.arrivals.contains(&instant.handle)
                && let Some(ghost) = ghosts.bound(key, instant.handle)
            {
                body.moves.push(Move { handle: ghost.handle, at: shown(ghost), motion: ghost.segment.motion });
            }
            if near || !listener.hushed {
                body.events.extend(instant.events.iter().cloned());
            }
        }
    }
}
