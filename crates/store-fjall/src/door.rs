//! A door to a running store for its operator: a Unix socket in its folder, on which it gives out a dump.
//!
//! A folder can be open in one process only. So a backup of a running store asks the process that has it open, which
//! walks a snapshot while it goes on serving. Who may enter the folder may ask.

use std::io::{self, BufWriter, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::fjall_store::FjallStore;

/// The socket's name in the folder.
const NAME: &str = "door";
/// How long a caller may take none of what it asked for, or leave us waiting.
const STALL: Duration = Duration::from_secs(30);

/// The open door of a store. It is closed when it is dropped; a dump under way is cut off.
#[derive(Debug)]
pub struct Door {
    socket: PathBuf,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Opens the door of the store in `folder`, which this process has open.
    ///
    /// # Errors
    /// When there can be no socket, for example because the folder's path is longer than about 100 bytes.
    pub fn open(folder: &Path, store: Arc<FjallStore>) -> io::Result<Self> {
        let socket = folder.join(NAME);
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // What a process left that was killed: nobody else has the folder open.
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&socket)?;
        let closing = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closing);
        let serve = move || serve(&listener, &store, &seen);
        let thread = std::thread::Builder::new().name("store-door".to_owned()).spawn(serve)?;
        Ok(Self { socket, closing, thread: Some(thread) })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        // The thread waits for a caller, so it gets one.
        let woken = UnixStream::connect(&self.socket);
        let _ = std::fs::remove_file(&self.socket);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

/// Gives each caller in turn a dump.
fn serve(listener: &UnixListener, store: &FjallStore, closing: &AtomicBool) {
    for caller in listener.incoming() {
        if closing.load(Ordering::Acquire) {
            return;
        }
        let given = caller.and_then(|caller| {
            caller.set_write_timeout(Some(STALL))?;
            let mut out = BufWriter::new(Unless { closing, caller });
            store.dump(&mut out)?;
            out.flush()
        });
        if let Err(error) = given {
            tracing::warn!(%error, "a dump was not taken to its end");
        }
    }
}

/// A caller who gets no more once the door closes.
struct Unless<'a> {
    closing: &'a AtomicBool,
    caller: UnixStream,
}

impl Write for Unless<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.closing.load(Ordering::Acquire) {
            true => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the store is closing")),
            false => self.caller.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.caller.flush()
    }
}

/// A dump of the store in `folder` from the process that has it open; `None` if none has.
///
/// # Errors
/// When there is a door that cannot be entered.
pub fn dump_of_running(folder: &Path) -> io::Result<Option<impl Read>> {
    match UnixStream::connect(folder.join(NAME)) {
        Ok(stream) => {
            stream.set_read_timeout(Some(STALL))?;
            Ok(Some(stream))
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error),
    }
}
