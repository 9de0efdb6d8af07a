//! The server: accepts clients within its limits, and gives each a task of its own.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::answering::{Ended, answer};

/// The pause after an accept failed: the process is out of descriptors, and waiting is all that helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a client's machine may be silent before the connection is probed, so that dead ones do not keep places.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);

/// What one server puts up with.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Clients at a time; more are closed at once. Default 256, a few for each process of a cluster.
    pub clients: usize,
    /// Requests of one client under way; more are not read yet. Default 256.
    pub in_flight: usize,
    /// Bytes of replies that a client has not taken; beyond, its requests are not read. Default 4 MiB.
    pub unsent_bytes: usize,
    /// How long a client may leave a message unfinished, or take nothing. Default 10 s; then it is closed.
    pub stall: Duration,
    /// How long a stopping server finishes what is under way. Default 1 s.
    pub farewell: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            clients: 256,
            in_flight: 256,
            unsent_bytes: 4 * 1024 * 1024,
            stall: Duration::from_secs(10),
            farewell: Duration::from_secs(1),
        }
    }
}

/// Serves a store to other processes.
#[derive(Debug)]
pub struct SharedStoreServer;

impl SharedStoreServer {
    /// Serves `store` with the default limits until `shutdown` is ready.
    pub async fn serve(listener: TcpListener, store: Arc<dyn Store>, shutdown: impl Future<Output = ()>) {
        Self::serve_within(ServerLimits::default(), listener, store, shutdown).await;
    }

    /// Serves `store` until `shutdown` is ready, then finishes what is under way.
    ///
    /// When the future is dropped instead, all connections break at once.
    pub async fn serve_within(
        limits: ServerLimits,
        listener: TcpListener,
        store: Arc<dyn Store>,
        shutdown: impl Future<Output = ()>,
    ) {
        let (close, closing) = watch::channel(false);
        let mut clients = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = clients.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((_, peer)) if clients.len() >= limits.clients => {
                        tracing::warn!(%peer, limit = limits.clients, "too many clients of the store; closed");
                    }
                    Ok((stream, peer)) => {
                        tracing::debug!(%peer, "a client of the store");
                        probe(&stream);
                        let answering = answer(stream, Arc::clone(&store), limits, closing.clone());
                        clients.spawn(async move { report(peer, answering.await) });
                    }
                    Err(error) => {
                        tracing::error!(%error, "the store cannot accept a client");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        close.send_replace(true);
        let finished = timeout(limits.farewell, async { while clients.join_next().await.is_some() {} }).await;
        if finished.is_err() {
            tracing::warn!(clients = clients.len(), "clients of the store were cut off while being answered");
        }
    }
}

fn probe(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&keepalive) {
        tracing::debug!(%error, "a client's connection is not probed");
    }
}

fn report(peer: std::net::SocketAddr, ended: Result<(), Ended>) {
    match ended {
        Ok(()) => tracing::debug!(%peer, "a client of the store was let go"),
        Err(Ended::Broken(error)) => tracing::debug!(%peer, %error, "a client of the store went"),
        Err(ended) => tracing::warn!(%peer, %ended, "a client of the store was closed"),
    }
}
