//! `tombolo store`: the store as a process of its own, shared by the hosts of one machine, and what its operator needs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use store_fjall::FjallConfig;
use tokio::sync::watch;

use crate::backend;
use crate::config::{NodeConfig, StoreSection};
use crate::failure::{Failure, Outcome};
use crate::stop;
use crate::storage::{self, OpenStore, check_loopback};
use crate::store_files::{self, DataArgs, DumpArgs, LedgerArgs, LoadArgs};

/// Options of `tombolo store`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tombolo store serve --data /var/lib/tombolo/store")]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Serve documents to the hosts of this machine: from a folder, from a store that a file names, or from memory
    #[command(after_help = "Examples:\n  tombolo store serve --data /var/lib/tombolo/store\n  \
        and in config/node.toml:  [store] shared = \"127.0.0.1:7790\"\n  \
        tombolo store serve --config couchbase.toml   a file like config/node.toml, whose [store] names a Couchbase")]
    Serve {
        /// A host's configuration file, whose [store] is served instead of memory
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The folder of the documents; it is made if it does not exist [default: in memory, gone when it stops]
        #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
        data: Option<PathBuf>,
        /// Where to serve; loopback only, since nothing is encrypted or authenticated
        #[arg(long, default_value = "127.0.0.1:7790", value_name = "ADDRESS")]
        listen: SocketAddr,
    },
    /// Write all documents as lines of JSON, as of one moment; also of a store that is in use
    #[command(after_help = "Example:\n  tombolo store dump --data /var/lib/tombolo/store --to monday.jsonl")]
    Dump(DumpArgs),
    /// Look whether all documents are as they must be: a line of JSON for each fault, and one with counts
    #[command(after_help = "Example:\n  tombolo store check --data /var/lib/tombolo/store")]
    Check(DataArgs),
    /// Hold a store at rest to what clients were told, and count whether its items balance: one JSON object
    #[command(
        after_help = "Example:\n  tombolo bots --connect 127.0.0.1:7700 --behaviour gatherer --for 60s --receipts told.jsonl\n  \
        tombolo store ledger --data /var/lib/tombolo/store --receipts told.jsonl\n\n\
        Without receipts only the books are looked at. With them the world must have been empty before.\n\
        Exit code 1: something is missing, doubled or out of balance."
    )]
    Ledger(LedgerArgs),
    /// Put the documents of a dump into an empty folder
    #[command(after_help = "Example:\n  tombolo store load --data /var/lib/tombolo/new --from monday.jsonl")]
    Load(LoadArgs),
}

/// Runs the command.
pub fn run(args: StoreArgs) -> Outcome {
    crate::logging::start("info,fjall=warn,lsm_tree=warn");
    let (config, data, listen) = match args.command {
        StoreCommand::Serve { config, data, listen } => (config, data, listen),
        StoreCommand::Dump(args) => return store_files::dump(&args),
        StoreCommand::Check(args) => return store_files::check(&args),
        StoreCommand::Ledger(args) => return store_files::ledger(&args),
        StoreCommand::Load(args) => return store_files::load(&args),
    };
    let section = config.map(|file| NodeConfig::load(&file)).transpose().map_err(Failure::usage)?.map(|c| c.store);
    check_loopback(listen, "--listen")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::run(format!("no runtime: {e}")))?;
    runtime.block_on(serve(listen, section, data.as_deref()))
}

async fn serve(listen: SocketAddr, section: Option<StoreSection>, data: Option<&Path>) -> Outcome {
    let told = stop::on_signals().map_err(|e| Failure::run(format!("cannot listen for signals: {e}")))?;
    let backend = match &section {
        None => None,
        Some(section) => Some(backend::open(section).await?),
    };
    let own = match &backend {
        None => Some(OpenStore::open(data, FjallConfig::default(), "--data")?),
        Some(_) => None,
    };
    let store = match (&backend, &own) {
        (Some(backend), _) => Arc::clone(&backend.store),
        (None, Some(own)) => Arc::clone(&own.store),
        (None, None) => return Err(Failure::run("there is no store")),
    };
    let (close, closing) = watch::channel(false);
    let served = storage::serve(store, listen, "--listen", closing).await?;
    let address = served.address;
    match (&backend, data) {
        (Some(backend), _) => println!("serving {backend} on {address} (Ctrl-C)"),
        (None, Some(folder)) => println!("serving the store in {} on {address} (Ctrl-C)", folder.display()),
        (None, None) => {
            println!("serving a store in memory on {address}; it forgets everything when it stops (Ctrl-C)")
        }
    }
    stop::told(&told).await;
    close.send_replace(true);
    let _ = served.task.await;
    if let Some(backend) = backend {
        backend.log_counts();
    }
    Ok(ExitCode::SUCCESS)
}
