//! The conformance suite on a real cluster, where there is one.
//!
//! `CB_TEST_CONNSTR` (`couchbase://host`), `CB_TEST_USER` and `CB_TEST_PASSWORD` name it. `CB_TEST_BUCKET` (default
//! `tombolo-test`), `CB_TEST_SCOPE`, `CB_TEST_COLLECTION`, `CB_TEST_DURABILITY` and `CB_TEST_AUTHORITY` (a PEM file)
//! may say more. Documents get keys of this run's own, and are removed at the end.

use std::collections::BTreeSet;
use std::env::var;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use store::conformance::CHECKS;
use store::{Key, Pending, Reply, Request, Store};
use store_couchbase::{CouchbaseConfig, CouchbaseStore, Credentials, Durability, Secret};

use crate::fixture::{GENEROUS, open};

fn named(name: &str) -> String {
    var(name).unwrap_or_else(|_| panic!("CB_TEST_CONNSTR is set, {name} is not"))
}

fn config() -> CouchbaseConfig {
    let credentials = Credentials { user: named("CB_TEST_USER"), password: Secret::new(named("CB_TEST_PASSWORD")) };
    let bucket = var("CB_TEST_BUCKET").unwrap_or_else(|_| "tombolo-test".into());
    let mut config = CouchbaseConfig::new(named("CB_TEST_CONNSTR"), bucket, credentials);
    config.deadline = GENEROUS;
    config.scope = var("CB_TEST_SCOPE").unwrap_or(config.scope);
    config.collection = var("CB_TEST_COLLECTION").unwrap_or(config.collection);
    if let Ok(level) = var("CB_TEST_DURABILITY") {
        config.durability = Durability::named(&level).unwrap_or_else(|| panic!("CB_TEST_DURABILITY={level}"));
    }
    if let Ok(file) = var("CB_TEST_AUTHORITY") {
        config.authority_pem = Some(std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}")));
    }
    config
}

/// The cluster as if it were empty: every key gets a prefix of this run and check.
#[derive(Debug)]
struct Fresh {
    store: Arc<CouchbaseStore>,
    prefix: String,
    keys: Mutex<BTreeSet<Key>>,
}

impl Fresh {
    fn rename(&self, request: Request) -> Request {
        let key = Key::new(&self.prefix, request.key());
        self.keys.lock().expect("no panic").insert(key.clone());
        match request {
            Request::Get { .. } => Request::Get { key },
            Request::Insert { document, .. } => Request::Insert { key, document },
            Request::Replace { version, document, .. } => Request::Replace { key, version, document },
            Request::Remove { version, .. } => Request::Remove { key, version },
        }
    }

    async fn sweep(&self) {
        let keys = std::mem::take(&mut *self.keys.lock().expect("no panic"));
        for key in keys {
            if let Reply::Found { version, .. } = self.store.execute(Request::Get { key: key.clone() }).await {
                self.store.execute(Request::Remove { key, version }).await;
            }
        }
    }
}

impl Store for Fresh {
    fn execute(&self, request: Request) -> Pending<'_> {
        self.store.execute(self.rename(request))
    }
}

#[tokio::test]
// tidy-allow: the runner counts it as skipped and shows why; returning early would be green by silence
#[cfg_attr(not(cb_test_server), ignore = "CB_TEST_CONNSTR is not set: there is no Couchbase to test against")]
async fn a_real_cluster_conforms() {
    let store = open(config()).await;
    let run = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    for (n, check) in CHECKS.iter().enumerate() {
        println!("{}", check.name);
        let prefix = format!("test-{run}-{n}");
        let fresh = Arc::new(Fresh { store: Arc::clone(&store), prefix, keys: Mutex::default() });
        (check.run)(Arc::clone(&fresh) as Arc<_>).await;
        fresh.sweep().await;
    }
    assert_eq!(store.counts().unknown, 0, "{:?}", store.counts());
}
