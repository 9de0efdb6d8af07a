//! The binary as people meet it: on a terminal and without one.

#[path = "main/terminal.rs"]
mod terminal;

use std::process::{Command, Stdio};

/// The binary under test.
const TOMBOLO: &str = env!("CARGO_BIN_EXE_tombolo");

#[test]
fn play_without_a_terminal_is_refused() {
    let output = Command::new(TOMBOLO).args(["play", "--connect", "127.0.0.1:7700"]).stdin(Stdio::null()).output();
    let output = output.expect("the binary runs");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("run it in a terminal"), "{message}");
    assert!(output.stdout.is_empty(), "nothing is drawn into a pipe");
}
