//! The own avatar, ahead of the server: it moves at once by the same rules of motion, and is put right by acks.
//!
//! The client claims a place and a motion; the server judges. Inputs not yet judged are kept, so that a correction is
//! applied where it belongs and what the player did since then is done again on top of it.
//!
//! It knows no ground and no rules of walking: at a shore the server's correction is what stops the avatar.

use std::collections::VecDeque;

use protocol::client::Input;
use protocol::tick::Ack;
use world::{Chunk, Millis, Motion, Pace, Position, Segment, Tick, TickRate};

use crate::limits::{INPUTS_KEPT, RESTATE_MS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unsent {
    Nothing,
    Steer,
    Claim,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    seq: u32,
    claimed: Segment,
}

/// The prediction of one session.
#[derive(Clone, Debug)]
pub struct Prediction {
    period_ms: u64,
    pace: Pace,
    segment: Segment,
    sent: VecDeque<Sent>,
    unsent: Unsent,
    sent_motion: Motion,
    sent_at: Option<Millis>,
    next_seq: u32,
    chunk: Chunk,
}

impl Prediction {
    /// Standing where the welcome says.
    #[must_use]
    pub fn new(rate: TickRate, at: Position, tick: Tick) -> Self {
        let segment = Segment::standing(at, tick);
        Self {
            period_ms: rate.period_ms(),
            pace: Pace::new(rate),
            segment,
            sent: VecDeque::new(),
            unsent: Unsent::Nothing,
            sent_motion: segment.motion,
            sent_at: None,
            next_seq: 1,
            chunk: at.chunk(),
        }
    }

    /// Where the avatar is and how it moves.
    #[must_use]
    pub fn segment(&self) -> Segment {
        self.segment
    }

    /// Where the avatar is at `tick`.
    #[must_use]
    pub fn at(&self, tick: Tick) -> Position {
        self.segment.at(tick, &self.pace)
    }

    /// Velocities at the session's tick rate.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Inputs that are not judged yet.
    #[must_use]
    pub fn unjudged(&self) -> usize {
        self.sent.len()
    }

    /// The player moves on like this from `tick` on.
    pub(crate) fn steer(&mut self, tick: Tick, motion: Motion) {
        if motion == self.segment.motion {
            return;
        }
        self.segment = turned(&self.segment, tick, motion, &self.pace);
        if self.unsent == Unsent::Nothing {
            self.unsent = Unsent::Steer;
        }
    }

    /// The avatar is said to be elsewhere.
    pub(crate) fn claim(&mut self, tick: Tick, at: Position, motion: Motion) {
        self.segment = Segment { from: at, since: tick, motion };
        self.unsent = Unsent::Claim;
        self.chunk = at.chunk();
    }

    /// When the next input is to be sent, `None` while nothing changes.
    #[must_use]
    pub(crate) fn next_due(&self) -> Option<Millis> {
        let moving = self.pace.velocity(self.segment.motion) != (0, 0);
        match (self.unsent, self.sent_at) {
            (Unsent::Nothing, _) if !moving => None,
            (Unsent::Nothing, Some(at)) => Some(at + RESTATE_MS),
            (Unsent::Steer | Unsent::Claim, Some(at)) => Some(at + self.period_ms),
            (_, None) => Some(Millis(0)),
        }
    }

    /// The input to send at `now`, in `tick`, if one is due, and whether its motion differs from the one before.
    pub(crate) fn next_input(&mut self, now: Millis, tick: Tick) -> Option<(Input, bool)> {
        if self.next_due().is_none_or(|due| due > now) {
            return None;
        }
        let claimed = self.segment.restated(tick, &self.pace);
        let seq = self.next_seq;
        self.next_seq = seq.saturating_add(1);
        if self.sent.len() == INPUTS_KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { seq, claimed });
        self.segment = claimed;
        self.unsent = Unsent::Nothing;
        self.sent_at = Some(now);
        let changed = std::mem::replace(&mut self.sent_motion, claimed.motion) != claimed.motion;
        let Position { x, y } = claimed.from;
        Some((Input { seq, x, y, motion: claimed.motion.to_byte() }, changed))
    }

    /// The last input that was sent, 0 for none.
    pub(crate) fn last_seq(&self) -> u32 {
        self.next_seq - 1
    }

    /// Somebody else judges from now on: place and motion are stated at once, whatever was judged so far.
    pub(crate) fn restate(&mut self) {
        self.sent_at = None;
        if self.unsent == Unsent::Nothing {
            self.unsent = Unsent::Steer;
        }
    }

    /// The server judged the inputs up to `ack.seq`, as of `tick`.
    pub(crate) fn acknowledged(&mut self, ack: &Ack, tick: Tick) {
        let mut judged = None;
        while let Some(sent) = self.sent.front().copied()
            && sent.seq <= ack.seq
        {
            judged = Some(sent).filter(|s| s.seq == ack.seq);
            self.sent.pop_front();
        }
        match (ack.corrected, judged) {
            (true, _) => {
                self.sent_motion = self.sent.back().map_or(ack.motion, |s| s.claimed.motion);
                self.rebase(Segment { from: ack.at, since: tick, motion: ack.motion });
                if !self.chunk.keeps(ack.at) {
                    self.chunk = ack.at.chunk();
                }
            }
            (false, Some(sent)) => self.rebase(sent.claimed),
            (false, None) => {}
        }
    }

    /// Follows the own avatar's chunk as the server does, with its hysteresis. Returns whether a border was crossed on
    /// foot: claims and corrections are no crossings.
    pub(crate) fn crossed(&mut self, tick: Tick) -> bool {
        let at = self.at(tick);
        let crossed = !self.chunk.keeps(at);
        if crossed {
            self.chunk = at.chunk();
        }
        crossed
    }

    /// Starts again from what the server holds, and does again what it has not judged yet.
    fn rebase(&mut self, base: Segment) {
        let redo = |s: Segment, since: Tick, motion: Motion| turned(&s, since, motion, &self.pace);
        let judged = self.sent.iter().fold(base, |s, sent| redo(s, sent.claimed.since, sent.claimed.motion));
        self.segment = match self.unsent {
            Unsent::Nothing => judged,
            Unsent::Steer => redo(judged, self.segment.since, self.segment.motion),
            Unsent::Claim => self.segment,
        };
    }
}

fn turned(segment: &Segment, tick: Tick, motion: Motion, pace: &Pace) -> Segment {
    Segment { motion, ..segment.restated(tick, pace) }
}
