//! The parts of a run as processes of this same binary, each on its core: a server, and the load on it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::load::tally::Seen;
use crate::scene::{Scene, SceneKind};

/// The niceness of what is measured.
const PRIORITY: &str = "-15";

/// Cores as `taskset` names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    /// Of the server.
    pub server: Option<usize>,
    /// Of the load.
    pub load: Option<usize>,
}

impl Cores {
    /// The first core for the server and the second for the load, where there are two and they can be had.
    #[must_use]
    pub fn find() -> Self {
        let enough = std::thread::available_parallelism().is_ok_and(|cores| cores.get() >= 2);
        let pins = Command::new("taskset").args(["-c", "0,1", "true"]).status().is_ok_and(|status| status.success());
        if enough && pins { Self { server: Some(0), load: Some(1) } } else { Self { server: None, load: None } }
    }
}

/// What stands in the server's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The floor.
    Floor,
    /// The product on so many nodes.
    Product {
        /// Hosts of one node each, in one process.
        nodes: u16,
    },
}

/// A running server. It ends when this is dropped.
pub struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// Starts a server and waits until it takes clients.
    ///
    /// # Errors
    /// It did not start; it has said why on standard error.
    pub fn start(subject: Subject, scene: Scene, core: Option<usize>) -> Result<Self> {
        let mut command = me(core)?;
        match subject {
            Subject::Floor => command.arg("floor"),
            Subject::Product { nodes } => command.args(["serve", "--nodes", &nodes.to_string()]),
        };
        put_scene(&mut command, scene);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("the server")?;
        let output = BufReader::new(process.stdout.take().context("the server has no output")?);
        let mut server = Self { process, output, addresses: Vec::new() };
        loop {
            let line = server.line()?;
            match line.trim().split_once(' ') {
                Some(("address", address)) => server.addresses.push(address.parse()?),
                _ if line.trim() == "ready" => return Ok(server),
                _ => bail!("the server did not start"),
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How a load plays.
#[derive(Clone, Copy, Debug)]
pub struct Play {
    /// Clients that read all that they are told.
    pub observers: usize,
    /// Before the measurement.
    pub warm_up: Duration,
    /// The measurement.
    pub time: Duration,
}

/// Puts a load on a server and waits for what it saw.
///
/// # Errors
/// The load could not play to its end; it has said why on standard error.
pub fn load(server: &Server, subject: Subject, scene: Scene, play: Play, core: Option<usize>) -> Result<Seen> {
    let mut command = me(core)?;
    let addresses: Vec<String> = server.addresses.iter().map(ToString::to_string).collect();
    let dialect = if subject == Subject::Floor { "floor" } else { "world" };
    command.args(["load", "--dialect", dialect, "--address", &addresses.join(",")]);
    command.args(["--server", &server.process.id().to_string(), "--observers", &play.observers.to_string()]);
    command.args(["--warm-up-ms", &play.warm_up.as_millis().to_string()]);
    command.args(["--time-ms", &play.time.as_millis().to_string()]);
    put_scene(&mut command, scene);
    let output = command.stderr(Stdio::inherit()).output().context("the load")?;
    if !output.status.success() {
        bail!("the load ended early");
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn me(core: Option<usize>) -> Result<Command> {
    let me = std::env::current_exe().context("this program's own path")?;
    let Some(core) = core else { return Ok(Command::new(me)) };
    // Above whatever else runs on this machine, where the system lets us: it warns on standard error and goes on.
    let mut command = Command::new("nice");
    command.args(["-n", PRIORITY, "taskset", "-c", &core.to_string()]).arg(me);
    Ok(command)
}

fn put_scene(command: &mut Command, scene: Scene) {
    let kind = match scene.kind {
        SceneKind::Crowd => "crowd",
        SceneKind::Spread => "spread",
    };
    command.args(["--scene", kind, "--clients", &scene.clients.to_string()]);
}
