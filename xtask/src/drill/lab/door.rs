//! The way into a lab: the same command again, as the first process of namespaces of its own. Its input is a pipe that
//! only the outer process holds, so that it notices when that is gone, and its output is what it found.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::drill::findings::Findings;
use crate::workspace;

/// Programs without which there is no lab.
const PROGRAMS: [&str; 8] = ["ip", "nft", "unshare", "setsid", "mount", "kill", "etcd", "etcdctl"];
/// The capabilities that it takes, by their bits: network administration, and namespaces and mounts.
const CAPABILITIES: [(u32, &str); 2] = [(12, "CAP_NET_ADMIN"), (21, "CAP_SYS_ADMIN")];
/// The word that tells the inner process who it is.
pub const INSIDE: &str = "--inside";

/// Why there can be no lab on this machine; nothing if there can.
pub fn closed() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let missing: Vec<&str> = missing_capabilities(&status);
    if !missing.is_empty() {
        return Some(format!("it takes root with {} to make network namespaces", missing.join(" and ")));
    }
    let absent: Vec<&str> = PROGRAMS.into_iter().filter(|name| !is_installed(name)).collect();
    if !absent.is_empty() {
        return Some(format!("{} not installed; scripts/setup installs what is missing", absent.join(", ")));
    }
    let tried = Command::new("unshare").args(["--net", "--pid", "--mount", "--fork", "true"]).output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("no namespaces here: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

fn missing_capabilities(status: &str) -> Vec<&'static str> {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    CAPABILITIES.iter().filter(|(bit, _)| effective >> bit & 1 == 0).map(|(_, name)| *name).collect()
}

fn is_installed(name: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(name).is_file())
}

/// Runs this command once more, inside, with these words. Returns what it found.
pub fn enter(words: &[String], logs: &Path) -> Result<Findings> {
    let binary = build()?;
    if logs.exists() {
        fs::remove_dir_all(logs).context("removing the logs of the last drill")?;
    }
    fs::create_dir_all(logs).with_context(|| logs.display().to_string())?;
    let own = std::env::current_exe().context("this very program")?;
    // A session of its own, so that Ctrl-C is only for the outer process.
    let mut command = Command::new("setsid");
    command.args(["unshare", "--net", "--pid", "--mount", "--ipc", "--fork", "--kill-child", "--mount-proc", "--"]);
    command.arg(own).args(words).arg(INSIDE).arg(&binary);
    let mut inner = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("unshare")?;
    let mut found = String::new();
    let read = inner.stdout.take().context("no output")?.read_to_string(&mut found);
    let status = inner.wait().context("waiting for the lab")?;
    read.context("reading what the drill found")?;
    if !status.success() {
        bail!("the drill ended early ({status}); the logs of the processes are in {}", logs.display());
    }
    serde_json::from_str(&found).context("what the drill found cannot be read")
}

/// Inside: ends this process, and with it everything in the lab, as soon as the outer process is gone.
pub fn watch_the_door() {
    std::thread::spawn(|| {
        // Nothing is ever written; it ends with the process that holds the other end.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
}

/// The binary, built with everything that the rest of the workspace is built with, so that nothing is built twice.
fn build() -> Result<PathBuf> {
    let built = workspace::cargo().args(["build", "--workspace", "--bin", "tombolo"]).status()?;
    ensure!(built.success(), "the binary could not be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(workspace::root().join(target).join("debug/tombolo"))
}

#[cfg(test)]
mod tests {
    use super::missing_capabilities;

    #[test]
    fn both_capabilities_are_needed() {
        let cases: [(&str, &[&str]); 4] = [
            ("Name:\tx\nCapEff:\t000001fffeffffff\n", &[]),
            ("CapEff:\t0000000000000000\n", &["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]),
            ("CapEff:\t0000000000001000\n", &["CAP_SYS_ADMIN"]),
            ("", &["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]),
        ];
        for (status, expected) in cases {
            assert_eq!(missing_capabilities(status), expected, "{status:?}");
        }
    }
}
