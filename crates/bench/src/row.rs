//! What a run comes to: one row for each number of clients and nodes, from the medians of its rounds.

use serde::Serialize;

use crate::load::tally::Seen;
use crate::scene::Placement;

/// One row of the results.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The bench.
    pub bench: &'static str,
    /// Clients in all.
    pub clients: usize,
    /// Nodes in all.
    pub nodes: u16,
    /// Whether the crowd contract was in force.
    pub contract: bool,
    /// Which node served whom.
    pub placement: Placement,
    /// Nodes that served people of one chunk, the median of all chunks.
    pub publishers_p50: usize,
    /// One chunk in twenty had more.
    pub publishers_p95: usize,
    /// CPU seconds of the server for a million delivered updates.
    pub cpu_s_per_million: f64,
    /// The same of the floor.
    pub floor_cpu_s_per_million: f64,
    /// The first over the second, round by round.
    pub floor_ratio: f64,
    /// The smallest and the largest of the rounds.
    pub floor_ratio_range: (f64, f64),
    /// CPU microseconds of the server for a client and tick.
    pub cpu_us_per_client_tick: f64,
    /// Bytes received for a delivered update.
    pub bytes_per_update: f64,
    /// Delivered updates in parts of all that were possible.
    pub rate_share: f64,
    /// The same of the floor.
    pub floor_rate_share: f64,
    /// From input to seen, in milliseconds.
    pub p50_ms: f64,
    /// One in a hundred took longer.
    pub p99_ms: f64,
    /// One in a thousand took longer.
    pub p999_ms: f64,
    /// The floor's.
    pub floor_p50_ms: f64,
    /// The floor's.
    pub floor_p99_ms: f64,
    /// The floor's.
    pub floor_p999_ms: f64,
    /// How late one input in a hundred was sent, in milliseconds.
    pub late_p99_ms: f64,
    /// Of each second, the share in which threads of the server waited for a core.
    pub server_waited: f64,
    /// The same of the load.
    pub load_waited: f64,
    /// Of each second, the share in which the load was on its core.
    pub load_busy: f64,
    /// Inputs that the server put right, in parts of all.
    pub corrected: f64,
    /// What should never be, in all rounds.
    pub violations: u64,
    /// Entities that observers did not know or had at a wrong place, in all rounds.
    pub astray: u64,
    /// What is aimed at, empty where nothing is.
    pub target: String,
    /// Whether it was met, `None` where nothing is aimed at.
    pub met: Option<bool>,
}

/// How the product was set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Nodes in all.
    pub nodes: u16,
    /// Whether the crowd contract was in force.
    pub contract: bool,
    /// Which node served whom.
    pub placement: Placement,
}

/// One round: the product and the floor, one after the other.
#[derive(Clone, Debug)]
pub struct Round {
    /// What the load on the product saw.
    pub product: Seen,
    /// What the load on the floor saw.
    pub floor: Seen,
}

impl Row {
    /// The row of some rounds, at least one.
    #[must_use]
    pub fn of(bench: &'static str, subject: Settings, rounds: &[Round]) -> Self {
        let Settings { nodes, contract, placement } = subject;
        let median = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
        let ratios: Vec<f64> =
            rounds.iter().map(|round| per_million(&round.product) / per_million(&round.floor)).collect();
        let range = ratios.iter().fold((f64::MAX, f64::MIN), |(low, high), r| (low.min(*r), high.max(*r)));
        Self {
            bench,
            clients: rounds.first().map_or(0, |round| round.product.clients),
            nodes,
            contract,
            placement,
            publishers_p50: rounds.iter().map(|r| r.product.publishers_p50).max().unwrap_or(0),
            publishers_p95: rounds.iter().map(|r| r.product.publishers_p95).max().unwrap_or(0),
            cpu_s_per_million: median(&|r| per_million(&r.product)),
            floor_cpu_s_per_million: median(&|r| per_million(&r.floor)),
            floor_ratio: self::median(ratios),
            floor_ratio_range: range,
            cpu_us_per_client_tick: median(&|r| 1e6 * r.product.server_cpu_s / (r.product.inputs as f64).max(1.0)),
            bytes_per_update: median(&|r| r.product.bytes as f64 / r.product.updates.max(1.0)),
            rate_share: median(&|r| share(&r.product)),
            floor_rate_share: median(&|r| share(&r.floor)),
            p50_ms: median(&|r| r.product.seen_ms.p50),
            p99_ms: median(&|r| r.product.seen_ms.p99),
            p999_ms: median(&|r| r.product.seen_ms.p999),
            floor_p50_ms: median(&|r| r.floor.seen_ms.p50),
            floor_p99_ms: median(&|r| r.floor.seen_ms.p99),
            floor_p999_ms: median(&|r| r.floor.seen_ms.p999),
            late_p99_ms: median(&|r| r.product.late_ms.p99),
            server_waited: median(&|r| r.product.server_waited_s / r.product.seconds),
            load_waited: median(&|r| r.product.load_waited_s / r.product.seconds),
            load_busy: median(&|r| r.product.load_cpu_s / r.product.seconds),
            corrected: median(&|r| r.product.corrected as f64 / (r.product.inputs as f64).max(1.0)),
            violations: rounds.iter().map(|r| r.product.violations + r.floor.violations).sum(),
            astray: rounds.iter().map(|r| r.product.astray).sum(),
            target: String::new(),
            met: None,
        }
    }
}

fn per_million(seen: &Seen) -> f64 {
    1e6 * seen.server_cpu_s / seen.updates.max(1.0)
}

fn share(seen: &Seen) -> f64 {
    seen.updates / seen.possible.max(1.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
