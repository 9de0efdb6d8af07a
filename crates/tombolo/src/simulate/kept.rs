//! Seeds that failed, noted beside the scenario until somebody has looked at them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Appends the seeds, with what each found, to `seeds/NAME.failed` beside the scenario.
pub fn append(scenario: &Path, failed: &[(u64, String)]) -> Result<(), Failure> {
    if failed.is_empty() {
        return Ok(());
    }
    let path = path(scenario);
    write(&path, failed).map_err(|e| Failure::run(format!("{}: {e}; the failed seeds are not noted", path.display())))
}

fn path(scenario: &Path) -> PathBuf {
    let name = scenario.with_extension("failed");
    let folder = scenario.parent().unwrap_or_else(|| Path::new("")).join("seeds");
    folder.join(name.file_name().unwrap_or_else(|| "scenario.failed".as_ref()))
}

fn write(path: &Path, failed: &[(u64, String)]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let lines: String = failed.iter().map(|(seed, why)| format!("{seed}  {why}\n")).collect();
    OpenOptions::new().create(true).append(true).open(path)?.write_all(lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_noted_beside_the_scenario() {
        let cases = [
            ("simulations/first-island.toml", "simulations/seeds/first-island.failed"),
            ("mine.toml", "seeds/mine.failed"),
            ("/tmp/a b/x", "/tmp/a b/seeds/x.failed"),
        ];
        for (scenario, expected) in cases {
            assert_eq!(path(Path::new(scenario)), Path::new(expected));
        }
    }
}
