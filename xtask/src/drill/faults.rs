//! The drills in a lab: one kind of fault again and again, while players play. What each measures is in its own file;
//! here is what they share.

mod cut;
mod kill;
mod pause;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::bots::Bots;
use super::findings::Findings;
use super::lab::{Lab, Place};
use super::stage::Stage;
use super::watch::Look;
use super::{Drill, Order, bounds, say};

/// Nodes of a lab.
const NODES: u16 = 3;

/// Inside of a lab: the whole drill.
pub fn run(drill: Drill, order: &Order, lab: Lab) -> Result<Findings> {
    let addresses: Vec<String> = (1..=NODES).map(Lab::clients_of).collect();
    let bots = Bots::start(lab.binary(), &addresses, order.bots)?;
    let maps = (1..=NODES).map(|node| (node, Lab::map_of(node))).collect();
    let mut play = Play { lab, stage: Stage::new(bots, order.bots, maps), times: BTreeMap::new() };
    play.stage.enter()?;
    let (done, silence) = match drill {
        Drill::Kill => (play.repeat(order, kill::once)?, bounds::SILENCE),
        Drill::Pause => (play.repeat(order, pause::once)?, bounds::PAUSE_SILENCE),
        Drill::Cut => (play.repeat(order, cut::once)?, bounds::SILENCE),
        Drill::Cluster | Drill::Hostile | Drill::Ledger | Drill::All => unreachable!("it has no lab"),
    };
    play.stage.findings.at_least("faults", done, u64::from(order.count));
    play.tell_times();
    play.stage.finish(silence)
}

/// Opens the lab that all of these drills have.
pub fn open(binary: &std::path::Path, logs: &std::path::Path) -> Result<Lab> {
    say("building a network and starting the cluster in it");
    Lab::open(binary, logs, NODES)
}

/// A lab and the play in it.
struct Play {
    lab: Lab,
    stage: Stage,
    /// What was timed, each with its bound, in milliseconds.
    times: BTreeMap<&'static str, Times>,
}

/// Times of one kind.
struct Times {
    bound: Duration,
    /// Those that came about.
    took: Vec<f64>,
    /// How often it was not so in time.
    missed: u64,
}

impl Play {
    /// Faults until there are enough of them, and for as long as was asked for. Returns how many there were.
    fn repeat(&mut self, order: &Order, once: fn(&mut Play, u32) -> Result<()>) -> Result<u64> {
        let mut done = 0;
        while done < order.count || self.stage.elapsed() < order.time {
            once(self, done).with_context(|| format!("fault {} of {}", done + 1, order.count))?;
            self.lab.check()?;
            done += 1;
        }
        Ok(u64::from(done))
    }

    /// Takes note of a time.
    fn note(&mut self, key: &'static str, took: Option<Duration>, bound: Duration) {
        let times = self.times.entry(key).or_insert(Times { bound, took: Vec::new(), missed: 0 });
        match took {
            Some(took) => times.took.push(took.as_secs_f64() * 1_000.0),
            None => times.missed += 1,
        }
    }

    /// Waits until something is so, and takes note of the time.
    fn time(&mut self, key: &'static str, bound: Duration, what: &str, wanted: impl Fn(&Stage, &[Look]) -> bool) {
        let took = self.stage.time_until(bound, what, wanted);
        self.note(key, took, bound);
    }

    fn tell_times(&mut self) {
        for (key, Times { bound, took, missed }) in std::mem::take(&mut self.times) {
            self.stage.findings.timed(key, &took, missed, bound);
        }
    }

    /// A node starts again.
    fn restart(&mut self, node: u16) -> Result<()> {
        let began = Instant::now();
        self.lab.restart(Place::Node(node))?;
        self.stage.with(node, Lab::map_of(node));
        let joined = self.stage.until(bounds::JOINED, "the node has links with all others", Stage::all_are_in);
        self.note("rejoined_ms", joined.is_ok().then(|| began.elapsed()), bounds::JOINED);
        Ok(())
    }

    /// One more of a kind of fault that has struck.
    fn fired(&mut self, kind: &str) {
        self.stage.findings.count("fired", kind);
    }
}
