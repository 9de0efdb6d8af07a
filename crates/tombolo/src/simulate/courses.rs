//! Runs of scenarios with figures: one, many seeds, a sweep, or two files side by side.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use simulator::outcome::{Assertion, Side};
use simulator::{Course, Outcome, ScenarioFile, Setting, Sweep};
use tokio::sync::watch;
use world::Digest;

use super::measured::{Began, Measured};
use super::seeds::Seeds;
use super::told::{Run, SeedRow, Spread, Suite, SweepTold, Sweeping, Swept};
use super::{DEFAULT_SEED, SimulateArgs, crew, kept, on_signals, page, print_json, progress, read, text, words};
use crate::failure::{self, Failure};

/// Looks at Ctrl-C during a run, at least, unless the run is so long that they are [`STEP_MS`] of virtual time apart.
const STEPS: u64 = 400;
/// Most milliseconds of virtual time between two looks at Ctrl-C.
const STEP_MS: u64 = 10_000;

/// What is to be run.
struct Job<'a> {
    args: &'a SimulateArgs,
    file: &'a Path,
    planted: population::Planted,
    stop: watch::Receiver<bool>,
}

impl Job<'_> {
    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    fn command(&self, file: &Path, settings: &[Setting], seed: u64) -> String {
        let plant = self.args.plant.as_ref().map(|name| format!(" --plant {name}")).unwrap_or_default();
        format!("{} --seed {seed}{plant}", words::simulate(file, settings))
    }
}

/// Whether all held, and the seeds that did not, with why.
struct Verdict {
    holds: bool,
    failed: Vec<(u64, String)>,
}

/// Runs the command.
pub fn run(args: &SimulateArgs, file: &Path, scenario: ScenarioFile) -> failure::Outcome {
    let job = Job { args, file, planted: planted(args.plant.as_deref())?, stop: on_signals()? };
    let verdict = match (&args.seeds, &args.sweep) {
        (Some(seeds), _) => many(&job, &scenario, *seeds)?,
        (None, Some(sweep)) => swept(&job, &scenario, sweep)?,
        (None, None) => one(&job, scenario)?,
    };
    if args.keep {
        kept::append(file, &verdict.failed)?;
    }
    Ok(match (verdict.holds, job.stopped()) {
        (false, _) => ExitCode::from(1),
        (true, true) => ExitCode::from(130),
        (true, false) => ExitCode::SUCCESS,
    })
}

/// The planted bug with this name.
#[cfg(feature = "plants")]
fn planted(name: Option<&str>) -> Result<population::Planted, Failure> {
    let Some(name) = name else { return Ok(population::Planted::none()) };
    population::Plant::from_name(name).map(population::Planted::with).ok_or_else(|| {
        let names = population::Plant::ALL.map(|(_, name, _)| name);
        let near = crate::options::nearest(name, names.into_iter()).map(|n| format!(", did you mean {n}?"));
        let near = near.unwrap_or_default();
        Failure::usage(format!("--plant {name}: no such plant for this kind{near}; there are {}", names.join(", ")))
    })
}

/// The planted bug with this name: this build has none.
#[cfg(not(feature = "plants"))]
fn planted(name: Option<&str>) -> Result<population::Planted, Failure> {
    match name {
        None => Ok(population::Planted::none()),
        Some(_) => Err(Failure::usage("--plant: this build has no planted bugs; build with the feature `plants`")),
    }
}

fn begin(job: &Job<'_>, scenario: &ScenarioFile, seed: u64) -> Result<Box<dyn Course>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| wrong(job.file, error);
    match scenario {
        ScenarioFile::Population(scenario) => simulator::population::Simulation::new(scenario, seed, job.planted)
            .map(|simulation| Box::new(simulation) as Box<dyn Course>)
            .map_err(|error| wrong(&error)),
        ScenarioFile::Ecology(scenario) => simulator::ecology::Simulation::new(scenario, seed)
            .map(|simulation| Box::new(simulation) as Box<dyn Course>)
            .map_err(|error| wrong(&error)),
        ScenarioFile::Heart(scenario) => simulator::heart::Simulation::new(scenario, seed)
            .map(|simulation| Box::new(simulation) as Box<dyn Course>)
            .map_err(|error| wrong(&error)),
        ScenarioFile::Faults(_) => Err(wrong(&"the kind `faults` has no figures")),
    }
}

/// Runs to the end, or until told to stop.
fn drive(job: &Job<'_>, course: &mut dyn Course, mut each: impl FnMut(&dyn Course)) {
    let step_ms = (course.length_ms() / STEPS).clamp(1, STEP_MS);
    while !job.stopped() && course.go_on(step_ms) {
        each(course);
    }
}

fn one(job: &Job<'_>, scenario: ScenarioFile) -> Result<Verdict, Failure> {
    let seed = job.args.seed.unwrap_or(DEFAULT_SEED);
    let other = job.args.compare.as_deref().map(|other| compared(job, other, &scenario)).transpose()?;
    let mut run = run_one(job, job.file, &scenario, seed)?;
    if let Some(rival) = scenario.rival().filter(|_| !job.args.no_rival && !job.stopped()) {
        let runs = scenario.rivals(&text(job.file)?, &job.args.set).map_err(|e| wrong(job.file, &e))?;
        let mut found =
            runs.map_or_else(|| Ok(Sweeping::default()), |(sweep, runs)| sweeping(job, &sweep, runs, seed))?;
        found.name.clone_from(&rival.name);
        found.also.clone_from(&rival.also);
        // Of values that were not all tried, none is the best.
        if !job.stopped() {
            judge_rival(&mut run.outcome, &mut found, &rival.best, &scenario);
        }
        run.rival = Some(found);
    }
    if let Some((file, scenario)) = other.filter(|_| !job.stopped()) {
        run.compared = Some(Box::new(run_one(job, file, &scenario, seed)?));
    }
    run.interrupted = job.stopped();
    if let Some(folder) = &job.args.report {
        tell_where(job, &page::of_run(folder, &run)?);
    }
    if job.args.json {
        print_json(&run.in_short())?;
    } else {
        words::run(&run);
    }
    Ok(Verdict { holds: run.holds(), failed: complaint(&run.outcome, run.holds()).into_iter().collect() })
}

/// The file that the other is held against.
fn compared<'a>(job: &Job<'_>, file: &'a Path, scenario: &ScenarioFile) -> Result<(&'a Path, ScenarioFile), Failure> {
    let other = read(file, &job.args.set)?;
    if other.kind() == scenario.kind() {
        return Ok((file, other));
    }
    let (ours, theirs) = (scenario.kind(), other.kind());
    let named = (job.file.display(), file.display());
    Err(Failure::usage(format!("--compare: {} is of the kind `{ours}`, {} of the kind `{theirs}`", named.0, named.1)))
}

/// A seed whose run did not hold, and the first demand that was not met.
fn complaint(outcome: &Outcome, holds: bool) -> Option<(u64, String)> {
    let broken = outcome.assertions.iter().find(|assertion| !assertion.passed).filter(|_| !holds)?;
    let value = broken.value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
    Some((outcome.seed, format!("{}: {value}", broken.name)))
}

/// Beside JSON nothing else is printed.
fn tell_where(job: &Job<'_>, page: &Path) {
    if !job.args.json {
        println!("report {}", page.display());
    }
}

fn wrong(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("{}: {error}", file.display()))
}

fn run_one(job: &Job<'_>, file: &Path, scenario: &ScenarioFile, seed: u64) -> Result<Run, Failure> {
    let mut course = begin(job, scenario, seed)?;
    let bar = progress(job.args.json, course.length_ms() / 1_000, "seconds");
    let began = Began::one();
    drive(job, course.as_mut(), |course| bar.set_position(course.at_ms() / 1_000));
    bar.finish_and_clear();
    let measured = Measured::since(began, course.events(), course.at_ms());
    let outcome = course.outcome();
    let replay = job.command(file, &job.args.set, seed);
    Ok(Run { outcome, measured, interrupted: job.stopped(), replay, rival: None, compared: None })
}

/// One run among many; `None` if it was stopped before its end.
fn run_quietly(job: &Job<'_>, scenario: &ScenarioFile, seed: u64) -> Result<Option<Outcome>, Failure> {
    let mut course = begin(job, scenario, seed)?;
    drive(job, course.as_mut(), |_| {});
    Ok((!job.stopped()).then(|| course.outcome()))
}

/// Runs once for each value.
fn sweeping(
    job: &Job<'_>,
    sweep: &Sweep,
    scenarios: Vec<(String, ScenarioFile)>,
    seed: u64,
) -> Result<Sweeping, Failure> {
    let bar = progress(job.args.json, scenarios.len() as u64, "values");
    let work = |(value, scenario): &(String, ScenarioFile)| {
        let outcome = run_quietly(job, scenario, seed)?;
        Ok(outcome.map(|outcome| (value.clone(), outcome)))
    };
    let ran = crew::run(scenarios.into_iter(), crew::size(job.args.jobs), work, |_| bar.inc(1))?;
    bar.finish_and_clear();
    let swept = |(value, outcome): (String, Outcome)| Swept {
        value,
        digest: outcome.digest,
        events: outcome.events,
        simulated_ms: outcome.simulated_ms,
        figures: outcome.figures,
        assertions: outcome.assertions,
    };
    let values = ran.into_iter().map(swept).collect();
    Ok(Sweeping { key: sweep.key.clone(), values, ..Sweeping::default() })
}

/// What the file demands of its rival's best value becomes known only now.
fn judge_rival(outcome: &mut Outcome, found: &mut Sweeping, by: &str, scenario: &ScenarioFile) {
    let figure = |swept: &Swept| swept.figures.get(by).copied().unwrap_or(u64::MAX);
    let best = found.values.iter().min_by_key(|swept| figure(swept));
    found.by = Some(by.to_owned());
    found.best = best.map(|swept| swept.value.clone());
    if let Some(best) = best.map(figure) {
        outcome.figures.insert(simulator::population::RIVAL_BEST.to_owned(), best);
    }
    let demands = scenario.demands().iter().filter(|bound| bound.figure == simulator::population::RIVAL_BEST);
    outcome.assertions.extend(demands.flat_map(|bound| bound.judge(&outcome.figures)));
}

fn swept(job: &Job<'_>, scenario: &ScenarioFile, sweep: &Sweep) -> Result<Verdict, Failure> {
    let seed = job.args.seed.unwrap_or(DEFAULT_SEED);
    let with = |setting: Setting| -> Result<(String, ScenarioFile), Failure> {
        let value = setting.value.clone();
        let settings: Vec<Setting> = job.args.set.iter().cloned().chain([setting]).collect();
        Ok((value, read(job.file, &settings)?))
    };
    let scenarios = sweep.settings().map(with).collect::<Result<_, _>>()?;
    let began = Began::many();
    let sweep = sweeping(job, sweep, scenarios, seed)?;
    let holds = sweep.values.iter().all(|swept| swept.assertions.iter().all(|assertion| assertion.passed));
    let sum = |of: fn(&Swept) -> u64| sweep.values.iter().map(of).sum();
    let told = SweepTold {
        kind: scenario.kind().to_owned(),
        scenario: scenario.name().to_owned(),
        seed,
        measured: Measured::since(began, sum(|swept| swept.events), sum(|swept| swept.simulated_ms)),
        interrupted: job.stopped(),
        sweep,
    };
    if let Some(folder) = &job.args.report {
        tell_where(job, &page::of_sweep(folder, &told)?);
    }
    if job.args.json {
        print_json(&told)?;
    } else {
        words::sweep(&told.sweep);
    }
    let failed = if holds { Vec::new() } else { vec![(seed, format!("a value of {}", told.sweep.key))] };
    Ok(Verdict { holds, failed })
}

fn many(job: &Job<'_>, scenario: &ScenarioFile, seeds: Seeds) -> Result<Verdict, Failure> {
    let began = Began::many();
    let bar = progress(job.args.json, seeds.count(), "seeds");
    let mut failures = 0_u64;
    let work = |seed: &u64| run_quietly(job, scenario, *seed);
    let outcomes = crew::run(seeds.iter(), crew::size(job.args.jobs), work, |outcome: &Outcome| {
        failures += u64::from(!outcome.holds());
        bar.inc(1);
        bar.set_message(format!("{failures} failed"));
    })?;
    bar.finish_and_clear();
    let suite = suite(job, scenario, seeds, &outcomes, began);
    if let Some(folder) = &job.args.report {
        tell_where(job, &page::of_seeds(folder, &suite)?);
    }
    if job.args.json {
        print_json(&suite)?;
    } else {
        words::seeds(&suite);
    }
    let failed = outcomes.iter().filter_map(|outcome| complaint(outcome, outcome.holds())).collect();
    Ok(Verdict { holds: suite.held == suite.runs, failed })
}

fn suite(job: &Job<'_>, scenario: &ScenarioFile, seeds: Seeds, outcomes: &[Outcome], began: Began) -> Suite {
    let mut digest = Digest::new();
    outcomes.iter().for_each(|outcome| digest.write(outcome.digest.as_bytes()));
    let failed = outcomes.iter().find(|outcome| !outcome.holds());
    let replay = match failed {
        Some(outcome) => job.command(job.file, &job.args.set, outcome.seed),
        None => format!("{} --seeds {seeds}", words::simulate(job.file, &job.args.set)),
    };
    let row = |outcome: &Outcome| SeedRow {
        seed: outcome.seed,
        digest: outcome.digest.clone(),
        held: outcome.holds(),
        figures: outcome.figures.clone(),
    };
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum();
    Suite {
        kind: scenario.kind().to_owned(),
        scenario: scenario.name().to_owned(),
        runs: outcomes.len() as u64,
        held: outcomes.iter().filter(|outcome| outcome.holds()).count() as u64,
        digest: format!("{:016x}", digest.finish()),
        figures: spreads(outcomes),
        assertions: worst(outcomes),
        seeds: outcomes.iter().map(row).collect(),
        measured: Measured::since(began, sum(|outcome| outcome.events), sum(|outcome| outcome.simulated_ms)),
        interrupted: job.stopped(),
        replay,
    }
}

/// Each figure over all runs.
fn spreads(outcomes: &[Outcome]) -> BTreeMap<String, Spread> {
    let mut all: BTreeMap<&String, Vec<u64>> = BTreeMap::new();
    for (name, value) in outcomes.iter().flat_map(|outcome| &outcome.figures) {
        all.entry(name).or_default().push(*value);
    }
    let spread = |(name, mut values): (&String, Vec<u64>)| {
        values.sort_unstable();
        let at = |place: usize| values.get(place).copied().unwrap_or(0);
        let spread = Spread { least: at(0), median: at(values.len() / 2), most: at(values.len() - 1) };
        (name.clone(), spread)
    };
    all.into_iter().map(spread).collect()
}

/// Each demand with the run that came farthest from meeting it, or nearest to missing it.
fn worst(outcomes: &[Outcome]) -> Vec<Assertion> {
    let Some(first) = outcomes.first() else { return Vec::new() };
    let of_all = |place: usize| {
        let all = outcomes.iter().filter_map(move |outcome| outcome.assertions.get(place));
        all.min_by_key(|assertion| match (assertion.value, assertion.side) {
            (None, _) => 0,
            (Some(value), Side::AtLeast) => value,
            (Some(value), Side::AtMost) => u64::MAX - value,
        })
    };
    (0..first.assertions.len()).filter_map(of_all).cloned().collect()
}
