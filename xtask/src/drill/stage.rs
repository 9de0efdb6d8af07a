//! The play that a drill breaks into: players, the nodes that should run, and looks at both. It knows nothing of how the
//! processes came about.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::bots::Bots;
use super::findings::Findings;
use super::verdict::{self, Lives};
use super::watch::{self, Look};
use super::{bounds, say};

/// Time between two looks. Nodes renew what they show five times a second.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Play under way.
pub struct Stage {
    pub players: u64,
    pub findings: Findings,
    pub lives: Lives,
    bots: Bots,
    began: Instant,
    /// The nodes that run, and where their maps are.
    nodes: BTreeMap<u16, SocketAddr>,
    /// How many nodes the players know from the beginning.
    first_nodes: u64,
    /// The most stalls that each life of a node was seen with.
    stalls: BTreeMap<String, u64>,
}

impl Stage {
    /// Play on nodes with their maps. The players are on their way.
    pub fn new(bots: Bots, players: u32, nodes: BTreeMap<u16, SocketAddr>) -> Self {
        Self {
            players: u64::from(players),
            findings: Findings::default(),
            lives: Lives::default(),
            bots,
            began: Instant::now(),
            first_nodes: nodes.len() as u64,
            nodes,
            stalls: BTreeMap::new(),
        }
    }

    /// Waits for the players.
    pub fn enter(&mut self) -> Result<()> {
        say(&format!("{} players enter", self.players));
        self.findings.tell("bots", self.players);
        let ramp = Duration::from_millis(self.players * 10);
        self.until(bounds::ENTERED + ramp, "all players are in", |stage, looks| stage.all_are_in(looks))?;
        self.rest(bounds::REST)
    }

    /// Whether every player is in the world, all nodes agree on who is where, and nobody near is missed.
    pub fn all_are_in(&self, looks: &[Look]) -> bool {
        watch::sessions(looks) == self.players && watch::agree(looks) && watch::complete(looks)
    }

    /// How long it has been on.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// From now on a node should not run, or cannot be looked at.
    pub fn without(&mut self, node: u16) {
        self.nodes.remove(&node);
    }

    /// From now on a node should run.
    pub fn with(&mut self, node: u16, map: SocketAddr) {
        self.nodes.insert(node, map);
    }

    /// Looks at one node.
    pub fn look_at(&self, node: u16) -> Result<Look> {
        let map = self.nodes.get(&node).with_context(|| format!("node-{node} does not run"))?;
        Look::at(node, *map)
    }

    /// The node that has most players, and what it shows.
    pub fn fullest(&mut self) -> Result<(u16, Look)> {
        let looks = self.look()?;
        let fullest = self.nodes.keys().copied().zip(looks).max_by_key(|(_, look)| look.sessions);
        match fullest {
            Some((node, look)) if look.sessions > 0 => Ok((node, look)),
            _ => bail!("nobody plays on any node, so that a fault would show nothing"),
        }
    }

    /// Looks at all nodes that run, and takes note of their stalls.
    pub fn look(&mut self) -> Result<Vec<Look>> {
        ensure!(self.bots.play(), "the players have ended by themselves");
        let looks: Vec<Look> = self.nodes.iter().map(|(node, map)| Look::at(*node, *map)).collect::<Result<_>>()?;
        for look in &looks {
            let most = self.stalls.entry(look.id.clone()).or_default();
            *most = look.stalls.max(*most);
        }
        Ok(looks)
    }

    /// Looks until what is wanted is so.
    pub fn until(&mut self, within: Duration, what: &str, wanted: impl Fn(&Self, &[Look]) -> bool) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            let looks = self.look()?;
            if wanted(self, &looks) {
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

    /// The same, and how long it took; nothing if it was not so in time.
    pub fn time_until(
        &mut self,
        within: Duration,
        what: &str,
        wanted: impl Fn(&Self, &[Look]) -> bool,
    ) -> Option<Duration> {
        let began = Instant::now();
        self.until(within, what, wanted).is_ok().then(|| began.elapsed())
    }

    /// Play goes on; looks now and then.
    pub fn rest(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.look()?;
            sleep(LOOK_EVERY.min(end.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    /// A time that is judged.
    pub fn in_time(&mut self, key: &'static str, took: Option<Duration>, within: Duration) {
        let value = took.map_or(Value::Null, |took| json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
        let kept = took.is_some_and(|took| took <= within);
        self.findings.judged(key, value, format!("at most {}", within.as_millis()), kept);
    }

    /// The players say goodbye. Their report, and what was found so far.
    pub fn leave(self) -> Result<(Value, Findings)> {
        say("the players leave");
        Ok((self.bots.end()?, self.findings))
    }

    /// The players say goodbye, and their report is judged.
    pub fn finish(mut self, silence: Duration) -> Result<Findings> {
        self.rest(bounds::REST)?;
        say("the players leave");
        let report = self.bots.end()?;
        let unpaused = self.stalls.iter().filter(|(life, _)| !self.lives.stood_still.contains(*life));
        self.findings.at_most("stalls", unpaused.map(|(_, most)| most).sum(), 0);
        verdict::judge(&report, &self.lives, self.first_nodes, silence, &mut self.findings)?;
        Ok(self.findings)
    }
}
