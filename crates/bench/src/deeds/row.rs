//! The rows of the bench, in words and as JSON.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Value, json};

use super::session::Did;

/// Deeds a second in parts of what the backend alone does.
const TARGET: f64 = 0.7;

/// The backend alone and deeds, once each.
pub struct Round {
    /// What each writer did.
    pub raw: Vec<Did>,
    /// What each session did.
    pub deeds: Vec<Did>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The store.
    pub store: &'static str,
    /// What was done.
    pub what: &'static str,
    /// Sessions.
    pub sessions: usize,
    /// Rounds of writes of the backend alone, a second.
    pub raw_per_s: f64,
    /// Deeds a second.
    pub deeds_per_s: f64,
    /// The second over the first, round by round.
    pub ratio: f64,
    /// The smallest and the largest of the rounds.
    pub ratio_range: (f64, f64),
    /// One round of writes in a hundred took longer, milliseconds.
    pub raw_p99_ms: f64,
    /// The median time from asking to the reply.
    pub p50_ms: f64,
    /// One deed in a hundred took longer.
    pub p99_ms: f64,
    /// Requests to the store for a deed, those after its reply included.
    pub requests_per_deed: f64,
    /// Whether the target is met.
    pub met: bool,
}

/// The row of a tree.
#[derive(Clone, Debug, Serialize)]
pub struct TreeRow {
    /// The store.
    pub store: &'static str,
    /// How they gathered.
    pub how: &'static str,
    /// How many gathered.
    pub gatherers: usize,
    /// Deeds of all a second.
    pub deeds_per_s: f64,
    /// Deeds of the one who did the fewest.
    pub min: usize,
    /// Of the one in the middle.
    pub median: usize,
    /// Of the one who did the most.
    pub max: usize,
    /// The median time from asking to the reply.
    pub p50_ms: f64,
    /// One deed in a hundred took longer.
    pub p99_ms: f64,
    /// Deeds that had to be asked for again.
    pub again: u64,
}

impl Row {
    /// A row from its rounds, of which there is at least one.
    #[must_use]
    pub fn of(store: &'static str, what: &'static str, sessions: usize, seconds: f64, rounds: Vec<Round>) -> Self {
        let count = |did: &[Did]| did.iter().map(|did| did.times.len()).sum::<usize>() as f64;
        let rate = |did: &[Did]| count(did) / seconds;
        let ratios: Vec<f64> = rounds.iter().map(|round| rate(&round.deeds) / rate(&round.raw).max(1e-9)).collect();
        let of = |value: fn(&[Did]) -> f64, pick: fn(&Round) -> &Vec<Did>| {
            median(rounds.iter().map(|round| value(pick(round))).collect())
        };
        let requests = |did: &[Did]| did.iter().map(|did| did.requests).sum::<u64>() as f64;
        let per_deed: Vec<f64> = rounds.iter().map(|r| requests(&r.deeds) / count(&r.deeds).max(1.0)).collect();
        let ratio = median(ratios.clone());
        Self {
            store,
            what,
            sessions,
            raw_per_s: median(rounds.iter().map(|round| rate(&round.raw)).collect()),
            deeds_per_s: median(rounds.iter().map(|round| rate(&round.deeds)).collect()),
            ratio,
            ratio_range: (ratios.iter().copied().fold(f64::MAX, f64::min), ratios.iter().copied().fold(0.0, f64::max)),
            raw_p99_ms: of(|did| quantile_ms(did, 0.99), |round| &round.raw),
            p50_ms: of(|did| quantile_ms(did, 0.5), |round| &round.deeds),
            p99_ms: of(|did| quantile_ms(did, 0.99), |round| &round.deeds),
            requests_per_deed: median(per_deed),
            met: ratio >= TARGET,
        }
    }

    /// It as a line of the table.
    #[must_use]
    pub fn line(&self) -> String {
        let (low, high) = self.ratio_range;
        format!(
            "{:<8}{:<15}{:>9}{:>11.0}{:>11.0}{:>8.2}{:>14}{:>12.2}{:>9.2}{:>9.2}{:>8.1}",
            self.store,
            self.what,
            self.sessions,
            self.raw_per_s,
            self.deeds_per_s,
            self.ratio,
            format!("({low:.2}-{high:.2})"),
            self.raw_p99_ms,
            self.p50_ms,
            self.p99_ms,
            self.requests_per_deed,
        )
    }
}

impl TreeRow {
    /// A row from what each did.
    #[must_use]
    pub fn of(store: &'static str, how: &'static str, seconds: f64, did: &[Did]) -> Self {
        let mut each: Vec<usize> = did.iter().map(|did| did.times.len()).collect();
        each.sort_unstable();
        let at = |n: usize| each.get(n).copied().unwrap_or(0);
        Self {
            store,
            how,
            gatherers: each.len(),
            deeds_per_s: each.iter().sum::<usize>() as f64 / seconds,
            min: at(0),
            median: at(each.len() / 2),
            max: at(each.len().saturating_sub(1)),
            p50_ms: quantile_ms(did, 0.5),
            p99_ms: quantile_ms(did, 0.99),
            again: did.iter().map(|did| did.again).sum(),
        }
    }

    /// It as a line.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "{:<8}{} gather from one tree {}: {:.0} deeds/s, each {} / {} / {} (min/median/max), p50 {:.1} ms, p99 {:.1} ms, {} asked again",
            self.store,
            self.gatherers,
            self.how,
            self.deeds_per_s,
            self.min,
            self.median,
            self.max,
            self.p50_ms,
            self.p99_ms,
            self.again
        )
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn quantile_ms(did: &[Did], quantile: f64) -> f64 {
    let Ok(mut histogram) = Histogram::<u64>::new(3) else { return 0.0 };
    let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    for time in did.iter().flat_map(|did| &did.times) {
        // It grows as it must.
        let _ = histogram.record(micros(time));
    }
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

/// The head of the table.
#[must_use]
pub fn head() -> String {
    format!(
        "{:<8}{:<15}{:>9}{:>11}{:>11}{:>8}{:>14}{:>12}{:>9}{:>9}{:>8}",
        "store",
        "deed",
        "sessions",
        "raw/s",
        "deeds/s",
        "ratio",
        "(of rounds)",
        "raw p99 ms",
        "p50 ms",
        "p99 ms",
        "reqs"
    )
}

/// The target, row by row.
#[must_use]
pub fn targets(rows: &[Row]) -> String {
    let says = rows.iter().map(|row| {
        let said = if row.met { "met" } else { "missed" };
        format!("{} {} by {}: {said}: {:.2} of raw, target {TARGET}\n", row.store, row.what, row.sessions, row.ratio)
    });
    says.collect()
}

/// Everything as one JSON object.
#[must_use]
pub fn json(rows: &[Row], trees: &[TreeRow], rounds: usize, seconds: f64) -> Value {
    let met = rows.iter().all(|row| row.met);
    json!({ "rows": rows, "trees": trees, "rounds": rounds, "seconds": seconds, "target": TARGET, "met": met })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(millis: &[u64], requests: u64) -> Did {
        Did { times: millis.iter().map(|ms| Duration::from_millis(*ms)).collect(), requests, again: 0 }
    }

    #[test]
    fn a_row_is_of_the_median_round() {
        let round = |deeds: &[u64]| Round { raw: vec![did(&[1; 10], 10)], deeds: vec![did(deeds, 40)] };
        let row = Row::of("memory", "one document", 1, 2.0, vec![round(&[2; 8]), round(&[2; 5]), round(&[2; 2])]);
        assert_eq!((row.raw_per_s, row.deeds_per_s, row.ratio), (5.0, 2.5, 0.5));
        assert_eq!((row.ratio_range, row.met, row.requests_per_deed), ((0.2, 0.8), false, 8.0));
        assert!((row.p99_ms - 2.0).abs() < 0.01 && (row.raw_p99_ms - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_tree_tells_who_was_left_out() {
        let row = TreeRow::of("memory", "without a pause", 1.0, &[did(&[1, 1], 0), did(&[], 0), did(&[1, 1, 1], 0)]);
        assert_eq!((row.min, row.median, row.max, row.deeds_per_s), (0, 2, 3, 5.0));
    }
}
