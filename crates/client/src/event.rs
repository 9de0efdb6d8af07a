//! What goes into the machine and what comes out: closed enums, no payload that borrows from the machine.

use protocol::things::{Agree, Deed, Heap, Offer, Offered};
use protocol::tick::Lane;
use protocol::{Code, Incarnation, Meaning, WireError};
use thiserror::Error;
use world::{Chunk, EntityId, Motion, Position, Tick};

/// What happens to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientInput<'a> {
    /// The player wants in. Effective once.
    Join,
    /// The connection asked for stands.
    Connected,
    /// The connection failed or ended.
    Disconnected,
    /// Bytes came, cut anywhere.
    Bytes(&'a [u8]),
    /// Something happened to the second connection, see [`ClientEffect::ConnectBeside`].
    Beside(Beside<'a>),
    /// The time of [`crate::Client::next_wakeup`] has come.
    Wake,
    /// The player moves on like this, from where the avatar is.
    Steer(Motion),
    /// The avatar is said to be elsewhere, whatever the rules say. The server judges; it is for tests and cheats.
    Claim(Position, Motion),
    /// The player says a line. It is sent once or not at all.
    Speak(&'a str),
    /// The player wants another tint. It is sent until it is answered.
    Dress(u8),
    /// The player does something to things, see [`crate::deed`]. It is sent until it is answered.
    Deed(&'a Deed),
    /// A deed is said once under an id of one's own choosing, used or not. The server judges; it is for tests and cheats.
    DeedAs {
        /// The request's id.
        request: u32,
        /// What.
        deed: &'a Deed,
    },
    /// The player offers a trade to somebody in view. It is sent once or not at all; nobody answers but the other.
    Offer(&'a Offer),
    /// The player agrees to an offer. It is sent once or not at all.
    Agree(Agree),
    /// The connection is to be given up for the next address, as if it had been cut. It is for tests.
    Elsewhere,
    /// The player leaves. Nothing follows.
    Leave,
}

/// What happens to a second connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside<'a> {
    /// It stands.
    Connected,
    /// It failed or ended.
    Disconnected,
    /// Bytes came on it, cut anywhere.
    Bytes(&'a [u8]),
}

/// What a client wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEffect {
    /// Open a connection; answer with `Connected` or `Disconnected`.
    Connect {
        /// `host:port`.
        address: String,
    },
    /// Send these bytes.
    Write(Vec<u8>),
    /// End the connection or the attempt. No `Disconnected` is awaited.
    Disconnect,
    /// Open a second connection beside the first; answer with [`ClientInput::Beside`].
    ConnectBeside {
        /// `host:port`.
        address: String,
    },
    /// Send these bytes on the second connection.
    WriteBeside(Vec<u8>),
    /// End the second connection or the attempt. No `Disconnected` is awaited.
    DisconnectBeside,
    /// End the first connection, if it still stands. The second takes its place: what comes on it from now on is
    /// [`ClientInput::Bytes`], and what is to be written is written to it.
    Promote,
    /// Something for the application.
    Event(Event),
}

/// What an application may want to know at once. Everything else it reads from the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The session has begun.
    Welcomed {
        /// The own avatar.
        entity: EntityId,
        /// The node that serves it.
        node: Incarnation,
        /// Where the avatar is.
        at: Position,
        /// Whether there was a session before.
        again: bool,
    },
    /// Another node serves the session from now on. The picture goes on.
    Handed {
        /// Which.
        node: Incarnation,
    },
    /// Somebody said a line.
    Speech {
        /// Who.
        entity: EntityId,
        /// What.
        text: String,
    },
    /// A request was answered.
    Replied {
        /// Its id, 0 if it was never sent.
        request: u32,
        /// What was asked for.
        asked: Asked,
        /// The answer.
        outcome: Outcome,
    },
    /// A deed was answered.
    Performed(Box<Performed>),
    /// The bag is not as it was: [`crate::Client::bag`].
    BagChanged,
    /// The traces or the land of a chunk are not as they were: [`crate::Picture::pages`].
    PageChanged {
        /// Which.
        chunk: Chunk,
    },
    /// Somebody offers a trade.
    Offered(Box<Offered>),
    /// Somebody agreed to an offer of one's own. [`crate::deed::trade`] makes a deed of it, within half a minute.
    Agreed {
        /// Who agreed.
        by: EntityId,
        /// To what.
        offer: Box<Offer>,
    },
    /// The server put the own avatar elsewhere.
    Corrected {
        /// Where it is.
        at: Position,
        /// How it moves on.
        motion: Motion,
    },
    /// Somebody has a new segment. Only with [`crate::ClientConfig::report_moves`].
    Moved {
        /// Who.
        entity: EntityId,
        /// Where at `tick`.
        at: Position,
        /// How it moves on.
        motion: Motion,
        /// From which tick on.
        tick: Tick,
        /// In which lane it was told.
        lane: Lane,
    },
    /// An input is on its way. Only with [`crate::ClientConfig::report_inputs`].
    InputSent {
        /// The place claimed.
        at: Position,
        /// The motion from there.
        motion: Motion,
        /// Whether the motion differs from the one sent before.
        changed: bool,
    },
    /// The connection is lost; another one will be tried.
    Reconnecting {
        /// Where.
        address: String,
        /// In so many milliseconds.
        in_ms: u64,
        /// Why.
        lost: Lost,
    },
    /// The client has stopped for good.
    Closed(Ending),
}

/// How a deed ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// The request's id, 0 if it was never sent.
    pub request: u32,
    /// What was asked for; `None` if nobody waited for this answer any more.
    pub deed: Option<Deed>,
    /// The answer.
    pub outcome: Outcome,
    /// What came of it.
    pub receipt: Receipt,
}

/// What came into the bag by a deed, what went out of it, and what was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// What came in.
    pub gained: Vec<Heap>,
    /// What went out.
    pub lost: Vec<Heap>,
    /// Ids of the piles and buildings that were made.
    pub made: Vec<u32>,
}

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A tint.
    Dress(u8),
    /// A line, or a request of an earlier life.
    Other,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It was refused for good; the number is a [`Code`].
    Refused {
        /// The code.
        code: u16,
        /// Whether the picture is stale and should be looked at again first.
        resync: bool,
    },
    /// It was never sent: too many wait, the text is not allowed, or there is no session to say it in.
    NotSent,
}

/// Why a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lost {
    /// No connection came about in time.
    #[error("no connection came about")]
    Unreachable,
    /// No welcome came in time.
    #[error("the server did not welcome us in time")]
    NoWelcome,
    /// It was cut.
    #[error("the connection was cut")]
    Cut,
    /// The player wanted another one.
    #[error("another connection was wanted")]
    Wanted,
    /// Nothing was heard for too long.
    #[error("the server fell silent")]
    Silent,
    /// What came is not the protocol.
    #[error("the server sent what is not the protocol: {0}")]
    Garbage(WireError),
    /// The server ended the session and wants the client back.
    #[error("the server ended the session ({})", label(*.0))]
    Told(u16),
}

/// Why a client has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Ending {
    /// The player left.
    #[error("left")]
    Left,
    /// The server will not have the client; the number is a [`Code`].
    #[error("the server refused ({})", label(*.0))]
    Refused(u16),
    /// There is no address to connect to.
    #[error("there is no address to connect to")]
    NoAddress,
}

/// Why the machine wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WakeReason {
    /// A connection or a welcome is overdue.
    Overdue,
    /// The pause before the next attempt is over.
    Reconnect,
    /// An input may be sent.
    Input,
    /// A ping is due.
    Ping,
    /// The server has been silent for too long.
    Silence,
    /// A request or a baseline is to be asked for again.
    Resend,
    /// A handover takes too long.
    Crossing,
    /// Somebody in the picture was awaited in vain.
    Picture,
    /// It is time to look for what is missing or stray.
    Sweep,
}

/// What a server's `meaning` number asks of the client. An unknown one is taken for a plain end of the session.
pub(crate) fn meaning(number: u8) -> Meaning {
    match number {
        1 => Meaning::Rejected,
        2 => Meaning::Retry,
        3 => Meaning::Resync,
        _ => Meaning::Reconnect,
    }
}

/// The stable word for a code's number.
#[must_use]
pub fn label(code: u16) -> &'static str {
    Code::from_number(code).map_or("unknown code", Code::label)
}
