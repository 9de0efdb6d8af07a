//! The faults of the drill, one after the other, while players play.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::bots::Bots;
use super::cluster::Cluster;
use super::findings::Findings;
use super::watch::{self, Look};
use super::{Order, bounds, say};

/// Nodes at the start.
const NODES: u16 = 3;
/// Time between two looks. Nodes renew what they show five times a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One way for etcd to be away: the words of `scripts/cluster` that begin and end it, and what its findings are called.
struct Outage {
    begin: &'static str,
    end: &'static str,
    reconnects: &'static str,
    agreed_ms: &'static str,
}

/// It is gone and its connections are cut.
const AWAY_KILLED: Outage =
    Outage { begin: "kill", end: "start", reconnects: "etcd_outage_reconnects", agreed_ms: "etcd_outage_agreed_ms" };

/// It is there and says nothing.
const AWAY_PAUSED: Outage =
    Outage { begin: "pause", end: "resume", reconnects: "etcd_pause_reconnects", agreed_ms: "etcd_pause_agreed_ms" };

/// A drill under way.
struct Run {
    cluster: Cluster,
    bots: Bots,
    players: u64,
    findings: Findings,
    /// The nodes that run.
    nodes: Vec<u16>,
    /// The most stalls that each life of a node was seen with.
    stalls: BTreeMap<String, u64>,
    /// Lives that were killed, stopped or paused: who was on them may come back elsewhere.
    killed: BTreeSet<String>,
    stopped: BTreeSet<String>,
}

/// The whole drill.
pub fn run(order: &Order) -> Result<Findings> {
    say("starting the cluster");
    let cluster = Cluster::up(NODES)?;
    let logs = cluster.logs();
    drill(cluster, order).with_context(|| format!("the logs of the processes are in {logs}"))
}

fn drill(cluster: Cluster, order: &Order) -> Result<Findings> {
    let addresses: Vec<String> = (1..=NODES).map(|node| Cluster::clients_of(node).to_string()).collect();
    let began = Instant::now();
    let bots = Bots::start(&cluster.binary()?, &addresses, order.bots)?;
    let mut run = Run {
        cluster,
        bots,
        players: u64::from(order.bots),
        findings: Findings::default(),
        nodes: (1..=NODES).collect(),
        stalls: BTreeMap::new(),
        killed: BTreeSet::new(),
        stopped: BTreeSet::new(),
    };
    run.enter()?;
    run.kill(2)?;
    run.etcd_is_away(&AWAY_KILLED)?;
    if !order.short {
        run.etcd_is_away(&AWAY_PAUSED)?;
    }
    run.newcomer(4)?;
    run.stop(1)?;
    run.rest(order.time.saturating_sub(began.elapsed()))?;
    run.finish()
}

impl Run {
    fn enter(&mut self) -> Result<()> {
        say(&format!("{} players enter", self.players));
        self.findings.tell("bots", self.players);
        let ramp = Duration::from_millis(self.players * 10);
        let players = self.players;
        self.until(bounds::ENTERED + ramp, "all players are in", |looks| {
            watch::sessions(looks) == players && watch::agree(looks)
        })?;
        self.rest(bounds::REST)
    }

    /// One node is killed and started again.
    fn kill(&mut self, node: u16) -> Result<()> {
        let victim = Look::at(node)?;
        say(&format!("kill -9 of node-{node}, which has {} players", victim.sessions));
        ensure!(victim.sessions > 0, "nobody plays on node-{node}, so that its death would show nothing");
        self.killed.insert(victim.id.clone());
        self.nodes.retain(|other| *other != node);
        let began = Instant::now();
        self.cluster.call(&["kill", &node.to_string()])?;
        let (mut gone, mut back) = (None, None);
        while (gone.is_none() || back.is_none()) && began.elapsed() < bounds::GHOSTS_GONE.max(bounds::CLIENTS_BACK) {
            let looks = self.look()?;
            // Who is shown again after a look without has not gone yet.
            gone = looks.iter().all(|look| look.shows_of(&victim.id) == 0).then(|| gone.unwrap_or(began.elapsed()));
            back = (watch::sessions(&looks) == self.players).then(|| back.unwrap_or(began.elapsed()));
            sleep(LOOK_EVERY);
        }
        self.findings.tell("kills", self.killed.len());
        self.in_time("ghosts_gone_ms", gone, bounds::GHOSTS_GONE);
        self.in_time("clients_back_ms", back, bounds::CLIENTS_BACK);
        self.rest(bounds::REST)?;
        say(&format!("node-{node} starts again"));
        self.join("rejoined_ms", node)
    }

    /// etcd does not answer for a while.
    fn etcd_is_away(&mut self, outage: &Outage) -> Result<()> {
        say(&format!("etcd is away for {} s: {}", bounds::ETCD_AWAY.as_secs(), outage.begin));
        let before: u64 = self.look()?.iter().map(|look| look.begun).sum();
        self.cluster.call(&[outage.begin, "etcd"])?;
        self.rest(bounds::ETCD_AWAY)?;
        self.cluster.call(&[outage.end, "etcd"])?;
        self.rest(bounds::REST)?;
        let after: u64 = self.look()?.iter().map(|look| look.begun).sum();
        self.findings.at_most(outage.reconnects, after.saturating_sub(before), 0);
        let began = Instant::now();
        let agreed = self.until(bounds::JOINED, "all nodes agree after the outage", watch::agree);
        self.in_time(outage.agreed_ms, agreed.is_ok().then(|| began.elapsed()), bounds::JOINED);
        Ok(())
    }

    /// A node that was never there joins, and players enter through it.
    fn newcomer(&mut self, node: u16) -> Result<()> {
        say(&format!("node-{node} joins, and players enter through it"));
        self.join("joined_ms", node)?;
        let address = Cluster::clients_of(node).to_string();
        let visitors = Bots::start_as(&self.cluster.binary()?, &[address], 6, "4711")?;
        self.rest(bounds::REST)?;
        let report = visitors.end()?;
        let fit = report["sessions"] == 6 && report["failed"] == 0;
        self.findings.judged("visitors", report["sessions"].clone(), "6, none failed".to_owned(), fit);
        self.findings.at_most("visitors_violations", count(&report["violations"])?, 0);
        Ok(())
    }

    /// One node is told to end.
    fn stop(&mut self, node: u16) -> Result<()> {
        let leaving = Look::at(node)?;
        say(&format!("SIGTERM to node-{node}, which has {} players", leaving.sessions));
        self.stopped.insert(leaving.id);
        self.nodes.retain(|other| *other != node);
        let began = Instant::now();
        // Fails if the exit code is not 0.
        let ended = self.cluster.call(&["stop", &node.to_string()]);
        let took = began.elapsed();
        if let Err(error) = &ended {
            say(&format!("{error:#}"));
        }
        self.in_time("stopped_ms", ended.is_ok().then_some(took), bounds::STOPPED);
        let players = self.players;
        let back = self.until(bounds::CLIENTS_BACK, "all players of the stopped node are back", |looks| {
            watch::sessions(looks) == players
        });
        self.in_time("stop_clients_back_ms", back.is_ok().then(|| began.elapsed()), bounds::CLIENTS_BACK);
        let agreed = self.until(bounds::GHOSTS_GONE, "all nodes agree after the stop", watch::agree);
        self.in_time("stop_agreed_ms", agreed.is_ok().then(|| began.elapsed()), bounds::GHOSTS_GONE);
        Ok(())
    }

    /// The players say goodbye, and their report is judged.
    fn finish(mut self) -> Result<Findings> {
        self.rest(bounds::REST)?;
        say("the players leave");
        let report = self.bots.end()?;
        let mut findings = self.findings;
        findings.at_most("violations", count(&report["violations"])?, 0);
        if let Some(kinds) = report["violations_by_kind"].as_object().filter(|kinds| !kinds.is_empty()) {
            findings.tell("violations_by_kind", Value::Object(kinds.clone()));
        }
        findings.at_most("failed", count(&report["failed"])?, 0);
        findings.judged(
            "counts_reconcile",
            report["counts_reconcile"].clone(),
            "true".to_owned(),
            report["counts_reconcile"] == true,
        );
        findings.at_most("stalls", self.stalls.values().sum(), 0);
        findings.at_most("longest_silence_ms", count(&report["longest_silence_ms"])?, bounds::SILENCE_MS);
        let returns = Return::all(&report)?;
        let of = |lives: &BTreeSet<String>| returns.iter().filter(|r| lives.contains(&r.from)).collect::<Vec<_>>();
        let (killed, stopped) = (of(&self.killed), of(&self.stopped));
        let out = |list: &[&Return]| list.iter().map(|r| r.out_ms).collect::<Vec<_>>();
        let back = |list: &[&Return]| list.iter().map(|r| r.set_back_m).collect::<Vec<_>>();
        findings.spread("resume_ms", &out(&killed), bounds::RESUME_MS);
        findings.spread("set_back_m", &back(&killed), bounds::SET_BACK_M);
        findings.spread("stop_resume_ms", &out(&stopped), bounds::RESUME_MS);
        findings.spread("stop_set_back_m", &back(&stopped), bounds::STOP_SET_BACK_M);
        let unexplained = returns.len() - killed.len() - stopped.len();
        findings.at_most("unexplained_reconnects", unexplained as u64, 0);
        findings.at_least("border_crossings", count(&report["border_crossings"])?, 1);
        findings.at_least("node_pairs_seen", pairs_seen(&report), u64::from(NODES * (NODES - 1)));
        findings.tell("latency_ms", latency(&report));
        Ok(findings)
    }

    /// Starts a node and waits until it and all others have links.
    fn join(&mut self, key: &'static str, node: u16) -> Result<()> {
        let began = Instant::now();
        self.cluster.call(&["start", &node.to_string()])?;
        self.nodes.push(node);
        let joined = self.until(bounds::JOINED, "the node has links with all others", watch::agree);
        self.in_time(key, joined.is_ok().then(|| began.elapsed()), bounds::JOINED);
        Ok(())
    }

    /// Looks at all nodes that run, and takes note of their stalls.
    fn look(&mut self) -> Result<Vec<Look>> {
        ensure!(self.bots.play(), "the players have ended by themselves");
        let looks = watch::all(&self.nodes)?;
        for look in &looks {
            let most = self.stalls.entry(look.id.clone()).or_default();
            *most = look.stalls.max(*most);
        }
        Ok(looks)
    }

    /// Looks until what is wanted is so.
    fn until(&mut self, within: Duration, what: &str, wanted: impl Fn(&[Look]) -> bool) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            let looks = self.look()?;
            if wanted(&looks) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let found: Vec<_> =
                    looks.iter().map(|l| format!("{} has {}, hears {:?}", l.id, l.sessions, l.hears)).collect();
                let text = format!("not so within {} s: {what}; {}", within.as_secs(), found.join("; "));
                say(&text);
                anyhow::bail!(text);
            }
            sleep(LOOK_EVERY);
        }
    }

    /// Play goes on; looks now and then.
    fn rest(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.look()?;
            sleep(LOOK_EVERY.min(end.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    fn in_time(&mut self, key: &'static str, took: Option<Duration>, within: Duration) {
        let value = took.map_or(Value::Null, |took| json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
        let kept = took.is_some_and(|took| took <= within);
        self.findings.judged(key, value, format!("at most {}", within.as_millis()), kept);
    }
}

/// One player who came back, as the report tells it.
struct Return {
    from: String,
    out_ms: f64,
    set_back_m: f64,
}

impl Return {
    fn all(report: &Value) -> Result<Vec<Self>> {
        let list = report["returns"].as_array().context("the report has no `returns`")?;
        let one = |value: &Value| {
            Some(Self {
                from: value["from"].as_str()?.to_owned(),
                out_ms: value["out_ms"].as_f64()?,
                set_back_m: value["set_back_m"].as_f64()?,
            })
        };
        list.iter().map(|value| one(value).with_context(|| format!("not a return: {value}"))).collect()
    }
}

fn count(value: &Value) -> Result<u64> {
    value.as_u64().with_context(|| format!("{value} is no count"))
}

/// Ordered pairs of different nodes of which the second's players were seen from the first.
fn pairs_seen(report: &Value) -> u64 {
    let seen = report["nodes_seen"].as_array().map(Vec::as_slice).unwrap_or_default();
    seen.iter().filter(|pair| pair["observers_on"] != pair["bots_on"] && pair["bots"] != 0).count() as u64
}

fn latency(report: &Value) -> Value {
    let of = &report["latency_ms"];
    json!({ "p50": of["p50"], "p99": of["p99"], "max": of["max"] })
}
