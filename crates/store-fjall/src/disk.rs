//! The engine in its folder: opening, one synced batch, reads, a snapshot of everything.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use store::{Document, Key, Version};

use crate::decide::Writes;
use crate::error::FjallStoreError;
use crate::format::{self, FORMAT};

const DOCUMENTS: &str = "documents";
const ABOUT: &str = "about";
/// Under which the format is kept in [`ABOUT`].
const FORMAT_KEY: &str = "format";
/// Under which the last version is kept in [`ABOUT`].
const LAST_KEY: &str = "last_version";

/// Bytes of the newest documents that are in memory and in the journal only, not sorted into tables yet. Opening reads
/// as many again, so the time and memory of opening do not grow with the world. The engine's own is 64 MiB.
const UNSORTED_BYTES: u64 = 8 * 1024 * 1024;

/// The open engine. Clones share it.
#[derive(Clone)]
pub(crate) struct Disk {
    folder: PathBuf,
    database: Database,
    documents: Keyspace,
    about: Keyspace,
}

impl Disk {
    /// Opens a folder, or makes it.
    pub(crate) fn open(folder: &Path, cache_bytes: u64) -> Result<Self, FjallStoreError> {
        let unusable = |reason: String| FjallStoreError::Unusable { folder: folder.to_owned(), reason };
        if !folder.exists() {
            // What players do is nobody's business but the world's.
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| unusable(error.to_string()))?;
        }
        // The engine cuts a torn tail off its journal, but it panics over some bytes that no torn write leaves.
        let open = || Database::builder(folder).cache_size(cache_bytes).worker_threads(1).open();
        let opened = catch_unwind(open).map_err(|_| {
            unusable("its journal is damaged in the middle; load the newest dump into an empty folder".to_owned())
        })?;
        let database = opened.map_err(|error| match error {
            fjall::Error::Locked => FjallStoreError::InUse { folder: folder.to_owned() },
            other => unusable(said(&other)),
        })?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(UNSORTED_BYTES);
        let keyspace = |name| database.keyspace(name, options);
        let documents = keyspace(DOCUMENTS).map_err(|error| unusable(said(&error)))?;
        let about = keyspace(ABOUT).map_err(|error| unusable(said(&error)))?;
        let disk = Self { folder: folder.to_owned(), database, documents, about };
        disk.check_format()?;
        Ok(disk)
    }

    fn check_format(&self) -> Result<(), FjallStoreError> {
        match self.about.get(FORMAT_KEY).map_err(|error| FjallStoreError::Read(said(&error)))? {
            Some(bytes) => match bytes.first().copied().unwrap_or_default() {
                FORMAT => Ok(()),
                found => Err(FjallStoreError::Newer { folder: self.folder.clone(), found, known: FORMAT }),
            },
            None => {
                let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
                batch.insert(&self.about, FORMAT_KEY, [FORMAT]);
                batch.commit().map_err(|error| FjallStoreError::Write(said(&error)))
            }
        }
    }

    /// The last version that was ever given.
    pub(crate) fn last_version(&self) -> Result<u64, FjallStoreError> {
        let bytes = self.about.get(LAST_KEY).map_err(|error| FjallStoreError::Read(said(&error)))?;
        Ok(bytes.map_or(0, |bytes| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))))
    }

    /// Writes a group, all or nothing, and returns when it is on the disk.
    pub(crate) fn write(&self, writes: Writes, last: u64) -> Result<(), FjallStoreError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for (key, value) in writes {
            match value {
                Some(bytes) => batch.insert(&self.documents, key.as_str(), bytes),
                None => batch.remove(&self.documents, key.as_str()),
            }
        }
        batch.insert(&self.about, LAST_KEY, last.to_le_bytes());
        batch.commit().map_err(|error| FjallStoreError::Write(said(&error)))
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Option<(Version, Document)>, FjallStoreError> {
        match self.documents.get(key.as_str()).map_err(|error| FjallStoreError::Read(said(&error)))? {
            Some(bytes) => format::decode(key.as_str(), &bytes).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn version(&self, key: &Key) -> Result<Option<Version>, FjallStoreError> {
        let damaged = |reason| FjallStoreError::Damaged { key: key.to_string(), reason };
        match self.documents.get(key.as_str()).map_err(|error| FjallStoreError::Read(said(&error)))? {
            Some(bytes) => format::version(&bytes).map(Some).map_err(damaged),
            None => Ok(None),
        }
    }

    /// Everything as of one moment, in the order of the keys, until `each` fails. Damaged documents do not end the walk.
    pub(crate) fn walk(
        &self,
        mut each: impl FnMut(Key, Result<(Version, Document), FjallStoreError>) -> io::Result<()>,
    ) -> io::Result<()> {
        for guard in self.database.snapshot().iter(&self.documents) {
            let (key, bytes) = guard.into_inner().map_err(|error| io::Error::other(said(&error)))?;
            let name = String::from_utf8_lossy(&key).into_owned();
            let found = format::decode(&name, &bytes);
            each(Key::from(name), found)?;
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> Result<bool, FjallStoreError> {
        self.documents.is_empty().map_err(|error| FjallStoreError::Read(said(&error)))
    }

    /// Bytes that are free to us on the disk; `None` if the system does not tell.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.folder).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// What the engine says, without its type names where the system said something.
fn said(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) => error.to_string(),
        fjall::Error::Poisoned => "an earlier write failed; restart when the disk is well".to_owned(),
        other => other.to_string(),
    }
}
