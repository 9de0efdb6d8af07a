//! The golden files pin every byte. They change only on purpose.
//!
//! To write them anew: `TOMBOLO_WRITE_GOLDEN=1 cargo test -p protocol golden`, then read the difference: whatever is
//! not a new file breaks every client that exists.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use world::{Motion, Pace, TickRate};

use super::samples::{self, Sample};
use super::{describe, golden_dir};

const REGENERATE: &str = "If the change is meant, run `TOMBOLO_WRITE_GOLDEN=1 cargo test -p protocol golden`, \
    review the difference, and bring docs/protocol.md and clients/python along.";

/// The bytes of a file of hexadecimal digits: `#` begins a comment line.
pub fn parse(text: &str) -> Vec<u8> {
    let digits = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    digits.map(|d| u8::from_str_radix(d, 16).expect("two hexadecimal digits")).collect()
}

/// The bytes of the golden file of this name.
pub fn read(name: &str) -> Vec<u8> {
    let path = golden_dir().join(format!("{name}.hex"));
    parse(&fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}. {REGENERATE}", path.display())))
}

fn render(sample: &Sample) -> String {
    let Sample { name, note, shape, bytes } = sample;
    let mut text = format!("# {name}: {note}\n# {shape:?}, {} bytes; its fields are in expected.json\n", bytes.len());
    for row in bytes.chunks(16) {
        let row: Vec<_> = row.iter().map(|b| format!("{b:02x}")).collect();
        text.push_str(&row.join(" "));
        text.push('\n');
    }
    text
}

fn expected() -> Value {
    let entry = |s: &Sample| {
        let meaning = describe::sample(s).expect("a sample decodes");
        (s.name, serde_json::json!({ "shape": format!("{:?}", s.shape), "note": s.note, "value": meaning }))
    };
    let entries: BTreeMap<_, _> = samples::all().iter().map(entry).collect();
    serde_json::to_value(entries).expect("JSON of JSON")
}

/// The velocity of every motion at every tick rate, one rate a line.
fn velocities() -> String {
    let rate = |hz: u32| {
        let pace = Pace::new(TickRate::new(hz).expect("an allowed rate"));
        let pairs = (0..=255).map(|byte| pace.velocity(Motion::from_byte(byte)));
        let pairs: Vec<_> = pairs.map(|(east, south)| format!("[{east},{south}]")).collect();
        format!("\"{hz}\": [{}]", pairs.join(","))
    };
    format!("{{\n{}\n}}\n", TickRate::ALLOWED_HZ.map(rate).join(",\n"))
}

fn write_if_asked() {
    if std::env::var_os("TOMBOLO_WRITE_GOLDEN").is_none() {
        return;
    }
    for sample in samples::all() {
        fs::write(golden_dir().join(format!("{}.hex", sample.name)), render(&sample)).expect("a writable directory");
    }
    fs::write(golden_dir().join("velocities.json"), velocities()).expect("a writable directory");
    let text = serde_json::to_string_pretty(&expected()).expect("JSON") + "\n";
    fs::write(golden_dir().join("expected.json"), text).expect("a writable directory");
}

#[test]
fn golden_files_hold_the_bytes_and_the_fields() {
    write_if_asked();
    for sample in samples::all() {
        assert_eq!(read(sample.name), sample.bytes, "{} is encoded otherwise than pinned. {REGENERATE}", sample.name);
    }
    let text = fs::read_to_string(golden_dir().join("expected.json")).expect("the side-car of the golden files");
    let pinned: Value = serde_json::from_str(&text).expect("JSON");
    assert!(pinned == expected(), "expected.json differs from what the samples decode to. {REGENERATE}");
}

#[test]
fn golden_velocities_are_the_rules_of_the_world() {
    write_if_asked();
    let text = fs::read_to_string(golden_dir().join("velocities.json")).expect("the golden velocities");
    assert!(text == velocities(), "velocities.json differs from world::motion. {REGENERATE}");
}

#[test]
fn golden_files_are_all_accounted_for() {
    let known: Vec<_> = samples::all().iter().map(|s| format!("{}.hex", s.name)).collect();
    for entry in fs::read_dir(golden_dir()).expect("the golden directory") {
        let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
        assert!(name.ends_with(".json") || known.contains(&name), "golden/{name} belongs to no sample");
    }
}

#[test]
fn golden_files_cover_every_kind() {
    let covered: Vec<_> = samples::all().iter().filter_map(kind).collect();
    for kind in crate::Kind::ALL {
        assert!(covered.contains(&(*kind as u16)), "{kind:?} has no golden file");
    }
}

fn kind(sample: &Sample) -> Option<u16> {
    use samples::Shape::{Mesh, ToClient, ToServer};
    matches!(sample.shape, ToServer | ToClient | Mesh).then(|| u16::from_le_bytes([sample.bytes[4], sample.bytes[5]]))
}
