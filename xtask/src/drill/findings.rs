//! What a drill measured, each with the bound that it must keep: a table for people, one object for machines.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One measurement.
#[derive(Serialize, Deserialize)]
struct Finding {
    key: String,
    value: Value,
    bound: String,
    kept: bool,
}

/// All measurements of a drill.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Findings {
    all: Vec<Finding>,
}

impl Findings {
    /// A value that is only told.
    pub fn tell(&mut self, key: &'static str, value: impl Into<Value>) {
        self.add(key, value.into(), String::new(), true);
    }

    /// A value that must be at most `most`.
    pub fn at_most(&mut self, key: &'static str, value: u64, most: u64) {
        self.add(key, value.into(), format!("at most {most}"), value <= most);
    }

    /// A value that must be at least `least`.
    pub fn at_least(&mut self, key: &'static str, value: u64, least: u64) {
        self.add(key, value.into(), format!("at least {least}"), value >= least);
    }

    /// A value with a judgement of its own.
    pub fn judged(&mut self, key: &'static str, value: Value, bound: String, kept: bool) {
        self.add(key, value, bound, kept);
    }

    /// Several values of one kind, of which the greatest must be at most `most`.
    pub fn spread(&mut self, key: &'static str, values: &[f64], most: f64) {
        let spread = Spread::of(values);
        let bound = format!("max at most {most}");
        self.add(key, spread.to_json(), bound, spread.max <= most);
    }

    /// Times of one kind, in milliseconds, of which the longest is bounded; `missed` did not come about in time.
    pub fn timed(&mut self, key: &'static str, took: &[f64], missed: u64, most: Duration) {
        let most = most.as_millis();
        let mut spread = Spread::of(took);
        let kept = missed == 0 && spread.max <= most as f64;
        spread.count += missed as usize;
        let mut value = spread.to_json();
        if missed > 0 {
            value["missed"] = json!(missed);
        }
        self.add(key, value, format!("max at most {most}"), kept);
    }

    /// Adds to a number that is only told.
    pub fn add_up(&mut self, key: &'static str, more: u64) {
        let sum = self.value(key, json!(0));
        *sum = json!(sum.as_u64().unwrap_or(0) + more);
    }

    /// A number of which the least so far must be at least `least`.
    pub fn at_least_always(&mut self, key: &'static str, value: u64, least: u64) {
        let before = self.value(key, json!(u64::MAX)).as_u64().unwrap_or(u64::MAX);
        self.all.retain(|finding| finding.key != key);
        self.at_least(key, value.min(before), least);
    }

    /// One more of a kind that is only told.
    pub fn count(&mut self, key: &'static str, kind: &str) {
        let counts = self.value(key, json!({}));
        counts[kind] = json!(counts[kind].as_u64().unwrap_or(0) + 1);
    }

    /// The value of a measurement that is only told, `first` if there is none yet.
    fn value(&mut self, key: &'static str, first: Value) -> &mut Value {
        let index = self.all.iter().position(|finding| finding.key == key).unwrap_or_else(|| {
            self.tell(key, first);
            self.all.len() - 1
        });
        &mut self.all[index].value
    }

    fn add(&mut self, key: &str, value: Value, bound: String, kept: bool) {
        self.all.push(Finding { key: key.to_owned(), value, bound, kept });
    }

    /// Whether every bound was kept.
    pub fn is_well(&self) -> bool {
        self.all.iter().all(|finding| finding.kept)
    }

    /// One object: every measurement by its name, `broken` with the names of those out of bounds, and `ok`.
    pub fn to_json(&self) -> Value {
        let mut object: Map<String, Value> =
            self.all.iter().map(|finding| (finding.key.clone(), finding.value.clone())).collect();
        let broken: Vec<&str> =
            self.all.iter().filter(|finding| !finding.kept).map(|finding| finding.key.as_str()).collect();
        object.insert("broken".to_owned(), json!(broken));
        object.insert("ok".to_owned(), json!(self.is_well()));
        Value::Object(object)
    }

    /// One line for each measurement.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for Finding { key, value, bound, kept } in &self.all {
            let verdict = match (bound.is_empty(), kept) {
                (true, _) => "",
                (false, true) => "ok",
                (false, false) => "BROKEN",
            };
            let _ = writeln!(table, "{key:<24} {:<44} {verdict:<7} {bound}", shown(value));
        }
        let _ = writeln!(table, "drill: {}", if self.is_well() { "ok" } else { "BROKEN" });
        table
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect::<Vec<_>>().join("  ")
        }
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Percentiles of a list.
struct Spread {
    count: usize,
    p50: f64,
    p99: f64,
    max: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)));
        let at = |percent| at(percent).copied().unwrap_or(0.0);
        Self { count: sorted.len(), p50: at(50), p99: at(99), max: at(100) }
    }

    fn to_json(&self) -> Value {
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        json!({ "count": self.count, "p50": tenths(self.p50), "p99": tenths(self.p99), "max": tenths(self.max) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_bound_breaks_the_drill() {
        let mut findings = Findings::default();
        findings.tell("bots", 40);
        findings.at_most("violations", 0, 0);
        findings.at_least("crossings", 10, 10);
        findings.spread("resume_ms", &[10.0, 30.0, 20.0], 30.0);
        assert!(findings.is_well());
        findings.at_most("stalls", 1, 0);
        let json = findings.to_json();
        assert_eq!((&json["ok"], &json["broken"], &json["bots"]), (&json!(false), &json!(["stalls"]), &json!(40)));
        assert_eq!(json["resume_ms"], json!({ "count": 3, "p50": 20.0, "p99": 30.0, "max": 30.0 }));
        assert!(findings.table().contains("BROKEN"), "{}", findings.table());
    }

    #[test]
    fn a_spread_of_nothing_is_nought() {
        assert_eq!(Spread::of(&[]).to_json(), json!({ "count": 0, "p50": 0.0, "p99": 0.0, "max": 0.0 }));
    }
}
