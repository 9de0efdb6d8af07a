//! The network of a lab: a namespace for each place, and a bridge that joins them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{MEMORY, Place, STORE_PORT};

const BRIDGE: &str = "bridge";
/// The drill and the players.
const BRIDGE_ADDRESS: &str = "10.77.0.1/24";

/// Builds all of it. Nothing of it may be there yet.
pub fn build(places: &[Place]) -> Result<()> {
    run("mount", &["-t", "tmpfs", "tmpfs", MEMORY])?;
    fs::create_dir(format!("{MEMORY}/netns"))?;
    ip("link set lo up")?;
    ip(&format!("link add {BRIDGE} type bridge"))?;
    ip(&format!("address add {BRIDGE_ADDRESS} dev {BRIDGE}"))?;
    ip(&format!("link set {BRIDGE} up"))?;
    places.iter().try_for_each(|place| join(*place))?;
    lead_to_the_store()
}

fn join(place: Place) -> Result<()> {
    let address = place.address();
    ip(&format!("netns add {place}"))?;
    ip(&format!("link add {place} type veth peer name eth0 netns {place}"))?;
    ip(&format!("link set {place} master {BRIDGE} up"))?;
    ip(&format!("-n {place} address add {address}/24 dev eth0"))?;
    ip(&format!("-n {place} link set eth0 up"))?;
    ip(&format!("-n {place} link set lo up"))
}

/// The store listens on loopback only. In its namespace that is where its port leads.
fn lead_to_the_store() -> Result<()> {
    let local = "echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet";
    run("ip", &["netns", "exec", "store", "sh", "-c", local])?;
    nft(
        Place::Store,
        &format!(
            "table ip lead {{ chain prerouting {{ type nat hook prerouting priority -100; \
             tcp dport {STORE_PORT} dnat to 127.0.0.1:{STORE_PORT}; }}; }}"
        ),
    )
}

/// Has `nft` read these rules or orders in the namespace of a place.
pub fn nft(place: Place, orders: &str) -> Result<()> {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &place.to_string(), "nft", "-f", "-"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().context("nft")?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{orders}").context("nft")?;
    }
    let output = child.wait_with_output().context("nft")?;
    if !output.status.success() {
        bail!("nft in {place}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// What `nft` tells of a table of addresses in the namespace of a place.
pub fn nft_table(place: Place, table: &str) -> Result<Value> {
    let place = place.to_string();
    let told = said("ip", &["netns", "exec", &place, "nft", "--json", "list", "table", "ip", table])?;
    serde_json::from_str(&told).context("nft does not say JSON")
}

fn ip(words: &str) -> Result<()> {
    run("ip", &words.split_whitespace().collect::<Vec<_>>())
}

fn run(program: &str, words: &[&str]) -> Result<()> {
    said(program, words).map(drop)
}

fn said(program: &str, words: &[&str]) -> Result<String> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().context(program.to_owned())?;
    if !output.status.success() {
        bail!("{program} {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
