//! `cargo xtask drill`: real processes, real faults, and stated bounds within which everything must be well again.
//!
//! A drill starts a cluster and players by `tombolo bots`, breaks something, and measures. What it asserts is behaviour
//! within the bounds of [`bounds`], which `docs/operations.md` states with their reasons; it never asserts a speed.
//! Whatever way it ends, nothing that it started is left.
//!
//! `cluster` is one of each fault on a cluster of `scripts/cluster` ([`phases`]). `hostile` is harm from outside on another
//! ([`mod@hostile`]). `ledger` kills nodes and the store while players do deeds, and compares what they were told with what is
//! stored ([`ledger`]). `kill`, `pause` and `cut` are many
//! faults of one kind ([`faults`]), in a network of their own ([`lab`]). Where that cannot be made they did not run, which
//! is an end of its own ([`NotRun`]) and never a good one.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::{Map, Value};

mod bots;
mod bounds;
mod cluster;
mod faults;
mod findings;
mod hostile;
mod http;
mod lab;
mod ledger;
mod phases;
mod stage;
mod verdict;
mod watch;

use crate::workspace;
use findings::Findings;

/// Arguments of `cargo xtask drill`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask drill --short\n  cargo xtask drill cluster --bots 200 --for 120s --json\n  \
    cargo xtask drill cut --bots 200 --count 33\n  \
    cargo xtask drill hostile --bots 200 --for 30s --json\n  \
    cargo xtask drill ledger --for 120s --json\n  cargo xtask drill ledger --short --plant rollback   must fail\n  \
    cargo xtask drill all --short\n\n\
    Exit code 0: everything held. 1: a bound was broken. 2: the drill itself failed. 3: it did not run, because kill,\n\
    pause and cut need root with CAP_NET_ADMIN and CAP_SYS_ADMIN, and nft."
)]
pub struct Args {
    /// Which drill
    #[arg(value_enum, default_value = "cluster", value_name = "DRILL")]
    which: Drill,
    /// Players [default: 200, and 40 with --short]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=5_000))]
    bots: Option<u32>,
    /// Faults of kill, pause and cut [default: 12, and 3 with --short]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: Option<u32>,
    /// Play at least this long, such as 60s [default: as long as the faults take]
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    time: Option<Duration>,
    /// Fewer players, and each kind of fault once
    #[arg(long)]
    short: bool,
    /// A fault that the ledger must find, so that the drill fails
    #[arg(long, value_enum, value_name = "PLANT")]
    plant: Option<ledger::Plant>,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// The binary to run; given to the process that is in the namespaces already
    #[arg(long, hide = true)]
    inside: Option<PathBuf>,
}

/// The drills that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Drill {
    /// Three nodes of scripts/cluster: one is killed, etcd is away, one is stopped
    Cluster,
    /// kill -9 of a node and its restart, again and again
    Kill,
    /// A node stands still for 1 to 12 s, again and again
    Pause,
    /// A host is cut off from another, from etcd or from the store, again and again
    Cut,
    /// Clients and peers that mean harm, beside honest players
    Hostile,
    /// Gatherers and traders, while a node or the store is killed every 5 s: is what they were told still so?
    Ledger,
    /// All of these, one after the other
    All,
}

impl Drill {
    fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Cut => "cut",
            Self::Hostile => "hostile",
            Self::Ledger => "ledger",
            Self::All => "all",
        }
    }
}

/// What a drill is to do.
#[derive(Clone, Copy)]
pub struct Order {
    /// Players.
    pub bots: u32,
    /// How many faults, where they are counted.
    pub count: u32,
    /// How long they play at least.
    pub time: Duration,
    /// Whether each kind of fault once is enough.
    pub short: bool,
    /// What is planted, for the ledger.
    pub plant: Option<ledger::Plant>,
}

/// A drill that did not run, and why.
#[derive(Debug)]
pub struct NotRun {
    which: &'static str,
    why: String,
}

impl std::fmt::Display for NotRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the drill {} did NOT RUN: {}", self.which, self.why)
    }
}

impl std::error::Error for NotRun {}

/// Runs the drills and prints what they found.
///
/// # Errors
/// [`NotRun`] if one of them cannot run here and the others held.
pub fn run(args: &Args) -> Result<bool> {
    let order = Order {
        bots: args.bots.unwrap_or(if args.short { 40 } else { 200 }),
        count: args.count.unwrap_or(if args.short { 3 } else { 12 }),
        time: args.time.unwrap_or_default(),
        short: args.short,
        plant: args.plant,
    };
    anyhow::ensure!(args.plant.is_none() || args.which == Drill::Ledger, "--plant is for the drill ledger");
    if let Some(binary) = &args.inside {
        lab::door::watch_the_door();
        let findings = faults::run(args.which, &order, faults::open(binary, &logs(args.which))?)?;
        println!("{}", serde_json::to_string(&findings)?);
        return Ok(true);
    }
    match args.which {
        Drill::All => all(&order, args.json),
        one => {
            let findings = drill(one, &order)?;
            show(&findings, args.json);
            Ok(findings.is_well())
        }
    }
}

/// All drills. One that fails does not hide the others.
fn all(order: &Order, json: bool) -> Result<bool> {
    let (mut objects, mut well, mut not_run) = (Map::new(), true, None);
    for which in [Drill::Cluster, Drill::Ledger, Drill::Hostile, Drill::Kill, Drill::Pause, Drill::Cut] {
        eprintln!("drill: --- {}", which.name());
        match drill(which, order) {
            Ok(findings) => {
                well &= findings.is_well();
                eprint!("{}", findings.table());
                objects.insert(which.name().to_owned(), findings.to_json());
            }
            Err(error) => {
                eprintln!("drill: {}: {error:#}", which.name());
                objects
                    .insert(which.name().to_owned(), serde_json::json!({ "ok": false, "error": format!("{error:#}") }));
                match error.downcast::<NotRun>() {
                    Ok(reason) => not_run = Some(reason),
                    Err(_) => well = false,
                }
            }
        }
    }
    if json {
        objects.insert("ok".to_owned(), Value::Bool(well && not_run.is_none()));
        println!("{}", Value::Object(objects));
    }
    match not_run {
        Some(reason) if well => Err(reason.into()),
        _ => Ok(well),
    }
}

fn drill(which: Drill, order: &Order) -> Result<Findings> {
    if which == Drill::Cluster {
        return phases::run(order);
    }
    if which == Drill::Hostile {
        return hostile::run(order);
    }
    if which == Drill::Ledger {
        return ledger::run(order);
    }
    if let Some(why) = lab::door::closed() {
        return Err(NotRun { which: which.name(), why }.into());
    }
    let [bots, count, time] = [u64::from(order.bots), u64::from(order.count), order.time.as_secs()];
    let words = format!("drill {} --bots {bots} --count {count} --for {time}s", which.name());
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    lab::door::enter(&words, &logs(which)).with_context(|| format!("the drill {}", which.name()))
}

/// Where the logs of a drill's processes are, and those of its last run.
fn logs(which: Drill) -> PathBuf {
    workspace::root().join("target/drill").join(which.name())
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
pub(crate) fn seconds(text: &str) -> Result<Duration> {
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
