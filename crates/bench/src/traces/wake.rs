//! The part that opens a store and wakes chunks: it reads the page of a chunk and the cells that the page names, and lets
//! growth and decay catch up in closed form. That is all that a node has to read of the ground.

use std::path::PathBuf;
use std::time::Instant;

use ::deeds::tables::Tables;
use ::deeds::{Page, PageKey};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use store::{Reply, Request, Store};
use store_fjall::FjallStore;

use super::world::{self, Forest, LOOKED_AT};
use crate::dice::Dice;

/// Arguments of the part.
#[derive(Args)]
pub struct WakeArgs {
    #[arg(long)]
    folder: PathBuf,
    #[arg(long)]
    chunks: u32,
    #[arg(long)]
    wakes: u32,
    #[arg(long)]
    seed: u64,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Until the store was open, milliseconds.
    pub open_ms: f64,
    /// The median of what waking a chunk took, microseconds.
    pub wake_p50_us: f64,
    /// One in a hundred took longer.
    pub wake_p99_us: f64,
    /// Documents read for a chunk, on average.
    pub reads: f64,
    /// The most that were read for one.
    pub most_reads: u32,
    /// Memory of the process when the store was open, MiB.
    pub opened_mib: f64,
    /// And when the chunks were awake, MiB.
    pub memory_mib: f64,
}

impl Seen {
    /// The medians of some rounds, and the most documents of all.
    #[must_use]
    pub fn median(rounds: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        Self {
            open_ms: of(|seen| seen.open_ms),
            wake_p50_us: of(|seen| seen.wake_p50_us),
            wake_p99_us: of(|seen| seen.wake_p99_us),
            reads: of(|seen| seen.reads),
            most_reads: rounds.iter().map(|seen| seen.most_reads).max().unwrap_or_default(),
            opened_mib: of(|seen| seen.opened_mib),
            memory_mib: of(|seen| seen.memory_mib),
        }
    }
}

/// Measures, and says it on standard output.
///
/// # Errors
/// The store cannot be opened or read.
pub fn run(args: &WakeArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tables = world::tables();
    let begin = Instant::now();
    let store = world::open(&args.folder)?;
    let open_ms = begin.elapsed().as_secs_f64() * 1e3;
    let opened_mib = memory_mib()?;
    let mut dice = Dice::new(args.seed);
    let (mut times, mut awake, mut reads, mut most_reads) = (Vec::new(), Vec::new(), 0, 0);
    for _ in 0..args.wakes {
        let chunk = world::chunk(dice.below(args.chunks));
        let begin = Instant::now();
        let pages = runtime.block_on(wake(&store, chunk, &tables))?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        reads += pages.len();
        most_reads = most_reads.max(pages.len() as u32);
        awake.push(pages);
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    let seen = Seen {
        open_ms,
        wake_p50_us: at(0.5),
        wake_p99_us: at(0.99),
        reads: reads as f64 / f64::from(args.wakes),
        most_reads,
        opened_mib,
        memory_mib: memory_mib()?,
    };
    println!("{}", serde_json::to_string(&seen)?);
    Ok(())
}

/// The page of a chunk and its cells, as they are now.
async fn wake(store: &FjallStore, page: PageKey, tables: &Tables) -> Result<Vec<(PageKey, Page)>> {
    let mut pages = vec![(page, read(store, page).await?)];
    for cell in page.all(&pages[0].1).skip(1) {
        pages.push((cell, read(store, cell).await?));
    }
    for (key, page) in &mut pages {
        page.heal(key.chunk, LOOKED_AT, tables, &Forest);
    }
    Ok(pages)
}

async fn read(store: &FjallStore, key: PageKey) -> Result<Page> {
    match store.execute(Request::Get { key: key.key() }).await {
        Reply::Found { document, .. } => world::read(&document),
        other => bail!("{} could not be read: {other:?}", key.key()),
    }
}

/// Memory of this process that is in RAM, MiB.
fn memory_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the system tells no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
