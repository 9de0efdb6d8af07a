//! `cargo xtask bench`: builds the benches as they would be shipped and runs them. What they measure is in the crate
//! `bench` and in `docs/performance.md`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// The bench and its arguments; `cargo xtask bench --help` names them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH")]
    words: Vec<String>,
}

/// Runs a bench. False when it saw what should never be.
pub fn run(args: &Args) -> Result<bool> {
    let built = workspace::cargo().args(["build", "--release", "--quiet", "--package", "bench"]).status()?;
    ensure!(built.success(), "the benches could not be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let binary = workspace::root().join(target).join("release/tombolo-bench");
    let status = Command::new(&binary).args(&args.words).status().with_context(|| binary.display().to_string())?;
    match status.code() {
        Some(code @ (0 | 1)) => Ok(code == 0),
        _ => std::process::exit(2),
    }
}
