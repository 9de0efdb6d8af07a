//! The tests of the protocol: each file is named after what it holds together or what it fends off.

mod cost;
mod describe;
mod document;
mod golden;
mod hostile;
mod identity;
mod python;
mod roundtrip;
mod samples;
mod splitter;
mod strategies;
mod things;
mod topics;

use std::path::PathBuf;

/// The crate's directory of golden files.
fn golden_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden"))
}

/// The root of the project.
fn project_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
