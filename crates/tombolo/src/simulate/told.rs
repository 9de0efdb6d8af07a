//! What `--json` prints of scenarios with figures, and what `--schema` says of it.

use std::collections::BTreeMap;

use clap::ValueEnum;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use simulator::outcome::Assertion;
use simulator::{Outcome, ScenarioFile};

use super::measured::Measured;

/// What a schema is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Scenario files.
    Scenario,
    /// What `--json` prints of one run.
    Result,
    /// What `--json` prints of many seeds.
    Seeds,
    /// What `--json` prints of a sweep.
    Sweep,
}

impl SchemaOf {
    /// The schema.
    pub fn schema(self) -> Schema {
        match self {
            Self::Scenario => schema_for!(ScenarioFile),
            Self::Result => schema_for!(Run),
            Self::Seeds => schema_for!(Suite),
            Self::Sweep => schema_for!(SweepTold),
        }
    }
}

/// One run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Run {
    /// What it showed.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What it asked of the machine.
    #[serde(flatten)]
    pub measured: Measured,
    /// Whether Ctrl-C came before the end.
    pub interrupted: bool,
    /// The command that does the same again.
    pub replay: String,
    /// The comparison that the file asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rival: Option<Sweeping>,
    /// The run of the file that it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Box<Run>>,
}

impl Run {
    /// The same without what only drawings need.
    pub fn in_short(&self) -> Self {
        let compared = self.compared.as_ref().map(|run| Box::new(run.in_short()));
        Self { outcome: self.outcome.in_short(), compared, ..self.clone() }
    }

    /// Whether all demands were met; of a run that was stopped, only what could not have been mended counts.
    pub fn holds(&self) -> bool {
        if self.interrupted { !self.outcome.is_beyond_mending() } else { self.outcome.holds() }
    }
}

/// One value of a sweep.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Swept {
    /// The value.
    pub value: String,
    /// The run's digest.
    pub digest: String,
    /// Its happenings.
    pub events: u64,
    /// Its virtual milliseconds.
    pub simulated_ms: u64,
    /// Its figures.
    pub figures: BTreeMap<String, u64>,
    /// Its demands.
    pub assertions: Vec<Assertion>,
}

/// One key with several values.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Sweeping {
    /// What it is.
    pub name: String,
    /// The key.
    pub key: String,
    /// What each value gave.
    pub values: Vec<Swept>,
    /// The figure by which they are ranked, the least first; none for a plain sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The value that ranks first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<String>,
    /// Figures that are drawn beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// A sweep as JSON tells it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SweepTold {
    /// The kind of the scenario.
    pub kind: String,
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// What each value gave.
    pub sweep: Sweeping,
    /// What all runs together asked of the machine.
    #[serde(flatten)]
    pub measured: Measured,
    /// Whether Ctrl-C came before the end.
    pub interrupted: bool,
}

/// One seed among many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SeedRow {
    /// The seed.
    pub seed: u64,
    /// Its run's digest.
    pub digest: String,
    /// Whether all demands were met.
    pub held: bool,
    /// Its figures.
    pub figures: BTreeMap<String, u64>,
}

/// Least, median and most of a figure over all seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Spread {
    /// The least.
    pub least: u64,
    /// The median.
    pub median: u64,
    /// The most.
    pub most: u64,
}

/// Many seeds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Suite {
    /// The kind of the scenario.
    pub kind: String,
    /// The scenario's name.
    pub scenario: String,
    /// How many runs there were.
    pub runs: u64,
    /// How many of them met all demands.
    pub held: u64,
    /// Over the digests of all runs in the order of their seeds.
    pub digest: String,
    /// The figures over all seeds.
    pub figures: BTreeMap<String, Spread>,
    /// The demands, each with the value that was farthest from holding.
    pub assertions: Vec<Assertion>,
    /// Seed by seed.
    pub seeds: Vec<SeedRow>,
    /// What all runs together asked of the machine.
    #[serde(flatten)]
    pub measured: Measured,
    /// Whether Ctrl-C came before the end.
    pub interrupted: bool,
    /// The command that runs the first seed that failed, or all.
    pub replay: String,
}
