//! The store's port: deadlines, places and counters around whatever session there is.

use std::fmt;

use std::sync::Arc;
use std::time::Duration;

use store::{Pending, Reply, Request, Store};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::{ConfigError, CouchbaseConfig};
use crate::counters::{Counters, Counts};
use crate::kv::{Ask, Connect};
use crate::ledger::Places;
use crate::outcome::{lost, op_of, reply_of};
use crate::session::{Live, State, keep};

/// Why there is no store, or no cluster. Nothing was written.
#[derive(Debug, Error)]
pub enum CouchbaseError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// This binary cannot speak to Couchbase.
    #[error(
        "this binary was built without Couchbase; build it with `cargo build --release -p tombolo --features couchbase`"
    )]
    NotBuilt,
    /// The SDK could not be started.
    #[error("the Couchbase SDK cannot be started: {0}")]
    Sdk(String),
    /// The cluster is not ready. It goes on trying.
    #[error("the Couchbase cluster at {connect} cannot be used: {reason}")]
    Unreachable {
        /// The connection string.
        connect: String,
        /// What the last attempt met.
        reason: String,
    },
}

/// A store in a Couchbase cluster.
pub struct CouchbaseStore {
    config: CouchbaseConfig,
    places: Places,
    state: watch::Receiver<State>,
    counters: Arc<Counters>,
}

impl CouchbaseStore {
    /// A store that begins to connect, on the tokio runtime that it is made on; it can be used from any other. It
    /// disconnects when it is dropped.
    pub fn open(config: CouchbaseConfig) -> Result<Self, CouchbaseError> {
        config.check()?;
        #[cfg(feature = "sdk")]
        return Ok(Self::over(config.clone(), Box::new(crate::sdk::Sdk::new(config)?)));
        #[cfg(not(feature = "sdk"))]
        Err(CouchbaseError::NotBuilt)
    }

    pub(crate) fn over(config: CouchbaseConfig, connect: Box<dyn Connect>) -> Self {
        let counters = Arc::new(Counters::default());
        let (tell, state) = watch::channel(State::Away("not yet connected".to_owned()));
        tokio::spawn(keep(connect, config.deadline, Arc::clone(&counters), tell));
        Self { places: Places::new(config.in_flight), config, state, counters }
    }

    /// Waits until the cluster can be asked.
    pub async fn connected(&self, within: Duration) -> Result<(), CouchbaseError> {
        if timeout(within, self.live()).await.is_ok_and(|live| live.is_some()) {
            return Ok(());
        }
        let reason = match &*self.state.borrow() {
            State::Live(_) => "it has just become ready".to_owned(),
            State::Away(reason) => reason.clone(),
        };
        Err(CouchbaseError::Unreachable { connect: self.config.connect.clone(), reason })
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counters.read(self.places.taken())
    }

    /// The session, once there is one; `None` when there will never be one again.
    async fn live(&self) -> Option<Live> {
        let mut state = self.state.clone();
        match &*state.wait_for(|state| matches!(state, State::Live(_))).await.ok()? {
            State::Live(live) => Some(live.clone()),
            State::Away(_) => None,
        }
    }

    async fn ask(&self, request: Request) -> Reply {
        self.counters.requests.add();
        let key = request.key().as_str().to_owned();
        let writes = request.writes();
        let reply = self.carry_out(request, &key, writes).await;
        match reply {
            Reply::Applied { .. } => self.counters.applied.add(),
            Reply::Conflict => self.counters.conflicts.add(),
            Reply::NotApplied => self.counters.not_applied.add(),
            Reply::Unknown => self.counters.unknown.add(),
            Reply::Found { .. } | Reply::Absent => {}
        }
        reply
    }

    async fn carry_out(&self, request: Request, key: &str, writes: bool) -> Reply {
        let deadline = Instant::now() + self.config.deadline;
        let op = match op_of(request) {
            Ok(op) => op,
            Err(reply) => return reply,
        };
        let Ok(place) = timeout_at(deadline, self.places.take()).await else {
            self.counters.no_place.add();
            return Reply::NotApplied;
        };
        let Ok(Some(live)) = timeout_at(deadline, self.live()).await else {
            self.counters.no_session.add();
            return Reply::NotApplied;
        };
        let (owed, answered) = live.ledger.enter(&place, &self.counters);
        live.session.start(Ask { op, deadline }, owed);
        // Who waits does not keep a session alive.
        drop(live);
        match timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => reply_of(key, writes, answer, &self.counters),
            // The session has ended.
            Ok(Err(_)) => lost(writes),
            Err(_) => {
                self.counters.timed_out.add();
                self.places.step_aside(&place);
                lost(writes)
            }
        }
    }
}

impl Store for CouchbaseStore {
    fn execute(&self, request: Request) -> Pending<'_> {
        Box::pin(self.ask(request))
    }
}

impl fmt::Debug for CouchbaseStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CouchbaseStore");
        shown.field("config", &self.config).field("state", &*self.state.borrow()).field("counts", &self.counts());
        shown.finish()
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
