//! `cargo xtask fuzz`: every fuzz target for longer than in the tests.
//!
//! The targets are the tests whose names begin with `fuzz_`. In `cargo test` each runs its kept inputs and then new ones
//! for a second; here each gets the time that is asked for, one after the other, in the build that the tests use, with its
//! overflow checks and assertions. An input that fails is printed with its bytes and a seed (`BOLERO_RANDOM_SEED`): mend
//! the code, name a test after what was wrong, and keep the bytes in `__fuzz__/TARGET/corpus` beside the target.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask fuzz --for 10m\n  cargo xtask fuzz --for 1h node\n\n\
    Exit code 0: nothing was found. 1: something was. 2: it could not run.")]
pub struct Args {
    /// Only targets whose names contain this
    #[arg(value_name = "NAME", default_value = "")]
    only: String,
    /// All of them together, such as 10m
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = crate::drill::seconds)]
    time: Duration,
}

/// A target: the package and the full name of its test.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    package: String,
    test: String,
}

/// Packages that have targets.
const PACKAGES: &[&str] = &["fuzz", "store-shared", "directory-etcd", "mesh-zeromq", "tombolo", "bots"];

/// Runs the targets. True if nothing was found.
///
/// # Errors
/// The targets do not build, or there are none of that name.
pub fn run(args: &Args) -> Result<bool> {
    let mut targets = Vec::new();
    for package in PACKAGES {
        let output = workspace::cargo().args(["test", "--package", package, "--", "--list", "fuzz_"]).output();
        let output = output.context("cargo test")?;
        ensure!(output.status.success(), "cargo test --package {package}: {}", String::from_utf8_lossy(&output.stderr));
        targets.extend(listed(package, &String::from_utf8_lossy(&output.stdout)));
    }
    targets.retain(|target| target.test.contains(&args.only));
    ensure!(!targets.is_empty(), "no fuzz target is named `{}`", args.only);
    let each = args.time / u32::try_from(targets.len()).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    for target in &targets {
        eprintln!("fuzz: {}: {} for {} s", target.package, target.test, each.as_secs());
        let began = Instant::now();
        let status = workspace::cargo()
            .args(["test", "--quiet", "--package", &target.package, "--", "--exact", &target.test, "--nocapture"])
            .env("BOLERO_RANDOM_TEST_TIME_MS", each.as_millis().to_string())
            .status()
            .context("cargo test")?;
        if !status.success() {
            found.push(target.test.clone());
        }
        eprintln!(
            "fuzz: {}: {} after {} s",
            target.test,
            if status.success() { "nothing" } else { "FOUND" },
            began.elapsed().as_secs()
        );
    }
    println!(
        "fuzz: {} targets, found by: {}",
        targets.len(),
        if found.is_empty() { "none".into() } else { found.join(", ") }
    );
    Ok(found.is_empty())
}

/// The targets in what `cargo test -- --list` prints.
fn listed(package: &str, text: &str) -> Vec<Target> {
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    let targets = names.filter(|name| name.rsplit("::").next().is_some_and(|last| last.starts_with("fuzz_")));
    targets.map(|test| Target { package: package.to_owned(), test: test.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_by_their_names() {
        let text =
            "a::fuzz_node: test\na::refuzz_it: test\nfuzz_all: test\nfuzz_bench: benchmark\n\n2 tests, 1 benchmark\n";
        let names: Vec<_> = listed("p", text).into_iter().map(|target| target.test).collect();
        assert_eq!(names, ["a::fuzz_node", "fuzz_all"]);
    }
}
