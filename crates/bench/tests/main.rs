//! A short run of each bench: that the parts find each other, that nobody is lost, and that what is counted agrees.
//! Never how fast it was.

use std::process::Command;

use serde_json::Value;

/// What a bench says as JSON.
fn said(args: &[&str]) -> Value {
    let output =
        Command::new(env!("CARGO_BIN_EXE_tombolo-bench")).args(args).arg("--json").output().expect("the bench");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// Runs a bench with few people for a moment and returns its rows.
fn rows(args: &[&str]) -> Vec<Value> {
    let short = ["--rounds", "1", "--seconds", "2", "--warm-up", "1", "--json"];
    let output = Command::new(env!("CARGO_BIN_EXE_tombolo-bench")).args(args).args(short).output().expect("the bench");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    let result: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    result["rows"].as_array().expect("rows").clone()
}

fn check(args: &[&str], expected_rows: usize) {
    let rows = rows(args);
    assert_eq!(rows.len(), expected_rows, "{args:?}");
    for row in rows {
        let number = |field: &str| row[field].as_f64().unwrap_or_else(|| panic!("{field} in {row}"));
        assert_eq!((number("violations"), number("astray")), (0.0, 0.0), "{row}");
        assert!(number("cpu_s_per_million") > 0.0 && number("floor_ratio") > 0.0, "{row}");
        assert!((4.0..100.0).contains(&number("bytes_per_update")), "{row}");
        assert!((0.2..1.1).contains(&number("rate_share")), "{row}");
        assert!(number("p50_ms") > 0.0 && number("p50_ms") <= number("p99_ms"), "{row}");
        assert!(number("floor_p99_ms") > 0.0, "{row}");
        assert!(row["target"].is_string() && row["met"].is_null(), "{row}");
    }
}

#[test]
fn a_crowd_reconciles_with_what_its_observers_read() {
    check(&["crowd", "--clients", "12"], 1);
}

#[test]
fn a_spread_reconciles_with_who_is_in_view() {
    check(&["spread", "--clients", "60"], 1);
}

#[test]
fn a_split_crowd_is_one_crowd() {
    check(&["split", "--clients", "12", "--nodes", "1,3"], 2);
}

#[test]
fn a_mesh_is_one_world_however_it_is_placed() {
    check(&["mesh", "--clients", "8", "--nodes", "1,3"], 4);
}

#[test]
fn a_crowd_under_the_contract_is_whole() {
    check(&["crowd", "--clients", "12", "--contract", "on"], 1);
}

/// Whatever the size of the world: a chunk's page, and the cells that the page names.
#[test]
fn a_chunk_wakes_with_as_many_documents_in_a_small_world_as_in_a_large_one() {
    let said = said(&["traces", "--traces", "2000,40000", "--rounds", "1", "--wakes", "200"]);
    let rows = said["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    assert!(rows[1]["chunks"].as_u64() > rows[0]["chunks"].as_u64().map(|chunks| 10 * chunks), "{said}");
    for row in rows {
        // Of ten chunks one has four cells.
        assert_eq!(row["seen"]["most_reads"], 5, "{row}");
        assert!((1.0..2.0).contains(&row["seen"]["reads"].as_f64().expect("a number")), "{row}");
    }
}

#[test]
fn deeds_are_done_on_every_store_and_nobody_is_left_out() {
    let said = said(&["deeds", "--sessions", "3", "--gatherers", "4", "--rounds", "1", "--seconds", "0.6"]);
    let rows = said["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 6, "{said}");
    for row in rows {
        let number = |field: &str| row[field].as_f64().unwrap_or_else(|| panic!("{field} in {row}"));
        assert!(number("raw_per_s") > 0.0 && number("deeds_per_s") > 0.0, "{row}");
        assert!(number("p50_ms") <= number("p99_ms") && number("p99_ms") > 0.0, "{row}");
        assert!(number("requests_per_deed") >= 1.0 && row["met"].is_boolean(), "{row}");
    }
    let trees = said["trees"].as_array().expect("trees");
    assert_eq!(trees.len(), 6, "{said}");
    for tree in trees {
        assert!(tree["min"].as_u64() > Some(0) && tree["gatherers"] == 4, "{tree}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let senseless = [
        ["crowd", "--clients", "1"],
        ["split", "--nodes", "33"],
        ["crowd", "--rounds", "0"],
        ["traces", "--wakes", "0"],
        ["deeds", "--sessions", "0"],
    ];
    for args in senseless {
        let output = Command::new(env!("CARGO_BIN_EXE_tombolo-bench")).args(args).output().expect("the bench");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(args[1]), "{args:?}");
    }
}
