//! `cargo xtask map`: the live map of a real world in a real browser. It starts `tombolo dev` with players, lets
//! `tests/map/map.mjs` look at the page as a person would, and keeps the screenshot.
//!
//! Where there is no browser, no node or no driver, it says so and passes: not every machine can have one.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{browser, workspace};

/// How long the world may take to name its map.
const STARTED: Duration = Duration::from_secs(60);
/// The ports of the world and of its map, below those that the kernel gives away.
const CLIENTS: &str = "127.0.0.1:21600";
const MAP: &str = "127.0.0.1:21680";

/// Arguments of `cargo xtask map`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cargo xtask map\n  cargo xtask map --out docs/map.png")]
pub struct Args {
    /// Players, all of whom must be drawn
    #[arg(long, default_value_t = 200, value_name = "N")]
    bots: u32,
    /// Where the screenshot goes
    #[arg(long, default_value = "target/map.png", value_name = "FILE")]
    out: PathBuf,
    /// Further words for map.mjs, such as --dark or --zoom 3
    #[arg(last = true, value_name = "WORD")]
    look: Vec<String>,
}

/// Looks at the map. True when all held.
pub fn run(args: &Args) -> Result<bool> {
    let test = workspace::root().join("tests/map");
    let browser = match browser::tools() {
        Ok(browser) => browser,
        Err(missing) => {
            println!("map: not run: {missing} is not installed; scripts/setup installs what can be");
            return Ok(true);
        }
    };
    let built = workspace::cargo().args(["build", "--workspace", "--bin", "tombolo"]).status()?;
    ensure!(built.success(), "the binary could not be built");
    let world = World::start(args.bots)?;
    let out = std::path::absolute(&args.out)?;
    let mut look = Command::new("node");
    look.arg("map.mjs").arg(&world.map).arg(&out).args(["--entities", &args.bots.to_string(), "--wait", "60"]);
    let seen = look.args(&args.look).env("CHROMIUM", browser).current_dir(&test).status().context("node")?;
    let ended = world.end()?;
    println!("map: {}, screenshot in {}", if seen.success() { "ok" } else { "FAILED" }, out.display());
    Ok(seen.success() && ended)
}

/// A world with a map.
struct World {
    process: Child,
    map: String,
    /// Kept open, so that the world can say its last words.
    _lines: BufReader<ChildStdout>,
}

impl World {
    fn start(bots: u32) -> Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        let binary = workspace::root().join(target).join("debug/tombolo");
        let mut command = Command::new(binary);
        command.args(["dev", "--nodes", "4", "--bots", &bots.to_string(), "--listen", CLIENTS, "--map", MAP]);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("tombolo dev")?;
        let mut lines = BufReader::new(process.stdout.take().context("tombolo dev has no output")?);
        match named_map(&mut lines) {
            Ok(map) => Ok(Self { process, map, _lines: lines }),
            Err(error) => {
                process.kill()?;
                process.wait()?;
                Err(error)
            }
        }
    }

    /// Tells the world to end. Whether its players saw nothing that should never be.
    fn end(mut self) -> Result<bool> {
        Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().context("kill")?;
        Ok(self.process.wait()?.success())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Gone already after a good end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn named_map(lines: &mut impl BufRead) -> Result<String> {
    let deadline = Instant::now() + STARTED;
    let mut line = String::new();
    while Instant::now() < deadline && lines.read_line(&mut line)? > 0 {
        if let Some(address) = line.trim().strip_prefix("map ") {
            return Ok(address.trim().to_owned());
        }
        line.clear();
    }
    bail!("tombolo dev did not say where its map is")
}

#[cfg(test)]
mod tests {
    use super::named_map;

    #[test]
    fn the_map_is_named_by_the_world() {
        let said = "4 nodes\n  clients  127.0.0.1:1\n  map      http://127.0.0.1:2/\n";
        assert_eq!(named_map(&mut said.as_bytes()).ok().as_deref(), Some("http://127.0.0.1:2/"));
        assert!(named_map(&mut &b"error"[..]).is_err());
    }
}
