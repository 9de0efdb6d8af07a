//! A few seeds of one scenario in a process of its own, and what it says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Scenario;
use crate::workspace;

/// Seeds from the first to the last.
#[derive(Clone, Debug)]
pub struct Batch {
    pub scenario: Scenario,
    pub first: u64,
    pub last: u64,
}

/// A seed that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub seed: u64,
    pub why: String,
}

/// What a batch showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub runs: u64,
    pub failed: Vec<Failed>,
    /// What these runs alone did not put to the test, in words.
    pub unproven: BTreeSet<String>,
    /// How often each checker compared anything.
    pub checks: BTreeMap<String, u64>,
    /// The cells of which each seed is one, for a matrix.
    pub cells: u64,
    pub simulated_s: u64,
}

impl Batch {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.last - self.first + 1
    }

    /// Runs them. A process that breaks is a batch that failed; a file that is wrong is an error.
    pub fn run(&self, binary: &Path) -> Result<Shown> {
        let mut command = Command::new(binary);
        command.current_dir(workspace::root()).arg("simulate").arg(&self.scenario.file);
        command.args(["--seeds", &format!("{}..={}", self.first, self.last), "--jobs", "1", "--json"]);
        let output = command.stdin(Stdio::null()).output().context("starting tombolo simulate")?;
        self.judge(&output)
    }

    fn judge(&self, output: &Output) -> Result<Shown> {
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0 | 1) => {
                let told = serde_json::from_slice(&output.stdout).context("what tombolo simulate says is no JSON")?;
                Ok(self.read(&told, output.status.success()))
            }
            Some(2) => bail!("{}", said.trim()),
            _ => Ok(self.broken(&format!("{}: {}", output.status, said.lines().last().unwrap_or_default()))),
        }
    }

    /// All that every kind of scenario tells of many seeds; the rest where it is told.
    fn read(&self, told: &Value, well: bool) -> Shown {
        let texts = |key: &str| told[key].as_array().into_iter().flatten();
        let counts = told["checks"].as_object().into_iter().flatten();
        let unmet = texts("assertions").filter(|demand| demand["passed"] == false);
        let unmet: Vec<&str> = unmet.filter_map(|demand| demand["name"].as_str()).collect();
        let mut shown = Shown {
            runs: told["runs"].as_u64().unwrap_or(0),
            failed: texts("failed")
                .filter_map(failed)
                .chain(texts("seeds").filter_map(|row| not_held(row, &unmet)))
                .collect(),
            unproven: texts("unproven").filter_map(|text| text.as_str().map(str::to_owned)).collect(),
            checks: counts.map(|(name, times)| (name.clone(), times.as_u64().unwrap_or(0))).collect(),
            cells: told["cells"].as_u64().unwrap_or(0),
            simulated_s: told["simulated_s"].as_u64().unwrap_or(0),
        };
        if !well && shown.failed.is_empty() {
            let why = format!("one of the seeds {} to {} failed, and it is not told which", self.first, self.last);
            shown.failed.push(Failed { seed: self.first, why });
        }
        shown
    }

    /// Nothing is known of any of its seeds.
    fn broken(&self, why: &str) -> Shown {
        let failed = (self.first..=self.last).map(|seed| Failed { seed, why: format!("the process ended, {why}") });
        Shown { runs: self.count(), failed: failed.collect(), ..Shown::default() }
    }
}

fn failed(run: &Value) -> Option<Failed> {
    let cell = run["cell"].as_str().map(|cell| format!("{cell}: ")).unwrap_or_default();
    let first = &run["first"];
    let why = match (first["checker"].as_str(), first["what"].as_str()) {
        (Some(checker), Some(what)) => format!("{checker}: {what}"),
        _ => match run["unfired"][0].as_str() {
            Some(kind) => format!("{kind} never fired"),
            None => "it failed".to_owned(),
        },
    };
    Some(Failed { seed: run["seed"].as_u64()?, why: format!("{cell}{why}") })
}

/// A row of a suite that tells each seed, and the demands that some of them did not meet.
fn not_held(row: &Value, unmet: &[&str]) -> Option<Failed> {
    let demands = if unmet.is_empty() { String::new() } else { format!(", among {}", unmet.join("; ")) };
    let failed = row["held"] == false;
    failed
        .then(|| Some(Failed { seed: row["seed"].as_u64()?, why: format!("a demand was not met{demands}") }))
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::path::PathBuf;
    use std::process::ExitStatus;

    use serde_json::json;

    use super::*;

    fn judge(raw_status: i32, told: &str, said: &str) -> Result<Shown> {
        let scenario = Scenario { name: "s".to_owned(), file: PathBuf::from("s.toml") };
        let (stdout, stderr) = (told.as_bytes().to_vec(), said.as_bytes().to_vec());
        Batch { scenario, first: 3, last: 4 }.judge(&Output {
            status: ExitStatus::from_raw(raw_status),
            stdout,
            stderr,
        })
    }

    fn seeds(shown: &Shown) -> Vec<(u64, &str)> {
        shown.failed.iter().map(|failed| (failed.seed, failed.why.as_str())).collect()
    }

    #[test]
    fn a_suite_of_any_kind_is_read() {
        let held = json!({ "runs": 2, "failed": [], "unproven": ["a"], "checks": { "c": 7 }, "simulated_s": 120 });
        let shown = judge(0, &held.to_string(), "").expect("it is JSON");
        assert_eq!((shown.runs, shown.failed.len(), shown.checks["c"], shown.simulated_s), (2, 0, 7, 120));
        let first = json!({ "checker": "c", "what": "w", "at_ms": 1 });
        let failed = json!({ "runs": 2, "failed": [
            { "seed": 3, "first": first, "violations": 1 },
            { "seed": 4, "cell": "crash + pause", "first": null, "unfired": ["pause"] },
        ]});
        let shown = judge(1 << 8, &failed.to_string(), "").expect("it is JSON");
        assert_eq!(seeds(&shown), [(3, "c: w"), (4, "crash + pause: pause never fired")]);
        let demands =
            json!({ "runs": 2, "held": 1, "seeds": [{ "seed": 3, "held": true }, { "seed": 4, "held": false }] });
        let shown = judge(1 << 8, &demands.to_string(), "").expect("it is JSON");
        assert_eq!(seeds(&shown), [(4, "a demand was not met")]);
        let mut named = demands;
        named["assertions"] = json!([{ "name": "no queue", "passed": false }, { "name": "full", "passed": true }]);
        let shown = judge(1 << 8, &named.to_string(), "").expect("it is JSON");
        assert_eq!(seeds(&shown), [(4, "a demand was not met, among no queue")]);
    }

    #[test]
    fn a_failure_that_is_not_told_and_a_crash_are_failures() {
        let shown = judge(1 << 8, r#"{"runs":2}"#, "").expect("it is JSON");
        assert_eq!(shown.failed.len(), 1);
        let shown = judge(6, "", "thread panicked\nat x").expect("a crash is no error");
        assert_eq!(seeds(&shown).iter().map(|(seed, _)| *seed).collect::<Vec<_>>(), [3, 4]);
        assert!(shown.failed[0].why.ends_with("at x"), "{shown:?}");
        let shown = judge(101 << 8, "", "panicked").expect("a panic is no error");
        assert_eq!(shown.failed.len(), 2);
    }

    #[test]
    fn a_file_that_is_wrong_is_an_error() {
        let error = judge(2 << 8, "", "error: s.toml: line 3").expect_err("exit code 2");
        assert_eq!(error.to_string(), "error: s.toml: line 3");
        assert!(judge(0, "no JSON", "").is_err());
    }
}
