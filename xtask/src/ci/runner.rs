//! Runs one step, passes its output on, and keeps the closing line of a test runner.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use super::steps::Step;
use crate::workspace;

/// How a step ended.
pub enum Outcome {
    /// It ran and all was well.
    Passed {
        /// The test runner's last word.
        closing: Option<String>,
    },
    /// It ran and something was not well, or it could not be started.
    Failed {
        /// The test runner's last word.
        closing: Option<String>,
    },
    /// It cannot run on this machine.
    NotRun {
        /// What is missing.
        why: String,
    },
}

/// Runs the step to its end.
pub fn run(step: &Step) -> Outcome {
    if let Some(why) = &step.absent {
        return Outcome::NotRun { why: why.clone() };
    }
    let mut command = workspace::cargo();
    command.args(&step.args).envs(step.env.iter().copied());
    let ran = if step.keeps_closing_line {
        run_listening(&mut command)
    } else {
        run_plainly(&mut command).map(|ok| (ok, None))
    };
    match ran {
        Ok((true, closing)) => Outcome::Passed { closing },
        Ok((false, closing)) => Outcome::Failed { closing },
        Err(error) => {
            eprintln!("cannot run {}: {error}", step.command_line());
            Outcome::Failed { closing: None }
        }
    }
}

fn run_plainly(command: &mut Command) -> io::Result<bool> {
    Ok(command.status()?.success())
}

/// Runs with both streams read line by line: each line is passed on, and the closing ones are kept.
fn run_listening(command: &mut Command) -> io::Result<(bool, Option<String>)> {
    if io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let heard = thread::scope(|scope| {
        let other = scope.spawn(|| err.map(|stream| pass_on(stream, io::stderr())).unwrap_or_default());
        let mut heard = out.map(|stream| pass_on(stream, io::stdout())).unwrap_or_default();
        heard.extend(other.join().unwrap_or_default());
        heard
    });
    Ok((child.wait()?.success(), closing_line(&heard)))
}

fn pass_on(from: impl Read, mut to: impl Write) -> Vec<String> {
    let mut kept = Vec::new();
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
        // A reader that went away does not end the tests.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        let text = without_colour(&String::from_utf8_lossy(&line));
        let text = text.trim();
        if text.starts_with("Summary [") || text.starts_with("test result: ") {
            kept.push(text.to_owned());
        }
        line.clear();
    }
    kept
}

/// nextest closes with one line of its own. cargo closes each test binary with a line: their sum, in the same form.
fn closing_line(heard: &[String]) -> Option<String> {
    if let Some(line) = heard.iter().rfind(|line| line.starts_with("Summary [")) {
        return Some(line.clone());
    }
    let sum = |word: &str| heard.iter().map(|line| count_before(line, word)).sum::<u64>();
    let binaries = heard.len();
    let (passed, failed, ignored) = (sum("passed"), sum("failed"), sum("ignored"));
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    (binaries > 0).then(|| {
        format!(
            "test result: {verdict}. {passed} passed; {failed} failed; {ignored} ignored; in {binaries} test binaries"
        )
    })
}

fn count_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split([' ', ';']).filter(|part| !part.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            let _ = chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(char);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(heard: &[&str], expected: Option<&str>) {
        let output = heard.iter().map(|line| format!("{line}\n")).collect::<String>();
        let kept = pass_on(output.as_bytes(), io::sink());
        assert_eq!(closing_line(&kept).as_deref(), expected, "{heard:?}");
    }

    #[test]
    fn closing_lines() {
        check(&["nothing of interest"], None);
        check(
            &["   PASS a", "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] 3 tests run: 3 passed, 0 skipped"],
            Some("Summary [   0.1s] 3 tests run: 3 passed, 0 skipped"),
        );
        check(
            &[
                "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            ],
            Some("test result: FAILED. 6 passed; 3 failed; 1 ignored; in 2 test binaries"),
        );
    }
}
