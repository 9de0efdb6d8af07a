//! The one place that asks the source: a snapshot is shared by everybody who asks within a tenth of a second, and the
//! encoded terrain by everybody who asks for the same island.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::Bytes;

use crate::limits::SNAPSHOT_MAX_AGE;
use crate::snapshot::{IslandView, Snapshot, Source};

/// Shared access to a source, no faster than the limits allow.
pub(crate) struct Feed {
    source: Arc<dyn Source>,
    latest: Mutex<Option<(Instant, Arc<Snapshot>)>>,
    terrain: Mutex<Option<(IslandView, Bytes)>>,
}

impl Feed {
    pub(crate) fn new(source: Arc<dyn Source>) -> Self {
        Self { source, latest: Mutex::new(None), terrain: Mutex::new(None) }
    }

    /// The world now, or as it was at most [`SNAPSHOT_MAX_AGE`] ago.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        let mut latest = lock(&self.latest);
        match &*latest {
            Some((taken, snapshot)) if taken.elapsed() < SNAPSHOT_MAX_AGE => Arc::clone(snapshot),
            _ => {
                let snapshot = Arc::new(self.source.snapshot());
                *latest = Some((Instant::now(), Arc::clone(&snapshot)));
                snapshot
            }
        }
    }

    /// The encoded ground of the island of the latest snapshot. May take a while: call it on a blocking thread.
    pub(crate) fn terrain(&self) -> Bytes {
        let island = self.snapshot().island.clone();
        let mut terrain = lock(&self.terrain);
        match &*terrain {
            Some((of, bytes)) if *of == island => bytes.clone(),
            _ => {
                let bytes = Bytes::from(self.source.terrain().encode());
                *terrain = Some((island, bytes.clone()));
                bytes
            }
        }
    }
}

/// What is guarded is replaced whole, so a panic of the source leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
