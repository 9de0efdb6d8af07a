//! What people read: the plan of a seed, what a run or a suite showed, and the command that does it again.

use simulator::{Counts, Planned, Report, Scenario, Suite, Tally};

use super::Job;
use super::seeds::Seeds;

/// The command that runs one seed again.
pub fn command(job: &Job<'_>, seed: u64) -> String {
    format!("{} --seed {seed}{}", base(job), plant(job))
}

/// The command that runs many seeds again.
pub fn suite_command(job: &Job<'_>, seeds: Seeds) -> String {
    format!("{} --seeds {seeds}{}", base(job), plant(job))
}

fn base(job: &Job<'_>) -> String {
    format!("tombolo simulate {}", quoted(&job.file.to_string_lossy()))
}

fn plant(job: &Job<'_>) -> String {
    job.planted.which().map(|plant| format!(" --plant {}", plant.name())).unwrap_or_default()
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The whole plan of a seed.
pub fn plan(scenario: &Scenario, seed: u64, plan: &[Planned]) {
    let (course, players) = (&scenario.course, scenario.players.count);
    println!("{}, seed {seed}: {} nodes, {players} players, {} s", scenario.name, scenario.world.nodes, course.seconds);
    println!(
        "from {} s on: {} s of storm, {} s to heal, {} s of calm in which everything must be right, and again",
        course.arrive_s, course.storm_s, course.heal_s, course.calm_s
    );
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
    match report.violations {
        0 if interrupted => println!("everything held until then"),
        0 => println!("everything held"),
        found => println!("{found} violations; again with\n  {replay}"),
    }
}

/// What many runs showed.
pub fn suite(job: &Job<'_>, suite: &Suite, seeds: Seeds, interrupted: bool) {
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

fn row(name: &str, value: impl std::fmt::Display) {
    println!("{name:<18} {value}");
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
