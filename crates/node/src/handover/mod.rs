//! The handover of a session from one node to another, while its client plays.
//!
//! `S` serves, `T` takes over: *prepare* (T reserves room, sees what the client sees, and writes nothing), *invite* (the
//! client opens a second connection to T), *freeze* (the client names its last input; S finishes its commits and writes
//! `released` into the avatar's document), *take* (T raises the epoch, while the document says that it may), *serve*.
//! If T does not take, S takes back by raising the epoch itself.
//!
//! `giving` is S's machine, `guest` is T's; `claim` is what they make of the raiser of the commit protocol, whose releaser
//! S uses too. None of them does I/O. `serving` and `taking` connect them to the node. `policy` decides who should move
//! where, by what the nodes tell each other; `placing` tells, keeps and carries that out.
//!
//! Invariant: an epoch begins by one compare-and-swap and in no other way. Words between the nodes only make it quick:
//! if all of them are lost, one of S, T and a resume on any node still wins, and the others learn of it.

pub(crate) mod claim;
pub(crate) mod giving;
pub(crate) mod guest;
pub(crate) mod placing;
pub(crate) mod policy;
mod serving;
pub(crate) mod taking;

#[cfg(test)]
mod tests;

use protocol::Incarnation;

/// A handover: who gives, and the number that it gave.
pub(crate) type HandoverKey = (Incarnation, u64);

/// Why a session is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Somebody asked for it: an operator, a drain, a test.
    Ordered,
    /// The other node has more of the people around.
    Gather,
    /// The other node has less to do.
    Spread,
}

/// How a handover ended for the node that gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The other node serves.
    Done,
    /// The other node declined.
    Declined,
    /// The other node did not get ready in time.
    Unprepared,
    /// The client did not follow the invitation.
    Ignored,
    /// The commits under way did not end in time.
    Unfinished,
    /// The other node did not take it; the session goes on here.
    TakenBack,
    /// The store could not be reached for so long that the session ended.
    Fenced,
    /// The session ended for another reason.
    Ended,
}

impl Reason {
    /// A stable word for logs and metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Gather => "gather",
            Self::Spread => "spread",
        }
    }
}

impl Outcome {
    /// A stable word for logs and metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Declined => "declined",
            Self::Unprepared => "unprepared",
            Self::Ignored => "ignored",
            Self::Unfinished => "unfinished",
            Self::TakenBack => "taken_back",
            Self::Fenced => "fenced",
            Self::Ended => "ended",
        }
    }
}
