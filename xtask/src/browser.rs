//! The browser that looks at pages, and what drives it. Where something is missing, those who want to look say so and
//! pass: not every machine can have one.

use std::path::PathBuf;

use crate::workspace;

/// Where browsers are called what.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The browser, or what is missing.
pub fn tools() -> std::result::Result<PathBuf, String> {
    let found = |name: &str| {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    found("node").ok_or("node")?;
    if !workspace::root().join("tests/map/node_modules/playwright-core").is_dir() {
        return Err("the browser driver of tests/map".to_owned());
    }
    BROWSERS.iter().find_map(|name| found(name)).ok_or_else(|| "chromium".to_owned())
}
