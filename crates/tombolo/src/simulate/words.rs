//! What people read: the plan of a seed, what a run or a suite showed, and the command that does it again.

use std::collections::BTreeMap;
use std::path::Path;

use simulator::outcome::{Assertion, Side};
use simulator::{Counts, Report, Scenario, Setting, Simulation, Suite as FaultSuite, Tally};

use super::Job;
use super::seeds::Seeds;
use super::told::{Run, Spread, Suite, Sweeping, Swept};

/// The command that runs one seed again.
pub fn command(job: &Job<'_>, seed: u64) -> String {
    format!("{} --seed {seed}{}", base(job), plant(job))
}

/// The command that runs many seeds again.
pub fn suite_command(job: &Job<'_>, seeds: Seeds) -> String {
    format!("{} --seeds {seeds}{}", base(job), plant(job))
}

fn base(job: &Job<'_>) -> String {
    simulate(job.file, job.set)
}

/// The command without a seed.
pub fn simulate(file: &Path, settings: &[Setting]) -> String {
    let settings: String = settings.iter().map(|setting| format!(" --set {}", quoted(&setting.to_string()))).collect();
    format!("tombolo simulate {}{settings}", quoted(&file.to_string_lossy()))
}

fn plant(job: &Job<'_>) -> String {
    job.planted.which().map(|plant| format!(" --plant {}", plant.name())).unwrap_or_default()
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The whole plan of a seed.
pub fn plan(scenario: &Scenario, seed: u64, simulation: &Simulation) {
    let plan = simulation.plan();
    let (course, players) = (&scenario.course, scenario.players.count);
    println!("{}, seed {seed}: {} nodes, {players} players, {} s", scenario.name, scenario.world.nodes, course.seconds);
    println!(
        "from {} s on: {} s of storm, {} s to heal, {} s of calm in which everything must be right, and again",
        course.arrive_s, course.storm_s, course.heal_s, course.calm_s
    );
    if let Some(cell) = simulation.cell() {
        println!("cell {cell}");
    }
    println!("{} faults are planned:", plan.len());
    plan.iter().for_each(|planned| println!("{planned}"));
    println!();
}

/// What one run showed.
pub fn report(report: &Report, replay: &str, interrupted: bool) {
    if interrupted {
        println!("stopped after {} simulated seconds", report.simulated_s);
    }
    counts(&report.counts);
    row("longest_overlap_ms", report.longest_overlap_ms);
    row("digest", &report.digest);
    tally("faults that fired", &report.faults);
    tally("comparisons", &report.checks);
    println!();
    for violation in &report.first_violations {
        println!("{:>7} ms  {}: {}", violation.at_ms, violation.checker, violation.what);
    }
    for ill in &report.unfired {
        println!("{ill} never fired, so that this cell has shown nothing");
    }
    match report.violations {
        0 if interrupted => println!("everything held until then"),
        0 => println!("everything held"),
        found => println!("{found} violations; again with\n  {replay}"),
    }
}

/// What many runs showed.
pub fn suite(job: &Job<'_>, suite: &FaultSuite, seeds: Seeds, interrupted: bool) {
    if interrupted {
        println!("stopped after {} of {} seeds", suite.runs, seeds.count());
    }
    println!("{}, seeds {seeds}", suite.scenario);
    row("runs", suite.runs);
    row("held", suite.held);
    row("simulated_s", suite.simulated_s);
    counts(&suite.counts);
    row("longest_overlap_ms", suite.longest_overlap_ms);
    row("digest", &suite.digest);
    tally("faults that fired", &suite.faults);
    tally("comparisons", &suite.checks);
    println!();
    suite.unproven.iter().for_each(|gap| println!("not put to the test: {gap}"));
    for run in &suite.failed {
        let first = run.first.as_ref().map(|v| format!("{} ms {}: {}", v.at_ms, v.checker, v.what));
        println!("seed {}: {} violations, first at {}", run.seed, run.violations, first.unwrap_or_default());
        println!("  {}", command(job, run.seed));
    }
    match (suite.failed.len(), suite.holds()) {
        (0, _) if interrupted => println!("everything held until then"),
        (0, true) => println!("everything held"),
        (0, false) => println!("nothing was violated, but so many runs must put everything to the test"),
        (failed, _) => println!("{failed} of {} seeds failed", suite.runs),
    }
}

fn counts(counts: &Counts) {
    for (name, value) in [
        ("sessions", counts.sessions),
        ("border_crossings", counts.border_crossings),
        ("frames_published", counts.frames_published),
        ("frames_delivered", counts.frames_delivered),
        ("updates_delivered", counts.updates_delivered),
        ("gaps", counts.gaps),
        ("keyframes", counts.keyframes),
        ("deeds", counts.deeds),
        ("deeds_repeated", counts.deeds_repeated),
        ("sessions_replaced", counts.sessions_replaced),
    ] {
        row(name, value);
    }
}

fn tally<K: Ord + Copy + std::fmt::Display>(title: &str, tally: &Tally<K>) {
    println!("{title}:");
    tally.iter().for_each(|(kind, times)| println!("  {kind:<28} {times}"));
}

pub fn row(name: &str, value: impl std::fmt::Display) {
    println!("{name:<18} {value}");
}

/// What one run with figures showed.
pub fn run(run: &Run) {
    let outcome = &run.outcome;
    println!("{}, seed {}: {}", outcome.scenario, outcome.seed, outcome.about);
    if run.interrupted {
        println!("stopped after {} simulated minutes", outcome.simulated_ms / 60_000);
    }
    println!();
    outcome.figures.iter().for_each(|(name, value)| println!("{name:<32} {value:>12}"));
    for shown in outcome.tables.iter().filter(|shown| shown.rows.len() <= TABLE_ROWS) {
        println!("\n{}", shown.title);
        table(&shown.head, &shown.rows);
    }
    if let Some(rival) = &run.rival {
        println!("\n{}", rival.name);
        sweep(rival);
    }
    if let Some(other) = &run.compared {
        println!("\nagainst {}", other.outcome.scenario);
        let value =
            |figures: &BTreeMap<String, u64>, name: &String| figures.get(name).map_or_else(String::new, u64::to_string);
        for name in outcome.figures.keys() {
            let (ours, theirs) = (value(&outcome.figures, name), value(&other.outcome.figures, name));
            println!("{name:<32} {ours:>12} {theirs:>12}");
        }
    }
    println!();
    let measured = &run.measured;
    row("digest", &outcome.digest);
    row("events", outcome.events);
    row("events_per_second", measured.events_per_second);
    row("realtime_factor", measured.realtime_factor);
    row("wall_ms", measured.wall_ms);
    if let Some(cpu_ms) = measured.cpu_ms {
        row("cpu_ms", cpu_ms);
    }
    if let Some(bytes) = measured.peak_memory_bytes {
        row("peak_memory_mib", bytes / (1 << 20));
    }
    println!();
    outcome.violations.iter().for_each(|violation| println!("violation: {violation}"));
    assertions(&outcome.assertions, run.interrupted);
    if !run.holds() {
        println!("again with\n  {}", run.replay);
    }
}

/// The demands and whether they were met, or might have been met by a run that was not stopped.
fn assertions(assertions: &[Assertion], interrupted: bool) {
    for assertion in assertions {
        let verdict = match (assertion.passed, interrupted && !assertion.is_beyond_mending()) {
            (true, _) => "held  ",
            (false, true) => "so far",
            (false, false) => "BROKEN",
        };
        let side = match assertion.side {
            Side::AtLeast => "at least",
            Side::AtMost => "at most",
        };
        let value = assertion.value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        println!("{verdict} {}: {value}, {side} {}", assertion.name, assertion.bound);
    }
}

/// What each value of a sweep gave: the figures that differ.
pub fn sweep(sweep: &Sweeping) {
    let differs = |name: &&String| {
        let mut values = sweep.values.iter().map(|swept| swept.figures.get(*name));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let names = sweep.values.first().map(|swept| swept.figures.keys()).into_iter().flatten();
    let names: Vec<&String> = names.filter(differs).collect();
    let head: Vec<String> =
        [sweep.key.clone()].into_iter().chain(sweep.values.iter().map(|s| s.value.clone())).collect();
    let row = |name: &&String| {
        let value = |swept: &Swept| swept.figures.get(*name).map_or_else(String::new, u64::to_string);
        [(*name).clone()].into_iter().chain(sweep.values.iter().map(value)).collect()
    };
    table(&head, &names.iter().map(row).collect::<Vec<_>>());
    for swept in &sweep.values {
        let broken = swept.assertions.iter().filter(|assertion| !assertion.passed);
        let broken: Vec<&str> = broken.map(|assertion| assertion.name.as_str()).collect();
        if !broken.is_empty() && sweep.by.is_none() {
            println!("{}={}: broken: {}", sweep.key, swept.value, broken.join(", "));
        }
    }
    if let (Some(by), Some(best)) = (&sweep.by, &sweep.best) {
        println!("best by {by}: {}={best}", sweep.key);
    }
}

/// What many seeds showed.
pub fn seeds(suite: &Suite) {
    if suite.interrupted {
        println!("stopped after {} seeds", suite.runs);
    }
    let head = ["figure", "least", "median", "most"].map(str::to_owned);
    let row = |(name, spread): (&String, &Spread)| {
        vec![name.clone(), spread.least.to_string(), spread.median.to_string(), spread.most.to_string()]
    };
    table(&head, &suite.figures.iter().map(row).collect::<Vec<_>>());
    println!();
    for seed in suite.seeds.iter().filter(|seed| !seed.held) {
        println!("seed {} did not hold", seed.seed);
    }
    self::row("runs", suite.runs);
    self::row("held", suite.held);
    self::row("digest", &suite.digest);
    self::row("events_per_second", suite.measured.events_per_second);
    assertions(&suite.assertions, false);
    if suite.held < suite.runs {
        println!("again with\n  {}", suite.replay);
    }
}

/// Rows of the longest table that is printed; longer ones are for the report.
const TABLE_ROWS: usize = 40;

/// A table with its columns as wide as they must be.
fn table(head: &[String], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in [head].into_iter().chain(rows.iter().map(Vec::as_slice)) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let number = cell.chars().all(|c| c.is_ascii_digit());
            if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        println!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_would_cut_it() {
        let cases = [("simulations/a-1.toml", "simulations/a-1.toml"), ("a b", "'a b'"), ("it's", r"'it'\''s'")];
        for (word, expected) in cases {
            assert_eq!(quoted(word), expected);
        }
    }
}
