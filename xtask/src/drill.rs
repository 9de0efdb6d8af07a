//! `cargo xtask drill`: real processes, real faults, and stated bounds within which everything must be well again.
//!
//! A drill starts a cluster by `scripts/cluster` and players by `tombolo bots`, breaks something, and measures. What it
//! asserts is behaviour within the bounds of [`bounds`], which `docs/operations.md` states with their reasons; it never
//! asserts a speed. Whatever way it ends, nothing that it started is left.

use std::time::Duration;

use anyhow::{Result, anyhow};

mod bots;
mod bounds;
mod cluster;
mod findings;
mod http;
mod phases;
mod verdict;
mod watch;

use findings::Findings;

/// Arguments of `cargo xtask drill`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask drill --short\n  cargo xtask drill cluster --bots 200 --for 120s --json"
)]
pub struct Args {
    /// Only this drill; all when none is named
    #[arg(value_enum, value_name = "DRILL")]
    only: Option<Drill>,
    /// Players [default: 200, and 40 with --short]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=5_000))]
    bots: Option<u32>,
    /// Play at least this long, such as 60s [default: as long as the faults take]
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    time: Option<Duration>,
    /// Fewer players, and each kind of fault once
    #[arg(long)]
    short: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// The drills that there are.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Drill {
    /// Three nodes: one is killed, etcd is away, one is stopped
    Cluster,
}

/// What a drill is to do.
pub struct Order {
    /// Players.
    pub bots: u32,
    /// How long they play at least.
    pub time: Duration,
    /// Whether each kind of fault once is enough.
    pub short: bool,
}

/// Runs the drills and prints what they found.
pub fn run(args: &Args) -> Result<bool> {
    let order = Order {
        bots: args.bots.unwrap_or(if args.short { 40 } else { 200 }),
        time: args.time.unwrap_or_default(),
        short: args.short,
    };
    let findings = match args.only {
        None | Some(Drill::Cluster) => phases::run(&order)?,
    };
    show(&findings, args.json);
    Ok(findings.is_well())
}

fn show(findings: &Findings, json: bool) {
    if json {
        println!("{}", findings.to_json());
        eprint!("{}", findings.table());
    } else {
        print!("{}", findings.table());
    }
}

/// Tells a person how far it is; standard output is for the result.
fn say(text: &str) {
    eprintln!("drill: {text}");
}

/// A time such as `90s` or `2m`.
fn seconds(text: &str) -> Result<Duration> {
    let wrong = || anyhow!("expected a time such as 90s or 2m");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(factor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        let cases = [("90s", Some(90)), ("2m", Some(120)), ("90", None), ("", None), ("s", None), ("2h", None)];
        for (text, expected) in cases {
            assert_eq!(seconds(text).ok().map(|time| time.as_secs()), expected, "{text:?}");
        }
    }
}
