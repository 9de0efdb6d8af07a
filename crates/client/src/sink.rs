//! Where a tick message's reading ends up: counts, checks, events and acks.

use std::collections::VecDeque;

use protocol::WireError;
use protocol::frame::count_updates;
use protocol::tick::Ack;
use world::Chunk;

use crate::baselines::Baselines;
use crate::checks::{Checks, Violation};
use crate::event::{ClientEffect, Event};

/// What a client has counted since it was made. Frames, keyframes and updates are counted by headers in every mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes received.
    pub bytes: u64,
    /// Bytes of whole messages.
    pub message_bytes: u64,
    /// Bytes of messages that a lost connection cut off.
    pub cut_bytes: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Whole messages.
    pub messages: u64,
    /// Tick messages.
    pub ticks: u64,
    /// Frames.
    pub frames: u64,
    /// Keyframes.
    pub keyframes: u64,
    /// Moves, leaves and enters in frames and keyframes, found by walking headers.
    pub updates: u64,
    /// The same, found by decoding. Stays 0 in [`crate::Observe::Headers`].
    pub decoded: u64,
    /// Lines heard.
    pub speeches: u64,
    /// Pages and changes of pages. Stays 0 in [`crate::Observe::Headers`].
    pub pages: u64,
    /// Records of an older epoch than is held, and of entities that only another stream may move; changes of pages that
    /// are older than what is held.
    pub stale: u64,
    /// Inputs sent.
    pub inputs: u64,
    /// Corrections of the own avatar.
    pub corrections: u64,
    /// Times the own avatar crossed from chunk to chunk.
    pub crossings: u64,
    /// Times the server made the client start its picture anew within a session.
    pub resets: u64,
    /// Welcomes.
    pub welcomes: u64,
    /// Times another node took the session over.
    pub handovers: u64,
    /// Connections lost.
    pub losses: u64,
    /// The longest time between two readings of a session, in milliseconds: the most, no sum.
    pub longest_silence_ms: u64,
}

/// Hands the parts of the machine that reading needs to the picture or the walk.
pub(crate) struct Sink<'a> {
    pub(crate) counts: &'a mut Counts,
    pub(crate) checks: &'a mut Checks,
    pub(crate) effects: &'a mut VecDeque<ClientEffect>,
    pub(crate) acks: &'a mut Vec<Ack>,
    pub(crate) baselines: Option<&'a mut Baselines>,
    pub(crate) report_moves: bool,
}

impl Sink<'_> {
    pub(crate) fn event(&mut self, event: Event) {
        self.effects.push_back(ClientEffect::Event(event));
    }

    pub(crate) fn note(&mut self, violation: Violation) {
        self.checks.note(violation);
    }

    /// Counts a frame's updates by its headers. Returns their number.
    pub(crate) fn frame(&mut self, chunk: Chunk, body: &[u8]) -> Result<u64, WireError> {
        let updates = count_updates(chunk, body)?;
        self.counts.frames += 1;
        self.counts.updates += updates;
        Ok(updates)
    }

    /// Likewise for a keyframe.
    pub(crate) fn keyframe(&mut self, chunk: Chunk, body: &[u8]) -> Result<u64, WireError> {
        let updates = count_updates(chunk, body)?;
        self.counts.keyframes += 1;
        self.counts.updates += updates;
        Ok(updates)
    }

    pub(crate) fn decoded(&mut self, updates: u64, by_headers: u64) {
        self.counts.decoded += updates;
        if updates != by_headers {
            self.note(Violation::CountMismatch);
        }
    }
}
