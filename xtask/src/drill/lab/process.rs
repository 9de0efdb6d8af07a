//! One process in the namespace of its place.

use std::fs::File;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};

use super::Place;

/// A process that runs, or has ended without having been looked at. It ends when this is dropped.
pub struct Process {
    place: Place,
    child: Child,
}

impl Process {
    /// Starts it. `ip` becomes the process, so that their ids are one.
    pub fn start(place: Place, words: &[String], log: File) -> Result<Self> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &place.to_string()]).args(words);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("starting {place}"))?;
        Ok(Self { place, child })
    }

    /// Ends it at once.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.place))
    }

    /// Sends it a signal by its short name.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().context("kill")?;
        ensure!(sent.success(), "SIG{signal} could not be sent to {}", self.place);
        Ok(())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already after a kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
