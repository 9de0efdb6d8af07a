//! `tombolo store`: the store as a process of its own, shared by the hosts of one machine.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use store::MemoryStore;
use store_shared::SharedStoreServer;
use tokio::net::TcpListener;

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
    /// Serve documents from memory to the hosts of this machine. They are gone when it stops.
    #[command(after_help = "Example:\n  tombolo store serve --listen 127.0.0.1:7790\n  \
        and in config/node.toml:  [store] shared = \"127.0.0.1:7790\"")]
    Serve {
        /// Where to serve; loopback only, since nothing is encrypted or authenticated
        #[arg(long, default_value = "127.0.0.1:7790", value_name = "ADDRESS")]
        listen: SocketAddr,
    },
}

/// Runs the command.
pub fn run(args: StoreArgs) -> Outcome {
    crate::logging::start("info");
    let StoreCommand::Serve { listen } = args.command;
    if !listen.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "--listen {listen}: the shared store is neither encrypted nor authenticated; take a loopback address"
        )));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::run(format!("no runtime: {e}")))?;
    runtime.block_on(serve(listen))
}

async fn serve(listen: SocketAddr) -> Outcome {
    let told = stop::on_signals().map_err(|e| Failure::run(format!("cannot listen for signals: {e}")))?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|e| Failure::usage(format!("--listen {listen}: {e}; stop what uses it or choose another port")))?;
    let address = listener.local_addr().map_err(Failure::run)?;
    println!("serving a store in memory on {address}; it forgets everything when it stops (Ctrl-C)");
    SharedStoreServer::serve(listener, Arc::new(MemoryStore::new()), async move { stop::told(&told).await }).await;
    Ok(ExitCode::SUCCESS)
}
