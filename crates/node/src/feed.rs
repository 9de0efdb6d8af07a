//! What clients are told of the streams: near chunks every tick, far chunks every few ticks, newcomers from the ghosts.
//!
//! All clients share what the feed encodes: one bundle for each chunk and lane in a flush, and one set of keys for
//! those to whom the chunk is new. A client's own machine keeps the same table of ghosts by the same rules.
//!
//! Invariant: a client that took every write of its view holds, for each slot, what the node's ghosts hold for the
//! stream at the last flush of the lane.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ghosts::{Ghost, Ghosts, StreamKey};
use protocol::frame::{self, Body, Event, Handle, Leave, Move, Record};
use protocol::tick::{Item, Lane, Slot};
use protocol::{Incarnation, StreamId};
use world::{Chunk, Pace, Position, Tick};

use crate::viewer::SeenFrame;

/// Encoded items and how many changed entities they tell of.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) updates: u64,
    pub(crate) frames: u64,
}

/// What the near lane owes since the last flush.
#[derive(Clone, Debug)]
enum NearNews {
    Frames(Vec<SeenFrame>),
    Whole,
}

/// What the far lane owes since its last frame.
#[derive(Clone, Debug, Default)]
struct FarNews {
    whole: bool,
    entered: BTreeSet<Handle>,
    moved: BTreeSet<Handle>,
    left: Vec<Leave>,
    events: Vec<Event>,
}

#[derive(Clone, Debug)]
struct Fed {
    stream: StreamId,
    near_slot: Slot,
    far_slot: Slot,
    near: NearNews,
    near_last: Tick,
    far: FarNews,
    far_last: Tick,
}

impl Fed {
    fn slot(&self, lane: Lane) -> Slot {
        match lane {
            Lane::Near => self.near_slot,
            Lane::Far => self.far_slot,
        }
    }
}

/// Numbers for streams on connections. Freed ones are used again only after a full round.
#[derive(Clone, Debug, Default)]
struct Slots {
    last: u16,
    used: BTreeSet<u16>,
}

impl Slots {
    fn take(&mut self) -> Option<Slot> {
        if self.used.len() > usize::from(u16::MAX) {
            return None;
        }
        loop {
            self.last = self.last.wrapping_add(1);
            if self.used.insert(self.last) {
                return Some(Slot(self.last));
            }
        }
    }

    fn free(&mut self, slot: Slot) {
        self.used.remove(&slot.0);
    }
}

/// The streams as clients are told of them.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    fed: BTreeMap<StreamKey, Fed>,
    by_chunk: BTreeMap<Chunk, BTreeSet<StreamKey>>,
    /// Slots of streams that ended and whose viewers were not told, by chunk and lane.
    ended: BTreeMap<(Chunk, Lane), Vec<Slot>>,
    slots: Slots,
    far_every: u64,
}

impl Feed {
    pub(crate) fn new(far_every: u8) -> Self {
        Self { far_every: u64::from(far_every.max(1)), ..Self::default() }
    }

    /// A stream begins. Without a free slot, which takes 32,000 streams, it is not shown.
    pub(crate) fn open(&mut self, key: StreamKey, stream: StreamId) {
        let (Some(near_slot), Some(far_slot)) = (self.slots.take(), self.slots.take()) else { return };
        let far = FarNews { whole: true, ..FarNews::default() };
        let fed =
            Fed { stream, near_slot, far_slot, near: NearNews::Whole, near_last: Tick(0), far, far_last: Tick(0) };
        self.fed.insert(key, fed);
        self.by_chunk.entry(stream.chunk).or_default().insert(key);
    }

    /// A frame was applied to the ghosts.
    pub(crate) fn frame(&mut self, key: StreamKey, frame: SeenFrame, records: &[Record]) {
        let Some(fed) = self.fed.get_mut(&key) else { return };
        fed.far.note(records);
        if let NearNews::Frames(frames) = &mut fed.near {
            frames.push(frame);
        }
    }

    /// The stream's ghosts were replaced.
    pub(crate) fn whole(&mut self, key: StreamKey) {
        if let Some(fed) = self.fed.get_mut(&key) {
            fed.near = NearNews::Whole;
            fed.far = FarNews { whole: true, ..FarNews::default() };
        }
    }

    /// A stream ends.
    pub(crate) fn close(&mut self, key: StreamKey) {
        let Some(fed) = self.fed.remove(&key) else { return };
        let chunk = fed.stream.chunk;
        self.ended.entry((chunk, Lane::Near)).or_default().push(fed.near_slot);
        self.ended.entry((chunk, Lane::Far)).or_default().push(fed.far_slot);
        if let Some(keys) = self.by_chunk.get_mut(&chunk) {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_chunk.remove(&chunk);
            }
        }
    }

    /// The chunk of a stream; the origin's for one that is not shown.
    pub(crate) fn chunk(&self, key: StreamKey) -> Chunk {
        self.fed.get(&key).map(|fed| fed.stream.chunk).unwrap_or_default()
    }

    /// The publisher of a stream.
    pub(crate) fn publisher(&self, key: StreamKey) -> Incarnation {
        self.fed.get(&key).map(|fed| fed.stream.publisher).unwrap_or_default()
    }

    /// How many each chunk's streams tell of.
    pub(crate) fn movers(&self, ghosts: &Ghosts) -> BTreeMap<Chunk, u32> {
        let count = |keys: &BTreeSet<StreamKey>| keys.iter().map(|key| ghosts.size(*key)).sum::<usize>();
        let movers = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.by_chunk.iter().map(|(chunk, keys)| (*chunk, movers(count(keys)))).collect()
    }

    /// Whether the far lane speaks at this tick.
    pub(crate) fn far_speaks(&self, tick: Tick) -> bool {
        tick.0.is_multiple_of(self.far_every)
    }

    /// The slots that a client with this chunk in this lane may have open, those of ended streams included.
    pub(crate) fn slots(&self, chunk: Chunk, lane: Lane) -> impl Iterator<Item = Slot> {
        let open = self.by_chunk.get(&chunk).into_iter().flatten().filter_map(|key| self.fed.get(key));
        let ended = self.ended.get(&(chunk, lane)).into_iter().flatten().copied();
        open.map(move |fed| fed.slot(lane)).chain(ended)
    }

    /// What is new of a chunk in a lane since its last flush, `None` if nothing.
    pub(crate) fn news(&self, chunk: Chunk, lane: Lane, tick: Tick, ghosts: &Ghosts, pace: &Pace) -> Option<Bundle> {
        let mut out = Collector::default();
        let keys = self.by_chunk.get(&chunk).into_iter().flatten();
        for (key, fed) in keys.filter_map(|key| Some((*key, self.fed.get(key)?))) {
            match lane {
                Lane::Near => near_news(key, fed, tick, ghosts, pace, &mut out),
                Lane::Far => far_news(key, fed, tick, ghosts, pace, &mut out),
            }
        }
        for slot in self.ended.get(&(chunk, lane)).into_iter().flatten() {
            Item::Close { slot: *slot }.encode(&mut out.bytes);
        }
        out.finish()
    }

    /// All streams of a chunk for somebody to whom it is new in this lane, `None` if there are none.
    pub(crate) fn keys(&self, chunk: Chunk, lane: Lane, tick: Tick, ghosts: &Ghosts, pace: &Pace) -> Option<Bundle> {
        let mut out = Collector::default();
        let keys = self.by_chunk.get(&chunk).into_iter().flatten();
        for (key, fed) in keys.filter_map(|key| Some((*key, self.fed.get(key)?))) {
            out.key(key, fed, lane, tick, ghosts, pace);
        }
        out.finish()
    }

    /// The flush is over: what was new is told. Call it once after all clients were served.
    pub(crate) fn flushed(&mut self, tick: Tick) {
        let far_spoke = self.far_speaks(tick);
        for fed in self.fed.values_mut() {
            match &mut fed.near {
                NearNews::Whole => fed.near_last = tick,
                NearNews::Frames(frames) => fed.near_last = frames.last().map_or(fed.near_last, |f| f.tick),
            }
            fed.near = NearNews::Frames(Vec::new());
            if far_spoke {
                if fed.far.whole || !fed.far.is_empty() {
                    fed.far_last = tick;
                }
                fed.far = FarNews::default();
            }
        }
        let (told, untold) =
            std::mem::take(&mut self.ended).into_iter().partition(|((_, lane), _)| *lane == Lane::Near || far_spoke);
        self.ended = untold;
        let told: BTreeMap<(Chunk, Lane), Vec<Slot>> = told;
        told.into_values().flatten().for_each(|slot| self.slots.free(slot));
    }
}

impl FarNews {
    fn note(&mut self, records: &[Record]) {
        if self.whole {
            return;
        }
        for record in records {
            match record {
                Record::Move(m) => {
                    self.moved.insert(m.handle);
                }
                Record::Enter(e) => {
                    self.entered.insert(e.handle);
                }
                Record::Leave(l) => {
                    self.entered.remove(&l.handle);
                    self.moved.remove(&l.handle);
                    self.left.push(*l);
                }
                Record::Event(e) => self.events.push(e.clone()),
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.moved.is_empty() && self.left.is_empty() && self.events.is_empty()
    }
}

/// Collects the items of one bundle.
#[derive(Default)]
struct Collector {
    bytes: Vec<u8>,
    updates: u64,
    frames: u64,
}

impl Collector {
    fn key(&mut self, key: StreamKey, fed: &Fed, lane: Lane, tick: Tick, ghosts: &Ghosts, pace: &Pace) {
        let enters = ghosts.members(key).map(|g| g.to_enter(shown(fed, g, tick, pace))).collect();
        let body = Body { enters, ..Body::default() };
        let mut bytes = Vec::with_capacity(48 * body.enters.len());
        body.encode(fed.stream.chunk, &mut bytes);
        Item::Key { slot: fed.slot(lane), stream: fed.stream, lane, body: &bytes }.encode(&mut self.bytes);
        self.updates += body.enters.len() as u64;
        self.frames += 1;
    }

    fn frame(&mut self, slot: Slot, chunk: Chunk, late: u64, back: u64, body: &[u8]) {
        Item::Frame { slot, late, back, body }.encode(&mut self.bytes);
        self.updates += frame::count_updates(chunk, body).unwrap_or(0);
        self.frames += 1;
    }

    fn finish(self) -> Option<Bundle> {
        let Self { bytes, updates, frames } = self;
        (!bytes.is_empty()).then(|| Bundle { bytes: bytes.into(), updates, frames })
    }
}

fn near_news(key: StreamKey, fed: &Fed, tick: Tick, ghosts: &Ghosts, pace: &Pace, out: &mut Collector) {
    let NearNews::Frames(frames) = &fed.near else { return out.key(key, fed, Lane::Near, tick, ghosts, pace) };
    let mut last = fed.near_last;
    for frame in frames {
        let back = if last.0 == 0 { 0 } else { frame.tick.since(last) };
        out.frame(fed.near_slot, fed.stream.chunk, tick.since(frame.tick), back, frame.body.bytes());
        last = frame.tick;
    }
}

/// Where a ghost is shown: who went on while its crossing was lost on the way is held at the stream's rim.
fn shown(fed: &Fed, ghost: &Ghost, tick: Tick, pace: &Pace) -> Position {
    fed.stream.chunk.nearest_kept(ghost.segment.at(tick, pace))
}

fn far_news(key: StreamKey, fed: &Fed, tick: Tick, ghosts: &Ghosts, pace: &Pace, out: &mut Collector) {
    if fed.far.whole {
        return out.key(key, fed, Lane::Far, tick, ghosts, pace);
    }
    if fed.far.is_empty() {
        return;
    }
    let bound = |handle: &Handle| ghosts.bound(key, *handle);
    let mut body = Body { leaves: fed.far.left.clone(), events: fed.far.events.clone(), ..Body::default() };
    body.enters = fed.far.entered.iter().filter_map(bound).map(|g| g.to_enter(shown(fed, g, tick, pace))).collect();
    let moves = fed.far.moved.difference(&fed.far.entered).filter_map(bound);
    body.moves =
        moves.map(|g| Move { handle: g.handle, at: shown(fed, g, tick, pace), motion: g.segment.motion }).collect();
    let mut bytes = Vec::new();
    body.encode(fed.stream.chunk, &mut bytes);
    let back = if fed.far_last.0 == 0 { 0 } else { tick.since(fed.far_last) };
    out.frame(fed.far_slot, fed.stream.chunk, 0, back, &bytes);
}
