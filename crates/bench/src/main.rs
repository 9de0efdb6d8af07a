//! The benches of Tombolo, run by `cargo xtask bench`: how far the product is from the physical floor.
//!
//! One binary that starts itself in its parts: the server on one core, the load on another, and the floor in the
//! server's place for comparison. What is measured, and how to read it, is in `docs/performance.md`.

mod cost;
mod deeds;
mod dice;
mod floor;
mod folder;
mod load;
mod part;
mod report;
mod row;
mod run;
mod scene;
mod serve;
mod target;
mod traces;
mod walker;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::deeds::DeedsArgs;
use load::{Dialect, LoadPlan};
use run::BenchArgs;
use scene::{Placement, Scene, SceneKind};
use serve::ServePlan;
use traces::{TracesArgs, WakeArgs};

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everybody in one chunk, all see all, on one node
    Crowd(BenchArgs),
    /// A thousand people a square kilometre, each sees three chunks by three, on one node
    Spread(BenchArgs),
    /// The crowd over several nodes
    Split(BenchArgs),
    /// Several nodes publish one chunk, and a shard grows at constant people a node
    Mesh(BenchArgs),
    /// Committed deeds against the backend alone doing the same writes, and many who gather from one tree
    Deeds(DeedsArgs),
    /// Opening a world, waking a chunk of it and the memory, by the number of traces in the world
    Traces(TracesArgs),
    /// A part: opens a store and wakes chunks
    #[command(hide = true)]
    Wake(WakeArgs),
    /// A part: the product
    #[command(hide = true)]
    Serve {
        #[command(flatten)]
        scene: SceneArgs,
        #[arg(long, default_value_t = 1)]
        nodes: u16,
        #[arg(long, value_parser = run::on_or_off, action = clap::ArgAction::Set)]
        contract: bool,
    },
    /// A part: the floor
    #[command(hide = true)]
    Floor {
        #[command(flatten)]
        scene: SceneArgs,
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// A part: the clients
    #[command(hide = true)]
    Load(LoadArgs),
}

#[derive(Args)]
struct SceneArgs {
    #[arg(long)]
    scene: SceneKind,
    #[arg(long)]
    clients: usize,
}

impl SceneArgs {
    fn scene(&self) -> Scene {
        Scene::new(self.scene, self.clients)
    }
}

#[derive(Args)]
struct LoadArgs {
    #[command(flatten)]
    scene: SceneArgs,
    #[arg(long)]
    dialect: Dialect,
    #[arg(long, value_delimiter = ',')]
    address: Vec<SocketAddr>,
    #[arg(long)]
    placement: Placement,
    #[arg(long, value_delimiter = ',')]
    server: Vec<u32>,
    #[arg(long)]
    observers: usize,
    #[arg(long)]
    warm_up_ms: u64,
    #[arg(long)]
    time_ms: u64,
}

fn obey(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Crowd(args) => run::run(run::CROWD, &args),
        Command::Spread(args) => run::run(run::SPREAD, &args),
        Command::Split(args) => run::run(run::SPLIT, &args),
        Command::Mesh(args) => run::run(run::MESH, &args),
        Command::Deeds(args) => deeds::run(&args),
        Command::Traces(args) => traces::run(&args),
        Command::Wake(args) => traces::run_part(&args).map(|()| true),
        Command::Serve { scene, nodes, contract } => {
            tracing_subscriber::fmt()
                .with_writer(std::io::stderr)
                .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
                .init();
            serve::serve(ServePlan { scene: scene.scene(), nodes, contract })?;
            Ok(true)
        }
        Command::Floor { scene, listen } => {
            // However the run ends, nothing of it is left.
            std::thread::spawn(|| {
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                std::process::exit(0);
            });
            floor::serve(listen, scene.scene(), |address| println!("address {address}\nready"))?;
            Ok(true)
        }
        Command::Load(args) => {
            let plan = LoadPlan {
                dialect: args.dialect,
                scene: args.scene.scene(),
                addresses: args.address,
                placement: args.placement,
                servers: args.server,
                observers: args.observers,
                warm_up: Duration::from_millis(args.warm_up_ms),
                time: Duration::from_millis(args.time_ms),
            };
            println!("{}", serde_json::to_string(&load::run(&plan)?)?);
            Ok(true)
        }
    }
}

fn main() -> ExitCode {
    match obey(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
