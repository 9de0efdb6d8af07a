//! Seeds that once found a bug are run for ever.

use simulator::{KeptSeed, Scenario, kept_seeds};

use crate::fixture::{assert_holds, clean, first_island};

const FAULT_MATRIX: &str = include_str!("../../../simulations/fault-matrix.toml");
const CELLS: &str = include_str!("../../../simulations/seeds/fault-matrix.txt");
const FIRST_ISLAND: &str = include_str!("../../../simulations/seeds/first-island.txt");

#[test]
fn seeds_that_found_a_bug_find_none_any_more() {
    let kept = kept_seeds(FIRST_ISLAND).expect("simulations/seeds/first-island.txt is valid");
    assert!(kept.len() >= 3);
    let scenario = first_island();
    for KeptSeed { seed, why } in kept {
        println!("seed {seed}, kept because {why}");
        assert_holds(&clean(&scenario, seed));
    }
}

#[test]
fn cells_that_found_a_bug_find_none_any_more() {
    let scenario = Scenario::parse(FAULT_MATRIX).expect("simulations/fault-matrix.toml is valid");
    for KeptSeed { seed, why } in kept_seeds(CELLS).expect("simulations/seeds/fault-matrix.txt is valid") {
        println!("seed {seed}, kept because {why}");
        let report = clean(&scenario, seed);
        assert_holds(&report);
        assert_eq!(report.complaint(), None, "seed {seed}");
    }
}

#[test]
fn a_list_of_seeds_says_why_each_is_kept() {
    let list = "# heading\n\n28  a lane change made somebody flicker # since\n7\n";
    let lane = KeptSeed { seed: 28, why: "a lane change made somebody flicker" };
    assert_eq!(kept_seeds(list), Ok(vec![lane, KeptSeed { seed: 7, why: "" }]));
    let error = kept_seeds("1 fine\nseven more").expect_err("seven is no number").to_string();
    assert_eq!(error, "line 2: `seven more` does not begin with a seed, which is a whole number");
}
