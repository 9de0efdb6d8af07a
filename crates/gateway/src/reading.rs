//! What comes from a client: bytes within its rates, cut into messages, handed on one by one.

use std::io;
use std::task::{self, Waker};

use protocol::limits::CLIENT_MESSAGE_BYTES;
use protocol::{Code, Splitter};
use tls::Received;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::connection::{Connection, Ending};
use crate::event::Event;
use crate::gateway::Shared;
use crate::greeting;
use crate::limits::READ_BYTES;
use crate::rates::Rates;
use crate::refusals::Refusal;
use crate::secure;

/// What is between the bytes of a connection and its messages.
#[derive(Debug)]
pub(crate) struct Reader {
    splitter: Splitter,
    rates: Rates,
    bell: Waker,
    /// Bytes that came together with the greeting and are in the splitter already.
    greeted: usize,
}

impl Reader {
    /// Takes the greeting of a connection, if there is one. What follows is read by [`take_in`].
    pub(crate) async fn open(shared: &Shared, connection: &Connection) -> Result<Self, Ending> {
        let mut splitter = Splitter::new(CLIENT_MESSAGE_BYTES);
        let greeted = match &shared.tls {
            None => 0,
            Some(tls) => greeting::greet(shared, connection, tls, |bytes| splitter.push(bytes)).await?,
        };
        Ok(Self { splitter, rates: Rates::new(&shared.limits), bell: shared.ready.bell(connection.id), greeted })
    }

    /// The next messages: those of the greeting, or those of one read. Returns whether there may be more.
    fn read(&mut self, shared: &Shared, connection: &Connection, into: &mut Vec<Event>) -> Result<More, Ending> {
        let (read, more) = match std::mem::take(&mut self.greeted) {
            0 => {
                let splitter = &mut self.splitter;
                match read_plain(shared, connection, |bytes| splitter.push(bytes)) {
                    Ok(0) | Err(ReadError::Broken) => return Err(Ending::Gone),
                    Ok(read) => (read, if read == READ_BYTES { More::Perhaps } else { More::No }),
                    Err(ReadError::Nothing) => return Ok(More::No),
                }
            }
            greeted => (greeted, More::Perhaps),
        };
        shared.tally.count(|c| c.bytes_in += read as u64);
        self.rates.bytes(read).map_err(|refusal| refuse(shared, connection, refusal))?;
        while let Some(bytes) = self.next_message(shared, connection)? {
            into.push(Event::Message { conn: connection.id, bytes });
        }
        Ok(more)
    }

    fn next_message(&mut self, shared: &Shared, connection: &Connection) -> Result<Option<Vec<u8>>, Ending> {
        let bytes = match self.splitter.next_message() {
            Ok(Some(message)) => message.to_vec(),
            Ok(None) => return Ok(None),
            Err(_) => return Err(refuse(shared, connection, Refusal::Malformed)),
        };
        let (kind, trace) = kind_and_trace(&bytes);
        connection.trace.set(trace);
        self.rates.message(kind).map_err(|refusal| refuse(shared, connection, refusal))?;
        shared.tally.count(|c| c.messages_in += 1);
        Ok(Some(bytes))
    }
}

/// Whether a connection may have more to read at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Perhaps,
    No,
}

/// Why nothing was read.
enum ReadError {
    /// There is nothing now.
    Nothing,
    /// The connection is of no more use.
    Broken,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::WouldBlock { Self::Nothing } else { Self::Broken }
    }
}

/// Reads once of a connection that rang, and puts its messages to the end of `into`. Who has more rings again, behind
/// all others; who has not rings when something comes. A client whose node does not read is slowed by TCP.
pub(crate) fn take_in(shared: &Shared, connection: &Connection, into: &mut Vec<Event>) {
    let mut reader = connection.reader.borrow_mut();
    let Some(reader) = reader.as_mut().filter(|_| !connection.is_ending()) else { return };
    match reader.read(shared, connection, into) {
        Ok(More::Perhaps) => shared.ready.ring(connection.id),
        Ok(More::No) => {
            // Who waits for the bell is asked to ring it at once if something has come since.
            if connection.stream.poll_read_ready(&mut task::Context::from_waker(&reader.bell)).is_ready() {
                shared.ready.ring(connection.id);
            }
        }
        Err(ending) => connection.end(ending),
    }
}

/// As [`try_read`], with TLS taken off. The length is that on the wire.
fn read_plain(shared: &Shared, connection: &Connection, mut take: impl FnMut(&[u8])) -> Result<usize, ReadError> {
    let Some(session) = connection.secure.session() else {
        return Ok(try_read(shared, &connection.stream, take)?);
    };
    let mut received = Ok(Received::Open);
    let read = try_read(shared, &connection.stream, |bytes| {
        received = secure::receive(shared, session, bytes, &mut take);
    })?;
    // An alert or an answer to the other side's; what does not fit now goes before the next write.
    connection.try_write(shared, &[]).map_err(|_| ReadError::Broken)?;
    match received.map_err(|_| ReadError::Broken)? {
        Received::Open => Ok(read),
        Received::Ended => Ok(0),
    }
}

/// Reads and throws away until the client has closed, or has sent `limit` bytes more.
pub(crate) async fn discard(shared: &Shared, stream: &TcpStream, limit: usize) {
    let mut seen = 0;
    while seen < limit {
        match read_some(shared, stream, |_| ()).await {
            Ok(0) | Err(_) => return,
            Ok(read) => seen += read,
        }
    }
}

/// Shows `take` what comes next and returns its length, 0 at the end.
pub(crate) async fn read_some(shared: &Shared, stream: &TcpStream, mut take: impl FnMut(&[u8])) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        match try_read(shared, stream, &mut take) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            outcome => return outcome,
        }
    }
}

/// Shows `take` what is there and returns its length, 0 at the end. One buffer serves all connections.
fn try_read(shared: &Shared, stream: &TcpStream, take: impl FnOnce(&[u8])) -> io::Result<usize> {
    let mut buffer = shared.read_buffer.borrow_mut();
    let read = stream.try_read(&mut buffer)?;
    take(&buffer[..read]);
    if (1..buffer.len()).contains(&read) {
        is_drained(stream);
    }
    Ok(read)
}

/// A read that did not fill its buffer has taken all that there was: the runtime is told, instead of asking the system
/// once more. What has come since is a new event.
fn is_drained(stream: &TcpStream) {
    let drained = || -> io::Result<()> { Err(io::ErrorKind::WouldBlock.into()) };
    // Its error is the word that is meant to be said.
    let _ = stream.try_io(Interest::READABLE, drained);
}

/// What the header of a whole message says of it.
fn kind_and_trace(message: &[u8]) -> (u16, u64) {
    let kind = message.get(4..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u16::from_le_bytes(*bytes));
    let trace = message.get(16..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (kind, trace)
}

fn refuse(shared: &Shared, connection: &Connection, refusal: Refusal) -> Ending {
    shared.refuse(refusal, connection.whom());
    Ending::Refused(if refusal == Refusal::Malformed { Code::BadMessage } else { Code::RateLimited })
}
