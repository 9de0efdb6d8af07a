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
    /// Why it runs only when it is asked for, by its name or by `--all`.
    pub dear: Option<&'static str>,
}

impl Step {
    fn cargo(name: &'static str, args: &str) -> Self {
        let args = args.split_whitespace().map(str::to_owned).collect();
        Self { name, args, env: &[], absent: None, keeps_closing_line: false, dear: None }
    }

    fn needs(mut self, present: bool, otherwise: &str) -> Self {
        self.absent = (!present).then(|| otherwise.to_owned());
        self
    }

    fn dear(mut self, why: &'static str) -> Self {
        self.dear = Some(why);
        self
    }

    /// The step where nobody asked for it: not run, if it is dear.
    pub fn unless_dear(mut self) -> Self {
        if let (Some(why), None) = (self.dear, &self.absent) {
            self.absent = Some(format!("{why}; cargo xtask ci --all, or cargo xtask ci {}", self.name));
        }
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
    let [couchbase, couchreal] = couchbase();
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
        Step::cargo("couchlint", COUCHBASE_CLIPPY).dear(COUCHBASE_SDK),
        couchbase,
        couchreal,
        tests(),
    ]
}

/// The backend for Couchbase and the binary that contains it, as clippy reads them.
const COUCHBASE_CLIPPY: &str = "clippy -p store-couchbase -p tombolo --features store-couchbase/sdk,tombolo/couchbase --all-targets -- -D warnings";
/// What the steps of the Couchbase backend cost: some 170 crates.
const COUCHBASE_SDK: &str = "it builds the SDK of Couchbase, which takes minutes";

/// The store against the stand-in of a cluster, and once more against a real one if there is one.
fn couchbase() -> [Step; 2] {
    let runner = if workspace::has_cargo_command("nextest") { "nextest run" } else { "test --no-fail-fast" };
    let run = format!("{runner} -p store-couchbase --features sdk");
    let real = Step::cargo("couchreal", &format!("{run} a_real_cluster_conforms")).dear(COUCHBASE_SDK);
    let is_named = std::env::var_os("CB_TEST_CONNSTR").is_some();
    [
        Step::cargo("couchbase", &run).dear(COUCHBASE_SDK),
        real.needs(is_named, "CB_TEST_CONNSTR, CB_TEST_USER and CB_TEST_PASSWORD name no Couchbase"),
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
