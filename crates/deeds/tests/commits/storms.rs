//! Seeds: everybody wants something at once while everything fails.

use store::FaultCounts;
use world::Planted;

use super::plan::Plan;
use super::play::Play;

fn seeds() -> u64 {
    std::env::var("TOMBOLO_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(40)
}

#[test]
fn what_was_told_is_what_happened_and_happened_once() {
    let (mut crashes, mut done, mut repeated, mut sessions) = (0, 0, 0, 0);
    let mut faults = FaultCounts::default();
    for (seed, plan) in (0..seeds()).flat_map(|seed| [(seed, Plan::storm(seed)), (seed, Plan::duel(seed))]) {
        let verdict = Play::new(plan, Planted::none()).run();
        assert_eq!(verdict.wrong, Vec::<String>::new(), "seed {seed}");
        (crashes, done) = (crashes + verdict.crashes, done + verdict.done);
        (repeated, sessions) = (repeated + verdict.repeated, sessions + verdict.sessions);
        faults.slow += verdict.faults.slow;
        faults.conflicts += verdict.faults.conflicts;
        faults.not_applied += verdict.faults.not_applied;
        faults.unknown_applied += verdict.faults.unknown_applied;
        faults.unknown_not_applied += verdict.faults.unknown_not_applied;
        faults.late += verdict.faults.late;
    }
    println!(
        "{} storms: {sessions} sessions, {crashes} crashes, {done} deeds, {repeated} repeated; {faults:?}",
        seeds()
    );
    let fired = [crashes, done, repeated, faults.conflicts, faults.not_applied, faults.unknown_applied, faults.late];
    assert!(fired.iter().all(|count| *count > 0), "storms without crashes, deeds, repeats or faults: {fired:?}");
}
