//! A stand-in of a Couchbase cluster's KV service: real TCP, the real protocol, documents in memory, and faults.
//!
//! It is what the official SDK needs to find its way in and to read and write whole documents, with durable writes that
//! are pending for a while. It is no Couchbase: no other service, no replica, no disk, no snappy, no expiry. Documents
//! outlive [`StandIn::kill`], as they would on a disk.
//!
//! Invariant: what it answers is true of [`StandIn::history`], but for the faults that it was asked for.

mod auth;
mod config;
mod connection;
mod documents;
mod faults;
pub mod packet;
pub mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use auth::User;
pub use documents::{Documents, Written};
pub use faults::{Fate, Met, PASSING};

use config::Map;

/// The bucket that every stand-in has.
pub const BUCKET: &str = "world";
/// The collection besides the default one, as scope and name, and its number.
pub const COLLECTION: (&str, &str, u32) = ("game", "documents", 9);
/// The one user's name and password.
pub const USER: (&str, &str) = ("tombolo", "swordfish");

/// How a stand-in is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub nodes: usize,
    /// The port of the first node; the others have the next ones. 0: any free ones.
    pub port: u16,
    /// How long a durable write is pending.
    pub sync: Duration,
    pub tls: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { nodes: 1, port: 0, sync: Duration::ZERO, tls: false }
    }
}

type Decide = Box<dyn FnMut(&Met) -> Fate + Send>;

/// What the nodes share.
struct Shared {
    user: User,
    setup: Setup,
    map: Mutex<Map>,
    documents: Mutex<BTreeMap<u32, Documents>>,
    decide: Mutex<Decide>,
    met: Mutex<BTreeMap<String, usize>>,
    /// Durability levels that were asked for, as numbers; 0 for none.
    levels: Mutex<BTreeMap<u8, usize>>,
    /// True for nodes that accept and say nothing.
    frozen: Vec<watch::Sender<bool>>,
    connections: AtomicUsize,
}

/// A running stand-in. Dropping it ends it, and fails the test if it was asked for what a client of ours never asks for.
pub struct StandIn {
    shared: Arc<Shared>,
    nodes: Vec<Option<JoinSet<()>>>,
}

impl StandIn {
    pub async fn start() -> Self {
        Self::start_as(Setup::default()).await
    }

    pub async fn start_as(setup: Setup) -> Self {
        let port = |node: usize| match setup.port {
            0 => 0,
            first => first + u16::try_from(node).expect("few nodes"),
        };
        let listeners: Vec<TcpListener> =
            (0..setup.nodes).map(|node| listen(SocketAddr::from(([127, 0, 0, 1], port(node))))).collect();
        let ports = listeners.iter().map(|listener| listener.local_addr().expect("bound").port()).collect();
        let shared = Arc::new(Shared {
            user: User { name: USER.0.into(), password: USER.1.into() },
            setup,
            map: Mutex::new(Map::new(ports, setup.tls)),
            documents: Mutex::new(BTreeMap::from([(0, Documents::default()), (COLLECTION.2, Documents::default())])),
            decide: Mutex::new(Box::new(|_| Fate::Serve)),
            met: Mutex::default(),
            levels: Mutex::default(),
            frozen: (0..setup.nodes).map(|_| watch::channel(false).0).collect(),
            connections: AtomicUsize::new(0),
        });
        let nodes = listeners.into_iter().enumerate();
        let nodes =
            nodes.map(|(node, listener)| Some(connection::serve(Arc::clone(&shared), node, listener))).collect();
        Self { shared, nodes }
    }

    /// How it is reached: by all of its nodes.
    pub fn connect(&self) -> String {
        let scheme = if self.shared.setup.tls { "couchbases" } else { "couchbase" };
        let hosts: Vec<String> = self.ports().iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("{scheme}://{}", hosts.join(","))
    }

    /// The ports of its nodes.
    pub fn ports(&self) -> Vec<u16> {
        lock(&self.shared.map).ports.clone()
    }

    /// Decides the fate of each read and write from now on.
    pub fn decide(&self, decide: impl FnMut(&Met) -> Fate + Send + 'static) {
        *lock(&self.shared.decide) = Box::new(decide);
    }

    /// No more faults.
    pub fn heal(&self) {
        self.decide(|_| Fate::Serve);
    }

    /// A node accepts and reads, and says and does nothing, until it is thawed; then it does all that it was asked.
    pub fn freeze(&self, node: usize, frozen: bool) {
        self.shared.frozen[node].send_replace(frozen);
    }

    /// Another node takes over what a node holds.
    pub fn fail_over(&self, from: usize, to: usize) {
        lock(&self.shared.map).fail_over(from, to);
    }

    /// Ends a node as kill -9 would: its connections are reset and nobody listens. Its documents stay.
    pub async fn kill(&mut self, node: usize) {
        if let Some(mut tasks) = self.nodes[node].take() {
            tasks.shutdown().await;
        }
        self.shared.frozen[node].send_replace(false);
    }

    /// Starts a node that was killed.
    pub fn restart(&mut self, node: usize) {
        let port = self.ports()[node];
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], port)));
        self.nodes[node] = Some(connection::serve(Arc::clone(&self.shared), node, listener));
    }

    /// Looks at the documents of the default collection.
    pub fn documents<T>(&self, look: impl FnOnce(&mut Documents) -> T) -> T {
        self.documents_of(0, look)
    }

    /// Looks at the documents of a collection.
    pub fn documents_of<T>(&self, collection: u32, look: impl FnOnce(&mut Documents) -> T) -> T {
        look(lock(&self.shared.documents).get_mut(&collection).expect("a collection that exists"))
    }

    /// All writes that happened in the default collection.
    pub fn history(&self) -> Vec<Written> {
        self.documents(|documents| documents.history.clone())
    }

    /// How often each level of durability was asked for, by its number; 0: none.
    pub fn levels(&self) -> BTreeMap<u8, usize> {
        lock(&self.shared.levels).clone()
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Reads and writes of a key that arrived.
    pub fn met(&self, key: &str) -> usize {
        lock(&self.shared.met).get(key).copied().unwrap_or(0)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let documents = lock(&self.shared.documents);
        let violations: Vec<&String> = documents.values().flat_map(|documents| &documents.violations).collect();
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "{violations:?}");
        }
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(address).expect("a free port");
    socket.listen(64).expect("a listener")
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
