//! What a drill leaves behind, however it ends: nothing. And that one that cannot run says so.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// All descendants of a drill inherit this variable.
const MARK: &str = "TOMBOLO_TEST_OF_DRILL";
/// How long all of it may take to vanish.
const GONE: Duration = Duration::from_secs(10);
/// The exit code of a drill that did not run.
const NOT_RUN: i32 = 3;

/// A drill under way in a process of its own.
struct Drill {
    process: Child,
    lines: BufReader<ChildStderr>,
    mark: String,
}

impl Drill {
    fn start(which: &str, case: &str) -> Self {
        let mark = format!("{}-{case}", std::process::id());
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["drill", which, "--bots", "3", "--count", "1000"]).env(MARK, &mark);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("xtask starts");
        let lines = BufReader::new(process.stderr.take().expect("it is piped"));
        Self { process, lines, mark }
    }

    /// Waits until it says this. False if it ended before.
    fn says(&mut self, what: &str) -> bool {
        let mut line = String::new();
        while self.lines.read_line(&mut line).is_ok_and(|read| read > 0) {
            if line.contains(what) {
                return true;
            }
            eprint!("{line}");
            line.clear();
        }
        false
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.process.wait().expect("it is a child").code()
    }

    /// The processes that it started, itself included, and the network namespaces that they made.
    fn family(&self) -> (Vec<PathBuf>, BTreeSet<PathBuf>) {
        let mark = format!("{MARK}={}", self.mark);
        let marked = |folder: &PathBuf| {
            let all = fs::read(folder.join("environ")).unwrap_or_default();
            all.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())
        };
        let processes: Vec<PathBuf> = processes().filter(marked).collect();
        let own = fs::read_link("/proc/self/ns/net").expect("there is /proc");
        let networks = processes.iter().filter_map(|folder| fs::read_link(folder.join("ns/net")).ok());
        let networks = networks.filter(|network| *network != own).collect();
        (processes, networks)
    }
}

fn processes() -> impl Iterator<Item = PathBuf> {
    let all = fs::read_dir("/proc").expect("there is /proc").flatten().map(|entry| entry.path());
    all.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok()))
}

fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What of a drill can be seen from outside of it.
fn traces(networks: &BTreeSet<PathBuf>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let open: BTreeSet<PathBuf> = processes().filter_map(|folder| fs::read_link(folder.join("ns/net")).ok()).collect();
    found.extend(networks.intersection(&open).map(|network| format!("a process in {}", network.display())));
    let held = said("cat", &["/proc/self/mountinfo"]);
    found.extend(held.lines().filter(|line| line.contains(" nsfs ")).map(str::to_owned));
    let ours = ["node-1", "etcd", "store@", "bridge:"];
    let links = said("ip", &["-o", "link"]);
    found.extend(links.lines().filter(|line| ours.iter().any(|name| line.contains(name))).map(str::to_owned));
    let names = said("ip", &["netns", "list"]);
    found.extend(names.lines().filter(|line| ours.iter().any(|name| line.contains(name))).map(str::to_owned));
    let rules = said("nft", &["list", "ruleset"]);
    found.extend(rules.lines().filter(|line| line.contains("cut_") || line.contains("lead")).map(str::to_owned));
    found
}

/// Fails if anything of the drill is left.
fn assert_gone(drill: &Drill, networks: &BTreeSet<PathBuf>, case: &str) {
    let deadline = Instant::now() + GONE;
    loop {
        let (left, _) = drill.family();
        let found = traces(networks);
        if left.is_empty() && found.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{case} left {left:?} and {found:#?}");
        sleep(Duration::from_millis(50));
    }
}

/// Starts a drill and waits for its first fault. Nothing where drills cannot run, which it tells.
fn under_way(which: &str, case: &str) -> Option<(Drill, BTreeSet<PathBuf>)> {
    let mut drill = Drill::start(which, case);
    if !drill.says("drill: 1: ") {
        let code = drill.exit_code();
        assert_eq!(code, Some(NOT_RUN), "it ended early");
        println!("not run: drills cannot run on this machine");
        return None;
    }
    let (processes, networks) = drill.family();
    assert!(processes.len() >= 6 && networks.len() >= 6, "{processes:?} {networks:?}");
    Some((drill, networks))
}

#[test]
fn a_drill_that_is_interrupted_or_killed_leaves_nothing_behind() {
    for signal in ["INT", "TERM", "KILL"] {
        let Some((mut drill, networks)) = under_way("cut", signal) else { return };
        said("kill", &[&format!("-{signal}"), &drill.process.id().to_string()]);
        assert_eq!(drill.exit_code(), None, "it ended by the signal");
        assert_gone(&drill, &networks, signal);
    }
}

#[test]
fn a_drill_that_fails_leaves_nothing_behind() {
    let Some((mut drill, networks)) = under_way("pause", "failure") else { return };
    let (processes, _) = drill.family();
    let is_store = |folder: &&PathBuf| fs::read(folder.join("cmdline")).is_ok_and(|line| holds(&line, b"store\0serve"));
    let store = processes.iter().find(is_store).and_then(|folder| folder.file_name()).expect("it runs");
    said("kill", &["-KILL", &store.to_string_lossy()]);
    assert!(drill.says("store has ended by itself"), "it says what happened");
    drill.says("nothing more");
    assert_eq!(drill.exit_code(), Some(2));
    assert_gone(&drill, &networks, "a failure");
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[test]
fn without_the_right_to_make_networks_a_drill_says_that_it_did_not_run() {
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-net_admin", "--inh-caps", "-net_admin", env!("CARGO_BIN_EXE_xtask")]);
    let output = match command.args(["drill", "kill", "--short"]).output() {
        Ok(output) => output,
        Err(error) => return println!("not run: setpriv: {error}"),
    };
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(NOT_RUN), "{words}");
    assert!(words.contains("the drill kill did NOT RUN: it takes root with CAP_NET_ADMIN"), "{words}");
    assert!(output.stdout.is_empty());
}
