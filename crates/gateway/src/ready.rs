//! Which connections have something to read: the runtime rings, the node's loop looks.
//!
//! Each connection has a bell, which is all that the runtime wakes when bytes come. A task for each connection would be
//! woken, queued and run for each message, only to hand it to the loop.
//!
//! Invariant: a connection whose bell was not rung since it was last read has nothing to read, and stands in the queue
//! at most once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use node::ConnId;
use tokio::sync::Notify;

/// The connections that rang, in order.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// Locked without contention: all of it happens on the node's thread, which a waker cannot promise.
    rung: Mutex<VecDeque<ConnId>>,
    heard: Notify,
}

/// The bell of one connection.
struct Bell {
    conn: ConnId,
    ready: Arc<Ready>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.ring(self.conn);
    }
}

impl Ready {
    /// A bell for a connection.
    pub(crate) fn bell(self: &Arc<Self>, conn: ConnId) -> Waker {
        Waker::from(Arc::new(Bell { conn, ready: Arc::clone(self) }))
    }

    /// A connection has something to read, or must be asked.
    pub(crate) fn ring(&self, conn: ConnId) {
        let mut rung = self.lock();
        rung.push_back(conn);
        if rung.len() == 1 {
            self.heard.notify_one();
        }
    }

    /// Waits until somebody rang. Dropping the future loses none.
    pub(crate) async fn heard(&self) {
        while self.lock().is_empty() {
            self.heard.notified().await;
        }
    }

    /// Who rang first.
    pub(crate) fn next(&self) -> Option<ConnId> {
        self.lock().pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<ConnId>> {
        // Nothing in here panics half way.
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_rings_is_heard_in_order_and_a_wait_that_was_given_up_loses_nobody() {
        let ready = Arc::new(Ready::default());
        let [first, second] = [ConnId(7), ConnId(3)].map(|conn| ready.bell(conn));
        tokio::select! {
            biased;
            () = ready.heard() => panic!("nobody rang"),
            () = std::future::ready(()) => {}
        }
        first.wake_by_ref();
        second.wake();
        ready.heard().await;
        ready.heard().await;
        assert_eq!([ready.next(), ready.next(), ready.next()], [Some(ConnId(7)), Some(ConnId(3)), None]);
        first.wake();
        ready.heard().await;
        assert_eq!(ready.next(), Some(ConnId(7)));
    }
}
