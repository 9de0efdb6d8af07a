//! Opens the store that a configuration names. A binary that cannot speak to it says so, with the remedy.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use store::Store;
use store_couchbase::{CouchbaseError, CouchbaseStore};
use store_shared::SharedStore;

use crate::config::{StoreChoice, StoreSection, couchbase_key};
use crate::failure::{Failure, chain};
use crate::storage::OpenStore;

/// How long the store of another process may be away at the start.
const SHARED_WITHIN: Duration = Duration::from_secs(10);
/// How long a cluster may be: one attempt to connect takes up to 10 s, and then says why it failed.
const COUCHBASE_WITHIN: Duration = Duration::from_secs(15);

/// A store that is there.
pub struct Backend {
    /// The store.
    pub store: Arc<dyn Store>,
    couchbase: Option<Arc<CouchbaseStore>>,
    /// Closed with this.
    folder: Option<OpenStore>,
}

/// Opens the store and waits until it is there.
pub async fn open(section: &StoreSection) -> Result<Backend, Failure> {
    match section.choice().map_err(Failure::usage)? {
        StoreChoice::Shared(config) => {
            let store = SharedStore::new(config);
            let connected = store.connected(SHARED_WITHIN).await;
            connected.map_err(|e| Failure::usage(format!("store.shared: {}", chain(&e))))?;
            Ok(Backend { store: Arc::new(store), couchbase: None, folder: None })
        }
        StoreChoice::Fjall(folder, config) => {
            let open = OpenStore::open(Some(&folder), config, "store.data")?;
            Ok(Backend { store: Arc::clone(&open.store), couchbase: None, folder: Some(open) })
        }
        StoreChoice::Couchbase(config) => {
            let store = Arc::new(CouchbaseStore::open(config).map_err(refused)?);
            store.connected(COUCHBASE_WITHIN).await.map_err(refused)?;
            Ok(Backend { store: Arc::clone(&store) as Arc<dyn Store>, couchbase: Some(store), folder: None })
        }
    }
}

fn refused(error: CouchbaseError) -> Failure {
    match &error {
        CouchbaseError::Config(wrong) => Failure::usage(format!("{}: {}", couchbase_key(wrong), wrong.reason)),
        CouchbaseError::NotBuilt => Failure::usage(format!("store.kind = \"couchbase\": {error}")),
        CouchbaseError::Unreachable { .. } => Failure::usage(format!("store.couchbase: {error}")),
        CouchbaseError::Sdk(_) => Failure::run(error),
    }
}

impl Backend {
    /// Logs what the store counted, at the end of the process.
    pub fn log_counts(&self) {
        if let Some(store) = &self.couchbase {
            tracing::info!(counts = ?store.counts(), "what was asked of Couchbase");
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.couchbase, &self.folder) {
            (Some(_), _) => "a Couchbase cluster",
            (None, Some(_)) => "the store in a folder",
            (None, None) => "the store of another process",
        })
    }
}
