//! The steps of `cargo xtask ci`: what each is called, what it runs, and what it needs to be able to run.

use crate::tidy::house;
use crate::workspace;

/// The target that proves that pure crates ask nothing of an operating system.
const BARE_TARGET: &str = "wasm32-unknown-unknown";

/// One step: a cargo command with its arguments and environment.
pub struct Step {
    /// Its name on the command line and in the table.
    pub name: &'static str,
    /// Arguments to cargo.
    pub args: Vec<String>,
    /// Variables set for this step only.
    pub env: &'static [(&'static str, &'static str)],
    /// Why it cannot run on this machine.
    pub absent: Option<String>,
    /// True for the tests, whose runner's closing line is kept.
    pub keeps_closing_line: bool,
}

impl Step {
    fn cargo(name: &'static str, args: &str) -> Self {
        let args = args.split_whitespace().map(str::to_owned).collect();
        Self { name, args, env: &[], absent: None, keeps_closing_line: false }
    }

    fn needs(mut self, present: bool, otherwise: &str) -> Self {
        self.absent = (!present).then(|| otherwise.to_owned());
        self
    }

    /// The step as one would type it.
    pub fn command_line(&self) -> String {
        let env: String = self.env.iter().map(|(key, value)| format!("{key}='{value}' ")).collect();
        format!("{env}cargo {}", self.args.join(" "))
    }
}

/// All steps, quick ones first and the tests last.
pub fn all() -> Vec<Step> {
    let pure = pure_crates();
    vec![
        Step::cargo("format", "fmt --all --check"),
        Step::cargo("tidy", "xtask tidy"),
        Step::cargo("licences", "deny check")
            .needs(workspace::has_cargo_command("deny"), "cargo-deny is not installed"),
        Step::cargo("clippy", "clippy --workspace --all-targets -- -D warnings"),
        Step { env: &[("RUSTDOCFLAGS", "-D warnings")], ..Step::cargo("docs", "doc --workspace --no-deps") },
        Step::cargo("pure", &format!("check{pure}")),
        Step::cargo("bare", &format!("check --target {BARE_TARGET}{pure}"))
            .needs(workspace::has_target(BARE_TARGET), "the target wasm32-unknown-unknown is not installed"),
        Step::cargo("doctests", "test --workspace --doc"),
        tests(),
    ]
}

/// By nextest where it is installed, else by cargo itself. Documentation tests have a step of their own.
fn tests() -> Step {
    let args = if workspace::has_cargo_command("nextest") {
        "nextest run --workspace"
    } else {
        "test --workspace --lib --bins --tests --no-fail-fast"
    };
    Step { keeps_closing_line: true, ..Step::cargo("tests", args) }
}

/// ` -p NAME` for each pure crate that exists: built alone, without what other crates switch on in them.
fn pure_crates() -> String {
    let root = workspace::root();
    house::ROOMS
        .iter()
        .filter(|room| room.is_pure() && root.join("crates").join(room.name).is_dir())
        .map(|room| format!(" -p {}", room.name))
        .collect()
}
