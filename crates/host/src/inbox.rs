//! What the mesh has for a node: filled by the mesh's thread, emptied by the node's, bounded in messages and bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use node::ports::mesh::Delivery;
use tokio::sync::Notify;

use crate::limits::{INBOX_BYTES, INBOX_MESSAGES};

/// A node's inbox.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    held: Mutex<Held>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Held {
    deliveries: Vec<Delivery>,
    bytes: usize,
    dropped: u64,
}

impl Inbox {
    /// Takes in a batch; returns how many of it had no room. Never waits for the node.
    pub(crate) fn put(&self, batch: Vec<Delivery>) -> usize {
        let given = batch.len();
        let mut held = self.lock();
        let mut taken = 0;
        for delivery in batch {
            let bytes = held.bytes + delivery.bytes.len();
            if held.deliveries.len() >= INBOX_MESSAGES || bytes > INBOX_BYTES {
                break;
            }
            held.bytes = bytes;
            held.deliveries.push(delivery);
            taken += 1;
        }
        held.dropped += (given - taken) as u64;
        drop(held);
        self.filled.notify_one();
        given - taken
    }

    /// Waits until there may be something.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Changes an empty vector for all that is there. Returns how many messages were dropped since the last time.
    pub(crate) fn take(&self, into: &mut Vec<Delivery>) -> u64 {
        let mut held = self.lock();
        std::mem::swap(&mut held.deliveries, into);
        held.bytes = 0;
        std::mem::take(&mut held.dropped)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Nothing in here panics half way.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::ports::mesh::MeshLane;

    fn deliveries(n: usize, bytes: usize) -> Vec<Delivery> {
        let delivery = Delivery { from_host: 1, lane: MeshLane::Ordered, bytes: vec![0; bytes].into() };
        vec![delivery; n]
    }

    #[test]
    fn a_node_that_sleeps_has_a_bounded_inbox() {
        for (n, bytes, room) in [(INBOX_MESSAGES, 1, INBOX_MESSAGES), (100, 1 << 20, 64)] {
            let (inbox, mut taken) = (Inbox::default(), Vec::new());
            assert_eq!(inbox.put(deliveries(n, bytes)), n - room);
            assert_eq!(inbox.put(deliveries(5, bytes)), 5);
            assert_eq!(inbox.take(&mut taken), (n - room + 5) as u64);
            assert_eq!(taken.len(), room);
            taken.clear();
            assert_eq!((inbox.put(deliveries(5, bytes)), inbox.take(&mut taken), taken.len()), (0, 0, 5));
        }
    }
}
