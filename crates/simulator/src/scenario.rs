//! Scenario files: how big the world is, how its network behaves, and how hard its faults strike.

mod limits;

use node::Contract;
use schemars::JsonSchema;
use serde::Deserialize;

pub use limits::ScenarioError;
pub(crate) use limits::{check_bounds, out_of_range};

/// A scenario as the file says it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `faults`; a file that says nothing is of this kind.
    #[serde(default)]
    pub kind: Kind,
    /// A short name.
    pub name: String,
    /// What it is for, for people.
    #[serde(default)]
    pub about: String,
    /// Whether each seed is one cell of the matrix of faults: one or two kinds of them and no other. What is said of the
    /// network and the store is how hard a kind strikes where its turn comes; how many of each strike is the cell's.
    #[serde(default)]
    pub matrix: bool,
    /// The island and its nodes.
    #[serde(default)]
    pub world: World,
    /// Who plays.
    #[serde(default)]
    pub players: Players,
    /// The crowd contract.
    #[serde(default)]
    pub crowd: Crowd,
    /// The course of the run.
    #[serde(default)]
    pub course: Course,
    /// The links between nodes during a storm. In a calm they lose nothing.
    #[serde(default)]
    pub network: Network,
    /// Handovers of players from node to node.
    #[serde(default)]
    pub handover: Handover,
    /// What strikes during a storm.
    #[serde(default)]
    pub faults: Faults,
    /// The store during a storm.
    #[serde(default)]
    pub store: StoreFaults,
}

/// The kind of file that this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nodes, clients and a store under faults.
    #[default]
    Faults,
}

/// The island and its nodes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// The seed of the island.
    pub island_seed: u64,
    /// Chunks along a side of the island.
    pub size_chunks: u16,
    /// Nodes, each on a host of its own: 1 to 64.
    pub nodes: u16,
    /// Ticks per second.
    pub tick_hz: u32,
}

/// Who plays.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Players {
    /// Clients: 1 to 2000.
    pub count: u32,
    /// How far from the landing place they walk, in metres.
    pub range_m: u32,
    /// Milliseconds between two decisions of a player where to go.
    pub decide_ms: [u64; 2],
    /// Of a thousand decisions, so many are to change the tint, a deed.
    pub deed_per_mille: u32,
    /// Of a thousand decisions, so many are to say something.
    pub speech_per_mille: u32,
}

/// The crowd contract of all nodes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Crowd {
    /// Movers in a chunk above which it is on step 1, 2, 3 and 4.
    pub step_movers: [u32; 4],
    /// Bytes a second of changes that a client should be told at most.
    pub budget_bytes_s: u32,
}

/// The course of a run: calm, storm, healing, calm, and again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Course {
    /// Seconds of the whole run.
    pub seconds: u64,
    /// Seconds of the first calm, in which everybody arrives.
    pub arrive_s: u64,
    /// Seconds of a storm.
    pub storm_s: u64,
    /// Seconds after a storm within which everything must have healed.
    pub heal_s: u64,
    /// Seconds of a calm after healing, in which the checkers are strict.
    pub calm_s: u64,
}

/// Handovers of players from node to node.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Handover {
    /// So many are ordered in a minute, in any weather.
    pub ordered: u32,
    /// The knob of placement, 0 to 100: who is moved for a better place. Left out: nobody is.
    pub affinity: Option<u8>,
}

/// The links between nodes during a storm.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Milliseconds of a message's way, from and to.
    pub delay_ms: [u64; 2],
    /// Of a thousand messages, so many are lost.
    pub loss_per_mille: u32,
    /// Of a thousand messages, so many come twice.
    pub twice_per_mille: u32,
    /// Of a thousand messages, so many are held up, so that others overtake them.
    pub held_up_per_mille: u32,
    /// For how many milliseconds, from and to.
    pub held_up_ms: [u64; 2],
}

/// What strikes during a storm: how many of each kind in a minute of storm.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// A node dies and comes back with its memory gone.
    pub crashes: u32,
    /// A node stands still.
    pub pauses: u32,
    /// A link between two nodes is cut both ways.
    pub cuts: u32,
    /// A link is cut one way.
    pub one_way_cuts: u32,
    /// The direct lane of a link is cut one way, while frames flow.
    pub direct_cuts: u32,
    /// A client's connection breaks.
    pub client_cuts: u32,
    /// A client stops reading.
    pub client_stalls: u32,
    /// A second client logs into an account that plays.
    pub twins: u32,
    /// A node cannot reach the store.
    pub store_cuts: u32,
    /// A machine is suspended: it keeps its memory, and loses its connections and what comes meanwhile.
    pub suspensions: u32,
    /// A node's wall clock stands still.
    pub clocks_still: u32,
    /// A node's wall clock jumps ahead, and back again.
    pub clocks_ahead: u32,
    /// A node's wall clock is set back, and put right again.
    pub clocks_back: u32,
    /// By how many milliseconds clocks jump, from and to.
    pub clock_jump_ms: [u64; 2],
    /// A link is slow both ways.
    pub slow_links: u32,
    /// By how many milliseconds.
    pub slow_link_ms: u64,
    /// The directory is out of reach of everybody.
    pub directory_gone: u32,
    /// The directory tells everybody everything late.
    pub directory_slow: u32,
    /// By how many milliseconds, from and to.
    pub directory_late_ms: [u64; 2],
    /// A node hears nothing new from the directory.
    pub directory_stale: u32,
    /// The record of a node vanishes, and the node lives.
    pub leases_lost: u32,
    /// Nobody can reach the store.
    pub store_gone: u32,
    /// Milliseconds that any of these lasts, from and to.
    pub lasts_ms: [u64; 2],
}

/// The store during a storm, per thousand requests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreFaults {
    /// Milliseconds of an answer, from and to.
    pub delay_ms: [u64; 2],
    /// Writes that lose against nobody.
    pub conflict_per_mille: u32,
    /// Requests that fail and say so.
    pub fail_per_mille: u32,
    /// Requests whose outcome stays unknown; a third of them never take effect, a third do, a third do so late.
    pub unknown_per_mille: u32,
    /// Writes that land late, and requests whose outcome stays unknown for that.
    pub late_per_mille: u32,
    /// Requests that are carried out and answered late.
    pub slow_per_mille: u32,
    /// How late, in milliseconds, from and to. What is later than a node waits is unknown to it.
    pub slow_ms: [u64; 2],
    /// How late a late write lands after it was given up, in milliseconds, from and to.
    pub late_ms: [u64; 2],
}

impl Default for World {
    fn default() -> Self {
        Self { island_seed: 7, size_chunks: 24, nodes: 5, tick_hz: 10 }
    }
}

impl Default for Players {
    fn default() -> Self {
        Self { count: 40, range_m: 60, decide_ms: [300, 1800], deed_per_mille: 60, speech_per_mille: 40 }
    }
}

impl Default for Crowd {
    fn default() -> Self {
        let Contract { movers, budget_bytes_s, .. } = Contract::default();
        Self { step_movers: movers, budget_bytes_s }
    }
}

impl Default for Course {
    fn default() -> Self {
        Self { seconds: 60, arrive_s: 6, storm_s: 24, heal_s: 14, calm_s: 8 }
    }
}

impl Default for Handover {
    fn default() -> Self {
        Self { ordered: 120, affinity: None }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            delay_ms: [1, 12],
            loss_per_mille: 30,
            twice_per_mille: 15,
            held_up_per_mille: 20,
            held_up_ms: [50, 900],
        }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            crashes: 4,
            pauses: 4,
            cuts: 5,
            one_way_cuts: 5,
            direct_cuts: 12,
            client_cuts: 12,
            client_stalls: 12,
            twins: 10,
            store_cuts: 4,
            suspensions: 0,
            clocks_still: 0,
            clocks_ahead: 0,
            clocks_back: 0,
            clock_jump_ms: [200, 5_000],
            slow_links: 0,
            slow_link_ms: 700,
            directory_gone: 0,
            directory_slow: 0,
            directory_late_ms: [2_000, 7_000],
            directory_stale: 0,
            leases_lost: 0,
            store_gone: 0,
            lasts_ms: [600, 9_000],
        }
    }
}

impl Default for StoreFaults {
    fn default() -> Self {
        Self {
            delay_ms: [1, 30],
            conflict_per_mille: 20,
            fail_per_mille: 30,
            unknown_per_mille: 60,
            late_per_mille: 0,
            slow_per_mille: 0,
            slow_ms: [500, 3_000],
            late_ms: [10, 4_000],
        }
    }
}

impl Scenario {
    /// The nodes' contract.
    #[must_use]
    pub fn contract(&self) -> Contract {
        Contract { on: true, movers: self.crowd.step_movers, budget_bytes_s: self.crowd.budget_bytes_s }
    }

    /// The same scenario for so many seconds.
    #[must_use]
    pub fn lasting(mut self, seconds: u64) -> Self {
        self.course.seconds = seconds;
        self
    }
}
