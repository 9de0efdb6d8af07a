//! The store of this process: in a folder on its disk, or in memory; and, if asked for, served to others.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use store::{MemoryStore, Store};
use store_fjall::{Door, FjallConfig, FjallStore};
use store_shared::SharedStoreServer;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::failure::{Failure, chain};
use crate::stop;

/// A store that this process has open. It is closed when this is dropped.
pub struct OpenStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// For backups.
    _door: Option<Door>,
}

impl OpenStore {
    /// The store in a folder, or one in memory; `option` is what names the folder.
    pub fn open(folder: Option<&Path>, config: FjallConfig, option: &str) -> Result<Self, Failure> {
        let Some(folder) = folder else { return Ok(Self { store: Arc::new(MemoryStore::new()), _door: None }) };
        let store = FjallStore::open(folder, config).map_err(|e| Failure::usage(format!("{option}: {}", chain(&e))))?;
        let store = Arc::new(store);
        let door = Door::open(folder, Arc::clone(&store));
        if let Err(error) = &door {
            tracing::warn!(%error, folder = %folder.display(), "no backup is possible while it runs");
        }
        Ok(Self { store, _door: door.ok() })
    }
}

/// Serves a store to other processes until `closing` turns true; `option` is what names the address.
pub async fn serve(
    store: Arc<dyn Store>,
    listen: SocketAddr,
    option: &str,
    closing: watch::Receiver<bool>,
) -> Result<Served, Failure> {
    check_loopback(listen, option)?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|e| Failure::usage(format!("{option} {listen}: {e}; stop what uses it or choose another port")))?;
    let address = listener.local_addr().map_err(Failure::run)?;
    let task = tokio::spawn(SharedStoreServer::serve(listener, store, async move { stop::told(&closing).await }));
    Ok(Served { address, task })
}

/// A store that is being served.
pub struct Served {
    /// Where.
    pub address: SocketAddr,
    /// Ends when what was under way is finished.
    pub task: tokio::task::JoinHandle<()>,
}

/// A store is served on loopback only.
pub fn check_loopback(listen: SocketAddr, option: &str) -> Result<(), Failure> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{option} {listen}: the shared store is neither encrypted nor authenticated; take a loopback address"
    )))
}
