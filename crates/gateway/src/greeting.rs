//! The first bytes of a connection where TLS is spoken: which of the two it wants, and the handshake.
//!
//! A client's first message is at most 2 KiB long, so the third byte of its length is 0. A record of TLS begins with 22,
//! 3 and a number from 1 to 4. Three bytes tell one from the other.

use protocol::Code;
use protocol::limits::CLIENT_MESSAGE_BYTES;
use tls::Session;
use tokio::time::timeout;

use crate::connection::{Connection, Ending};
use crate::gateway::Shared;
use crate::limits::GREETING_BYTES;
use crate::reading::read_some;
use crate::refusals::Refusal;
use crate::secure::{self, Tls};

/// Bytes that tell.
const TELLING: usize = 3;

const _: () = assert!(CLIENT_MESSAGE_BYTES < 1 << 16, "the third byte of a first message's length is 0");

/// Waits for the first bytes, and for TLS if they ask for it. Shows `take` what is the client's own of what came, and
/// returns its length on the wire, 0 if there was none.
pub(crate) async fn greet(
    shared: &Shared,
    connection: &Connection,
    tls: &Tls,
    take: impl FnMut(&[u8]),
) -> Result<usize, Ending> {
    match timeout(shared.limits.greeting, greeted(shared, connection, tls, take)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            shared.refuse(Refusal::LateGreeting, connection.whom());
            Err(Ending::Cut)
        }
    }
}

async fn greeted(
    shared: &Shared,
    connection: &Connection,
    tls: &Tls,
    mut take: impl FnMut(&[u8]),
) -> Result<usize, Ending> {
    let mut first = Vec::new();
    while first.len() < TELLING {
        let read = read_some(shared, &connection.stream, |bytes| first.extend_from_slice(bytes)).await;
        let Ok(1..) = read else { return Err(Ending::Gone) };
    }
    shared.tally.count(|c| c.bytes_in += first.len() as u64);
    if is_tls(&first) {
        return secured(shared, connection, tls, &first, take).await;
    }
    if tls.required {
        shared.refuse(Refusal::Plain, connection.whom());
        return Err(Ending::Refused(Code::TlsRequired));
    }
    take(&first);
    Ok(first.len())
}

fn is_tls(first: &[u8]) -> bool {
    matches!(first, [22, 3, 1..=4, ..])
}

async fn secured(
    shared: &Shared,
    connection: &Connection,
    tls: &Tls,
    first: &[u8],
    mut take: impl FnMut(&[u8]),
) -> Result<usize, Ending> {
    let refused = |_| {
        shared.refuse(Refusal::Greeting, connection.whom());
        Ending::Unready
    };
    let session = connection.secure.begin(Session::accept(&tls.identity).map_err(refused)?);
    let (mut seen, mut own) = (first.len(), 0);
    let mut received = secure::receive(shared, session, first, |bytes| {
        own += bytes.len();
        take(bytes);
    });
    loop {
        connection.try_write(shared, &[]).map_err(|_| Ending::Gone)?;
        received.map_err(refused)?;
        if session.borrow().is_ready() {
            shared.tally.count(|c| c.secured += 1);
            return Ok(own);
        }
        if connection.secure.owes() {
            // Its buffer is empty, so a few kilobytes that it does not take mean a client that wants none.
            connection.stream.writable().await.map_err(|_| Ending::Gone)?;
            received = Ok(tls::Received::Open);
            continue;
        }
        let mut outcome = Ok(tls::Received::Open);
        let read = read_some(shared, &connection.stream, |bytes| {
            outcome = secure::receive(shared, session, bytes, |bytes| {
                own += bytes.len();
                take(bytes);
            });
        });
        let Ok(read @ 1..) = read.await else { return Err(Ending::Gone) };
        shared.tally.count(|c| c.bytes_in += read as u64);
        seen += read;
        if seen > GREETING_BYTES {
            shared.refuse(Refusal::Greeting, connection.whom());
            return Err(Ending::Unready);
        }
        received = outcome;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_looks_like_tls_and_no_tls_like_a_message() {
        for length in 0..=CLIENT_MESSAGE_BYTES as u32 {
            assert!(!is_tls(&length.to_le_bytes()), "{length}");
        }
        for version in 1..=4 {
            let length = u32::from_le_bytes([22, 3, version, 0]);
            assert!(is_tls(&[22, 3, version]) && length > CLIENT_MESSAGE_BYTES as u32);
        }
    }
}
