//! `docs/protocol.md` against the bytes, limits and codes that it describes.
//!
//! A worked example is a block fenced by ```` ```hex NAME ````: hexadecimal digits, then `|` and a remark. NAME is a
//! golden file.

use std::collections::BTreeMap;
use std::fs;

use super::{golden, project_dir, samples};
use crate::{Code, Kind, limits};

fn document() -> String {
    fs::read_to_string(project_dir().join("docs/protocol.md")).expect("docs/protocol.md")
}

fn examples(text: &str) -> BTreeMap<String, Vec<u8>> {
    let blocks = text.split("```hex ").skip(1).map(|rest| rest.split_once("```").expect("a closed block").0);
    let example = |block: &str| {
        let (name, rows) = block.split_once('\n').expect("a name and rows");
        let digits: Vec<_> = rows.lines().map(|row| row.split('|').next().unwrap_or("")).collect();
        (name.trim().to_owned(), golden::parse(&digits.join("\n")))
    };
    blocks.map(example).collect()
}

#[test]
fn worked_examples_are_the_golden_files() {
    let examples = examples(&document());
    for (name, bytes) in &examples {
        assert_eq!(bytes, &golden::read(name), "the example {name} of docs/protocol.md");
    }
    for name in samples::of_clients() {
        assert!(examples.contains_key(name), "docs/protocol.md has no worked example of {name}");
    }
}

#[test]
fn codes_and_kinds_are_all_in_the_tables() {
    let text = document();
    for code in Code::ALL {
        let row = format!("| {} | `{}` | {} |", *code as u16, code.label(), code.meaning().label());
        assert!(text.contains(&row), "docs/protocol.md lacks the row {row}");
    }
    for kind in Kind::ALL.iter().filter(|k| (**k as u16) < 128) {
        let row = format!("| {} | {kind:?} |", *kind as u16);
        assert!(text.contains(&row), "docs/protocol.md lacks the row {row}");
    }
}

#[test]
fn limits_are_the_ones_of_the_code() {
    let text = document();
    for (name, value) in [
        ("payload of a client's message, bytes", limits::CLIENT_MESSAGE_BYTES),
        ("payload of a server's message, bytes", limits::SERVER_MESSAGE_BYTES),
        ("name, bytes", limits::NAME_BYTES),
        ("line of speech, bytes", limits::SPEECH_BYTES),
        ("event's payload, bytes", limits::EVENT_BYTES),
        ("records of one section", limits::RECORDS),
        ("alternatives", limits::ALTERNATIVES),
        ("alternative, bytes", limits::ADDRESS_BYTES),
        ("software, bytes", limits::SOFTWARE_BYTES),
        ("ticket, bytes", limits::TICKET_BYTES),
        ("token of a handover, bytes", limits::TOKEN_BYTES),
        ("name of a deed, bytes", limits::DEED_NAME_BYTES),
        ("arguments of a deed, bytes", limits::DEED_ARGS_BYTES),
        ("items on each side of an offer", limits::OFFER_HEAPS),
        ("offers and agreements a second, steady", limits::OFFERS_PER_SECOND as usize),
        ("offers and agreements at once after a pause", limits::OFFERS_BURST as usize),
        ("an offer and an agreement hold, ms", limits::OFFER_MS as usize),
        ("baseline, bytes", limits::BASELINE_BYTES),
        ("messages a second, steady", limits::CLIENT_MESSAGES_PER_SECOND as usize),
        ("messages at once after a pause", limits::CLIENT_MESSAGES_BURST as usize),
        ("lines of speech a second, steady", limits::SPEECH_PER_SECOND as usize),
        ("lines of speech at once after a pause", limits::SPEECH_BURST as usize),
        ("baselines a second", limits::BASELINES_PER_SECOND as usize),
        ("replies remembered", limits::REPLY_WINDOW),
        ("requests in flight", limits::REQUESTS_IN_FLIGHT),
        ("connection to hello, ms", limits::HELLO_TIMEOUT_MS as usize),
        ("silence of a client, ms", limits::CLIENT_SILENCE_MS as usize),
    ] {
        let row = format!("| {name} | {value} |");
        assert!(text.contains(&row), "docs/protocol.md lacks the row {row}");
    }
}
