//! `cargo xtask bench traces`: what opening a world costs, waking one chunk of it, and the memory, by the number of traces
//! in the world. All three should stay the same however large it is.
//!
//! Each measurement is a process of its own on a store that another process has made, so that memory is that of a server
//! that has just begun. The system may have the files in its cache.

mod wake;
mod world;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;

use crate::folder::Folder;
pub use wake::{Seen, WakeArgs, run as run_part};

/// Traces at most: what fits on a disk.
const MOST_TRACES: usize = 20_000_000;

/// Arguments of the bench.
#[derive(Clone, Debug, Args)]
pub struct TracesArgs {
    /// Traces of the world, one row for each number
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000", value_name = "N,…")]
    traces: Vec<usize>,
    /// Chunks to wake in each round
    #[arg(long, default_value_t = 100, value_name = "N")]
    wakes: u32,
    /// Rounds of each row; the medians count
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: usize,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// One row: the medians of its rounds, but for the most documents, and each in parts of the first row's.
#[derive(Clone, Copy, Debug, serde::Serialize)]
struct Row {
    traces: usize,
    chunks: u32,
    stored_mib: f64,
    seen: Seen,
    open_ratio: f64,
    wake_ratio: f64,
    memory_ratio: f64,
}

/// Runs the bench. Always true: a figure is a result.
///
/// # Errors
/// A store cannot be made or opened.
pub fn run(args: &TracesArgs) -> Result<bool> {
    ensure!(args.rounds >= 1, "--rounds 0 measures nothing");
    ensure!(args.wakes >= 1, "--wakes 0 wakes nothing");
    for traces in &args.traces {
        ensure!((1..=MOST_TRACES).contains(traces), "{traces} is not from 1 to {MOST_TRACES}");
    }
    let mut rows: Vec<Row> = Vec::new();
    if !args.json {
        println!("{}", head());
    }
    for traces in &args.traces {
        let folder = Folder::new(&format!("traces-{traces}"));
        let chunks = world::make(&folder.0, *traces)?;
        let rounds =
            (0..args.rounds).map(|round| measure(args, &folder.0, chunks, round)).collect::<Result<Vec<_>>>()?;
        let seen = Seen::median(&rounds);
        let first = rows.first().map_or(seen, |row| row.seen);
        let row = Row {
            traces: *traces,
            chunks,
            stored_mib: bytes_in(&folder.0)? as f64 / f64::from(1 << 20),
            seen,
            open_ratio: seen.open_ms / first.open_ms.max(1e-9),
            wake_ratio: seen.wake_p50_us / first.wake_p50_us.max(1e-9),
            memory_ratio: seen.memory_mib / first.memory_mib.max(1e-9),
        };
        if !args.json {
            println!("{}", line(&row));
        }
        rows.push(row);
    }
    if args.json {
        println!("{}", json!({ "rows": rows, "rounds": args.rounds, "wakes": args.wakes }));
    }
    Ok(true)
}

fn measure(args: &TracesArgs, folder: &PathBuf, chunks: u32, round: usize) -> Result<Seen> {
    let mut part = Command::new(std::env::current_exe().context("this program's own path")?);
    part.arg("wake").arg("--folder").arg(folder).args(["--chunks", &chunks.to_string()]);
    part.args(["--wakes", &args.wakes.to_string(), "--seed", &round.to_string()]);
    let output = part.stderr(Stdio::inherit()).output().context("the part that wakes chunks")?;
    ensure!(output.status.success(), "the part that wakes chunks ended early");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn bytes_in(folder: &PathBuf) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() { bytes_in(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}

fn head() -> String {
    format!(
        "{:>9}{:>8}{:>9} {:>9}{:>8} {:>10}{:>10}{:>8} {:>8}{:>6} {:>11}{:>12}{:>8}",
        "traces",
        "chunks",
        "MiB",
        "open ms",
        "ratio",
        "wake us",
        "p99 us",
        "ratio",
        "reads",
        "most",
        "opened MiB",
        "woken MiB",
        "ratio"
    )
}

fn line(row: &Row) -> String {
    let Seen { open_ms, wake_p50_us, wake_p99_us, reads, most_reads, opened_mib, memory_mib } = row.seen;
    format!(
        "{:>9}{:>8}{:>9.1} {open_ms:>9.1}{:>8.2} {wake_p50_us:>10.0}{wake_p99_us:>10.0}{:>8.2} {reads:>8.2}{most_reads:>6} {opened_mib:>11.1}{memory_mib:>12.1}{:>8.2}",
        row.traces, row.chunks, row.stored_mib, row.open_ratio, row.wake_ratio, row.memory_ratio,
    )
}
