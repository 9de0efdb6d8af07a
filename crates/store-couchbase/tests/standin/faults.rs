//! What may happen to a request on its way through the stand-in. Who asks for faults owns the choice.

use std::time::Duration;

use super::packet::{op, status};

/// The fate of one read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Serve,
    /// It is carried out at once and answered later.
    Slow(Duration),
    /// It is carried out later, and then answered.
    Late(Duration),
    /// It is carried out and never answered.
    LoseReply,
    /// It is neither carried out nor answered.
    LoseRequest,
    /// It is not carried out, and answered with this status.
    Refuse(u16),
    /// It is carried out, and answered with this status.
    ApplyAndSay(u16),
    /// Somebody else writes the document first; then it is carried out.
    Rival,
    /// The connection is closed instead.
    Close,
    /// It is carried out, and the connection is closed instead of an answer.
    ApplyAndClose,
    /// It is carried out and answered twice.
    AnswerTwice,
    /// It is carried out and answered with bytes that are no packet; the connection is of no use then.
    Garbage,
}

/// What a fate is chosen for.
#[derive(Clone, Debug)]
pub struct Met {
    /// The operation's number.
    pub op: u8,
    pub key: String,
    /// How many reads and writes of this key there were before.
    pub before: usize,
}

impl Met {
    pub fn writes(&self) -> bool {
        self.op != op::GET
    }
}

/// Statuses of which a server says that nothing was done and that one may try again.
pub const PASSING: [u16; 5] = [
    status::TEMPORARY_FAILURE,
    status::BUSY,
    status::LOCKED,
    status::SYNC_WRITE_IN_PROGRESS,
    status::SYNC_WRITE_RECOMMIT,
];
