//! `tombolo store`: the store as a process of its own, shared by the hosts of one machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use store::{MemoryStore, Store};
use store_shared::SharedStoreServer;
use tokio::net::TcpListener;

use crate::backend;
use crate::config::{NodeConfig, StoreSection};
use crate::failure::{Failure, Outcome};
use crate::stop;

/// Options of `tombolo store`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tombolo store serve --listen 127.0.0.1:7790")]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Serve documents to the hosts of this machine: from memory, gone when it stops, or from a store that a file names
    #[command(after_help = "Example:\n  tombolo store serve --listen 127.0.0.1:7790\n  \
        and in config/node.toml:  [store] shared = \"127.0.0.1:7790\"\n  \
        tombolo store serve --config couchbase.toml   a file like config/node.toml, whose [store] names a Couchbase")]
    Serve {
        /// A host's configuration file, whose [store] is served instead of memory
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where to serve; loopback only, since nothing is encrypted or authenticated
        #[arg(long, default_value = "127.0.0.1:7790", value_name = "ADDRESS")]
        listen: SocketAddr,
    },
}

/// Runs the command.
pub fn run(args: StoreArgs) -> Outcome {
    crate::logging::start("info");
    let StoreCommand::Serve { config, listen } = args.command;
    let section = config.map(|file| NodeConfig::load(&file)).transpose().map_err(Failure::usage)?.map(|c| c.store);
    if !listen.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "--listen {listen}: the shared store is neither encrypted nor authenticated; take a loopback address"
        )));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::run(format!("no runtime: {e}")))?;
    runtime.block_on(serve(listen, section))
}

async fn serve(listen: SocketAddr, section: Option<StoreSection>) -> Outcome {
    let told = stop::on_signals().map_err(|e| Failure::run(format!("cannot listen for signals: {e}")))?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|e| Failure::usage(format!("--listen {listen}: {e}; stop what uses it or choose another port")))?;
    let address = listener.local_addr().map_err(Failure::run)?;
    let backend = match &section {
        None => None,
        Some(section) => Some(backend::open(section).await?),
    };
    let store: Arc<dyn Store> = match &backend {
        None => {
            println!("serving a store in memory on {address}; it forgets everything when it stops (Ctrl-C)");
            Arc::new(MemoryStore::new())
        }
        Some(backend) => {
            println!("serving {backend} on {address} (Ctrl-C)");
            Arc::clone(&backend.store)
        }
    };
    SharedStoreServer::serve(listener, store, async move { stop::told(&told).await }).await;
    if let Some(backend) = backend {
        backend.log_counts();
    }
    Ok(ExitCode::SUCCESS)
}
