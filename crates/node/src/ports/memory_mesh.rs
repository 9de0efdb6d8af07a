//! The mesh in memory: hosts that share a [`MemoryNetwork`] hear each other without a socket or a thread.
//!
//! It serves tests and worlds in one process. It loses nothing but what has nowhere to go, and adds no delay; faults
//! are the business of whoever wraps it.
//!
//! Invariant: no sink is called while the network is locked, and one node's messages are handed over by one caller at
//! a time, in order.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::Incarnation;
use protocol::mesh::Topic;

use super::directory::Claim;
use super::mesh::{Delivery, DeliverySink, Mesh, MeshCommand, MeshCounters, MeshFull, MeshLane, MeshPeer, MeshPort};
use super::mesh_intake::admit;
use super::subscriptions::{Filter, Subscriptions};

/// Messages that wait for one node. More than a pause of a minute makes; beyond it they are dropped.
pub const INBOX_MESSAGES: usize = 1 << 20;

/// When messages are handed to the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// Within the call that sends them.
    AtOnce,
    /// When [`MemoryNetwork::pump`] is called.
    OnPump,
}

/// What hosts share who hear each other.
#[derive(Clone)]
pub struct MemoryNetwork {
    net: Arc<Mutex<Net>>,
    handover: Handover,
}

struct Net {
    hosts: BTreeMap<u64, Host>,
    next_id: u64,
    pumping: bool,
}

struct Host {
    claim: Claim,
    address: String,
    peers: BTreeMap<u16, MeshPeer>,
    subscriptions: Subscriptions,
    nodes: BTreeMap<u8, Node>,
    counters: MeshCounters,
}

struct Node {
    incarnation: Incarnation,
    attachment: u64,
    inbox: Vec<Delivery>,
    /// `None` while a pump has it in its hands.
    sink: Option<DeliverySink>,
}

impl MemoryNetwork {
    /// A network without hosts.
    #[must_use]
    pub fn new(handover: Handover) -> Self {
        let net = Net { hosts: BTreeMap::new(), next_id: 0, pumping: false };
        Self { net: Arc::new(Mutex::new(net)), handover }
    }

    /// A host on the network. It is gone when its mesh and all of its ports are dropped.
    #[must_use]
    pub fn host(&self, claim: Claim) -> MemoryMesh {
        let mut net = self.lock();
        let id = net.fresh_id();
        let host = Host {
            claim,
            address: format!("memory:{id}"),
            peers: BTreeMap::new(),
            subscriptions: Subscriptions::default(),
            nodes: BTreeMap::new(),
            counters: MeshCounters::default(),
        };
        net.hosts.insert(id, host);
        MemoryMesh { seat: Arc::new(Seat { network: self.clone(), id, claim }) }
    }

    /// Hands over everything that waits, and then what the nodes answer to it from within their sinks.
    pub fn pump(&self) {
        if std::mem::replace(&mut self.lock().pumping, true) {
            return;
        }
        let _done = Pumping(self);
        loop {
            let work = self.lock().take_waiting();
            if work.is_empty() {
                return;
            }
            work.into_iter().for_each(|work| self.hand_over(work));
        }
    }

    fn hand_over(&self, work: Work) {
        let given = work.batch.len();
        let refused = (work.sink)(work.batch).min(given);
        let mut net = self.lock();
        let Some(host) = net.hosts.get_mut(&work.host) else { return };
        host.counters.delivered += (given - refused) as u64;
        host.counters.dropped += refused as u64;
        if let Some(node) = host.nodes.get_mut(&work.node).filter(|node| node.attachment == work.attachment) {
            node.sink = Some(work.sink);
        }
    }

    fn sent(&self) {
        if self.handover == Handover::AtOnce {
            self.pump();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Net> {
        // A sink that panics does so outside of the lock, so what is inside is whole.
        self.net.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNetwork").field("handover", &self.handover).finish_non_exhaustive()
    }
}

/// Ends a pump, also one that a sink's panic ends.
struct Pumping<'a>(&'a MemoryNetwork);

impl Drop for Pumping<'_> {
    fn drop(&mut self) {
        self.0.lock().pumping = false;
    }
}

/// A batch on its way to a sink.
struct Work {
    host: u64,
    node: u8,
    attachment: u64,
    sink: DeliverySink,
    batch: Vec<Delivery>,
}

impl Net {
    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn take_waiting(&mut self) -> Vec<Work> {
        let mut work = Vec::new();
        for (id, host) in &mut self.hosts {
            for (index, node) in host.nodes.iter_mut().filter(|(_, node)| !node.inbox.is_empty()) {
                if let Some(sink) = node.sink.take() {
                    let batch = std::mem::take(&mut node.inbox);
                    work.push(Work { host: *id, node: *index, attachment: node.attachment, sink, batch });
                }
            }
        }
        work
    }

    fn apply(&mut self, id: u64, node: Incarnation, command: MeshCommand) {
        match command {
            MeshCommand::Publish { topic, bytes } => self.publish(id, node, &topic, &bytes),
            MeshCommand::Send { to, bytes } => self.send(id, to, &bytes),
            MeshCommand::Subscribe { filter } => {
                if let (Some(host), Some(filter)) = (self.hosts.get_mut(&id), Filter::new(&filter)) {
                    host.subscriptions.subscribe(node.node(), filter);
                }
            }
            MeshCommand::Unsubscribe { filter } => {
                if let (Some(host), Some(filter)) = (self.hosts.get_mut(&id), Filter::new(&filter)) {
                    host.subscriptions.unsubscribe(node.node(), filter);
                }
            }
        }
    }

    fn publish(&mut self, id: u64, node: Incarnation, topic: &Topic, bytes: &Arc<[u8]>) {
        let Some(address) = self.count_sent(id, bytes) else { return };
        for (to, host) in &mut self.hosts {
            let listeners = host.subscriptions.listeners(topic);
            if *to == id {
                host.put_all(listeners.without(node.node()).iter(), node.host(), bytes);
            } else if host.hears(node.host(), &address) && listeners != Default::default() {
                match admit(node.host(), MeshLane::Ordered, bytes) {
                    Ok(()) => host.put_all(listeners.iter(), node.host(), bytes),
                    Err(_) => host.counters.refused += 1,
                }
            }
        }
    }

    fn send(&mut self, id: u64, to: Incarnation, bytes: &Arc<[u8]>) {
        let Some(address) = self.count_sent(id, bytes) else { return };
        let Some(from) = self.hosts.get(&id) else { return };
        let from_host = from.claim.host;
        let linked =
            from.peers.get(&to.host()).is_some_and(|peer| Incarnation::new(0, 0, peer.life).life() == to.life());
        let known = |host: &Host| host.nodes.get(&to.node()).is_some_and(|node| node.incarnation == to);
        let target = self
            .hosts
            .iter_mut()
            .find(|(target, host)| known(host) && (**target == id || linked && host.hears(from_host, &address)));
        match target {
            None => self.count_dropped(id),
            Some((target, host)) if *target != id && admit(from_host, MeshLane::Direct, bytes).is_err() => {
                host.counters.refused += 1;
            }
            Some((_, host)) => host.put(to.node(), from_host, MeshLane::Direct, bytes),
        }
    }

    fn count_sent(&mut self, id: u64, bytes: &Arc<[u8]>) -> Option<String> {
        let host = self.hosts.get_mut(&id)?;
        host.counters.sent += 1;
        host.counters.sent_bytes += bytes.len() as u64;
        Some(host.address.clone())
    }

    fn count_dropped(&mut self, id: u64) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.counters.dropped += 1;
        }
    }
}

impl Host {
    fn hears(&self, host: u16, address: &str) -> bool {
        self.peers.get(&host).is_some_and(|peer| peer.publish_address == address)
    }

    fn put_all(&mut self, nodes: impl Iterator<Item = u8>, from_host: u16, bytes: &Arc<[u8]>) {
        nodes.for_each(|node| self.put(node, from_host, MeshLane::Ordered, bytes));
    }

    fn put(&mut self, node: u8, from_host: u16, lane: MeshLane, bytes: &Arc<[u8]>) {
        match self.nodes.get_mut(&node) {
            Some(node) if node.inbox.len() < INBOX_MESSAGES => {
                node.inbox.push(Delivery { from_host, lane, bytes: Arc::clone(bytes) });
            }
            _ => self.counters.dropped += 1,
        }
    }
}

/// A host's place on the network, which ends with the last handle to it.
struct Seat {
    network: MemoryNetwork,
    id: u64,
    claim: Claim,
}

impl Seat {
    fn with<T>(&self, f: impl FnOnce(&mut Host) -> T) -> Option<T> {
        self.network.lock().hosts.get_mut(&self.id).map(f)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let host = self.network.lock().hosts.remove(&self.id);
        // Sinks may own anything, so they go after the lock.
        drop(host);
    }
}

/// A host's end of the mesh in memory.
pub struct MemoryMesh {
    seat: Arc<Seat>,
}

impl MemoryMesh {
    /// How others connect to this host.
    #[must_use]
    pub fn peer(&self, nodes: u8) -> MeshPeer {
        let address = self.seat.with(|host| host.address.clone()).unwrap_or_default();
        let Claim { host, life } = self.seat.claim;
        MeshPeer { host, life, nodes, publish_address: address.clone(), direct_address: address, key: String::new() }
    }
}

impl fmt::Debug for MemoryMesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryMesh").field("claim", &self.seat.claim).finish_non_exhaustive()
    }
}

impl Mesh for MemoryMesh {
    fn connect(&self, peer: MeshPeer) {
        self.seat.with(|host| {
            let older = host.peers.get(&peer.host).is_some_and(|known| peer.life < known.life);
            if peer.host != host.claim.host && !older {
                host.peers.insert(peer.host, peer);
            }
        });
    }

    fn disconnect(&self, host: u16) {
        self.seat.with(|own| own.peers.remove(&host));
    }

    fn attach(&self, node: Incarnation, sink: DeliverySink) -> Box<dyn MeshPort> {
        assert_eq!(node.host(), self.seat.claim.host, "a node attaches to the mesh of its own host");
        let mut net = self.seat.network.lock();
        let attachment = net.fresh_id();
        let fresh = Node { incarnation: node, attachment, inbox: Vec::new(), sink: Some(sink) };
        let replaced = net.hosts.get_mut(&self.seat.id).and_then(|host| {
            host.subscriptions.remove_node(node.node());
            host.nodes.insert(node.node(), fresh)
        });
        drop(net);
        drop(replaced);
        Box::new(MemoryPort { seat: Arc::clone(&self.seat), node, attachment })
    }

    fn counters(&self) -> MeshCounters {
        let net = self.seat.network.lock();
        let Some(host) = net.hosts.get(&self.seat.id) else { return MeshCounters::default() };
        let up = |peer: &&MeshPeer| net.hosts.values().any(|other| other.address == peer.publish_address);
        MeshCounters { links: host.peers.values().filter(up).count() as u64, ..host.counters }
    }
}

struct MemoryPort {
    seat: Arc<Seat>,
    node: Incarnation,
    attachment: u64,
}

impl MemoryPort {
    fn attached(&self, net: &Net) -> bool {
        let host = net.hosts.get(&self.seat.id);
        let node = host.and_then(|host| host.nodes.get(&self.node.node()));
        node.is_some_and(|node| node.attachment == self.attachment)
    }
}

impl MeshPort for MemoryPort {
    fn submit(&mut self, batch: Vec<MeshCommand>) -> Result<(), MeshFull> {
        let mut net = self.seat.network.lock();
        if self.attached(&net) {
            batch.into_iter().for_each(|command| net.apply(self.seat.id, self.node, command));
        }
        drop(net);
        self.seat.network.sent();
        Ok(())
    }
}

impl Drop for MemoryPort {
    fn drop(&mut self) {
        let mut net = self.seat.network.lock();
        if !self.attached(&net) {
            return;
        }
        let removed = net.hosts.get_mut(&self.seat.id).and_then(|host| {
            host.subscriptions.remove_node(self.node.node());
            host.nodes.remove(&self.node.node())
        });
        drop(net);
        drop(removed);
    }
}
