//! `tombolo simulate`: the heart under virtual time, seed by seed, with every fault that a scenario asks for.
//!
//! The simulator is pure; here are its files, threads, progress and words.

mod courses;
mod crew;
mod kept;
mod measured;
mod page;
mod seeds;
mod told;
mod words;

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use simulator::{Report, Scenario, ScenarioFile, Setting, Simulation, Suite, Sweep};
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
    tombolo simulate simulations/launch-day.toml --report target/launch-day\n  \
    tombolo simulate simulations/evening-curve.toml --set people.session_min=30\n  \
    tombolo simulate simulations/festival.toml --sweep policy.fill_ahead_s=5,20,60\n  \
    tombolo simulate --plant list\n\n\
    Exit code 0: everything held. 1: something was violated, or a suite of 20 seeds or more did not put everything to\n\
    the test. 2: a file or an option is wrong. 130: Ctrl-C came first; what was done until then is kept and printed.")]
pub struct SimulateArgs {
    /// The scenario, such as simulations/first-island.toml
    #[arg(value_name = "FILE", required_unless_present_any = ["plant", "schema"])]
    file: Option<PathBuf>,
    /// The one seed to run; 7 if neither this nor --seeds is given
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Many seeds: `N` for 1 to N, `A..B` for A to B - 1, `A..=B` for A to B
    #[arg(long, value_name = "N|A..B")]
    seeds: Option<Seeds>,
    /// Set one value of the file; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Setting>,
    /// Run once for each value of a key
    #[arg(long, value_name = "KEY=A,B,C", conflicts_with_all = ["seeds", "compare"])]
    sweep: Option<Sweep>,
    /// Run another scenario of the same kind too, and show both side by side; the first one's demands decide
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    compare: Option<PathBuf>,
    /// Write a page with plots, CSV and JSON into this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Leave out the comparison that the file asks for
    #[arg(long)]
    no_rival: bool,
    /// Print the JSON schema of scenario files, or of what --json prints of a run, of seeds or of a sweep, and end
    #[arg(long, value_name = "OF", num_args = 0..=1, default_missing_value = "scenario")]
    schema: Option<told::SchemaOf>,
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
fn list_plants(plants: impl Iterator<Item = (&'static str, &'static str)>) {
    let for_people = std::io::stdout().is_terminal();
    for (name, what) in plants {
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
    set: &'a [Setting],
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
    if let Some(of) = args.schema {
        return print_json(&of.schema()).map(|()| ExitCode::SUCCESS);
    }
    let list = args.plant.as_deref() == Some("list");
    let Some(file) = args.file.as_deref() else {
        list_plants(world::Plant::ALL.into_iter().map(|(_, name, what)| (name, what)));
        return Ok(ExitCode::SUCCESS);
    };
    match read(file, &args.set)? {
        ScenarioFile::Faults(_) if list => {
            list_plants(world::Plant::ALL.into_iter().map(|(_, name, what)| (name, what)));
            Ok(ExitCode::SUCCESS)
        }
        ScenarioFile::Faults(scenario) => faults(&args, file, &scenario),
        ScenarioFile::Population(_) if list => {
            list_plants(population::Plant::ALL.into_iter().map(|(_, name, what)| (name, what)));
            Ok(ExitCode::SUCCESS)
        }
        ScenarioFile::Ecology(_) | ScenarioFile::Heart(_) if list => Ok(ExitCode::SUCCESS),
        other @ (ScenarioFile::Population(_) | ScenarioFile::Ecology(_) | ScenarioFile::Heart(_)) => {
            courses::run(&args, file, other)
        }
    }
}

/// Runs scenarios of faults.
fn faults(args: &SimulateArgs, file: &Path, scenario: &Scenario) -> Outcome {
    for (option, given) in
        [("--sweep", args.sweep.is_some()), ("--compare", args.compare.is_some()), ("--report", args.report.is_some())]
    {
        if given {
            return Err(Failure::usage(format!("{option}: scenarios of the kind `faults` have no figures to draw")));
        }
    }
    let planted = options::planted(args.plant.as_deref())?;
    let job = Job { file, scenario, planted, stop: on_signals()?, json: args.json, set: &args.set };
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

/// The text of a scenario file.
fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("{}: {e}; name a scenario file", file.display())))
}

fn read(file: &Path, settings: &[Setting]) -> Result<ScenarioFile, Failure> {
    ScenarioFile::parse(&text(file)?, settings).map_err(|e| match e {
        simulator::FileError::File(error) => Failure::usage(format!("{}: {error}", file.display())),
        simulator::FileError::Setting(error) => Failure::usage(format!("--set or --sweep {error}")),
    })
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
        words::plan(job.scenario, seed, &simulation);
    }
    let seconds = job.scenario.course.seconds;
    let bar = progress(job.json, seconds, "seconds");
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
    Ok(Verdict { holds: report.holds(), seeds: failed(&report).into_iter().collect() })
}

fn many(job: &Job<'_>, seeds: Seeds, jobs: Option<NonZeroUsize>) -> Result<Verdict, Failure> {
    let bar = progress(job.json, seeds.count(), "seeds");
    let mut failures = 0_u64;
    let one = |seed: &u64| run_one(job, *seed);
    let reports = crew::run(seeds.iter(), crew::size(jobs), one, |report: &Report| {
        failures += u64::from(!report.holds());
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

/// One run, `None` if it was stopped before its end.
fn run_one(job: &Job<'_>, seed: u64) -> Result<Option<Report>, Failure> {
    let mut simulation = simulation(job, seed)?;
    loop {
        if *job.stop.borrow() {
            return Ok(None);
        }
        if !simulation.go_on(STEP_MS) {
            return Ok(Some(simulation.report()));
        }
    }
}

/// The seed of a run that failed, and how.
fn failed(report: &Report) -> Option<(u64, String)> {
    Some((report.seed, report.complaint()?))
}

fn simulation(job: &Job<'_>, seed: u64) -> Result<Simulation, Failure> {
    let failure = |e| Failure::usage(format!("{}: {e}", job.file.display()));
    Simulation::new(job.scenario, seed, job.planted).map_err(failure)
}

/// A bar on a terminal, nothing elsewhere.
fn progress(json: bool, length: u64, unit: &str) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
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
