//! A node's requests to the store, each with a deadline of its own.

use std::future::pending;
use std::sync::Arc;

use node::OpId;
use store::{Reply, Request, Store};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use crate::limits::{STORE_DEADLINE, STORE_IN_FLIGHT};

/// The requests under way.
pub(crate) struct Errands {
    store: Arc<dyn Store>,
    tasks: JoinSet<(OpId, Reply)>,
}

impl Errands {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, tasks: JoinSet::new() }
    }

    /// Sends a request, or answers it at once if too many are under way.
    pub(crate) fn send(&mut self, op: OpId, request: Request) -> Option<Reply> {
        if self.tasks.len() >= STORE_IN_FLIGHT {
            return Some(Reply::NotApplied);
        }
        let store = Arc::clone(&self.store);
        self.tasks.spawn_local(async move {
            // Giving up does not recall the request: a late write may still land.
            let reply = timeout(STORE_DEADLINE, store.execute(request)).await.unwrap_or(Reply::Unknown);
            (op, reply)
        });
        None
    }

    /// The next answer. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> (OpId, Reply) {
        match self.tasks.join_next().await {
            Some(done) => outcome(done),
            None => pending().await,
        }
    }

    /// An answer that is there already.
    pub(crate) fn try_next(&mut self) -> Option<(OpId, Reply)> {
        self.tasks.try_join_next().map(outcome)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

/// A store that panics leaves a request without an answer and cannot be trusted: the node ends with it.
fn outcome(done: Result<(OpId, Reply), JoinError>) -> (OpId, Reply) {
    match done {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("a request to the store was cancelled: {error}"),
        },
    }
}
