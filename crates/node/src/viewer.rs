//! The streams that the node sees: whether each is whole, what is held back behind a gap, and when to ask again.
//!
//! The viewer decides by ticks alone and never looks into a body. What it decides comes out as [`Act`]s, in order; the
//! node carries them out on its ghosts and for its clients. Own streams take the same way as all others.
//!
//! Invariant: the acts of a stream are `Open`, then any number of `Apply` and `Replace` with growing ticks, then
//! `Close`. A frame is applied only on top of the frame before it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ghosts::StreamKey;
use protocol::mesh::Summary;
use protocol::{Incarnation, StreamId};
use world::{Chunk, Millis, Plant, Planted, Tick};

use crate::limits::{FIRST_KEYFRAME_MS, GAP_FRAMES, GAP_UNBIND_MS, KEYFRAME_RETRY_MS, STREAMS_PER_PEER};

/// An encoded body inside the message that brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BodyRef {
    bytes: Arc<[u8]>,
    start: usize,
}

impl BodyRef {
    /// The end of `bytes` from `start` on.
    pub(crate) fn new(bytes: Arc<[u8]>, start: usize) -> Self {
        Self { bytes, start }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// A frame as the viewer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenFrame {
    pub(crate) tick: Tick,
    pub(crate) prev_tick: Option<Tick>,
    pub(crate) body: BodyRef,
}

/// What the node is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A stream begins, empty.
    Open { key: StreamKey, stream: StreamId },
    /// The next frame of a stream.
    Apply { key: StreamKey, frame: SeenFrame },
    /// The whole of a stream as of a tick.
    Replace { key: StreamKey, tick: Tick, body: BodyRef },
    /// Nobody is in the stream as of a tick.
    Empty { key: StreamKey, tick: Tick },
    /// A stream ends.
    Close { key: StreamKey },
}

#[derive(Clone, Debug)]
enum State {
    /// Whole up to a tick.
    Live { last: Tick },
    /// Something is missing behind a tick.
    Gap { last: Option<Tick>, since: Millis, ask_at: Millis, held: VecDeque<SeenFrame> },
}

impl State {
    /// A gap behind `last` that is to be closed at once.
    fn behind(last: Option<Tick>, now: Millis) -> Self {
        Self::Gap { last, since: now, ask_at: now, held: VecDeque::new() }
    }

    /// The tick up to which the stream was whole.
    fn last(&self) -> Option<Tick> {
        match self {
            Self::Live { last } => Some(*last),
            Self::Gap { last, .. } => *last,
        }
    }
}

#[derive(Clone, Debug)]
struct Seen {
    key: StreamKey,
    state: State,
    gaps: u64,
}

/// What the viewer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) gaps: u64,
    pub(crate) dropped: u64,
    pub(crate) unbound: u64,
}

impl Viewer {
    /// Gaps found in the streams of one publisher that are open now.
    pub(crate) fn gaps_of(&self, publisher: Incarnation) -> u64 {
        self.of(publisher).filter_map(|stream| self.streams.get(&stream)).map(|seen| seen.gaps).sum()
    }
}

/// All streams that the node sees.
#[derive(Debug, Default)]
pub(crate) struct Viewer {
    streams: BTreeMap<StreamId, Seen>,
    by_chunk: BTreeMap<Chunk, BTreeSet<StreamId>>,
    last_key: u32,
    acts: Vec<Act>,
    pub(crate) tally: Tally,
    planted: Planted,
}

impl Viewer {
    pub(crate) fn new(planted: Planted) -> Self {
        Self { planted, ..Self::default() }
    }

    /// The acts that are due, in order.
    pub(crate) fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Frames held back behind the gap of one stream, the most of all streams.
    pub(crate) fn held_frames(&self) -> usize {
        self.streams
            .values()
            .map(|s| if let State::Gap { held, .. } = &s.state { held.len() } else { 0 })
            .max()
            .unwrap_or(0)
    }

    /// Whether nothing is missing in any stream of a chunk.
    pub(crate) fn is_whole(&self, chunk: Chunk) -> bool {
        let streams = self.by_chunk.get(&chunk).into_iter().flatten().filter_map(|stream| self.streams.get(stream));
        streams.into_iter().all(|seen| matches!(seen.state, State::Live { .. }))
    }

    /// A frame of a stream in the interest.
    pub(crate) fn frame(&mut self, now: Millis, stream: StreamId, frame: SeenFrame) {
        let Some(seen) = self.streams.get_mut(&stream) else { return self.first_frame(now, stream, frame) };
        match &mut seen.state {
            State::Live { last } if frame.tick <= *last => self.tally.dropped += 1,
            State::Live { last } => {
                let whole = frame.prev_tick.is_none_or(|prev| prev <= *last);
                if whole || self.planted.is(Plant::DeafToGaps) {
                    *last = frame.tick;
                    self.acts.push(Act::Apply { key: seen.key, frame });
                } else {
                    self.tally.gaps += 1;
                    seen.gaps += 1;
                    seen.state = State::Gap { last: Some(*last), since: now, ask_at: now, held: [frame].into() };
                }
            }
            State::Gap { ask_at, held, .. } => {
                if held.len() >= GAP_FRAMES && !self.planted.is(Plant::Hoard) {
                    self.tally.dropped += held.len() as u64;
                    held.clear();
                    *ask_at = (*ask_at).min(now + KEYFRAME_RETRY_MS);
                }
                held.push_back(frame);
            }
        }
    }

    fn first_frame(&mut self, now: Millis, stream: StreamId, frame: SeenFrame) {
        match frame.prev_tick {
            None => {
                let Some(key) = self.open(stream, State::Live { last: frame.tick }) else { return };
                self.acts.push(Act::Apply { key, frame });
            }
            // Its keyframe should be under way: the publisher has our interest, else it would not send. It may also
            // have been lost while the stream was empty, and then nobody but this frame tells of it.
            Some(_) => {
                let ask_at = now + FIRST_KEYFRAME_MS;
                self.open(stream, State::Gap { last: None, since: now, ask_at, held: [frame].into() });
            }
        }
    }

    /// A keyframe of a stream in the interest.
    pub(crate) fn keyframe(&mut self, now: Millis, stream: StreamId, tick: Tick, body: BodyRef) {
        let held = match self.streams.get_mut(&stream).map(|seen| &mut seen.state) {
            Some(State::Live { last }) if tick < *last => {
                self.tally.dropped += 1;
                return;
            }
            Some(State::Live { .. }) => VecDeque::new(),
            // Older than what was whole once: it would bring back what has changed since.
            Some(State::Gap { last: Some(last), .. }) if tick < *last => {
                self.tally.dropped += 1;
                return;
            }
            Some(State::Gap { held, .. }) => std::mem::take(held),
            None => match self.open(stream, State::Live { last: tick }) {
                Some(_) => VecDeque::new(),
                None => return,
            },
        };
        let Some(seen) = self.streams.get_mut(&stream) else { return };
        seen.state = State::Live { last: tick };
        self.acts.push(Act::Replace { key: seen.key, tick, body });
        self.release(now, stream, held);
    }

    /// Applies what was held back, as far as it is whole now.
    fn release(&mut self, now: Millis, stream: StreamId, held: VecDeque<SeenFrame>) {
        held.into_iter().for_each(|frame| self.frame(now, stream, frame));
    }

    /// A publisher's summary. `current` tells whether it holds the interest that we announced last.
    pub(crate) fn summary(&mut self, now: Millis, summary: &Summary, current: bool, sees: impl Fn(Chunk) -> bool) {
        if self.planted.is(Plant::MuteSummaries) {
            return;
        }
        let publisher = summary.from;
        let mut named = BTreeSet::new();
        for s in summary.streams.iter().filter(|s| sees(s.chunk)) {
            let stream = StreamId { publisher, island: s.island, chunk: s.chunk, sub: s.sub };
            named.insert(stream);
            self.expect(now, stream, s.tick);
        }
        if current {
            let unnamed: Vec<StreamId> = self.of(publisher).filter(|s| !named.contains(s)).collect();
            unnamed.into_iter().for_each(|stream| self.empty(now, stream, summary.tick));
        }
    }

    /// The stream last changed at `tick`: what we hold must be as new.
    fn expect(&mut self, now: Millis, stream: StreamId, tick: Tick) {
        match self.streams.get_mut(&stream).map(|seen| &mut seen.state) {
            Some(State::Live { last }) if tick <= *last => {}
            Some(State::Gap { .. }) => {}
            Some(state) => {
                self.tally.gaps += 1;
                *state = State::behind(state.last(), now);
            }
            None => {
                self.open(stream, State::behind(None, now));
            }
        }
    }

    /// The stream has been empty since `tick` or before, unless we know of something newer.
    fn empty(&mut self, now: Millis, stream: StreamId, tick: Tick) {
        let Some(seen) = self.streams.get_mut(&stream) else { return };
        let held = match &mut seen.state {
            State::Live { last } if *last > tick => return,
            State::Live { .. } => VecDeque::new(),
            State::Gap { last: Some(last), .. } if *last > tick => return,
            State::Gap { held, .. } => std::mem::take(held),
        };
        seen.state = State::Live { last: tick };
        self.acts.push(Act::Empty { key: seen.key, tick });
        self.release(now, stream, held);
    }

    /// A handle was unknown in a stream that seemed whole: ask for it once more.
    pub(crate) fn doubt(&mut self, now: Millis, key: StreamKey) {
        let seen = self.streams.values_mut().find(|s| s.key == key);
        if let Some(state @ State::Live { .. }) = seen.map(|s| &mut s.state) {
            self.tally.gaps += 1;
            *state = State::behind(state.last(), now);
        }
    }

    /// The keyframes to ask for now; unbinds the gaps that did not close.
    pub(crate) fn poll(&mut self, now: Millis) -> Vec<StreamId> {
        let mut asks = Vec::new();
        let mut lost = Vec::new();
        for (stream, seen) in &mut self.streams {
            if let State::Gap { since, ask_at, .. } = &mut seen.state {
                if now.since(*since) >= GAP_UNBIND_MS {
                    lost.push(*stream);
                } else if *ask_at <= now {
                    *ask_at = now + KEYFRAME_RETRY_MS;
                    asks.push(*stream);
                }
            }
        }
        self.tally.unbound += lost.len() as u64;
        lost.into_iter().for_each(|stream| self.close(stream));
        asks
    }

    /// A chunk went out of the interest.
    pub(crate) fn drop_chunk(&mut self, chunk: Chunk) {
        let streams: Vec<StreamId> = self.by_chunk.get(&chunk).into_iter().flatten().copied().collect();
        streams.into_iter().for_each(|stream| self.close(stream));
    }

    /// A publisher is gone.
    pub(crate) fn drop_publisher(&mut self, publisher: Incarnation) {
        let streams: Vec<StreamId> = self.of(publisher).collect();
        self.tally.unbound += streams.len() as u64;
        streams.into_iter().for_each(|stream| self.close(stream));
    }

    fn of(&self, publisher: Incarnation) -> impl Iterator<Item = StreamId> {
        let first = StreamId { publisher, island: world::IslandId(0), chunk: Chunk::new(i16::MIN, i16::MIN), sub: 0 };
        self.streams.range(first..).map(|(id, _)| *id).take_while(move |id| id.publisher == publisher)
    }

    fn open(&mut self, stream: StreamId, state: State) -> Option<StreamKey> {
        if self.of(stream.publisher).count() >= STREAMS_PER_PEER {
            self.tally.dropped += 1;
            return None;
        }
        self.last_key = self.last_key.wrapping_add(1);
        let key = StreamKey(self.last_key);
        self.streams.insert(stream, Seen { key, state, gaps: 0 });
        self.by_chunk.entry(stream.chunk).or_default().insert(stream);
        self.acts.push(Act::Open { key, stream });
        Some(key)
    }

    fn close(&mut self, stream: StreamId) {
        let Some(seen) = self.streams.remove(&stream) else { return };
        if let Some(others) = self.by_chunk.get_mut(&stream.chunk) {
            others.remove(&stream);
            if others.is_empty() {
                self.by_chunk.remove(&stream.chunk);
            }
        }
        self.acts.push(Act::Close { key: seen.key });
    }
}
