//! The hosts: one node each, with what its process would hold in memory, and the links of clients to it.

use std::collections::{BTreeMap, VecDeque};

use node::{Config, ConnId, Input, Node, Timekeeper};
use protocol::{Incarnation, Splitter, limits};
use store::Reply;
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
    /// While it stands still, its machine is suspended: what comes is lost.
    pub(crate) suspended: bool,
    /// How many faults keep it from news of the directory.
    pub(crate) stale: u32,
    /// The news that it has not heard yet, each for a life of it.
    pub(crate) unheard: Vec<(u64, Input)>,
    /// News that are on their way come before this; later ones do not overtake them.
    pub(crate) heard_until: Millis,
    pub(crate) clock: HostClock,
}

/// A host's clocks: the wall's, which faults move, and what its node is told.
#[derive(Debug)]
pub(crate) struct HostClock {
    keeper: Timekeeper,
    /// By how many milliseconds the wall clock is ahead; behind, if negative.
    pub(crate) ahead_ms: i64,
    /// The wall clock stands still since then, and by how many faults.
    pub(crate) stands: Option<(Millis, u32)>,
    /// What the node was told last, and when.
    told: (Millis, Millis),
}

impl HostClock {
    fn new(now: Millis) -> Self {
        let us = now.0 * 1_000;
        Self { keeper: Timekeeper::new(us, us), ahead_ms: 0, stands: None, told: (now, now) }
    }

    /// A new process on the same machine: its time begins with what the wall clock shows.
    fn begin_anew(&mut self, now: Millis) {
        let wall = self.wall(now);
        self.keeper = Timekeeper::new(wall.0 * 1_000, now.0 * 1_000);
        self.told = (wall, now);
    }

    fn wall(&self, now: Millis) -> Millis {
        let moves = self.stands.map_or(now, |(since, _)| since);
        Millis(moves.0.saturating_add_signed(self.ahead_ms))
    }

    /// What a node is told at a moment.
    pub(crate) fn read(&mut self, now: Millis) -> Millis {
        let told = Millis(self.keeper.read(self.wall(now).0 * 1_000, now.0 * 1_000) / 1_000);
        self.told = (told, now);
        told
    }

    /// When to wake a node that wants to be woken at a time of its own, as a shell does: it may be too soon.
    pub(crate) fn moment_of(&self, now: Millis, asked: Millis) -> Millis {
        let (told, at) = self.told;
        // Never at this very moment again, where its time does not move on.
        (at + asked.since(told)).max(if asked > told { now + 1 } else { now })
    }
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
            suspended: false,
            stale: 0,
            unheard: Vec::new(),
            heard_until: Millis(0),
            clock: HostClock::new(Millis(0)),
        }
    }

    /// Takes note of what comes while it stands still. A machine that is suspended loses it; of the requests that it had
    /// under way it will not know how they ended.
    pub(crate) fn keep_for_later(&mut self, input: Input) {
        let input = match input {
            Input::Store { op, .. } if self.suspended => Input::Store { op, reply: Reply::Unknown },
            Input::Mesh { .. }
            | Input::Message { .. }
            | Input::Opened { .. }
            | Input::Blocked { .. }
            | Input::Drained { .. }
            | Input::Wake
                if self.suspended =>
            {
                return;
            }
            kept => kept,
        };
        self.backlog.push_back(input);
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
        config.affinity = scenario.handover.affinity;
        config.secret.0[..8].copy_from_slice(&self.incarnation().0.to_le_bytes());
        self.clock.begin_anew(now);
        self.node = Some(Node::new(config, self.clock.read(now)));
        self.wake_at = None;
        self.paused_until = None;
        self.suspended = false;
        self.unheard.clear();
        self.heard_until = Millis(0);
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
