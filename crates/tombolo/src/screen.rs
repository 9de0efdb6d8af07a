//! The whole terminal, lent to one command: raw mode, the alternate screen and the keys, and everything put back at the
//! end, however the end comes.
//!
//! It draws nothing itself. While it is open, what would be written into the picture from elsewhere (logs, and the
//! message of a panic on another thread) is held and printed once the terminal is back.
//!
//! Invariant: whoever opens it gets the terminal back: when it is dropped, when its thread panics, and when the process
//! is told a second time to end at once.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyModifiers,
};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{cursor, execute};
use tokio::sync::mpsc;

/// Whether the terminal is lent out. There is one terminal a process.
static OPEN: AtomicBool = AtomicBool::new(false);
/// What is printed when it is back.
static HELD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Bytes held at most: some hundred lines. What comes after is dropped, for the first lines name the cause.
const HELD_BYTES: usize = 64 * 1024;
/// Keys read and not yet handled. Somebody leans on the keyboard: the reader waits.
const KEYS: usize = 64;
/// How often the reader of keys looks whether it is to end.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);

/// The terminal while it is ours.
pub struct Screen {
    terminal: DefaultTerminal,
    keys: mpsc::Receiver<Event>,
    ending: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Screen {
    /// Whether there is a terminal to read keys from and to draw on.
    pub fn is_possible() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal.
    ///
    /// # Errors
    /// The terminal does not do as told. It is as it was.
    pub fn open() -> io::Result<Self> {
        give_back_on_panic();
        OPEN.store(true, Ordering::SeqCst);
        let opened = Self::set_up();
        if opened.is_err() {
            give_back();
        }
        opened
    }

    fn set_up() -> io::Result<Self> {
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        let terminal = DefaultTerminal::new(CrosstermBackend::new(io::stdout()))?;
        let (pressed, keys) = mpsc::channel(KEYS);
        let ending = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ending);
        let reader = std::thread::Builder::new().name("keys".into()).spawn(move || read_keys(&pressed, &told))?;
        Ok(Self { terminal, keys, ending, reader: Some(reader) })
    }

    /// Draws one picture.
    pub fn draw(&mut self, render: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render).map(|_| ())
    }

    /// The next key, paste or change of size; `None` when the terminal is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.keys.recv().await
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        self.keys.close();
        if let Some(reader) = self.reader.take() {
            // It catches no panic of ours, and there is nothing to do about one.
            let _ = reader.join();
        }
        give_back();
    }
}

fn read_keys(pressed: &mpsc::Sender<Event>, ending: &AtomicBool) {
    while !ending.load(Ordering::SeqCst) {
        let read = match event::poll(LOOK_UP_EVERY) {
            Ok(true) => event::read(),
            Ok(false) => continue,
            Err(e) => Err(e),
        };
        // Without a terminal or a listener there are no more keys.
        let Ok(event) = read else { return };
        if pressed.blocking_send(event).is_err() {
            return;
        }
    }
}

/// Gives the terminal back, if it is lent out, and prints what was held. For ends that drop nothing.
pub fn give_back() {
    if !OPEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Each step is worth trying, whatever became of the one before.
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let held = std::mem::take(&mut *HELD.lock().unwrap_or_else(PoisonError::into_inner));
    let _ = io::stderr().write_all(&held);
}

/// Ctrl-C, which a terminal in raw mode hands over as a key.
pub fn is_interrupt(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}

/// A panic of the thread that draws ends the picture; one of another thread must not spoil it.
fn give_back_on_panic() {
    let owner = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == owner {
            give_back();
        }
        if OPEN.load(Ordering::SeqCst) {
            hold(format!("{panic}\n").as_bytes());
        } else {
            before(panic);
        }
    }));
}

fn hold(bytes: &[u8]) {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let room = HELD_BYTES.saturating_sub(held.len()).min(bytes.len());
    held.extend_from_slice(&bytes[..room]);
}

/// Standard error, but not into somebody's picture.
#[derive(Debug)]
pub struct Aside;

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if OPEN.load(Ordering::SeqCst) && io::stderr().is_terminal() {
            hold(bytes);
            return Ok(bytes.len());
        }
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
