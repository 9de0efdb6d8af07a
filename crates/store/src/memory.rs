//! The store in memory. It forgets everything when the process ends, and says so in its type's name.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::document::{Document, Key};
use crate::port::{Pending, Reply, Request, Store, Version};

/// Documents in a map. Shared among nodes of a process behind an `Arc`.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    documents: BTreeMap<Key, (Version, Document)>,
    last: u64,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out a request at once.
    pub fn apply(&self, request: Request) -> Reply {
        self.lock().apply(request)
    }

    /// All documents in the order of their keys.
    #[must_use]
    pub fn dump(&self) -> Vec<(Key, Document)> {
        self.lock().documents.iter().map(|(k, (_, d))| (k.clone(), d.clone())).collect()
    }

    /// Writes and removals that happened so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.lock().last
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn apply(&mut self, request: Request) -> Reply {
        match request {
            Request::Get { key } => self.documents.get(&key).map_or(Reply::Absent, |(version, document)| {
                Reply::Found { version: *version, document: document.clone() }
            }),
            Request::Insert { key, document } => match self.documents.contains_key(&key) {
                true => Reply::Conflict,
                false => self.write(key, document),
            },
            Request::Replace { key, version, document } => match self.is_at(&key, version) {
                true => self.write(key, document),
                false => Reply::Conflict,
            },
            Request::Remove { key, version } => match self.is_at(&key, version) {
                true => {
                    self.documents.remove(&key);
                    Reply::Applied { version: self.next_version() }
                }
                false => Reply::Conflict,
            },
        }
    }

    fn is_at(&self, key: &Key, version: Version) -> bool {
        self.documents.get(key).is_some_and(|(v, _)| *v == version)
    }

    fn write(&mut self, key: Key, document: Document) -> Reply {
        let version = self.next_version();
        self.documents.insert(key, (version, document));
        Reply::Applied { version }
    }

    fn next_version(&mut self) -> Version {
        self.last += 1;
        Version(self.last)
    }
}

impl Store for MemoryStore {
    fn execute(&self, request: Request) -> Pending<'_> {
        let reply = self.apply(request);
        Box::pin(std::future::ready(reply))
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::conformance::CHECKS;

    #[test]
    fn conforms() {
        for check in CHECKS {
            let running = pin!((check.run)(Arc::new(MemoryStore::new())));
            // Nothing in memory waits, so one poll is the whole check.
            assert_eq!(running.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()), "{}", check.name);
        }
    }
}
