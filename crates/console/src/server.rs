//! The console itself: binding its address, its routes, and its orderly end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::feed::Feed;
use crate::guard::{self, HostRule};
use crate::limits::SHUTDOWN_GRACE;
use crate::listener::Bounded;
use crate::live::{self, Pulse};
use crate::snapshot::{Snapshot, Source};
use crate::{assets, metrics};

/// A console that has its address and serves once [`Console::serve`] runs.
pub struct Console {
    listener: TcpListener,
    addr: SocketAddr,
    hosts: HostRule,
    source: Arc<dyn Source>,
}

/// Why there is no console. Nothing is left behind.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// Another program has the port.
    #[error("the map cannot listen on {addr}: the port is in use; stop who holds it or choose another address")]
    InUse {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The system refused the address.
    #[error("the map cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Serving ended by itself.
    #[error("the map on {addr} stopped: {source}")]
    Serve {
        /// The address served.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// What the routes share.
pub(crate) struct Shared {
    pub(crate) feed: Feed,
    pub(crate) pulse: Pulse,
    pub(crate) closing: watch::Sender<bool>,
}

impl Console {
    /// Takes the address (port 0: any free port, see [`Console::addr`]). Serves nobody yet.
    ///
    /// # Errors
    /// The port is in use, or the system refuses the address.
    pub fn bind(addr: SocketAddr, source: Arc<dyn Source>) -> Result<Self, ConsoleError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ConsoleError::InUse { addr },
            _ => ConsoleError::Listen { addr, source },
        };
        let listener = TcpListener::bind(addr).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, addr, hosts: HostRule::default(), source })
    }

    /// Also answers to these host names, besides loopback.
    #[must_use]
    pub fn with_hosts(mut self, hosts: HostRule) -> Self {
        self.hosts = hosts;
        self
    }

    /// The address that it has.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` completes, then says goodbye to the watchers and waits for open answers at most
    /// [`SHUTDOWN_GRACE`]. Must run inside a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// The system takes the listener away.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ConsoleError> {
        let addr = self.addr;
        let ended = |source| ConsoleError::Serve { addr, source };
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(ended)?;
        let closing = watch::Sender::new(false);
        let mut closed = closing.subscribe();
        let shared = Arc::new(Shared { feed: Feed::new(self.source), pulse: Pulse::new(), closing });
        let server = axum::serve(Bounded::new(listener), routes(&shared, self.hosts))
            .with_graceful_shutdown(async move {
                let _ = closed.wait_for(|closing| *closing).await;
            })
            .into_future();
        let mut server = std::pin::pin!(server);
        tokio::select! {
            served = &mut server => return served.map_err(ended),
            () = shared.pulse.beat(&shared.feed) => {}
            () = shutdown => {}
        }
        shared.closing.send_replace(true);
        let quiet = async {
            shared.pulse.deserted().await;
            server.await
        };
        timeout(SHUTDOWN_GRACE, quiet).await.unwrap_or(Ok(())).map_err(ended)
    }
}

fn routes(shared: &Arc<Shared>, hosts: HostRule) -> Router {
    assets::routes()
        .route("/api/snapshot", get(snapshot))
        .route("/api/terrain", get(terrain))
        .route("/live", get(live::live))
        .route("/metrics", get(prometheus))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not found\n") })
        .layer(middleware::from_fn_with_state(Arc::new(hosts), guard::protect))
        .with_state(Arc::clone(shared))
}

async fn snapshot(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot: Arc<Snapshot> = shared.feed.snapshot();
    ([(CACHE_CONTROL, "no-store")], Json(&*snapshot)).into_response()
}

async fn terrain(State(shared): State<Arc<Shared>>) -> Response {
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")];
    match tokio::task::spawn_blocking(move || shared.feed.terrain()).await {
        Ok(bytes) => (headers, bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, "the terrain could not be drawn");
            (StatusCode::INTERNAL_SERVER_ERROR, "the terrain could not be drawn\n").into_response()
        }
    }
}

async fn prometheus(State(shared): State<Arc<Shared>>) -> Response {
    let page = metrics::render(&shared.feed.snapshot(), shared.pulse.watchers());
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE), (CACHE_CONTROL, "no-store")], page).into_response()
}
