//! What comes from a client: bytes within its rates, cut into messages, handed on one by one.

use std::io;

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

/// Reads until the client goes or is to go. When the node's queue is full this waits, and TCP slows the client.
pub(crate) async fn read(shared: &Shared, connection: &Connection) -> Ending {
    let conn = connection.id;
    let mut splitter = Splitter::new(CLIENT_MESSAGE_BYTES);
    let greeted = match &shared.tls {
        None => 0,
        Some(tls) => match greeting::greet(shared, connection, tls, |bytes| splitter.push(bytes)).await {
            Ok(read) => read,
            Err(ending) => return ending,
        },
    };
    connection.opened.set(true);
    shared.tell(Event::Opened { conn }).await;
    let mut rates = Rates::new(&shared.limits);
    // What came together with the greeting is read like the rest.
    let mut read = greeted;
    loop {
        if read == 0 {
            match read_plain(shared, connection, |bytes| splitter.push(bytes)).await {
                Ok(some @ 1..) => read = some,
                Ok(0) | Err(_) => return Ending::Gone,
            }
            shared.tally.count(|c| c.bytes_in += read as u64);
        }
        if let Err(refusal) = rates.bytes(read) {
            return refuse(shared, connection, refusal);
        }
        loop {
            let bytes = match splitter.next_message() {
                Ok(Some(message)) => message.to_vec(),
                Ok(None) => break,
                Err(_) => return refuse(shared, connection, Refusal::Malformed),
            };
            let (kind, trace) = kind_and_trace(&bytes);
            connection.trace.set(trace);
            if let Err(refusal) = rates.message(kind) {
                return refuse(shared, connection, refusal);
            }
            shared.tally.count(|c| c.messages_in += 1);
            shared.tell(Event::Message { conn, bytes }).await;
        }
        if read == READ_BYTES {
            // There is more: let the others have their turn.
            tokio::task::yield_now().await;
        }
        read = 0;
    }
}

/// As [`read_some`], with TLS taken off. The length is that on the wire.
async fn read_plain(shared: &Shared, connection: &Connection, mut take: impl FnMut(&[u8])) -> io::Result<usize> {
    let Some(session) = connection.secure.session() else {
        return read_some(shared, &connection.stream, take).await;
    };
    let mut received = Ok(Received::Open);
    let read = read_some(shared, &connection.stream, |bytes| {
        received = secure::receive(shared, session, bytes, &mut take);
    });
    let read = read.await?;
    // An alert or an answer to the other side's; what does not fit now goes before the next write.
    connection.try_write(shared, &[])?;
    match received? {
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

/// Shows `take` what comes next and returns its length, 0 at the end. One buffer serves all connections.
pub(crate) async fn read_some(shared: &Shared, stream: &TcpStream, take: impl FnOnce(&[u8])) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        let mut buffer = shared.read_buffer.borrow_mut();
        match stream.try_read(&mut buffer) {
            Ok(read) => {
                take(&buffer[..read]);
                if (1..buffer.len()).contains(&read) {
                    is_drained(stream);
                }
                return Ok(read);
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
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
