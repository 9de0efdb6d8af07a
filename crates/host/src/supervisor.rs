//! The host's own thread: it starts the nodes, keeps the host's place in the directory, tells the nodes who comes and
//! goes, and ends everything when it is told to or when a node's thread ends.

use std::collections::BTreeSet;
use std::fs::File;
use std::future::{Future, pending};
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use deeds::tables::Tables;
use gateway::Listener;
use node::Config;
use node::config::Secret;
use node::ports::directory::{Claim, Directory, DirectoryEvent, HostEntry, Membership};
use node::ports::mesh::Mesh;
use protocol::Incarnation;
use store::Store;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use world::Island;

use crate::board::Board;
use crate::config::{HostConfig, Parts};
use crate::error::HostError;
use crate::limits::{COMPLAINTS, DIRECTORY_LEAVE, DIRECTORY_START, NODE_STUCK, NODES, THREADS_END, THREADS_STOP};
use crate::neighbours::{Neighbours, Step};
use crate::rules::Rules;
use crate::shell::Order;
use crate::thread::{self, End, Running, Seed};

/// What the owner of a host wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Go on.
    Run,
    /// Say goodbye to everybody and end.
    Stop,
    /// End at once, as if the process were killed.
    Die,
}

/// What the owner learns of a host that has started.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) claim: Claim,
    pub(crate) addresses: Vec<SocketAddr>,
}

/// A host that runs.
pub(crate) struct Supervisor {
    began: Instant,
    claim: Claim,
    addresses: Vec<SocketAddr>,
    mesh: Arc<dyn Mesh>,
    board: Arc<Board>,
    store: Arc<dyn Store>,
    membership: Option<Box<dyn Membership>>,
    tables: watch::Receiver<Arc<Tables>>,
    neighbours: Neighbours,
    nodes: Vec<Running>,
    /// The indices of the nodes whose threads have not said their end.
    alive: BTreeSet<u8>,
    ended: mpsc::Sender<End>,
    ends: mpsc::Receiver<End>,
    complain: mpsc::Sender<u16>,
    complaints: mpsc::Receiver<u16>,
}

/// What woke the supervisor.
enum Call {
    Wish,
    /// The owner is gone.
    Orphaned,
    Directory(DirectoryEvent),
    End(End),
    Complaint(u16),
    /// The tables were replaced.
    Tables(Arc<Tables>),
    Time,
}

impl Supervisor {
    /// Starts a host. On an error nothing of it is left.
    pub(crate) async fn start(config: HostConfig, parts: Parts, board: Arc<Board>) -> Result<Self, HostError> {
        config.check()?;
        let island = Island::new(config.island)?;
        let listeners: Vec<Listener> =
            (0..config.nodes).map(|node| Listener::bind(config.listen_address(node))).collect::<Result<_, _>>()?;
        let secure = |listener: Listener| listener.with_tls(config.tls.clone());
        let listeners: Vec<Listener> = listeners.into_iter().map(secure).collect();
        let claim = in_time(parts.directory.claim(&config.name)).await??;
        let (mesh, at) = (parts.mesh)(claim).map_err(HostError::Mesh)?.into_parts();
        board.show_mesh(&mesh);
        let (ended, ends) = mpsc::channel(usize::from(NODES));
        let (complain, complaints) = mpsc::channel(COMPLAINTS);
        let addresses: Vec<SocketAddr> = listeners.iter().map(Listener::address).collect();
        let client_addresses: Vec<String> = addresses.iter().map(|bound| config.advertised(*bound)).collect();
        let mut supervisor = Self {
            began: Instant::now(),
            claim,
            addresses,
            mesh,
            board,
            store: parts.store,
            membership: None,
            tables: config.rules.tables.clone(),
            neighbours: Neighbours::new(claim),
            nodes: Vec::new(),
            alive: BTreeSet::new(),
            ended,
            ends,
            complain,
            complaints,
        };
        let entry = HostEntry {
            name: config.name.clone(),
            claim,
            nodes: config.nodes,
            publish_address: at.publish_address,
            direct_address: at.direct_address,
            mesh_key: at.key,
            client_addresses,
            shard: config.shard.clone(),
            half: config.half,
            draining: false,
            software: config.software.clone(),
        };
        match supervisor.open(&config, &island, listeners, entry, parts.directory.as_ref()).await {
            Ok(()) => Ok(supervisor),
            Err(error) => {
                supervisor.end().await;
                Err(error)
            }
        }
    }

    /// Starts the nodes and takes the host's place in the directory.
    async fn open(
        &mut self,
        config: &HostConfig,
        island: &Island,
        listeners: Vec<Listener>,
        entry: HostEntry,
        directory: &dyn Directory,
    ) -> Result<(), HostError> {
        let incarnations = (0..).map(|node| Incarnation::new(self.claim.host, node, self.claim.life));
        let family: Vec<(Incarnation, String)> = incarnations.zip(entry.client_addresses.iter().cloned()).collect();
        let nature = Rules::nature(island);
        for (listener, (incarnation, _)) in listeners.into_iter().zip(&family) {
            let rules = config.rules.book(config.island_id, &nature);
            let seed = Seed {
                config: Config { secret: draw_secret()?, ..config.node(*incarnation, island.clone(), rules) },
                listener,
                limits: config.gateway,
                siblings: family.iter().filter(|(other, _)| other != incarnation).cloned().collect(),
                store: Arc::clone(&self.store),
                mesh: Arc::clone(&self.mesh),
                board: Arc::clone(&self.board),
                complaints: self.complain.clone(),
                ends: self.ended.clone(),
            };
            self.start_node(seed).await?;
        }
        self.membership = Some(in_time(directory.join(entry)).await??);
        Ok(())
    }

    async fn start_node(&mut self, seed: Seed) -> Result<(), HostError> {
        let node = seed.config.incarnation.node();
        let (running, starts) = thread::start(seed).map_err(HostError::Start)?;
        self.nodes.push(running);
        self.alive.insert(node);
        match starts.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(HostError::Start(error)),
            Err(_) => Err(HostError::NodeEnded { node }),
        }
    }

    /// What the owner may know.
    pub(crate) fn started(&self) -> Started {
        Started { claim: self.claim, addresses: self.addresses.clone() }
    }

    /// Runs the host to its end.
    pub(crate) async fn run(mut self, mut wish: watch::Receiver<Wish>) -> Result<(), HostError> {
        let lived = self.live(&mut wish).await;
        let dies = async {
            // An owner that is gone cannot wait for goodbyes either.
            let _ = wish.wait_for(|wish| *wish == Wish::Die).await;
        };
        tokio::select! {
            biased;
            () = dies => {}
            () = self.say_goodbye() => {}
        }
        self.end().await;
        match self.alive.first() {
            Some(node) => lived.and(Err(HostError::NodeStuck { node: *node })),
            None => lived,
        }
    }

    /// Serves until the owner wants an end, or something has ended by itself.
    async fn live(&mut self, wish: &mut watch::Receiver<Wish>) -> Result<(), HostError> {
        loop {
            let steps = match self.next_call(wish).await {
                Call::Wish if *wish.borrow() == Wish::Run => Vec::new(),
                Call::Wish | Call::Orphaned => return Ok(()),
                Call::End(end) => return Err(self.bury(end)),
                Call::Directory(event) => {
                    log(&event);
                    self.neighbours.hear(self.began.elapsed(), event)
                }
                Call::Complaint(host) => {
                    tracing::warn!(host, "a host sent garbage; its link is cut for a while");
                    self.neighbours.distrust(self.began.elapsed(), host)
                }
                Call::Tables(tables) => {
                    self.tell_all(&Order::Tables(tables)).await?;
                    Vec::new()
                }
                Call::Time => self.neighbours.wake(self.began.elapsed()),
            };
            for step in steps {
                self.take(step).await?;
            }
        }
    }

    async fn next_call(&mut self, wish: &mut watch::Receiver<Wish>) -> Call {
        let wake_at = self.neighbours.next_wakeup().map(|at| self.began + at);
        let time = async {
            match wake_at {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        let directory = async {
            match &mut self.membership {
                Some(membership) => membership.next().await,
                None => pending().await,
            }
        };
        let tables = async {
            match self.tables.changed().await {
                Ok(()) => Arc::clone(&self.tables.borrow_and_update()),
                // Whoever could replace them is gone.
                Err(_) => pending().await,
            }
        };
        tokio::select! {
            changed = wish.changed() => if changed.is_ok() { Call::Wish } else { Call::Orphaned },
            Some(end) = self.ends.recv() => Call::End(end),
            Some(host) = self.complaints.recv() => Call::Complaint(host),
            event = directory => Call::Directory(event),
            tables = tables => Call::Tables(tables),
            () = time => Call::Time,
        }
    }

    async fn take(&mut self, step: Step) -> Result<(), HostError> {
        match step {
            Step::Connect(peer) => self.mesh.connect(peer),
            Step::Disconnect(host) => self.mesh.disconnect(host),
            Step::Up(peer, address) => self.tell_all(&Order::PeerUp(peer, address)).await?,
            Step::Vanished(peer) => self.tell_all(&Order::PeerVanished(peer)).await?,
            Step::Superseded => return Err(HostError::Superseded),
        }
        Ok(())
    }

    /// Tells every node. One that has ended says so by itself.
    async fn tell_all(&self, order: &Order) -> Result<(), HostError> {
        for node in &self.nodes {
            if timeout(NODE_STUCK, node.orders.send(order.clone())).await.is_err() {
                return Err(HostError::NodeStuck { node: node.node });
            }
        }
        Ok(())
    }

    /// A node's thread has ended. Returns what that means if nobody asked for it.
    fn bury(&mut self, end: End) -> HostError {
        let End { node, panic } = end;
        self.alive.remove(&node);
        match panic {
            None => HostError::NodeEnded { node },
            Some(message) => {
                tracing::error!(node, message, "a node ended in a panic");
                HostError::NodePanicked { node, message }
            }
        }
    }

    /// Lets the nodes say goodbye, and leaves the directory meanwhile.
    async fn say_goodbye(&mut self) {
        for node in &self.nodes {
            // A node that has no room for orders is stuck and will not be waited for at length.
            let _ = node.orders.try_send(Order::Stop);
        }
        if let Some(membership) = self.membership.take()
            && timeout(DIRECTORY_LEAVE, membership.leave()).await.is_err()
        {
            tracing::warn!("the directory did not answer; the host's lease will run out");
        }
        self.await_ends(THREADS_STOP).await;
    }

    /// Ends whatever is left, at once. A thread that does not end stays in `alive`.
    async fn end(&mut self) {
        self.membership = None;
        let nodes = std::mem::take(&mut self.nodes);
        // Without its orders a node ends.
        let threads: Vec<_> = nodes.into_iter().map(|running| (running.node, running.thread)).collect();
        self.await_ends(THREADS_END).await;
        for (node, thread) in threads {
            // What has said its end is about to finish; its panic, if any, was caught there.
            if !self.alive.contains(&node) {
                let _ = thread.join();
            }
        }
    }

    async fn await_ends(&mut self, within: Duration) {
        let deadline = Instant::now() + within;
        while !self.alive.is_empty() {
            match timeout_at(deadline, self.ends.recv()).await {
                Ok(Some(end)) => drop(self.bury(end)),
                Ok(None) | Err(_) => return,
            }
        }
    }
}

/// Fresh random bytes of the system, for the tokens of one life.
fn draw_secret() -> Result<Secret, HostError> {
    let mut secret = Secret::default();
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut secret.0)).map_err(HostError::Secret)?;
    Ok(secret)
}

async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T, HostError> {
    timeout(DIRECTORY_START, answer).await.map_err(|_| HostError::DirectorySlow(DIRECTORY_START.as_secs()))
}

fn log(event: &DirectoryEvent) {
    match event {
        DirectoryEvent::Up(entry) => {
            let Claim { host, life } = entry.claim;
            tracing::info!(name = %entry.name, host, life, nodes = entry.nodes, "a host is in the directory");
        }
        DirectoryEvent::Down(Claim { host, life }) => tracing::warn!(host, life, "a host's record has vanished"),
        DirectoryEvent::Lost => tracing::warn!("the directory is lost; play goes on, nobody can join"),
        DirectoryEvent::Restored => tracing::info!("the directory is back"),
    }
}
