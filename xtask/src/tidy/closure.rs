//! What pure crates link, down to the last crate: nothing in it reaches a socket, a thread, a clock or the system's
//! random numbers.
//!
//! Cargo resolves each pure crate alone with its default features, because features that other crates switch on in it
//! (`client`'s `tcp`) are not its own. Build scripts and procedural macros run on the builder's machine and do not count.

use anyhow::{Context, ensure};

use super::Finding;
use super::house;
use super::members::Member;
use crate::workspace;

/// Crates that no pure crate may reach, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("async-io", "I/O"),
    ("async-std", "I/O"),
    ("axum", "I/O"),
    ("chrono", "a clock"),
    ("crossbeam-channel", "threads"),
    ("dashmap", "threads and hash order"),
    ("etcd-client", "I/O"),
    ("fastrand", "ambient randomness"),
    ("fjall", "I/O"),
    ("getrandom", "ambient randomness"),
    ("hyper", "I/O"),
    ("mio", "I/O"),
    ("parking_lot", "threads"),
    ("polling", "I/O"),
    ("quanta", "a clock"),
    ("rand", "ambient randomness, and distributions that change between versions"),
    ("rayon", "threads"),
    ("redis", "I/O"),
    ("signal-hook-registry", "signals"),
    ("smol", "I/O"),
    ("socket2", "I/O"),
    ("tokio", "I/O, a clock and threads"),
    ("uuid", "ambient randomness"),
    ("zmq", "I/O"),
    ("zmq-sys", "I/O"),
];

/// Asks cargo for everything that each pure crate links.
pub fn check(members: &[Member]) -> anyhow::Result<Vec<Finding>> {
    let pure =
        members.iter().filter(|member| house::find(house::ROOMS, &member.name).is_some_and(house::Room::is_pure));
    let mut findings = Vec::new();
    for member in pure {
        findings.extend(forbidden(member, &linked(&member.name)?));
    }
    Ok(findings)
}

fn linked(name: &str) -> anyhow::Result<String> {
    let args = ["tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}", "--package", name];
    let output = workspace::cargo().args(args).output().context("running cargo tree")?;
    ensure!(output.status.success(), "cargo tree --package {name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `linked` has one crate a line: `name v1.2.3 ...`.
fn forbidden(member: &Member, linked: &str) -> Vec<Finding> {
    let reached = |name: &str| linked.lines().any(|line| line.split(' ').next() == Some(name));
    let bad = FORBIDDEN.iter().filter(|(name, _)| reached(name));
    let manifest = member.manifest();
    bad.map(|(name, why)| {
        let ask = format!("cargo tree --package {} --edges normal --invert {name}", member.name);
        Finding::of(&manifest, format!("`{}` is pure but links `{name}` ({why}); to see how: {ask}", member.name))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::members::planted;
    use super::*;

    fn check(linked: &str, expected: usize) {
        assert_eq!(forbidden(&planted("node", &[]), linked).len(), expected, "{linked}");
    }

    #[test]
    fn what_a_pure_crate_links() {
        check("node v0.1.0\nworld v0.1.0\nrand_core v0.10.0\nserde_json v1.0.0", 0);
        check("node v0.1.0\ntokio v1.54.0\nmio v1.0.0", 2);
        check("node v0.1.0\nuuid v1.0.0\ngetrandom v0.3.0 (*)", 2);
        check("node v0.1.0\ntokio-like v1.0.0", 0);
    }
}
