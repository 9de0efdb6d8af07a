//! The control messages between a client and a node. The tick message is packed by hand, see [`crate::tick`].
//!
//! These structs are frozen: what a release needs beyond them is a new kind or a new version of a kind.

use wincode::{SchemaRead, SchemaWrite};

use crate::codec::{self, CLIENT_CAP, Capped, SERVER_CAP};
use crate::envelope::{self, Context, Kind};
use crate::handover::{Follow, Freeze, Invite};
use crate::limits;
use crate::things::{Agree, Agreed, Bag, Deed, DeedReply, Offer, Offered, Page};
use crate::wire::{Reader, WireError};

/// The first message of a client.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Hello {
    /// The oldest version that the client speaks.
    pub oldest: u16,
    /// The newest version that the client speaks.
    pub newest: u16,
    /// The account. Decoding does not look into it: what [`valid_name`] refuses is answered `name_invalid`.
    pub name: String,
    /// What an earlier welcome gave, empty the first time.
    pub ticket: Vec<u8>,
}

/// Where the client's avatar is and how it moves. Sent when the motion changes, while walking at least once a second,
/// and at most once a tick.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Input {
    /// Grows by at least one with each input of a connection.
    pub seq: u32,
    /// Units east.
    pub x: i32,
    /// Units south.
    pub y: i32,
    /// The motion byte.
    pub motion: u8,
}

/// Say a line. Everybody who sees the avatar hears it. Nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Speak {
    /// The line. Decoding does not look into it: what [`valid_speech`] refuses is answered `text_invalid`.
    pub text: String,
}

/// Change the avatar's tint: a deed, which the avatar's document remembers.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Dress {
    /// The new tint.
    pub tint: u8,
}

/// Ask for a chunk's baseline.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct GetBaseline {
    /// Chunk column.
    pub cx: i16,
    /// Chunk row.
    pub cy: i16,
}

/// Measure the way and the clock.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Ping {
    /// The client's own clock in milliseconds; it comes back unchanged.
    pub client_ms: u64,
}

/// The session has begun.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Welcome {
    /// The version that both will speak.
    pub version: u16,
    /// The client's avatar.
    pub entity: u64,
    /// The smallest request id that the avatar has not used.
    pub next_request: u32,
    /// Ticks per second.
    pub tick_hz: u32,
    /// The server's clock, milliseconds since the Unix epoch.
    pub server_ms: u64,
    /// The island.
    pub island: u32,
    /// The island's seed.
    pub seed: u64,
    /// The version of the generator that made it.
    pub generator: u16,
    /// Its side in chunks.
    pub size_chunks: u16,
    /// Units east of the avatar.
    pub x: i32,
    /// Units south of the avatar.
    pub y: i32,
    /// The avatar's tint.
    pub tint: u8,
    /// Rings of chunks around the avatar's that are seen at full rate.
    pub view_near: u8,
    /// Rings of chunks that are seen at all.
    pub view_far: u8,
    /// Ticks between two frames of a far chunk.
    pub far_every: u8,
    /// The incarnation of the node that serves the session.
    pub node: u64,
    /// Other addresses, `host:port`, at which the same world can be entered.
    pub alternatives: Vec<String>,
    /// What to show with the next hello.
    pub ticket: Vec<u8>,
    /// The server's software version.
    pub software: String,
}

impl Welcome {
    fn within_limits(&self) -> Result<(), WireError> {
        WireError::unless_within("alternatives", self.alternatives.len(), limits::ALTERNATIVES)?;
        WireError::unless_within("ticket", self.ticket.len(), limits::TICKET_BYTES)?;
        WireError::unless_within("software", self.software.len(), limits::SOFTWARE_BYTES)?;
        self.alternatives.iter().try_for_each(|a| WireError::unless_within("address", a.len(), limits::ADDRESS_BYTES))
    }
}

/// The outcome of a request, named by the envelope's request id.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Reply {
    /// 0 done, otherwise a [`crate::Code`].
    pub code: u16,
    /// 0 done, otherwise a [`crate::Meaning`].
    pub meaning: u8,
    /// How long to wait before a retry, in milliseconds; 0 where that does not apply.
    pub retry_after_ms: u32,
}

/// The baseline of a chunk, in the format of `world::baseline`.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Baseline {
    /// Chunk column.
    pub cx: i16,
    /// Chunk row.
    pub cy: i16,
    /// The content hash of `bytes`.
    pub hash: u64,
    /// The ground and props.
    pub bytes: Vec<u8>,
}

/// The answer to a ping.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Pong {
    /// The ping's clock.
    pub client_ms: u64,
    /// The server's clock, milliseconds since the Unix epoch.
    pub server_ms: u64,
}

/// The session ends; nothing follows on this connection.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Closing {
    /// A [`crate::Code`].
    pub code: u16,
    /// A [`crate::Meaning`].
    pub meaning: u8,
    /// How long to wait before connecting again, in milliseconds.
    pub retry_after_ms: u32,
}

/// A message from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToServer {
    /// See [`Hello`].
    Hello(Hello),
    /// See [`Input`].
    Input(Input),
    /// See [`Speak`].
    Speak(Speak),
    /// See [`Dress`].
    Dress(Dress),
    /// See [`GetBaseline`].
    GetBaseline(GetBaseline),
    /// See [`Ping`].
    Ping(Ping),
    /// The client leaves.
    Bye,
    /// See [`Follow`].
    Follow(Follow),
    /// See [`Freeze`].
    Freeze(Freeze),
    /// See [`Deed`].
    Deed(Deed),
    /// See [`Offer`].
    Offer(Offer),
    /// See [`Agree`].
    Agree(Agree),
}

impl ToServer {
    /// Reads a message's payload. `None` for a kind that is not a client's or not known: skip it.
    pub fn decode(envelope: &envelope::Envelope<'_>) -> Result<Option<Self>, WireError> {
        let payload = envelope.payload;
        Ok(Some(match envelope.known() {
            Some(Kind::Hello) => {
                let hello: Hello = from_client(payload)?;
                WireError::unless_within("ticket", hello.ticket.len(), limits::TICKET_BYTES)?;
                Self::Hello(hello)
            }
            Some(Kind::Input) => Self::Input(from_client(payload)?),
            Some(Kind::Speak) => Self::Speak(from_client(payload)?),
            Some(Kind::Dress) => Self::Dress(from_client(payload)?),
            Some(Kind::GetBaseline) => Self::GetBaseline(from_client(payload)?),
            Some(Kind::Ping) => Self::Ping(from_client(payload)?),
            Some(Kind::Bye) => {
                Reader::new(payload).finish()?;
                Self::Bye
            }
            Some(Kind::Follow) => {
                let follow: Follow = from_client(payload)?;
                WireError::unless_within("token", follow.token.len(), limits::TOKEN_BYTES)?;
                Self::Follow(follow)
            }
            Some(Kind::Freeze) => Self::Freeze(from_client(payload)?),
            Some(Kind::Deed) => {
                let deed: Deed = from_client(payload)?;
                deed.within_limits()?;
                Self::Deed(deed)
            }
            Some(Kind::Offer) => {
                let offer: Offer = from_client(payload)?;
                offer.within_limits()?;
                Self::Offer(offer)
            }
            Some(Kind::Agree) => Self::Agree(from_client(payload)?),
            _ => return Ok(None),
        }))
    }

    /// Appends the whole message, envelope included.
    pub fn encode(&self, context: Context, out: &mut Vec<u8>) {
        let (kind, payload) = match self {
            Self::Hello(m) => (Kind::Hello, codec::to_bytes(m)),
            Self::Input(m) => (Kind::Input, codec::to_bytes(m)),
            Self::Speak(m) => (Kind::Speak, codec::to_bytes(m)),
            Self::Dress(m) => (Kind::Dress, codec::to_bytes(m)),
            Self::GetBaseline(m) => (Kind::GetBaseline, codec::to_bytes(m)),
            Self::Ping(m) => (Kind::Ping, codec::to_bytes(m)),
            Self::Bye => (Kind::Bye, Vec::new()),
            Self::Follow(m) => (Kind::Follow, codec::to_bytes(m)),
            Self::Freeze(m) => (Kind::Freeze, codec::to_bytes(m)),
            Self::Deed(m) => (Kind::Deed, codec::to_bytes(m)),
            Self::Offer(m) => (Kind::Offer, codec::to_bytes(m)),
            Self::Agree(m) => (Kind::Agree, codec::to_bytes(m)),
        };
        envelope::write(out, kind, context, |out| out.extend_from_slice(&payload));
    }
}

/// A control message from a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToClient<'a> {
    /// See [`Welcome`].
    Welcome(Welcome),
    /// The payload of a tick message, read with [`crate::tick::Items`].
    Tick(&'a [u8]),
    /// See [`Reply`].
    Reply(Reply),
    /// See [`Baseline`].
    Baseline(Baseline),
    /// See [`Pong`].
    Pong(Pong),
    /// See [`Closing`].
    Closing(Closing),
    /// See [`Invite`].
    Invite(Invite),
    /// To a second connection: freeze the first one, and you will be welcomed here.
    Ready,
    /// The handover is off; the session goes on here, at the epoch in the envelope.
    Stay,
    /// See [`DeedReply`].
    DeedReply(DeedReply),
    /// See [`Bag`].
    Bag(Bag),
    /// See [`Page`].
    Page(Page),
    /// See [`Offered`].
    Offered(Offered),
    /// See [`Agreed`].
    Agreed(Agreed),
}

impl<'a> ToClient<'a> {
    /// Reads a message's payload. `None` for a kind that is not a server's or not known: skip it.
    pub fn decode(envelope: &envelope::Envelope<'a>) -> Result<Option<Self>, WireError> {
        let payload = envelope.payload;
        Ok(Some(match envelope.known() {
            Some(Kind::Welcome) => {
                let welcome: Welcome = from_server(payload)?;
                welcome.within_limits()?;
                Self::Welcome(welcome)
            }
            Some(Kind::Tick) => Self::Tick(payload),
            Some(Kind::Reply) => Self::Reply(from_server(payload)?),
            Some(Kind::Baseline) => {
                let baseline: Baseline = from_server(payload)?;
                WireError::unless_within("baseline", baseline.bytes.len(), limits::BASELINE_BYTES)?;
                Self::Baseline(baseline)
            }
            Some(Kind::Pong) => Self::Pong(from_server(payload)?),
            Some(Kind::Closing) => Self::Closing(from_server(payload)?),
            Some(Kind::Invite) => {
                let invite: Invite = from_server(payload)?;
                WireError::unless_within("address", invite.address.len(), limits::ADDRESS_BYTES)?;
                WireError::unless_within("token", invite.token.len(), limits::TOKEN_BYTES)?;
                Self::Invite(invite)
            }
            Some(Kind::Ready) => {
                Reader::new(payload).finish()?;
                Self::Ready
            }
            Some(Kind::Stay) => {
                Reader::new(payload).finish()?;
                Self::Stay
            }
            Some(Kind::DeedReply) => Self::DeedReply(from_server(payload)?),
            Some(Kind::Bag) => Self::Bag(from_server(payload)?),
            Some(Kind::Page) => {
                let page: Page = from_server(payload)?;
                page.within_limits()?;
                Self::Page(page)
            }
            Some(Kind::Offered) => Self::Offered(from_server(payload)?),
            Some(Kind::Agreed) => Self::Agreed(from_server(payload)?),
            _ => return Ok(None),
        }))
    }

    /// Appends the whole message, envelope included.
    pub fn encode(&self, context: Context, out: &mut Vec<u8>) {
        let (kind, payload) = match self {
            Self::Welcome(m) => (Kind::Welcome, codec::to_bytes(m)),
            Self::Tick(payload) => (Kind::Tick, payload.to_vec()),
            Self::Reply(m) => (Kind::Reply, codec::to_bytes(m)),
            Self::Baseline(m) => (Kind::Baseline, codec::to_bytes(m)),
            Self::Pong(m) => (Kind::Pong, codec::to_bytes(m)),
            Self::Closing(m) => (Kind::Closing, codec::to_bytes(m)),
            Self::Invite(m) => (Kind::Invite, codec::to_bytes(m)),
            Self::Ready => (Kind::Ready, Vec::new()),
            Self::Stay => (Kind::Stay, Vec::new()),
            Self::DeedReply(m) => (Kind::DeedReply, codec::to_bytes(m)),
            Self::Bag(m) => (Kind::Bag, codec::to_bytes(m)),
            Self::Page(m) => (Kind::Page, codec::to_bytes(m)),
            Self::Offered(m) => (Kind::Offered, codec::to_bytes(m)),
            Self::Agreed(m) => (Kind::Agreed, codec::to_bytes(m)),
        };
        envelope::write(out, kind, context, |out| out.extend_from_slice(&payload));
    }
}

/// Whether a name may be an account's: 1 to [`limits::NAME_BYTES`] bytes of letters, digits, `-` and `_`.
#[must_use]
pub fn valid_name(name: &str) -> bool {
    (1..=limits::NAME_BYTES).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether a text may be spoken: not blank, at most [`limits::SPEECH_BYTES`] bytes, no control characters.
#[must_use]
pub fn valid_speech(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= limits::SPEECH_BYTES && !text.chars().any(char::is_control)
}

fn from_client<'a, T: SchemaRead<'a, Capped<CLIENT_CAP>, Dst = T>>(payload: &'a [u8]) -> Result<T, WireError> {
    codec::from_bytes::<T, CLIENT_CAP>(payload)
}

fn from_server<'a, T: SchemaRead<'a, Capped<SERVER_CAP>, Dst = T>>(payload: &'a [u8]) -> Result<T, WireError> {
    codec::from_bytes::<T, SERVER_CAP>(payload)
}
