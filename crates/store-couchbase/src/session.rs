//! Keeps a session with the cluster: opens one, watches over it, and opens another when it has fallen silent.
//!
//! The SDK would wait for ever for a node that is frozen, or behind a firewall that forgot the connection. Here a
//! session ends when nothing at all was heard for three deadlines while something is owed, or when one answer is owed
//! for a minute. Whatever it still owes is then of unknown outcome.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::counters::Counters;
use crate::kv::{Connect, Session};
use crate::ledger::Ledger;

/// How long an attempt to open a session may take. A cluster answers within one second or two; the SDK itself would
/// try for ever.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// Deadlines of silence, while something is owed, after which a session is given up. Couchbase answers a durable write
/// within 10 s at most, but other answers come meanwhile.
const SILENT_DEADLINES: u32 = 3;
/// How long one answer may be owed although others come: a node that is frozen while the rest of the cluster is not.
/// The cluster fails such a node over within this time, if it is to.
const OWED_AT_MOST: Duration = Duration::from_secs(60);
/// The first pause between two attempts; it doubles.
const PAUSE_LEAST: Duration = Duration::from_millis(100);
/// The longest pause between two attempts.
const PAUSE_MOST: Duration = Duration::from_secs(2);

/// How it stands with the cluster.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// It can be asked.
    Live(Live),
    /// It cannot, and why.
    Away(String),
}

/// A session and what it owes.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) session: Arc<dyn Session>,
    pub(crate) ledger: Arc<Ledger>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.session).finish()
    }
}

/// Keeps a session until all who watch `state` are gone.
pub(crate) async fn keep(
    connect: Box<dyn Connect>,
    deadline: Duration,
    counters: Arc<Counters>,
    state: watch::Sender<State>,
) {
    let mut pause = PAUSE_LEAST;
    loop {
        let opened = tokio::select! {
            opened = open(connect.as_ref()) => opened,
            () = state.closed() => return,
        };
        match opened {
            Ok(session) => {
                counters.sessions.add();
                tracing::info!(?session, "connected to the cluster");
                let ledger = Arc::new(Ledger::new());
                state.send_replace(State::Live(Live { session, ledger: Arc::clone(&ledger) }));
                pause = PAUSE_LEAST;
                tokio::select! {
                    () = silence(&ledger, deadline) => {}
                    () = state.closed() => return,
                }
                counters.given_up.add();
                tracing::warn!("the cluster has fallen silent; its connections are given up and made anew");
                // The state holds the last reference to the session: this ends it.
                state.send_replace(State::Away("it has fallen silent".to_owned()));
            }
            Err(reason) => {
                let before = state.send_replace(State::Away(reason.clone()));
                if !matches!(before, State::Away(before) if before == reason) {
                    tracing::warn!(reason, "the cluster cannot be used; trying until it can");
                }
            }
        }
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(PAUSE_MOST),
            () = state.closed() => return,
        }
    }
}

async fn open(connect: &dyn Connect) -> Result<Arc<dyn Session>, String> {
    match timeout(OPEN_WITHIN, connect.open()).await {
        Ok(opened) => opened,
        Err(_) => Err(connect
            .trouble()
            .unwrap_or_else(|| format!("it was not ready after {} s, and said nothing", OPEN_WITHIN.as_secs()))),
    }
}

/// Ends when the session should.
async fn silence(ledger: &Ledger, deadline: Duration) {
    let silent = deadline * SILENT_DEADLINES;
    loop {
        sleep(deadline / 4).await;
        if let Some((owed, heard)) = ledger.silence()
            && ((owed >= silent && heard >= silent) || owed >= OWED_AT_MOST.max(silent))
        {
            return;
        }
    }
}
