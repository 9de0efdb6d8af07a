//! The node's own streams: one for each chunk in which it ever had an avatar, and one for each sub-cell of those that
//! were ever full.
//!
//! The publisher knows when each stream last changed, heard by anyone or not, and makes frames, keyframes and
//! summaries of them. It decides nothing about who listens; [`crate::peers`] knows that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::frame::Body;
use protocol::mesh::{Frame, Keyframe, MeshMessage, StreamTick, Summary};
use protocol::{Incarnation, StreamId};
use world::{Chunk, EntityId, IslandId, Pace, Plant, Planted, SubCell, Tick};

use crate::authority::Authority;

/// What one stream tells of: a chunk, or one of its sub-cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Channel {
    pub(crate) chunk: Chunk,
    pub(crate) sub: SubCell,
}

/// One own stream.
#[derive(Clone, Debug, Default)]
struct OwnStream {
    changed: Option<Tick>,
    members: BTreeSet<EntityId>,
}

/// A frame as it goes out, and its body for the node's own clients.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) stream: StreamId,
    pub(crate) prev_tick: Option<Tick>,
    /// Encoded once; the message contains a copy for the wire.
    pub(crate) body: Arc<[u8]>,
}

impl Published {
    /// The message for peers.
    pub(crate) fn message(&self, tick: Tick) -> Arc<[u8]> {
        let frame = Frame { stream: self.stream, tick, prev_tick: self.prev_tick, body: &self.body };
        encode(&MeshMessage::Frame(frame))
    }
}

/// All own streams.
#[derive(Debug)]
pub(crate) struct Publisher {
    me: Incarnation,
    island: IslandId,
    streams: BTreeMap<Channel, OwnStream>,
    planted: Planted,
}

impl Publisher {
    pub(crate) fn new(me: Incarnation, island: IslandId, planted: Planted) -> Self {
        Self { me, island, streams: BTreeMap::new(), planted }
    }

    /// Notes that a stream changed at `tick`; makes the frame if anybody sees the chunk.
    pub(crate) fn publish(&mut self, tick: Tick, channel: Channel, body: &Body, seen: bool) -> Option<Published> {
        let id = self.id(channel);
        let stream = self.streams.entry(channel).or_default();
        let prev_tick = stream.changed.replace(tick);
        seen.then(|| {
            let mut bytes = Vec::with_capacity(16 + 6 * body.moves.len() + 48 * body.enters.len());
            body.encode(channel.chunk, &mut bytes);
            Published { stream: id, prev_tick, body: bytes.into() }
        })
    }

    /// Keeps the members of the streams as the avatars were last told.
    pub(crate) fn settle_members(&mut self, body: &Body, channel: Channel, authority: &Authority) {
        let members = &mut self.streams.entry(channel).or_default().members;
        if !body.leaves.is_empty() {
            members.retain(|e| authority.get(*e).and_then(|a| a.told).is_some_and(|told| told.channel == channel));
        }
        members.extend(body.enters.iter().map(|e| e.entity));
    }

    /// The whole of a stream as it was told up to `tick`, `None` if there never was one.
    pub(crate) fn keyframe(
        &self,
        channel: Channel,
        tick: Tick,
        authority: &Authority,
        pace: &Pace,
    ) -> Option<Arc<[u8]>> {
        let stream = self.streams.get(&channel)?;
        let label = if self.planted.is(Plant::KeyframeEarly) { tick + 1 } else { tick };
        let enters = stream.members.iter().filter_map(|e| authority.get(*e)?.to_enter(tick, pace)).collect();
        let mut bytes = Vec::new();
        Body { enters, ..Body::default() }.encode(channel.chunk, &mut bytes);
        Some(encode(&MeshMessage::Keyframe(Keyframe { stream: self.id(channel), tick: label, body: &bytes })))
    }

    /// All streams that there ever were in a chunk.
    pub(crate) fn of(&self, chunk: Chunk) -> impl Iterator<Item = Channel> {
        let first = Channel { chunk, sub: SubCell::WHOLE };
        self.streams.range(first..).map(|(channel, _)| *channel).take_while(move |channel| channel.chunk == chunk)
    }

    /// Whether there ever was this stream.
    pub(crate) fn has(&self, channel: Channel) -> bool {
        self.streams.contains_key(&channel)
    }

    /// What one peer is told of the streams in its interest.
    pub(crate) fn summary(&self, tick: Tick, version: u64, interest: &BTreeSet<Chunk>) -> Arc<[u8]> {
        let streams = self
            .streams
            .iter()
            .filter(|(channel, stream)| !stream.members.is_empty() && interest.contains(&channel.chunk))
            .filter_map(|(channel, stream)| {
                Some(StreamTick {
                    island: self.island,
                    chunk: channel.chunk,
                    sub: channel.sub.0,
                    tick: stream.changed?,
                })
            })
            .collect();
        encode(&MeshMessage::Summary(Summary { from: self.me, tick, interest: version, streams }))
    }

    /// Non-empty streams.
    pub(crate) fn populated(&self) -> usize {
        self.streams.values().filter(|s| !s.members.is_empty()).count()
    }

    pub(crate) fn id(&self, channel: Channel) -> StreamId {
        StreamId { publisher: self.me, island: self.island, chunk: channel.chunk, sub: channel.sub.0 }
    }
}

/// A mesh message in bytes.
pub(crate) fn encode(message: &MeshMessage<'_>) -> Arc<[u8]> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes.into()
}
