//! A handover as the client sees it: a second connection beside the first, and what is held back while neither serves.

use protocol::Splitter;
use protocol::client::ToServer;
use protocol::envelope::Context;
use protocol::handover::Invite;
use protocol::limits::SERVER_MESSAGE_BYTES;
use world::Millis;

use crate::limits::{CONNECT_TIMEOUT_MS, FOLLOW_TIMEOUT_MS, FROZEN_MS, HELD_MESSAGES};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The second connection was asked for.
    Connecting {
        /// When to give it up.
        until: Millis,
    },
    /// The token was shown there.
    Following {
        /// When to give it up.
        until: Millis,
    },
    /// Nothing is said on the first connection any more.
    Frozen {
        /// When to give up both.
        until: Millis,
        /// Whether the first connection still stands.
        first: bool,
        /// Whether the second does.
        second: bool,
    },
}

/// A handover under way.
#[derive(Debug)]
pub(crate) struct Crossing {
    pub(crate) invite: Invite,
    pub(crate) stage: Stage,
    pub(crate) splitter: Splitter,
    held: Vec<(Context, ToServer)>,
}

impl Crossing {
    /// An invitation is followed.
    pub(crate) fn new(now: Millis, invite: Invite) -> Self {
        let patience = u64::from(invite.within_ms).min(CONNECT_TIMEOUT_MS);
        let stage = Stage::Connecting { until: now + patience };
        Self { invite, stage, splitter: Splitter::new(SERVER_MESSAGE_BYTES), held: Vec::new() }
    }

    pub(crate) fn connected(&mut self, now: Millis) {
        self.stage = Stage::Following { until: now + FOLLOW_TIMEOUT_MS };
    }

    pub(crate) fn freeze(&mut self, now: Millis) {
        self.stage = Stage::Frozen { until: now + FROZEN_MS, first: true, second: true };
    }

    pub(crate) fn is_frozen(&self) -> bool {
        matches!(self.stage, Stage::Frozen { .. })
    }

    /// Whether there is a second connection, or an attempt at one.
    pub(crate) fn has_second(&self) -> bool {
        !matches!(self.stage, Stage::Frozen { second: false, .. })
    }

    /// When it is to be given up.
    pub(crate) fn until(&self) -> Millis {
        match self.stage {
            Stage::Connecting { until } | Stage::Following { until } | Stage::Frozen { until, .. } => until,
        }
    }

    /// Keeps a message until somebody serves again. `false` if there are too many.
    pub(crate) fn hold(&mut self, context: Context, message: ToServer) -> bool {
        let room = self.held.len() < HELD_MESSAGES;
        if room {
            self.held.push((context, message));
        }
        room
    }

    pub(crate) fn into_held(self) -> Vec<(Context, ToServer)> {
        self.held
    }
}
