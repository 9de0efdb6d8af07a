//! One client's connection on the server: requests run side by side, replies go out as they come.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use protocol::WireError;
use store::{Reply, Store};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::link::Link;
use crate::server::ServerLimits;
use crate::wire::encode_reply;

/// Why a connection ended. Requests that were under way may still be carried out.
#[derive(Debug, Error)]
pub(crate) enum Ended {
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("the client sent garbage: {0}")]
    Garbage(#[from] WireError),
    #[error("the client left a message unfinished or took no replies for too long")]
    Stalled,
}

type Running = FuturesUnordered<Pin<Box<dyn Future<Output = (u64, Reply)> + Send>>>;

/// Serves one client until it goes, misbehaves, or `closing` becomes true; then what is under way is finished.
pub(crate) async fn answer(
    stream: TcpStream,
    store: Arc<dyn Store>,
    limits: ServerLimits,
    mut closing: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let mut link = Link::new(stream)?;
    let mut running = Running::new();
    loop {
        let closed = *closing.borrow_and_update();
        if closed && running.is_empty() && link.unsent() == 0 {
            return Ok(());
        }
        let room = !closed && start_requests(&mut link, &store, &mut running, limits)?;
        let stalled = link.stalled_since().map(|since| since + limits.stall);
        tokio::select! {
            moved = link.transfer(room) => moved?,
            Some((id, reply)) = running.next() => send_reply(&mut link, id, &reply),
            // The server itself going away counts as closing, too.
            result = closing.changed(), if !closed => if result.is_err() { return Ok(()) },
            () = sleep_until(stalled.unwrap_or_else(Instant::now)), if stalled.is_some() => return Err(Ended::Stalled),
        }
    }
}

/// Starts the requests that have come whole; whether there is room for more.
fn start_requests(
    link: &mut Link,
    store: &Arc<dyn Store>,
    running: &mut Running,
    limits: ServerLimits,
) -> Result<bool, WireError> {
    while running.len() < limits.in_flight && link.unsent() < limits.unsent_bytes {
        match link.next_message(|message| message.request())? {
            None => return Ok(true),
            Some((id, None)) => send_reply(link, id, &Reply::NotApplied),
            Some((id, Some(request))) => {
                let store = Arc::clone(store);
                running.push(Box::pin(async move { (id, store.execute(request).await) }));
            }
        }
    }
    Ok(false)
}

fn send_reply(link: &mut Link, id: u64, reply: &Reply) {
    match encode_reply(id, reply) {
        Ok(bytes) => link.send(&bytes),
        Err(error) => {
            // Only a document that came into the store by another way can be too large to be read by this one.
            tracing::error!(%error, "a reply cannot be sent");
            if let Ok(bytes) = encode_reply(id, &Reply::Unknown) {
                link.send(&bytes);
            }
        }
    }
}
