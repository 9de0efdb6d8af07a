//! What the mesh counts, written by its thread and read by anybody, and the log of what it refuses.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use node::ports::mesh::MeshCounters;
use node::ports::mesh_intake::Refused;

/// At most one line about refusals of a kind in so long: whoever sends garbage sends much of it.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct Counters {
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
    strangers: AtomicU64,
    keys_refused: AtomicU64,
    cut: AtomicU64,
    links: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> MeshCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MeshCounters {
            sent: read(&self.sent),
            delivered: read(&self.delivered),
            sent_bytes: read(&self.sent_bytes),
            dropped: read(&self.dropped),
            refused: read(&self.refused),
            strangers: read(&self.strangers),
            keys_refused: read(&self.keys_refused),
            cut: read(&self.cut),
            links: read(&self.links),
        }
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn delivered(&self, messages: u64) {
        self.delivered.fetch_add(messages, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self, messages: u64) {
        self.dropped.fetch_add(messages, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stranger(&self) {
        self.strangers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn key_refused(&self) {
        self.keys_refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_links(&self, links: u64) {
        self.links.store(links, Ordering::Relaxed);
    }
}

/// Says what was refused, not too often: one line in an interval, for everything since the last.
#[derive(Debug, Default)]
pub(crate) struct RefusalLog {
    last: Option<Instant>,
    unsaid: u64,
}

impl RefusalLog {
    /// A message on a link, or to a port if there is none.
    pub(crate) fn note(&mut self, link: Option<u16>, refused: &Refused) {
        if let Some(times) = self.due() {
            tracing::warn!(link, reason = %refused, times, "refused on the mesh");
        }
    }

    /// A connection that is none of a peer.
    pub(crate) fn note_stranger(&mut self, from: &str, reason: &str) {
        if let Some(times) = self.due() {
            tracing::warn!(from, reason, times, "a connection to the mesh was refused");
        }
    }

    /// How many there were, if it is time to say so.
    fn due(&mut self) -> Option<u64> {
        self.unsaid += 1;
        if self.last.is_some_and(|last| last.elapsed() < LOG_INTERVAL) {
            return None;
        }
        self.last = Some(Instant::now());
        Some(std::mem::take(&mut self.unsaid))
    }
}
