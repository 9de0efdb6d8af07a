//! The tick message: all that one client is told in one tick, in one write.
//!
//! Its payload is the tick (u64) and a sequence of items, each headed by a tag byte. What only this client needs comes
//! first; what all viewers of a chunk need is encoded once for all of them and follows.
//!
//! | tag | item | layout |
//! | --- | --- | --- |
//! | 1 | frame | slot u16, late varint (message tick - frame tick), back varint (frame tick - the stream's previous tick, 0: none), body blob |
//! | 2 | key | slot u16, island u32, cx i16, cy i16, sub u8, lane u8 (0 near, 1 far, 2 crowd), publisher u64, body blob of enters |
//! | 3 | close | slot u16 |
//! | 4 | ack | seq u32, x i32, y i32, motion u8, verdict u8 (0 accepted, 1 corrected) |
//! | 5 | seen | cx i16, cy i16, lane u8, baseline u64 |
//! | 6 | unseen | cx i16, cy i16 |
//! | 7 | reset | |
//!
//! A *slot* is the number under which a connection knows a stream. A key opens its slot, or replaces everything in it,
//! as of the message's tick. A frame changes its slot. Close removes what is still bound to the slot. Reset closes all
//! slots and unsees all chunks: it comes first after the connection fell behind, and keys follow.

use world::{Chunk, IslandId, Motion, Position, Tick};

use crate::limits;
use crate::mesh::{Incarnation, StreamId};
use crate::wire::{Put, Reader, WireError};

/// How often a chunk's changes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Lane {
    /// Every tick, bodies verbatim.
    Near = 0,
    /// Every fifth tick, encoded anew by the forwarding node.
    Far = 1,
    /// A crowded chunk: each part at a pace of its own, at least once a second, encoded anew by the forwarding node.
    Crowd = 2,
}

/// The number of a stream on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

/// One item of a tick message. Bodies are read with [`crate::frame::Records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Changes of a stream at `tick`.
    Frame {
        /// The stream.
        slot: Slot,
        /// Ticks from the frame to the message; never more than the message's tick.
        late: u64,
        /// Ticks from the stream's previous change to the frame, 0 if this is its first; never more than
        /// the frame's tick.
        back: u64,
        /// The records.
        body: &'a [u8],
    },
    /// A whole stream as of the message's tick.
    Key {
        /// The number that the stream has from now on.
        slot: Slot,
        /// Which stream.
        stream: StreamId,
        /// In which lane.
        lane: Lane,
        /// The records, enters only.
        body: &'a [u8],
    },
    /// The stream ends for this connection.
    Close {
        /// The stream.
        slot: Slot,
    },
    /// What became of the client's newest input.
    Ack(Ack),
    /// A chunk came into view.
    Seen {
        /// Which.
        chunk: Chunk,
        /// At which rate.
        lane: Lane,
        /// The content hash of its baseline, to be asked for if it is not in the cache.
        baseline: u64,
    },
    /// A chunk went out of view.
    Unseen {
        /// Which.
        chunk: Chunk,
    },
    /// Forget all slots and chunks.
    Reset,
}

/// The answer to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The newest input that was looked at.
    pub seq: u32,
    /// Where the server has the avatar at the message's tick.
    pub at: Position,
    /// How it moves on.
    pub motion: Motion,
    /// Whether the server put it elsewhere than the input asked.
    pub corrected: bool,
}

impl Item<'_> {
    /// Appends the item to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Frame { slot, late, back, body } => {
                out.put_u8(1);
                out.put_u16(slot.0);
                out.put_varint(late);
                out.put_varint(back);
                out.put_blob(body);
            }
            Self::Key { slot, stream, lane, body } => {
                out.put_u8(2);
                out.put_u16(slot.0);
                out.put_u32(stream.island.0);
                put_chunk(out, stream.chunk);
                out.put_u8(stream.sub);
                out.put_u8(lane as u8);
                out.put_u64(stream.publisher.0);
                out.put_blob(body);
            }
            Self::Close { slot } => {
                out.put_u8(3);
                out.put_u16(slot.0);
            }
            Self::Ack(ack) => {
                out.put_u8(4);
                out.put_u32(ack.seq);
                out.put_i32(ack.at.x);
                out.put_i32(ack.at.y);
                out.put_u8(ack.motion.to_byte());
                out.put_u8(u8::from(ack.corrected));
            }
            Self::Seen { chunk, lane, baseline } => {
                out.put_u8(5);
                put_chunk(out, chunk);
                out.put_u8(lane as u8);
                out.put_u64(baseline);
            }
            Self::Unseen { chunk } => {
                out.put_u8(6);
                put_chunk(out, chunk);
            }
            Self::Reset => out.put_u8(7),
        }
    }
}

/// Walks the items of a tick message's payload. After an error it ends.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    /// The message's tick.
    pub tick: Tick,
    reader: Reader<'a>,
}

impl<'a> Items<'a> {
    /// Reads the tick; the items follow by iteration.
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(payload);
        Ok(Self { tick: Tick(reader.u64("tick")?), reader })
    }

    fn read(&mut self) -> Result<Item<'a>, WireError> {
        let r = &mut self.reader;
        Ok(match r.u8("item tag")? {
            1 => read_frame(r, self.tick)?,
            2 => read_key(r)?,
            3 => Item::Close { slot: Slot(r.u16("slot")?) },
            4 => Item::Ack(Ack {
                seq: r.u32("seq")?,
                at: Position { x: r.i32("x")?, y: r.i32("y")? },
                motion: Motion::from_byte(r.u8("motion")?),
                corrected: read_verdict(r)?,
            }),
            5 => Item::Seen { chunk: read_chunk(r)?, lane: read_lane(r)?, baseline: r.u64("baseline")? },
            6 => Item::Unseen { chunk: read_chunk(r)? },
            7 => Item::Reset,
            _ => return Err(WireError::Invalid("item tag")),
        })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let item = self.read();
        if item.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(item)
    }
}

fn read_frame<'a>(r: &mut Reader<'a>, message: Tick) -> Result<Item<'a>, WireError> {
    let slot = Slot(r.u16("slot")?);
    let late = r.varint("late")?;
    let tick = message.0.checked_sub(late).ok_or(WireError::Invalid("late"))?;
    let back = r.varint("back")?;
    if back > tick {
        return Err(WireError::Invalid("back"));
    }
    Ok(Item::Frame { slot, late, back, body: r.blob(limits::SERVER_MESSAGE_BYTES, "frame body")? })
}

fn read_verdict(r: &mut Reader<'_>) -> Result<bool, WireError> {
    match r.u8("verdict")? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Invalid("verdict")),
    }
}

fn read_key<'a>(r: &mut Reader<'a>) -> Result<Item<'a>, WireError> {
    let slot = Slot(r.u16("slot")?);
    let island = IslandId(r.u32("island")?);
    let chunk = read_chunk(r)?;
    let sub = r.u8("sub-cell")?;
    let lane = read_lane(r)?;
    let publisher = Incarnation(r.u64("publisher")?);
    let body = r.blob(limits::SERVER_MESSAGE_BYTES, "key body")?;
    Ok(Item::Key { slot, stream: StreamId { publisher, island, chunk, sub }, lane, body })
}

fn put_chunk(out: &mut Vec<u8>, chunk: Chunk) {
    out.put_i16(chunk.cx);
    out.put_i16(chunk.cy);
}

fn read_chunk(r: &mut Reader<'_>) -> Result<Chunk, WireError> {
    Ok(Chunk { cx: r.i16("chunk")?, cy: r.i16("chunk")? })
}

fn read_lane(r: &mut Reader<'_>) -> Result<Lane, WireError> {
    match r.u8("lane")? {
        0 => Ok(Lane::Near),
        1 => Ok(Lane::Far),
        2 => Ok(Lane::Crowd),
        _ => Err(WireError::Invalid("lane")),
    }
}
