//! The parts of a run as processes of this same binary, each on its core: a server, and the load on it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::load::tally::Seen;
use crate::scene::{Placement, Scene, SceneKind};

/// Cores as `taskset` names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    /// Of the server.
    pub server: Option<usize>,
    /// Of the load.
    pub load: Option<usize>,
    /// Whether what is measured goes before all other work of the machine, where the system lets us.
    pub real_time: bool,
}

impl Cores {
    /// The first core for the server and the second for the load, where there are two and they can be had.
    #[must_use]
    pub fn find() -> Self {
        let can = |words: &[&str]| {
            let tried = Command::new(words[0]).args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
            tried.is_ok_and(|status| status.success())
        };
        let enough = std::thread::available_parallelism().is_ok_and(|cores| cores.get() >= 2);
        let pins = enough && can(&["taskset", "-c", "0,1", "true"]);
        let (server, load) = if pins { (Some(0), Some(1)) } else { (None, None) };
        Self { server, load, real_time: pins && can(&["chrt", "--rr", "1", "true"]) }
    }

    /// This program, to be run on a core.
    fn command(&self, core: Option<usize>) -> Result<Command> {
        let me = std::env::current_exe().context("this program's own path")?;
        let Some(core) = core else { return Ok(Command::new(me)) };
        let core = core.to_string();
        let pinned = ["taskset", "-c", core.as_str()];
        let words = if self.real_time { [&["chrt", "--rr", "1"], &pinned[..]].concat() } else { pinned.to_vec() };
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(me);
        Ok(command)
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
        /// Whether the crowd contract is in force.
        contract: bool,
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
    pub fn start(subject: Subject, scene: Scene, cores: &Cores) -> Result<Self> {
        let mut command = cores.command(cores.server)?;
        match subject {
            Subject::Floor => command.arg("floor"),
            Subject::Product { nodes, contract } => {
                command.args(["serve", "--nodes", &nodes.to_string()]);
                command.args(["--contract", if contract { "on" } else { "off" }])
            }
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
    /// Which node serves whom.
    pub placement: Placement,
    /// Before the measurement.
    pub warm_up: Duration,
    /// The measurement.
    pub time: Duration,
}

/// Puts a load on a server and waits for what it saw.
///
/// # Errors
/// The load could not play to its end; it has said why on standard error.
pub fn load(server: &Server, subject: Subject, scene: Scene, play: Play, cores: &Cores) -> Result<Seen> {
    let mut command = cores.command(cores.load)?;
    let addresses: Vec<String> = server.addresses.iter().map(ToString::to_string).collect();
    let dialect = if subject == Subject::Floor { "floor" } else { "world" };
    command.args(["load", "--dialect", dialect, "--address", &addresses.join(",")]);
    command.args(["--server", &server.process.id().to_string(), "--observers", &play.observers.to_string()]);
    let placement = match play.placement {
        Placement::Turn => "turn",
        Placement::Place => "place",
    };
    command.args(["--placement", placement, "--warm-up-ms", &play.warm_up.as_millis().to_string()]);
    command.args(["--time-ms", &play.time.as_millis().to_string()]);
    put_scene(&mut command, scene);
    let output = command.stderr(Stdio::inherit()).output().context("the load")?;
    if !output.status.success() {
        bail!("the load ended early");
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn put_scene(command: &mut Command, scene: Scene) {
    let kind = match scene.kind {
        SceneKind::Crowd => "crowd",
        SceneKind::Spread => "spread",
    };
    command.args(["--scene", kind, "--clients", &scene.clients.to_string()]);
}
