//! The drill `ledger`: gatherers and traders do deeds and write down what they were told, while every five seconds a node
//! or the store is killed and started again. In the end the store is dumped, and `tombolo store ledger` holds it to the
//! receipts: nothing that was acknowledged may be missing or doubled, and the items of the world must balance.
//!
//! Everything is real: three nodes, a store on disk that they share, players in a process of their own. What the servers
//! count is not asked for. With a plant the evidence or the store is spoiled, and the drill must fail.

mod plants;

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::bots::Bots;
use super::cluster::Cluster;
use super::findings::Findings;
use super::stage::Stage;
use super::verdict;
use super::watch;
use super::{Order, bounds, say};
pub use plants::Plant;

/// Nodes of the cluster.
const NODES: u16 = 3;
/// How long they play, unless told otherwise.
const TIME: Duration = Duration::from_secs(120);
/// The same in a short drill.
const SHORT_TIME: Duration = Duration::from_secs(30);
/// From one kill to the next. A process that takes longer to serve again is waited for.
const EVERY: Duration = Duration::from_secs(5);
/// Who plays. Two in three gather, so that there is something to trade.
const BEHAVIOURS: &str = "gatherer,trader,gatherer";
/// What is killed, in turn.
const VICTIMS: [&str; 4] = ["1", "store", "2", "3"];

/// The drill under way.
struct Run {
    cluster: Cluster,
    stage: Stage,
    plant: Option<Plant>,
    planted: bool,
    kills: u64,
    store_kills: u64,
    slowest: Duration,
}

/// Runs the drill.
pub fn run(order: &Order) -> Result<Findings> {
    let time = match (order.time, order.short) {
        (time, _) if !time.is_zero() => time,
        (_, true) => SHORT_TIME,
        _ => TIME,
    };
    say("starting the cluster, with a store on disk");
    let cluster = Cluster::up_with(NODES, &[("TOMBOLO_CLUSTER_STORE", "disk".to_owned())])?;
    let logs = cluster.logs();
    drill(cluster, order, time).with_context(|| format!("the logs of the processes are in {logs}"))
}

fn drill(cluster: Cluster, order: &Order, time: Duration) -> Result<Findings> {
    let addresses: Vec<String> = (1..=NODES).map(|node| Cluster::clients_of(node).to_string()).collect();
    let (binary, receipts) = (cluster.binary()?, cluster.path("receipts.jsonl"));
    let bots = Bots::told(&binary, &addresses, order.bots, BEHAVIOURS, &receipts)?;
    let nodes = (1..=NODES).map(|node| (node, Cluster::map_of(node))).collect();
    let stage = Stage::new(bots, order.bots, nodes);
    let (plant, planted) = (order.plant, false);
    let mut run = Run { cluster, stage, plant, planted, kills: 0, store_kills: 0, slowest: Duration::ZERO };
    run.stage.enter()?;
    run.play(time)?;
    run.settle()?;
    let Run { cluster, stage, plant, planted, kills, store_kills, slowest } = run;
    let (report, mut findings) = stage.leave()?;
    if let Some(plant) = plant.filter(|plant| !plant.is_of_store()) {
        plants::spoil(plant, &receipts)?;
    }
    if let Some(plant) = plant.filter(|plant| plant.is_of_store() && !planted) {
        bail!("the plant {plant:?} was never planted: the store was not killed; play longer");
    }
    findings.at_least("kills", kills, 1);
    findings.tell("store_kills", store_kills);
    findings.tell("restart_max_ms", millis(slowest));
    judge_players(&report, &mut findings)?;
    judge_store(&cluster, &binary, &receipts, u64::from(order.bots), &mut findings)?;
    Ok(findings)
}

impl Run {
    /// Kills one after the other.
    fn play(&mut self, time: Duration) -> Result<()> {
        say(&format!("for {} s something is killed every {} s", time.as_secs(), EVERY.as_secs()));
        let began = Instant::now();
        for victim in VICTIMS.iter().cycle() {
            let next = Instant::now() + EVERY;
            if self.plant.is_some_and(Plant::is_of_store) && *victim == "store" {
                plants::remember(&self.cluster, self.plant)?;
            }
            sleep(next.saturating_duration_since(Instant::now()));
            if began.elapsed() >= time {
                return Ok(());
            }
            self.kill(victim)?;
        }
        Ok(())
    }

    fn kill(&mut self, victim: &str) -> Result<()> {
        let node: Option<u16> = victim.parse().ok();
        if let Some(node) = node {
            self.stage.without(node);
        }
        self.cluster.call(&["kill", victim])?;
        self.kills += 1;
        if node.is_none() {
            self.store_kills += 1;
            if let Some(plant) = self.plant.filter(|plant| plant.is_of_store() && !self.planted) {
                plants::plant(plant, &self.cluster)?;
                self.planted = true;
            }
        }
        let began = Instant::now();
        self.cluster.call(&["start", victim])?;
        self.slowest = self.slowest.max(began.elapsed());
        if let Some(node) = node {
            self.stage.with(node, Cluster::map_of(node));
        }
        Ok(())
    }

    /// Nothing is killed any more: all players come back.
    fn settle(&mut self) -> Result<()> {
        let players = self.stage.players;
        let back = self.stage.time_until(bounds::CLIENTS_BACK, "all players are back in the world", |_, looks| {
            watch::sessions(looks) == players
        });
        self.stage.in_time("all_back_ms", back, bounds::CLIENTS_BACK);
        self.stage.rest(bounds::REST)
    }
}

/// What the players saw themselves.
fn judge_players(report: &Value, findings: &mut Findings) -> Result<()> {
    let deeds = &report["deeds"];
    findings.tell("deeds_done", verdict::count(&deeds["done"])?);
    findings.tell("deeds_by_name", deeds["done_by_deed"].clone());
    findings.tell("refused_by_code", deeds["refused_by_code"].clone());
    findings.tell("answer_ms", spread(&deeds["answer_ms"]));
    findings.at_most("failed", verdict::count(&report["failed"])?, 0);
    findings.at_most("violations", verdict::count(&report["violations"])?, 0);
    findings.at_most("wrong_answers", verdict::count(&deeds["wrong"])?, 0);
    if deeds["wrong"] != 0 {
        findings.tell("wrongs", deeds["wrongs"].clone());
    }
    let resume = &report["resume_ms"];
    let most = resume["max"].as_f64().context("the report has no `resume_ms`")?;
    let bound = millis(bounds::CLIENTS_BACK);
    findings.judged("resume_ms", spread(resume), format!("max at most {bound}"), most <= bound as f64);
    Ok(())
}

/// What the store says to what the players were told.
fn judge_store(cluster: &Cluster, binary: &Path, receipts: &Path, players: u64, findings: &mut Findings) -> Result<()> {
    let (data, dump) = (cluster.path("store"), cluster.path("dump.jsonl"));
    let mut command = Command::new(binary);
    command.args(["store", "dump", "--data"]).arg(&data).arg("--to").arg(&dump);
    let dumped = command.stdin(Stdio::null()).output().context("tombolo store dump")?;
    if !dumped.status.success() {
        bail!("tombolo store dump: {}", String::from_utf8_lossy(&dumped.stderr).trim());
    }
    let mut command = Command::new(binary);
    command.args(["store", "ledger", "--from"]).arg(&dump).arg("--receipts").arg(receipts);
    let output = command.stdin(Stdio::null()).output().context("tombolo store ledger")?;
    let ledger: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("tombolo store ledger: {}", String::from_utf8_lossy(&output.stderr).trim()))?;
    judge_ledger(&ledger, players, findings)
}

fn judge_ledger(ledger: &Value, players: u64, findings: &mut Findings) -> Result<()> {
    findings.at_least("acknowledged", verdict::count(&ledger["acknowledged"])?, players);
    for key in ["missing", "doubled", "unexplained", "imbalance", "unreadable"] {
        findings.at_most(key, verdict::count(&ledger[key])?, 0);
    }
    for key in ["accounts", "refused", "unanswered", "unanswered_done"] {
        findings.tell(key, verdict::count(&ledger[key])?);
    }
    if ledger["faults"].as_array().is_some_and(|faults| !faults.is_empty()) {
        findings.tell("faults", ledger["faults"].clone());
    }
    Ok(())
}

fn spread(percentiles: &Value) -> Value {
    let tenths = |key: &str| (percentiles[key].as_f64().unwrap_or(0.0) * 10.0).round() / 10.0;
    json!({ "count": percentiles["count"], "p50": tenths("p50"), "p99": tenths("p99"), "max": tenths("max") })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(change: (&str, u64)) -> Value {
        let mut ledger = json!({
            "acknowledged": 40, "missing": 0, "doubled": 0, "unexplained": 0, "imbalance": 0, "unreadable": 0,
            "accounts": 3, "refused": 2, "unanswered": 1, "unanswered_done": 1, "faults": [],
        });
        ledger[change.0] = json!(change.1);
        ledger
    }

    #[test]
    fn each_thing_that_the_ledger_finds_breaks_the_drill() {
        let cases = [("accounts", 9, None), ("acknowledged", 2, Some("acknowledged"))];
        let faults = ["missing", "doubled", "unexplained", "imbalance", "unreadable"];
        for (key, value, broken) in cases.into_iter().chain(faults.map(|key| (key, 1, Some(key)))) {
            let mut findings = Findings::default();
            judge_ledger(&ledger((key, value)), 3, &mut findings).expect("a whole ledger");
            assert_eq!(findings.to_json()["broken"], json!(broken.into_iter().collect::<Vec<_>>()), "{key}");
        }
        assert!(judge_ledger(&json!({}), 3, &mut Findings::default()).is_err());
    }

    #[test]
    fn what_players_see_is_judged_too() {
        let report = |key: &str, value: Value| {
            let times = json!({ "count": 3, "p50": 200.0, "p99": 900.0, "max": 900.0 });
            let deeds = json!({
                "done": 9, "done_by_deed": {}, "refused_by_code": {}, "answer_ms": times, "wrong": 0, "wrongs": [] });
            let mut report = json!({ "failed": 0, "violations": 0, "deeds": deeds, "resume_ms": times });
            report[key] = value;
            report
        };
        let slow = json!({ "count": 1, "p50": 1.0, "p99": 1.0, "max": 90_000.0 });
        let cases =
            [("failed", json!(1), "failed"), ("violations", json!(2), "violations"), ("resume_ms", slow, "resume_ms")];
        for (key, value, broken) in cases {
            let mut findings = Findings::default();
            judge_players(&report(key, value), &mut findings).expect("a whole report");
            assert_eq!(findings.to_json()["broken"], json!([broken]), "{key}");
        }
    }
}
