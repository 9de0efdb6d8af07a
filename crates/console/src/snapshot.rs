//! What the console shows: plain data, copied from the running world at one moment.
//!
//! These are neither wire types of the game nor inner types of a node. They may grow; readers ignore what they do not
//! know. Lengths are in units of 1/120 m, x east and y south, as everywhere in `world`.

use serde::{Deserialize, Serialize};

use crate::Terrain;

/// Where snapshots come from. Called on the console's runtime, so both answer from memory and without waiting long.
pub trait Source: Send + Sync {
    /// The world as it is now. Asked at most ten times a second, and only while somebody looks.
    fn snapshot(&self) -> Snapshot;

    /// The ground of the island that snapshots show. Asked once per island, on a blocking thread.
    fn terrain(&self) -> Terrain;
}

/// Everything the map shows, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken, in milliseconds since the Unix epoch. The page draws motion by the differences.
    pub at_ms: u64,
    /// The cluster as a whole.
    pub cluster: Cluster,
    /// The island shown.
    pub island: IslandView,
    /// The nodes. Everything else names a node by its place in this list.
    pub nodes: Vec<NodeView>,
    /// The chunks that somebody publishes or sees.
    pub chunks: Vec<ChunkView>,
    /// The entities, each once, as its authority has it.
    pub entities: Vec<EntityView>,
    /// The mesh, one entry for each direction.
    pub links: Vec<LinkView>,
    /// Named figures in the order in which they are shown.
    pub counters: Counters,
    /// The latest happenings, oldest first.
    pub events: Vec<Event>,
}

/// The cluster as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Ticks per second.
    pub tick_hz: u32,
    /// Seconds since it began to serve.
    pub uptime_s: u64,
    /// Program and version, for example `tombolo 0.1.0`.
    pub software: String,
}

/// The island shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IslandView {
    /// Its number.
    pub id: u32,
    /// The seed of its nature. Text in JSON: a browser's numbers end at 53 bits.
    #[serde(with = "text")]
    pub seed: u64,
    /// Its side in chunks.
    pub size_chunks: u16,
}

/// A node by its place in [`Snapshot::nodes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeIndex(pub u16);

/// One node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeView {
    /// Its incarnation as text: another one after each start.
    pub id: String,
    /// Its name, the same after each start.
    pub name: String,
    /// The host that runs it.
    pub host: String,
    /// Which colour of the page's palette it has, taken modulo the palette. Keep it stable while the node lives.
    pub colour: u8,
    /// Clients connected.
    pub sessions: u32,
    /// Entities whose authority it is.
    pub entities: u32,
    /// Copies of entities of other nodes.
    pub ghosts: u32,
    /// Streams that it publishes.
    pub streams: u32,
    /// Chunks in its interest.
    pub chunks_seen: u32,
    /// How late its last tick began, in milliseconds.
    pub tick_lag_ms: f64,
    /// What it is doing.
    pub state: NodeState,
    /// Where clients reach it, `host:port`.
    pub client_address: String,
}

/// What a node is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// Known to the directory, not serving yet.
    Joining,
    /// Serving.
    #[default]
    Serving,
    /// Handing its sessions over before it stops.
    Draining,
    /// Unheard of for a while.
    Lost,
}

impl NodeState {
    /// The word used in JSON and in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Lost => "lost",
        }
    }
}

/// A chunk that somebody publishes or sees.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkView {
    /// Chunks east.
    pub cx: i16,
    /// Chunks south.
    pub cy: i16,
    /// Who has entities in it, and how many. Empty for ground that is only seen.
    pub publishers: Vec<Presence>,
    /// Nodes that have it in their interest.
    pub viewers: u16,
    /// The step of the crowd contract that it is on, the highest of those that see it. 0: nobody is told less.
    #[serde(default)]
    pub step: u8,
    /// How many it holds, where it is on a step above 0.
    #[serde(default)]
    pub movers: u32,
    /// What differs there from nature.
    #[serde(default)]
    pub things: Things,
}

/// What differs from nature in a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Things {
    /// Natural props of which something is missing.
    pub taken: u32,
    /// Piles on the ground.
    pub piles: u32,
    /// What was built.
    pub built: u32,
    /// Whether the land is somebody's.
    pub claimed: bool,
}

/// The part of one node in a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The node.
    pub node: NodeIndex,
    /// Its entities there.
    pub entities: u32,
}

/// An entity, as its authority has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EntityView {
    /// Its identifier. Text in JSON.
    #[serde(with = "text")]
    pub id: u64,
    /// Units east.
    pub x: i32,
    /// Units south.
    pub y: i32,
    /// Direction, 0 to 31, clockwise from east.
    pub heading: u8,
    /// Gait, 0 (standing) to 7.
    pub gait: u8,
    /// The colour that a player chose, as a hue: 256 make the circle.
    pub tint: u8,
    /// Its authority.
    pub node: NodeIndex,
    /// What to call it, if it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many other nodes hold a ghost of it.
    pub ghost_on: u16,
}

/// One direction of the link between two nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkView {
    /// The publisher.
    pub from: NodeIndex,
    /// The receiver.
    pub to: NodeIndex,
    /// Frames received per second, over the last seconds.
    pub frames_per_s: f64,
    /// Bytes received per second.
    pub bytes_per_s: f64,
    /// Gaps found since the link began.
    pub gap_count: u64,
    /// Whether the receiver hears the publisher.
    pub up: bool,
}

/// A recent happening, as one would read it in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// How much it matters.
    pub severity: Severity,
    /// One line of plain text.
    pub text: String,
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// Something came back or succeeded.
    Good,
    /// Somebody should look.
    Warn,
}

/// Named figures in the order in which they were put in. The unit is the end of the name (`_total`, `_ms`,
/// `_per_second`); a name that ends in `_total` only ever grows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters(Vec<(String, f64)>);

impl Counters {
    /// Adds a figure at the end, or replaces the figure of that name.
    pub fn set(&mut self, name: &str, value: f64) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, v)) => *v = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The figures in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

impl<N: AsRef<str>> FromIterator<(N, f64)> for Counters {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(figures: I) -> Self {
        let mut counters = Self::default();
        for (name, value) in figures {
            counters.set(name.as_ref(), value);
        }
        counters
    }
}

impl Serialize for Counters {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Counters {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `serde_json::Map` keeps the order here; a plain map type would sort the names.
        let map = serde_json::Map::deserialize(deserializer)?;
        Ok(map.iter().map(|(name, value)| (name, value.as_f64().unwrap_or(f64::NAN))).collect())
    }
}

/// A `u64` as text, because JSON readers in browsers round numbers above 2^53.
mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
