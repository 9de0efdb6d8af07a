//! The tables of the rules from a folder of TOML files: read at the start, looked at again while the node runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deeds::Registry;
use deeds::tables::{Source, Tables};
use host::Rules;
use tokio::sync::watch;

/// Time between two looks at the files.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Bytes of one file of tables. More is refused: somebody named the wrong file.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The files of a folder, as they were when they were looked at.
type Stamps = Vec<(PathBuf, SystemTime, u64)>;

/// A folder of tables.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    read: Stamps,
    tables: watch::Sender<Arc<Tables>>,
}

/// The rules of a host: from the folder, if one is named, otherwise those of the build.
///
/// # Errors
/// When the folder or a file in it cannot be read, or a table is not sound: all that is wrong, with file, row and column.
pub fn open(folder: Option<&Path>) -> Result<(Rules, Option<Folder>), String> {
    let Some(path) = folder else { return Ok((Rules::default(), None)) };
    let read = look(path)?;
    let (sender, tables) = watch::channel(Arc::new(load(&read)?));
    let rules = Rules { registry: Arc::new(Registry::standard()), tables };
    Ok((rules, Some(Folder { path: path.to_owned(), read, tables: sender })))
}

/// Looks at a folder again every few seconds, for ever. What is not sound is said once, and the old tables stay.
pub async fn keep_fresh(mut folder: Folder) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        match folder.renew() {
            Ok(changed) => {
                said.clear();
                if changed {
                    tracing::info!(folder = %folder.path.display(), "the tables of the rules were read anew");
                }
            }
            Err(error) if error != said => {
                tracing::error!(error, "the tables of the rules are not renewed; the old ones stay in force");
                said = error;
            }
            Err(_) => {}
        }
    }
}

impl Folder {
    /// Reads the files if one of them has changed since they were last read.
    fn renew(&mut self) -> Result<bool, String> {
        let now = look(&self.path)?;
        if now == self.read {
            return Ok(false);
        }
        let tables = load(&now)?;
        self.read = now;
        let changed = *self.tables.borrow().as_ref() != tables;
        if changed {
            self.tables.send_replace(Arc::new(tables));
        }
        Ok(changed)
    }
}

fn look(folder: &Path) -> Result<Stamps, String> {
    let cannot = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| cannot(folder, e))? {
        let path = entry.map_err(|e| cannot(folder, e))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let about = fs::metadata(&path).map_err(|e| cannot(&path, e))?;
            files.push((path.clone(), about.modified().map_err(|e| cannot(&path, e))?, about.len()));
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: there is no .toml file in it", folder.display()));
    }
    Ok(files)
}

fn load(files: &Stamps) -> Result<Tables, String> {
    let mut texts = Vec::new();
    for (path, _, bytes) in files {
        if *bytes > FILE_BYTES {
            return Err(format!("{}: {bytes} bytes are more than tables have", path.display()));
        }
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        texts.push((path.display().to_string(), text));
    }
    let sources: Vec<Source<'_>> = texts.iter().map(|(file, text)| Source { file, text }).collect();
    Tables::read(&sources).map_err(|errors| errors.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy_of_the_tables() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/rules"));
        for entry in fs::read_dir(rules).expect("config/rules") {
            let path = entry.expect("an entry").path();
            fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("a copy");
        }
        folder
    }

    #[test]
    fn what_was_written_anew_is_in_force_and_what_is_not_sound_is_not() {
        let folder = copy_of_the_tables();
        let (rules, watched) = open(Some(folder.path())).expect("sound tables");
        let mut watched = watched.expect("a folder");
        assert_eq!(**rules.tables.borrow(), Tables::built_in());
        assert_eq!(watched.renew(), Ok(false), "nothing has changed");
        let file = folder.path().join("rules.toml");
        let text = fs::read_to_string(&file).expect("rules.toml");
        let reach = rules.tables.borrow().body.reach_units;
        let line =
            text.lines().find(|line| line.trim_start().starts_with("reach_cm")).expect("a line on reach").to_owned();
        fs::write(&file, text.replace(&line, "reach_cm = \"far\" # changed")).expect("written");
        let error = watched.renew().expect_err("a text is no length");
        assert!(error.contains("rules.toml"), "{error}");
        assert_eq!(rules.tables.borrow().body.reach_units, reach, "the old ones stay");
        fs::write(&file, format!("{text}\n# longer, and the same\n")).expect("written");
        assert_eq!(watched.renew(), Ok(false), "the same tables in other words");
    }

    #[test]
    fn a_folder_that_is_not_there_or_empty_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(open(Some(folder.path())).expect_err("empty").contains("no .toml file"));
        assert!(open(Some(&folder.path().join("nowhere"))).expect_err("not there").contains("nowhere"));
    }
}
