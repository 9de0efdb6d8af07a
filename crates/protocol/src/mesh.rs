//! What nodes tell each other: frames and summaries on the ordered lane, interest and keyframes on the direct lane.
//!
//! On the ordered lane a message is a topic of [`TOPIC_BYTES`] bytes and an envelope. Topics have one length, so that
//! none is a prefix of another by accident; the sub-cell stands last, so that a subscription to all but the last byte
//! is one to the whole chunk.
//!
//! Invariant: every message names the incarnation it comes from. A receiver believes it only on that incarnation's
//! own link.

use std::fmt;

use wincode::{SchemaRead, SchemaWrite};
use world::{Chunk, IslandId, Tick};

use crate::codec::{self, MESH_CAP};
use crate::envelope::{self, Context, Envelope, Kind};
use crate::handover::Word;
use crate::limits;
use crate::load::{Load, LoadWire};
use crate::things::Tidings;
use crate::wire::{Put, Reader, WireError};

/// One life of a node: host number (16 bits), index of the node on its host (8 bits), and a life that grows with each
/// start of the host (40 bits). A restarted node has a greater incarnation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// Puts the parts together. Lives beyond 40 bits wrap; at one start a second that is after 34,000 years.
    #[must_use]
    pub fn new(host: u16, node: u8, life: u64) -> Self {
        Self(u64::from(host) << 48 | u64::from(node) << 40 | life & ((1 << 40) - 1))
    }

    /// The number of the host, which the directory gave it for ever.
    #[must_use]
    pub fn host(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// The index of the node on its host.
    #[must_use]
    pub fn node(self) -> u8 {
        (self.0 >> 40) as u8
    }

    /// The life.
    #[must_use]
    pub fn life(self) -> u64 {
        self.0 & ((1 << 40) - 1)
    }

    /// Whether both are lives of the same node.
    #[must_use]
    pub fn same_node(self, other: Self) -> bool {
        self.0 >> 40 == other.0 >> 40
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}#{}", self.host(), self.node(), self.life())
    }
}

/// What one publisher sends on the channel of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Who publishes it.
    pub publisher: Incarnation,
    /// The island.
    pub island: IslandId,
    /// The chunk.
    pub chunk: Chunk,
    /// The sub-cell, 0 while the chunk is not split.
    pub sub: u8,
}

/// The kinds of the mesh are those from this number on.
const FIRST_KIND: u16 = 128;

/// Bytes of a topic on the ordered lane.
pub const TOPIC_BYTES: usize = 10;
/// Bytes of a topic that take in all sub-cells of a chunk.
pub const CHUNK_TOPIC_BYTES: usize = TOPIC_BYTES - 1;

/// An address on the ordered lane. A subscription is a topic or the front of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub [u8; TOPIC_BYTES]);

impl Topic {
    /// The channel of a chunk and sub-cell.
    #[must_use]
    pub fn chunk(island: IslandId, chunk: Chunk, sub: u8) -> Self {
        let mut t = [0; TOPIC_BYTES];
        t[0] = b'C';
        t[1..5].copy_from_slice(&island.0.to_be_bytes());
        t[5..7].copy_from_slice(&chunk.cx.to_be_bytes());
        t[7..9].copy_from_slice(&chunk.cy.to_be_bytes());
        t[9] = sub;
        Self(t)
    }

    /// What is told to one node only, on either lane: in order with the frames, or as the address of a direct message.
    #[must_use]
    pub fn node(to: Incarnation) -> Self {
        let mut t = [0; TOPIC_BYTES];
        t[0] = b'N';
        t[1..9].copy_from_slice(&to.0.to_be_bytes());
        Self(t)
    }

    /// The node of [`Self::node`], `None` for any other topic.
    #[must_use]
    pub fn addressee(&self) -> Option<Incarnation> {
        let [b'N', id @ .., 0] = self.0 else { return None };
        Some(Incarnation(u64::from_be_bytes(id)))
    }

    /// The front of [`Self::chunk`] that takes in all sub-cells.
    #[must_use]
    pub fn chunk_filter(island: IslandId, chunk: Chunk) -> [u8; CHUNK_TOPIC_BYTES] {
        let mut t = [0; CHUNK_TOPIC_BYTES];
        t.copy_from_slice(&Self::chunk(island, chunk, 0).0[..CHUNK_TOPIC_BYTES]);
        t
    }
}

/// A frame: what changed in a stream in one tick. Packed by hand:
/// publisher u64, island u32, cx i16, cy i16, sub u8, tick u64, previous tick u64 (0: none), body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The stream.
    pub stream: StreamId,
    /// The tick after which the stream is so.
    pub tick: Tick,
    /// The tick of the stream's previous change, heard by anyone or not.
    pub prev_tick: Option<Tick>,
    /// The records.
    pub body: &'a [u8],
}

/// The whole of a stream after a finished tick. Packed like a frame, without the previous tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyframe<'a> {
    /// The stream.
    pub stream: StreamId,
    /// The tick after which the stream is so.
    pub tick: Tick,
    /// The records, enters only.
    pub body: &'a [u8],
}

/// A stream in a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamTick {
    /// The island.
    pub island: IslandId,
    /// The chunk.
    pub chunk: Chunk,
    /// The sub-cell.
    pub sub: u8,
    /// The tick of its last change.
    pub tick: Tick,
}

/// What a publisher knows, told to one peer once a second, in order with its frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The publisher.
    pub from: Incarnation,
    /// Its last finished tick.
    pub tick: Tick,
    /// The version of the receiver's interest that the publisher holds, 0 for none.
    pub interest: u64,
    /// Every non-empty stream of the publisher in that interest.
    pub streams: Vec<StreamTick>,
}

/// The chunks that a node sees, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// The node.
    pub from: Incarnation,
    /// Grows with each change.
    pub version: u64,
    /// All chunks that it sees.
    pub chunks: Vec<(IslandId, Chunk)>,
}

/// A stream is wanted in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyframeRequest {
    /// Who asks.
    pub from: Incarnation,
    /// Which stream; its publisher is the one asked.
    pub stream: StreamId,
}

/// A message between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeshMessage<'a> {
    /// See [`Frame`].
    Frame(Frame<'a>),
    /// See [`Summary`].
    Summary(Summary),
    /// See [`Interest`].
    Interest(Interest),
    /// See [`KeyframeRequest`].
    KeyframeRequest(KeyframeRequest),
    /// See [`Keyframe`].
    Keyframe(Keyframe<'a>),
    /// See [`Load`].
    Load(Load),
    /// See [`Word`].
    Word(Word),
    /// See [`Tidings`].
    Tidings(Tidings),
}

impl MeshMessage<'_> {
    /// The incarnation that the message says it comes from.
    #[must_use]
    pub fn from(&self) -> Incarnation {
        match self {
            Self::Frame(m) => m.stream.publisher,
            Self::Summary(m) => m.from,
            Self::Interest(m) => m.from,
            Self::KeyframeRequest(m) => m.from,
            Self::Keyframe(m) => m.stream.publisher,
            Self::Load(m) => m.from,
            Self::Word(m) => m.from,
            Self::Tidings(m) => m.from(),
        }
    }

    /// Appends the message, envelope included, topic not.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let context = Context::default();
        match self {
            Self::Frame(m) => envelope::write(out, Kind::Frame, context, |out| {
                put_stream(out, &m.stream);
                out.put_u64(m.tick.0);
                out.put_u64(m.prev_tick.map_or(0, |t| t.0));
                out.put(m.body);
            }),
            Self::Keyframe(m) => envelope::write(out, Kind::Keyframe, context, |out| {
                put_stream(out, &m.stream);
                out.put_u64(m.tick.0);
                out.put(m.body);
            }),
            Self::Summary(m) => envelope::write(out, Kind::Summary, context, |out| {
                out.put(&codec::to_bytes(&SummaryWire::from(m)));
            }),
            Self::Interest(m) => envelope::write(out, Kind::Interest, context, |out| {
                out.put(&codec::to_bytes(&InterestWire::from(m)));
            }),
            Self::KeyframeRequest(m) => envelope::write(out, Kind::KeyframeRequest, context, |out| {
                out.put_u64(m.from.0);
                put_stream(out, &m.stream);
            }),
            Self::Load(m) => envelope::write(out, Kind::Load, context, |out| {
                out.put(&codec::to_bytes(&LoadWire::from(m)));
            }),
            Self::Word(m) => m.encode(out),
            Self::Tidings(m) => m.encode(out),
        }
    }
}

impl<'a> MeshMessage<'a> {
    /// The kind and the incarnation that a message says it comes from, without reading the rest: for every kind of the
    /// mesh the sender is the first field. `None` for a kind that is not the mesh's or not known.
    pub fn peek(bytes: &[u8]) -> Result<Option<(Kind, Incarnation)>, WireError> {
        let envelope = Envelope::parse(bytes, limits::MESH_MESSAGE_BYTES)?;
        let Some(kind) = envelope.known().filter(|kind| *kind as u16 >= FIRST_KIND) else { return Ok(None) };
        Ok(Some((kind, Incarnation(Reader::new(envelope.payload).u64("incarnation")?))))
    }

    /// Reads a message, envelope included. `None` for a kind that is not the mesh's or not known: skip it.
    pub fn decode(bytes: &'a [u8]) -> Result<Option<Self>, WireError> {
        let envelope = Envelope::parse(bytes, limits::MESH_MESSAGE_BYTES)?;
        let mut r = Reader::new(envelope.payload);
        Ok(Some(match envelope.known() {
            Some(Kind::Frame) => {
                let stream = read_stream(&mut r)?;
                let tick = Tick(r.u64("tick")?);
                let prev = r.u64("previous tick")?;
                if prev >= tick.0 {
                    return Err(WireError::Invalid("previous tick"));
                }
                Self::Frame(Frame { stream, tick, prev_tick: (prev > 0).then_some(Tick(prev)), body: r.rest() })
            }
            Some(Kind::Keyframe) => {
                let stream = read_stream(&mut r)?;
                Self::Keyframe(Keyframe { stream, tick: Tick(r.u64("tick")?), body: r.rest() })
            }
            Some(Kind::Summary) => {
                Self::Summary(codec::from_bytes::<SummaryWire, MESH_CAP>(envelope.payload)?.try_into()?)
            }
            Some(Kind::Interest) => {
                Self::Interest(codec::from_bytes::<InterestWire, MESH_CAP>(envelope.payload)?.try_into()?)
            }
            Some(Kind::KeyframeRequest) => {
                let request =
                    KeyframeRequest { from: Incarnation(r.u64("incarnation")?), stream: read_stream(&mut r)? };
                r.finish()?;
                Self::KeyframeRequest(request)
            }
            Some(Kind::Load) => Self::Load(codec::from_bytes::<LoadWire, MESH_CAP>(envelope.payload)?.try_into()?),
            Some(Kind::News | Kind::Proposal | Kind::Consent | Kind::Dealt) => {
                return Ok(Tidings::decode(&envelope)?.map(Self::Tidings));
            }
            _ => return Ok(Word::decode(&envelope)?.map(Self::Word)),
        }))
    }
}

fn put_stream(out: &mut Vec<u8>, s: &StreamId) {
    out.put_u64(s.publisher.0);
    out.put_u32(s.island.0);
    out.put_i16(s.chunk.cx);
    out.put_i16(s.chunk.cy);
    out.put_u8(s.sub);
}

fn read_stream(r: &mut Reader<'_>) -> Result<StreamId, WireError> {
    Ok(StreamId {
        publisher: Incarnation(r.u64("publisher")?),
        island: IslandId(r.u32("island")?),
        chunk: Chunk { cx: r.i16("chunk")?, cy: r.i16("chunk")? },
        sub: r.u8("sub-cell")?,
    })
}

/// The wire form of a summary.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct SummaryWire {
    from: u64,
    tick: u64,
    interest: u64,
    streams: Vec<StreamTickWire>,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct StreamTickWire {
    island: u32,
    cx: i16,
    cy: i16,
    sub: u8,
    tick: u64,
}

/// The wire form of an interest.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct InterestWire {
    from: u64,
    version: u64,
    chunks: Vec<ChunkWire>,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct ChunkWire {
    island: u32,
    cx: i16,
    cy: i16,
}

impl From<&Summary> for SummaryWire {
    fn from(m: &Summary) -> Self {
        let stream = |s: &StreamTick| StreamTickWire {
            island: s.island.0,
            cx: s.chunk.cx,
            cy: s.chunk.cy,
            sub: s.sub,
            tick: s.tick.0,
        };
        Self { from: m.from.0, tick: m.tick.0, interest: m.interest, streams: m.streams.iter().map(stream).collect() }
    }
}

impl TryFrom<SummaryWire> for Summary {
    type Error = WireError;
    fn try_from(w: SummaryWire) -> Result<Self, WireError> {
        WireError::unless_within("summary streams", w.streams.len(), limits::SUMMARY_STREAMS)?;
        let stream = |s: StreamTickWire| StreamTick {
            island: IslandId(s.island),
            chunk: Chunk { cx: s.cx, cy: s.cy },
            sub: s.sub,
            tick: Tick(s.tick),
        };
        Ok(Self {
            from: Incarnation(w.from),
            tick: Tick(w.tick),
            interest: w.interest,
            streams: w.streams.into_iter().map(stream).collect(),
        })
    }
}

impl From<&Interest> for InterestWire {
    fn from(m: &Interest) -> Self {
        let chunk = |(island, c): &(IslandId, Chunk)| ChunkWire { island: island.0, cx: c.cx, cy: c.cy };
        Self { from: m.from.0, version: m.version, chunks: m.chunks.iter().map(chunk).collect() }
    }
}

impl TryFrom<InterestWire> for Interest {
    type Error = WireError;
    fn try_from(w: InterestWire) -> Result<Self, WireError> {
        WireError::unless_within("interest chunks", w.chunks.len(), limits::INTEREST_CHUNKS)?;
        let chunk = |c: ChunkWire| (IslandId(c.island), Chunk { cx: c.cx, cy: c.cy });
        Ok(Self { from: Incarnation(w.from), version: w.version, chunks: w.chunks.into_iter().map(chunk).collect() })
    }
}
