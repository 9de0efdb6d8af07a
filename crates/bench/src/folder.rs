//! Folders of the benches.

use std::path::PathBuf;

/// A folder that goes when this does.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// A folder for this process that is not there yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("tombolo-bench-{}-{name}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
