//! The report of a run, a sweep or many seeds: one page that needs nothing else, CSV for spreadsheets, JSON for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use simulator::outcome::{Plot, Table};

use super::told::{Run, Suite, SweepTold, Sweeping};
use crate::failure::Failure;

const PAGE: &str = include_str!("../../assets/report/page.html");
const PAGE_CSS: &str = include_str!("../../assets/report/page.css");
const PAGE_JS: &str = include_str!("../../assets/report/page.js");
const PLOT_CSS: &str = include_str!("../../../../third_party/uplot/uPlot.min.css");
const PLOT_JS: &str = include_str!("../../../../third_party/uplot/uPlot.iife.min.js");
const PLOT_LICENCE: &str = include_str!("../../../../third_party/uplot/LICENSE");

/// What the page draws.
#[derive(Serialize)]
struct Drawn<'a> {
    title: &'a str,
    runs: Vec<&'a Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<&'a Sweeping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suite: Option<&'a Suite>,
}

/// Writes the report of a run, and of the one that it was compared with.
pub fn of_run(folder: &Path, run: &Run) -> Result<PathBuf, Failure> {
    let runs: Vec<&Run> = [run].into_iter().chain(run.compared.as_deref()).collect();
    let mut files = vec![("report.json".to_owned(), json(run)?)];
    for (n, run) in runs.iter().enumerate() {
        let before = if n == 0 { "" } else { "compared-" };
        let plots = run.outcome.plots.iter().map(|plot| (format!("{before}{}.csv", plot.id), csv_of_plot(plot)));
        files.extend(plots);
        let tables = run.outcome.tables.iter();
        files.extend(tables.map(|table| (format!("{before}table-{}.csv", table.id), csv(&table.head, &table.rows))));
    }
    write(folder, files, &Drawn { title: &run.outcome.scenario, runs, sweep: None, seeds: None, suite: None })
}

/// Writes the report of a sweep.
pub fn of_sweep(folder: &Path, told: &SweepTold) -> Result<PathBuf, Failure> {
    let names: Vec<String> =
        told.sweep.values.first().map(|swept| swept.figures.keys().cloned().collect()).unwrap_or_default();
    let head: Vec<String> = [told.sweep.key.clone()].into_iter().chain(names.iter().cloned()).collect();
    let row = |swept: &super::told::Swept| {
        let cell = |name: &String| swept.figures.get(name).map_or_else(String::new, u64::to_string);
        [swept.value.clone()].into_iter().chain(names.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<String>> = told.sweep.values.iter().map(row).collect();
    let files = vec![("report.json".to_owned(), json(told)?), ("sweep.csv".to_owned(), csv(&head, &rows))];
    write(
        folder,
        files,
        &Drawn { title: &told.scenario, runs: Vec::new(), sweep: Some(&told.sweep), seeds: None, suite: None },
    )
}

/// Writes the report of many seeds.
pub fn of_seeds(folder: &Path, suite: &Suite) -> Result<PathBuf, Failure> {
    let names: Vec<&String> = suite.figures.keys().collect();
    let head = ["seed", "digest", "held"].map(str::to_owned).into_iter().chain(names.iter().map(|n| (*n).clone()));
    let head: Vec<String> = head.collect();
    let row = |seed: &super::told::SeedRow| {
        let cell = |name: &&String| seed.figures.get(*name).map_or_else(String::new, u64::to_string);
        let first = [seed.seed.to_string(), seed.digest.clone(), seed.held.to_string()];
        first.into_iter().chain(names.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<String>> = suite.seeds.iter().map(row).collect();
    let files = vec![("report.json".to_owned(), json(suite)?), ("seeds.csv".to_owned(), csv(&head, &rows))];
    let spread = |(name, spread): (&String, &super::told::Spread)| {
        vec![name.clone(), spread.least.to_string(), spread.median.to_string(), spread.most.to_string()]
    };
    let seeds = Table {
        id: "seeds".to_owned(),
        title: format!("{} of {} seeds held", suite.held, suite.runs),
        note: "Each figure over all seeds.".to_owned(),
        head: ["figure", "least", "median", "most"].map(str::to_owned).to_vec(),
        rows: suite.figures.iter().map(spread).collect(),
    };
    write(
        folder,
        files,
        &Drawn { title: &suite.scenario, runs: Vec::new(), sweep: None, seeds: Some(seeds), suite: Some(suite) },
    )
}

fn write(folder: &Path, files: Vec<(String, String)>, drawn: &Drawn<'_>) -> Result<PathBuf, Failure> {
    let failed = |path: &Path, e: std::io::Error| Failure::run(format!("--report: {}: {e}", path.display()));
    fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    let page = page(drawn)?;
    for (name, text) in files.into_iter().chain([("report.html".to_owned(), page)]) {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|e| failed(&path, e))?;
    }
    Ok(folder.join("report.html"))
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|e| Failure::run(format!("the result is no JSON: {e}")))
}

/// The page with everything in it. Data goes in last, so that nothing in it is taken for a place to fill.
fn page(drawn: &Drawn<'_>) -> Result<String, Failure> {
    let data = json(drawn)?.replace("</", "<\\/").replace("<!--", "<\\u0021--");
    let title = drawn.title.replace('&', "&amp;").replace('<', "&lt;");
    let licence = format!("/* uPlot\n{PLOT_LICENCE}*/");
    let filled = PAGE
        .replace("/*PLOT_CSS*/", PLOT_CSS)
        .replace("/*PAGE_CSS*/", PAGE_CSS)
        .replace("/*PLOT_LICENCE*/", &licence)
        .replace("/*PLOT_JS*/", PLOT_JS)
        .replace("/*PAGE_JS*/", PAGE_JS)
        .replace("/*TITLE*/", &title);
    Ok(filled.replacen("/*DATA*/", &data, 1))
}

fn csv_of_plot(plot: &Plot) -> String {
    let head: Vec<String> = [plot.axis.clone()].into_iter().chain(plot.lines.iter().map(|l| l.name.clone())).collect();
    let row = |(n, at): (usize, &u64)| {
        let cell = |line: &simulator::outcome::Line| {
            line.values.get(n).copied().flatten().map_or_else(String::new, |value| value.to_string())
        };
        [at.to_string()].into_iter().chain(plot.lines.iter().map(cell)).collect()
    };
    csv(&head, &plot.at.iter().enumerate().map(row).collect::<Vec<_>>())
}

/// Cells with commas or quotes stand in quotes.
fn csv(head: &[String], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in [head].into_iter().chain(rows.iter().map(Vec::as_slice)) {
        let cell = |cell: &String| match cell.contains([',', '"', '\n']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.clone(),
        };
        let _ = writeln!(text, "{}", row.iter().map(cell).collect::<Vec<_>>().join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_would_break_a_line_are_quoted() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let text = csv(&row(&["a", "b"]), &[row(&["1,5", "say \"x\""]), row(&["", "2"])]);
        assert_eq!(text, "a,b\n\"1,5\",\"say \"\"x\"\"\"\n,2\n");
    }

    #[test]
    fn a_page_has_everything_in_it_and_data_cannot_end_it() {
        let drawn =
            Drawn { title: "a </script> & b /*DATA*/", runs: Vec::new(), sweep: None, seeds: None, suite: None };
        let page = page(&drawn).expect("a page");
        assert_eq!(page.matches("</script>").count(), PAGE.matches("</script>").count());
        for place in ["/*PLOT_CSS*/", "/*PAGE_JS*/", "/*TITLE*/", "src=", "href="] {
            assert!(!page.contains(place), "{place}");
        }
        assert!(page.contains("uPlot") && page.contains("The MIT License"));
    }
}
