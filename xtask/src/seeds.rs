//! `cargo xtask seeds`: many seeds of every scenario, in parallel processes, and what they found.
//!
//! A scenario is a file in `simulations/`; what kind it is of is the binary's business. Each process runs a few seeds by
//! `tombolo simulate FILE --seeds A..=B --json`, so that a run that crashes is one that failed and takes nothing along.
//! Seeds that fail are kept in `simulations/seeds/NAME.failed`, and each is told with the one command that runs it again.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

mod batch;
mod crew;
mod kept;
mod sum;

use crate::workspace;
use batch::Batch;
use sum::Sum;

/// Seeds of each scenario where nobody says otherwise: some minutes on two cores.
const COUNT: u64 = 100;
/// Seeds of one process at most. More would leave cores idle at the end; fewer cost more starts.
const BATCH: u64 = 12;

/// Scenarios of which one run takes a minute of a core or more.
const LARGE: [&str; 4] = ["launch-day", "spread", "spread-dense", "world-of-a-million"];
/// Where nobody asks for them by name, large scenarios have one in so many of the seeds, and one at least. So they take
/// about a tenth of a night.
const LARGE_ONE_IN: u64 = 100;

/// Arguments of `cargo xtask seeds`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask seeds --count 300\n  cargo xtask seeds --count 1600 --jobs 8 --json\n  \
    cargo xtask seeds fault-matrix --from 1001 --count 800\n\n\
    Exit code 0: everything held. 1: a seed failed, or something was not put to the test. 2: it could not be run."
)]
pub struct Args {
    /// Only these scenarios, by the names of their files in simulations/; all when none is named
    #[arg(value_name = "SCENARIO")]
    only: Vec<String>,
    /// Seeds of each scenario, besides the kept ones; one in a hundred of them of large scenarios that are not named
    #[arg(long, value_name = "N", default_value_t = COUNT, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    count: u64,
    /// The first seed
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    from: u64,
    /// Processes at a time [default: as many as there are cores]
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// A scenario file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, that of the file.
    pub name: String,
    /// From the root of the workspace.
    pub file: PathBuf,
}

impl Scenario {
    fn is_large(&self) -> bool {
        LARGE.contains(&self.name.as_str())
    }
}

/// Runs the seeds. True when all of them held, and put everything to the test.
pub fn run(args: &Args) -> Result<bool> {
    let scenarios = chosen(all()?, &args.only)?;
    let binary = build()?;
    let batches = batches(&scenarios, args)?;
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let began = Instant::now();
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let mut progress = Progress::new(batches.iter().map(Batch::count).sum());
    crew::run(&binary, &batches, jobs, |batch, shown| {
        let sum = sums.entry(batch.scenario.name.clone()).or_insert_with(|| Sum::new(batch.scenario.clone()));
        let failures = shown.failed.len();
        sum.add(shown);
        progress.more(batch.count(), failures);
    })?;
    let sums: Vec<Sum> = scenarios.iter().filter_map(|scenario| sums.remove(&scenario.name)).collect();
    for sum in &sums {
        kept::keep(&sum.scenario, &sum.failed)?;
    }
    let well = sums.iter().all(Sum::is_well);
    show(&sums, began.elapsed(), jobs, args.json, well);
    Ok(well)
}

fn show(sums: &[Sum], took: Duration, jobs: usize, as_json: bool, well: bool) {
    let table = sum::table(sums);
    if !as_json {
        print!("{table}");
        println!("seeds: {} in {} s with {jobs} processes", if well { "ok" } else { "FAILED" }, took.as_secs());
        return;
    }
    eprint!("{table}");
    let rows: Vec<_> = sums.iter().map(Sum::to_json).collect();
    println!("{}", json!({ "scenarios": rows, "jobs": jobs, "took_s": took.as_secs(), "ok": well }));
}

/// All scenarios, in the order of their names.
fn all() -> Result<Vec<Scenario>> {
    let folder = workspace::root().join("simulations");
    let mut scenarios = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if let (Some(name), Some("toml")) = (path.file_stem(), path.extension().and_then(|end| end.to_str())) {
            let name = name.to_string_lossy().into_owned();
            scenarios.push(Scenario { file: PathBuf::from("simulations").join(format!("{name}.toml")), name });
        }
    }
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    ensure!(!scenarios.is_empty(), "there is no scenario in {}", folder.display());
    Ok(scenarios)
}

fn chosen(all: Vec<Scenario>, only: &[String]) -> Result<Vec<Scenario>> {
    if let Some(unknown) = only.iter().find(|name| all.iter().all(|scenario| scenario.name != **name)) {
        let names: Vec<&str> = all.iter().map(|scenario| scenario.name.as_str()).collect();
        bail!("there is no scenario `{unknown}`; the scenarios are {}", names.join(", "));
    }
    Ok(all.into_iter().filter(|scenario| only.is_empty() || only.contains(&scenario.name)).collect())
}

/// The work in pieces, scenario by scenario, kept seeds first. Those of large scenarios come before all others and alone,
/// so that no process has much to do when the others have nothing.
fn batches(scenarios: &[Scenario], args: &Args) -> Result<Vec<Batch>> {
    let (large, small): (Vec<&Scenario>, Vec<&Scenario>) = scenarios.iter().partition(|scenario| scenario.is_large());
    let mut batches = Vec::new();
    for scenario in large {
        let count = if args.only.is_empty() { args.count.div_ceil(LARGE_ONE_IN) } else { args.count };
        batches.extend(batches_of(scenario, args.from..=args.from + (count - 1), 1)?);
    }
    for scenario in small {
        batches.extend(batches_of(scenario, args.from..=args.from + (args.count - 1), BATCH)?);
    }
    Ok(batches)
}

fn batches_of(scenario: &Scenario, asked: RangeInclusive<u64>, size: u64) -> Result<Vec<Batch>> {
    let piece = |first, last| Batch { scenario: scenario.clone(), first, last };
    let kept = kept::read(scenario)?.into_iter().filter(|seed| !asked.contains(seed)).map(|seed| piece(seed, seed));
    let firsts = asked.clone().step_by(usize::try_from(size)?);
    let last = *asked.end();
    Ok(kept.chain(firsts.map(|first| piece(first, last.min(first + (size - 1))))).collect())
}

fn build() -> Result<PathBuf> {
    let built = workspace::cargo().args(["build", "--workspace", "--bin", "tombolo"]).status()?;
    ensure!(built.success(), "the binary could not be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(workspace::root().join(target).join("debug/tombolo"))
}

/// Tells a person how far it is, on standard error, at most twenty times.
struct Progress {
    all: u64,
    done: u64,
    failures: usize,
    told: u64,
}

impl Progress {
    fn new(all: u64) -> Self {
        eprintln!("seeds: {all} runs");
        Self { all, done: 0, failures: 0, told: 0 }
    }

    fn more(&mut self, done: u64, failures: usize) {
        self.done += done;
        self.failures += failures;
        let part = self.done * 20 / self.all.max(1);
        if part > self.told {
            self.told = part;
            eprintln!("seeds: {} of {} runs, {} failed", self.done, self.all, self.failures);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(from: u64, count: u64) -> Args {
        Args { only: Vec::new(), count, from, jobs: None, json: false }
    }

    #[test]
    fn every_scenario_of_the_house_is_found() {
        let names: Vec<String> = all().expect("there are some").into_iter().map(|scenario| scenario.name).collect();
        assert!(names.contains(&"first-island".to_owned()) && names.contains(&"fault-matrix".to_owned()), "{names:?}");
        let error = chosen(all().expect("there are some"), &["frist".to_owned()]).expect_err("it is unknown");
        assert!(error.to_string().contains("first-island"), "{error}");
    }

    #[test]
    fn large_scenarios_come_first_and_have_few_seeds_unless_they_are_named() {
        let house = all().expect("there are some");
        for name in LARGE {
            assert!(house.iter().any(|scenario| scenario.name == name), "{name} is no scenario");
        }
        let seeds = |only: &[&str], count| {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            let scenarios = chosen(house.clone(), &only).expect("they are known");
            let batches = batches(&scenarios, &Args { only, ..args(5, count) }).expect("the lists are valid");
            let large = batches.iter().take_while(|batch| batch.scenario.is_large());
            assert!(batches.iter().skip(large.clone().count()).all(|batch| !batch.scenario.is_large()));
            assert!(large.clone().all(|batch| batch.count() == 1));
            large.filter(|batch| batch.scenario.name == "spread").map(|batch| batch.first).collect::<Vec<_>>()
        };
        assert_eq!(seeds(&[], 1), [5]);
        assert_eq!(seeds(&[], 250), [5, 6, 7]);
        assert_eq!(seeds(&["spread", "festival"], 4), [5, 6, 7, 8]);
    }

    #[test]
    fn batches_cover_all_seeds_once_and_the_kept_ones() {
        let scenario = Scenario { name: "none".to_owned(), file: PathBuf::from("simulations/none.toml") };
        let cases = [(1, 1), (1, BATCH), (1, BATCH + 1), (7, 3 * BATCH + 5)];
        for (from, count) in cases {
            let batches = batches(std::slice::from_ref(&scenario), &args(from, count)).expect("nothing is kept");
            let seeds: Vec<u64> = batches.iter().flat_map(|batch| batch.first..=batch.last).collect();
            assert_eq!(seeds, (from..from + count).collect::<Vec<_>>(), "{from} {count}");
        }
        let first = all().expect("there are some").into_iter().filter(|scenario| scenario.name == "first-island");
        let batches = batches(&first.collect::<Vec<_>>(), &args(1, 5)).expect("the list is valid");
        assert!(batches.iter().any(|batch| batch.first == 185 && batch.last == 185), "{batches:?}");
    }
}
