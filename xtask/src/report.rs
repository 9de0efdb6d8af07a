//! `cargo xtask report`: the reports of simulations in a real browser. It runs a small one of each kind, lets
//! `tests/report/report.mjs` look at the pages as a person would, at a desk and on a phone, and keeps the screenshots.
//!
//! Where there is no browser, no node or no driver, it says so and passes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{browser, workspace};

/// A report that is made to be looked at.
struct Made {
    name: &'static str,
    /// What `tombolo simulate` is asked for.
    asked: &'static [&'static str],
    /// Values set, each with `--set`.
    set: &'static [&'static str],
    /// The plots that it must have.
    plots: &'static str,
}

/// One of each kind. Small ones: what the files demand of the real ones may break.
const MADE: [Made; 5] = [
    // The launch day for a fiftieth of the people.
    Made {
        name: "launch-day",
        asked: &["simulations/launch-day.toml", "--no-rival"],
        set: &[
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
        ],
        plots: "people,islands,promises,queue,waits,decisions,open,load",
    },
    Made {
        name: "compared",
        asked: &["simulations/festival.toml", "--compare", "simulations/flash-crowd-one-friend-island.toml"],
        set: &["course.minutes=60"],
        plots: "people,people-2,islands,islands-2,decisions,decisions-2,load,load-2",
    },
    Made {
        name: "nodes-per-chunk",
        asked: &["simulations/nodes-per-chunk.toml"],
        set: &["people.count=40", "course.seconds=14", "rival.sweep=world.nodes=1,2,4"],
        plots: "load,people,publishers,traffic,sweep-busiest_load_per_mille",
    },
    Made {
        name: "ecology",
        asked: &["simulations/overseas-beta-food.toml"],
        set: &["course.days=40"],
        plots: "meals,fed,people,herds",
    },
    Made {
        name: "seeds",
        asked: &["simulations/flash-crowd-one-friend-island.toml", "--seeds", "3"],
        set: &["course.minutes=60"],
        plots: "seeds-drawn",
    },
];

/// Arguments of `cargo xtask report`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask report\n  cargo xtask report --page target/launch-day/report.html --out docs/report.png"
)]
pub struct Args {
    /// Look at this page instead of making some
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Where the screenshot of the launch day, or of the page, goes; that of the phone beside it
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
    let out = std::path::absolute(&args.out)?;
    if let Some(page) = &args.page {
        return look(&std::path::absolute(page)?, "", &out, &args.look, &browser);
    }
    let binary = build()?;
    let mut good = true;
    for made in &MADE {
        let page = made.make(&binary)?;
        let out = if made.name == MADE[0].name { out.clone() } else { page.with_extension("png") };
        good &= look(&page, made.plots, &out, &args.look, &browser)?;
    }
    Ok(good)
}

/// Looks at a page at a desk and on a phone. True when all held.
fn look(page: &Path, plots: &str, out: &Path, more: &[String], browser: &Path) -> Result<bool> {
    let mut good = true;
    for (screen, file) in [(None, out.to_owned()), (Some("--phone"), out.with_extension("phone.png"))] {
        let mut look = Command::new("node");
        look.arg("report.mjs").arg(page).arg(&file).args(["--plots", plots]).args(screen).args(more);
        look.env("CHROMIUM", browser).current_dir(workspace::root().join("tests/report"));
        let seen = look.status().context("node")?.success();
        println!("report: {}, screenshot in {}", if seen { "ok" } else { "FAILED" }, file.display());
        good &= seen;
    }
    Ok(good)
}

fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    workspace::root().join(target)
}

fn build() -> Result<PathBuf> {
    let built = workspace::cargo().args(["build", "--workspace", "--bin", "tombolo"]).status()?;
    ensure!(built.success(), "the binary could not be built");
    Ok(target().join("debug/tombolo"))
}

impl Made {
    /// Makes the report, and returns its page.
    fn make(&self, binary: &Path) -> Result<PathBuf> {
        let folder = target().join("report").join(self.name);
        let mut command = Command::new(binary);
        command.current_dir(workspace::root()).arg("simulate").args(self.asked).arg("--json");
        for setting in self.set {
            command.args(["--set", setting]);
        }
        let ran = command.arg("--report").arg(&folder).output().context("tombolo simulate")?;
        let said = String::from_utf8_lossy(&ran.stderr);
        ensure!(matches!(ran.status.code(), Some(0 | 1)), "{}: {}: {said}", self.name, ran.status);
        page_of(&folder)
    }
}

fn page_of(folder: &Path) -> Result<PathBuf> {
    let page = folder.join("report.html");
    ensure!(page.is_file(), "there is no {}", page.display());
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::{MADE, page_of};

    #[test]
    fn a_report_that_was_not_written_is_found() {
        assert!(page_of(std::path::Path::new("/no/such/folder")).is_err());
    }

    #[test]
    fn every_report_has_plots_to_be_looked_for_and_a_folder_of_its_own() {
        let names: std::collections::BTreeSet<&str> = MADE.iter().map(|made| made.name).collect();
        assert_eq!(names.len(), MADE.len());
        assert!(MADE.iter().all(|made| !made.plots.is_empty()));
    }
}
