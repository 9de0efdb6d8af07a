//! Stores for the stand-in, and requests.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use store::{Document, Key, Reply, Request, Store, Version};
use store_couchbase::{CouchbaseConfig, CouchbaseStore, Credentials, Durability, Secret};
use tokio::time::{Instant, sleep};

use crate::standin::{BUCKET, StandIn, USER, tls};

/// A deadline that no busy machine misses.
pub const GENEROUS: Duration = Duration::from_secs(15);
/// A deadline that nobody is to meet.
pub const SHORT: Duration = Duration::from_millis(400);
/// A deadline that a busy machine meets, and that a test can wait for.
pub const MISSED: Duration = Duration::from_millis(1_500);
/// What a busy machine may take for anything.
pub const SOON: Duration = Duration::from_secs(20);

pub fn config(standin: &StandIn, deadline: Duration) -> CouchbaseConfig {
    let credentials = Credentials { user: USER.0.into(), password: Secret::new(USER.1) };
    let connect = standin.connect();
    let authority_pem = connect.starts_with("couchbases").then(tls::authority);
    CouchbaseConfig {
        deadline,
        authority_pem,
        durability: Durability::Majority,
        ..CouchbaseConfig::new(connect, BUCKET, credentials)
    }
}

pub async fn open(config: CouchbaseConfig) -> Arc<CouchbaseStore> {
    let store = CouchbaseStore::open(config).expect("a configuration that can be used");
    store.connected(SOON).await.expect("the stand-in is there");
    Arc::new(store)
}

pub fn key(name: impl Display) -> Key {
    Key::new("avatar", name)
}

pub fn get(name: impl Display) -> Request {
    Request::Get { key: key(name) }
}

pub fn document(n: u64) -> Document {
    Document::new(1, &json!({ "n": n })).expect("an object")
}

pub fn insert(name: impl Display, n: u64) -> Request {
    Request::Insert { key: key(name), document: document(n) }
}

pub fn replace(name: impl Display, version: Version, n: u64) -> Request {
    Request::Replace { key: key(name), version, document: document(n) }
}

pub fn remove(name: impl Display, version: Version) -> Request {
    Request::Remove { key: key(name), version }
}

/// Asks in the background.
pub fn ask(store: &Arc<CouchbaseStore>, request: Request) -> tokio::task::JoinHandle<Reply> {
    let store = Arc::clone(store);
    tokio::spawn(async move { store.execute(request).await })
}

/// The version of a write that must have happened.
pub fn applied(reply: Reply) -> Version {
    match reply {
        Reply::Applied { version } => version,
        other => panic!("{other:?}"),
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < SOON, "{what} did not come");
        sleep(Duration::from_millis(10)).await;
    }
}
