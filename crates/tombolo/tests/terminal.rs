//! `tombolo play` and the dashboard on a real terminal, which is tmux's.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::TOMBOLO;

/// How long a picture may take to show what is awaited. The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(40);

/// A terminal of 80 x 24 cells with one program on it. It ends with the test.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    fn run(name: &str, command: &str) -> Self {
        let terminal =
            Self { socket: std::env::temp_dir().join(format!("tombolo-{name}-{}.tmux", std::process::id())) };
        let command = format!("{command}; echo \"ended with $?\"; stty -a; sleep 60");
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", &command]);
        terminal
    }

    fn tmux(&self, args: &[&str]) -> String {
        let output = Command::new("tmux").arg("-S").arg(&self.socket).args(args).output().expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Waits until the screen is as wished, and gives it.
    fn shows(&self, what: &str, wished: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.tmux(&["capture-pane", "-p"]);
            if wished(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "never seen: {what}; at last there was\n{screen}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// A world without a terminal, on any free port.
struct World {
    process: Child,
    address: String,
}

impl World {
    fn start() -> Self {
        use std::io::{BufRead, BufReader};
        let args = ["dev", "--nodes", "2", "--bots", "10", "--listen", "127.0.0.1:0", "--no-map"];
        let mut command = Command::new(TOMBOLO);
        let mut process = command.args(args).stdout(Stdio::piped()).spawn().expect("a world starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output is ours")).lines();
        let address = lines.find_map(|line| {
            let line = line.expect("lines are text");
            line.trim().strip_prefix("walk in  tombolo play --connect ").map(str::to_owned)
        });
        // Who writes to a pipe that nobody reads is stopped by it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: address.expect("a world says where it is") }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Without tmux there is no terminal to look at.
fn no_tmux() -> bool {
    let missing = Command::new("tmux").arg("-V").output().is_err();
    if missing {
        eprintln!("SKIPPED: tmux is not installed");
    }
    missing
}

fn restored(screen: &str) -> bool {
    screen.contains("ended with 0") && screen.contains(" icanon") && screen.contains(" echo ")
}

#[test]
fn a_player_walks_speaks_and_gets_the_terminal_back() {
    if no_tmux() {
        return;
    }
    let world = World::start();
    let terminal = Terminal::run("play", &format!("{TOMBOLO} play --connect {} --name ann", world.address));
    let screen = terminal.shows("the avatar", |screen| screen.contains('@') && screen.contains("standing"));
    assert!(screen.contains("ann  node "), "{screen}");
    terminal.press(&["Enter"]);
    terminal.shows("the prompt", |screen| screen.contains("say>"));
    terminal.press(&["-l", "quick, to the lighthouse"]);
    terminal.press(&["Enter"]);
    terminal.shows("the line", |screen| screen.contains("ann: quick, to the lighthouse"));
    terminal.press(&["c"]);
    terminal.shows("the new tint", |screen| screen.contains("you wear orange now"));
    terminal.press(&["?"]);
    terminal.shows("the help", |screen| screen.contains(" Keys "));
    terminal.press(&["q"]);
    terminal.shows("the view again", |screen| !screen.contains(" Keys "));
    terminal.press(&["q"]);
    terminal.shows("the terminal as it was", restored);
}

#[test]
fn a_world_has_a_dashboard_and_gives_the_terminal_back() {
    if no_tmux() {
        return;
    }
    let command = format!("{TOMBOLO} dev --nodes 2 --bots 10 --listen 127.0.0.1:0 --no-map");
    let terminal = Terminal::run("dev", &command);
    let screen = terminal.shows("all bots", |screen| screen.contains("10 of 10 bots playing"));
    assert!(screen.contains("dev-1.0") && screen.contains("dev-2.0"), "{screen}");
    terminal.press(&["C-c"]);
    let screen = terminal.shows("the terminal as it was", restored);
    assert!(screen.contains("latency_ms"), "the result is there: {screen}");
}

#[test]
fn play_without_a_terminal_is_refused() {
    let output = Command::new(TOMBOLO).args(["play", "--connect", "127.0.0.1:7700"]).stdin(Stdio::null()).output();
    let output = output.expect("the binary runs");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("run it in a terminal"), "{message}");
    assert!(output.stdout.is_empty(), "nothing is drawn into a pipe");
}
