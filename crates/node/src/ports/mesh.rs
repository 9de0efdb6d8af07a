//! The mesh: how nodes talk. An ordered lane of topics (frames and summaries), and a direct lane from node to node
//! (interest and keyframes). Both may lose messages, neither reorders; one lane may overtake the other.
//!
//! A link is one host's ear at another host: what a host says is believed only by hosts that connected to it, and only
//! under its own number. So two hosts talk when each has connected to the other.

use std::fmt;
use std::sync::Arc;

use protocol::Incarnation;
use protocol::mesh::Topic;
use thiserror::Error;

/// How to reach another host's mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshPeer {
    /// Its number.
    pub host: u16,
    /// Its life. A greater life replaces the link to a smaller one.
    pub life: u64,
    /// How many nodes it runs.
    pub nodes: u8,
    /// Where its ordered lane is published, `host:port`.
    pub publish_address: String,
    /// Where its direct lane listens, `host:port`.
    pub direct_address: String,
    /// The public key by which its ports prove who they are, as the transport writes it. Empty: they do not.
    pub key: String,
}

/// What a node asks of its mesh in one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeshCommand {
    /// Say it on a topic of the ordered lane. The node itself does not hear it.
    Publish {
        /// The topic.
        topic: Topic,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// Tell one node on the direct lane.
    Send {
        /// The node, in just this life. If it is not known any more, or its host is not connected, the message is
        /// dropped and counted.
        to: Incarnation,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// Hear all topics of the ordered lane that begin so. Counted: as often as subscribed must be unsubscribed.
    Subscribe {
        /// A topic or the front of one. One longer than a topic hears nothing.
        filter: Vec<u8>,
    },
    /// Stop hearing them. What was not subscribed changes nothing.
    Unsubscribe {
        /// What was subscribed.
        filter: Vec<u8>,
    },
}

/// The lane that a message came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeshLane {
    /// Frames and summaries.
    Ordered,
    /// Interest, keyframes and requests for them.
    Direct,
}

/// A message for a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The number of the host at the other end of the link that it came on. The message may claim no other.
    pub from_host: u16,
    /// The lane.
    pub lane: MeshLane,
    /// The message.
    pub bytes: Arc<[u8]>,
}

/// Takes messages for one node, in batches. Returns how many of them it had no room for and dropped. Called from the
/// mesh's own thread, so it must not wait.
pub type DeliverySink = Box<dyn Fn(Vec<Delivery>) -> usize + Send>;

/// The queue to the mesh is full: the batch was dropped whole. Streams heal by keyframes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the queue to the mesh is full; a batch was dropped")]
pub struct MeshFull;

/// What a mesh counts. All but `links` grow only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeshCounters {
    /// Messages given to the transport.
    pub sent: u64,
    /// Messages handed to nodes.
    pub delivered: u64,
    /// Bytes given to the transport.
    pub sent_bytes: u64,
    /// Messages dropped because a queue was full, a link was down or a node was not known. What a full queue of the
    /// ordered lane drops may go uncounted here; its receiver sees it as a gap.
    pub dropped: u64,
    /// Messages refused because they were not what a peer may send.
    pub refused: u64,
    /// Connections to our ports that never became a peer's: they spoke no ZeroMQ, or not long enough, or had no key.
    pub strangers: u64,
    /// Hosts that proved to hold a key, but none that is accepted here; also peers that we were to connect to.
    pub keys_refused: u64,
    /// Links that were cut for a while because of what came over them.
    pub cut: u64,
    /// Links that are up now, both lanes of them.
    pub links: u64,
}

impl MeshCounters {
    /// Adds another host's.
    pub fn add(&mut self, other: &Self) {
        let Self { sent, delivered, sent_bytes, dropped, refused, strangers, keys_refused, cut, links } = other;
        self.sent += sent;
        self.delivered += delivered;
        self.sent_bytes += sent_bytes;
        self.dropped += dropped;
        self.refused += refused;
        self.strangers += strangers;
        self.keys_refused += keys_refused;
        self.cut += cut;
        self.links += links;
    }
}

/// A host's end of the mesh.
pub trait Mesh: Send + Sync + fmt::Debug {
    /// Connects to a host, or to its new life or address. Repeated calls and calls with an older life change nothing.
    fn connect(&self, peer: MeshPeer);

    /// Ends the link to a host.
    fn disconnect(&self, host: u16);

    /// Takes in a node of this host. Nodes of one host hear each other too. A node with the index of another that is
    /// still attached takes its place.
    ///
    /// # Panics
    /// If the incarnation is of another host: the caller is at fault.
    fn attach(&self, node: Incarnation, sink: DeliverySink) -> Box<dyn MeshPort>;

    /// What has been counted so far.
    fn counters(&self) -> MeshCounters;
}

/// One node's end of the mesh. Dropping it detaches the node.
pub trait MeshPort: Send {
    /// Hands over a batch, whole or not at all. Never blocks.
    fn submit(&mut self, batch: Vec<MeshCommand>) -> Result<(), MeshFull>;
}
