//! The mesh over ZeroMQ: the [`node::ports::mesh`] port on libzmq, one OS thread a host.
//!
//! **The ordered lane** is one XPUB a host. Each host opens a SUB of its own to each peer, so that a message is
//! believed only on its publisher's link. **The direct lane** is one ROUTER a host, and each host opens a DEALER of its
//! own to each peer. What a host says to another goes out of its ROUTER to that host's DEALER, so here too everything
//! comes in over a link that the receiver opened to an address from the directory. What anybody sends *to* an XPUB or a
//! ROUTER is never a message for a node. Nobody can speak for a host by connecting to us.
//!
//! With keys ([`Security`]) every connection is CURVE's: only who holds a key of the list comes in, and only who holds
//! the key that the directory names, if it is of the list too, is believed. Without keys it is no place of trust: who can
//! reach the ports can listen, and can claim a host's routing id and so take its direct lane away while it stays. Hosts
//! with accepted keys are trusted not to rob each other so.
//!
//! Messages are a topic of [`protocol::mesh::TOPIC_BYTES`] bytes and an envelope, in one part. On the direct lane the
//! topic is that of the addressed node.
//!
//! Main type: [`ZeromqMesh`]. Invariant: only the mesh's own thread touches sockets; nodes and the shell hand it orders
//! over one bounded queue, and it hands each node its messages as whole batches.

mod config;
mod counters;
mod doors;
mod error;
mod gate;
mod intake;
mod keys;
mod link;
mod locals;
mod queue;
mod sockets;
mod wire;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use node::ports::directory::Claim;
use node::ports::mesh::{DeliverySink, Mesh, MeshCommand, MeshCounters, MeshFull, MeshPeer, MeshPort};
use protocol::Incarnation;

pub use config::{ANY_PORT, MeshConfig, MeshLimits};
pub use error::{Lane, MeshError};
pub use keys::{AcceptedKeys, KeyError, KeyPair, PublicKey, Security};

use counters::Counters;
use doors::Doors;
use gate::Gate;
use queue::{Order, Queue};
use sockets::Bound;
use worker::Worker;

/// A host's end of the mesh. Dropping it closes all links and ports and ends its thread.
pub struct ZeromqMesh {
    claim: Claim,
    publish_address: String,
    direct_address: String,
    key: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the mesh, its ports and its thread share.
struct Shared {
    queue: Queue,
    counters: Counters,
    attachments: AtomicU64,
}

impl ZeromqMesh {
    /// Binds both ports and starts the thread. On an error nothing is left behind.
    pub fn start(config: &MeshConfig, claim: Claim) -> Result<Self, MeshError> {
        let context = zmq::Context::new();
        let gate = config.security.as_ref().map(|security| Gate::new(&context, Arc::clone(&security.accepted)));
        let gate = gate.transpose()?;
        let publish = Bound::publish(&context, config)?;
        let direct = Bound::direct(&context, config)?;
        let (queue, wake) = Queue::new(config.limits).map_err(MeshError::Start)?;
        let shared = Arc::new(Shared { queue, counters: Counters::default(), attachments: AtomicU64::new(0) });
        let (publish_address, direct_address) = (config.advertised(publish.port), config.advertised(direct.port));
        let doors = Doors::new(&context, publish.socket, direct.socket, gate)?;
        let worker = Worker::new(context, config, claim, doors, wake, &shared);
        let name = format!("mesh-{}", claim.host);
        let thread = std::thread::Builder::new().name(name).spawn(|| worker.run()).map_err(MeshError::Start)?;
        let key = config.security.as_ref().map(|security| security.pair.public.to_string()).unwrap_or_default();
        Ok(Self { claim, publish_address, direct_address, key, shared, thread: Some(thread) })
    }

    /// How others connect to this host.
    #[must_use]
    pub fn peer(&self, nodes: u8) -> MeshPeer {
        MeshPeer {
            host: self.claim.host,
            life: self.claim.life,
            nodes,
            publish_address: self.publish_address.clone(),
            direct_address: self.direct_address.clone(),
            key: self.key.clone(),
        }
    }

    /// Where the ordered lane is published, `host:port`.
    #[must_use]
    pub fn publish_address(&self) -> &str {
        &self.publish_address
    }

    /// Where the direct lane listens, `host:port`.
    #[must_use]
    pub fn direct_address(&self) -> &str {
        &self.direct_address
    }
}

impl Drop for ZeromqMesh {
    fn drop(&mut self) {
        self.shared.queue.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(host = self.claim.host, "the mesh's thread ended in a panic");
        }
    }
}

impl fmt::Debug for ZeromqMesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZeromqMesh")
            .field("claim", &self.claim)
            .field("publish_address", &self.publish_address)
            .field("direct_address", &self.direct_address)
            .finish_non_exhaustive()
    }
}

impl Mesh for ZeromqMesh {
    fn connect(&self, peer: MeshPeer) {
        self.shared.queue.push(Order::Connect(peer));
    }

    fn disconnect(&self, host: u16) {
        self.shared.queue.push(Order::Disconnect(host));
    }

    fn attach(&self, node: Incarnation, sink: DeliverySink) -> Box<dyn MeshPort> {
        assert_eq!(node.host(), self.claim.host, "a node attaches to the mesh of its own host");
        let attachment = self.shared.attachments.fetch_add(1, Ordering::Relaxed);
        self.shared.queue.push(Order::Attach { node, attachment, sink });
        Box::new(ZeromqPort { node: node.node(), attachment, shared: Arc::clone(&self.shared) })
    }

    fn counters(&self) -> MeshCounters {
        self.shared.counters.read()
    }
}

/// A node's end of the mesh.
struct ZeromqPort {
    node: u8,
    attachment: u64,
    shared: Arc<Shared>,
}

impl MeshPort for ZeromqPort {
    fn submit(&mut self, batch: Vec<MeshCommand>) -> Result<(), MeshFull> {
        let commands = batch.len() as u64;
        let submitted = self.shared.queue.submit(self.node, self.attachment, batch);
        if submitted.is_err() {
            self.shared.counters.dropped(commands);
        }
        submitted
    }
}

impl Drop for ZeromqPort {
    fn drop(&mut self) {
        self.shared.queue.push(Order::Detach { node: self.node, attachment: self.attachment });
    }
}
