//! Logs go to standard error, so that standard output is for results, and wait while a command has the whole terminal.
//! `TOMBOLO_LOG` chooses what is logged.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::screen::Aside;

/// Starts logging at a level unless the environment names another.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_env("TOMBOLO_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let colours = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Aside);
    let logs = logs.with_target(false).with_ansi(colours);
    // A second start, as in tests, keeps the first.
    let _ = logs.try_init();
}
