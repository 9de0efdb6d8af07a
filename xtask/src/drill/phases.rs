//! The faults of the drill, one after the other, while players play.

use std::thread::sleep;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::bots::Bots;
use super::cluster::Cluster;
use super::findings::Findings;
use super::stage::{LOOK_EVERY, Stage};
use super::verdict;
use super::watch;
use super::{Order, bounds, say};

/// Nodes at the start.
const NODES: u16 = 3;

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
    stage: Stage,
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
    let bots = Bots::start(&cluster.binary()?, &addresses, order.bots)?;
    let nodes = (1..=NODES).map(|node| (node, Cluster::map_of(node))).collect();
    let mut run = Run { cluster, stage: Stage::new(bots, order.bots, nodes) };
    run.stage.enter()?;
    run.kill(2)?;
    run.away(&ETCD_KILLED)?;
    if !order.short {
        run.away(&ETCD_PAUSED)?;
        run.away(&STORE_PAUSED)?;
        run.pause(3)?;
    }
    run.newcomer(4)?;
    run.stop(1)?;
    run.stage.rest(order.time.saturating_sub(run.stage.elapsed()))?;
    run.stage.finish(bounds::SILENCE)
}

impl Run {
    /// One node is killed and started again.
    fn kill(&mut self, node: u16) -> Result<()> {
        let victim = self.stage.look_at(node)?;
        say(&format!("kill -9 of node-{node}, which has {} players", victim.sessions));
        ensure!(victim.sessions > 0, "nobody plays on node-{node}, so that its death would show nothing");
        self.stage.lives.killed.insert(victim.id.clone());
        self.stage.without(node);
        let began = Instant::now();
        self.cluster.call(&["kill", &node.to_string()])?;
        let (mut gone, mut back) = (None, None);
        while (gone.is_none() || back.is_none()) && began.elapsed() < bounds::GHOSTS_GONE.max(bounds::CLIENTS_BACK) {
            let looks = self.stage.look()?;
            // Who is shown again after a look without has not gone yet.
            gone = looks.iter().all(|look| look.shows_of(&victim.id) == 0).then(|| gone.unwrap_or(began.elapsed()));
            back = (watch::sessions(&looks) == self.stage.players).then(|| back.unwrap_or(began.elapsed()));
            sleep(LOOK_EVERY);
        }
        self.stage.findings.tell("kills", self.stage.lives.killed.len());
        self.stage.in_time("ghosts_gone_ms", gone, bounds::GHOSTS_GONE);
        self.stage.in_time("clients_back_ms", back, bounds::CLIENTS_BACK);
        self.stage.rest(bounds::REST)?;
        say(&format!("node-{node} starts again"));
        self.join("rejoined_ms", node)
    }

    /// What nodes depend on does not answer for a while.
    fn away(&mut self, outage: &Outage) -> Result<()> {
        let Outage { process, begin, end, reconnects, agreed_ms } = outage;
        say(&format!("{process} is away for {} s: {begin}", bounds::AWAY.as_secs()));
        let before: u64 = self.stage.look()?.iter().map(|look| look.begun).sum();
        self.cluster.call(&[begin, process])?;
        self.stage.rest(bounds::AWAY)?;
        self.cluster.call(&[end, process])?;
        self.stage.rest(bounds::REST)?;
        let after: u64 = self.stage.look()?.iter().map(|look| look.begun).sum();
        self.stage.findings.at_most(reconnects, after.saturating_sub(before), 0);
        let began = Instant::now();
        let agreed =
            self.stage.until(bounds::JOINED, "all nodes agree after the outage", |_, looks| watch::agree(looks));
        self.stage.in_time(agreed_ms, agreed.is_ok().then(|| began.elapsed()), bounds::JOINED);
        Ok(())
    }

    /// A node is stopped in the middle of what it does, for so long that its players leave it, and goes on.
    fn pause(&mut self, node: u16) -> Result<()> {
        let victim = self.stage.look_at(node)?;
        say(&format!("node-{node} is paused for {} s with {} players", bounds::PAUSED.as_secs(), victim.sessions));
        self.stage.lives.stood_still.insert(victim.id.clone());
        self.stage.lives.paused.insert(victim.id);
        self.stage.without(node);
        let began = Instant::now();
        self.cluster.call(&["pause", &node.to_string()])?;
        self.stage.rest(bounds::PAUSED)?;
        let players = self.stage.players;
        let back =
            self.stage.until(bounds::CLIENTS_BACK, "all players of the paused node are elsewhere", |_, looks| {
                watch::sessions(looks) == players
            });
        let bound = bounds::PAUSED + bounds::CLIENTS_BACK;
        self.stage.in_time("pause_clients_back_ms", back.is_ok().then(|| began.elapsed()), bound);
        self.cluster.call(&["resume", &node.to_string()])?;
        let began = Instant::now();
        self.stage.with(node, Cluster::map_of(node));
        let agreed =
            self.stage.until(bounds::GHOSTS_GONE, "the node that goes on agrees with all others", |_, looks| {
                watch::agree(looks) && watch::sessions(looks) == players
            });
        self.stage.in_time("pause_agreed_ms", agreed.is_ok().then(|| began.elapsed()), bounds::GHOSTS_GONE);
        self.stage.rest(bounds::REST)
    }

    /// A node that was never there joins, and players enter through it.
    fn newcomer(&mut self, node: u16) -> Result<()> {
        say(&format!("node-{node} joins, and players enter through it"));
        self.join("joined_ms", node)?;
        let address = Cluster::clients_of(node).to_string();
        let visitors = Bots::start_as(&self.cluster.binary()?, &[address], 6, "4711")?;
        self.stage.rest(bounds::REST)?;
        let report = visitors.end()?;
        let fit = report["sessions"] == 6 && report["failed"] == 0;
        self.stage.findings.judged("visitors", report["sessions"].clone(), "6, none failed".to_owned(), fit);
        self.stage.findings.at_most("visitors_violations", verdict::count(&report["violations"])?, 0);
        Ok(())
    }

    /// One node is told to end.
    fn stop(&mut self, node: u16) -> Result<()> {
        let leaving = self.stage.look_at(node)?;
        say(&format!("SIGTERM to node-{node}, which has {} players", leaving.sessions));
        self.stage.lives.stopped.insert(leaving.id);
        self.stage.without(node);
        let began = Instant::now();
        // Fails if the exit code is not 0.
        let ended = self.cluster.call(&["stop", &node.to_string()]);
        let took = began.elapsed();
        if let Err(error) = &ended {
            say(&format!("{error:#}"));
        }
        self.stage.in_time("stopped_ms", ended.is_ok().then_some(took), bounds::STOPPED);
        let players = self.stage.players;
        let back = self.stage.until(bounds::CLIENTS_BACK, "all players of the stopped node are back", |_, looks| {
            watch::sessions(looks) == players
        });
        self.stage.in_time("stop_clients_back_ms", back.is_ok().then(|| began.elapsed()), bounds::CLIENTS_BACK);
        let agreed =
            self.stage.until(bounds::GHOSTS_GONE, "all nodes agree after the stop", |_, looks| watch::agree(looks));
        self.stage.in_time("stop_agreed_ms", agreed.is_ok().then(|| began.elapsed()), bounds::GHOSTS_GONE);
        Ok(())
    }

    /// Starts a node and waits until it and all others have links.
    fn join(&mut self, key: &'static str, node: u16) -> Result<()> {
        let began = Instant::now();
        self.cluster.call(&["start", &node.to_string()])?;
        self.stage.with(node, Cluster::map_of(node));
        let joined =
            self.stage.until(bounds::JOINED, "the node has links with all others", |_, looks| watch::agree(looks));
        self.stage.in_time(key, joined.is_ok().then(|| began.elapsed()), bounds::JOINED);
        Ok(())
    }
}
