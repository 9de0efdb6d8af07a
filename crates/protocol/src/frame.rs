//! The body of a frame: what one publisher says of its entities in one chunk and tick.
//!
//! A body is encoded once and forwarded verbatim to every host and client that sees the chunk. Its sections, each
//! headed by a varint count: moves, leaves, enters, events. Trailing empty sections are left out, so a frame that only
//! moves people costs six bytes each and one or two more.
//!
//! | record | layout |
//! | --- | --- |
//! | move | handle u16, place 3 bytes, motion u8 |
//! | leave | handle u16, hop u32, where u8 (0 gone, 1 chunk: cx i16 cy i16, 2 node: incarnation u64) |
//! | enter | handle u16, entity u64, epoch u32, hop u32, place 3 bytes, motion u8, kind u8, tint u8, name blob |
//! | event | handle u16, kind u8, payload blob |
//!
//! A place is two 12-bit numbers in 24 bits, little endian, x in the lower: units from the chunk's north-west corner
//! plus [`PLACE_BIAS`].

use world::{CHUNK_UNITS, Chunk, EntityId, Epoch, Hop, Motion, Position};

use crate::limits;
use crate::mesh::Incarnation;
use crate::wire::{Put, Reader, WireError};

/// Units that a place may lie before its chunk's origin; with 12 bits an axis as many remain behind its far edge.
pub const PLACE_BIAS: i32 = (4096 - CHUNK_UNITS) / 2;
/// Bytes of a move record.
pub const MOVE_BYTES: usize = 6;

/// Names an entity within one incarnation of its publisher. Not reused for 60 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u16);

/// What an entity looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// 0 for avatars; other kinds follow.
    pub kind: u8,
    /// A colour of the client's palette.
    pub tint: u8,
    /// The name above its head, at most [`limits::NAME_BYTES`] bytes.
    pub name: String,
}

/// Where an entity went that left a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Out of the world.
    Gone,
    /// Into the same publisher's stream of another chunk.
    Chunk(Chunk),
    /// To another node.
    Node(Incarnation),
}

/// An entity has a new segment: at the frame's tick it is at `at` and moves on by `motion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Who.
    pub handle: Handle,
    /// Where at the frame's tick.
    pub at: Position,
    /// How it moves on.
    pub motion: Motion,
}

/// An entity came into the stream, or its look changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enter {
    /// Its handle from now on.
    pub handle: Handle,
    /// Who it is.
    pub entity: EntityId,
    /// The epoch of its authority.
    pub epoch: Epoch,
    /// Its crossings in this epoch.
    pub hop: Hop,
    /// Where at the frame's tick.
    pub at: Position,
    /// How it moves on.
    pub motion: Motion,
    /// What it looks like.
    pub look: Look,
}

/// An entity left the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Who.
    pub handle: Handle,
    /// Its crossings, this one included.
    pub hop: Hop,
    /// Where to.
    pub to: Destination,
}

/// Something that an entity did and that leaves no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who.
    pub handle: Handle,
    /// What kind: see [`EVENT_SPEECH`].
    pub kind: u8,
    /// The kind's own bytes.
    pub payload: Vec<u8>,
}

/// The event of speech; its payload is UTF-8.
pub const EVENT_SPEECH: u8 = 1;

/// One record, in the order of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A new segment.
    Move(Move),
    /// A departure.
    Leave(Leave),
    /// An arrival or a new look.
    Enter(Enter),
    /// An event.
    Event(Event),
}

/// The records of one frame, collected to be encoded. Positions should be such that `chunk.keeps(position)`: what lies
/// farther out, as a ghost does whose publisher fell silent, is written at the nearest place that 12 bits can name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// New segments.
    pub moves: Vec<Move>,
    /// Departures.
    pub leaves: Vec<Leave>,
    /// Arrivals and new looks.
    pub enters: Vec<Enter>,
    /// Events.
    pub events: Vec<Event>,
}

impl Body {
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.leaves.is_empty() && self.enters.is_empty() && self.events.is_empty()
    }

    /// Forgets all records and keeps the memory.
    pub fn clear(&mut self) {
        self.moves.clear();
        self.leaves.clear();
        self.enters.clear();
        self.events.clear();
    }

    /// Appends the encoded body to `out`.
    pub fn encode(&self, chunk: Chunk, out: &mut Vec<u8>) {
        let sections = [self.moves.len(), self.leaves.len(), self.enters.len(), self.events.len()];
        let last = sections.iter().rposition(|n| *n > 0).map_or(0, |i| i + 1);
        for (section, count) in sections.iter().enumerate().take(last) {
            out.put_varint(*count as u64);
            match section {
                0 => self.moves.iter().for_each(|m| put_move(out, chunk, m)),
                1 => self.leaves.iter().for_each(|l| put_leave(out, l)),
                2 => self.enters.iter().for_each(|e| put_enter(out, chunk, e)),
                _ => self.events.iter().for_each(|e| put_event(out, e)),
            }
        }
    }

    /// Decodes a whole body.
    pub fn decode(chunk: Chunk, bytes: &[u8]) -> Result<Self, WireError> {
        let mut body = Self::default();
        for record in Records::new(chunk, bytes) {
            match record? {
                Record::Move(m) => body.moves.push(m),
                Record::Leave(l) => body.leaves.push(l),
                Record::Enter(e) => body.enters.push(e),
                Record::Event(e) => body.events.push(e),
            }
        }
        Ok(body)
    }
}

/// Walks the records of an encoded body. After an error it ends.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    chunk: Chunk,
    reader: Reader<'a>,
    section: u8,
    left: usize,
}

impl<'a> Records<'a> {
    /// The records of `bytes`, a body for `chunk`.
    #[must_use]
    pub fn new(chunk: Chunk, bytes: &'a [u8]) -> Self {
        Self { chunk, reader: Reader::new(bytes), section: 0, left: 0 }
    }

    fn advance(&mut self) -> Result<Option<Record>, WireError> {
        while self.left == 0 {
            if self.reader.is_empty() {
                return Ok(None);
            }
            if self.section == 4 {
                return Err(WireError::Trailing(self.reader.rest().len()));
            }
            self.left = self.reader.count(limits::RECORDS, "record count")?;
            self.section += 1;
        }
        self.left -= 1;
        let (r, chunk) = (&mut self.reader, self.chunk);
        let record = match self.section {
            1 => Record::Move(read_move(r, chunk)?),
            2 => Record::Leave(read_leave(r)?),
            3 => Record::Enter(read_enter(r, chunk)?),
            _ => Record::Event(read_event(r)?),
        };
        Ok(Some(record))
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if matches!(next, Some(Err(_))) {
            *self = Self { reader: Reader::new(&[]), section: 4, left: 0, ..*self };
        }
        next
    }
}

/// How many updates an encoded body holds (moves, leaves and enters), found from its headers as far as possible.
pub fn count_updates(chunk: Chunk, bytes: &[u8]) -> Result<u64, WireError> {
    let mut r = Reader::new(bytes);
    if r.is_empty() {
        return Ok(0);
    }
    let moves = r.count(limits::RECORDS, "record count")?;
    r.bytes(moves * MOVE_BYTES, "moves")?;
    let mut rest = Records { chunk, reader: r, section: 1, left: 0 };
    rest.try_fold(moves as u64, |n, record| Ok(n + u64::from(!matches!(record?, Record::Event(_)))))
}

fn put_place(out: &mut Vec<u8>, chunk: Chunk, at: Position) {
    let origin = chunk.origin();
    let axis = |v: i32, o: i32| v.saturating_sub(o).saturating_add(PLACE_BIAS).clamp(0, 4095) as u32;
    let packed = axis(at.x, origin.x) | axis(at.y, origin.y) << 12;
    out.put(&packed.to_le_bytes()[..3]);
}

fn read_place(r: &mut Reader<'_>, chunk: Chunk) -> Result<Position, WireError> {
    let b = r.bytes(3, "place")?;
    let packed = u32::from_le_bytes([b[0], b[1], b[2], 0]);
    let origin = chunk.origin();
    let axis = |bits: u32, o: i32| o + (bits & 0xfff) as i32 - PLACE_BIAS;
    Ok(Position { x: axis(packed, origin.x), y: axis(packed >> 12, origin.y) })
}

fn put_move(out: &mut Vec<u8>, chunk: Chunk, m: &Move) {
    out.put_u16(m.handle.0);
    put_place(out, chunk, m.at);
    out.put_u8(m.motion.to_byte());
}

fn read_move(r: &mut Reader<'_>, chunk: Chunk) -> Result<Move, WireError> {
    Ok(Move { handle: Handle(r.u16("handle")?), at: read_place(r, chunk)?, motion: Motion::from_byte(r.u8("motion")?) })
}

fn put_leave(out: &mut Vec<u8>, l: &Leave) {
    out.put_u16(l.handle.0);
    out.put_u32(l.hop.0);
    match l.to {
        Destination::Gone => out.put_u8(0),
        Destination::Chunk(c) => {
            out.put_u8(1);
            out.put_i16(c.cx);
            out.put_i16(c.cy);
        }
        Destination::Node(n) => {
            out.put_u8(2);
            out.put_u64(n.0);
        }
    }
}

fn read_leave(r: &mut Reader<'_>) -> Result<Leave, WireError> {
    let handle = Handle(r.u16("handle")?);
    let hop = Hop(r.u32("hop")?);
    let to = match r.u8("destination")? {
        0 => Destination::Gone,
        1 => Destination::Chunk(Chunk { cx: r.i16("chunk")?, cy: r.i16("chunk")? }),
        2 => Destination::Node(Incarnation(r.u64("incarnation")?)),
        _ => return Err(WireError::Invalid("destination")),
    };
    Ok(Leave { handle, hop, to })
}

fn put_enter(out: &mut Vec<u8>, chunk: Chunk, e: &Enter) {
    out.put_u16(e.handle.0);
    out.put_u64(e.entity.0);
    out.put_u32(e.epoch.0);
    out.put_u32(e.hop.0);
    put_place(out, chunk, e.at);
    out.put_u8(e.motion.to_byte());
    out.put_u8(e.look.kind);
    out.put_u8(e.look.tint);
    debug_assert!(e.look.name.len() <= limits::NAME_BYTES, "a look's name is within its limit");
    out.put_blob(e.look.name.as_bytes());
}

fn read_enter(r: &mut Reader<'_>, chunk: Chunk) -> Result<Enter, WireError> {
    Ok(Enter {
        handle: Handle(r.u16("handle")?),
        entity: EntityId(r.u64("entity")?),
        epoch: Epoch(r.u32("epoch")?),
        hop: Hop(r.u32("hop")?),
        at: read_place(r, chunk)?,
        motion: Motion::from_byte(r.u8("motion")?),
        look: Look { kind: r.u8("kind")?, tint: r.u8("tint")?, name: r.text(limits::NAME_BYTES, "name")?.to_owned() },
    })
}

fn put_event(out: &mut Vec<u8>, e: &Event) {
    out.put_u16(e.handle.0);
    out.put_u8(e.kind);
    debug_assert!(e.payload.len() <= limits::EVENT_BYTES, "an event is within its limit");
    out.put_blob(&e.payload);
}

fn read_event(r: &mut Reader<'_>) -> Result<Event, WireError> {
    Ok(Event {
        handle: Handle(r.u16("handle")?),
        kind: r.u8("event kind")?,
        payload: r.blob(limits::EVENT_BYTES, "event")?.to_vec(),
    })
}
