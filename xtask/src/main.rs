//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! A command is one module with its arguments (`Args`) and a `run` that says whether all was well. Nothing here is
//! shipped, and nothing of the world is linked in: what a command needs of the product, it runs as a process. To add a
//! command, add its module and one line in [`Command`] and in `Command::run`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod browser;
mod ci;
mod drill;
mod fuzz;
mod map;
mod report;
mod seeds;
mod tidy;
mod workspace;

/// The commands of this project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// How far the product is from the physical floor
    Bench(bench::Args),
    /// Everything that must be green before a change lands
    Ci(ci::Args),
    /// Break real processes and see that play goes on
    Drill(drill::Args),
    /// Spoiled bytes for every decoder and machine, for longer than in the tests
    Fuzz(fuzz::Args),
    /// The live map of a real world in a real browser
    Map(map::Args),
    /// The report of a simulation in a real browser
    Report(report::Args),
    /// Many seeds of every scenario, in parallel processes
    Seeds(seeds::Args),
    /// Layers, purity and tidiness of the tree
    Tidy(tidy::Args),
}

impl Command {
    /// True when all was well; an error when the command itself could not do its work.
    fn run(&self) -> anyhow::Result<bool> {
        match self {
            Self::Bench(args) => bench::run(args),
            Self::Ci(args) => ci::run(args),
            Self::Drill(args) => drill::run(args),
            Self::Fuzz(args) => fuzz::run(args),
            Self::Map(args) => map::run(args),
            Self::Report(args) => report::run(args),
            Self::Seeds(args) => seeds::run(args),
            Self::Tidy(args) => tidy::run(args),
        }
    }
}

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Not green, and not broken either.
        Err(error) if error.is::<drill::NotRun>() => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
