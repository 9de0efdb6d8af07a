//! Kept seeds: those that once found a bug. A line holds a seed and why it is kept; `#` begins a comment.

use thiserror::Error;

/// A seed that found a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptSeed<'a> {
    /// The seed.
    pub seed: u64,
    /// What it found.
    pub why: &'a str,
}

/// Why a list of seeds cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: `{text}` does not begin with a seed, which is a whole number")]
pub struct KeptSeedError {
    /// The line, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

/// Reads a list of kept seeds.
///
/// # Errors
/// A line that is neither empty nor a comment does not begin with a number.
pub fn kept_seeds(text: &str) -> Result<Vec<KeptSeed<'_>>, KeptSeedError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.split('#').next().unwrap_or("").trim()));
    lines.filter(|(_, line)| !line.is_empty()).map(|(line, text)| kept_seed(line, text)).collect()
}

fn kept_seed(line: usize, text: &str) -> Result<KeptSeed<'_>, KeptSeedError> {
    let (seed, why) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match seed.parse() {
        Ok(seed) => Ok(KeptSeed { seed, why: why.trim() }),
        Err(_) => Err(KeptSeedError { line, text: text.to_owned() }),
    }
}
