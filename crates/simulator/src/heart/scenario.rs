//! What a scenario of the full heart may say.

use schemars::JsonSchema;
use serde::Deserialize;

use super::run::Figure;
use crate::outcome::Bound;
use crate::population::{RIVAL_BEST, Rival};
use crate::scenario::{self, ScenarioError, check_bounds, out_of_range};

/// The kind of file that this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nodes and clients under a crowd.
    Heart,
}

/// A scenario of the full heart.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `heart`.
    pub kind: Kind,
    /// A short name.
    pub name: String,
    /// What it is for, for people.
    #[serde(default)]
    pub about: String,
    /// How long it runs.
    #[serde(default)]
    pub course: Course,
    /// The island and its nodes.
    #[serde(default)]
    pub world: World,
    /// Who walks there.
    #[serde(default)]
    pub people: People,
    /// What work costs.
    #[serde(default)]
    pub cost: Cost,
    /// The same crowd with other values, for comparison.
    #[serde(default)]
    pub rival: Option<Rival>,
    /// What must hold.
    #[serde(default)]
    pub assert: Vec<Bound>,
}

/// How long it runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Course {
    /// Virtual seconds of the whole run, 2 to 3600.
    pub seconds: u64,
    /// Seconds from which on work is judged: before it people arrive.
    pub settle_s: u64,
}

/// The island and its nodes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// The seed of the island.
    pub island_seed: u64,
    /// Chunks along a side of the island.
    pub size_chunks: u16,
    /// Nodes, 1 to 64.
    pub nodes: u16,
    /// Ticks a second.
    pub tick_hz: u32,
}

/// Who walks there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// Players, each with a client, 1 to 2000.
    pub count: u32,
    /// Metres around one landing place within which they walk.
    pub range_m: u32,
    /// Milliseconds between two decisions of a player where to go, from and to.
    pub decide_ms: [u64; 2],
}

/// What work costs a processor core.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// Game logic: microseconds for a person and tick.
    pub logic_us: u64,
    /// Synchronisation: microseconds for a frame that a node publishes.
    pub publish_us: u64,
    /// Synchronisation: microseconds for a frame of another node that a node applies and forwards.
    pub apply_us: u64,
    /// Synchronisation: microseconds for a copy of somebody on another node and tick.
    pub copy_us: u64,
}

impl Default for Course {
    fn default() -> Self {
        Self { seconds: 40, settle_s: 15 }
    }
}

impl Default for World {
    fn default() -> Self {
        Self { island_seed: 7, size_chunks: 24, nodes: 4, tick_hz: 10 }
    }
}

impl Default for People {
    fn default() -> Self {
        Self { count: 300, range_m: 90, decide_ms: [1_000, 5_000] }
    }
}

impl Default for Cost {
    fn default() -> Self {
        // The messages: both sides of libzmq at 1 KiB, rounded up, and reading what came.
        Self { logic_us: 150, publish_us: 4, apply_us: 6, copy_us: 3 }
    }
}

impl Scenario {
    /// Looks at every value.
    ///
    /// # Errors
    /// The key and what is allowed.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let (course, people, cost) = (&self.course, &self.people, &self.cost);
        for (key, found, allowed) in [
            ("course.seconds", course.seconds, 2..=3_600),
            ("course.settle_s", course.settle_s, 0..=course.seconds - 1),
            ("world.nodes", u64::from(self.world.nodes), 1..=64),
            ("people.count", u64::from(people.count), 1..=2_000),
            ("people.range_m", u64::from(people.range_m), 1..=2_000),
            ("cost.logic_us", cost.logic_us, 0..=1_000_000),
            ("cost.publish_us", cost.publish_us, 0..=1_000_000),
            ("cost.apply_us", cost.apply_us, 0..=1_000_000),
            ("cost.copy_us", cost.copy_us, 0..=1_000_000),
        ] {
            if !allowed.contains(&found) {
                return Err(out_of_range(key, found, format!("{} to {}", allowed.start(), allowed.end())));
            }
        }
        let [low, high] = people.decide_ms;
        if low > high || high > 60_000 {
            let allowed = "[least, most] with least <= most <= 60000".to_owned();
            return Err(out_of_range("people.decide_ms", format!("[{low}, {high}]"), allowed));
        }
        self.faultless()?.check().map(drop)?;
        let figures = Figure::ALL.iter().map(|figure| figure.name());
        if let Some(rival) = self.rival.as_ref().filter(|rival| !figures.clone().any(|name| name == rival.best)) {
            let allowed = format!("one of {}", figures.collect::<Vec<_>>().join(", "));
            return Err(out_of_range("rival.best", &rival.best, allowed));
        }
        let rivals = self.rival.iter().map(|_| RIVAL_BEST);
        check_bounds(&self.assert, figures.chain(rivals))
    }

    /// The same world as a scenario of faults in which nothing fails.
    pub(super) fn faultless(&self) -> Result<scenario::Scenario, ScenarioError> {
        let mut plain = scenario::Scenario::parse("name = \"heart\"")?;
        plain.course.seconds = self.course.seconds;
        plain.course.storm_s = 0;
        plain.course.arrive_s = 0;
        plain.world.island_seed = self.world.island_seed;
        plain.world.size_chunks = self.world.size_chunks;
        plain.world.nodes = self.world.nodes;
        plain.world.tick_hz = self.world.tick_hz;
        plain.players.count = self.people.count;
        plain.players.range_m = self.people.range_m;
        plain.players.decide_ms = self.people.decide_ms;
        plain.players.deed_per_mille = 0;
        plain.players.speech_per_mille = 0;
        plain.handover.ordered = 0;
        Ok(plain)
    }
}
