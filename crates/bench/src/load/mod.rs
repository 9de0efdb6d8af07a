//! The load: all clients of a run in one process and on one thread, and what they see.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cost::Cost;
use crate::scene::{Placement, Scene};

mod fleet;
mod seat;
pub mod tally;
mod trail;
mod watcher;

use fleet::Fleet;
use tally::{Quantiles, Seen};

/// What the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// The product's protocol.
    World,
    /// The floor's frames.
    Floor,
}

/// What a load is to do.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// What the server speaks.
    pub dialect: Dialect,
    /// Where it takes place.
    pub scene: Scene,
    /// Where the nodes of the server take clients.
    pub addresses: Vec<SocketAddr>,
    /// Which of them serves whom.
    pub placement: Placement,
    /// The processes of the server, whose cost is counted.
    pub servers: Vec<u32>,
    /// How many clients read all that they are told.
    pub observers: usize,
    /// Play before the measurement.
    pub warm_up: Duration,
    /// The measurement.
    pub time: Duration,
}

/// Between two looks at who sees whom.
const LOOK: Duration = Duration::from_millis(500);

/// Plays and measures.
///
/// # Errors
/// A client could not get in or was lost, or the kernel's accounts cannot be read.
pub fn run(plan: &LoadPlan) -> Result<Seen> {
    let mut fleet = Fleet::gather(plan)?;
    fleet.drive(Instant::now() + plan.warm_up)?;
    fleet.take_tally();
    let costs = || -> Result<(Cost, Cost)> {
        let server = Cost::of_all(&plan.servers).context("the server's accounts")?;
        Ok((server, Cost::of(std::process::id()).context("our own accounts")?))
    };
    let (server_before, load_before) = costs()?;
    let began = Instant::now();
    let (mut pairs, mut looks) = (0, 0);
    while began.elapsed() < plan.time {
        fleet.drive((Instant::now() + LOOK).min(began + plan.time))?;
        (pairs, looks) = (pairs + fleet.pairs_in_view(), looks + 1);
    }
    let tally = fleet.take_tally();
    let seconds = began.elapsed().as_secs_f64();
    let (server, load) = costs()?;
    let (server, load) = (server - server_before, load - load_before);
    let mut publishers = fleet.publishers();
    publishers.sort_unstable();
    let publishers_at = |percent: usize| publishers.get((publishers.len() - 1) * percent / 100).copied().unwrap_or(0);
    let changed_share = tally.changed as f64 / (tally.read as f64).max(1.0);
    Ok(Seen {
        seconds,
        clients: plan.scene.clients,
        updates: tally.updates.saturating_sub(tally.own) as f64 * changed_share,
        possible: pairs as f64 / f64::from(looks) * 10.0 * seconds,
        bytes: tally.bytes,
        messages: tally.messages,
        inputs: tally.inputs,
        corrected: tally.corrected,
        unexplained: tally.unexplained as f64 / (tally.read as f64).max(1.0),
        violations: tally.violations,
        astray: fleet.astray(),
        publishers_p50: publishers_at(50),
        publishers_p95: publishers_at(95),
        seen_ms: Quantiles::from(&tally.seen_us),
        late_ms: Quantiles::from(&tally.late_us),
        server_cpu_s: server.cpu.as_secs_f64(),
        server_waited_s: server.waited.as_secs_f64(),
        load_cpu_s: load.cpu.as_secs_f64(),
        load_waited_s: load.waited.as_secs_f64(),
    })
}
