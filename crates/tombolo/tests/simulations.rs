//! Simulations with figures from the command line: what they print, how they end, and that many at a time are alike.

use std::time::Duration;

use serde_json::Value;

use crate::fixture::{Ended, TextFile, interrupted, root, tombolo};

/// A small evening that takes a blink.
const EVENING: &str = "kind = \"population\"\nname = \"blink\"\n[course]\nminutes = 40\nmeasure_from_min = 10\n[world]\n\
    islands = 6\nband = [10, 20]\ncapacity = 24\nhard_cap = 28\n[people]\nregistered = 3000\nsession_min = 15\n\
    [arrivals]\nplanned_per_min = 20\n[[assert]]\nname = \"somebody plays\"\nfigure = \"peak_people\"\nat_least = 40\n";

fn evening(name: &str, more: &str) -> TextFile {
    TextFile::new(name, &format!("{EVENING}{more}"))
}

fn simulate(file: &TextFile, words: &str) -> Ended {
    tombolo(&format!("simulate {} {words}", file.0.display()))
}

#[test]
fn one_run_as_json_has_everything_that_programs_read() {
    let file = evening("json.toml", "");
    let ended = simulate(&file, "--seed 3 --json");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json = ended.json();
    for key in ["digest", "events_per_second", "realtime_factor", "peak_memory_bytes", "cpu_ms", "figures", "replay"] {
        assert!(!json[key].is_null(), "{key}: {json}");
    }
    let assertions = json["assertions"].as_array().expect("a list");
    let named = assertions.iter().find(|a| a["name"] == "somebody plays").expect("the file's own");
    assert_eq!((&named["passed"], &named["bound"]), (&Value::Bool(true), &Value::from(40)));
    assert!(named["value"].as_u64() >= Some(40));
    assert!(json.get("plots").is_none(), "plots are for reports");
}

#[test]
fn assertions_decide_the_exit_code() {
    let broken = evening("broken.toml", "[[assert]]\nfigure = \"peak_people\"\nat_most = 1\n");
    assert_eq!(simulate(&broken, "").code, Some(1));
    assert_eq!(simulate(&broken, "--seeds 2").code, Some(1));
    let unknown = evening("unknown.toml", "[[assert]]\nfigure = \"peak_poeple\"\nat_most = 1\n");
    let ended = simulate(&unknown, "");
    assert_eq!(ended.code, Some(2));
    for part in ["line 21", "assert.1.figure", "peak_poeple", "peak_people"] {
        assert!(ended.err.contains(part), "{part} is not in {}", ended.err);
    }
}

#[test]
fn a_wrong_setting_names_itself_and_what_is_allowed() {
    let file = evening("setting.toml", "");
    for (words, parts) in [
        ("--set world.islands=0", &["world.islands=0", "1 to 20000"][..]),
        ("--set world.islnds=3", &["unknown field `islnds`", "`islands`"]),
        ("--set world.islands", &["section.key=value"]),
        ("--sweep policy.kind=fair", &["policy.kind=fair", "`allocator`"]),
        ("--plant promises-are-fre", &["did you mean promises-are-free?"]),
        ("--compare no-such.toml", &["no-such.toml"]),
        ("--compare simulations/nodes-per-chunk.toml", &["of the kind `population`", "of the kind `heart`"]),
    ] {
        let words = words.replace("simulations/", &format!("{}/simulations/", root().display()));
        let ended = simulate(&file, &words);
        assert_eq!(ended.code, Some(2), "{words}: {ended:?}");
        for part in parts {
            assert!(ended.err.contains(part), "{words}: {part} is not in {}", ended.err);
        }
    }
}

#[test]
fn a_wrong_file_names_line_and_key_and_what_is_allowed() {
    let cases: [(&str, &[&str]); 6] = [
        ("[people]\nsesion_min = 5", &["line 4", "sesion_min", "`session_min`"]),
        ("[world]\nislands = \"six\"", &["line 4", "islands = \"six\"", "expected u32"]),
        ("[world]\nband = [20, 10]", &["line 4: `world.band` is [20, 10]; allowed: [low, high]"]),
        ("[[incident]]\nwhat = \"flood\"", &["line 4", "flood", "`leader-dies`"]),
        ("[queue]\nshares = [0]", &["line 4: `queue.shares` is [0]; allowed: 1 to 8 shares"]),
        ("[course", &["line 3"]),
    ];
    for (n, (lines, parts)) in cases.into_iter().enumerate() {
        let head = "kind = \"population\"\nname = \"wrong\"\n";
        let file = TextFile::new(&format!("wrong-{n}.toml"), &format!("{head}{lines}\n"));
        let ended = simulate(&file, "");
        assert_eq!(ended.code, Some(2), "{lines}: {ended:?}");
        for part in parts {
            assert!(ended.err.contains(part), "{lines}: {part} is not in {}", ended.err);
        }
    }
}

/// A demand that no part of a run meets.
const ALL_STAY: &str = "[[assert]]\nname = \"everybody stays\"\nfigure = \"people_at_end\"\nat_least = 2999\n";

#[test]
fn what_was_done_before_an_interrupt_is_kept() {
    let file = evening("interrupt.toml", ALL_STAY);
    let folder = std::env::temp_dir().join(format!("tombolo-test-interrupt-{}", std::process::id()));
    let words = |more: &str| format!("simulate {} --json {more}", file.0.display());
    let long = format!("--set course.minutes=40000 --report {}", folder.display());
    // On a busy machine the first second may not be enough to begin.
    let told = [500, 2_000, 8_000, 30_000].map(Duration::from_millis).into_iter().find_map(|after| {
        let ended = interrupted(&words(&long), after);
        assert_eq!(ended.code, Some(130), "a demand that was not met so far is not broken: {ended:?}");
        Some(ended.json()).filter(|json| json["simulated_ms"].as_u64() > Some(0))
    });
    let json = told.expect("it got somewhere");
    assert_eq!((&json["interrupted"], &json["seed"]), (&Value::Bool(true), &Value::from(7)));
    assert!(json["simulated_ms"].as_u64() < Some(40_000 * 60_000), "{json}");
    let page = std::fs::read_to_string(folder.join("report.html")).expect("a report of what was done");
    assert!(page.contains("\"interrupted\":true"));
    std::fs::remove_dir_all(&folder).expect("it was made here");
}

#[test]
fn seeds_that_ended_before_an_interrupt_are_kept_and_judged() {
    let file = evening("interrupt-seeds.toml", "");
    let words = format!("simulate {} --json --jobs 2 --seeds 100000", file.0.display());
    let ended = interrupted(&words, Duration::from_secs(3));
    let json = ended.json();
    assert_eq!((ended.code, &json["interrupted"]), (Some(130), &Value::Bool(true)));
    let runs = json["runs"].as_u64().expect("a number");
    assert!(0 < runs && runs < 100_000 && json["held"] == runs && json["seeds"][0]["seed"] == 1, "{runs} runs");
}

#[test]
fn seeds_that_fail_are_noted_beside_the_file_if_asked() {
    let folder = std::env::temp_dir().join(format!("tombolo-test-keep-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("blink.toml");
    let broken = "[[assert]]\nname = \"nobody comes\"\nfigure = \"arrivals\"\nat_most = 0\n";
    std::fs::write(&file, format!("{EVENING}{broken}")).expect("a file");
    assert_eq!(tombolo(&format!("simulate {} --seeds 3..5 --keep", file.display())).code, Some(1));
    let noted = std::fs::read_to_string(folder.join("seeds/blink.failed")).expect("they are noted");
    let lines: Vec<&str> = noted.lines().collect();
    assert_eq!(lines.len(), 2, "{noted}");
    assert!(lines[0].starts_with("3  nobody comes: ") && lines[1].starts_with("4  "), "{noted}");
    std::fs::remove_dir_all(&folder).expect("it was made here");
}

#[test]
fn many_seeds_at_a_time_give_the_table_of_one_by_one() {
    let file = evening("seeds.toml", "");
    let told = |jobs: u32| {
        let mut json = simulate(&file, &format!("--seeds 9 --jobs {jobs} --json")).json();
        for measured in ["wall_ms", "cpu_ms", "events_per_second", "realtime_factor", "peak_memory_bytes"] {
            json.as_object_mut().expect("an object").remove(measured).expect(measured);
        }
        json
    };
    let (alone, together) = (told(1), told(4));
    assert_eq!(alone, together);
    let single = simulate(&file, "--seed 5 --json").json();
    let row = &alone["seeds"][4];
    assert_eq!((&row["seed"], &row["digest"]), (&Value::from(5), &single["digest"]));
    assert_eq!(row["figures"], single["figures"]);
}

#[test]
fn a_planted_bug_is_seen_from_the_command_line() {
    let file = evening("plant.toml", "");
    let ended = simulate(&file, "--plant last-first --set people.session_min=200");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("BROKEN nobody overtakes"), "{}", ended.out);
    assert!(simulate(&file, "--plant list").out.contains("last-first"));
}

#[test]
fn a_sweep_runs_once_for_each_value_and_a_rival_is_judged_at_its_best() {
    let rival = "[[assert]]\nname = \"it is worse\"\nfigure = \"rival_best\"\nat_least = 1100\n[rival]\nname = \"measuring\"\n\
        set = [\"policy.kind=windowed-density\", \"policy.open_first=6\"]\nsweep = \"policy.window_s=1,30\"\n\
        best = \"fullest_island_per_mille\"\n";
    let file = evening("rival.toml", rival);
    let json = simulate(&file, "--json").json();
    let assertions = json["assertions"].as_array().expect("a list");
    assert_eq!(assertions.last().map(|a| &a["passed"]), Some(&Value::Bool(true)), "{json}");
    assert_eq!(json["rival"]["values"].as_array().map(Vec::len), Some(2));
    let sweep = simulate(&file, "--sweep people.session_min=5,50 --json").json();
    let values = sweep["sweep"]["values"].as_array().expect("a list");
    let people = |n: usize| values[n]["figures"]["peak_people"].as_u64();
    assert!(people(0) < people(1), "{sweep}");
}

#[test]
fn a_report_is_a_page_with_tables_beside_it() {
    let file = evening("report.toml", "");
    let folder = std::env::temp_dir().join(format!("tombolo-test-report-{}", std::process::id()));
    let ended = simulate(&file, &format!("--report {} --compare {}", folder.display(), file.0.display()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let page = read("report.html");
    assert!(page.contains("uPlot") && page.contains("blink") && !page.contains("src=\"http"));
    let json: Value = serde_json::from_str(&read("report.json")).expect("JSON");
    assert!(json["plots"].as_array().is_some_and(|plots| plots.len() >= 8));
    assert!(read("islands.csv").starts_with("minutes,emptiest,") && read("compared-waits.csv").lines().count() > 30);
    assert!(read("table-reasons.csv").lines().count() > 1);
    std::fs::remove_dir_all(&folder).expect("it was made here");
}

#[test]
fn the_schema_knows_the_keys_and_every_scenario_of_the_house_is_read() {
    let schema = tombolo("simulate --schema").json().to_string();
    for key in ["session_min", "hard_cap", "leader-dies", "population", "ecology", "at_most"] {
        assert!(schema.contains(key), "{key}");
    }
    assert!(tombolo("simulate --schema result").json().to_string().contains("events_per_second"));
    let folder = std::fs::read_dir(root().join("simulations")).expect("it is in the tree");
    let files = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let mut read = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a text");
        simulator::ScenarioFile::parse(&text, &[]).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        read += 1;
    }
    assert!(read >= 9, "{read} scenarios");
}
