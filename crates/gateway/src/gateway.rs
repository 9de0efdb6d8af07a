//! The gateway of a node: the table of connections, the queue to the node's loop, and the door.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use node::ConnId;
use protocol::Code;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::connection::{Connection, Ending, turn_away};
use crate::counters::{Counters, Tally};
use crate::crowd::{Crowd, NoRoom, Origin};
use crate::event::{Event, Written};
use crate::limits::{ACCEPT_PAUSE, BACKLOG, FAREWELLS, Limits, READ_BYTES};
use crate::listener::Listener;
use crate::reading;
use crate::ready::Ready;
use crate::refusals::{Refusal, Refusals, Whom};
use crate::secure::Tls;

/// Takes clients for one node. Dropping it closes the door; the connections end with the `LocalSet` that it was opened
/// in.
#[derive(Debug)]
pub struct Gateway {
    shared: Rc<Shared>,
    events: mpsc::Receiver<Event>,
    door: JoinHandle<()>,
}

/// What the tasks of a gateway share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) tls: Option<Tls>,
    pub(crate) tally: Tally,
    refusals: Refusals,
    began: Instant,
    pub(crate) read_buffer: RefCell<Box<[u8]>>,
    pub(crate) write_buffer: RefCell<Vec<u8>>,
    events: mpsc::Sender<Event>,
    pub(crate) ready: Arc<Ready>,
    connections: RefCell<HashMap<ConnId, Rc<Connection>>>,
    crowd: RefCell<Crowd>,
    last_conn: Cell<u64>,
    farewells: Cell<usize>,
    emptied: Notify,
    shut: Notify,
}

impl Gateway {
    /// Opens the door.
    ///
    /// # Errors
    /// The runtime cannot take in the listener.
    ///
    /// # Panics
    /// Outside of a tokio `LocalSet` with I/O and time.
    pub fn open(mut listener: Listener, limits: Limits) -> io::Result<Self> {
        let tls = listener.tls.take();
        let listener = listener.into_tokio()?;
        let (sender, events) = mpsc::channel(limits.events.max(1));
        let shared = Rc::new(Shared {
            limits,
            tls,
            tally: Tally::default(),
            refusals: Refusals::default(),
            began: Instant::now(),
            read_buffer: RefCell::new(vec![0; READ_BYTES].into()),
            write_buffer: RefCell::default(),
            events: sender,
            ready: Arc::default(),
            connections: RefCell::default(),
            crowd: RefCell::default(),
            last_conn: Cell::new(0),
            farewells: Cell::new(0),
            emptied: Notify::new(),
            shut: Notify::new(),
        });
        let door = tokio::task::spawn_local(Rc::clone(&shared).accept(listener));
        Ok(Self { shared, events, door })
    }

    /// Waits for events and moves about `limit` of them to the end of `into`, as [`Self::try_events`] does. Dropping the
    /// future loses none.
    pub async fn events(&mut self, into: &mut Vec<Event>, limit: usize) {
        let before = into.len();
        // Who rings may have nothing whole to say.
        while into.len() == before {
            tokio::select! {
                biased;
                _ = self.events.recv_many(into, limit) => {}
                () = self.shared.ready.heard() => {}
            }
            self.try_events(into, limit.saturating_sub(into.len() - before));
        }
    }

    /// Moves events that are there to the end of `into`: up to `limit`, and what came in the same read as the last.
    pub fn try_events(&mut self, into: &mut Vec<Event>, limit: usize) {
        let full = into.len() + limit;
        // First who has come: messages follow the news of their connection.
        while into.len() < full {
            let Ok(event) = self.events.try_recv() else { break };
            into.push(event);
        }
        while into.len() < full {
            let Some(conn) = self.shared.ready.next() else { return };
            let connection = self.shared.connections.borrow().get(&conn).cloned();
            connection.into_iter().for_each(|connection| reading::take_in(&self.shared, &connection, into));
        }
    }

    /// Writes to a client in one go; see [`node::Effect::Write`]. Never waits.
    pub fn write(&self, conn: ConnId, control: &[u8], frames: &[u8], parts: &[Arc<[u8]>]) -> Written {
        let connection = self.shared.connections.borrow().get(&conn).cloned();
        connection.map_or(Written::Gone, |connection| connection.write(&self.shared, control, frames, parts))
    }

    /// Closes a connection after its last write. No event of it follows but those that are in the queue already.
    pub fn close(&self, conn: ConnId) {
        if let Some(connection) = self.shared.connections.borrow().get(&conn) {
            connection.end(Ending::Closed);
        }
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let connections = self.shared.crowd.borrow().len() as u64;
        Counters { connections, ..self.shared.tally.read() }
    }

    /// Lets in who stands at the door, then accepts nobody any more and gives the port back. Whoever the system had let
    /// connect already is so told why, instead of being cut off.
    pub fn shut_the_door(&self) {
        self.shared.shut.notify_one();
    }

    /// Whether the door still stands open. It closes by [`Self::shut_the_door`] only.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.door.is_finished()
    }

    /// Waits until no connection is left. A connection that was closed is gone within three seconds, whatever its
    /// client does; events that nobody takes off the queue delay it.
    pub async fn emptied(&self) {
        while self.shared.crowd.borrow().len() > 0 {
            self.shared.emptied.notified().await;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.door.abort();
    }
}

impl Shared {
    /// Puts an event into the queue as soon as there is room.
    pub(crate) async fn tell(&self, event: Event) {
        // The queue closes when the gateway is dropped; nobody wants to know any more.
        let _ = self.events.send(event).await;
    }

    /// Bytes kept for all clients.
    pub(crate) fn pending_total(&self) -> usize {
        usize::try_from(self.tally.read().pending_bytes).unwrap_or(usize::MAX)
    }

    async fn accept(self: Rc<Self>, listener: TcpListener) {
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                () = self.shut.notified() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => {
                    failing = false;
                    self.admit(stream, address);
                }
                // The client was gone before we came.
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "clients cannot be accepted; trying again until it goes");
                    }
                    tokio::select! {
                        () = self.shut.notified() => break,
                        () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                    }
                }
            }
        }
        if let Err(error) = self.admit_the_last(listener) {
            tracing::debug!(%error, "some who stood at the door were cut off");
        }
    }

    /// Asks the system itself who still waits; the runtime may not have heard of them yet.
    fn admit_the_last(self: &Rc<Self>, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        for _ in 0..BACKLOG {
            match listener.accept() {
                Ok((stream, address)) => {
                    stream.set_nonblocking(true)?;
                    self.admit(TcpStream::from_std(stream)?, address);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn admit(self: &Rc<Self>, stream: TcpStream, address: SocketAddr) {
        // One write a tick is one packet; Nagle would hold it back. A failure costs time, not correctness.
        let _ = stream.set_nodelay(true);
        let origin = Origin::of(address.ip());
        let entered = self.crowd.borrow_mut().enter(self.began.elapsed(), origin, &self.limits);
        match entered {
            Ok(()) => {
                let id = ConnId(self.last_conn.get() + 1);
                self.last_conn.set(id.0);
                self.tally.count(|c| c.accepted += 1);
                let connection = Rc::new(Connection::new(id, stream, origin));
                self.connections.borrow_mut().insert(id, Rc::clone(&connection));
                tokio::task::spawn_local(connection.serve(Rc::clone(self)));
            }
            Err(no_room) => {
                let (refusal, code) = match no_room {
                    NoRoom::Full => (Refusal::Full, Code::Full),
                    NoRoom::Address => (Refusal::Address, Code::RateLimited),
                    NoRoom::Arrivals => (Refusal::Arrivals, Code::RateLimited),
                };
                self.refuse(refusal, Whom { origin, conn: None, trace: 0 });
                self.turn_away(stream, code);
            }
        }
    }

    /// Counts a refusal, and logs it now and then.
    pub(crate) fn refuse(&self, refusal: Refusal, whom: Whom) {
        self.tally.count(|c| refusal.count(c));
        self.refusals.note(refusal, whom);
    }

    fn turn_away(self: &Rc<Self>, stream: TcpStream, code: Code) {
        if self.farewells.get() >= FAREWELLS {
            return;
        }
        self.farewells.set(self.farewells.get() + 1);
        let shared = Rc::clone(self);
        tokio::task::spawn_local(async move {
            turn_away(&shared, &stream, code).await;
            shared.farewells.set(shared.farewells.get() - 1);
        });
    }

    /// Takes a connection out of the table.
    pub(crate) fn release(&self, connection: &Connection) {
        let left = connection.abandon();
        self.tally.count(|c| c.pending_bytes -= left as u64);
        self.connections.borrow_mut().remove(&connection.id);
        self.crowd.borrow_mut().leave(connection.origin);
        self.emptied.notify_waiters();
    }
}
