//! Stores that lie as a careless adapter would. The checker must find each of them out.

use std::sync::Arc;

use store::{Pending, Reply, Request, Store, Version};
use store_couchbase::CouchbaseStore;

/// A way to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A write that timed out is sent again, and its second answer taken for the first: it meets itself.
    Resend,
    /// What nobody knows is called a conflict.
    GuessConflict,
    /// What nobody knows is called not done.
    GuessNotApplied,
    /// What nobody knows is called done, with the version that follows.
    GuessApplied,
    /// A write is acknowledged before it is made, and forgotten.
    AcknowledgeFirst,
}

impl Lie {
    pub const ALL: [Self; 5] =
        [Self::Resend, Self::GuessConflict, Self::GuessNotApplied, Self::GuessApplied, Self::AcknowledgeFirst];
}

/// A store that tells a lie.
#[derive(Debug)]
pub struct Liar {
    store: Arc<CouchbaseStore>,
    lie: Lie,
}

impl Liar {
    pub fn new(store: Arc<CouchbaseStore>, lie: Lie) -> Self {
        Self { store, lie }
    }

    async fn answer(&self, request: Request) -> Reply {
        let guessed = Version(match &request {
            Request::Replace { version, .. } | Request::Remove { version, .. } => version.0 + 1,
            Request::Get { .. } | Request::Insert { .. } => 1,
        });
        if self.lie == Lie::AcknowledgeFirst && request.writes() {
            return Reply::Applied { version: guessed };
        }
        let reply = self.store.execute(request.clone()).await;
        match (self.lie, reply) {
            (Lie::Resend, Reply::Unknown) => self.store.execute(request).await,
            (Lie::GuessConflict, Reply::Unknown) => Reply::Conflict,
            (Lie::GuessNotApplied, Reply::Unknown) => Reply::NotApplied,
            (Lie::GuessApplied, Reply::Unknown) => Reply::Applied { version: guessed },
            (_, reply) => reply,
        }
    }
}

impl Store for Liar {
    fn execute(&self, request: Request) -> Pending<'_> {
        Box::pin(self.answer(request))
    }
}
