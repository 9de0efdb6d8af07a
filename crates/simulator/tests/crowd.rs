//! A crowd in one place: chunks are split and joined, steps go up and down, and nobody is lost by it.

use crate::fixture::{assert_holds, clean, crowd};

/// Seeds 1 to this one are run. `TOMBOLO_SEEDS=100` runs more.
pub const SEEDS: u64 = 3;

fn seeds() -> u64 {
    let asked = std::env::var("TOMBOLO_SEEDS").ok();
    asked.map_or(SEEDS, |text| text.parse().expect("TOMBOLO_SEEDS is a whole number"))
}

#[test]
fn a_crowd_is_split_and_joined_and_nobody_is_lost() {
    for report in (1..=seeds()).map(|seed| clean(&crowd(), seed)) {
        println!("{}", serde_json::to_string(&report).expect("a report is JSON"));
        assert_holds(&report);
        let counts = report.counts;
        assert!(counts.sub_cell_moves > 100, "{counts:?}");
        assert!(counts.crowd_rises > 10 && counts.crowd_falls > 2, "{counts:?}");
    }
}
