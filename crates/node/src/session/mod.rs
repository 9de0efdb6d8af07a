//! Sessions: the life of one client on this node, from hello to goodbye.
//!
//! Each part owns its states: [`arrival`] raises the epoch, [`deed`] commits requests one after the other, [`trade`]
//! keeps what others offered,
//! [`watch`] makes sure that nobody else has raised the epoch since, [`checkpoint`] remembers the place, [`view`] knows
//! which chunks the client holds. None of them does I/O: they take store replies and give store requests.

pub(crate) mod arrival;
pub(crate) mod checkpoint;
pub(crate) mod deed;
pub(crate) mod driver;
pub(crate) mod view;
pub(crate) mod watch;

use std::collections::BTreeSet;

use deeds::{Offers, Promises};
use protocol::envelope::Context;
use protocol::{Code, limits as wire_limits};
use store::Holding;
use world::{Chunk, EntityId, Epoch, Millis};

use arrival::Arrival;
use checkpoint::Checkpoint;
use deed::Deeds;
use view::SessionView;
use watch::Watch;

use crate::avatar::avatar_key;
use crate::handover::HandoverKey;
use crate::handover::giving::Giving;
use crate::limits;

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) opened_at: Millis,
    pub(crate) heard_at: Millis,
    pub(crate) trace: u64,
    /// Messages for the client, whole, that go out with the next write.
    pub(crate) outbox: Vec<u8>,
    /// The client has not read its last write.
    pub(crate) blocked: bool,
    pub(crate) stage: Stage,
}

/// Where a session is in its life.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Connected, hello outstanding.
    Greeting,
    /// The store is being asked.
    Arriving(Box<Arrival>),
    /// A second connection: the client waits until this node has taken its session over.
    Following(HandoverKey),
    /// In the world.
    Playing(Box<Playing>),
}

/// A session in the world. The avatar itself is in the authority.
#[derive(Debug)]
pub(crate) struct Playing {
    pub(crate) name: String,
    pub(crate) entity: EntityId,
    pub(crate) epoch: Epoch,
    pub(crate) last_input: Option<u32>,
    /// The input that the next tick acknowledges, and whether it was corrected.
    pub(crate) ack: Option<(u32, bool)>,
    pub(crate) view: SessionView,
    pub(crate) deeds: Deeds,
    /// What others offered to the avatar.
    pub(crate) offered: Offers,
    /// What others promised it.
    pub(crate) promises: Promises,
    /// The revision of the avatar's document that the client was told of.
    pub(crate) told_rev: Option<u64>,
    /// Chunks whose pages the client is still to be told.
    pub(crate) pages_due: BTreeSet<Chunk>,
    pub(crate) watch: Watch,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) speech: Bucket,
    pub(crate) baselines: Bucket,
    pub(crate) offers: Bucket,
    /// The handover to another node, while there is one.
    pub(crate) giving: Option<Box<Giving>>,
    /// When it began here, came back here, or was last tried to be moved: it is left alone for a while.
    pub(crate) settled_at: Millis,
}

impl Playing {
    /// Whose session it is, as the commit protocol knows it.
    pub(crate) fn holding(&self) -> Holding {
        Holding { actor: avatar_key(&self.name), epoch: self.epoch, holder: self.watch.holder().clone() }
    }
}

impl Session {
    pub(crate) fn new(now: Millis) -> Self {
        Self { opened_at: now, heard_at: now, trace: 0, outbox: Vec::new(), blocked: false, stage: Stage::Greeting }
    }

    /// The account, empty before hello.
    pub(crate) fn name(&self) -> &str {
        match &self.stage {
            Stage::Greeting | Stage::Following(_) => "",
            Stage::Arriving(arrival) => arrival.name(),
            Stage::Playing(playing) => &playing.name,
        }
    }

    /// What it ends with, if something has not come for too long.
    pub(crate) fn overdue(&self, now: Millis) -> Option<Code> {
        let (since, limit_ms, code) = match &self.stage {
            Stage::Greeting => (self.opened_at, wire_limits::HELLO_TIMEOUT_MS, Code::TimedOut),
            Stage::Arriving(_) => (self.opened_at, limits::ARRIVAL_MS, Code::StoreUnavailable),
            Stage::Playing(_) | Stage::Following(_) => (self.heard_at, wire_limits::CLIENT_SILENCE_MS, Code::TimedOut),
        };
        (now.since(since) >= limit_ms).then_some(code)
    }

    /// The context of a message about this session.
    pub(crate) fn context(&self, request: u32) -> Context {
        let epoch = if let Stage::Playing(playing) = &self.stage { playing.epoch.0 } else { 0 };
        Context { epoch, request, trace: self.trace }
    }

    /// The handover of the session, while there is one.
    pub(crate) fn giving(&self) -> Option<&Giving> {
        let Stage::Playing(playing) = &self.stage else { return None };
        playing.giving.as_deref()
    }

    /// Whether the client has frozen: nothing it sends is carried out.
    pub(crate) fn is_frozen(&self) -> bool {
        self.giving().is_some_and(|giving| giving.frozen_since().is_some())
    }

    pub(crate) fn playing_mut(&mut self) -> Option<&mut Playing> {
        if let Stage::Playing(playing) = &mut self.stage { Some(playing) } else { None }
    }
}

/// The part of a session that waits for a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Arrival,
    Deed(store::commit::Part),
    Watch,
    Checkpoint,
    /// The release, or the taking back, of a handover.
    Giving,
    /// The taking of a session that follows from another node.
    Guest,
    /// Nobody waits: the last checkpoint of a session that ended.
    Farewell,
}

/// A rate limit: a burst, and one more each so many milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    left: u32,
    burst: u32,
    every_ms: u64,
    filled_at: Millis,
}

impl Bucket {
    pub(crate) fn new(now: Millis, burst: u32, every_ms: u64) -> Self {
        Self { left: burst, burst, every_ms: every_ms.max(1), filled_at: now }
    }

    pub(crate) fn take(&mut self, now: Millis) -> bool {
        let earned = now.since(self.filled_at) / self.every_ms;
        if earned > 0 {
            let room = u64::from(self.burst - self.left);
            self.left += earned.min(room) as u32;
            self.filled_at = self.filled_at + earned * self.every_ms;
        }
        let taken = self.left > 0;
        self.left -= u32::from(taken);
        taken
    }
}

/// How a session's part went on.
#[derive(Debug)]
pub(crate) enum Turn<T> {
    /// Ask the store this; its reply comes back to the same part.
    Ask(store::Request),
    /// Wait: the part asks again when it is polled later.
    Wait,
    /// It came to its end.
    Done(T),
    /// The session cannot go on.
    End(Code),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::new(Millis(0), 2, 1000);
        let takes = [0, 0, 0, 999, 1000, 1001, 60_000, 60_000, 60_000].map(|at| bucket.take(Millis(at)));
        assert_eq!(takes, [true, true, false, false, true, false, true, true, false]);
    }
}
