//! What the benches aim at, and whether it was met. A missed target is a result, not an error.

use crate::row::Row;

/// Bytes for a delivered update in a crowd, at most.
const CROWD_BYTES: f64 = 7.0;
/// Share of the full rate, at least.
const RATE_SHARE: f64 = 0.95;
/// Milliseconds from input to seen by which one in a hundred may be later than with the floor.
const P99_OVER_FLOOR_MS: f64 = 60.0;
/// CPU for a client at 4000 people over that at 500, at most.
const SPREAD_GROWTH: f64 = 1.2;
/// CPU of a crowd over 4 nodes over that of one node, at most.
const SPLIT_GROWTH: f64 = 1.6;

/// One condition of a target.
struct Aim {
    says: String,
    met: bool,
}

fn aim(says: String, met: bool) -> Aim {
    Aim { says, met }
}

/// Fills in the targets of all rows of a run.
pub fn judge(rows: &mut [Row]) {
    let judged: Vec<Vec<Aim>> = rows.iter().map(|row| aims(row, rows)).collect();
    for (row, aims) in rows.iter_mut().zip(judged).filter(|(_, aims)| !aims.is_empty()) {
        let says = aims.iter().map(|aim| format!("{}{}", aim.says, if aim.met { "" } else { " (missed)" }));
        row.target = says.collect::<Vec<_>>().join(", ");
        row.met = Some(aims.iter().all(|aim| aim.met));
    }
}

fn aims(row: &Row, rows: &[Row]) -> Vec<Aim> {
    let find = |clients: usize, nodes: u16| rows.iter().find(|r| (r.clients, r.nodes) == (clients, nodes));
    let floor = |most: f64| aim(format!("{most}x floor"), row.floor_ratio <= most);
    let rate = || aim(format!("{:.0} % of the rate", 100.0 * RATE_SHARE), row.rate_share >= RATE_SHARE);
    match (row.bench, row.clients, row.nodes) {
        ("crowd", 1000 | 2000, 1) if !row.contract => vec![
            floor(if row.clients == 1000 { 1.5 } else { 2.0 }),
            aim(format!("{CROWD_BYTES} B an update"), row.bytes_per_update <= CROWD_BYTES),
            rate(),
            aim(format!("p99 floor + {P99_OVER_FLOOR_MS} ms"), row.p99_ms <= row.floor_p99_ms + P99_OVER_FLOOR_MS),
        ],
        ("spread", 1000, 1) => vec![floor(2.0), rate()],
        ("spread", 4000, 1) => find(500, 1)
            .map(|base| row.cpu_us_per_client_tick / base.cpu_us_per_client_tick)
            .map(|growth| {
                aim(format!("{SPREAD_GROWTH}x a client's CPU at 500 ({growth:.2}x)"), growth <= SPREAD_GROWTH)
            })
            .into_iter()
            .collect(),
        ("split", clients, 4) if !row.contract => find(clients, 1)
            .map(|base| row.cpu_s_per_million / base.cpu_s_per_million)
            .map(|growth| aim(format!("{SPLIT_GROWTH}x one node ({growth:.2}x)"), growth <= SPLIT_GROWTH))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tally::Seen;
    use crate::row::{Round, Settings};
    use crate::scene::Placement;

    fn row(bench: &'static str, clients: usize, nodes: u16, cpu: f64) -> Row {
        let updates = 1e6;
        let seen =
            Seen { seconds: 1.0, clients, updates, possible: updates, bytes: 6_000_000, inputs: 1, ..Seen::default() };
        let product = Seen { server_cpu_s: cpu, ..seen.clone() };
        Row::of(
            bench,
            Settings { nodes, contract: false, placement: Placement::Turn },
            &[Round { product, floor: Seen { server_cpu_s: 1.0, ..seen } }],
        )
    }

    fn check(mut rows: Vec<Row>, expected: &[Option<bool>]) {
        judge(&mut rows);
        assert_eq!(rows.iter().map(|r| r.met).collect::<Vec<_>>(), expected, "{rows:?}");
    }

    #[test]
    fn targets_are_met_or_missed() {
        check(
            vec![row("crowd", 500, 1, 9.0), row("crowd", 1000, 1, 1.5), row("crowd", 2000, 1, 2.1)],
            &[None, Some(true), Some(false)],
        );
        check(vec![row("spread", 500, 1, 1.0), row("spread", 4000, 1, 1.3)], &[None, Some(false)]);
        check(vec![row("split", 1000, 1, 1.0), row("split", 1000, 4, 1.6)], &[None, Some(true)]);
        check(vec![row("split", 1000, 4, 1.6)], &[None]);
    }

    #[test]
    fn each_condition_counts() {
        for spoil in
            [|r: &mut Row| r.bytes_per_update = 7.1, |r: &mut Row| r.rate_share = 0.94, |r: &mut Row| r.p99_ms = 61.0]
        {
            let mut row = row("crowd", 1000, 1, 1.0);
            spoil(&mut row);
            check(vec![row], &[Some(false)]);
        }
    }
}
