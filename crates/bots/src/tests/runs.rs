//! Whole runs over TCP.

use std::time::{Duration, Instant};

use protocol::Code;
use tokio::sync::watch;

use super::room::{Room, Script};
use crate::{Behaviour, Plan, Report, run_blocking};

fn plan(room: &Room, behaviour: &str, count: u32, ms: u64) -> Plan {
    let mut plan = Plan::new(room.addresses.clone(), count, Behaviour::load(behaviour).unwrap());
    plan.duration = Some(Duration::from_millis(ms));
    plan.observe_one_in = 5;
    plan
}

fn play(plan: &Plan) -> Report {
    let (_keep, shutdown) = watch::channel(false);
    run_blocking(plan, shutdown, |_| {}).unwrap()
}

#[test]
fn bots_walk_are_seen_and_the_counts_reconcile() {
    let room = Room::open(Script::default());
    let report = play(&plan(&room, "wander", 20, 4_000));
    assert_eq!((report.bots, report.sessions, report.failed, report.reconnects), (20, 20, 0, 0), "{report:?}");
    assert_eq!((report.observers, report.violations), (4, 0), "{:?}", report.violations_by_kind);
    assert!(report.counts_reconcile && report.frames_delivered > 200 && report.updates_delivered > 400, "{report:?}");
    assert!(report.bytes_per_update > 6.0 && report.bytes > report.updates_delivered * 6);
    assert!(report.latency_same_node_ms.count > 20 && report.latency_other_node_ms.count > 20, "{report:?}");
    assert!(report.latency_ms.p50 > 0.0 && report.latency_ms.p50 < 1_000.0, "{report:?}");
    assert!(report.lateness_ms.count > 20);
    let pairs: Vec<_> = report.nodes_seen.iter().map(|n| (n.observers_on, n.bots_on, n.bots >= 9)).collect();
    assert_eq!(pairs, [(1, 1, true), (1, 2, true), (2, 1, true), (2, 2, true)]);
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["latency_ms"]["p999"].is_number() && json["violations"] == 0);
    assert_eq!(room.close(), 20, "everybody said goodbye");
}

#[test]
fn who_is_cut_comes_back_through_the_other_door() {
    let room = Room::open(Script { cut_first_door_after_ms: Some(1_500), ..Script::default() });
    let report = play(&plan(&room, "idle", 10, 4_000));
    assert_eq!((report.sessions, report.failed, report.reconnects), (10, 0, 5), "{report:?}");
    assert_eq!((report.returns.len(), report.resume_ms.count), (5, 5), "{report:?}");
    assert!(report.returns.iter().all(|r| r.from != r.to && r.set_back_m < 1.0), "{:?}", report.returns);
    assert_eq!(report.violations, 0);
    assert!(report.counts_reconcile);
}

#[test]
fn cheats_are_corrected_and_told_apart() {
    let room = Room::open(Script::default());
    let mut plan = plan(&room, "cheat-teleport", 8, 4_500);
    plan.behaviours.push(Behaviour::load("idle").unwrap());
    let report = play(&plan);
    assert!(report.corrections_of_cheats >= 4 && report.corrections == 0, "{report:?}");
}

#[test]
fn a_server_that_loses_frames_is_found_out_by_header_walkers_too() {
    let room = Room::open(Script { lose_frames: true, ..Script::default() });
    let mut plan = plan(&room, "wander", 6, 4_000);
    plan.observe_one_in = 0;
    let report = play(&plan);
    assert_eq!(report.observers, 0);
    assert!(report.violations_by_kind["gap"] > 0, "{report:?}");
}

#[test]
fn who_is_refused_has_failed_and_the_run_ends_early() {
    let room = Room::open(Script { refuse: Some(Code::NameInvalid), ..Script::default() });
    let began = Instant::now();
    let report = play(&plan(&room, "idle", 5, 30_000));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!((report.failed, report.sessions), (5, 0));
    assert_eq!(report.failures["the server refused (name_invalid)"], 5);
}

#[test]
fn who_finds_nobody_at_home_has_failed() {
    let room = Room::open(Script::default());
    let mut plan = plan(&room, "idle", 3, 3_000);
    // A port that was free a moment ago and that nobody listens on.
    room.close();
    plan.ramp_per_second = 1_000;
    let report = play(&plan);
    assert_eq!((report.failed, report.failures.values().sum::<u32>()), (3, 3), "{report:?}");
    assert!(report.failures.keys().all(|why| why.starts_with("no connection came about: ")), "{report:?}");
}

#[test]
fn a_run_without_an_end_ends_when_it_is_told() {
    let room = Room::open(Script::default());
    let mut plan = plan(&room, "chatter", 5, 0);
    plan.duration = None;
    let (tell, shutdown) = watch::channel(false);
    let mut seen = 0;
    let report = run_blocking(&plan, shutdown, |progress| {
        seen = seen.max(progress.playing);
        if progress.elapsed_ms > 1_900 {
            tell.send(true).unwrap();
        }
    })
    .unwrap();
    assert_eq!((seen, report.failed), (5, 0));
    assert!(report.elapsed_ms < 5_000);
    assert_eq!(room.close(), 5);
}
