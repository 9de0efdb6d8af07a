//! Batches on several processes at once. Which thread waits for which process changes nothing.

use std::path::Path;
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::batch::{Batch, Shown};

/// Runs the batches, `jobs` at a time, and tells of each as it ends. The first error ends it after the batches that are
/// under way.
pub fn run(binary: &Path, batches: &[Batch], jobs: usize, mut each: impl FnMut(&Batch, Shown)) -> Result<()> {
    let next = Mutex::new(batches.iter());
    std::thread::scope(|scope| {
        let (done, ended) = mpsc::channel();
        for _ in 0..jobs.min(batches.len()) {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                loop {
                    let taken = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(batch) = taken else { return };
                    // Nobody listens any more after an error.
                    if done.send((batch, batch.run(binary))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for (batch, shown) in ended {
            each(batch, shown?);
        }
        Ok(())
    })
}
