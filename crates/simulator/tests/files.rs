//! Scenario files: what is wrong is named, with line, key and what is allowed.

use simulator::Scenario;

use crate::fixture::FIRST_ISLAND;

/// Reads `text` and holds its error against the parts that it must have.
fn refused(text: &str, parts: &[&str]) {
    let error = Scenario::parse(text).expect_err(text).to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in:\n{error}");
    }
}

#[test]
fn an_error_names_line_key_and_what_is_allowed() {
    let with = |lines: &str| format!("name = \"mine\"\n{lines}");
    let cases: &[(&str, &[&str])] = &[
        ("[world]\nnodez = 5", &["line 3", "nodez", "expected one of", "`nodes`", "`tick_hz`"]),
        ("[weather]\nrain = 1", &["line 2", "weather", "expected one of", "`faults`"]),
        ("[world]\nnodes = \"five\"", &["line 3", "nodes = \"five\"", "invalid type: string", "expected u16"]),
        ("[world]\nnodes = -1", &["line 3", "nodes = -1", "expected u16"]),
        ("[world]\nnodes = 5.5", &["line 3", "nodes = 5.5", "invalid type: floating point"]),
        ("[world]\nnodes = 0", &["line 3: `world.nodes` is 0; allowed: 1 to 64"]),
        ("[world]\n# many\nnodes = 65", &["line 4: `world.nodes` is 65; allowed: 1 to 64"]),
        ("[world]\ntick_hz = 7", &["line 3: `world.tick_hz` is 7; allowed: one of ["]),
        ("[world]\nsize_chunks = 1", &["line 3: `world.size_chunks` is 1; allowed: "]),
        ("[players]\ncount = 2001", &["line 3: `players.count` is 2001; allowed: 1 to 2000"]),
        ("[players]\ndecide_ms = [9, 1]", &["line 3: `players.decide_ms` is [9, 1]", "least <= most <= 60000"]),
        ("[players]\ndecide_ms = [1]", &["line 3", "decide_ms = [1]", "array of length 2"]),
        ("[course]\nheal_s = 10", &["line 3: `course.heal_s` is 10; allowed: 11 to 600"]),
        ("[course]\nseconds = 0", &["line 3: `course.seconds` is 0; allowed: 1 to 86400"]),
        ("[course]\ncalm_s = 0", &["line 3: `course.calm_s` is 0; allowed: 1 to 3600"]),
        ("[network]\nloss_per_mille = 1000", &["line 3: `network.loss_per_mille` is 1000; allowed: 0 to 900"]),
        ("[faults]\nlasts_ms = [0, 60001]", &["line 3: `faults.lasts_ms` is [0, 60001]"]),
        ("[faults]\ncrashes = 1001", &["line 3: `faults.crashes` is 1001; allowed: 0 to 1000"]),
        ("[store]\nunknown_per_mille = 901", &["line 3: `store.unknown_per_mille` is 901"]),
        ("[world", &["line 2", "["]),
    ];
    for (lines, parts) in cases {
        refused(&with(lines), parts);
    }
    refused("", &["name"]);
}

#[test]
fn the_scenarios_of_the_house_are_valid() {
    let scenario = Scenario::parse(FIRST_ISLAND).expect("it is valid");
    assert_eq!((scenario.name.as_str(), scenario.world.nodes, scenario.players.count), ("first-island", 5, 40));
    assert_eq!(scenario.course.seconds, 60);
}

#[test]
fn what_is_left_out_has_a_default() {
    let scenario = Scenario::parse("name = \"mine\"").expect("a name is enough");
    assert_eq!((scenario.world.nodes, scenario.course.seconds), (5, 60));
}
