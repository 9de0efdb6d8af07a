//! Seeds in `simulations/seeds`: those that once found a bug are run first (`NAME.txt`), and those that fail now are noted
//! until somebody has looked at them (`NAME.failed`).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Scenario;
use super::batch::Failed;
use crate::workspace;

fn path(scenario: &Scenario, end: &str) -> PathBuf {
    workspace::root().join("simulations/seeds").join(format!("{}.{end}", scenario.name))
}

/// The seeds that are run for ever; none if there is no list.
pub fn read(scenario: &Scenario) -> Result<Vec<u64>> {
    let path = path(scenario, "txt");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    parse(&text).map(|seeds| seeds.into_keys().collect()).with_context(|| path.display().to_string())
}

/// Notes seeds that failed, each once.
pub fn keep(scenario: &Scenario, failed: &[Failed]) -> Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    let path = path(scenario, "failed");
    let before = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
    let text = merge(&before, failed).with_context(|| path.display().to_string())?;
    fs::write(&path, text).with_context(|| path.display().to_string())
}

fn merge(before: &str, failed: &[Failed]) -> Result<String> {
    let mut seeds = parse(before)?;
    for Failed { seed, why } in failed {
        seeds.insert(*seed, why.replace('\n', " "));
    }
    Ok(seeds.iter().map(|(seed, why)| format!("{seed}  {why}\n")).collect())
}

/// A seed and a reason a line; `#` begins a comment where a line begins.
fn parse(text: &str) -> Result<BTreeMap<u64, String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let one = |line: &str| {
        let (seed, why) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let seed = seed.parse().with_context(|| format!("`{line}` does not begin with a seed"))?;
        Ok((seed, why.trim().to_owned()))
    };
    lines.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_noted_once_with_what_it_found_last() {
        let failed = |seed, why: &str| Failed { seed, why: why.to_owned() };
        let once = merge("", &[failed(7, "a\nb"), failed(3, "c")]).expect("it was empty");
        assert_eq!(once, "3  c\n7  a b\n");
        assert_eq!(merge(&once, &[failed(7, "d")]).expect("our own"), "3  c\n7  d\n");
        assert!(merge("seven  x", &[]).is_err());
    }

    #[test]
    fn comments_are_no_seeds() {
        let seeds = parse("# one\n\n11  a # b\n12\n").expect("valid");
        assert_eq!(seeds.into_keys().collect::<Vec<_>>(), [11, 12]);
    }
}
