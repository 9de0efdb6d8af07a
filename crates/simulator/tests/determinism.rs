//! The same seed is the same run, bit for bit, in debug and release.

use world::{Plant, Planted};

use crate::fixture::{clean, first_island};

/// The digest of seed 7 of the first island, cut off after 12 seconds, a third of them storm. Debug and release must
/// both give it. It changes with everything that a node sends or asks: whoever changes that on purpose runs this test
/// in debug and in release, sees the same new digest in both messages, and writes it here.
const GOLDEN: &str = "dde0b921fa4ac4da";

#[test]
fn the_same_seed_is_the_same_run() {
    let scenario = first_island().lasting(20);
    assert_eq!(clean(&scenario, 3), clean(&scenario, 3));
}

#[test]
fn another_seed_is_another_run() {
    let scenario = first_island().lasting(3);
    assert_ne!(clean(&scenario, 1).digest, clean(&scenario, 2).digest);
}

#[test]
fn a_planted_bug_changes_the_run() {
    let scenario = first_island().lasting(20);
    let planted = simulator::run(&scenario, 3, Planted::with(Plant::DeafToGaps)).expect("a valid scenario runs");
    assert_ne!(clean(&scenario, 3).digest, planted.digest);
}

#[test]
fn it_does_not_matter_in_which_steps_a_run_is_driven() {
    let scenario = first_island().lasting(9);
    let mut simulation = simulator::Simulation::new(&scenario, 5, Planted::none()).expect("a valid scenario runs");
    while simulation.go_on(37) {}
    assert_eq!(simulation.report(), clean(&scenario, 5));
}

#[test]
fn the_golden_digest_is_the_same_in_debug_and_release() {
    let report = clean(&first_island().lasting(12), 7);
    assert_eq!(report.digest, GOLDEN, "if nodes act differently on purpose, update GOLDEN (see there)");
}
