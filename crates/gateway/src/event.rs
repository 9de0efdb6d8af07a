//! What the gateway tells the node's loop.

use node::{ConnId, Input};

/// A happening on a connection, in the order in which it happened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client has connected.
    Opened {
        /// Its connection.
        conn: ConnId,
    },
    /// A client sent a whole message, envelope included.
    Message {
        /// Its connection.
        conn: ConnId,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A connection is gone. Not told of one that [`crate::Gateway::close`] ended.
    Closed {
        /// Which.
        conn: ConnId,
    },
    /// A connection of which [`Written::Blocked`] was said takes frames again.
    Drained {
        /// Which.
        conn: ConnId,
    },
}

impl From<Event> for Input {
    fn from(event: Event) -> Self {
        match event {
            Event::Opened { conn } => Self::Opened { conn },
            Event::Message { conn, bytes } => Self::Message { conn, bytes },
            Event::Closed { conn } => Self::Closed { conn },
            Event::Drained { conn } => Self::Drained { conn },
        }
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the node must be told when its frames were dropped"]
pub enum Written {
    /// All of it is on its way, or kept until the client reads.
    Taken,
    /// The client has not read earlier writes: the control bytes are kept, the frames are dropped.
    Blocked,
    /// The connection is gone or going; nothing was kept.
    Gone,
}
