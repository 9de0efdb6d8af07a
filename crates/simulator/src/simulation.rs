//! One run, driven from outside a while at a time, so that a caller may show its progress or stop it early.

use world::Planted;

use crate::dice::Dice;
use crate::matrix::Cell;
use crate::plan::{self, Almanac, Planned};
use crate::report::Report;
use crate::run::{BEGINNING, World};
use crate::scenario::{Scenario, ScenarioError};

/// A run of one seed.
pub struct Simulation {
    seed: u64,
    world: World,
    cell: Option<Cell>,
}

impl Simulation {
    /// A run before its first moment.
    ///
    /// # Errors
    /// The scenario has a value out of its range.
    pub fn new(scenario: &Scenario, seed: u64, planted: Planted) -> Result<Self, ScenarioError> {
        let (almanac, mut dice) = (Almanac::new(scenario), Dice::new(seed, 1));
        let Some(cell) = Cell::of(scenario, seed) else {
            return Self::scripted(scenario, seed, planted, plan::draw(scenario, &almanac, &mut dice));
        };
        scenario.check()?;
        let plan = cell.plan(scenario, &almanac, &mut dice);
        let mut simulation = Self::scripted(&cell.scenario(scenario), seed, planted, plan)?;
        simulation.cell = Some(cell);
        Ok(simulation)
    }

    /// The same with faults of one's own instead of those that the seed draws. Faults of the network and of the store
    /// are the scenario's, during its storms.
    ///
    /// # Errors
    /// The scenario has a value out of its range, or a fault strikes nobody.
    pub fn scripted(
        scenario: &Scenario,
        seed: u64,
        planted: Planted,
        plan: Vec<Planned>,
    ) -> Result<Self, ScenarioError> {
        if let Some(Planned { fault, .. }) = plan.iter().find(|planned| !planned.fault.fits(scenario)) {
            let (nodes, clients) = (scenario.world.nodes, scenario.players.count);
            return Err(ScenarioError::Nobody { fault: *fault, nodes, clients });
        }
        Ok(Self { seed, world: World::new(scenario, seed, planted, plan)?, cell: None })
    }

    /// The cell that it is, if the scenario is a matrix.
    #[must_use]
    pub fn cell(&self) -> Option<Cell> {
        self.cell
    }

    /// The faults that will strike, in the order of time.
    #[must_use]
    pub fn plan(&self) -> &[Planned] {
        &self.world.plan
    }

    /// Goes on for so many milliseconds of virtual time, to the end at most. Returns whether there is more.
    pub fn go_on(&mut self, ms: u64) -> bool {
        let end = BEGINNING + self.world.scenario.course.seconds * 1_000;
        let until = (self.world.now + ms).min(end);
        self.world.go_on_until(until);
        until < end
    }

    /// Milliseconds of virtual time that went by.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        self.world.now.since(BEGINNING)
    }

    /// Violations so far.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.world.checkers.violations()
    }

    /// What the run showed so far.
    #[must_use]
    pub fn report(self) -> Report {
        let mut report = self.world.report(self.seed);
        report.cell = self.cell.map(|cell| cell.to_string());
        report.unfired = self.cell.map(|cell| cell.unfired(&report.faults, &report.counts)).unwrap_or_default();
        report
    }
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).field("at_ms", &self.at_ms()).finish_non_exhaustive()
    }
}

/// Runs one seed from beginning to end.
///
/// # Errors
/// The scenario has a value out of its range.
pub fn run(scenario: &Scenario, seed: u64, planted: Planted) -> Result<Report, ScenarioError> {
    let mut simulation = Simulation::new(scenario, seed, planted)?;
    while simulation.go_on(1_000) {}
    Ok(simulation.report())
}
