//! The stores that are measured, each made for a round and gone after it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use store::{MemoryStore, Store};
use store_fjall::{FjallConfig, FjallStore};
use store_shared::{SharedStore, SharedStoreConfig, SharedStoreServer};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::folder::Folder;

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// In memory.
    Memory,
    /// On disk, each write synced before its answer.
    Fjall,
    /// The same, served over TCP on loopback.
    Shared,
}

impl Backend {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Fjall => "fjall",
            Self::Shared => "shared",
        }
    }
}

/// An open store. Its folder goes with it.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    server: Option<Server>,
    folder: Option<Folder>,
}

/// A store served on a thread of its own, as another process would.
struct Server {
    stop: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Server {
    /// Serves a store on loopback; its address.
    async fn start(store: Arc<dyn Store>) -> Result<(Self, String)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (tell, told) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::bind("127.0.0.1:0").await else { return };
                // Who asked may be gone.
                let _ = tell.send(listener.local_addr());
                let stop = async { drop(stopped.await) };
                SharedStoreServer::serve(listener, store, stop).await;
            });
        });
        let address = told.await.context("a port for the shared store")??.to_string();
        Ok((Self { stop, thread }, address))
    }
}

impl Opened {
    /// Opens an empty store.
    ///
    /// # Errors
    /// There is no room for it, or no port.
    pub async fn new(backend: Backend, name: &str) -> Result<Self> {
        if backend == Backend::Memory {
            return Ok(Self { store: Arc::new(MemoryStore::new()), server: None, folder: None });
        }
        let folder = Folder::new(name);
        // A measurement is no time to give up on a busy machine.
        let config = FjallConfig { deadline: Duration::from_secs(30), reserve_bytes: 0, ..FjallConfig::default() };
        let disk: Arc<dyn Store> = Arc::new(FjallStore::open(&folder.0, config)?);
        if backend == Backend::Fjall {
            return Ok(Self { store: disk, server: None, folder: Some(folder) });
        }
        let (server, address) = Server::start(disk).await?;
        let config = SharedStoreConfig { deadline: Duration::from_secs(30), ..SharedStoreConfig::new(address) };
        let client = SharedStore::new(config);
        client.connected(Duration::from_secs(10)).await?;
        Ok(Self { store: Arc::new(client), server: Some(server), folder: Some(folder) })
    }

    /// Closes it.
    pub async fn close(self) {
        let Self { store, server, folder } = self;
        drop(store);
        if let Some(Server { stop, thread }) = server {
            // It may have ended by itself.
            let _ = stop.send(());
            let _ = thread.join();
        }
        drop(folder);
    }
}
