//! What a child process does: it is this very test binary, started with one of these tests by name. Run as tests they
//! do nothing.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use store::{Reply, Store};

use crate::fixture::{block_on, insert, open, replace};

const FOLDER: &str = "STORE_FJALL_CHILD";

/// The folder that the parent names, in a child.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// The words that start a child; `before` are put in front of them.
pub fn command(before: &[&str], test: &str, folder: &Path) -> Command {
    let exe = std::env::current_exe().expect("this binary");
    let mut words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
    words.push(exe.display().to_string());
    words.extend([test, "--exact", "--nocapture", "--test-threads=1"].map(str::to_owned));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env(FOLDER, folder).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// A child that is killed if the test is.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub fn start(test: &str, folder: &Path) -> Self {
        Self(command(&[], test, folder).spawn().expect("the child starts"))
    }

    /// Reads output until there are `count` acknowledgements, then kills it. All that it acknowledged: (name, number).
    pub fn kill_after(mut self, count: usize) -> Vec<(u64, u64)> {
        let mut out = self.0.stdout.take().expect("it is piped");
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while text.matches("ack ").count() < count {
            let read = out.read(&mut buffer).expect("the child says something");
            assert!(read > 0, "the child ended: {text}");
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        self.0.kill().expect("it runs");
        self.0.wait().expect("it was killed");
        // What it had said before it died.
        let mut rest = Vec::new();
        out.read_to_end(&mut rest).expect("the rest");
        text.push_str(&String::from_utf8_lossy(&rest));
        let acknowledged = |line: &str| {
            let (name, number) = line.strip_prefix("ack ")?.strip_suffix(" ok")?.split_once(' ')?;
            Some((name.parse().ok()?, number.parse().ok()?))
        };
        text.lines().filter_map(acknowledged).collect()
    }
}

fn say(name: u64, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {name} {number} ok").expect("the parent listens");
    out.flush().expect("the parent listens");
}

/// Eight count up a document each, as fast as they can, and say what was acknowledged.
#[test]
fn counts_up() {
    let Some(folder) = folder() else { return };
    let store = open(&folder);
    let count = async |name: u64| {
        let Reply::Applied { mut version } =
            (match store.execute(store::Request::Get { key: crate::fixture::key(name) }).await {
                Reply::Found { version, .. } => Reply::Applied { version },
                _ => store.execute(insert(name, 0)).await,
            })
        else {
            panic!("not applied")
        };
        let mut number = crate::fixture::read(&store, name).await.expect("it was written");
        loop {
            let reply = store.execute(replace(name, version, number + 1)).await;
            let Reply::Applied { version: next } = reply else { panic!("{reply:?}") };
            (version, number) = (next, number + 1);
            say(name, number);
        }
    };
    block_on(async {
        tokio::join!(count(0), count(1), count(2), count(3), count(4), count(5), count(6), count(7));
    });
}

/// Writes one document after the other and says what was acknowledged.
#[test]
fn writes_on() {
    let Some(folder) = folder() else { return };
    let store = open(&folder);
    block_on(async {
        for n in 0.. {
            assert!(matches!(store.execute(insert(n, n)).await, Reply::Applied { .. }));
            say(n, n);
        }
    });
}
