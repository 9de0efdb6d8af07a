//! The faults of the drill, one after the other, while players play.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::bots::Bots;
use super::cluster::Cluster;
use super::findings::Findings;
use super::verdict::{self, Lives};
use super::watch::{self, Look};
use super::{Order, bounds, say};

/// Nodes at the start.
const NODES: u16 = 3;
/// Time between two looks. Nodes renew what they show five times a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A process that nodes depend on is away for a while: the words of `scripts/cluster` that begin and end it, and what
/// its findings are called.
struct Outage {
    process: &'static str,
    begin: &'static str,
    end: &'static str,
    reconnects: &'static str,
    agreed_ms: &'static str,
}

/// etcd is gone and its connections are cut.
const ETCD_KILLED: Outage = Outage {
    process: "etcd",
    begin: "kill",
    end: "start",
    reconnects: "etcd_outage_reconnects",
    agreed_ms: "etcd_outage_agreed_ms",
};

/// etcd is there and says nothing.
const ETCD_PAUSED: Outage = Outage {
    process: "etcd",
    begin: "pause",
    end: "resume",
    reconnects: "etcd_pause_reconnects",
    agreed_ms: "etcd_pause_agreed_ms",
};

/// The store is there and says nothing. (One that is killed has forgotten everybody.)
const STORE_PAUSED: Outage = Outage {
    process: "store",
    begin: "pause",
    end: "resume",
    reconnects: "store_pause_reconnects",
    agreed_ms: "store_pause_agreed_ms",
};

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
    lives: Lives,
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
        lives: Lives::default(),
    };
    run.enter()?;
    run.kill(2)?;
    run.away(&ETCD_KILLED)?;
    if !order.short {
        run.away(&ETCD_PAUSED)?;
        run.away(&STORE_PAUSED)?;
        run.pause(3)?;
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
        self.lives.killed.insert(victim.id.clone());
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
        self.findings.tell("kills", self.lives.killed.len());
        self.in_time("ghosts_gone_ms", gone, bounds::GHOSTS_GONE);
        self.in_time("clients_back_ms", back, bounds::CLIENTS_BACK);
        self.rest(bounds::REST)?;
        say(&format!("node-{node} starts again"));
        self.join("rejoined_ms", node)
    }

    /// What nodes depend on does not answer for a while.
    fn away(&mut self, outage: &Outage) -> Result<()> {
        let Outage { process, begin, end, reconnects, agreed_ms } = outage;
        say(&format!("{process} is away for {} s: {begin}", bounds::AWAY.as_secs()));
        let before: u64 = self.look()?.iter().map(|look| look.begun).sum();
        self.cluster.call(&[begin, process])?;
        self.rest(bounds::AWAY)?;
        self.cluster.call(&[end, process])?;
        self.rest(bounds::REST)?;
        let after: u64 = self.look()?.iter().map(|look| look.begun).sum();
        self.findings.at_most(reconnects, after.saturating_sub(before), 0);
        let began = Instant::now();
        let agreed = self.until(bounds::JOINED, "all nodes agree after the outage", watch::agree);
        self.in_time(agreed_ms, agreed.is_ok().then(|| began.elapsed()), bounds::JOINED);
        Ok(())
    }

    /// A node is stopped in the middle of what it does, for so long that its players leave it, and goes on.
    fn pause(&mut self, node: u16) -> Result<()> {
        let victim = Look::at(node)?;
        say(&format!("node-{node} is paused for {} s with {} players", bounds::PAUSED.as_secs(), victim.sessions));
        self.lives.paused.insert(victim.id);
        self.nodes.retain(|other| *other != node);
        let began = Instant::now();
        self.cluster.call(&["pause", &node.to_string()])?;
        self.rest(bounds::PAUSED)?;
        let players = self.players;
        let back = self.until(bounds::CLIENTS_BACK, "all players of the paused node are elsewhere", |looks| {
            watch::sessions(looks) == players
        });
        let bound = bounds::PAUSED + bounds::CLIENTS_BACK;
        self.in_time("pause_clients_back_ms", back.is_ok().then(|| began.elapsed()), bound);
        self.cluster.call(&["resume", &node.to_string()])?;
        let began = Instant::now();
        self.nodes.push(node);
        let agreed = self.until(bounds::GHOSTS_GONE, "the node that goes on agrees with all others", |looks| {
            watch::agree(looks) && watch::sessions(looks) == players
        });
        self.in_time("pause_agreed_ms", agreed.is_ok().then(|| began.elapsed()), bounds::GHOSTS_GONE);
        self.rest(bounds::REST)
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
        self.findings.at_most("visitors_violations", verdict::count(&report["violations"])?, 0);
        Ok(())
    }

    /// One node is told to end.
    fn stop(&mut self, node: u16) -> Result<()> {
        let leaving = Look::at(node)?;
        say(&format!("SIGTERM to node-{node}, which has {} players", leaving.sessions));
        self.lives.stopped.insert(leaving.id);
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
        let unpaused = self.stalls.iter().filter(|(life, _)| !self.lives.paused.contains(*life));
        self.findings.at_most("stalls", unpaused.map(|(_, most)| most).sum(), 0);
        verdict::judge(&report, &self.lives, u64::from(NODES), &mut self.findings)?;
        Ok(self.findings)
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
                bail!(text);
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
