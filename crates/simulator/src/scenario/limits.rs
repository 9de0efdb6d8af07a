//! What a scenario may say, and how it is told what it may not: line, key and what is allowed.

use std::fmt;
use std::ops::RangeInclusive;

use thiserror::Error;
use toml::de::{DeTable, DeValue};
use world::{GeneratorVersion, Island, IslandPlan, TickRate};

use super::Scenario;
use crate::outcome::Bound;
use crate::plan::Fault;

/// The longest time that a scenario may name, in milliseconds: a minute is longer than anything a node waits for.
const LONGEST_MS: u64 = 60_000;
/// The most faults of one kind in a minute of storm: one every 60 ms.
const MOST_A_MINUTE: u64 = 1_000;
/// Of a thousand, so many at most: a network or store that lets nothing through heals nothing.
const MOST_PER_MILLE: u64 = 900;
/// Seconds after a storm at least: a node that is silent for 10 s is given up, and a second is what a summary needs.
const HEAL_LEAST_S: u64 = 11;

/// Why a scenario cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScenarioError {
    /// The text is not TOML, or has a key or value that a scenario does not have. The message names line and key.
    #[error("{0}")]
    Syntax(String),
    /// A value is out of its range.
    #[error("{place}`{key}` is {found}; allowed: {allowed}")]
    Range {
        /// Where the file says so.
        place: Place,
        /// The key with its section.
        key: String,
        /// What the file says.
        found: String,
        /// What it may say.
        allowed: String,
    },
    /// A fault strikes a node or a client that does not exist.
    #[error("the plan says that {fault}; there are {nodes} nodes and {clients} players, counted from 0")]
    Nobody {
        /// The fault.
        fault: Fault,
        /// How many nodes there are.
        nodes: u16,
        /// How many players there are.
        clients: u32,
    },
}

/// The line of a file, if the value came from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place(Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, "line {line}: "))
    }
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// A message that names the line, the key and what is allowed.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self =
            toml::from_str(text).map_err(|e| ScenarioError::Syntax(e.to_string().trim_end().into()))?;
        match scenario.check() {
            Ok(_) => Ok(scenario),
            Err(error) => Err(error.placed(text)),
        }
    }

    pub(crate) fn rate(&self) -> TickRate {
        TickRate::new(self.world.tick_hz).unwrap_or_default()
    }

    /// Looks at every value; the island is what comes of it.
    pub(crate) fn check(&self) -> Result<Island, ScenarioError> {
        self.check_sizes()?;
        self.check_spans()?;
        self.check_chances()?;
        self.check_rates()?;
        self.check_affinity()?;
        self.check_crowd()?;
        if TickRate::new(self.world.tick_hz).is_none() {
            let allowed = format!("one of {:?}", TickRate::ALLOWED_HZ);
            return Err(out_of_range("world.tick_hz", self.world.tick_hz, allowed));
        }
        self.island()
    }

    fn island(&self) -> Result<Island, ScenarioError> {
        let plan = IslandPlan {
            seed: self.world.island_seed,
            size_chunks: self.world.size_chunks,
            version: GeneratorVersion::LATEST,
        };
        Island::new(plan).map_err(|e| out_of_range("world.size_chunks", self.world.size_chunks, e.to_string()))
    }

    fn check_sizes(&self) -> Result<(), ScenarioError> {
        let (players, course) = (&self.players, &self.course);
        within("world.nodes", u64::from(self.world.nodes), 1..=64)?;
        within("players.count", u64::from(players.count), 1..=2_000)?;
        within("players.range_m", u64::from(players.range_m), 1..=2_000)?;
        within("course.seconds", course.seconds, 1..=86_400)?;
        within("course.arrive_s", course.arrive_s, 0..=3_600)?;
        within("course.storm_s", course.storm_s, 0..=3_600)?;
        within("course.heal_s", course.heal_s, HEAL_LEAST_S..=600)?;
        within("course.calm_s", course.calm_s, 1..=3_600)
    }

    fn check_crowd(&self) -> Result<(), ScenarioError> {
        let crowd = &self.crowd;
        self.contract().check().map_err(|wrong| {
            let found = format!("{:?} with {} bytes a second", crowd.step_movers, crowd.budget_bytes_s);
            out_of_range("crowd.step_movers", found, wrong)
        })
    }

    fn check_spans(&self) -> Result<(), ScenarioError> {
        for (key, [low, high]) in [
            ("players.decide_ms", self.players.decide_ms),
            ("network.delay_ms", self.network.delay_ms),
            ("network.held_up_ms", self.network.held_up_ms),
            ("faults.lasts_ms", self.faults.lasts_ms),
            ("store.delay_ms", self.store.delay_ms),
            ("faults.clock_jump_ms", self.faults.clock_jump_ms),
            ("faults.slow_link_ms", [self.faults.slow_link_ms; 2]),
            ("faults.directory_late_ms", self.faults.directory_late_ms),
            ("store.slow_ms", self.store.slow_ms),
            ("store.late_ms", self.store.late_ms),
        ] {
            if low > high || high > LONGEST_MS {
                let allowed = format!("[least, most] with least <= most <= {LONGEST_MS}");
                return Err(out_of_range(key, format!("[{low}, {high}]"), allowed));
            }
        }
        Ok(())
    }

    fn check_chances(&self) -> Result<(), ScenarioError> {
        let (players, network, store) = (&self.players, &self.network, &self.store);
        for (key, per_mille) in [
            ("players.deed_per_mille", players.deed_per_mille),
            ("players.speech_per_mille", players.speech_per_mille),
            ("network.loss_per_mille", network.loss_per_mille),
            ("network.twice_per_mille", network.twice_per_mille),
            ("network.held_up_per_mille", network.held_up_per_mille),
            ("store.conflict_per_mille", store.conflict_per_mille),
            ("store.fail_per_mille", store.fail_per_mille),
            ("store.unknown_per_mille", store.unknown_per_mille),
            ("store.late_per_mille", store.late_per_mille),
            ("store.slow_per_mille", store.slow_per_mille),
        ] {
            within(key, u64::from(per_mille), 0..=MOST_PER_MILLE)?;
        }
        Ok(())
    }

    fn check_affinity(&self) -> Result<(), ScenarioError> {
        self.handover.affinity.map_or(Ok(()), |affinity| within("handover.affinity", u64::from(affinity), 0..=100))
    }

    fn check_rates(&self) -> Result<(), ScenarioError> {
        let faults = &self.faults;
        for (key, a_minute) in [
            ("handover.ordered", self.handover.ordered),
            ("faults.crashes", faults.crashes),
            ("faults.pauses", faults.pauses),
            ("faults.cuts", faults.cuts),
            ("faults.one_way_cuts", faults.one_way_cuts),
            ("faults.direct_cuts", faults.direct_cuts),
            ("faults.client_cuts", faults.client_cuts),
            ("faults.client_stalls", faults.client_stalls),
            ("faults.twins", faults.twins),
            ("faults.store_cuts", faults.store_cuts),
            ("faults.suspensions", faults.suspensions),
            ("faults.clocks_still", faults.clocks_still),
            ("faults.clocks_ahead", faults.clocks_ahead),
            ("faults.clocks_back", faults.clocks_back),
            ("faults.slow_links", faults.slow_links),
            ("faults.directory_gone", faults.directory_gone),
            ("faults.directory_slow", faults.directory_slow),
            ("faults.directory_stale", faults.directory_stale),
            ("faults.leases_lost", faults.leases_lost),
            ("faults.store_gone", faults.store_gone),
        ] {
            within(key, u64::from(a_minute), 0..=MOST_A_MINUTE)?;
        }
        Ok(())
    }
}

impl ScenarioError {
    /// The same with the line of the text that it is about.
    pub(crate) fn placed(self, text: &str) -> Self {
        match self {
            Self::Range { key, found, allowed, .. } => {
                Self::Range { place: Place(line_of(text, &key)), key, found, allowed }
            }
            other @ (Self::Syntax(_) | Self::Nobody { .. }) => other,
        }
    }
}

fn within(key: &'static str, found: u64, allowed: RangeInclusive<u64>) -> Result<(), ScenarioError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    Err(out_of_range(key, found, format!("{} to {}", allowed.start(), allowed.end())))
}

pub(crate) fn out_of_range(key: impl Into<String>, found: impl fmt::Display, allowed: String) -> ScenarioError {
    ScenarioError::Range { place: Place(None), key: key.into(), found: found.to_string(), allowed }
}

/// Whether a file's demands are about figures that exist, and demand something.
pub(crate) fn check_bounds<'a>(
    bounds: &[Bound],
    figures: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), ScenarioError> {
    for (n, bound) in bounds.iter().enumerate() {
        if !figures.clone().any(|figure| figure == bound.figure) {
            let allowed = format!("one of {}", figures.collect::<Vec<_>>().join(", "));
            return Err(out_of_range(format!("assert.{n}.figure"), &bound.figure, allowed));
        }
        if bound.at_least.is_none() && bound.at_most.is_none() {
            let allowed = "at_least, at_most or both beside it".to_owned();
            return Err(out_of_range(format!("assert.{n}.figure"), &bound.figure, allowed));
        }
    }
    Ok(())
}

/// The line, from 1, on which a text gives a key its value. Parts of a key are names, or places in a list from 0.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut parts = key.split('.');
    let mut value = document.get_ref().get(parts.next()?)?;
    for part in parts {
        value = match value.get_ref() {
            DeValue::Table(table) => table.get(part)?,
            DeValue::Array(list) => list.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(text.get(..value.span().start)?.lines().count().max(1))
}
