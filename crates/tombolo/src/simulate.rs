//! `tombolo simulate`: the heart under virtual time, seed by seed, with every fault that a scenario asks for.
//!
//! The simulator is pure; here are its files, threads, progress and words.

mod crew;
mod kept;
mod seeds;
mod words;

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use simulator::{Report, Scenario, Simulation, Suite};
use tokio::sync::watch;
use world::Planted;

use crate::failure::{Failure, Outcome};
use crate::{options, stop};
use seeds::Seeds;

/// The seed of a run that names none.
const DEFAULT_SEED: u64 = 7;
/// Milliseconds of virtual time between two looks at Ctrl-C.
const STEP_MS: u64 = 500;

/// Options of `tombolo simulate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tombolo simulate simulations/first-island.toml --seed 7\n  \
    tombolo simulate simulations/first-island.toml --seeds 300 --json\n  \
    tombolo simulate simulations/first-island.toml --seeds 1..41 --plant mute-summaries\n  \
    tombolo simulate --plant list\n\n\
    Exit code 0: everything held. 1: something was violated, or a suite of 20 seeds or more did not put everything to\n\
    the test. 2: a file or an option is wrong. 130: Ctrl-C came first; what was done until then is printed.")]
pub struct SimulateArgs {
    /// The scenario, such as simulations/first-island.toml
    #[arg(value_name = "FILE", required_unless_present = "plant")]
    file: Option<PathBuf>,
    /// The one seed to run; 7 if neither this nor --seeds is given
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Many seeds: `N` for 1 to N, `A..B` for A to B - 1, `A..=B` for A to B
    #[arg(long, value_name = "N|A..B")]
    seeds: Option<Seeds>,
    /// Plant a bug, to see that it is found; `list` names them
    #[arg(long, value_name = "NAME")]
    plant: Option<String>,
    /// Runs at a time; as many as there are cores if not given
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Note the seeds that fail in `seeds/NAME.failed` beside the file
    #[arg(long, conflicts_with = "plant")]
    keep: bool,
    /// Print one JSON object at the end and nothing else
    #[arg(long)]
    json: bool,
}

/// The plants' names, one a line; people are also told what each does.
fn list_plants() {
    let for_people = std::io::stdout().is_terminal();
    for (_, name, what) in world::Plant::ALL {
        if for_people { println!("{name:<18} {what}") } else { println!("{name}") }
    }
}

/// What is to be run.
struct Job<'a> {
    file: &'a Path,
    scenario: &'a Scenario,
    planted: Planted,
    stop: watch::Receiver<bool>,
    json: bool,
}

/// A result as JSON tells it.
#[derive(Serialize)]
struct Told<'a, R> {
    #[serde(flatten)]
    result: &'a R,
    /// Whether Ctrl-C came before the end.
    interrupted: bool,
    /// The command that does the same again; of many, the first that failed.
    replay: String,
}

/// Runs the command.
pub fn run(args: SimulateArgs) -> Outcome {
    if args.plant.as_deref() == Some("list") {
        list_plants();
        return Ok(ExitCode::SUCCESS);
    }
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("no scenario: name a .toml file"))?;
    let planted = options::planted(args.plant.as_deref())?;
    let scenario = read(file)?;
    let job = Job { file, scenario: &scenario, planted, stop: on_signals()?, json: args.json };
    let failed = match args.seeds {
        None => one(&job, args.seed.unwrap_or(DEFAULT_SEED))?,
        Some(seeds) => many(&job, seeds, args.jobs)?,
    };
    if args.keep {
        kept::append(file, &failed.seeds)?;
    }
    Ok(failed.code(*job.stop.borrow()))
}

/// What failed, and whether that is all.
struct Verdict {
    holds: bool,
    seeds: Vec<(u64, String)>,
}

impl Verdict {
    fn code(&self, interrupted: bool) -> ExitCode {
        match (self.holds, interrupted) {
            (false, _) => ExitCode::from(1),
            (true, true) => ExitCode::from(130),
            (true, false) => ExitCode::SUCCESS,
        }
    }
}

fn read(file: &Path) -> Result<Scenario, Failure> {
    let shown = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("{shown}: {e}; name a scenario file")))?;
    Scenario::parse(&text).map_err(|e| Failure::usage(format!("{shown}: {e}")))
}

/// Listens for Ctrl-C on a thread of its own, since the simulator never waits.
fn on_signals() -> Result<watch::Receiver<bool>, Failure> {
    let no_signals = |e: std::io::Error| Failure::run(format!("no signals: {e}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_signals)?;
    let told = {
        let _inside = runtime.enter();
        stop::on_signals().map_err(no_signals)?
    };
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    Ok(told)
}

fn one(job: &Job<'_>, seed: u64) -> Result<Verdict, Failure> {
    let mut simulation = simulation(job, seed)?;
    if !job.json {
        words::plan(job.scenario, seed, simulation.plan());
    }
    let seconds = job.scenario.course.seconds;
    let bar = progress(job, seconds, "seconds");
    while simulation.go_on(STEP_MS) && !*job.stop.borrow() {
        bar.set_position(simulation.at_ms() / 1_000);
    }
    bar.finish_and_clear();
    let report = simulation.report();
    let replay = words::command(job, seed);
    if job.json {
        print_json(&Told { result: &report, interrupted: *job.stop.borrow(), replay })?;
    } else {
        words::report(&report, &replay, *job.stop.borrow());
    }
    Ok(Verdict { holds: report.violations == 0, seeds: failed(&report).into_iter().collect() })
}

fn many(job: &Job<'_>, seeds: Seeds, jobs: Option<NonZeroUsize>) -> Result<Verdict, Failure> {
    let jobs = jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let bar = progress(job, seeds.count(), "seeds");
    let mut failures = 0_u64;
    let reports = crew::run(job, seeds, jobs, |report| {
        failures += u64::from(report.violations > 0);
        bar.inc(1);
        bar.set_message(format!("{failures} failed"));
    })?;
    bar.finish_and_clear();
    let kept = reports.iter().filter_map(failed).collect();
    let suite = Suite::of(job.scenario, job.planted.which().map(world::Plant::name), reports);
    let interrupted = *job.stop.borrow();
    if job.json {
        let again = suite.failed.first().map(|f| words::command(job, f.seed));
        let replay = again.unwrap_or_else(|| words::suite_command(job, seeds));
        print_json(&Told { result: &suite, interrupted, replay })?;
    } else {
        words::suite(job, &suite, seeds, interrupted);
    }
    Ok(Verdict { holds: suite.failed.is_empty() && (interrupted || suite.holds()), seeds: kept })
}

/// The seed of a run that failed, and how.
fn failed(report: &Report) -> Option<(u64, String)> {
    let first = report.first_violations.first()?;
    Some((report.seed, format!("{}: {}", first.checker, first.what)))
}

fn simulation(job: &Job<'_>, seed: u64) -> Result<Simulation, Failure> {
    let failure = |e| Failure::usage(format!("{}: {e}", job.file.display()));
    Simulation::new(job.scenario, seed, job.planted).map_err(failure)
}

/// A bar on a terminal, nothing elsewhere.
fn progress(job: &Job<'_>, length: u64, unit: &str) -> ProgressBar {
    if job.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = format!("{{bar:40}} {{pos}}/{{len}} {unit}  {{elapsed}} (about {{eta}} left)  {{msg}}");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|e| Failure::run(format!("the result is no JSON: {e}")))?;
    println!("{text}");
    Ok(())
}
