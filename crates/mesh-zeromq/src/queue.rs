//! The queue from the nodes and the shell to the mesh's thread, and the line that wakes it.
//!
//! Whole batches go in and the whole queue comes out, in one order, so a node's last words precede its departure. The
//! lock is held for a push or a swap, never over a socket or a sink. The wake-up line is written once, however many
//! orders come before the thread looks.
//!
//! Invariant: what waits of one node stays within [`MeshLimits`].

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use node::ports::mesh::{DeliverySink, MeshCommand, MeshFull, MeshPeer};
use protocol::Incarnation;

use crate::config::MeshLimits;

/// What the thread is told.
pub(crate) enum Order {
    Batch { node: u8, attachment: u64, commands: Vec<MeshCommand> },
    Attach { node: Incarnation, attachment: u64, sink: DeliverySink },
    Detach { node: u8, attachment: u64 },
    Connect(MeshPeer),
    Disconnect(u16),
}

pub(crate) struct Queue {
    limits: MeshLimits,
    state: Mutex<State>,
    line: UnixStream,
    woken: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    orders: Vec<Order>,
    load: BTreeMap<u8, Load>,
    stopped: bool,
}

#[derive(Default)]
struct Load {
    batches: usize,
    bytes: usize,
}

/// The thread's end of the line.
pub(crate) struct Wake {
    line: UnixStream,
    woken: Arc<AtomicBool>,
}

impl Queue {
    pub(crate) fn new(limits: MeshLimits) -> io::Result<(Self, Wake)> {
        let (line, end) = UnixStream::pair()?;
        line.set_nonblocking(true)?;
        end.set_nonblocking(true)?;
        let woken = Arc::new(AtomicBool::new(false));
        let wake = Wake { line: end, woken: Arc::clone(&woken) };
        Ok((Self { limits, state: Mutex::default(), line, woken }, wake))
    }

    /// Puts in a batch of a node, or drops it whole.
    pub(crate) fn submit(&self, node: u8, attachment: u64, commands: Vec<MeshCommand>) -> Result<(), MeshFull> {
        let bytes = commands.iter().map(payload_bytes).sum::<usize>();
        let mut guard = self.lock();
        let state = &mut *guard;
        let load = state.load.entry(node).or_default();
        let full = load.batches >= self.limits.submit_batches || load.bytes >= self.limits.submit_bytes;
        if full || state.stopped {
            return Err(MeshFull);
        }
        load.batches += 1;
        load.bytes += bytes;
        state.orders.push(Order::Batch { node, attachment, commands });
        drop(guard);
        self.wake();
        Ok(())
    }

    /// Puts in what must not be lost. Orders after the stop are let go.
    pub(crate) fn push(&self, order: Order) {
        let mut state = self.lock();
        if !state.stopped {
            state.orders.push(order);
            drop(state);
            self.wake();
        }
    }

    /// Tells the thread to end.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.wake();
    }

    /// Swaps all orders into `into`, which must be empty; false after the stop.
    pub(crate) fn take(&self, into: &mut Vec<Order>) -> bool {
        let mut state = self.lock();
        std::mem::swap(&mut state.orders, into);
        state.load.clear();
        !state.stopped
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            // A full line wakes as well as one more byte, and a closed one has nobody to wake.
            let _ = (&self.line).write(&[0]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake {
    pub(crate) fn fd(&self) -> RawFd {
        self.line.as_raw_fd()
    }

    /// Empties the line. Orders that come from now on write to it again, so the queue must be taken after this.
    pub(crate) fn reset(&self) {
        let mut bytes = [0; 16];
        while matches!((&self.line).read(&mut bytes), Ok(n) if n == bytes.len()) {}
        self.woken.store(false, Ordering::Release);
    }
}

fn payload_bytes(command: &MeshCommand) -> usize {
    match command {
        MeshCommand::Publish { bytes, .. } | MeshCommand::Send { bytes, .. } => bytes.len(),
        MeshCommand::Subscribe { filter } | MeshCommand::Unsubscribe { filter } => filter.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: usize) -> Vec<MeshCommand> {
        vec![MeshCommand::Send { to: Incarnation(1), bytes: vec![0; bytes].into() }]
    }

    #[test]
    fn a_node_that_floods_fills_only_its_own_share() {
        let limits = MeshLimits { submit_batches: 3, submit_bytes: 1000, ..MeshLimits::default() };
        let (queue, _wake) = Queue::new(limits).expect("a pair of sockets");
        for _ in 0..3 {
            assert_eq!(queue.submit(0, 0, words(1)), Ok(()));
        }
        assert_eq!(queue.submit(0, 0, words(1)), Err(MeshFull), "too many batches");
        assert_eq!(queue.submit(1, 1, words(1000)), Ok(()), "another node");
        assert_eq!(queue.submit(1, 1, words(1)), Err(MeshFull), "too many bytes");
        let mut orders = Vec::new();
        assert!(queue.take(&mut orders));
        assert_eq!(orders.len(), 4);
        assert_eq!(queue.submit(0, 0, words(1)), Ok(()), "room again");
    }

    #[test]
    fn after_the_stop_nothing_goes_in() {
        let (queue, _wake) = Queue::new(MeshLimits::default()).expect("a pair of sockets");
        queue.stop();
        queue.push(Order::Disconnect(1));
        assert_eq!(queue.submit(0, 0, words(1)), Err(MeshFull));
        let mut orders = Vec::new();
        assert!(!queue.take(&mut orders));
        assert!(orders.is_empty());
    }

    #[test]
    fn many_orders_write_the_line_once_until_it_is_reset() {
        let (queue, wake) = Queue::new(MeshLimits::default()).expect("a pair of sockets");
        let waiting = || {
            let mut bytes = [0; 100];
            (&wake.line).read(&mut bytes).unwrap_or(0)
        };
        (0..50).for_each(|_| queue.push(Order::Disconnect(1)));
        assert_eq!(waiting(), 1);
        queue.push(Order::Disconnect(1));
        assert_eq!(waiting(), 0);
        wake.reset();
        queue.push(Order::Disconnect(1));
        assert_eq!(waiting(), 1);
    }
}
