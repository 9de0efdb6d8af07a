//! `cargo xtask tidy`: what the compiler does not check. The directions of dependencies, the purity of the heart, the
//! length of files, leftovers, machine paths, vendored files and the manifests.
//!
//! Each check is a function from what it looks at to [`Finding`]s. It reads neither disk nor network, so that its tests
//! plant a violation in a tree that exists only in memory. A finding with a line may be excused by a reasoned comment
//! (see [`allow`]); an excuse that excuses nothing is a finding too.

use anyhow::Context;

mod allow;
mod closure;
mod directions;
pub mod house;
mod leftovers;
mod length;
mod manifests;
mod members;
mod places;
mod purity;
mod third_party;
mod tokens;
mod tree;

use crate::workspace;
use members::Member;
use tree::Tree;

/// Arguments of `cargo xtask tidy`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cargo xtask tidy --fix")]
pub struct Args {
    /// Write the generated files (clippy.toml of the pure crates) before looking
    #[arg(long)]
    fix: bool,
}

/// Something that is not tidy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
    /// True when it is only reported.
    pub only_a_note: bool,
}

impl Finding {
    /// A finding about one line.
    pub fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into(), only_a_note: false }
    }

    /// A finding about a whole file.
    pub fn of(path: &str, message: impl Into<String>) -> Self {
        Self::at(path, 0, message)
    }
}

/// Looks at the whole tree and prints what it found.
pub fn run(args: &Args) -> anyhow::Result<bool> {
    let root = workspace::root();
    let members = members::read().context("reading the workspace by cargo metadata")?;
    if args.fix {
        manifests::write_generated(&root, &members)?;
    }
    let tree = Tree::read(&root)?;
    let mut findings = look(&tree, &members);
    findings.extend(closure::check(&members)?);
    findings.sort();
    findings.iter().for_each(print);
    let faults = findings.iter().filter(|finding| !finding.only_a_note).count();
    println!("tidy: {faults} faults in {} crates and {} files", members.len(), tree.len());
    Ok(faults == 0)
}

/// All checks that need nothing but the files and the members.
fn look(tree: &Tree, members: &[Member]) -> Vec<Finding> {
    let mut findings = directions::check(house::ROOMS, members);
    findings.extend(manifests::check(tree, members));
    findings.extend(length::check(tree));
    findings.extend(places::check(tree));
    findings.extend(third_party::check(tree));
    findings.extend(leftovers::check(tree));
    findings.extend(purity::check(tree, members));
    allow::excuse(tree, findings)
}

fn print(finding: &Finding) {
    let Finding { path, line, message, only_a_note } = finding;
    let grade = if *only_a_note { "note: " } else { "" };
    match line {
        0 => println!("{path}: {grade}{message}"),
        _ => println!("{path}:{line}: {grade}{message}"),
    }
}

/// The findings of a check as `path:line` and message, for tables in tests.
#[cfg(test)]
fn places_of(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect()
}
