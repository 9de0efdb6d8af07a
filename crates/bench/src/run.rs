//! The benches: which rows they have, and how a row comes about.
//!
//! Each row has its rounds, and each round runs the floor and then the product, so that what disturbs the machine
//! disturbs both.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use crate::part::{self, Cores, Play, Server, Subject};
use crate::report;
use crate::row::{Round, Row};
use crate::scene::{MOST_CLIENTS, Scene, SceneKind};
use crate::target;

/// Nodes that one process serves at most.
const MOST_NODES: u16 = 32;

/// Arguments of every bench.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// Clients, one row for each number
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    clients: Vec<usize>,
    /// Nodes, one row for each number
    #[arg(long, value_delimiter = ',', value_name = "K,…")]
    nodes: Vec<u16>,
    /// Rounds of each row; the medians count
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    seconds: f64,
    /// Seconds of play before each measurement
    #[arg(long, default_value_t = 3.0, value_name = "S")]
    warm_up: f64,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// A bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bench {
    /// Its name.
    pub name: &'static str,
    /// Where it takes place.
    pub scene: SceneKind,
    /// Unless told otherwise.
    pub clients: &'static [usize],
    /// Unless told otherwise.
    pub nodes: &'static [u16],
}

/// Everybody in one chunk, on one node.
pub const CROWD: Bench = Bench { name: "crowd", scene: SceneKind::Crowd, clients: &[500, 1000, 2000], nodes: &[1] };
/// A thousand people a square kilometre, on one node.
pub const SPREAD: Bench =
    Bench { name: "spread", scene: SceneKind::Spread, clients: &[500, 1000, 2000, 4000], nodes: &[1] };
/// The crowd over several nodes.
pub const SPLIT: Bench = Bench { name: "split", scene: SceneKind::Crowd, clients: &[1000], nodes: &[1, 2, 4] };

/// Runs a bench and prints its rows. True when nothing was seen that should never be; whether targets were met is
/// printed and no failure.
///
/// # Errors
/// The arguments make no sense, or a part of a run failed.
pub fn run(bench: Bench, args: &BenchArgs) -> Result<bool> {
    let clients = if args.clients.is_empty() { bench.clients } else { &args.clients };
    let nodes = if args.nodes.is_empty() { bench.nodes } else { &args.nodes };
    ensure!(clients.iter().all(|n| (2..=MOST_CLIENTS).contains(n)), "--clients: 2 to {MOST_CLIENTS}");
    ensure!(nodes.iter().all(|k| (1..=MOST_NODES).contains(k)), "--nodes: 1 to {MOST_NODES}");
    ensure!(args.rounds > 0, "--rounds: at least 1");
    let cores = Cores::find();
    let say = |text: &str| if args.json { eprintln!("{text}") } else { println!("{text}") };
    if cores.server.is_none() {
        say("warning: server and load share all cores: there are fewer than two, or no taskset");
    }
    say(&report::head());
    let mut rows = Vec::new();
    for (clients, nodes) in clients.iter().flat_map(|n| nodes.iter().map(move |k| (*n, *k))) {
        let row = measure(bench, clients, nodes, args, &cores)?;
        say(&report::line(&row));
        rows.push(row);
    }
    target::judge(&mut rows);
    say(&report::targets(&rows));
    if args.json {
        println!("{}", report::json(&rows, &cores, args.rounds, args.seconds));
    }
    Ok(rows.iter().all(|row| row.violations == 0))
}

fn measure(bench: Bench, clients: usize, nodes: u16, args: &BenchArgs, cores: &Cores) -> Result<Row> {
    let scene = Scene::new(bench.scene, clients);
    // In a crowd one observer sees everybody; elsewhere it takes many to see enough.
    let observers = match bench.scene {
        SceneKind::Crowd => 8,
        SceneKind::Spread => (clients / 10).max(8),
    };
    let time = Duration::from_secs_f64(args.seconds);
    let play = Play { observers, warm_up: Duration::from_secs_f64(args.warm_up), time };
    let seen = |subject: Subject| {
        let server = Server::start(subject, scene, cores.server)?;
        part::load(&server, subject, scene, play, cores.load)
    };
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        let floor = seen(Subject::Floor)?;
        rounds.push(Round { product: seen(Subject::Product { nodes })?, floor });
    }
    Ok(Row::of(bench.name, nodes, false, &rounds))
}
