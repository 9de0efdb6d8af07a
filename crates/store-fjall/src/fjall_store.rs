//! [`FjallStore`]: the port on top of the engine, with its two threads.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use store::dump::{DUMP_FORMAT, Line};
use store::{Document, Key, Pending, Reply, Request, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::decide::Group;
use crate::disk::Disk;
use crate::error::FjallStoreError;

/// Requests that wait for a thread at most; more wait in their callers, within their deadline.
const WAITING: usize = 4096;
/// Requests of one group at most, so that the first does not wait long for the last.
const GROUP: usize = 512;
/// Bytes of documents in one batch of a load.
const LOAD_BYTES: usize = 4 * 1024 * 1024;

/// How a store behaves.
#[derive(Clone, Debug)]
pub struct FjallConfig {
    /// The time from a request to its outcome. Default 2 s.
    pub deadline: Duration,
    /// Bytes that must stay free on the disk, or nothing is written: the engine needs room to tidy up. Default 128 MiB.
    pub reserve_bytes: u64,
    /// Bytes of memory for what was read last. Default 64 MiB.
    pub cache_bytes: u64,
}

impl Default for FjallConfig {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(2), reserve_bytes: 128 << 20, cache_bytes: 64 << 20 }
    }
}

/// Whether writes are possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// They are.
    Well,
    /// The disk is nearly full: reads only, until there is room again.
    Full {
        /// Bytes that are free.
        free: u64,
        /// Bytes that must be.
        needed: u64,
    },
    /// A write failed: reads only, until a restart.
    Failed(String),
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str("well"),
            Self::Full { free, needed } => {
                write!(f, "read-only: {} MiB are free on the disk, {} MiB are needed", free >> 20, needed >> 20)
            }
            Self::Failed(why) => write!(f, "read-only until a restart: {why}"),
        }
    }
}

/// What a store did since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Documents written or removed.
    pub writes: u64,
    /// Syncs, each for a group of writes.
    pub syncs: u64,
}

/// A store in a folder. It is closed when it is dropped: what was asked is finished first.
pub struct FjallStore {
    disk: Disk,
    config: FjallConfig,
    shared: Arc<Shared>,
    writer: Option<mpsc::Sender<Job>>,
    reader: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads tell.
struct Shared {
    condition: Mutex<Condition>,
    writes: AtomicU64,
    syncs: AtomicU64,
}

struct Job {
    request: Request,
    reply: oneshot::Sender<Reply>,
}

impl FjallStore {
    /// Opens the store in a folder, or makes one.
    ///
    /// # Errors
    /// When another process has it open, it is of a newer format, or the folder cannot be used.
    pub fn open(folder: &Path, config: FjallConfig) -> Result<Self, FjallStoreError> {
        let disk = Disk::open(folder, config.cache_bytes)?;
        let last = disk.last_version()?;
        let condition = Mutex::new(Condition::Well);
        let shared = Arc::new(Shared { condition, writes: AtomicU64::new(0), syncs: AtomicU64::new(0) });
        let (writer, to_write) = mpsc::channel(WAITING);
        let (reader, to_read) = mpsc::channel(WAITING);
        let writing = Writing { disk: disk.clone(), shared: Arc::clone(&shared), reserve: config.reserve_bytes, last };
        let reading = disk.clone();
        let threads = vec![
            thread(folder, "store-writer", move || writing.run(to_write))?,
            thread(folder, "store-reader", move || read(&reading, to_read))?,
        ];
        Ok(Self { disk, config, shared, writer: Some(writer), reader: Some(reader), threads })
    }

    /// Whether writes are possible.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.shared.condition.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it did since it was opened.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals { writes: self.shared.writes.load(Ordering::Relaxed), syncs: self.shared.syncs.load(Ordering::Relaxed) }
    }

    /// Writes everything as of one moment as [`store::dump`] has it, while others go on writing. What is damaged is
    /// said at its place.
    ///
    /// # Errors
    /// When the engine cannot read, or `out` cannot be written.
    pub fn dump(&self, out: &mut impl Write) -> io::Result<()> {
        let mut count = 0;
        writeln!(out, "{}", Line::Begin { tombolo_store: DUMP_FORMAT }.to_text())?;
        self.disk.walk(|key, found| {
            count += 1;
            let line = match found {
                Ok((version, document)) => Line::Document { key, version: version.0, document },
                Err(error) => Line::Damaged { key, damaged: error.to_string() },
            };
            writeln!(out, "{}", line.to_text())
        })?;
        writeln!(out, "{}", Line::End { end: count }.to_text())
    }

    /// Puts documents into a store that has none and that nobody else uses yet; returns how many. They get versions of
    /// their own.
    ///
    /// # Errors
    /// The first of `documents`, or when the store has documents or cannot be written. Then some may be there.
    pub fn load<E: From<FjallStoreError>>(
        &self,
        documents: impl Iterator<Item = Result<(Key, Document), E>>,
    ) -> Result<u64, E> {
        if !self.disk.is_empty()? {
            return Err(FjallStoreError::NotEmpty.into());
        }
        let (mut group, mut bytes, mut count) = (Group::new(self.disk.last_version()?), 0, 0);
        for document in documents {
            let (key, document) = document?;
            let disk = &self.disk;
            let reply = group.decide(Request::Insert { key: key.clone(), document }, |key| disk.version(key))?;
            if !matches!(reply, Reply::Applied { .. }) {
                let reason = "it comes twice, or is too large".to_owned();
                return Err(FjallStoreError::Damaged { key: key.to_string(), reason }.into());
            }
            count += 1;
            bytes += group.writes.get(&key).and_then(Option::as_ref).map_or(0, Vec::len);
            if bytes > LOAD_BYTES {
                let last = group.last();
                self.disk.write(std::mem::replace(&mut group, Group::new(last)).writes, last)?;
                bytes = 0;
            }
        }
        let last = group.last();
        self.disk.write(group.writes, last)?;
        Ok(count)
    }

    async fn ask(&self, request: Request) -> Reply {
        let deadline = Instant::now() + self.config.deadline;
        let writes = request.writes();
        let queue = if writes { &self.writer } else { &self.reader };
        let Some(queue) = queue else { return Reply::NotApplied };
        let (reply, answer) = oneshot::channel();
        match timeout_at(deadline, queue.send(Job { request, reply })).await {
            Ok(Ok(())) => {}
            // It did not get into the queue, or nobody serves it any more.
            Ok(Err(_)) | Err(_) => return Reply::NotApplied,
        }
        match timeout_at(deadline, answer).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) | Err(_) if writes => Reply::Unknown,
            Ok(Err(_)) | Err(_) => Reply::NotApplied,
        }
    }
}

impl Store for FjallStore {
    fn execute(&self, request: Request) -> Pending<'_> {
        Box::pin(self.ask(request))
    }
}

impl Drop for FjallStore {
    fn drop(&mut self) {
        (self.writer, self.reader) = (None, None);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for FjallStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FjallStore").field("condition", &self.condition()).field("totals", &self.totals()).finish()
    }
}

fn thread(folder: &Path, name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, FjallStoreError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| FjallStoreError::Unusable { folder: folder.to_owned(), reason: error.to_string() })
}

fn read(disk: &Disk, mut jobs: mpsc::Receiver<Job>) {
    while let Some(Job { request, reply }) = jobs.blocking_recv() {
        let answer = match disk.get(request.key()) {
            Ok(Some((version, document))) => Reply::Found { version, document },
            Ok(None) => Reply::Absent,
            Err(error) => {
                tracing::error!(key = %request.key(), %error, "a document cannot be read");
                Reply::NotApplied
            }
        };
        // Nobody waits any more if the deadline has passed.
        let _ = reply.send(answer);
    }
}

/// The writer's thread.
struct Writing {
    disk: Disk,
    shared: Arc<Shared>,
    reserve: u64,
    last: u64,
}

impl Writing {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut group = vec![first];
            while let (true, Ok(next)) = (group.len() < GROUP, jobs.try_recv()) {
                group.push(next);
            }
            if self.may_write() {
                self.write(group);
            } else {
                group.into_iter().for_each(|job| drop(job.reply.send(Reply::NotApplied)));
            }
        }
    }

    /// Whether there is room, and no write failed.
    fn may_write(&self) -> bool {
        let before = self.condition();
        let now = match (&before, self.disk.free_bytes()) {
            (Condition::Failed(_), _) => return false,
            (_, Some(free)) if free < self.reserve => Condition::Full { free, needed: self.reserve },
            (_, _) => Condition::Well,
        };
        match (&before, &now) {
            (Condition::Well, Condition::Full { .. }) => tracing::error!("the store is {now}"),
            (Condition::Full { .. }, Condition::Well) => tracing::warn!("the store can be written again"),
            _ => {}
        }
        let well = now == Condition::Well;
        self.set(now);
        well
    }

    fn write(&mut self, jobs: Vec<Job>) {
        let mut group = Group::new(self.last);
        let mut decided = Vec::with_capacity(jobs.len());
        for Job { request, reply } in jobs {
            let key = request.key().clone();
            let answer = group.decide(request, |key| self.disk.version(key)).unwrap_or_else(|error| {
                tracing::error!(%key, %error, "a document cannot be read");
                Reply::NotApplied
            });
            decided.push((reply, answer));
        }
        let (writes, last) = (group.writes.len() as u64, group.last());
        let written = if writes == 0 { Ok(()) } else { self.disk.write(group.writes, last) };
        match &written {
            Ok(()) => {
                self.last = last;
                self.shared.writes.fetch_add(writes, Ordering::Relaxed);
                self.shared.syncs.fetch_add(u64::from(writes > 0), Ordering::Relaxed);
            }
            Err(error) => {
                tracing::error!(%error, "the store is read-only until a restart");
                self.set(Condition::Failed(error.to_string()));
            }
        }
        for (reply, answer) in decided {
            let _ = reply.send(if written.is_ok() { answer } else { in_doubt(answer) });
        }
    }

    fn condition(&self) -> Condition {
        self.shared.condition.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, condition: Condition) {
        *self.shared.condition.lock().unwrap_or_else(PoisonError::into_inner) = condition;
    }
}

/// What is said of a group that may or may not be on the disk.
fn in_doubt(answer: Reply) -> Reply {
    match answer {
        Reply::Applied { .. } => Reply::Unknown,
        // Whatever it lost against may not be there either, but it is certain that it did nothing itself.
        Reply::Conflict => Reply::NotApplied,
        other => other,
    }
}
