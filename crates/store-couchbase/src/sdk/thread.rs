//! A thread with a runtime for one session. When it ends, every task and socket of the session ends.

use std::io;
use std::thread::Builder;
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tracing::dispatcher;

use super::listener::{Listener, Trouble};

/// How long names that are being looked up may hold up the end.
const END_WITHIN: Duration = Duration::from_secs(1);

/// A running thread; dropping this ends it, without waiting.
#[derive(Debug)]
pub(super) struct Thread {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Thread {
    /// Starts one whose warnings go to `trouble`.
    pub(super) fn start(trouble: Trouble) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = Listener::dispatch(trouble);
        let run = move || {
            dispatcher::with_default(&listener, || {
                // Nothing is ever sent: it is the sender's end that counts.
                let _ = runtime.block_on(stopped);
                runtime.shutdown_timeout(END_WITHIN);
            });
        };
        Builder::new().name("couchbase".to_owned()).spawn(run)?;
        Ok(Self { handle, _stop: stop })
    }

    /// Where the session's tasks are spawned.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}
