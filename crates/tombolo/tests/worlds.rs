//! Whole worlds: what they report when all is well, and when it is not.

use crate::fixture::{TextFile, World, silent_address, tombolo};

#[test]
fn a_world_with_bots_reports_what_was_promised() {
    let ended = tombolo("dev --nodes 2 --bots 20 --for 5s --listen 127.0.0.1:0 --json");
    let report = ended.json();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let counts = ["frames_published", "frames_delivered", "updates_delivered", "keyframes", "bytes_per_update"];
    for key in counts {
        assert!(report[key].as_f64().is_some_and(|count| count > 0.0), "{key}: {report}");
    }
    assert!(["gaps", "border_crossings"].iter().all(|key| report[*key].is_u64()), "{report}");
    let latency = &report["latency_ms"];
    assert!(["p50", "p99", "p999"].iter().all(|key| latency[*key].as_f64().is_some_and(|ms| ms > 0.0)), "{report}");
    assert_eq!((&report["nodes"], &report["sessions"], &report["violations"]), (&2.into(), &20.into(), &0.into()));
    assert!(ended.err.is_empty(), "{}", ended.err);
}

/// Walks far enough that whole rings of chunks stay behind for longer than a client puts up with.
const FAR: &str =
    "kind = \"commute\"\ndistance_m = 400\ngait = \"sprint\"\nsteer_every_ms = [300, 600]\nwait_ms = [0, 100]\n";

#[test]
fn a_planted_bug_is_reported() {
    let far = TextFile::new("far.toml", FAR);
    let words = "dev --nodes 2 --bots 80 --for 15s --listen 127.0.0.1:0 --view 0,1 --json --behaviour";
    let ended = tombolo(&format!("{words} {} --plant leaky-interest", far.0.display()));
    assert!(ended.json()["violations"].as_u64().is_some_and(|violations| violations > 0), "{ended:?}");
    assert_eq!(ended.code, Some(1));
}

#[test]
fn bots_play_in_a_world_that_runs() {
    let world = World::start("--nodes 2 --bots 0");
    let connect = world.addresses.join(",");
    let ended = tombolo(&format!("bots --connect {connect} --count 10 --behaviour wander --for 4s --json"));
    let report = ended.json();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!((&report["sessions"], &report["violations"], &report["failed"]), (&10.into(), &0.into(), &0.into()));
    assert_eq!(world.signal("-TERM"), Some(0));
}

#[test]
fn a_world_by_tls_takes_who_believes_it_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("certificate.pem").display().to_string();
    let world = World::start(&format!("--nodes 2 --bots 4 --tls {}", folder.path().display()));
    let connect = world.addresses.join(",");
    let play = |tls: &str| tombolo(&format!("bots --connect {connect} --count 6 --for 4s --json {tls}"));
    let ended = play(&format!("--tls --ca {ca}"));
    let report = ended.json();
    assert_eq!((ended.code, &report["sessions"], &report["violations"]), (Some(0), &6.into(), &0.into()), "{ended:?}");
    for (tls, said) in [("", "tls_required"), ("--tls", "certificate")] {
        let ended = play(tls);
        let report = ended.json();
        assert_eq!((ended.code, &report["sessions"]), (Some(1), &0.into()), "{tls}: {ended:?}");
        assert!(report["failures"].to_string().contains(said), "{tls}: {report}");
    }
    assert_eq!(world.signal("-TERM"), Some(0));
}

#[test]
fn bots_that_nobody_answers_fail() {
    let ended = tombolo(&format!("bots --connect {} --count 3 --for 4s --json", silent_address()));
    let report = ended.json();
    assert_eq!((ended.code, &report["failed"], &report["sessions"]), (Some(1), &3.into(), &0.into()), "{ended:?}");
}
