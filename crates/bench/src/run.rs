//! The benches: which rows they have, and how a row comes about.
//!
//! Each row has its rounds, and each round runs the floor and then the product, so that what disturbs the machine
//! disturbs both.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use crate::part::{self, Cores, Play, Server, Subject};
use crate::report;
use crate::row::{Round, Row, Settings};
use crate::scene::{MOST_CLIENTS, Placement, Scene, SceneKind};
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
    /// Whether the crowd contract is in force [default: on in spread, off elsewhere]
    #[arg(long, value_name = "on|off", value_parser = on_or_off, action = clap::ArgAction::Set)]
    contract: Option<bool>,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// Reads `on` or `off`.
///
/// # Errors
/// It is neither.
pub fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected on or off".to_owned()),
    }
}

/// A bench: its rows, unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bench {
    name: &'static str,
    clients: &'static [usize],
    nodes: &'static [u16],
    series: &'static [Series],
    contract: bool,
}

/// Rows that differ in nothing but numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Series {
    scene: SceneKind,
    placement: Placement,
    /// Whether the clients are counted for each node.
    clients_a_node: bool,
    /// Nodes that this series needs at least.
    from_nodes: u16,
}

const ONE_CROWD: Series =
    Series { scene: SceneKind::Crowd, placement: Placement::Turn, clients_a_node: false, from_nodes: 1 };
const ONE_SPREAD: Series = Series { scene: SceneKind::Spread, ..ONE_CROWD };
const SHARD: Series = Series { clients_a_node: true, from_nodes: 2, ..ONE_SPREAD };

/// Everybody in one chunk, on one node.
pub const CROWD: Bench =
    Bench { name: "crowd", clients: &[500, 1000, 2000], nodes: &[1], series: &[ONE_CROWD], contract: false };
/// A thousand people a square kilometre, on one node.
pub const SPREAD: Bench =
    Bench { name: "spread", clients: &[500, 1000, 2000, 4000], nodes: &[1], series: &[ONE_SPREAD], contract: true };
/// The crowd over several nodes.
pub const SPLIT: Bench =
    Bench { name: "split", clients: &[1000], nodes: &[1, 2, 4], series: &[ONE_CROWD], contract: false };
/// Publishers of one chunk, and shards of growing size, whose people stand in turn or by place.
pub const MESH: Bench = Bench {
    name: "mesh",
    clients: &[60],
    nodes: &[1, 2, 4, 8, 16, 32],
    series: &[ONE_CROWD, SHARD, Series { placement: Placement::Place, ..SHARD }],
    contract: false,
};

/// One row to be measured.
#[derive(Clone, Copy, Debug)]
struct Order {
    bench: &'static str,
    scene: Scene,
    settings: Settings,
}

impl Bench {
    fn orders(&self, args: &BenchArgs) -> Result<Vec<Order>> {
        let clients = if args.clients.is_empty() { self.clients } else { &args.clients };
        let nodes = if args.nodes.is_empty() { self.nodes } else { &args.nodes };
        ensure!(nodes.iter().all(|k| (1..=MOST_NODES).contains(k)), "--nodes: 1 to {MOST_NODES}");
        let mut orders = Vec::new();
        for series in self.series {
            for (clients, nodes) in clients.iter().flat_map(|n| nodes.iter().map(move |k| (*n, *k))) {
                let clients = if series.clients_a_node { clients * usize::from(nodes) } else { clients };
                ensure!((2..=MOST_CLIENTS).contains(&clients), "--clients: 2 to {MOST_CLIENTS} in all");
                let contract = args.contract.unwrap_or(self.contract);
                let settings = Settings { nodes, contract, placement: series.placement };
                let order = Order { bench: self.name, scene: Scene::new(series.scene, clients), settings };
                orders.extend((nodes >= series.from_nodes).then_some(order));
            }
        }
        Ok(orders)
    }
}

/// Runs a bench and prints its rows. True when nothing was seen that should never be; whether targets were met is
/// printed and no failure.
///
/// # Errors
/// The arguments make no sense, or a part of a run failed.
pub fn run(bench: Bench, args: &BenchArgs) -> Result<bool> {
    ensure!(args.rounds > 0, "--rounds: at least 1");
    let orders = bench.orders(args)?;
    let cores = Cores::find();
    let say = |text: &str| if args.json { eprintln!("{text}") } else { println!("{text}") };
    if cores.server.is_none() {
        say("warning: server and load share all cores: there are fewer than two, or no taskset");
    }
    say(&report::head());
    let mut rows = Vec::new();
    for order in orders {
        let row = measure(order, args, &cores)?;
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

fn measure(order: Order, args: &BenchArgs, cores: &Cores) -> Result<Row> {
    let Order { bench, scene, settings } = order;
    // In a crowd one observer sees everybody; elsewhere it takes many to see enough.
    let observers = match scene.kind {
        SceneKind::Crowd => 8,
        SceneKind::Spread => (scene.clients / 10).max(8),
    };
    let time = Duration::from_secs_f64(args.seconds);
    let warm_up = Duration::from_secs_f64(args.warm_up);
    let seen = |subject: Subject, placement: Placement| {
        let server = Server::start(subject, scene, cores)?;
        part::load(&server, subject, scene, Play { observers, placement, warm_up, time }, cores)
    };
    let product = Subject::Product { nodes: settings.nodes, contract: settings.contract };
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        let floor = seen(Subject::Floor, Placement::Turn)?;
        rounds.push(Round { product: seen(product, settings.placement)?, floor });
    }
    Ok(Row::of(bench, settings, &rounds))
}
