//! What a group of requests comes to, decided in their order before anything is written.

use std::collections::BTreeMap;

use store::{Key, Reply, Request, Version};

use crate::format::encode;

/// What is to be written for a group: `None` removes.
pub(crate) type Writes = BTreeMap<Key, Option<Vec<u8>>>;

/// A group under way.
#[derive(Debug)]
pub(crate) struct Group {
    last: u64,
    /// The versions that this group makes.
    versions: BTreeMap<Key, Option<Version>>,
    pub(crate) writes: Writes,
}

impl Group {
    /// A group after `last`, the last version that was given.
    pub(crate) fn new(last: u64) -> Self {
        Self { last, versions: BTreeMap::new(), writes: Writes::new() }
    }

    /// The last version that was given.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Decides a write. `stored` tells the version of a key outside of this group, and may fail.
    pub(crate) fn decide<E>(
        &mut self,
        request: Request,
        stored: impl FnOnce(&Key) -> Result<Option<Version>, E>,
    ) -> Result<Reply, E> {
        let there = match self.versions.get(request.key()) {
            Some(version) => *version,
            None => stored(request.key())?,
        };
        let (key, document) = match request {
            Request::Insert { key, document } if there.is_none() => (key, Some(document)),
            Request::Replace { key, version, document } if there == Some(version) => (key, Some(document)),
            Request::Remove { key, version } if there == Some(version) => (key, None),
            Request::Insert { .. } | Request::Replace { .. } | Request::Remove { .. } => return Ok(Reply::Conflict),
            // Reads go another way.
            Request::Get { .. } => return Ok(Reply::NotApplied),
        };
        let version = Version(self.last.saturating_add(1));
        let value = match &document {
            None => None,
            Some(document) => match encode(version, document) {
                Some(bytes) => Some(bytes),
                None => {
                    tracing::error!(%key, "a document is too large to be stored");
                    return Ok(Reply::NotApplied);
                }
            },
        };
        self.last = version.0;
        self.versions.insert(key.clone(), document.map(|_| version));
        self.writes.insert(key, value);
        Ok(Reply::Applied { version })
    }
}
