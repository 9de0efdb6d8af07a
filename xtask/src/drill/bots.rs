//! The players of a drill: `tombolo bots` in a process of its own, whose report is read at the end.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

/// After this the bots end by themselves, should nobody be left to tell them.
const LONGEST: &str = "3h";

/// Bots that play.
pub struct Bots {
    process: Child,
    result: Option<JoinHandle<String>>,
}

impl Bots {
    /// Starts them at these addresses in turn.
    pub fn start(binary: &Path, addresses: &[String], count: u32) -> Result<Self> {
        Self::start_as(binary, addresses, count, "1")
    }

    /// The same with another seed, so that they have other accounts.
    pub fn start_as(binary: &Path, addresses: &[String], count: u32, seed: &str) -> Result<Self> {
        Self::behaving(binary, addresses, count, seed, "wander,commute,chatter")
    }

    /// The same with other behaviours.
    pub fn behaving(binary: &Path, addresses: &[String], count: u32, seed: &str, behaviour: &str) -> Result<Self> {
        Self::with(binary, addresses, count, seed, behaviour, None)
    }

    /// Bots that do deeds and write receipts of them to a file.
    pub fn told(binary: &Path, addresses: &[String], count: u32, behaviour: &str, receipts: &Path) -> Result<Self> {
        Self::with(binary, addresses, count, "1", behaviour, Some(receipts))
    }

    fn with(
        binary: &Path,
        addresses: &[String],
        count: u32,
        seed: &str,
        behaviour: &str,
        receipts: Option<&Path>,
    ) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["bots", "--connect", &addresses.join(","), "--count", &count.to_string(), "--for", LONGEST]);
        command.args(["--behaviour", behaviour, "--observe-one-in", "5", "--seed", seed, "--json"]);
        if let Some(receipts) = receipts {
            command.arg("--receipts").arg(receipts);
        }
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting the bots")?;
        let mut stdout = process.stdout.take().ok_or_else(|| anyhow!("the bots have no output"))?;
        // Read while they play: a pipe that is full would hold them up.
        let result = std::thread::spawn(move || {
            let mut text = String::new();
            // What was not UTF-8 is no JSON either, and is told there.
            let _ = stdout.read_to_string(&mut text);
            text
        });
        Ok(Self { process, result: Some(result) })
    }

    /// One guest who enters by an address and leaves after a second. Whether it could.
    pub fn visit(binary: &Path, address: &str, seed: &str) -> Result<bool> {
        let mut command = Command::new(binary);
        command.args(["bots", "--connect", address, "--count", "1", "--for", "1s", "--seed", seed, "--json"]);
        let output = command.stdin(Stdio::null()).output().context("starting a guest")?;
        let report: Value = serde_json::from_slice(&output.stdout).context("the guest's report is not JSON")?;
        Ok(report["sessions"] == 1 && report["failed"] == 0 && report["violations"] == 0)
    }

    /// Whether they still play.
    pub fn play(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Tells them to say goodbye and reads what they found.
    pub fn end(mut self) -> Result<Value> {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("telling the bots to end")?;
        self.process.wait().context("waiting for the bots")?;
        let text = self.result.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        serde_json::from_str(text.trim()).context("the bots' report is not JSON")
    }
}

impl Drop for Bots {
    fn drop(&mut self) {
        // Gone already after a good end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
