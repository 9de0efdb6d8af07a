//! Behaviour files: what is wrong is named, with the file.

use std::path::Path;

use crate::Behaviour;
use crate::config::{BUILT_IN, BehaviourConfig};

#[test]
fn what_is_built_in_is_valid_and_named_by_its_kind() {
    for (name, text) in BUILT_IN {
        assert!(text.contains(&format!("kind = \"{name}\"")));
        Behaviour::load(name).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn an_error_names_file_key_and_what_is_allowed() {
    let wander = BUILT_IN[0].1;
    let gather = BUILT_IN[2].1;
    let cases = [
        ("kind = \"wonder\"".to_owned(), vec!["`kind` is \"wonder\"", "wander, commute"]),
        ("gait = \"run\"".to_owned(), vec!["missing field `kind`"]),
        (wander.replace("radius_m", "radius"), vec!["radius", "expected one of", "`radius_m`"]),
        (wander.replace("= 90", "= 0"), vec!["`radius_m` is 0; allowed: 1 to 10000"]),
        (wander.replace("[400, 3000]", "[3000, 400]"), vec!["`turn_every_ms` is [3000, 400]", "least <= most"]),
        (wander.replace("\"jog\"", "\"fly\""), vec!["`fly`", "`gallop`", "line"]),
        (wander.replace("rest_percent = 15", "rest_percent = 101"), vec!["`rest_percent` is 101", "0 to 100"]),
        (gather.replace("\"run\"", "\"stand\""), vec!["`gait` is stand", "sprint"]),
        ("kind = ".to_owned(), vec!["TOML parse error"]),
    ];
    for (text, expected) in cases {
        let error = BehaviourConfig::parse(Path::new("bots/mine.toml"), &text).unwrap_err().to_string();
        assert!(error.starts_with("bots/mine.toml: "), "{error}");
        for part in expected {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
}

#[test]
fn a_name_that_is_no_behaviour_and_no_file_lists_those_that_are() {
    let error = Behaviour::load("wonder").unwrap_err().to_string();
    assert!(error.contains("`wonder`") && error.contains("wander, commute, gather, idle"), "{error}");
    let error = Behaviour::load("no/such.toml").unwrap_err().to_string();
    assert!(error.starts_with("no/such.toml: "), "{error}");
}

/// Whatever is spoiled in a file: it is refused, or a behaviour.
#[test]
fn fuzz_behaviours() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut tape = fuzz::Tape::new(bytes);
        let (_, sample) = tape.pick(&crate::config::BUILT_IN);
        let spoiled = fuzz::edited(&mut tape, sample.as_bytes());
        let _ =
            crate::config::BehaviourConfig::parse(std::path::Path::new("a file"), &String::from_utf8_lossy(&spoiled));
    });
}
