//! Folders, keys and requests for the tests.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use store::{Document, Key, Reply, Request, Store, Version};
use store_fjall::{FjallConfig, FjallStore};

/// A folder that goes when this does.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let n = LAST.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("tombolo-fjall-{}-{n}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A configuration whose deadline no busy machine will miss.
pub fn config() -> FjallConfig {
    FjallConfig { deadline: Duration::from_secs(60), reserve_bytes: 0, ..FjallConfig::default() }
}

pub fn open(folder: &Path) -> FjallStore {
    FjallStore::open(folder, config()).unwrap_or_else(|error| panic!("{error}"))
}

pub fn key(name: impl Display) -> Key {
    Key::new("page", name)
}

pub fn document(value: &Value) -> Document {
    Document::new(1, value).expect("an object")
}

pub fn insert(name: impl Display, n: u64) -> Request {
    Request::Insert { key: key(name), document: document(&json!({ "n": n })) }
}

pub fn replace(name: impl Display, version: Version, n: u64) -> Request {
    Request::Replace { key: key(name), version, document: document(&json!({ "n": n })) }
}

/// The number in a document, if it is there.
pub async fn read(store: &FjallStore, name: impl Display) -> Option<u64> {
    match store.execute(Request::Get { key: key(name) }).await {
        Reply::Found { document, .. } => document.fields().get("n").and_then(Value::as_u64),
        Reply::Absent => None,
        other => panic!("a read answered {other:?}"),
    }
}

/// Waits on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}
