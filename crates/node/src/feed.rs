//! What clients are told of the streams: near chunks every tick, far chunks every few ticks, newcomers from the ghosts.
//! What they are told of crowded chunks is said in [`crate::crowd::tell`].
//!
//! All clients share what the feed encodes: one bundle for each chunk and lane in a flush, and one set of keys for
//! those to whom the chunk is new. A client's own machine keeps the same table of ghosts by the same rules.
//!
//! Invariant: a client that took every write of its view holds, for each slot, what the node's ghosts hold for the
//! stream at the last flush of the lane.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ghosts::{Ghost, Ghosts, StreamKey};
use protocol::frame::{self, Body, Record};
use protocol::tick::{Item, Lane, Slot};
use protocol::{Incarnation, StreamId};
use world::{Chunk, EntityId, Planted, Position, Tick, TickRate};

use crate::crowd::log::Log;
use crate::crowd::pace::Period;
use crate::crowd::tell::Sight;
use crate::owed::Owed;
use crate::viewer::SeenFrame;

/// Encoded items and how many changed entities they tell of.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) updates: u64,
    pub(crate) frames: u64,
    /// How many of the bytes are keys.
    pub(crate) key_bytes: usize,
}

/// What the near lane owes since the last flush.
#[derive(Clone, Debug)]
enum NearNews {
    Frames(Vec<SeenFrame>),
    Whole,
}

/// What the far lane owes since its last frame.
#[derive(Clone, Debug)]
enum FarNews {
    Owed(Owed),
    Whole,
}

/// A stream as clients are told of it.
#[derive(Clone, Debug)]
pub(crate) struct Fed {
    pub(crate) stream: StreamId,
    near_slot: Slot,
    far_slot: Slot,
    crowd_slot: Slot,
    near: NearNews,
    /// The label of what was told last in the near lane, keys included.
    near_last: Tick,
    /// The label of the last frame since it was keyed: the next one's must be later.
    near_frame: Option<Tick>,
    far: FarNews,
    far_last: Tick,
    /// What the crowd lane tells of; none while the chunk is not crowded.
    pub(crate) log: Option<Log>,
}

impl Fed {
    /// The labels of frames in the near lane at a tick, `None` if the stream must be keyed instead. A publisher whose
    /// clock is ahead of ours sends frames of ticks to come; they are told as of this one, of which there can be one.
    fn near_labels(&self, frames: &[SeenFrame], tick: Tick) -> Option<Vec<Tick>> {
        let mut last = self.near_frame;
        let mut label = |frame: &SeenFrame| {
            let label = frame.tick.min(tick);
            last.replace(label).is_none_or(|before| label > before).then_some(label)
        };
        frames.iter().map(&mut label).collect()
    }

    pub(crate) fn slot(&self, lane: Lane) -> Slot {
        match lane {
            Lane::Near => self.near_slot,
            Lane::Far => self.far_slot,
            Lane::Crowd => self.crowd_slot,
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
    pub(crate) fed: BTreeMap<StreamKey, Fed>,
    pub(crate) by_chunk: BTreeMap<Chunk, BTreeSet<StreamKey>>,
    /// Slots of streams that ended and whose viewers were not told, by chunk and lane.
    ended: BTreeMap<(Chunk, Lane), Vec<Slot>>,
    slots: Slots,
    far_every: u64,
    /// The far lane tells of a chunk that thins out with distance only in each so many of its turns.
    far_rests: u64,
    pub(crate) crowded: BTreeSet<Chunk>,
    /// Grows whenever the crowded chunks change.
    crowds_version: u64,
    /// Crowded chunks of which the far lane tells more seldom.
    pub(crate) thinned: BTreeSet<Chunk>,
    pub(crate) turn: u64,
    pub(crate) slowest: Period,
    /// Who did something that others notice, and until when it counts.
    pub(crate) acting: BTreeMap<EntityId, Tick>,
    /// Who acts upon whom by name: by target, then by actor.
    pub(crate) acting_upon: BTreeMap<EntityId, BTreeMap<EntityId, Tick>>,
    pub(crate) planted: Planted,
}

impl Feed {
    pub(crate) fn new(far_every: u8, rate: TickRate, planted: Planted) -> Self {
        let far_every = u64::from(far_every.max(1));
        let far_rests = (u64::from(rate.hz()) / far_every).max(1);
        Self { far_every, far_rests, slowest: crate::crowd::pace::slowest(rate), planted, ..Self::default() }
    }

    /// A stream begins. Without a free slot, which takes 21,000 streams, it is not shown.
    pub(crate) fn open(&mut self, key: StreamKey, stream: StreamId) {
        let slots = [self.slots.take(), self.slots.take(), self.slots.take()];
        let [Some(near_slot), Some(far_slot), Some(crowd_slot)] = slots else {
            return slots.into_iter().flatten().for_each(|slot| self.slots.free(slot));
        };
        let (near, far) = (NearNews::Whole, FarNews::Whole);
        let (near_last, near_frame, far_last) = (Tick(0), None, Tick(0));
        let log = self.crowded.contains(&stream.chunk).then(|| Log::new(Tick(0)));
        let fed = Fed { stream, near_slot, far_slot, crowd_slot, near, near_last, near_frame, far, far_last, log };
        self.fed.insert(key, fed);
        self.by_chunk.entry(stream.chunk).or_default().insert(key);
    }

    /// A frame was applied to the ghosts.
    pub(crate) fn frame(&mut self, key: StreamKey, frame: SeenFrame, records: &[Record]) {
        let Some(fed) = self.fed.get_mut(&key) else { return };
        if let FarNews::Owed(owed) = &mut fed.far {
            owed.note(records);
        }
        if let Some(log) = &mut fed.log {
            log.note(records);
        }
        if let NearNews::Frames(frames) = &mut fed.near {
            frames.push(frame);
        }
    }

    /// The stream's ghosts were replaced.
    pub(crate) fn whole(&mut self, key: StreamKey) {
        if let Some(fed) = self.fed.get_mut(&key) {
            fed.near = NearNews::Whole;
            fed.far = FarNews::Whole;
            if let Some(log) = &mut fed.log {
                log.replaced();
            }
        }
    }

    /// A stream ends.
    pub(crate) fn close(&mut self, key: StreamKey) {
        let Some(fed) = self.fed.remove(&key) else { return };
        let chunk = fed.stream.chunk;
        self.ended.entry((chunk, Lane::Near)).or_default().push(fed.near_slot);
        self.ended.entry((chunk, Lane::Far)).or_default().push(fed.far_slot);
        self.ended.entry((chunk, Lane::Crowd)).or_default().push(fed.crowd_slot);
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

    /// These chunks are crowded now. Returns those that were.
    pub(crate) fn replace_crowded(&mut self, crowded: BTreeSet<Chunk>) -> BTreeSet<Chunk> {
        self.crowds_version += u64::from(self.crowded != crowded);
        std::mem::replace(&mut self.crowded, crowded)
    }

    /// Grows whenever the crowded chunks change.
    pub(crate) fn crowds_version(&self) -> u64 {
        self.crowds_version
    }

    /// Whether the far lane speaks of a chunk at this tick. Of a crowd it does about once a second, and not of all
    /// crowds at once.
    pub(crate) fn far_speaks(&self, chunk: Chunk, tick: Tick) -> bool {
        let phase = chunk.cx.wrapping_add(chunk.cy).rem_euclid(i16::MAX).unsigned_abs();
        let rests = self.thinned.contains(&chunk)
            && !(tick.0 / self.far_every + u64::from(phase)).is_multiple_of(self.far_rests);
        tick.0.is_multiple_of(self.far_every) && !rests
    }

    /// Whether a chunk is told of in a lane at this tick, as it is to all who hold it.
    pub(crate) fn speaks(&self, (chunk, lane): (Chunk, Lane), tick: Tick) -> bool {
        match lane {
            Lane::Near => true,
            Lane::Far => self.far_speaks(chunk, tick),
            // See `crowd_news`.
            Lane::Crowd => false,
        }
    }

    /// The slots that a client with this chunk in this lane may have open, those of ended streams included.
    pub(crate) fn slots(&self, chunk: Chunk, lane: Lane) -> impl Iterator<Item = Slot> {
        let open = self.by_chunk.get(&chunk).into_iter().flatten().filter_map(|key| self.fed.get(key));
        let ended = self.ended.get(&(chunk, lane)).into_iter().flatten().copied();
        open.map(move |fed| fed.slot(lane)).chain(ended)
    }

    /// What is new of a chunk in a lane since its last flush, `None` if nothing.
    pub(crate) fn news(&self, chunk: Chunk, lane: Lane, sight: &Sight<'_>) -> Option<Bundle> {
        let mut out = Collector::default();
        let keys = self.by_chunk.get(&chunk).into_iter().flatten();
        for (key, fed) in keys.filter_map(|key| Some((*key, self.fed.get(key)?))) {
            match lane {
                Lane::Near => near_news(key, fed, sight, &mut out),
                Lane::Far => far_news(key, fed, sight, &mut out),
                // See `crowd_news`.
                Lane::Crowd => {}
            }
        }
        self.ended_slots(chunk, lane, &mut out);
        out.finish()
    }

    /// Closes the slots of streams that ended.
    pub(crate) fn ended_slots(&self, chunk: Chunk, lane: Lane, out: &mut Collector) {
        for slot in self.ended.get(&(chunk, lane)).into_iter().flatten() {
            Item::Close { slot: *slot }.encode(&mut out.bytes);
        }
    }

    /// All streams of a chunk for somebody to whom it is new in this lane, `None` if there are none.
    pub(crate) fn keys(&self, chunk: Chunk, lane: Lane, sight: &Sight<'_>) -> Option<Bundle> {
        let mut out = Collector::default();
        let keys = self.by_chunk.get(&chunk).into_iter().flatten();
        for (key, fed) in keys.filter_map(|key| Some((*key, self.fed.get(key)?))) {
            out.key(key, fed, lane, sight);
        }
        out.finish()
    }

    /// The flush is over: what was new is told. Call it once after all clients were served.
    pub(crate) fn flushed(&mut self, tick: Tick) {
        let ended = std::mem::take(&mut self.ended);
        let (told, untold): (BTreeMap<_, _>, BTreeMap<_, _>) =
            ended.into_iter().partition(|((chunk, lane), _)| *lane != Lane::Far || self.far_speaks(*chunk, tick));
        self.ended = untold;
        told.into_values().flatten().for_each(|slot| self.slots.free(slot));
        let far: BTreeSet<Chunk> = self.by_chunk.keys().filter(|c| self.far_speaks(**c, tick)).copied().collect();
        for fed in self.fed.values_mut() {
            let labels = match &fed.near {
                NearNews::Whole => None,
                NearNews::Frames(frames) => fed.near_labels(frames, tick),
            };
            match labels {
                None => (fed.near_last, fed.near_frame) = (tick, None),
                Some(labels) => {
                    if let Some(last) = labels.last() {
                        (fed.near_last, fed.near_frame) = (*last, Some(*last));
                    }
                }
            }
            fed.near = NearNews::Frames(Vec::new());
            if far.contains(&fed.stream.chunk) {
                if !matches!(&fed.far, FarNews::Owed(owed) if owed.is_empty()) {
                    fed.far_last = tick;
                }
                fed.far = FarNews::Owed(Owed::default());
            }
        }
        self.end_turn(tick);
    }
}

/// Bytes before the body of a frame item, if it is not late for long: tag, slot and three varints.
const FRAME_HEAD_BYTES: usize = 12;

/// Collects the items of one bundle.
#[derive(Default)]
pub(crate) struct Collector {
    bytes: Vec<u8>,
    updates: u64,
    frames: u64,
    key_bytes: usize,
}

impl Collector {
    /// With room for so many bytes.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    pub(crate) fn key(&mut self, key: StreamKey, fed: &Fed, lane: Lane, sight: &Sight<'_>) {
        let enters = sight.ghosts.members(key).map(|g| g.to_enter(shown(fed.stream, g, sight))).collect();
        let body = Body { enters, ..Body::default() };
        let before = self.bytes.len();
        let mut bytes = Vec::with_capacity(48 * body.enters.len());
        body.encode(fed.stream.chunk, &mut bytes);
        Item::Key { slot: fed.slot(lane), stream: fed.stream, lane, body: &bytes }.encode(&mut self.bytes);
        self.updates += body.enters.len() as u64;
        self.frames += 1;
        self.key_bytes += self.bytes.len() - before;
    }

    pub(crate) fn frame(&mut self, slot: Slot, chunk: Chunk, (late, back): (u64, u64), body: &[u8]) {
        Item::Frame { slot, late, back, body }.encode(&mut self.bytes);
        self.updates += frame::count_updates(chunk, body).unwrap_or(0);
        self.frames += 1;
    }

    pub(crate) fn append(&mut self, piece: Option<&Bundle>) {
        let Some(piece) = piece else { return };
        self.bytes.extend_from_slice(&piece.bytes);
        self.updates += piece.updates;
        self.frames += piece.frames;
        self.key_bytes += piece.key_bytes;
    }

    pub(crate) fn finish(self) -> Option<Bundle> {
        let Self { bytes, updates, frames, key_bytes } = self;
        (!bytes.is_empty()).then(|| Bundle { bytes: bytes.into(), updates, frames, key_bytes })
    }
}

fn near_news(key: StreamKey, fed: &Fed, sight: &Sight<'_>, out: &mut Collector) {
    let NearNews::Frames(frames) = &fed.near else { return out.key(key, fed, Lane::Near, sight) };
    let Some(labels) = fed.near_labels(frames, sight.tick) else { return out.key(key, fed, Lane::Near, sight) };
    let mut last = fed.near_last;
    out.bytes.reserve(frames.iter().map(|frame| frame.body.bytes().len() + FRAME_HEAD_BYTES).sum());
    for (frame, label) in frames.iter().zip(labels) {
        let back = if last.0 == 0 { 0 } else { label.since(last) };
        out.frame(fed.near_slot, fed.stream.chunk, (sight.tick.since(label), back), frame.body.bytes());
        last = label;
    }
}

/// Where a ghost is shown: who went on while its crossing was lost on the way is held at the stream's rim.
pub(crate) fn shown(stream: StreamId, ghost: &Ghost, sight: &Sight<'_>) -> Position {
    stream.chunk.nearest_kept(ghost.segment.at(sight.tick, sight.pace))
}

fn far_news(key: StreamKey, fed: &Fed, sight: &Sight<'_>, out: &mut Collector) {
    let FarNews::Owed(owed) = &fed.far else { return out.key(key, fed, Lane::Far, sight) };
    if owed.is_empty() {
        return;
    }
    let mut bytes = Vec::new();
    owed.body(key, sight.ghosts, |g| shown(fed.stream, g, sight)).encode(fed.stream.chunk, &mut bytes);
    let back = if fed.far_last.0 == 0 { 0 } else { sight.tick.since(fed.far_last) };
    out.frame(fed.far_slot, fed.stream.chunk, (0, back), &bytes);
}
