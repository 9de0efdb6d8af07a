//! Placement with real nodes and clients: few nodes publish for a chunk while people walk.

use simulator::{Report, Scenario};

use crate::fixture::{assert_holds, clean};

const SPREAD: &str = include_str!("../../../simulations/spread.toml");
const DENSE: &str = include_str!("../../../simulations/spread-dense.toml");

/// Eight nodes and walkers at the dense file's density on a smaller square.
fn dense(affinity: Option<u8>) -> (Scenario, [u64; 2]) {
    let mut scenario = Scenario::parse(DENSE).expect("simulations/spread-dense.toml is valid");
    scenario.handover.affinity = affinity.or(scenario.handover.affinity);
    scenario.players.count = 72;
    scenario.players.range_m = 47;
    (scenario, [45, 70])
}

/// Chunks by publishers between two moments of a run, once everybody had the time to settle, and the whole run.
fn settled((scenario, [from_s, to_s]): (Scenario, [u64; 2])) -> ([u64; 9], Report) {
    let affinity = scenario.handover.affinity;
    let before = clean(&scenario.clone().lasting(from_s), 7);
    let after = clean(&scenario.lasting(to_s), 7);
    let counted = std::array::from_fn(|n| after.counts.publishers[n] - before.counts.publishers[n]);
    println!("affinity {affinity:?}: {counted:?}, {} handovers done", after.counts.handovers_done);
    assert_holds(&after);
    (counted, after)
}

/// The publishers of the chunk behind which so many of a hundred are.
fn at(percent: u64, chunks: &[u64; 9]) -> usize {
    let all: u64 = chunks.iter().sum();
    let below = |n: usize| chunks[..=n].iter().sum::<u64>();
    1 + (0..9).find(|n| below(*n) * 100 >= all * percent).expect("somebody is somewhere")
}

#[test]
fn few_nodes_publish_for_a_chunk_while_people_walk() {
    let (gathered, report) = settled(dense(None));
    let (spread, evenly) = settled(dense(Some(0)));
    assert!(at(95, &gathered) <= 4, "{gathered:?}");
    assert!(at(95, &spread) > at(95, &gathered), "{spread:?} at 0, {gathered:?} where the knob is");
    let c = &report.counts;
    assert!(c.handovers_done > 40, "{c:?}");
    assert!(c.handovers_aborted + c.handovers_taken_back < c.handovers_done / 4, "nothing fails: {c:?}");
    assert!(evenly.counts.handovers_done < c.handovers_done, "an even load needs few moves: {:?}", evenly.counts);
}

/// People as spread as in the bench `spread`. `TOMBOLO_FULL=1` takes as many as the file says, and its time: minutes of a
/// core.
#[test]
fn four_nodes_at_most_publish_where_a_thousand_walk_on_a_square_kilometre() {
    let mut scenario = Scenario::parse(SPREAD).expect("simulations/spread.toml is valid");
    let full = std::env::var_os("TOMBOLO_FULL").is_some();
    if !full {
        // As dense, on a smaller square.
        (scenario.players.count, scenario.players.range_m) = (48, 110);
    }
    let (gathered, report) = settled((scenario, if full { [60, 120] } else { [45, 70] }));
    assert!(at(95, &gathered) <= 4, "{gathered:?}");
    assert!(report.counts.handovers_done > 20, "{:?}", report.counts);
}
