//! Servers that run, stop and hang, and documents for them.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use store::{Document, Key, MemoryStore, Pending, Reply, Request, Store};
use store_shared::{ServerLimits, SharedStore, SharedStoreConfig, SharedStoreServer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(store: Arc<dyn Store>) -> Self {
        Self::start_at(any_port(), store, ServerLimits::default()).await
    }

    /// Starts on an address that a former server may have used.
    pub async fn start_at(address: SocketAddr, store: Arc<dyn Store>, limits: ServerLimits) -> Self {
        let listener = listen(address);
        let address = listener.local_addr().expect("a bound address");
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let task = tokio::spawn(SharedStoreServer::serve_within(limits, listener, store, shutdown));
        Self { address, stop, task }
    }

    /// Ends it as a kill would: all connections break.
    pub async fn kill(self) -> SocketAddr {
        self.task.abort();
        assert!(self.task.await.is_err());
        self.address
    }

    /// Stops it gracefully.
    pub async fn stop(self) {
        self.stop.send(()).expect("it runs");
        self.task.await.expect("it ends well");
    }
}

pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(address).expect("a free port");
    socket.listen(64).expect("a listener")
}

/// A client whose deadline no busy machine will meet.
pub fn client(address: SocketAddr) -> SharedStore {
    client_within(Duration::from_secs(15), address)
}

/// A client whose deadline is to be met.
pub fn client_within(deadline: Duration, address: SocketAddr) -> SharedStore {
    SharedStore::new(SharedStoreConfig { deadline, ..SharedStoreConfig::new(address.to_string()) })
}

pub fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

pub fn key(name: impl Display) -> Key {
    Key::new("avatar", name)
}

pub fn get(name: impl Display) -> Request {
    Request::Get { key: key(name) }
}

pub fn insert(name: impl Display) -> Request {
    Request::Insert { key: key(name), document: Document::new(1, &json!({"n": 1})).expect("an object") }
}

/// Carries out everything and answers nothing.
#[derive(Debug, Default)]
pub struct Silent(pub MemoryStore);

impl Store for Silent {
    fn execute(&self, request: Request) -> Pending<'_> {
        drop(self.0.apply(request));
        Box::pin(std::future::pending::<Reply>())
    }
}

/// Answers after a while.
#[derive(Debug)]
pub struct Slow(pub MemoryStore, pub Duration);

impl Store for Slow {
    fn execute(&self, request: Request) -> Pending<'_> {
        Box::pin(async move {
            tokio::time::sleep(self.1).await;
            self.0.apply(request)
        })
    }
}
