//! `cargo xtask report`: the report of a simulation in a real browser. It runs a small launch day, lets
//! `tests/report/report.mjs` look at the page as a person would, at a desk and on a phone, and keeps the screenshots.
//!
//! Where there is no browser, no node or no driver, it says so and passes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{browser, workspace};

/// The plots that a report of a population must have.
const PLOTS: &str = "people,islands,promises,queue,waits,decisions,open,load";
/// The launch day for a fiftieth of the people, and what it is compared with.
const SMALL: &[&str] = &[
    "world.islands=24",
    "world.band=[30,60]",
    "world.capacity=70",
    "world.hard_cap=80",
    "world.keep_open=2",
    "people.registered=40000",
    "arrivals.planned_per_min=10",
    "nodes.count=6",
    "nodes.people=400",
    "queue.watch_one_in=5",
    "course.minutes=180",
];

/// Arguments of `cargo xtask report`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask report\n  cargo xtask report --page target/launch-day/report.html --out docs/report.png"
)]
pub struct Args {
    /// Look at this page instead of making one
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Where the screenshot goes; that of the phone beside it
    #[arg(long, default_value = "target/report.png", value_name = "FILE")]
    out: PathBuf,
    /// Further words for report.mjs, such as --dark or --full
    #[arg(last = true, value_name = "WORD")]
    look: Vec<String>,
}

/// Looks at the report. True when all held.
pub fn run(args: &Args) -> Result<bool> {
    let browser = match browser::tools() {
        Ok(browser) => browser,
        Err(missing) => {
            println!("report: not run: {missing} is not installed; scripts/setup installs what can be");
            return Ok(true);
        }
    };
    let (page, plots) = match &args.page {
        Some(page) => (std::path::absolute(page)?, ""),
        None => (simulate()?, PLOTS),
    };
    let out = std::path::absolute(&args.out)?;
    let mut good = true;
    for (screen, file) in [(None, out.clone()), (Some("--phone"), out.with_extension("phone.png"))] {
        let mut look = Command::new("node");
        look.arg("report.mjs").arg(&page).arg(&file).args(["--plots", plots]).args(screen).args(&args.look);
        look.env("CHROMIUM", &browser).current_dir(workspace::root().join("tests/report"));
        let seen = look.status().context("node")?.success();
        println!("report: {}, screenshot in {}", if seen { "ok" } else { "FAILED" }, file.display());
        good &= seen;
    }
    Ok(good)
}

/// Makes a report, and returns its page.
fn simulate() -> Result<PathBuf> {
    let built = workspace::cargo().args(["build", "--workspace", "--bin", "tombolo"]).status()?;
    ensure!(built.success(), "the binary could not be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let target = workspace::root().join(target);
    let folder = target.join("report");
    let mut command = Command::new(target.join("debug/tombolo"));
    command.current_dir(workspace::root()).args(["simulate", "simulations/launch-day.toml", "--no-rival", "--json"]);
    for setting in SMALL {
        command.args(["--set", setting]);
    }
    let ran = command.arg("--report").arg(&folder).output().context("tombolo simulate")?;
    // A fiftieth of the people cannot be seventy thousand: what the file demands of a real launch day may break.
    ensure!(matches!(ran.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&ran.stderr));
    page_of(&folder)
}

fn page_of(folder: &Path) -> Result<PathBuf> {
    let page = folder.join("report.html");
    ensure!(page.is_file(), "there is no {}", page.display());
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::page_of;

    #[test]
    fn a_report_that_was_not_written_is_found() {
        assert!(page_of(std::path::Path::new("/no/such/folder")).is_err());
    }
}
