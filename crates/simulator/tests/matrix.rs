//! The matrix of faults: every kind alone and with every other, a few seeds of each cell.

use simulator::{Cell, Checker, Scenario};
use world::Plant;

use crate::fixture::{clean, until_found};

const FAULT_MATRIX: &str = include_str!("../../../simulations/fault-matrix.toml");

/// Seeds of each cell. `cargo xtask seeds fault-matrix` runs more.
const ROUNDS: u64 = 1;
/// The cells are dealt to so many tests, which may run side by side.
const PARTS: u64 = 16;

fn matrix() -> Scenario {
    Scenario::parse(FAULT_MATRIX).expect("simulations/fault-matrix.toml is valid")
}

/// Every so many-th cell holds, and both of its kinds did fire.
fn holds(part: u64) {
    let (scenario, cells) = (matrix(), Cell::all().len() as u64);
    let mut complaints = Vec::new();
    for seed in (1..=cells * ROUNDS).filter(|seed| seed % PARTS == part) {
        let report = clean(&scenario, seed);
        let (cell, counts) = (report.cell.as_deref().unwrap_or_default(), &report.counts);
        assert!(!cell.is_empty());
        if cell.contains("handover") {
            // They come to their end whatever else strikes.
            assert!(counts.handovers_begun >= 10 && counts.handovers_done > 0, "seed {seed}, {cell}: {counts:?}");
        }
        if let Some(complaint) = report.complaint() {
            complaints.push(format!("tombolo simulate simulations/fault-matrix.toml --seed {seed}\n  {complaint}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

macro_rules! parts {
    ($($test:ident: $part:literal,)*) => {
        $(
            #[test]
            fn $test() {
                holds($part);
            }
        )*

        #[test]
        fn every_cell_is_in_one_part() {
            assert_eq!([$($part,)*].as_slice(), (0..PARTS).collect::<Vec<u64>>());
        }
    };
}

parts! {
    two_faults_at_once_are_survived_part_0: 0,
    two_faults_at_once_are_survived_part_1: 1,
    two_faults_at_once_are_survived_part_2: 2,
    two_faults_at_once_are_survived_part_3: 3,
    two_faults_at_once_are_survived_part_4: 4,
    two_faults_at_once_are_survived_part_5: 5,
    two_faults_at_once_are_survived_part_6: 6,
    two_faults_at_once_are_survived_part_7: 7,
    two_faults_at_once_are_survived_part_8: 8,
    two_faults_at_once_are_survived_part_9: 9,
    two_faults_at_once_are_survived_part_10: 10,
    two_faults_at_once_are_survived_part_11: 11,
    two_faults_at_once_are_survived_part_12: 12,
    two_faults_at_once_are_survived_part_13: 13,
    two_faults_at_once_are_survived_part_14: 14,
    two_faults_at_once_are_survived_part_15: 15,
}

#[test]
fn a_cell_whose_fault_never_fires_does_not_hold() {
    // It ends before its first storm.
    let scenario = matrix().lasting(5);
    let report = clean(&scenario, 1);
    assert_eq!((report.violations, report.cell.as_deref()), (0, Some("crash")));
    assert!(!report.holds());
    assert_eq!(report.complaint().as_deref(), Some("crash: crash never fired"));
}

/// The seed of a cell.
fn seed_of(name: &str) -> u64 {
    let index = Cell::all().iter().position(|cell| cell.to_string() == name).expect("there is such a cell");
    index as u64 + 1
}

#[test]
fn bugs_in_handovers_are_found_in_the_cells_that_have_them() {
    let scenario = matrix();
    for (cell, plant, checker) in [
        ("handover", Plant::TakeUnreleased, Checker::TakenAsReleased),
        ("handover", Plant::SkipEpoch, Checker::EpochGivenOnce),
        ("handover", Plant::NoResetOnHandover, Checker::ClientSeesSense),
        ("handover + client_cut", Plant::AckAfterFreeze, Checker::NothingAfterRelease),
    ] {
        let found = until_found(&scenario, seed_of(cell), plant);
        let by: Vec<Checker> = found.first_violations.iter().map(|violation| violation.checker).collect();
        assert!(by.contains(&checker), "{} in {cell}: {by:?}", plant.name());
    }
}
