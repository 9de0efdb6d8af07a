//! The one binary: it reads files and options, puts the parts together, and runs them until told to stop.
//!
//! Nothing of the world is decided here. Each command is a module; all of them end with exit code 0 when done, 1 when
//! what was run failed, 2 when it could not be started as asked.

mod atlas;
mod backend;
mod bots_command;
mod certificate;
mod colours;
mod config;
mod dashboard;
mod dev;
mod failure;
mod keys_command;
mod logging;
mod node_command;
mod options;
mod play;
mod progress;
mod rules;
mod screen;
mod simulate;
mod stop;
mod storage;
mod store_command;
mod store_files;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A node's thread makes and drops thousands of small buffers a tick; see `docs/decisions/0017`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A server for one persistent, seamless world that very many people share.
#[derive(Debug, Parser)]
#[command(name = "tombolo", version, about, after_help = "Start with:  tombolo dev --nodes 4 --bots 200")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole world in this process: nodes, bots and the live map.
    Dev(dev::DevArgs),
    /// Run one host of a cluster.
    Node(node_command::NodeArgs),
    /// Make the key pair of a host, for the links between hosts.
    NodeKeys(keys_command::KeysArgs),
    /// Walk and speak in the terminal among the others.
    Play(play::PlayArgs),
    /// Let bots play against any address.
    Bots(bots_command::BotsArgs),
    /// Serve or look after the store.
    Store(store_command::StoreArgs),
    /// Run the heart under virtual time, with faults, and hold it against the truth.
    Simulate(simulate::SimulateArgs),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => e.exit(),
    };
    let outcome = match cli.command {
        Command::Dev(args) => dev::run(args),
        Command::Node(args) => node_command::run(args),
        Command::NodeKeys(args) => keys_command::run(args),
        Command::Play(args) => play::run(args),
        Command::Bots(args) => bots_command::run(args),
        Command::Store(args) => store_command::run(args),
        Command::Simulate(args) => simulate::run(args),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
