//! The configuration of a host: one typed tree, every key with its unit, default and limits in `config/node.toml`.
//!
//! A key that does not exist is refused with the nearest key that does. Nothing here is acted upon: the values are
//! turned into what the parts ask for.

mod error;
mod store;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use std::sync::Arc;

use directory_etcd::{EtcdConfig, EtcdTls, EtcdUser};
use gateway::{KindRates, Rate, Tls};
use host::HostConfig;
use mesh_zeromq::{AcceptedKeys, KeyPair, MeshConfig, Security};
use node::ports::directory::{Half, check_name};
use node::{Contract, View};
use serde::Deserialize;
use tls::Identity;
use world::island::GeneratorVersion;
use world::{IslandId, IslandPlan, TickRate};

pub use error::ConfigError;
pub use store::{StoreChoice, StoreSection, key as couchbase_key};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// This host.
    pub host: HostSection,
    /// The world that it serves; the same on all hosts.
    #[serde(default)]
    pub world: WorldSection,
    /// What clients are told of a crowd; the same on all hosts.
    #[serde(default)]
    pub crowd: CrowdSection,
    /// Which node serves whom.
    #[serde(default)]
    pub placement: PlacementSection,
    /// Clients.
    #[serde(default)]
    pub clients: ClientSection,
    /// The links to other hosts.
    #[serde(default)]
    pub mesh: MeshSection,
    /// How hosts find each other.
    pub directory: DirectorySection,
    /// Where documents are.
    pub store: StoreSection,
    /// The live map.
    #[serde(default)]
    pub map: MapSection,
}

/// `[host]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSection {
    /// Its name, unique in the cluster and kept over restarts.
    pub name: String,
    /// The shard that it belongs to.
    #[serde(default = "main_shard")]
    pub shard: String,
    /// The half of the shard, `a` or `b`.
    #[serde(default)]
    pub half: HalfName,
    /// Nodes, one a core: 1 to 64.
    #[serde(default = "one")]
    pub nodes: u8,
}

/// The half of a shard, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HalfName {
    /// The first.
    #[default]
    A,
    /// The second.
    B,
}

/// `[world]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldSection {
    /// Its name; hosts of other worlds in the same directory are not seen.
    pub name: String,
    /// The island's number.
    pub island: u32,
    /// The seed of its nature.
    pub seed: u64,
    /// Chunks of 30 m along a side: 8 to 512.
    pub size_chunks: u16,
    /// Ticks per second: 5, 8, 10, 20, 25 or 40.
    pub tick_hz: u32,
    /// Milliseconds from the beginning of a tick to the writes to clients; less than a tick.
    pub flush_after_ms: u64,
    /// Rings of chunks seen at full rate.
    pub view_near: u8,
    /// Rings of chunks seen at all.
    pub view_far: u8,
    /// Ticks between two frames of a far chunk.
    pub far_every: u8,
    /// The folder with the tables of the rules; those of the build if it is left out.
    pub rules: Option<PathBuf>,
}

/// `[crowd]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrowdSection {
    /// Whether the crowd contract holds.
    pub contract: Switch,
    /// Movers in a chunk above which own and adjacent sub-cells are told at full rate, the rest at half.
    pub step_1_movers: u32,
    /// Above which it is told slower with distance.
    pub step_2_movers: u32,
    /// Above which its sub-cells take turns.
    pub step_3_movers: u32,
    /// Above which nobody else should be sent there.
    pub step_4_movers: u32,
    /// KiB a second of changes that a client should be told at most.
    pub budget_kib_s: u32,
}

/// On or off, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// It is in force.
    On,
    /// It is not.
    Off,
}

/// `[placement]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlacementSection {
    /// Whether sessions are handed to another node for a better place.
    pub rehome: bool,
    /// How much it counts that people who stand together are served together, against an even load: 0 to 100.
    pub affinity: u8,
}

/// `[clients]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSection {
    /// The address and port of the first node; the others take the next ports.
    pub listen: SocketAddr,
    /// What clients are told to connect to, if it is not `listen`.
    pub advertise: Option<String>,
    /// Sessions of one node at most.
    pub sessions: usize,
    /// Connections from one address at most.
    pub per_address: usize,
    /// How clients are taken by TLS; not at all if it is left out.
    pub tls: Option<TlsSection>,
    /// What one connection, one address and all together may take.
    pub limits: ClientLimits,
}

/// `[clients.limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientLimits {
    /// Connections at once, above `sessions`.
    pub connections: usize,
    /// New connections a second from one address.
    pub arrivals_per_s: u32,
    /// Milliseconds until TLS is ready.
    pub greeting_ms: u64,
    /// Milliseconds for which a client may not read.
    pub stuck_ms: u64,
    /// Messages a second, and at once.
    pub messages: [u32; 2],
    /// Bytes a second, and at once.
    pub bytes: [u32; 2],
    /// Bytes kept for one client that does not read.
    pub kept_bytes: usize,
    /// Of these, control messages.
    pub kept_control_bytes: usize,
    /// Bytes kept for all such clients of a node.
    pub kept_total_bytes: usize,
    /// Hellos a second, and at once; so the other kinds.
    pub hello: [u32; 2],
    /// Inputs.
    pub input: [u32; 2],
    /// Lines of speech.
    pub speak: [u32; 2],
    /// Deeds.
    pub deed: [u32; 2],
    /// Requests for baselines.
    pub baseline: [u32; 2],
    /// Pings.
    pub ping: [u32; 2],
    /// Farewells.
    pub bye: [u32; 2],
    /// All kinds that this version does not know, together.
    pub other: [u32; 2],
}

/// `[clients.tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// A PEM file with the certificate, and those that signed it behind it.
    pub certificate: PathBuf,
    /// A PEM file with its key.
    pub key: PathBuf,
    /// Whether clients without TLS are turned away.
    #[serde(default = "yes")]
    pub required: bool,
}

/// `[mesh]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeshSection {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port of the ordered lane; 0: any free one.
    pub publish_port: u16,
    /// The port of the direct lane; 0: any free one.
    pub direct_port: u16,
    /// What other hosts are told to connect to, if it is not `listen`.
    pub advertise: Option<String>,
    /// The file with this host's key pair; without it the links are not encrypted.
    pub keys: Option<PathBuf>,
    /// The file with the keys of all hosts; goes with `keys`.
    pub accepted: Option<PathBuf>,
}

/// `[directory]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectorySection {
    /// The members of the etcd cluster.
    pub etcd: Vec<String>,
    /// Seconds after which the record of a crashed host vanishes: 2 to 600.
    #[serde(default = "lease")]
    pub lease_ttl_s: u32,
    /// A user of etcd.
    #[serde(default)]
    pub user: Option<String>,
    /// The environment variable that holds the user's password.
    #[serde(default)]
    pub password_env: Option<String>,
    /// A PEM file with the authority that signed etcd's certificate.
    #[serde(default)]
    pub authority: Option<PathBuf>,
}

/// `[map]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapSection {
    /// Where the map is served; nowhere if it is left out.
    pub listen: Option<SocketAddr>,
    /// Host names under which it may be asked for, besides loopback.
    pub hosts: Vec<String>,
}

fn main_shard() -> String {
    "main".into()
}

fn one() -> u8 {
    1
}

fn lease() -> u32 {
    5
}

fn yes() -> bool {
    true
}

impl Default for WorldSection {
    fn default() -> Self {
        let view = View::default();
        Self {
            name: "tombolo".into(),
            island: 1,
            seed: 7,
            size_chunks: 24,
            tick_hz: 10,
            flush_after_ms: 20,
            view_near: view.near,
            view_far: view.far,
            far_every: view.far_every,
            rules: None,
        }
    }
}

impl Default for CrowdSection {
    fn default() -> Self {
        let Contract { movers, budget_bytes_s, .. } = Contract::default();
        let [step_1_movers, step_2_movers, step_3_movers, step_4_movers] = movers;
        let budget_kib_s = budget_bytes_s / 1_024;
        Self { contract: Switch::On, step_1_movers, step_2_movers, step_3_movers, step_4_movers, budget_kib_s }
    }
}

impl Default for PlacementSection {
    fn default() -> Self {
        Self { rehome: true, affinity: node::config::DEFAULT_AFFINITY }
    }
}

impl Default for ClientSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7700)),
            advertise: None,
            sessions: node::limits::SESSIONS,
            per_address: gateway::Limits::default().per_address,
            tls: None,
            limits: ClientLimits::default(),
        }
    }
}

impl Default for ClientLimits {
    fn default() -> Self {
        let limits = gateway::Limits::default();
        let pair = |rate: Rate| [rate.per_s, rate.burst];
        let kinds = limits.kinds;
        Self {
            connections: limits.connections,
            arrivals_per_s: limits.arrivals_per_s,
            greeting_ms: limits.greeting.as_millis() as u64,
            stuck_ms: limits.stuck.as_millis() as u64,
            messages: [limits.messages_per_s, limits.message_burst],
            bytes: [limits.bytes_per_s, limits.byte_burst],
            kept_bytes: limits.pending_bytes,
            kept_control_bytes: limits.blocked_control_bytes,
            kept_total_bytes: limits.pending_total_bytes,
            hello: pair(kinds.hello),
            input: pair(kinds.input),
            speak: pair(kinds.speak),
            deed: pair(kinds.deed),
            baseline: pair(kinds.baseline),
            ping: pair(kinds.ping),
            bye: pair(kinds.bye),
            other: pair(kinds.other),
        }
    }
}

impl ClientSection {
    /// The limits of a node's gateway.
    fn gateway(&self) -> gateway::Limits {
        let l = &self.limits;
        let rate = |[per_s, burst]: [u32; 2]| Rate { per_s, burst };
        gateway::Limits {
            connections: l.connections,
            per_address: self.per_address,
            arrivals_per_s: l.arrivals_per_s,
            messages_per_s: l.messages[0],
            message_burst: l.messages[1],
            bytes_per_s: l.bytes[0],
            byte_burst: l.bytes[1],
            blocked_control_bytes: l.kept_control_bytes,
            pending_bytes: l.kept_bytes,
            pending_total_bytes: l.kept_total_bytes,
            stuck: Duration::from_millis(l.stuck_ms),
            greeting: Duration::from_millis(l.greeting_ms),
            kinds: KindRates {
                hello: rate(l.hello),
                input: rate(l.input),
                speak: rate(l.speak),
                deed: rate(l.deed),
                baseline: rate(l.baseline),
                ping: rate(l.ping),
                bye: rate(l.bye),
                other: rate(l.other),
            },
            ..gateway::Limits::default()
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, ms) in [("greeting_ms", self.limits.greeting_ms), ("stuck_ms", self.limits.stuck_ms)] {
            if !(100..=600_000).contains(&ms) {
                return Err(("clients.limits", format!("{key}: {ms} is not 100 to 600000")));
            }
        }
        self.gateway().check().map_err(|low| ("clients.limits", low.to_string()))
    }
}

impl Default for MeshSection {
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            publish_port: 0,
            direct_port: 0,
            advertise: None,
            keys: None,
            accepted: None,
        }
    }
}

impl NodeConfig {
    /// Reads and checks a file.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
        Self::parse(&file.display().to_string(), &text)
    }

    /// Reads and checks a text; `name` stands for it in messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|e| ConfigError::malformed(name, text, &e))?;
        config.check().map_err(|(key, reason)| ConfigError::NotAllowed { file: name.to_owned(), key, reason })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let named = |key, name: &str| {
            check_name(name).map_err(|_| (key, format!("{name:?} is not 1 to 64 letters, digits, `-`, `_` or `.`")))
        };
        named("host.name", &self.host.name)?;
        named("host.shard", &self.host.shard)?;
        named("world.name", &self.world.name)?;
        if TickRate::new(self.world.tick_hz).is_none() {
            return Err(("world.tick_hz", format!("{} is none of {:?}", self.world.tick_hz, TickRate::ALLOWED_HZ)));
        }
        if !crate::options::ISLAND_SIDES.contains(&self.world.size_chunks) {
            let sides = crate::options::ISLAND_SIDES;
            let found = self.world.size_chunks;
            return Err(("world.size_chunks", format!("{found} is not {} to {}", sides.start(), sides.end())));
        }
        if self.placement.affinity > 100 {
            return Err(("placement.affinity", format!("{} is not 0 to 100", self.placement.affinity)));
        }
        world::Island::new(self.plan()).map_err(|e| ("world.seed", e.to_string()))?;
        self.contract().check().map_err(|wrong| ("crowd", wrong))?;
        if self.mesh.listen.is_unspecified() && self.mesh.advertise.is_none() {
            return Err(("mesh.advertise", "name an address: nobody can connect to all interfaces".into()));
        }
        self.clients.check()?;
        if self.mesh.keys.is_some() != self.mesh.accepted.is_some() {
            let missing = if self.mesh.keys.is_none() { "mesh.keys" } else { "mesh.accepted" };
            return Err((missing, "mesh.keys and mesh.accepted go together: a host with keys believes a list".into()));
        }
        self.store.check()
    }

    /// The crowd contract.
    fn contract(&self) -> Contract {
        let c = &self.crowd;
        Contract {
            on: c.contract == Switch::On,
            movers: [c.step_1_movers, c.step_2_movers, c.step_3_movers, c.step_4_movers],
            budget_bytes_s: c.budget_kib_s.saturating_mul(1_024),
        }
    }

    /// The island's plan.
    pub fn plan(&self) -> IslandPlan {
        IslandPlan { seed: self.world.seed, size_chunks: self.world.size_chunks, version: GeneratorVersion::LATEST }
    }

    /// The tick rate; it was checked.
    pub fn rate(&self) -> TickRate {
        TickRate::new(self.world.tick_hz).unwrap_or_default()
    }

    /// What the host is started with.
    pub fn host(&self) -> HostConfig {
        let w = &self.world;
        HostConfig {
            shard: self.host.shard.clone(),
            half: if self.host.half == HalfName::A { Half::A } else { Half::B },
            nodes: self.host.nodes,
            listen: self.clients.listen.ip(),
            base_port: self.clients.listen.port(),
            advertise: self.clients.advertise.clone(),
            rate: self.rate(),
            flush_after_ms: w.flush_after_ms,
            view: View { near: w.view_near, far: w.view_far, far_every: w.far_every },
            contract: self.contract(),
            sessions: self.clients.sessions,
            affinity: self.placement.rehome.then_some(self.placement.affinity),
            gateway: self.clients.gateway(),
            ..HostConfig::new(self.host.name.clone(), IslandId(w.island), self.plan())
        }
    }

    /// How clients are taken by TLS. Reads the files.
    pub fn tls(&self) -> Result<Option<Tls>, String> {
        let Some(section) = &self.clients.tls else { return Ok(None) };
        let identity = Identity::load(&section.certificate, &section.key).map_err(|e| format!("clients.tls: {e}"))?;
        Ok(Some(Tls { identity: Arc::new(identity), required: section.required }))
    }

    /// What the links are locked with. Reads the files.
    pub fn security(&self) -> Result<Option<Security>, String> {
        let (Some(keys), Some(accepted)) = (&self.mesh.keys, &self.mesh.accepted) else { return Ok(None) };
        let pair = KeyPair::load(keys).map_err(|e| format!("mesh.keys: {e}"))?;
        let list = AcceptedKeys::load(accepted).map_err(|e| format!("mesh.accepted: {e}"))?;
        if !list.accepts(&pair.public) {
            return Err(format!(
                "mesh.accepted: {}: this host's own key is not in it; add the line `{} {}`, here and on all other hosts",
                accepted.display(),
                pair.public,
                self.host.name
            ));
        }
        Ok(Some(Security { pair, accepted: Arc::new(list) }))
    }

    /// What the mesh is started with.
    pub fn mesh(&self, security: Option<Security>) -> MeshConfig {
        MeshConfig {
            security,
            bind_host: self.mesh.listen,
            publish_port: self.mesh.publish_port,
            direct_port: self.mesh.direct_port,
            advertise_host: self.mesh.advertise.clone().unwrap_or_else(|| self.mesh.listen.to_string()),
            ..MeshConfig::loopback()
        }
    }

    /// How the directory is reached.
    pub fn directory(&self) -> Result<EtcdConfig, String> {
        let d = &self.directory;
        let mut etcd = EtcdConfig::new(d.etcd.clone(), self.world.name.clone());
        etcd.lease_ttl_s = d.lease_ttl_s;
        if let Some(name) = &d.user {
            let variable = d.password_env.as_deref().ok_or("directory.user needs directory.password_env")?;
            let password =
                std::env::var(variable).map_err(|_| format!("directory.password_env: {variable} is not set"))?;
            etcd.user = Some(EtcdUser { name: name.clone(), password });
        }
        if let Some(file) = &d.authority {
            let authority_pem =
                std::fs::read_to_string(file).map_err(|e| format!("directory.authority: {}: {e}", file.display()))?;
            etcd.tls = Some(EtcdTls { authority_pem, identity_pem: None, server_name: None });
        }
        Ok(etcd)
    }
}
