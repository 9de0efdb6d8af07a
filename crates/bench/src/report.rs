//! The results in words and as JSON.

use serde_json::json;

use crate::part::Cores;
use crate::row::Row;

/// The head of the table.
#[must_use]
pub fn head() -> String {
    format!(
        "{:<7}{:>8}{:>6} {:>10}{:>8}{:>15}{:>9}{:>8}{:>7} {:>24} {:>16}",
        "bench",
        "clients",
        "nodes",
        "CPU s/1M",
        "x floor",
        "(of rounds)",
        "us/c.tick",
        "B/upd",
        "rate",
        "p50/p99/p99.9 ms",
        "floor's p50/p99"
    )
}

/// One row of the table, and what must be known to judge it.
#[must_use]
pub fn line(row: &Row) -> String {
    let (low, high) = row.floor_ratio_range;
    let times = format!("{:.0}/{:.0}/{:.0}", row.p50_ms, row.p99_ms, row.p999_ms);
    let floor_times = format!("{:.0}/{:.0}", row.floor_p50_ms, row.floor_p99_ms);
    let mut text = format!(
        "{:<7}{:>8}{:>6} {:>10.4}{:>8.2}{:>15}{:>9.1}{:>8.2}{:>6.1}% {times:>24} {floor_times:>16}",
        row.bench,
        row.clients,
        row.nodes,
        row.cpu_s_per_million,
        row.floor_ratio,
        format!("({low:.2}-{high:.2})"),
        row.cpu_us_per_client_tick,
        row.bytes_per_update,
        100.0 * row.rate_share,
    );
    text += &format!(
        "\n       inputs late p99 {:.1} ms; waited for a core: server {:.1} %, load {:.1} % of the time; load busy {:.0} %",
        row.late_p99_ms,
        100.0 * row.server_waited,
        100.0 * row.load_waited,
        100.0 * row.load_busy,
    );
    if row.nodes > 1 {
        let (p50, p95) = (row.publishers_p50, row.publishers_p95);
        text += &format!("\n       placed by {:?}: publishers per chunk p50 {p50}, p95 {p95}", row.placement)
            .to_lowercase();
    }
    if row.corrected > 0.0 || row.violations + row.astray > 0 {
        text += &format!(
            "\n       {:.2} % of inputs put right, {} violations, {} astray",
            100.0 * row.corrected,
            row.violations,
            row.astray
        );
    }
    text
}

/// The targets of a run, in words.
#[must_use]
pub fn targets(rows: &[Row]) -> String {
    let judged = rows.iter().filter_map(|row| Some((row, row.met?)));
    let says = judged.map(|(row, met)| {
        format!(
            "{} {} on {}: {}: {}\n",
            row.bench,
            row.clients,
            row.nodes,
            if met { "met" } else { "missed" },
            row.target
        )
    });
    says.collect()
}

/// Everything as one JSON object.
#[must_use]
pub fn json(rows: &[Row], cores: &Cores, rounds: usize, seconds: f64) -> serde_json::Value {
    json!({
        "rows": rows,
        "rounds": rounds,
        "seconds": seconds,
        "server_core": cores.server,
        "load_core": cores.load,
        "real_time": cores.real_time,
        "met": rows.iter().all(|row| row.met != Some(false)),
    })
}
