//! One adversary at a time: a few nodes, a script of faults, and a checker that must see what goes wrong without the
//! part of the code that holds against it.

use simulator::{Checker, Fault, FaultKind, OVERLAP_BOUND_MS, Planned, Report, Scenario, Simulation, Suite};
use world::{Plant, Planted};

/// Seeds of each script.
const SEEDS: u64 = 4;

/// A quiet course: arrive, 12 s in which the script strikes, the least time to heal, and a long strict calm.
const QUIET: &str = r#"
name = "adversary"
[world]
nodes = 3
[players]
count = 12
range_m = 30
[course]
seconds = 45
arrive_s = 6
storm_s = 12
heal_s = 11
calm_s = 60
[network]
loss_per_mille = 0
twice_per_mille = 0
held_up_per_mille = 0
[store]
conflict_per_mille = 0
fail_per_mille = 0
unknown_per_mille = 0
"#;

/// A quiet scenario with some lines of it changed.
fn quiet(changes: &[(&str, &str)]) -> Scenario {
    let mut text = QUIET.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old} is not in the scenario");
        text = text.replace(old, new);
    }
    Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn strike(at_ms: u64, lasts_ms: u64, fault: Fault) -> Planned {
    Planned { at_ms, lasts_ms, fault }
}

fn play(scenario: &Scenario, seed: u64, plan: &[Planned], planted: Planted) -> Report {
    let mut simulation = Simulation::scripted(scenario, seed, planted, plan.to_vec()).expect("the script fits");
    while simulation.go_on(1_000) {}
    simulation.report()
}

/// The script holds for a few seeds, and each of the plants is found by one of them. Returns the reports without a
/// plant, summed up.
fn check(scenario: &Scenario, plan: &[Planned], plants: &[Plant]) -> Suite {
    let runs = |planted| (1..=SEEDS).map(move |seed| play(scenario, seed, plan, planted));
    let reports: Vec<Report> = runs(Planted::none()).collect();
    for report in &reports {
        assert_eq!(report.violations, 0, "seed {}: {:#?}", report.seed, report.first_violations);
    }
    for plant in plants {
        let found = runs(Planted::with(*plant)).find(|report| report.violations > 0);
        let report = found.unwrap_or_else(|| panic!("{} was not found", plant.name()));
        println!("{} at seed {}: {:?}", plant.name(), report.seed, report.first_violations[0]);
    }
    Suite::of(scenario, None, reports)
}

#[test]
fn nobody_does_any_harm() {
    // Some messages miss the look at their tick: a crossing is then seen in two halves.
    let slow = ("loss_per_mille = 0", "delay_ms = [1, 80]\nloss_per_mille = 0");
    let scenario = quiet(&[("range_m = 30", "range_m = 60"), slow]);
    let suite = check(&scenario, &[], &[Plant::NoLimbo, Plant::LeakyInterest]);
    assert!(suite.counts.border_crossings > 20, "{}", suite.counts.border_crossings);
    assert_eq!(suite.faults.iter().filter(|(kind, n)| *n > 0 && *kind != FaultKind::StoreSlow).count(), 0);
}

#[test]
fn the_last_message_is_lost() {
    let seldom = ("range_m = 30", "range_m = 30\ndecide_ms = [8000, 30000]");
    let scenario = quiet(&[seldom, ("loss_per_mille = 0", "loss_per_mille = 400")]);
    let suite = check(&scenario, &[], &[Plant::MuteSummaries]);
    assert!(suite.faults.get(FaultKind::Loss) > 0);
}

#[test]
fn messages_come_late_and_twice() {
    let late = ("held_up_per_mille = 0", "held_up_per_mille = 300");
    let scenario = quiet(&[late, ("twice_per_mille = 0", "twice_per_mille = 300")]);
    let plan = [strike(7_000, 3_000, Fault::Twin(0)), strike(11_000, 3_000, Fault::Twin(1))];
    let suite = check(&scenario, &plan, &[]);
    assert!(suite.faults.get(FaultKind::HeldUp) > 0 && suite.faults.get(FaultKind::Twice) > 0);
}

/// The least time to heal is the bound: 11 s after a node died for good nobody shows its avatars where they are not,
/// and its clients are back on other nodes.
#[test]
fn node_dies_and_never_returns() {
    let plan = [strike(17_900, 60_000, Fault::Crash(0))];
    let suite = check(&quiet(&[]), &plan, &[Plant::TrustTheSilent]);
    assert_eq!(suite.faults.get(FaultKind::Crash), SEEDS);
    assert!(suite.checks.get(Checker::ClientIsBack) > 0);
}

#[test]
fn node_dies_and_comes_back_with_its_memory_gone() {
    let plan = [strike(8_000, 500, Fault::Crash(1)), strike(14_000, 500, Fault::Crash(2))];
    let suite = check(&quiet(&[]), &plan, &[]);
    assert_eq!(suite.faults.get(FaultKind::Crash), 2 * SEEDS);
}

#[test]
fn one_way_cut_heals() {
    // One that is longer than a node waits for a silent peer, and one that is shorter.
    let plan = [strike(6_500, 11_400, Fault::OneWayCut(0, 1)), strike(8_000, 5_000, Fault::OneWayCut(2, 0))];
    let suite = check(&quiet(&[]), &plan, &[]);
    assert!(suite.faults.get(FaultKind::LostInACut) > 0);
}

#[test]
fn direct_lane_is_cut_while_frames_flow() {
    let scenario = quiet(&[
        ("loss_per_mille = 0", "loss_per_mille = 50"),
        ("range_m = 30", "range_m = 30\ndecide_ms = [100, 200]"),
    ]);
    let plan: Vec<Planned> = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)]
        .map(|(from, to)| strike(6_500, 11_400, Fault::DirectCut(from, to)))
        .into();
    let suite = check(&scenario, &plan, &[Plant::Hoard]);
    assert!(suite.faults.get(FaultKind::LostInADirectCut) > 0);
}

#[test]
fn paused_holder_does_not_move_its_avatar() {
    // Its clients give up after 8 s of silence and play elsewhere; then it wakes with their avatars in its memory.
    let plan = [strike(7_000, 10_900, Fault::Pause(0))];
    let suite = check(&quiet(&[]), &plan, &[]);
    assert_eq!(suite.faults.get(FaultKind::Pause), SEEDS);
    assert!(suite.counts.sessions >= SEEDS * (12 + 1), "nobody went elsewhere: {} sessions", suite.counts.sessions);
    assert_eq!(suite.longest_overlap_ms, 0, "it moved an avatar before it had looked whose it is");
}

#[test]
fn holder_that_cannot_reach_the_store_is_replaced() {
    // The twin logs in at another node; the holder cannot read that, and hears of it from the mesh or stands still.
    let plan: Vec<Planned> = (0..3)
        .map(|node| strike(7_000, 10_900, Fault::StoreCut(node)))
        .chain((0..12).map(|player| strike(12_000, 5_000, Fault::Twin(player))))
        .collect();
    let suite = check(&quiet(&[]), &plan[1..], &[Plant::SkipEpoch]);
    assert!(suite.faults.get(FaultKind::StoreOutOfReach) > 0);
    assert!(suite.longest_overlap_ms <= OVERLAP_BOUND_MS);
}

#[test]
fn store_does_not_say_what_it_did() {
    let scenario = quiet(&[
        ("unknown_per_mille = 0", "unknown_per_mille = 400"),
        ("range_m = 30", "range_m = 30\ndeed_per_mille = 400"),
    ]);
    let suite = check(&scenario, &[], &[Plant::GuessOnUnknown, Plant::ForgetRequest]);
    assert!(suite.counts.deeds > 0);
    for kind in [FaultKind::StoreUnknownApplied, FaultKind::StoreUnknownNotApplied, FaultKind::StoreLate] {
        assert!(suite.faults.get(kind) > 0, "{kind} never fired");
    }
}

/// A node whose clock is behind hears of ticks to come, and one that is ahead speaks of them.
#[test]
fn clocks_disagree() {
    let plan = [
        strike(6_500, 4_000, Fault::ClockBack(0, 3_000)),
        strike(8_000, 3_000, Fault::ClockAhead(1, 1_500)),
        strike(12_000, 2_500, Fault::ClockStill(2)),
    ];
    let suite = check(&quiet(&[]), &plan, &[]);
    for kind in [FaultKind::ClockBack, FaultKind::ClockAhead, FaultKind::ClockStill] {
        assert_eq!(suite.faults.get(kind), SEEDS, "{kind}");
    }
}

#[test]
fn machine_is_suspended_and_goes_on_with_its_memory() {
    let plan = [strike(7_000, 10_900, Fault::Suspension(0)), strike(9_000, 2_000, Fault::Suspension(1))];
    let suite = check(&quiet(&[]), &plan, &[]);
    assert_eq!(suite.faults.get(FaultKind::Suspension), 2 * SEEDS);
    assert!(suite.counts.sessions >= SEEDS * (12 + 2), "nobody went elsewhere: {} sessions", suite.counts.sessions);
    assert_eq!(suite.longest_overlap_ms, 0, "it moved an avatar before it had looked whose it is");
}

#[test]
fn directory_is_gone_slow_and_wrong_while_nodes_come_and_go() {
    let plan = [
        strike(6_500, 4_000, Fault::DirectoryGone),
        strike(7_000, 1_000, Fault::Crash(1)),
        strike(11_000, 3_000, Fault::DirectorySlow),
        strike(11_500, 500, Fault::Crash(2)),
        strike(14_500, 3_000, Fault::DirectoryStale(0)),
        strike(15_000, 2_000, Fault::LeaseLost(0)),
    ];
    let suite = check(&quiet(&[]), &plan, &[]);
    assert_eq!(suite.faults.get(FaultKind::LeaseLost), SEEDS);
    for kind in [FaultKind::NewsHeldBack, FaultKind::NewsLate] {
        assert!(suite.faults.get(kind) > 0, "{kind} never fired");
    }
}

#[test]
fn clients_do_not_read() {
    let scenario = quiet(&[("range_m = 30", "range_m = 30\ndecide_ms = [100, 300]")]);
    let plan: Vec<Planned> = (0..6).map(|player| strike(7_000, 7_000, Fault::ClientStall(player))).collect();
    let suite = check(&scenario, &plan, &[]);
    assert!(suite.faults.get(FaultKind::ClientBlocked) > 0, "no socket was full");
}

#[test]
fn a_script_that_strikes_nobody_is_refused() {
    let plan = vec![strike(1_000, 1_000, Fault::Crash(3))];
    let refused = Simulation::scripted(&quiet(&[]), 1, Planted::none(), plan).err().map(|e| e.to_string());
    let expected = "the plan says that node 3 dies; there are 3 nodes and 12 players, counted from 0";
    assert_eq!(refused.as_deref(), Some(expected));
}
