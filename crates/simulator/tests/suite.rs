//! Many seeds of everything at once: no violation, and nothing that was not put to the test.

use simulator::{CHECKERS, FaultKind, Suite};

use crate::fixture::{assert_holds, clean, first_island};

/// Seeds 1 to this one are run. `TOMBOLO_SEEDS=300` runs more.
pub const SEEDS: u64 = 24;

pub fn seeds() -> u64 {
    let asked = std::env::var("TOMBOLO_SEEDS").ok();
    asked.map_or(SEEDS, |text| text.parse().expect("TOMBOLO_SEEDS is a whole number"))
}

#[test]
fn no_seed_finds_a_violation_and_everything_is_put_to_the_test() {
    let scenario = first_island();
    let reports: Vec<_> = (1..=seeds()).map(|seed| clean(&scenario, seed)).collect();
    let suite = Suite::of(&scenario, None, reports.clone());
    println!("{}", serde_json::to_string_pretty(&suite).expect("a suite is JSON"));
    reports.iter().for_each(assert_holds);
    assert_eq!(suite.unproven, Vec::<String>::new());
    assert!(suite.holds());
    assert_eq!(suite.runs, seeds());
    assert!(suite.counts.border_crossings > 100 * seeds() / 2, "{} crossings", suite.counts.border_crossings);
    for kind in FaultKind::ALL.iter().filter(|kind| kind.is_asked_for(&scenario)) {
        assert!(suite.faults.get(*kind) > 0, "{kind} never fired");
    }
    for checker in CHECKERS {
        assert!(suite.checks.get(*checker) > 0, "{checker} never compared anything");
    }
}

#[test]
fn a_suite_in_which_a_fault_never_fired_does_not_hold() {
    let scenario = first_island().lasting(1);
    let report = clean(&scenario, 1);
    let few = Suite::of(&scenario, None, vec![report.clone()]);
    assert!(few.holds(), "one run is not expected to meet everything");
    assert!(few.unproven.contains(&"the fault crash never fired".to_owned()), "{:?}", few.unproven);
    let many = Suite::of(&scenario, None, vec![report; 20]);
    assert!(!many.holds(), "twenty are");
}
