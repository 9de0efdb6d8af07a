//! What the players' report says of the drill: nothing that should never be, and everybody back in time.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::bounds;
use super::findings::Findings;

/// The lives of nodes that something was done to: whoever was on them may come back elsewhere. Nobody else may have to.
#[derive(Default)]
pub struct Lives {
    /// Killed.
    pub killed: BTreeSet<String>,
    /// Stopped in good order.
    pub stopped: BTreeSet<String>,
    /// Paused for so long that clients may give it up.
    pub paused: BTreeSet<String>,
    /// Paused at all: they notice it themselves, and count a stall.
    pub stood_still: BTreeSet<String>,
}

/// Judges the report of all players. `nodes` is the number of nodes that they entered by, `silence` the longest time for
/// which one in the world may hear nothing.
pub fn judge(report: &Value, lives: &Lives, nodes: u64, silence: Duration, findings: &mut Findings) -> Result<()> {
    findings.at_most("violations", count(&report["violations"])?, 0);
    if let Some(kinds) = report["violations_by_kind"].as_object().filter(|kinds| !kinds.is_empty()) {
        findings.tell("violations_by_kind", Value::Object(kinds.clone()));
    }
    findings.at_most("failed", count(&report["failed"])?, 0);
    let reconcile = &report["counts_reconcile"];
    findings.judged("counts_reconcile", reconcile.clone(), "true".to_owned(), reconcile == true);
    findings.at_most("longest_silence_ms", count(&report["longest_silence_ms"])?, silence.as_millis() as u64);
    let returns = Return::all(report)?;
    let mut explained = 0;
    if !lives.killed.is_empty() {
        explained += returns_of("resume_ms", "set_back_m", &lives.killed, bounds::SET_BACK_M, &returns, findings);
    }
    if !lives.stopped.is_empty() {
        let names = ("stop_resume_ms", "stop_set_back_m");
        explained += returns_of(names.0, names.1, &lives.stopped, bounds::STOP_SET_BACK_M, &returns, findings);
    }
    if !lives.paused.is_empty() {
        let names = ("pause_resume_ms", "pause_set_back_m");
        explained += returns_of(names.0, names.1, &lives.paused, bounds::PAUSE_SET_BACK_M, &returns, findings);
    }
    findings.at_most("unexplained_reconnects", (returns.len() - explained) as u64, 0);
    findings.at_least("border_crossings", count(&report["border_crossings"])?, 1);
    findings.at_least("node_pairs_seen", pairs_seen(report), nodes * (nodes - 1));
    let latency = &report["latency_ms"];
    findings.tell("latency_ms", json!({ "p50": latency["p50"], "p99": latency["p99"], "max": latency["max"] }));
    Ok(())
}

/// How those of some lives came back. Returns how many they were.
fn returns_of(
    out_ms: &'static str,
    set_back_m: &'static str,
    lives: &BTreeSet<String>,
    most_m: f64,
    returns: &[Return],
    findings: &mut Findings,
) -> usize {
    let theirs: Vec<&Return> = returns.iter().filter(|r| lives.contains(&r.from)).collect();
    findings.spread(out_ms, &theirs.iter().map(|r| r.out_ms).collect::<Vec<_>>(), bounds::RESUME_MS);
    findings.spread(set_back_m, &theirs.iter().map(|r| r.set_back_m).collect::<Vec<_>>(), most_m);
    theirs.len()
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

/// A count of a report.
pub fn count(value: &Value) -> Result<u64> {
    value.as_u64().with_context(|| format!("{value} is no count"))
}

/// Ordered pairs of different nodes of which the second's players were seen from the first.
fn pairs_seen(report: &Value) -> u64 {
    let seen = report["nodes_seen"].as_array().map(Vec::as_slice).unwrap_or_default();
    seen.iter().filter(|pair| pair["observers_on"] != pair["bots_on"] && pair["bots"] != 0).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(change: (&str, Value)) -> Value {
        let mut report = json!({
            "violations": 0, "failed": 0, "counts_reconcile": true, "longest_silence_ms": 900, "border_crossings": 5,
            "returns": [{ "from": "2.0#1", "out_ms": 250, "set_back_m": 0.5 }],
            "nodes_seen": [
                { "observers_on": 1, "bots_on": 2, "bots": 4 },
                { "observers_on": 2, "bots_on": 1, "bots": 4 },
                { "observers_on": 2, "bots_on": 2, "bots": 4 },
            ],
            "latency_ms": { "p50": 70.0, "p99": 120.0, "max": 130.0 },
        });
        report[change.0] = change.1;
        report
    }

    fn broken(change: (&str, Value)) -> Value {
        let lives = Lives { killed: ["2.0#1".to_owned()].into(), ..Lives::default() };
        let mut findings = Findings::default();
        judge(&report(change), &lives, 2, bounds::SILENCE, &mut findings).expect("a whole report");
        findings.to_json()["broken"].clone()
    }

    #[test]
    fn each_thing_that_should_not_be_is_named() {
        let far = json!([{ "from": "2.0#1", "out_ms": 250, "set_back_m": 500.0 }]);
        let late = json!([{ "from": "2.0#1", "out_ms": 25_000, "set_back_m": 0.0 }]);
        let other = json!([{ "from": "3.0#1", "out_ms": 250, "set_back_m": 0.0 }]);
        let cases = [
            ("bots", json!(2), json!([])),
            ("violations", json!(1), json!(["violations"])),
            ("failed", json!(1), json!(["failed"])),
            ("counts_reconcile", json!(false), json!(["counts_reconcile"])),
            ("longest_silence_ms", json!(7_000), json!(["longest_silence_ms"])),
            ("returns", far, json!(["set_back_m"])),
            ("returns", late, json!(["resume_ms"])),
            ("returns", other, json!(["unexplained_reconnects"])),
            ("nodes_seen", json!([]), json!(["node_pairs_seen"])),
        ];
        for (key, value, expected) in cases {
            assert_eq!(broken((key, value)), expected, "{key}");
        }
    }
}
