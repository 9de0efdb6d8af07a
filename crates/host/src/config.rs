//! What a host is started with. Files and command lines are read by whoever composes the program.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use deeds::Rulebook;
use node::ports::directory::{Claim, Directory, Half};
use node::ports::mesh::{Mesh, MeshPeer};
use node::{Config, Contract, View};
use protocol::Incarnation;
use store::Store;
use world::island::IslandPlan;
use world::{Island, IslandId, Planted, TickRate};

use crate::error::HostError;
use crate::limits::NODES;
use crate::rules::Rules;

/// The configuration of a host.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The host's name, unique in the cluster and kept over restarts.
    pub name: String,
    /// The shard that it belongs to.
    pub shard: String,
    /// The half of the shard.
    pub half: Half,
    /// How many nodes it runs, 1 to 64; one per core.
    pub nodes: u8,
    /// The address of the interface on which clients are taken.
    pub listen: IpAddr,
    /// The client port of the first node; the next ones take the next ports. 0: any free ports.
    pub base_port: u16,
    /// The name or address that clients are told to connect to. None: the one of `listen`, which then must not stand
    /// for all interfaces.
    pub advertise: Option<String>,
    /// The island's number.
    pub island_id: IslandId,
    /// The island.
    pub island: IslandPlan,
    /// Ticks per second, the same in the whole cluster.
    pub rate: TickRate,
    /// Milliseconds from the beginning of a tick to the writes to clients; less than a tick.
    pub flush_after_ms: u64,
    /// How far sessions see.
    pub view: View,
    /// What clients are told of a crowd.
    pub contract: Contract,
    /// What deeds go by.
    pub rules: Rules,
    /// Sessions of one node at most.
    pub sessions: usize,
    /// Limits on clients' connections.
    pub gateway: gateway::Limits,
    /// How clients are taken by TLS; not at all if there is none.
    pub tls: Option<gateway::Tls>,
    /// What the welcome and the directory say of the software.
    pub software: String,
    /// The knob of placement, 0 (spread evenly) to 100 (all to the node that already sees the chunk). None: no session
    /// is moved for a better place.
    pub affinity: Option<u8>,
    /// The planted bug, none in production.
    pub planted: Planted,
}

impl HostConfig {
    /// A host of one node on any free port of the loopback interface, with the default rate, view and limits.
    #[must_use]
    pub fn new(name: impl Into<String>, island_id: IslandId, island: IslandPlan) -> Self {
        Self {
            name: name.into(),
            shard: "main".to_owned(),
            half: Half::A,
            nodes: 1,
            listen: Ipv4Addr::LOCALHOST.into(),
            base_port: 0,
            advertise: None,
            island_id,
            island,
            rate: TickRate::default(),
            flush_after_ms: 20,
            view: View::default(),
            contract: Contract::default(),
            rules: Rules::default(),
            sessions: node::limits::SESSIONS,
            gateway: gateway::Limits::default(),
            tls: None,
            software: concat!("tombolo ", env!("CARGO_PKG_VERSION")).to_owned(),
            affinity: Some(node::config::DEFAULT_AFFINITY),
            planted: Planted::none(),
        }
    }

    /// Refuses what cannot work, naming the field.
    pub(crate) fn check(&self) -> Result<(), HostError> {
        let refuse = |key, reason: String| Err(HostError::Config { key, reason });
        if !(1..=NODES).contains(&self.nodes) {
            return refuse("nodes", format!("a host runs 1 to {NODES} nodes, not {}", self.nodes));
        }
        if self.base_port != 0 && self.base_port.checked_add(u16::from(self.nodes - 1)).is_none() {
            return refuse(
                "base_port",
                format!("{} nodes from port {} reach beyond 65535", self.nodes, self.base_port),
            );
        }
        if self.advertise.is_none() && self.listen.is_unspecified() {
            return refuse("advertise", format!("clients cannot connect to {}; name an address", self.listen));
        }
        if self.flush_after_ms >= self.rate.period_ms() {
            let period = self.rate.period_ms();
            return refuse("flush_after_ms", format!("{} is not less than a tick of {period} ms", self.flush_after_ms));
        }
        if self.view.near > self.view.far || self.view.far_every == 0 {
            return refuse("view", "near must not exceed far, and far_every must be at least 1".to_owned());
        }
        if !(1..=node::limits::SESSIONS).contains(&self.sessions) {
            return refuse("sessions", format!("a node takes 1 to {} sessions", node::limits::SESSIONS));
        }
        self.contract.check().or_else(|wrong| refuse("contract", wrong))?;
        self.gateway.check().or_else(|low| refuse("gateway", low.to_string()))
    }

    /// Where the node with this index listens.
    pub(crate) fn listen_address(&self, node: u8) -> SocketAddr {
        let port = if self.base_port == 0 { 0 } else { self.base_port + u16::from(node) };
        SocketAddr::new(self.listen, port)
    }

    /// What clients are told of a bound address.
    pub(crate) fn advertised(&self, bound: SocketAddr) -> String {
        match &self.advertise {
            None => bound.to_string(),
            Some(name) => match name.parse::<IpAddr>() {
                Ok(address) => SocketAddr::new(address, bound.port()).to_string(),
                Err(_) => format!("{name}:{}", bound.port()),
            },
        }
    }

    pub(crate) fn node(&self, incarnation: Incarnation, island: Island, rules: Rulebook) -> Config {
        Config {
            rules,
            rate: self.rate,
            flush_after_ms: self.flush_after_ms,
            view: self.view,
            contract: self.contract,
            sessions: self.sessions,
            software: self.software.clone(),
            affinity: self.affinity,
            planted: self.planted,
            ..Config::new(incarnation, self.island_id, island)
        }
    }
}

/// The outside world, as ports.
pub struct Parts {
    /// Where documents are.
    pub store: Arc<dyn Store>,
    /// Where hosts find each other.
    pub directory: Arc<dyn Directory>,
    /// Opens the host's end of the mesh, once its number and life are known.
    pub mesh: MeshMaker,
}

/// Opens a host's end of the mesh. Called once, on the host's own thread.
pub type MeshMaker = Box<dyn FnOnce(Claim) -> Result<OpenMesh, Box<dyn Error + Send + Sync>> + Send>;

/// A host's end of the mesh, open.
#[derive(Debug)]
pub struct OpenMesh {
    mesh: Arc<dyn Mesh>,
    peer: MeshPeer,
}

impl OpenMesh {
    /// A mesh and how others connect to it.
    #[must_use]
    pub fn new(mesh: Arc<dyn Mesh>, peer: MeshPeer) -> Self {
        Self { mesh, peer }
    }

    pub(crate) fn into_parts(self) -> (Arc<dyn Mesh>, MeshPeer) {
        (self.mesh, self.peer)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("store", &self.store).field("directory", &self.directory).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world::island::GeneratorVersion;

    fn config() -> HostConfig {
        HostConfig::new("h", IslandId(1), IslandPlan { seed: 1, size_chunks: 16, version: GeneratorVersion::V1 })
    }

    /// The field that is named when this is changed.
    fn check(change: impl FnOnce(&mut HostConfig), expected: Option<&str>) {
        let mut config = config();
        change(&mut config);
        let named = config.check().err().map(|e| e.to_string());
        assert_eq!(named.as_deref().and_then(|e| e.split(':').next()), expected, "{named:?}");
    }

    #[test]
    fn what_cannot_work_is_named() {
        check(|_| (), None);
        check(|c| c.nodes = 0, Some("nodes"));
        check(|c| c.nodes = 65, Some("nodes"));
        check(|c| (c.nodes, c.base_port) = (2, 65_535), Some("base_port"));
        check(|c| (c.nodes, c.base_port) = (2, 65_534), None);
        check(|c| c.listen = Ipv4Addr::UNSPECIFIED.into(), Some("advertise"));
        check(|c| (c.listen, c.advertise) = (Ipv4Addr::UNSPECIFIED.into(), Some("a".into())), None);
        check(|c| c.flush_after_ms = 100, Some("flush_after_ms"));
        check(|c| c.view.near = 3, Some("view"));
        check(|c| c.sessions = 0, Some("sessions"));
        check(|c| c.contract.movers = [200, 100, 300, 400], Some("contract"));
        check(|c| c.contract.budget_bytes_s = 1, Some("contract"));
        check(|c| c.gateway.per_address = 0, Some("gateway"));
    }

    #[test]
    fn clients_are_told_where_they_can_connect() {
        let bound = SocketAddr::from(([0, 0, 0, 0], 71));
        for (name, expected) in [("10.0.0.7", "10.0.0.7:71"), ("::1", "[::1]:71"), ("a.example", "a.example:71")] {
            assert_eq!(HostConfig { advertise: Some(name.into()), ..config() }.advertised(bound), expected);
        }
    }
}
