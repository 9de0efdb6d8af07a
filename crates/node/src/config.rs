//! What a node is told at birth. The shell reads it from files and the directory; the machine takes it as given.

use std::sync::Arc;

use deeds::tables::Tables;
use deeds::{IslandNature, Registry, Rulebook};
use protocol::Incarnation;
use world::{Island, IslandId, Planted, TickRate};

use crate::limits;

/// How far a session sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Rings of chunks around the avatar's own at full rate. 1 is 3 x 3 chunks.
    pub near: u8,
    /// Rings of chunks seen at all, at least `near`.
    pub far: u8,
    /// Ticks between two frames of a far chunk.
    pub far_every: u8,
}

impl Default for View {
    fn default() -> Self {
        Self { near: 1, far: 2, far_every: 5 }
    }
}

/// The crowd contract: when a chunk that fills is told in another way, and how much a client may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Off: everybody in a near chunk is told at full rate, however many they are. For benches.
    pub on: bool,
    /// Movers in a chunk above which it is on step 1, 2, 3 and 4; growing. A mover is whoever has an authority and may
    /// move, whether it does at the moment or not.
    pub movers: [u32; 4],
    /// Bytes a second of changes that one client should be told at most.
    pub budget_bytes_s: u32,
}

impl Default for Contract {
    fn default() -> Self {
        Self { on: true, movers: [200, 600, 1_500, 3_000], budget_bytes_s: 64 * 1024 }
    }
}

impl Contract {
    /// What is wrong with it, if anything.
    pub fn check(&self) -> Result<(), String> {
        if self.movers[0] == 0 || self.movers.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(format!("the steps' movers {:?} must be at least 1 and grow", self.movers));
        }
        if self.movers[3] > limits::CROWD_MOVERS {
            return Err(format!("{} movers are more than {}", self.movers[3], limits::CROWD_MOVERS));
        }
        let allowed = limits::CROWD_BUDGET_BYTES_S;
        if !allowed.contains(&self.budget_bytes_s) {
            let found = self.budget_bytes_s;
            return Err(format!("a budget of {found} bytes a second is not {} to {}", allowed.start(), allowed.end()));
        }
        Ok(())
    }
}

/// The knob of placement where nothing else is said.
pub const DEFAULT_AFFINITY: u8 = 60;

/// What a node keys its tokens with, unknown to anybody else. It shows nothing of itself.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The configuration of one life of a node.
#[derive(Clone, Debug)]
pub struct Config {
    /// This life.
    pub incarnation: Incarnation,
    /// Ticks per second, the same in the whole cluster.
    pub rate: TickRate,
    /// Milliseconds from the beginning of a tick, when all nodes publish, to the writes to clients.
    pub flush_after_ms: u64,
    /// How far sessions see.
    pub view: View,
    /// What clients are told of a crowd.
    pub contract: Contract,
    /// The island's number.
    pub island_id: IslandId,
    /// The island.
    pub island: Island,
    /// What deeds go by.
    pub rules: Rulebook,
    /// Sessions at most.
    pub sessions: usize,
    /// What the welcome says of the software.
    pub software: String,
    /// How much it counts, in hundredths, that a session is where the people around it are, against an even load: 0 to
    /// 100. None: no session is moved for a better place.
    pub affinity: Option<u8>,
    /// What this life keys its tokens with. The shell draws it; zeros are for tests.
    pub secret: Secret,
    /// The planted bug, none in production.
    pub planted: Planted,
}

/// The commands and tables of the build, for an island. The nodes of a host share one.
#[must_use]
pub fn standard_rules(island_id: IslandId, island: Island) -> Rulebook {
    Rulebook {
        registry: Arc::new(Registry::standard()),
        tables: Arc::new(Tables::built_in()),
        nature: Arc::new(IslandNature::new(island)),
        island: island_id,
    }
}

impl Config {
    /// A configuration with the default rate, view and limits.
    #[must_use]
    pub fn new(incarnation: Incarnation, island_id: IslandId, island: Island) -> Self {
        Self {
            incarnation,
            rate: TickRate::default(),
            flush_after_ms: 20,
            view: View::default(),
            contract: Contract::default(),
            island_id,
            rules: standard_rules(island_id, island.clone()),
            island,
            sessions: limits::SESSIONS,
            software: concat!("tombolo ", env!("CARGO_PKG_VERSION")).to_owned(),
            affinity: None,
            secret: Secret::default(),
            planted: Planted::none(),
        }
    }
}
