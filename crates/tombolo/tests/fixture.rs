//! One place that starts the binary: to its end, or as a world that runs meanwhile.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::Value;

/// After this a command hangs. The slowest takes some ten seconds on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// The one JSON object on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs the binary with these words to its end.
pub fn tombolo(words: &str) -> Ended {
    to_end(Command::new(env!("CARGO_BIN_EXE_tombolo")).args(words.split_whitespace()))
}

/// Runs the binary with these words, and presses Ctrl-C once it listens for that and `after` is over.
pub fn interrupted(words: &str, after: Duration) -> Ended {
    let process = Process::start(Command::new(env!("CARGO_BIN_EXE_tombolo")).args(words.split_whitespace()));
    let id = process.child.id();
    let deadline = Instant::now() + PATIENCE;
    while !listens_for_interrupts(id) {
        assert!(Instant::now() < deadline, "it never listened for Ctrl-C, or ended before");
        sleep(Duration::from_millis(5));
    }
    sleep(after);
    let sent = Command::new("kill").args(["-INT", &id.to_string()]).status();
    assert!(sent.expect("kill runs").success());
    process.end()
}

/// Whether a process has a handler for SIGINT, as Linux tells it.
fn listens_for_interrupts(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}

/// Runs a command to its end.
pub fn to_end(command: &mut Command) -> Ended {
    Process::start(command).end()
}

/// A running command whose output is read all along.
struct Process {
    child: Child,
    out: Option<JoinHandle<String>>,
    err: Option<JoinHandle<String>>,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .env_remove("TOMBOLO_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, out: Some(spawn(|| read(out))), err: Some(spawn(|| read(err))) }
    }

    fn end(mut self) -> Ended {
        let status = wait(&mut self.child);
        let text = |thread: Option<JoinHandle<String>>| thread.unwrap().join().unwrap();
        Ended { code: status.code(), out: text(self.out.take()), err: text(self.err.take()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already after a good end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut from: impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    text
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "it does not end");
        sleep(Duration::from_millis(20));
    }
}

/// A world that runs until it is told to stop.
pub struct World {
    child: Child,
    rest: Option<JoinHandle<String>>,
    /// Where clients may enter, one address a node.
    pub addresses: Vec<String>,
}

impl World {
    /// `tombolo dev` on free ports without a map, and with these further words.
    pub fn start(words: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tombolo"));
        command.args(["dev", "--listen", "127.0.0.1:0", "--no-map"]).args(words.split_whitespace());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (tell, told) = mpsc::channel();
        let rest = spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                if let Some(addresses) = line.trim().strip_prefix("clients ") {
                    let addresses: Vec<String> = addresses.split_whitespace().map(str::to_owned).collect();
                    tell.send(addresses).unwrap();
                }
                line.clear();
            }
            line
        });
        let addresses = told.recv_timeout(PATIENCE).expect("it says where clients may enter");
        Self { child, rest: Some(rest), addresses }
    }

    /// Sends a signal and waits for the end.
    pub fn signal(mut self, signal: &str) -> Option<i32> {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let status = wait(&mut self.child);
        self.rest.take().unwrap().join().unwrap();
        status.code()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that somebody else holds as long as this lives, and its address.
pub fn taken_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// An address at which nobody listens: it was free a moment ago.
pub fn silent_address() -> String {
    taken_port().1
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file that goes when this does.
pub struct TextFile(pub PathBuf);

impl TextFile {
    pub fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tombolo-test-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl AsRef<OsStr> for TextFile {
    fn as_ref(&self) -> &OsStr {
        self.0.as_os_str()
    }
}

impl Drop for TextFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
