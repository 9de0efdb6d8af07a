//! `tombolo bots`: bots against any address, in a process of their own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bots::{Behaviour, Plan};
use clap::Args;
use deeds::tables::Tables;
use serde_json::json;
use tokio::sync::watch;

use crate::failure::{Failure, Outcome};
use crate::options::{self, TlsOptions};
use crate::progress;
use crate::rules;
use crate::stop;

/// Options of `tombolo bots`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tombolo bots --connect 127.0.0.1:7700 --count 200 --behaviour wander --for 20s --json\n  \
    tombolo bots --connect 127.0.0.1:7700,127.0.0.1:7701 --count 50 --behaviour my-bots.toml\n  \
    tombolo bots --connect 127.0.0.1:7700 --behaviour gatherer,trader,builder --for 60s --receipts told.jsonl\n\n\
    Behaviours: wander, commute, gather (a crowd), idle, chatter, cheat-speed and cheat-teleport walk and talk.\n\
    gatherer, builder and trader do things to things; thief tries what must be refused, and retrier says everything\n\
    twice. Each is a file in config/bots; copy one, change it, and give its path.\n\n\
    Exit code 1: a client failed, saw what must never be, or was told what must never be told."
)]
pub struct BotsArgs {
    /// Where to enter, `host:port`; several are taken in turn
    #[arg(long, required = true, value_delimiter = ',', value_name = "HOST:PORT,…")]
    connect: Vec<String>,
    /// How many bots
    #[arg(long, default_value_t = 50, value_name = "N")]
    count: u32,
    /// What they do: names or .toml files, in turn
    #[arg(long, default_value = "wander", value_delimiter = ',', value_name = "NAME,…")]
    behaviour: Vec<String>,
    /// End after this time, such as 20s; without it, at Ctrl-C
    #[arg(long = "for", value_parser = options::duration, value_name = "TIME")]
    time: Option<Duration>,
    /// Seed of everything that is drawn, names included
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// New connections a second
    #[arg(long, default_value_t = 100, value_name = "N")]
    ramp: u32,
    /// One bot in so many decodes everything; the others walk headers
    #[arg(long, default_value_t = 10, value_name = "N")]
    observe_one_in: u32,
    /// Write a receipt of each deed to this file, a line of JSON each, for `tombolo store ledger`
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
    /// The folder of the world's tables, as the servers have them [default: the built-in ones]
    #[arg(long, value_name = "FOLDER")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsOptions,
    /// Print one JSON object at the end and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: BotsArgs) -> Outcome {
    crate::logging::start(if args.json { "error" } else { "warn" });
    options::addresses(&args.connect)?;
    let behaviours: Result<Vec<_>, _> = args.behaviour.iter().map(|name| Behaviour::load(name)).collect();
    let behaviours = behaviours.map_err(|e| Failure::usage(format!("--behaviour: {e}")))?;
    let first = behaviours.first().cloned().ok_or_else(|| Failure::usage("--behaviour: name at least one"))?;
    let plan = Plan {
        behaviours,
        seed: args.seed,
        ramp_per_second: args.ramp,
        duration: args.time,
        observe_one_in: args.observe_one_in,
        trust: args.tls.trust()?,
        tables: tables(args.rules.as_deref())?,
        receipts: args.receipts.clone(),
        ..Plan::new(args.connect.clone(), args.count, first)
    };
    plan.check().map_err(Failure::usage)?;
    let report = play(&plan, args.json)?;
    let mut result = json!(report);
    if let Some(object) = result.as_object_mut() {
        object.insert("clients".into(), json!(args.count));
    }
    if args.json {
        println!("{result}");
    } else {
        progress::print_result(&result);
        report.failures.iter().for_each(|(why, count)| println!("{count} failed: {why}"));
        report.deeds.wrongs.iter().for_each(|wrong| println!("{wrong}"));
    }
    let seen = report.violations > 0 || !report.counts_reconcile || report.deeds.wrong > 0;
    let failed = report.failed > 0 || seen;
    Ok(ExitCode::from(u8::from(failed)))
}

/// The tables in a folder, or those of the build.
fn tables(folder: Option<&Path>) -> Result<Arc<Tables>, Failure> {
    let (rules, _) = rules::open(folder).map_err(|error| Failure::usage(format!("--rules: {error}")))?;
    let tables = Arc::clone(&rules.tables.borrow());
    Ok(tables)
}

fn play(plan: &Plan, quiet: bool) -> Result<bots::Report, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::run(format!("no runtime: {e}")))?;
    runtime.block_on(async {
        let told: watch::Receiver<bool> =
            stop::on_signals().map_err(|e| Failure::run(format!("cannot listen for signals: {e}")))?;
        let report = bots::run(plan, told, |p| {
            if !quiet {
                println!(
                    "{:>4} s  {} of {} playing  {} crossings  {} updates  {} deeds  {} violations  {} reconnects",
                    p.elapsed_ms / 1000,
                    p.playing,
                    p.started,
                    p.border_crossings,
                    p.updates_delivered,
                    p.deeds_done,
                    p.violations + p.deeds_wrong,
                    p.reconnects
                );
            }
        });
        report.await.map_err(Failure::usage)
    })
}
