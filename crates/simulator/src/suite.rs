//! Many runs of one scenario: their sum, the seeds that failed, and what the sum does not prove.

use serde::Serialize;
use world::Digest;

use crate::checkers::{CHECKERS, Checker};
use crate::faults::{FaultCount, FaultKind};
use crate::names::Tally;
use crate::report::{Counts, Report, Violation};
use crate::scenario::Scenario;

/// From so many runs on, a fault that never fired or a checker that never compared anything is no accident.
pub const PROVING_RUNS: u64 = 20;

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedRun {
    /// Its seed.
    pub seed: u64,
    /// How many violations there were.
    pub violations: u64,
    /// The first of them.
    pub first: Option<Violation>,
}

/// The sum of many runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suite {
    /// The scenario's name.
    pub scenario: String,
    /// The planted bug, if any.
    pub plant: Option<&'static str>,
    /// How many runs there were.
    pub runs: u64,
    /// How many of them held.
    pub held: u64,
    /// The runs that did not, by their seeds.
    pub failed: Vec<FailedRun>,
    /// Over the digests of all runs in the order of their seeds, in hexadecimal.
    pub digest: String,
    /// Seconds of virtual time, all together.
    pub simulated_s: u64,
    /// Nodes of a run.
    pub nodes: u16,
    /// Clients of a run.
    pub clients: u32,
    /// What the nodes counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// How often each kind of fault fired.
    pub faults: FaultCount,
    /// Comparisons that each checker made.
    pub checks: Tally<Checker>,
    /// How many violations there were.
    pub violations: u64,
    /// The longest time for which two nodes moved one avatar, in milliseconds.
    pub longest_overlap_ms: u64,
    /// What these runs did not put to the test, in words.
    pub unproven: Vec<String>,
}

impl Suite {
    /// The sum of these runs of a scenario, in whatever order they ended.
    #[must_use]
    pub fn of(scenario: &Scenario, plant: Option<&'static str>, mut runs: Vec<Report>) -> Self {
        runs.sort_by_key(|report| report.seed);
        let mut suite = Self {
            scenario: scenario.name.clone(),
            plant,
            runs: 0,
            held: 0,
            failed: Vec::new(),
            digest: String::new(),
            simulated_s: 0,
            nodes: scenario.world.nodes,
            clients: scenario.players.count,
            counts: Counts::default(),
            faults: Tally::of(FaultKind::ALL),
            checks: Tally::of(CHECKERS),
            violations: 0,
            longest_overlap_ms: 0,
            unproven: Vec::new(),
        };
        let mut digest = Digest::new();
        for report in &runs {
            digest.write(report.digest.as_bytes());
            suite.add(report);
        }
        suite.digest = format!("{:016x}", digest.finish());
        suite.unproven = suite.gaps(scenario);
        suite
    }

    /// Whether nothing was violated, and enough runs put everything to the test.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed.is_empty() && (self.unproven.is_empty() || self.runs < PROVING_RUNS)
    }

    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.held += u64::from(report.violations == 0);
        self.simulated_s += report.simulated_s;
        self.counts.merge(&report.counts);
        self.faults.merge(&report.faults);
        self.checks.merge(&report.checks);
        self.violations += report.violations;
        self.longest_overlap_ms = self.longest_overlap_ms.max(report.longest_overlap_ms);
        if report.violations > 0 {
            let first = report.first_violations.first().cloned();
            self.failed.push(FailedRun { seed: report.seed, violations: report.violations, first });
        }
    }

    fn gaps(&self, scenario: &Scenario) -> Vec<String> {
        let faults = self.faults.iter().filter(|(kind, times)| *times == 0 && kind.is_asked_for(scenario));
        let checks = self.checks.iter().filter(|(_, times)| *times == 0);
        let mut gaps: Vec<String> = faults.map(|(kind, _)| format!("the fault {kind} never fired")).collect();
        gaps.extend(checks.map(|(checker, _)| format!("the checker {checker} never compared anything")));
        if scenario.handover.ordered > 0 {
            let c = &self.counts;
            let outcomes =
                [("done", c.handovers_done), ("taken back", c.handovers_taken_back), ("aborted", c.handovers_aborted)];
            let missing = outcomes.into_iter().filter(|(_, times)| *times == 0);
            gaps.extend(missing.map(|(outcome, _)| format!("no handover was {outcome}")));
        }
        if self.counts.border_crossings == 0 {
            gaps.push("nobody crossed from chunk to chunk".to_owned());
        }
        gaps
    }
}
