//! `docs/deeds.md` against the code: every command has its section, every code its meaning, every example its bytes.

use std::collections::{BTreeMap, BTreeSet};

use deeds::Registry;
use deeds::commands::{GatherArgs, TradeArgs};
use protocol::Code;
use protocol::codec::to_bytes;

const MANUAL: &str = include_str!("../../../docs/deeds.md");

/// The words between single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn sections() -> BTreeMap<&'static str, &'static str> {
    let (_, rest) = MANUAL.split_once("## The deeds").expect("a chapter of deeds");
    let (deeds, _) = rest.split_once("\n## ").expect("a chapter after it");
    let section = |text: &'static str| (quoted(text).next().expect("a name"), text);
    deeds.split("\n### ").skip(1).map(section).collect()
}

#[test]
fn every_command_has_its_section_and_no_other_does() {
    assert_eq!(sections().into_keys().collect::<Vec<_>>(), Registry::standard().names().collect::<Vec<_>>());
}

#[test]
fn every_code_that_deeds_have_is_named_and_exists() {
    let labels: BTreeSet<&str> = Code::ALL.iter().map(|code| code.label()).collect();
    let mut named = BTreeSet::new();
    for (deed, section) in sections() {
        let (_, refused) = section.split_once("Refused:").unwrap_or_else(|| panic!("{deed} is refused by nothing"));
        for code in quoted(refused) {
            assert!(labels.contains(code), "{deed}: there is no code {code}");
            named.insert(code);
        }
    }
    let of_deeds = Code::ALL.iter().filter(|code| (41..=65).contains(&(**code as u16)));
    let missing: Vec<&str> = of_deeds.map(|code| code.label()).filter(|label| !named.contains(label)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn every_row_of_codes_says_what_the_code_means() {
    let mut rows = 0;
    for row in MANUAL.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let label = cells[1].trim_matches('`');
        let code = Code::ALL.iter().find(|code| code.label() == label).unwrap_or_else(|| panic!("no code {label}"));
        assert_eq!(code.meaning().label(), cells[2], "{label}");
        rows += 1;
    }
    assert!(rows >= 8, "only {rows} rows");
}

#[test]
fn the_examples_are_the_bytes() {
    let example = |name: &str| -> Vec<u8> {
        let (_, rest) = MANUAL.split_once(&format!("```hex {name}\n")).expect("an example");
        let (hex, _) = rest.split_once("```").expect("its end");
        hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("a byte")).collect()
    };
    assert_eq!(example("gather"), to_bytes(&GatherArgs { cx: 3, cy: -2, prop: 300, units: 2 }));
    let terms = TradeArgs { with: 77, gives: vec![("wood".into(), 5)], takes: vec![("stone".into(), 2)] };
    assert_eq!(example("trade"), to_bytes(&terms));
}
