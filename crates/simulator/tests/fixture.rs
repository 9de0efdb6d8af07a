//! What the tests share: the scenario of the house, and runs of it.

use simulator::{Report, Scenario, Simulation, run};
use world::{Plant, Planted};

/// The scenario that the project is held against.
pub const FIRST_ISLAND: &str = include_str!("../../../simulations/first-island.toml");

/// The scenario that the project is held against.
pub fn first_island() -> Scenario {
    Scenario::parse(FIRST_ISLAND).expect("simulations/first-island.toml is valid")
}

/// A crowd that climbs the ladder of the crowd contract.
pub const CROWD: &str = include_str!("../../../simulations/crowd.toml");

/// A crowd that climbs the ladder of the crowd contract.
pub fn crowd() -> Scenario {
    Scenario::parse(CROWD).expect("simulations/crowd.toml is valid")
}

/// Runs a seed without any planted bug.
pub fn clean(scenario: &Scenario, seed: u64) -> Report {
    run(scenario, seed, Planted::none()).expect("a valid scenario runs")
}

/// Runs a seed with a planted bug, up to the second in which it was found.
pub fn until_found(scenario: &Scenario, seed: u64, plant: Plant) -> Report {
    let simulation = Simulation::new(scenario, seed, Planted::with(plant)).expect("a valid scenario runs");
    stop_at_first_violation(simulation)
}

/// Runs on until something is violated, or to the end.
pub fn stop_at_first_violation(mut simulation: Simulation) -> Report {
    while simulation.violations() == 0 && simulation.go_on(1_000) {}
    simulation.report()
}

/// Fails with all that is needed to see the same again.
pub fn assert_holds(report: &Report) {
    assert_eq!(
        report.violations, 0,
        "tombolo simulate simulations/{}.toml --seed {}\n{:#?}",
        report.scenario, report.seed, report.first_violations
    );
}
