//! The sum of all batches of a scenario, and the table of all sums.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Scenario;
use super::batch::{Failed, Shown};

/// From so many runs on, what was never put to the test is no accident (`simulator::PROVING_RUNS`).
const PROVING_RUNS: u64 = 20;
/// Failures that the table shows of one scenario. All are kept in its file, and in JSON.
const SHOWN: usize = 10;

/// All that was shown of one scenario.
#[derive(Clone, Debug)]
pub struct Sum {
    pub scenario: Scenario,
    pub failed: Vec<Failed>,
    runs: u64,
    cells: u64,
    simulated_s: u64,
    checks: BTreeMap<String, u64>,
    /// What no batch so far has put to the test.
    unproven: Option<BTreeSet<String>>,
}

impl Sum {
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            failed: Vec::new(),
            runs: 0,
            cells: 0,
            simulated_s: 0,
            checks: BTreeMap::new(),
            unproven: None,
        }
    }

    /// Adds a batch. What one has put to the test is put to the test.
    pub fn add(&mut self, shown: Shown) {
        self.runs += shown.runs;
        self.simulated_s += shown.simulated_s;
        self.cells = self.cells.max(shown.cells);
        self.failed.extend(shown.failed);
        self.failed.sort_by_key(|failed| failed.seed);
        for (name, times) in shown.checks {
            *self.checks.entry(name).or_insert(0) += times;
        }
        self.unproven = Some(match self.unproven.take() {
            None => shown.unproven,
            Some(before) => before.intersection(&shown.unproven).cloned().collect(),
        });
    }

    /// What all of these runs did not put to the test; nothing if they were too few to say so.
    fn gaps(&self) -> BTreeSet<String> {
        if self.runs < PROVING_RUNS.max(self.cells) {
            return BTreeSet::new();
        }
        let idle = self.checks.iter().filter(|(_, times)| **times == 0);
        let idle = idle.map(|(checker, _)| format!("the checker {checker} never compared anything"));
        self.unproven.iter().flatten().cloned().chain(idle).collect()
    }

    /// Whether every seed held, and everything was put to the test.
    pub fn is_well(&self) -> bool {
        self.failed.is_empty() && self.gaps().is_empty()
    }

    /// The one command that runs a seed again.
    fn replay(&self, seed: u64) -> String {
        format!("tombolo simulate {} --seed {seed}", self.scenario.file.display())
    }

    pub fn to_json(&self) -> Value {
        let failed = self.failed.iter();
        let failed: Vec<Value> = failed
            .map(|Failed { seed, why }| json!({ "seed": seed, "why": why, "replay": self.replay(*seed) }))
            .collect();
        json!({
            "scenario": self.scenario.name,
            "runs": self.runs,
            "held": self.runs.saturating_sub(self.failed.len() as u64),
            "cells": self.cells,
            "simulated_s": self.simulated_s,
            "failed": failed,
            "unproven": self.gaps(),
            "ok": self.is_well(),
        })
    }
}

/// One line for each scenario, and one for each seed that failed.
pub fn table(sums: &[Sum]) -> String {
    let name_width = sums.iter().map(|sum| sum.scenario.name.len()).max().unwrap_or(0).max("scenario".len());
    let head = ("scenario", "runs", "failed", "cells", "simulated");
    let mut table = format!("{:<name_width$} {:>8} {:>8} {:>8} {:>12}\n", head.0, head.1, head.2, head.3, head.4);
    for sum in sums {
        let (name, runs, failed, simulated) = (&sum.scenario.name, sum.runs, sum.failed.len(), sum.simulated_s);
        let cells = if sum.cells == 0 { "-".to_owned() } else { sum.cells.min(sum.runs).to_string() };
        // Only runs of faults tell it for many seeds.
        let simulated = if simulated == 0 { "-".to_owned() } else { format!("{simulated} s") };
        let _ = writeln!(table, "{name:<name_width$} {runs:>8} {failed:>8} {cells:>8} {simulated:>12}");
    }
    for sum in sums {
        for Failed { seed, why } in sum.failed.iter().take(SHOWN) {
            let _ = writeln!(table, "{}, seed {seed}: {why}\n  {}", sum.scenario.name, sum.replay(*seed));
        }
        if let Some(more) = sum.failed.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let _ = writeln!(table, "{}: {more} more in simulations/seeds/{0}.failed", sum.scenario.name);
        }
        for gap in sum.gaps() {
            let _ = writeln!(table, "{}: not put to the test: {gap}", sum.scenario.name);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn sum(batches: Vec<Shown>) -> Sum {
        let scenario = Scenario { name: "s".to_owned(), file: PathBuf::from("simulations/s.toml") };
        let mut sum = Sum::new(scenario);
        batches.into_iter().for_each(|shown| sum.add(shown));
        sum
    }

    fn shown(runs: u64, unproven: &[&str], checks: &[(&str, u64)]) -> Shown {
        Shown {
            runs,
            unproven: unproven.iter().map(|text| (*text).to_owned()).collect(),
            checks: checks.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect(),
            ..Shown::default()
        }
    }

    #[test]
    fn what_one_batch_proves_is_proven_and_few_runs_prove_nothing_missing() {
        assert!(sum(vec![shown(12, &["a", "b"], &[]), shown(12, &["c"], &[])]).is_well());
        assert!(!sum(vec![shown(12, &["a", "b"], &[]), shown(12, &["b"], &[])]).is_well());
        assert!(sum(vec![shown(12, &["b"], &[])]).is_well(), "too few to say");
        assert!(!sum(vec![shown(24, &[], &[("c", 0)])]).is_well());
        let cells = Shown { cells: 40, ..shown(24, &[], &[("c", 0)]) };
        assert!(sum(vec![cells]).is_well(), "not every cell was run");
    }

    #[test]
    fn a_failure_is_told_with_the_command_that_repeats_it() {
        let failed = vec![Failed { seed: 9, why: "c: w".to_owned() }];
        let sum = sum(vec![Shown { failed, ..shown(12, &[], &[]) }]);
        assert!(!sum.is_well());
        let table = table(std::slice::from_ref(&sum));
        assert!(table.contains("s, seed 9: c: w\n  tombolo simulate simulations/s.toml --seed 9\n"), "{table}");
        assert_eq!(sum.to_json()["failed"][0]["replay"], "tombolo simulate simulations/s.toml --seed 9");
    }
}
