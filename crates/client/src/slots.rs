//! The streams of one connection by slot, and whether each frame follows the one before it.
//!
//! On a connection everything comes in order, so what comes after a keyframe is news even if its tick is not after the
//! keyframe's: a frame from another node travels longer than the keyframe that our own node made.

use std::collections::BTreeMap;

use protocol::StreamId;
use protocol::tick::{Lane, Slot};
use world::{Chunk, Tick};

/// One open stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) stream: StreamId,
    pub(crate) lane: Lane,
    pub(crate) stray: bool,
    keyed: Tick,
    last: Option<Tick>,
}

/// How a frame stands to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    Yes,
    Gap,
    Repeated,
}

impl Open {
    /// Notes a frame of `tick` whose stream changed `back` ticks before, 0 for never.
    pub(crate) fn follow(&mut self, tick: Tick, back: u64) -> Follows {
        if self.last.is_some_and(|last| tick <= last) {
            return Follows::Repeated;
        }
        let held = self.last.map_or(self.keyed, |last| last.max(self.keyed));
        self.last = Some(tick);
        if back > 0 && tick - back > held { Follows::Gap } else { Follows::Yes }
    }
}

/// All open streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    open: BTreeMap<Slot, Open>,
}

impl Slots {
    /// Opens a slot or keys it anew. Returns the stream that had it before, if it was another chunk's.
    pub(crate) fn key(&mut self, slot: Slot, stream: StreamId, lane: Lane, tick: Tick) -> Option<Open> {
        let old = self.open.insert(slot, Open { stream, lane, stray: false, keyed: tick, last: None });
        old.filter(|o| o.stream.chunk != stream.chunk)
    }

    pub(crate) fn close(&mut self, slot: Slot) -> Option<Open> {
        self.open.remove(&slot)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Open> {
        self.open.get(&slot)
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Open> {
        self.open.get_mut(&slot)
    }

    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Open)> {
        self.open.iter().map(|(slot, open)| (*slot, open))
    }

    /// How many open streams have a chunk that is not in view and were not counted before.
    pub(crate) fn new_strays(&mut self, sees: impl Fn(Chunk) -> bool) -> usize {
        let strays = self.open.values_mut().filter(|o| !o.stray && !sees(o.stream.chunk));
        strays.map(|o| o.stray = true).count()
    }
}
