//! The client in plain Python, written from the protocol's document alone, in a world that runs.

use std::process::Command;

use crate::fixture::{World, root, to_end};

#[test]
fn a_client_written_from_the_document_sees_no_rule_broken() {
    check(&World::start("--nodes 2 --bots 12"), &[]);
}

#[test]
fn the_same_client_plays_by_tls() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(&format!("--nodes 1 --bots 4 --tls {}", folder.path().display()));
    check(&world, &["--tls", "--ca", &folder.path().join("certificate.pem").display().to_string()]);
}

/// Lets one client play at each node of a world.
fn check(world: &World, tls: &[&str]) {
    for (index, address) in world.addresses.iter().enumerate() {
        let mut command = Command::new("python3");
        command.args(["-m", "tombolo", "--connect", address, "--for", "8", "--json"]).args(tls);
        command.args(["--name", &format!("python-{index}"), "--seed", &index.to_string()]);
        command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root().join("clients/python"));
        let ended = to_end(&mut command);
        let report = ended.json();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(report["violations"], 0, "{report}");
        for key in ["most_entities", "deeds_done", "frames", "acks"] {
            assert!(report[key].as_u64().is_some_and(|count| count > 0), "{key}: {report}");
        }
    }
}
