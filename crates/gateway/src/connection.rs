//! One connection: written to and read from the node's loop, with a task for its greeting and its end, and a task that
//! drains while the client is behind.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::io;
use std::net::Shutdown;
use std::rc::Rc;
use std::sync::Arc;

use node::ConnId;
use protocol::Code;
use protocol::client::{Closing, ToClient};
use protocol::envelope::Context;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::crowd::Origin;
use crate::event::{Event, Written};
use crate::gateway::Shared;
use crate::limits::{FLUSH, LINGER, LINGER_BYTES};
use crate::outgoing::{Outgoing, Overflow};
use crate::reading::{self, Reader};
use crate::refusals::{Refusal, Whom};
use crate::secure::{self, Secure};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The node closed it: what is kept is still sent.
    Closed,
    /// The gateway closes it, and says why.
    Refused(Code),
    /// The client went.
    Gone,
    /// It is cut without a word: it broke, or its client does not read.
    Cut,
    /// It never got as far as its first message: what TLS itself has to say is still sent.
    Unready,
}

/// A connection in the table.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnId,
    pub(crate) stream: TcpStream,
    pub(crate) origin: Origin,
    pub(crate) secure: Secure,
    /// The trace of its last message, for logs.
    pub(crate) trace: Cell<u64>,
    /// How it is read, once it is open.
    pub(crate) reader: RefCell<Option<Reader>>,
    outgoing: RefCell<Outgoing>,
    ending: Cell<Option<Ending>>,
    ends: Notify,
}

impl Connection {
    pub(crate) fn new(id: ConnId, stream: TcpStream, origin: Origin) -> Self {
        let (outgoing, ending, ends) = (RefCell::default(), Cell::new(None), Notify::new());
        let (secure, trace, reader) = (Secure::default(), Cell::new(0), RefCell::new(None));
        Self { id, stream, origin, secure, trace, reader, outgoing, ending, ends }
    }

    /// Who it is, for logs.
    pub(crate) fn whom(&self) -> Whom {
        Whom { origin: self.origin, conn: Some(self.id), trace: self.trace.get() }
    }

    /// Whether its end has begun.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.get().is_some()
    }

    /// Begins the end, unless it has begun.
    pub(crate) fn end(&self, ending: Ending) {
        if self.ending.get().is_some() {
            return;
        }
        self.ending.set(Some(ending));
        if ending == Ending::Cut {
            // Wakes whoever waits on the socket; that it may be closed already does not matter.
            let _ = SockRef::from(&self.stream).shutdown(Shutdown::Both);
        }
        self.ends.notify_one();
    }

    /// Lets go of the socket and of what is kept. Returns how many bytes that was.
    pub(crate) fn abandon(&self) -> usize {
        // Wakes a task that still drains; that the socket may be closed already does not matter.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Both);
        let mut outgoing = self.outgoing.borrow_mut();
        let left = outgoing.rest().len();
        outgoing.took(left);
        left + self.secure.forget()
    }

    /// Writes from the node's loop: one system call, if the client keeps up.
    pub(crate) fn write(
        self: &Rc<Self>,
        shared: &Rc<Shared>,
        control: &[u8],
        frames: &[u8],
        parts: &[Arc<[u8]>],
    ) -> Written {
        if self.ending.get().is_some() {
            return Written::Gone;
        }
        match self.put(shared, control, frames, parts) {
            Ok(written) => written,
            Err(Overflow) => {
                shared.refuse(Refusal::Overflow, self.whom());
                self.end(Ending::Cut);
                Written::Gone
            }
        }
    }

    fn put(
        self: &Rc<Self>,
        shared: &Rc<Shared>,
        control: &[u8],
        frames: &[u8],
        parts: &[Arc<[u8]>],
    ) -> Result<Written, Overflow> {
        let has_frames = !frames.is_empty() || !parts.is_empty();
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.is_behind() {
            outgoing.add_control(control, &shared.limits, shared.pending_total())?;
            shared.tally.count(|c| c.pending_bytes += control.len() as u64);
            return Ok(if has_frames { drop_frames(shared, &mut outgoing) } else { Written::Taken });
        }
        let mut buffer = shared.write_buffer.borrow_mut();
        buffer.clear();
        buffer.extend_from_slice(control);
        buffer.extend_from_slice(frames);
        parts.iter().for_each(|part| buffer.extend_from_slice(part));
        let Ok(taken) = self.try_write(shared, &buffer) else {
            drop(outgoing);
            shared.tally.count(|c| c.broken += 1);
            self.end(Ending::Cut);
            return Ok(Written::Gone);
        };
        if taken == buffer.len() && !self.secure.owes() {
            return Ok(Written::Taken);
        }
        // A message that was begun must be finished; frames that were not begun are dropped.
        let begun = taken > control.len() || !has_frames;
        let rest = if begun { &buffer[taken..] } else { &buffer[taken..control.len()] };
        outgoing.fall_behind(rest, &shared.limits, shared.pending_total())?;
        shared.tally.count(|c| c.pending_bytes += rest.len() as u64);
        tokio::task::spawn_local(Rc::clone(self).drain(Rc::clone(shared)));
        Ok(if begun { Written::Taken } else { drop_frames(shared, &mut outgoing) })
    }

    /// Waits for the client to take what is kept. Runs only while a connection is behind.
    async fn drain(self: Rc<Self>, shared: Rc<Shared>) {
        match timeout(shared.limits.stuck, self.push_all(&shared)).await {
            Ok(Ok(())) => {
                let told = self.outgoing.borrow_mut().catch_up();
                if told && self.ending.get().is_none() {
                    shared.tell(Event::Drained { conn: self.id }).await;
                }
            }
            Ok(Err(_)) => {
                shared.tally.count(|c| c.broken += 1);
                self.end(Ending::Cut);
            }
            Err(_) => {
                shared.refuse(Refusal::Stuck, self.whom());
                self.end(Ending::Cut);
            }
        }
    }

    /// Gives the socket what is kept until nothing is left.
    async fn push_all(&self, shared: &Shared) -> io::Result<()> {
        loop {
            self.stream.writable().await?;
            let mut outgoing = self.outgoing.borrow_mut();
            if !outgoing.rest().is_empty() || self.secure.owes() {
                let taken = self.try_write(shared, outgoing.rest())?;
                shared.tally.count(|c| c.pending_bytes -= taken as u64);
                outgoing.took(taken);
            }
            if outgoing.rest().is_empty() && !self.secure.owes() {
                return Ok(());
            }
        }
    }

    /// Bytes that the socket took, or TLS sealed, 0 if none are taken now.
    pub(crate) fn try_write(&self, shared: &Shared, bytes: &[u8]) -> io::Result<usize> {
        match self.secure.session() {
            None => try_write(shared, &self.stream, bytes),
            Some(session) => secure::write(shared, &self.stream, session, bytes),
        }
    }

    /// The life of a connection, from its first byte to its last.
    pub(crate) async fn serve(self: Rc<Self>, shared: Rc<Shared>) {
        let _seat = Seat { shared: &shared, connection: &self };
        tokio::select! {
            biased;
            () = self.ends.notified() => {}
            ending = self.open(&shared) => self.end(ending),
        }
        match self.ending.get().unwrap_or(Ending::Gone) {
            Ending::Closed => self.part(&shared).await,
            Ending::Refused(code) => {
                tracing::debug!(conn = self.id.0, code = code.label(), "a connection was closed by the gateway");
                // Who has no room left for this message is cut without it.
                let said = self.put(&shared, &closing(code), &[], &[]);
                self.tell_closed(&shared).await;
                if said.is_ok() {
                    self.part(&shared).await;
                }
            }
            Ending::Gone | Ending::Cut => self.tell_closed(&shared).await,
            Ending::Unready => self.part(&shared).await,
        }
    }

    /// Takes the greeting, tells the node and rings for the first time: from then on the node's loop reads. Returns only
    /// if it comes to nothing.
    async fn open(&self, shared: &Shared) -> Ending {
        let reader = match Reader::open(shared, self).await {
            Ok(reader) => reader,
            Err(ending) => return ending,
        };
        self.reader.replace(Some(reader));
        shared.tell(Event::Opened { conn: self.id }).await;
        shared.ready.ring(self.id);
        pending().await
    }

    async fn tell_closed(&self, shared: &Shared) {
        if self.reader.borrow().is_some() {
            shared.tell(Event::Closed { conn: self.id }).await;
        }
    }

    /// Sends what is kept and closes in a way that lets the client read it.
    async fn part(&self, shared: &Shared) {
        let sent = async {
            self.push_all(shared).await?;
            self.secure.close(shared)?;
            self.push_all(shared).await
        };
        if let Ok(Ok(())) = timeout(FLUSH, sent).await {
            linger(shared, &self.stream).await;
        }
    }
}

/// Turns a stranger away and says why.
pub(crate) async fn turn_away(shared: &Shared, stream: &TcpStream, code: Code) {
    let sent = async {
        stream.writable().await?;
        try_write(shared, stream, &closing(code))
    };
    if let Ok(Ok(_)) = timeout(FLUSH, sent).await {
        linger(shared, stream).await;
    }
}

/// Closes our side, then reads what the client still sends: a socket that is closed with unread bytes takes back
/// what it has sent.
async fn linger(shared: &Shared, stream: &TcpStream) {
    if SockRef::from(stream).shutdown(Shutdown::Write).is_ok() {
        // Whether the client closed in time or not, the socket goes now.
        let _ = timeout(LINGER, reading::discard(shared, stream, LINGER_BYTES)).await;
    }
}

fn drop_frames(shared: &Shared, outgoing: &mut Outgoing) -> Written {
    outgoing.dropped_frames();
    shared.tally.count(|c| c.blocked += 1);
    Written::Blocked
}

/// Bytes that the socket took, 0 if it takes none now.
pub(crate) fn try_write(shared: &Shared, stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.try_write(bytes) {
        Ok(taken) => {
            shared.tally.count(|c| {
                c.writes += 1;
                c.bytes_out += taken as u64;
            });
            Ok(taken)
        }
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(0),
        Err(e) => Err(e),
    }
}

fn closing(code: Code) -> Vec<u8> {
    let retry_after_ms = match code {
        Code::RateLimited | Code::Full => 2_000,
        _ => 0,
    };
    let message = Closing { code: code as u16, meaning: code.meaning() as u8, retry_after_ms };
    let mut bytes = Vec::new();
    ToClient::Closing(message).encode(Context::default(), &mut bytes);
    bytes
}

/// A connection's place in the table, given back however its task ends.
struct Seat<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.shared.release(self.connection);
    }
}
