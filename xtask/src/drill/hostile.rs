//! The drill `hostile`: honest players beside clients and peers that mean harm, first without them, then with them.
//!
//! Everything is real: three nodes of `scripts/cluster` with keys on their links and TLS on their client ports, sockets
//! from several loopback addresses, libzmq with a wrong key. What is asserted is behaviour: no process ends, no honest
//! player sees a violation or loses the connection, memory stays within a bound, and each kind of refusal was counted. How
//! much slower honest players became is told, with the target, and fails nothing.

mod aim;
mod clients;
mod peers;
mod system;
mod wire;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use self::aim::{Aim, Dice};
use super::bots::Bots;
use super::cluster::Cluster;
use super::findings::Findings;
use super::{Order, http, say};

/// Nodes of the cluster.
const NODES: u16 = 3;
/// How long each of the two phases is, unless told otherwise.
const PHASE: Duration = Duration::from_secs(30);
/// The same in a short drill.
const SHORT_PHASE: Duration = Duration::from_secs(12);
/// The honest p99 of the hostile phase should stay within so many times that of the quiet one.
const TARGET_RATIO: f64 = 1.5;
/// Mebibytes by which a node may grow under attack. A gateway keeps 128 MiB for all who do not read, the kernel and the
/// allocator some more; libzmq keeps what it has not handed over.
const GROWTH_MIB: u64 = 256;
/// How long after the attack guests must be let in again by every node.
const RECOVERY: Duration = Duration::from_secs(30);

/// A way to do harm.
struct Attack {
    name: &'static str,
    threads: u8,
    /// Milliseconds between two attempts of a thread. The machine is shared: what attackers burn, nobody else has.
    pause_ms: u64,
    attempt: fn(&Aim, &mut Dice, &AtomicBool) -> std::io::Result<()>,
}

const ATTACKS: &[Attack] = &[
    attack("garbage", 2, 10, clients::garbage),
    attack("half_frames", 1, 20, clients::half_frames),
    attack("huge_lengths", 1, 10, clients::huge_lengths),
    attack("slow_loris", 8, 100, clients::slow_loris),
    attack("slow_loris_in_tls", 8, 100, clients::slow_loris_in_tls),
    attack("handshake_flood", 1, 5, clients::handshake_flood),
    attack("connection_flood", 4, 2, clients::connection_flood),
    attack("message_flood", 2, 20, clients::message_flood),
    attack("never_reading", 8, 100, clients::never_reading),
    attack("replay", 1, 50, clients::replay),
    attack("peer_garbage", 2, 10, peers::garbage),
    attack("peer_huge_lengths", 1, 10, peers::huge_lengths),
    attack("peer_wrong_key", 1, 50, peers::wrong_key),
    attack("peer_no_key", 1, 50, peers::no_key),
    attack("peer_subscription_flood", 1, 20, peers::subscription_flood),
    attack("peer_forged_words", 1, 20, peers::forged_words),
];

const fn attack(
    name: &'static str,
    threads: u8,
    pause_ms: u64,
    attempt: fn(&Aim, &mut Dice, &AtomicBool) -> std::io::Result<()>,
) -> Attack {
    Attack { name, threads, pause_ms, attempt }
}

/// Refusals that the attacks must have led to, by their metrics.
const REFUSALS: &[(&str, &str)] = &[
    ("refused_malformed", "clients_malformed_total"),
    ("refused_greeting", "clients_refused_greeting_total"),
    ("refused_late_greeting", "clients_late_greeting_total"),
    ("refused_arrivals", "clients_refused_arrivals_total"),
    ("refused_rate", "clients_rate_limited_total"),
    ("refused_strangers", "mesh_strangers_total"),
    ("refused_keys", "mesh_keys_refused_total"),
];

/// Runs the drill.
pub fn run(order: &Order) -> Result<Findings> {
    let time = match (order.time, order.short) {
        (time, _) if !time.is_zero() => time,
        (_, true) => SHORT_PHASE,
        _ => PHASE,
    };
    let folder = super::logs(super::Drill::Hostile);
    let secrets = system::Secrets::make(&folder, order.bots)?;
    let cluster = Cluster::up_with(NODES, &secrets.settings())?;
    say(&format!("logs are in {}", cluster.logs()));
    let mut findings = Findings::default();
    findings.tell("bots", order.bots);
    let nodes: Vec<u32> = (1..=NODES).map(|node| cluster.pid_of(node)).collect::<Result<_>>()?;
    let aim = Arc::new(Aim::at(&cluster, &nodes, NODES, &secrets)?);
    // Both phases play the same: from an empty world, and to its end.
    say(&format!("{} players for {} s, undisturbed", order.bots, time.as_secs()));
    let quiet = play(&cluster, order.bots, "1", time)?;
    let before = memory(&nodes)?;
    say(&format!("the same beside {} ways to do harm", ATTACKS.len() + 1));
    let war = War::begin(&aim, &cluster.binary()?, &addresses())?;
    let hostile = play(&cluster, order.bots, "2", time);
    let during = memory(&nodes);
    let attempts = war.end()?;
    let hostile = hostile.context("the players under attack")?;
    judge(&mut findings, &cluster, &nodes, (&quiet, &hostile), (before, during?), &attempts)?;
    Ok(findings)
}

fn addresses() -> Vec<String> {
    (1..=NODES).map(|node| Cluster::clients_of(node).to_string()).collect()
}

/// Honest players for a time. What they report.
fn play(cluster: &Cluster, count: u32, seed: &str, time: Duration) -> Result<Value> {
    let mut bots = Bots::start_as(&cluster.binary()?, &addresses(), count, seed)?;
    let until = Instant::now() + time + Duration::from_millis(u64::from(count) * 10);
    while Instant::now() < until {
        sleep(Duration::from_millis(200));
        ensure!(bots.play(), "the players ended by themselves");
    }
    bots.end()
}

/// The most memory that each node has had, in MiB.
fn memory(nodes: &[u32]) -> Result<u64> {
    let each: Result<Vec<u64>> = nodes.iter().map(|pid| system::peak_mib(*pid)).collect();
    Ok(each?.into_iter().max().unwrap_or(0))
}

/// The attacks under way.
struct War {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    attempts: Vec<(&'static str, Arc<AtomicU64>)>,
    cheats: Bots,
}

impl War {
    fn begin(aim: &Arc<Aim>, binary: &Path, addresses: &[String]) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let (mut threads, mut attempts) = (Vec::new(), Vec::new());
        for attack in ATTACKS {
            let count = Arc::new(AtomicU64::new(0));
            attempts.push((attack.name, Arc::clone(&count)));
            for thread in 0..attack.threads {
                let (aim, over, count) = (Arc::clone(aim), Arc::clone(&over), Arc::clone(&count));
                let mut dice = Dice::new(attack.name, thread);
                let life = move || {
                    while !over.load(Ordering::Relaxed) {
                        // That the server hangs up is what should happen.
                        let _ = (attack.attempt)(&aim, &mut dice, &over);
                        count.fetch_add(1, Ordering::Relaxed);
                        sleep(Duration::from_millis(attack.pause_ms));
                    }
                };
                threads.push(std::thread::Builder::new().name(attack.name.to_owned()).spawn(life)?);
            }
        }
        let cheats = Bots::behaving(binary, addresses, 10, "3", "cheat-speed,cheat-teleport")?;
        Ok(Self { over, threads, attempts, cheats })
    }

    /// How often each was tried.
    fn end(self) -> Result<Vec<(&'static str, u64)>> {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            ensure!(thread.join().is_ok(), "an attacker ended in a panic");
        }
        let cheats = self.cheats.end().context("the cheats")?;
        let mut attempts: Vec<_> =
            self.attempts.into_iter().map(|(name, count)| (name, count.load(Ordering::Relaxed))).collect();
        attempts.push(("cheats", cheats["sessions"].as_u64().unwrap_or(0)));
        Ok(attempts)
    }
}

fn judge(
    findings: &mut Findings,
    cluster: &Cluster,
    nodes: &[u32],
    (quiet, hostile): (&Value, &Value),
    (before, during): (u64, u64),
    attempts: &[(&'static str, u64)],
) -> Result<()> {
    let alive = (1..=NODES).zip(nodes).filter(|(node, pid)| cluster.pid_of(*node).is_ok_and(|now| now == **pid));
    findings.at_least("nodes_alive", alive.count() as u64, NODES.into());
    for (key, report) in [("quiet", quiet), ("hostile", hostile)] {
        for what in ["violations", "failed", "reconnects"] {
            let name: &'static str = match (key, what) {
                ("quiet", "violations") => "quiet_violations",
                ("quiet", "failed") => "quiet_failed",
                ("quiet", _) => "quiet_reconnects",
                (_, "violations") => "hostile_violations",
                (_, "failed") => "hostile_failed",
                _ => "hostile_reconnects",
            };
            findings.at_most(name, report[what].as_u64().with_context(|| format!("`{what}` is missing"))?, 0);
        }
    }
    let p99 = |report: &Value| report["latency_ms"]["p99"].as_f64().context("no latency");
    let (calm, harmed) = (p99(quiet)?, p99(hostile)?);
    let ratio = harmed / calm.max(0.001);
    findings.tell("p99_quiet_ms", calm);
    findings.tell("p99_hostile_ms", harmed);
    let met = ratio <= TARGET_RATIO;
    let rounded = (ratio * 100.0).round() / 100.0;
    findings.tell("p99_ratio", json!({ "ratio": rounded, "target": TARGET_RATIO, "met": met }));
    findings.tell("peak_quiet_mib", before);
    findings.at_most("peak_hostile_mib", during, before + GROWTH_MIB);
    let counts: serde_json::Map<String, Value> =
        attempts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
    let idle = attempts.iter().filter(|(_, count)| *count == 0).count();
    findings.judged("attempts", Value::Object(counts), "each at least once".to_owned(), idle == 0);
    for (key, metric) in REFUSALS {
        let total: f64 = (1..=NODES).map(|node| counter(node, metric)).sum::<Result<f64>>()?;
        findings.at_least(key, total as u64, 1);
    }
    for metric in
        ["clients_stuck_total", "clients_overflowed_total", "clients_refused_address_total", "corrections_total"]
    {
        let total: f64 = (1..=NODES).map(|node| counter(node, metric)).sum::<Result<f64>>()?;
        findings.tell(metric, total as u64);
    }
    let stalls: f64 = (1..=NODES).map(|node| counter(node, "stalls_total")).sum::<Result<f64>>()?;
    findings.at_most("stalls", stalls as u64, 0);
    findings.at_least("let_in_afterwards", guests(cluster)?, NODES.into());
    Ok(())
}

/// How many nodes let a guest in again.
fn guests(cluster: &Cluster) -> Result<u64> {
    let (binary, deadline) = (cluster.binary()?, Instant::now() + RECOVERY);
    let mut welcome = 0;
    for (index, address) in addresses().iter().enumerate() {
        // What the attackers used up of this address is given back within seconds.
        let mut seed = 100 * (index + 1);
        while !Bots::visit(&binary, address, &seed.to_string())? {
            if Instant::now() >= deadline {
                return Ok(welcome);
            }
            seed += 1;
            sleep(Duration::from_millis(500));
        }
        welcome += 1;
    }
    Ok(welcome)
}

fn counter(node: u16, name: &str) -> Result<f64> {
    let snapshot = http::get_json(Cluster::map_of(node), "/api/snapshot")?;
    snapshot["counters"][name].as_f64().with_context(|| format!("`{name}` is missing on node-{node}"))
}
