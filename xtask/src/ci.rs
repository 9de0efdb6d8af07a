//! `cargo xtask ci`: every check that must be green before a change lands, one step after the other.
//!
//! All steps take the whole workspace with its default features, so that nothing is built twice. A failing step does
//! not hide the later ones. What cannot run on this machine says so in the closing table, and so do steps that take a
//! build of their own for minutes: they run when they are named, or with `--all`. The tests come last, and the closing
//! line of their runner is repeated as the very last line.

use std::time::{Duration, Instant};

use anyhow::bail;

mod runner;
mod steps;

use runner::Outcome;
use steps::Step;

/// Arguments of `cargo xtask ci`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask ci\n  cargo xtask ci format clippy\n  cargo xtask ci --all")]
pub struct Args {
    /// Only these steps, in the usual order; all when none is named
    #[arg(value_name = "STEP")]
    only: Vec<String>,
    /// The dear steps too, which build the SDK of Couchbase
    #[arg(long)]
    all: bool,
    /// Name the steps and what each runs, and do nothing
    #[arg(long)]
    list: bool,
}

/// Runs the steps and prints the closing table.
pub fn run(args: &Args) -> anyhow::Result<bool> {
    let steps = chosen(steps::all(), &args.only)?;
    if args.list {
        for step in &steps {
            println!("{:<10} {}", step.name, step.command_line());
        }
        return Ok(true);
    }
    let asked_for = |step: &Step| args.all || args.only.iter().any(|name| name == step.name);
    let steps = steps.into_iter().map(|step| if asked_for(&step) { step } else { step.unless_dear() });
    let done: Vec<Done> = steps.map(perform).collect();
    print_table(&done);
    Ok(done.iter().all(|done| !matches!(done.outcome, Outcome::Failed { .. })))
}

struct Done {
    step: Step,
    outcome: Outcome,
    took: Duration,
}

fn chosen(steps: Vec<Step>, only: &[String]) -> anyhow::Result<Vec<Step>> {
    if let Some(unknown) = only.iter().find(|name| steps.iter().all(|step| step.name != **name)) {
        let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        bail!("there is no step `{unknown}`; the steps are {}", names.join(", "));
    }
    Ok(steps.into_iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)).collect())
}

fn perform(step: Step) -> Done {
    println!("\n==> {}: {}", step.name, step.command_line());
    let started = Instant::now();
    let outcome = runner::run(&step);
    let took = started.elapsed();
    println!("==> {}", verdict(&step, &outcome, took));
    Done { step, outcome, took }
}

fn print_table(done: &[Done]) {
    println!();
    for Done { step, outcome, took } in done {
        println!("{}", verdict(step, outcome, *took));
    }
    for Done { outcome, .. } in done {
        if let Outcome::Passed { closing: Some(line) } | Outcome::Failed { closing: Some(line) } = outcome {
            println!("{line}");
        }
    }
}

fn verdict(step: &Step, outcome: &Outcome, took: Duration) -> String {
    let name = step.name;
    let seconds = took.as_secs_f64();
    match outcome {
        Outcome::Passed { .. } => format!("{name:<10} ok       {seconds:>6.1} s"),
        Outcome::Failed { .. } => format!("{name:<10} FAILED   {seconds:>6.1} s  rerun: {}", step.command_line()),
        Outcome::NotRun { why } => format!("{name:<10} not run: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_with_the_names_of_all() {
        let error = chosen(steps::all(), &["clipy".to_owned()]).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("`clipy`") && text.contains("clippy")));
    }

    #[test]
    fn chosen_steps_keep_the_usual_order() {
        let steps = chosen(steps::all(), &["tidy".to_owned(), "format".to_owned()]).expect("both exist");
        assert_eq!(steps.iter().map(|step| step.name).collect::<Vec<_>>(), ["format", "tidy"]);
    }

    #[test]
    fn a_failure_names_the_command_that_repeats_it() {
        let steps = chosen(steps::all(), &["docs".to_owned()]).expect("it exists");
        let line = verdict(&steps[0], &Outcome::Failed { closing: None }, Duration::from_millis(1500));
        assert_eq!(
            line,
            "docs       FAILED      1.5 s  rerun: RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps"
        );
    }

    #[test]
    fn what_is_dear_says_that_it_did_not_run() {
        for step in steps::all() {
            let (name, runs) = (step.name, step.dear.is_none() && step.absent.is_none());
            assert_eq!(step.unless_dear().absent.is_none(), runs, "{name}");
        }
    }

    #[test]
    fn the_tests_come_last() {
        assert_eq!(steps::all().last().map(|step| step.name), Some("tests"));
    }
}
