//! What a run of any kind showed, in a form that reports can draw: figures, bounds that were held or not, plots.
//!
//! The fault scenarios have a report of their own ([`crate::Report`]); everything that designers turn knobs of ends
//! here. It holds whole numbers only, and nothing that depends on how fast the machine was.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run under way, driven from outside a while at a time.
pub trait Course {
    /// Goes on for so many milliseconds of virtual time, to the end at most. Returns whether there is more.
    fn go_on(&mut self, ms: u64) -> bool;
    /// Milliseconds of virtual time that went by.
    fn at_ms(&self) -> u64;
    /// Milliseconds of the whole run.
    fn length_ms(&self) -> u64;
    /// Happenings so far.
    fn events(&self) -> u64;
    /// What it showed so far.
    fn outcome(&self) -> Outcome;
}

/// What a file demands of a figure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The figure, by its name in reports.
    pub figure: String,
    /// What the demand is called; the figure's name if nothing is said.
    #[serde(default)]
    pub name: Option<String>,
    /// The least that it may be.
    #[serde(default)]
    pub at_least: Option<u64>,
    /// The most that it may be.
    #[serde(default)]
    pub at_most: Option<u64>,
}

/// Which way a bound holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The value is not below the bound.
    AtLeast,
    /// The value is not above the bound.
    AtMost,
}

/// A demand and whether it was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assertion {
    /// What it is called.
    pub name: String,
    /// The figure that it is about.
    pub figure: String,
    /// Whether it was met.
    pub passed: bool,
    /// The figure's value; null if the run has no such figure, which does not pass.
    pub value: Option<u64>,
    /// The bound.
    pub bound: u64,
    /// Which way it holds.
    pub side: Side,
}

impl Assertion {
    /// Whether it is a demand for none of something, and broken.
    #[must_use]
    pub fn is_beyond_mending(&self) -> bool {
        !self.passed && self.bound == 0 && self.side == Side::AtMost
    }
}

impl Bound {
    /// Holds the figures against this demand.
    pub fn judge(&self, figures: &BTreeMap<String, u64>) -> Vec<Assertion> {
        let value = figures.get(&self.figure).copied();
        let name = self.name.clone().unwrap_or_else(|| self.figure.replace('_', " "));
        let sides = [(self.at_least, Side::AtLeast), (self.at_most, Side::AtMost)];
        let judged = sides.into_iter().filter_map(|(bound, side)| Some((bound?, side))).map(|(bound, side)| {
            let holds = |value: u64| if side == Side::AtLeast { value >= bound } else { value <= bound };
            let passed = value.is_some_and(holds);
            Assertion { name: name.clone(), figure: self.figure.clone(), passed, value, bound, side }
        });
        judged.collect()
    }

    /// A demand for nothing at all.
    pub(crate) fn none_of(figure: &str, name: &str) -> Self {
        Self { figure: figure.to_owned(), name: Some(name.to_owned()), at_least: None, at_most: Some(0) }
    }
}

/// What a run showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The kind of the scenario.
    pub kind: String,
    /// The scenario's name.
    pub scenario: String,
    /// What it is for.
    pub about: String,
    /// The seed.
    pub seed: u64,
    /// Over everything that was decided, in hexadecimal. Two runs with one digest did the same.
    pub digest: String,
    /// Virtual milliseconds.
    pub simulated_ms: u64,
    /// Happenings.
    pub events: u64,
    /// Everything that was counted or measured, by name.
    pub figures: BTreeMap<String, u64>,
    /// The demands of the file, and those that always hold.
    pub assertions: Vec<Assertion>,
    /// The first violations in words.
    pub violations: Vec<String>,
    /// Tables for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Plots over time, or over whatever their axis says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plots: Vec<Plot>,
    /// Maps of numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heats: Vec<Heat>,
}

impl Outcome {
    /// Whether all demands were met.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.assertions.iter().all(|assertion| assertion.passed)
    }

    /// Whether a demand for none of something is broken: then more of the run mends nothing.
    #[must_use]
    pub fn is_beyond_mending(&self) -> bool {
        self.assertions.iter().any(Assertion::is_beyond_mending)
    }

    /// The same without what only drawings need.
    #[must_use]
    pub fn in_short(&self) -> Self {
        Self { plots: Vec::new(), heats: Vec::new(), ..self.clone() }
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Its name in files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What to look at.
    pub note: String,
    /// The heads of its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// Lines over one axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plot {
    /// Its name in files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What to look at.
    pub note: String,
    /// What the values are.
    pub unit: String,
    /// What the axis is, such as `minutes`.
    pub axis: String,
    /// Where on the axis the values stand.
    pub at: Vec<u64>,
    /// The lines.
    pub lines: Vec<Line>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// As a line.
    Line,
    /// As a line of no great weight.
    Thin,
    /// As a bound: dashed.
    Bound,
    /// As a filled shape upon the ones before it.
    Stacked,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// How it is drawn.
    pub look: Look,
    /// Its values, null where there is none.
    pub values: Vec<Option<u64>>,
}

impl Line {
    pub(crate) fn new(name: impl Into<String>, look: Look, values: Vec<Option<u64>>) -> Self {
        Self { name: name.into(), look, values }
    }
}

/// A map of numbers: rows of cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heat {
    /// Its name in files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What to look at.
    pub note: String,
    /// What the cells are.
    pub unit: String,
    /// The value of full colour; what is above it is marked.
    pub full: u64,
    /// What the columns are, and the last one's place.
    pub columns: String,
    /// The columns' end on their axis.
    pub end: u64,
    /// What the rows are.
    pub rows: String,
    /// The cells, row by row from the top.
    pub cells: Vec<Vec<u64>>,
}
