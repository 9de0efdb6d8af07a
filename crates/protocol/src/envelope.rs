//! The envelope around every message: length, kind, version and the context that traces a message through the world.
//!
//! | offset | field | type |
//! | --- | --- | --- |
//! | 0 | length of the payload in bytes | u32 |
//! | 4 | kind | u16 |
//! | 6 | version of the payload | u16 |
//! | 8 | session epoch, 0 where none | u32 |
//! | 12 | request id, 0 where none | u32 |
//! | 16 | trace id, 0 where none | u64 |
//! | 24 | payload | |
//!
//! A receiver skips a message of an unknown kind whole. A known kind with an unknown version is skipped likewise.

use crate::wire::{Put, Reader, WireError};

/// Bytes of the envelope in front of the payload.
pub const HEADER_BYTES: usize = 24;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// What a message is. The numbers are frozen: a change of a payload is a new kind or a new version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Kind { $($(#[$doc])* $name = $number,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind with this number, `None` if this build does not know it.
            #[must_use]
            pub fn from_number(n: u16) -> Option<Self> {
                match n { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    /// Client: who I am and what I speak.
    Hello = 1,
    /// Client: where I am and how I move.
    Input = 2,
    /// Client: say a line.
    Speak = 3,
    /// Client: change my tint. A deed.
    Dress = 4,
    /// Client: send the baseline of a chunk.
    GetBaseline = 5,
    /// Client: measure the way and the clock.
    Ping = 6,
    /// Client: I leave.
    Bye = 7,
    /// Client: the hello of a second connection, to the node that is to take the session over.
    Follow = 8,
    /// Client: I send nothing more until the handover is over.
    Freeze = 9,
    /// Client: do something to things. A deed.
    Deed = 10,
    /// Client: offer a trade.
    Offer = 11,
    /// Client: agree to a trade.
    Agree = 12,
    /// Server: you are in.
    Welcome = 64,
    /// Server: what changed since the last tick.
    Tick = 65,
    /// Server: the outcome of a request.
    Reply = 66,
    /// Server: the baseline of a chunk.
    Baseline = 67,
    /// Server: answer to a ping.
    Pong = 68,
    /// Server: the session ends, and why.
    Closing = 69,
    /// Server: another node would take you over.
    Invite = 70,
    /// Server: I am ready to take you over.
    Ready = 71,
    /// Server: the handover is off; go on here.
    Stay = 72,
    /// Server: the outcome of a deed.
    DeedReply = 73,
    /// Server: what you have.
    Bag = 74,
    /// Server: the traces of a chunk, or what changed of them.
    Page = 75,
    /// Server: somebody offers you a trade.
    Offered = 76,
    /// Server: somebody agreed to your offer.
    Agreed = 77,
    /// Mesh: what changed in one chunk.
    Frame = 128,
    /// Mesh: what a publisher knows of its streams.
    Summary = 129,
    /// Mesh: the chunks that a node sees.
    Interest = 130,
    /// Mesh: a whole stream is wanted.
    KeyframeRequest = 131,
    /// Mesh: a whole stream.
    Keyframe = 132,
    /// Mesh: how much a node has to do, and where.
    Load = 133,
    /// Mesh: will you take a session over?
    Prepare = 134,
    /// Mesh: I will, and I am ready.
    Prepared = 135,
    /// Mesh: I will not.
    Declined = 136,
    /// Mesh: you may take it.
    Released = 137,
    /// Mesh: I have taken it.
    Taken = 138,
    /// Mesh: forget the handover.
    CalledOff = 139,
    /// Mesh: what a deed changed in a page.
    News = 140,
    /// Mesh: somebody offers a trade to an avatar of yours.
    Proposal = 141,
    /// Mesh: somebody agreed to the offer of an avatar of yours.
    Consent = 142,
    /// Mesh: an avatar of yours took part in a deed.
    Dealt = 143,
}

/// The context of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The epoch of the session, 0 where there is none.
    pub epoch: u32,
    /// The request that this is or answers, 0 where there is none.
    pub request: u32,
    /// The trace that logs on all nodes carry, 0 where there is none.
    pub trace: u64,
}

/// One message as it lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The kind's number; it may be unknown to this build.
    pub kind: u16,
    /// The version of the payload.
    pub version: u16,
    /// Epoch, request and trace.
    pub context: Context,
    /// The payload.
    pub payload: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// The kind, if this build knows it in this version.
    #[must_use]
    pub fn known(&self) -> Option<Kind> {
        if self.version == 1 { Kind::from_number(self.kind) } else { None }
    }

    /// The one message that `bytes` are, with a payload of at most `limit` bytes.
    pub fn parse(bytes: &'a [u8], limit: usize) -> Result<Self, WireError> {
        match Self::split(bytes, limit)? {
            Some((envelope, used)) if used == bytes.len() => Ok(envelope),
            Some((_, used)) => Err(WireError::Trailing(bytes.len() - used)),
            None => Err(WireError::Truncated("envelope")),
        }
    }

    /// The first message of `bytes` and how many bytes it takes, `None` while it is incomplete.
    pub fn split(bytes: &'a [u8], limit: usize) -> Result<Option<(Self, usize)>, WireError> {
        let mut r = Reader::new(bytes);
        let Ok(length) = r.u32("length") else { return Ok(None) };
        let length = length as usize;
        if length > limit {
            return Err(WireError::TooLarge { what: "payload", found: length as u64, limit: limit as u64 });
        }
        if bytes.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        let kind = r.u16("kind")?;
        let version = r.u16("version")?;
        let context = Context { epoch: r.u32("epoch")?, request: r.u32("request")?, trace: r.u64("trace")? };
        let payload = r.bytes(length, "payload")?;
        Ok(Some((Self { kind, version, context, payload }, HEADER_BYTES + length)))
    }
}

/// Appends a message to `out`; `payload` writes its body straight into the buffer.
pub fn write(out: &mut Vec<u8>, kind: Kind, context: Context, payload: impl FnOnce(&mut Vec<u8>)) {
    let start = begin(out, kind, context);
    payload(out);
    finish(out, start);
}

/// Appends a header whose length [`finish`] will fill in; returns where it stands.
#[must_use]
pub fn begin(out: &mut Vec<u8>, kind: Kind, context: Context) -> usize {
    let start = out.len();
    out.put_u32(0);
    out.put_u16(kind as u16);
    out.put_u16(1);
    out.put_u32(context.epoch);
    out.put_u32(context.request);
    out.put_u64(context.trace);
    start
}

/// Fills in the length of the message that began at `start` and ends at the end of `out`.
pub fn finish(out: &mut [u8], start: usize) {
    finish_with(out, start, 0);
}

/// Like [`finish`], for a message whose last `more` bytes will be written behind `out` by somebody else.
pub fn finish_with(out: &mut [u8], start: usize, more: usize) {
    let length = u32::try_from(out.len() - start - HEADER_BYTES + more).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// Cuts a byte stream into messages. It keeps at most one incomplete message.
#[derive(Debug)]
pub struct Splitter {
    buffer: Vec<u8>,
    start: usize,
    limit: usize,
}

impl Splitter {
    /// A splitter for payloads of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, limit }
    }

    /// Takes in bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, header included, `None` until more bytes come. An error ends the connection.
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, WireError> {
        let Some((_, used)) = Envelope::split(&self.buffer[self.start..], self.limit)? else { return Ok(None) };
        let message = self.start..self.start + used;
        self.start += used;
        Ok(Some(&self.buffer[message]))
    }

    /// Bytes held that are not yet a message.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }
}
