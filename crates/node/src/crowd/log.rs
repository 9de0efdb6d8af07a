//! What one stream of a crowded chunk said of late, so that each pace can be told all that it missed, in one frame.
//!
//! Frames of the crowd lane are labelled with the tick of the message; whatever the pace, one frame stands for all of
//! the stream's changes since the turn in which that pace spoke last. What must not wait, an event and the motion of
//! somebody who acts upon the listener, is told at once in a frame of its own: an [`Instant`].
//!
//! Invariant: entries are of the last `2^slowest` turns, oldest first, and none is empty.

use std::collections::{BTreeSet, VecDeque};

use ghosts::{Ghost, Ghosts, StreamKey};
use protocol::frame::{Body, Event, Handle, Move, Record};
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
    /// It acts, and something is new of it.
    acts: bool,
    /// Those at a slower pace may not know it in this stream yet.
    fresh: bool,
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
    pub(crate) instants: Vec<Instant>,
}

impl Log {
    /// The log of a stream that everybody is told whole at `tick`.
    pub(crate) fn new(tick: Tick) -> Self {
        let (entries, coming) = (VecDeque::new(), Owed::default());
        Self { entries, before: tick, whole: true, coming, instants: Vec::new() }
    }

    /// A frame was applied to the ghosts.
    pub(crate) fn note(&mut self, records: &[Record]) {
        self.coming.note(records);
    }

    /// The ghosts of the stream were replaced.
    pub(crate) fn replaced(&mut self) {
        *self = Self::new(self.before);
    }

    /// A turn begins. `acts` tells who acts.
    pub(crate) fn begin(
        &mut self,
        (turn, tick): (u64, Tick),
        slowest: Period,
        key: StreamKey,
        ghosts: &Ghosts,
        acts: impl Fn(EntityId) -> bool,
        shown: impl Fn(&Ghost) -> Position,
    ) {
        while let Some(old) = self.entries.front().filter(|e| e.turn + (1 << slowest) <= turn) {
            self.before = old.tick;
            self.entries.pop_front();
        }
        let owed = std::mem::take(&mut self.coming);
        if self.whole || owed.is_empty() {
            return;
        }
        self.instants = self.happening(&owed, key, ghosts, acts, shown);
        // Events leave no state: who did not hear them has missed nothing.
        let owed = Owed { events: Vec::new(), ..owed };
        if !owed.is_empty() {
            self.entries.push_back(Entry { turn, tick, owed });
        }
    }

    fn happening(
        &self,
        owed: &Owed,
        key: StreamKey,
        ghosts: &Ghosts,
        acts: impl Fn(EntityId) -> bool,
        shown: impl Fn(&Ghost) -> Position,
    ) -> Vec<Instant> {
        let speakers: BTreeSet<Handle> = owed.events.iter().map(|e| e.handle).collect();
        let changed = owed.moved.iter().chain(&owed.entered).copied();
        let actors = changed.filter(|h| ghosts.bound(key, *h).is_some_and(|g| acts(g.entity)));
        let all: BTreeSet<Handle> = actors.chain(speakers).collect();
        let instant = |handle: Handle| {
            let ghost = ghosts.bound(key, handle)?;
            let entered = |owed: &Owed| owed.entered.contains(&handle);
            Some(Instant {
                entity: ghost.entity,
                handle,
                cell: Cell::at(shown(ghost)),
                events: owed.events.iter().filter(|e| e.handle == handle).cloned().collect(),
                acts: acts(ghost.entity) && (owed.moved.contains(&handle) || entered(owed)),
                fresh: entered(owed) || self.entries.iter().any(|e| entered(&e.owed)),
            })
        };
        all.into_iter().filter_map(instant).collect()
    }

    /// The turn is over.
    pub(crate) fn end(&mut self, tick: Tick) {
        if std::mem::take(&mut self.whole) {
            self.entries.clear();
            self.before = tick;
        }
        self.instants.clear();
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

    /// Adds to `body` what a listener must be told at once. `told` says whether all changes are in it already.
    pub(crate) fn tell_at_once(
        &self,
        body: &mut Body,
        listener: &Listener<'_>,
        told: bool,
        key: StreamKey,
        ghosts: &Ghosts,
        shown: impl Fn(&Ghost) -> Position,
    ) {
        for instant in &self.instants {
            let near = listener.is_near(instant);
            let heard = !instant.events.is_empty() && (near || !listener.hushed);
            let seen = instant.acts && near;
            if !told
                && (heard || seen)
                && let Some(ghost) = ghosts.bound(key, instant.handle)
            {
                if instant.fresh {
                    body.enters.push(ghost.to_enter(shown(ghost)));
                } else if seen {
                    body.moves.push(Move { handle: ghost.handle, at: shown(ghost), motion: ghost.segment.motion });
                }
            }
            if heard {
                body.events.extend(instant.events.iter().cloned());
            }
        }
    }
}
