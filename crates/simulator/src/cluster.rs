//! The hosts: one node each, with what its process would hold in memory, and the links of clients to it.

use std::collections::{BTreeMap, VecDeque};

use node::{Config, ConnId, Input, Node};
use protocol::{Incarnation, Splitter, limits};
use world::{Island, IslandId, Millis, Planted};

use crate::scenario::Scenario;

/// Bytes that a client's socket takes before its server must wait. Far below a real one, so that stalls are felt.
pub(crate) const SOCKET_BYTES: usize = 4 * 1024;

/// One host.
#[derive(Debug)]
pub(crate) struct SimHost {
    pub(crate) number: u16,
    pub(crate) life: u64,
    /// `None` while it is down.
    pub(crate) node: Option<Node>,
    /// It stands still until then.
    pub(crate) paused_until: Option<Millis>,
    /// What came while it stood still.
    pub(crate) backlog: VecDeque<Input>,
    /// The wake-up that is scheduled.
    pub(crate) wake_at: Option<Millis>,
    /// How many faults keep it from the store.
    pub(crate) store_cuts: u32,
    /// Links that its clients use, by connection.
    pub(crate) links: BTreeMap<ConnId, u64>,
}

impl SimHost {
    pub(crate) fn new(number: u16) -> Self {
        Self {
            number,
            life: 0,
            node: None,
            paused_until: None,
            backlog: VecDeque::new(),
            wake_at: None,
            store_cuts: 0,
            links: BTreeMap::new(),
        }
    }

    /// The incarnation of the current life.
    pub(crate) fn incarnation(&self) -> Incarnation {
        Incarnation::new(self.number, 0, self.life)
    }

    /// The address at which its node takes clients.
    pub(crate) fn address(&self) -> String {
        address(self.number)
    }

    /// A new life.
    pub(crate) fn start(&mut self, now: Millis, island: &Island, scenario: &Scenario, planted: Planted) {
        self.life += 1;
        let mut config = Config::new(self.incarnation(), IslandId(1), island.clone());
        config.rate = scenario.rate();
        config.contract = scenario.contract();
        config.planted = planted;
        config.secret.0[..8].copy_from_slice(&self.incarnation().0.to_le_bytes());
        self.node = Some(Node::new(config, now));
        self.wake_at = None;
        self.paused_until = None;
        self.backlog.clear();
        self.links.clear();
    }

    /// Whether its node runs now.
    pub(crate) fn is_running(&self) -> bool {
        self.node.is_some() && self.paused_until.is_none()
    }
}

/// The address of a host's node.
pub(crate) fn address(host: u16) -> String {
    format!("node-{host}:7700")
}

/// The host of an address.
pub(crate) fn host_of(address: &str) -> Option<u16> {
    address.strip_prefix("node-")?.strip_suffix(":7700")?.parse().ok()
}

/// A client's connection to a node, as the network between them sees it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) player: usize,
    pub(crate) host: u16,
    pub(crate) life: u64,
    pub(crate) conn: ConnId,
    /// The server's end is open.
    pub(crate) server_open: bool,
    /// Bytes that the server wrote and that are not read yet, while the client does not read.
    pub(crate) unread: Vec<u8>,
    /// Control bytes that the server holds back because the socket is full.
    pub(crate) held: Vec<u8>,
    pub(crate) stalled: bool,
    pub(crate) blocked: bool,
    /// When the last bytes in each direction arrive; later ones do not overtake them.
    pub(crate) to_client_at: Millis,
    pub(crate) to_server_at: Millis,
    /// Cuts what the client sends into messages, as a gateway does.
    pub(crate) splitter: Splitter,
}

impl Link {
    pub(crate) fn new(player: usize, host: u16, life: u64, conn: ConnId, now: Millis) -> Self {
        Self {
            player,
            host,
            life,
            conn,
            server_open: true,
            unread: Vec::new(),
            held: Vec::new(),
            stalled: false,
            blocked: false,
            to_client_at: now,
            to_server_at: now,
            splitter: Splitter::new(limits::CLIENT_MESSAGE_BYTES),
        }
    }
}
