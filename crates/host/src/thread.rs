//! A node's thread: its runtime, and what becomes of it.

use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use gateway::{Gateway, Limits, Listener};
use node::ports::mesh::Mesh;
use node::{Config, Input, Node};
use protocol::Incarnation;
use store::Store;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use crate::board::Board;
use crate::clock::Clock;
use crate::errands::Errands;
use crate::inbox::Inbox;
use crate::limits::ORDERS;
use crate::outbox::Outbox;
use crate::shell::{Life, News, Order, Shell};

/// All that a node's thread begins with.
pub(crate) struct Seed {
    pub(crate) config: Config,
    pub(crate) listener: Listener,
    pub(crate) limits: Limits,
    /// The other nodes of the host, and where they take clients.
    pub(crate) siblings: Vec<(Incarnation, String)>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) mesh: Arc<dyn Mesh>,
    pub(crate) board: Arc<Board>,
    pub(crate) complaints: mpsc::Sender<u16>,
    pub(crate) ends: mpsc::Sender<End>,
}

/// How a node's thread ended. Each thread says it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The index of the node.
    pub(crate) node: u8,
    /// What a panic said, if it was one.
    pub(crate) panic: Option<String>,
}

/// A running node as its host holds it. Dropping it ends the node at once.
pub(crate) struct Running {
    pub(crate) node: u8,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) thread: JoinHandle<()>,
}

/// Starts a node; the receiver hears when it takes clients, or why it does not.
pub(crate) fn start(seed: Seed) -> io::Result<(Running, oneshot::Receiver<io::Result<()>>)> {
    let (orders, inbox) = mpsc::channel(ORDERS);
    let (started, starts) = oneshot::channel();
    let (incarnation, ends) = (seed.config.incarnation, seed.ends.clone());
    let node = incarnation.node();
    let life = move || {
        let _span = tracing::info_span!("node", %incarnation).entered();
        let lived = catch_unwind(AssertUnwindSafe(|| live(seed, inbox, started)));
        let panic = lived.err().map(|panic| said(panic.as_ref()));
        // There is room for one of each node. The host may be gone already; then nobody asks.
        let _ = ends.try_send(End { node, panic });
    };
    let thread = std::thread::Builder::new().name(format!("node-{node}")).spawn(life)?;
    Ok((Running { node, orders, thread }, starts))
}

/// The life of a node. Whatever it has is dropped at its end: sockets, its place on the mesh, its runtime.
fn live(seed: Seed, orders: mpsc::Receiver<Order>, started: oneshot::Sender<io::Result<()>>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    let local = LocalSet::new();
    local.block_on(&runtime, async move {
        let shell = match open(seed, orders) {
            Ok(shell) => shell,
            Err(error) => return drop(started.send(Err(error))),
        };
        if started.send(Ok(())).is_ok() {
            // It gives way after each turn. The runtime's own count of steps would stop it half way through its clients.
            tokio::task::unconstrained(shell.run()).await;
        }
    });
}

fn open(seed: Seed, orders: mpsc::Receiver<Order>) -> io::Result<Shell> {
    let address: SocketAddr = seed.listener.address();
    let gateway = Gateway::open(seed.listener, seed.limits)?;
    let mut clock = Clock::new();
    let now = clock.now();
    let (incarnation, rate) = (seed.config.incarnation, seed.config.rate);
    let mut node = Node::new(seed.config, now);
    for (peer, client_address) in seed.siblings {
        node.handle(now, Input::PeerUp { peer, client_address });
    }
    let inbox = Arc::new(Inbox::default());
    let filled = Arc::clone(&inbox);
    let port = seed.mesh.attach(incarnation, Box::new(move |batch| filled.put(batch)));
    Ok(Shell {
        incarnation,
        address,
        rate,
        node,
        clock,
        gateway,
        inbox,
        outbox: Outbox::new(port),
        errands: Errands::new(seed.store),
        orders,
        complaints: seed.complaints,
        board: seed.board,
        news: News::default(),
        life: Life::default(),
    })
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
