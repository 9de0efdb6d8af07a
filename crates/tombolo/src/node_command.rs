//! `tombolo node`: one host of a cluster. It finds the others by itself and serves until told to stop.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use console::{Console, HostRule};
use directory_etcd::EtcdDirectory;
use host::{Host, HostError, OpenMesh, Parts};
use mesh_zeromq::{Security, ZeromqMesh};
use tokio::sync::watch;
use world::{Island, IslandId};

use crate::atlas::Atlas;
use crate::backend;
use crate::config::NodeConfig;
use crate::failure::{Failure, Outcome, chain};
use crate::options;
use crate::stop;
use crate::storage;

/// Options of `tombolo node`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tombolo node --config config/node.toml --name node-2 --listen 127.0.0.1:7710\n\n\
    The file documents every key. The options below override it, so that hosts may share one file.")]
pub struct NodeArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Overrides host.name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Overrides clients.listen
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<std::net::SocketAddr>,
    /// Overrides map.listen; `none` serves no map
    #[arg(long, value_name = "ADDRESS|none")]
    map: Option<String>,
    /// Plant a bug, to see that it is found
    #[arg(long, value_name = "NAME")]
    plant: Option<String>,
    /// Read the configuration, say what it means, and end
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(args: NodeArgs) -> Outcome {
    crate::logging::start("info");
    let mut config = NodeConfig::load(&args.config).map_err(Failure::usage)?;
    if let Some(name) = &args.name {
        node::ports::directory::check_name(name)
            .map_err(|_| Failure::usage(format!("--name {name:?} is not 1 to 64 letters, digits, `-`, `_` or `.`")))?;
        config.host.name.clone_from(name);
    }
    config.clients.listen = args.listen.unwrap_or(config.clients.listen);
    match args.map.as_deref() {
        None => {}
        Some("none") => config.map.listen = None,
        Some(address) => {
            let parsed = address.parse().map_err(|_| {
                Failure::usage(format!("--map {address}: expected an address such as 127.0.0.1:7780, or none"))
            })?;
            config.map.listen = Some(parsed);
        }
    }
    let planted = options::planted(args.plant.as_deref())?;
    let tls = config.tls().map_err(Failure::usage)?;
    let security = config.security().map_err(Failure::usage)?;
    let rules = crate::rules::open(config.world.rules.as_deref());
    let rules = rules.map_err(|e| Failure::usage(format!("world.rules: {e}")))?;
    if args.check {
        println!("{config:#?}");
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .map_err(|e| Failure::run(format!("no runtime: {e}")))?
        .block_on(serve(&config, tls, security, rules, planted))
}

async fn serve(
    config: &NodeConfig,
    tls: Option<gateway::Tls>,
    security: Option<Security>,
    (rules, folder): (host::Rules, Option<crate::rules::Folder>),
    planted: world::Planted,
) -> Outcome {
    let told = stop::on_signals().map_err(|e| Failure::run(format!("cannot listen for signals: {e}")))?;
    let backend = backend::open(&config.store).await?;
    let (close_store, closing_store) = watch::channel(false);
    let served = match config.store.serve {
        Some(listen) => Some(storage::serve(Arc::clone(&backend.store), listen, "store.serve", closing_store).await?),
        None => None,
    };
    if let Some(served) = &served {
        println!("the store is served on {}", served.address);
    }
    let etcd = config.directory().map_err(Failure::usage)?;
    let directory = EtcdDirectory::new(etcd).map_err(|e| Failure::usage(format!("directory.etcd: {}", chain(&e))))?;
    if let Some(security) = &security {
        // It ends with the runtime.
        tokio::spawn(crate::keys_command::keep_fresh(Arc::clone(&security.accepted)));
    }
    let (mesh_config, nodes) = (config.mesh(security), config.host.nodes);
    let parts = Parts {
        store: Arc::clone(&backend.store),
        directory: Arc::new(directory),
        mesh: Box::new(move |claim| {
            let mesh = ZeromqMesh::start(&mesh_config, claim)?;
            let peer = mesh.peer(nodes);
            Ok(OpenMesh::new(Arc::new(mesh), peer))
        }),
    };
    let mut host_config = config.host();
    (host_config.planted, host_config.tls, host_config.rules) = (planted, tls, rules);
    if let Some(folder) = folder {
        // It ends with the runtime.
        tokio::spawn(crate::rules::keep_fresh(folder));
    }
    let host = Host::start(host_config, parts).await.map_err(start_failure)?;
    for (address, incarnation) in host.addresses().iter().zip(host.incarnations()) {
        println!("node {incarnation} of host {} takes clients on {address}", host.name());
    }
    let (close, closing) = watch::channel(false);
    let map = match open_map(config, &host, closing) {
        Ok(map) => map,
        Err(failure) => {
            let _ = host.stop().await;
            return Err(failure);
        }
    };
    let ended = tokio::select! {
        () = stop::told(&told) => None,
        ended = host.finished() => Some(ended),
    };
    close.send_replace(true);
    if let Some(map) = map {
        let _ = map.await;
    }
    match ended {
        None => {
            host.stop().await.map_err(|e| Failure::run(format!("the host did not end well: {}", chain(e.as_ref()))))?
        }
        Some(Ok(())) => {}
        Some(Err(e)) => return Err(Failure::run(chain(e.as_ref()))),
    }
    // Other hosts may have used it to the end.
    close_store.send_replace(true);
    if let Some(served) = served {
        let _ = served.task.await;
    }
    backend.log_counts();
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}

type Served = tokio::task::JoinHandle<Result<(), console::ConsoleError>>;

fn open_map(config: &NodeConfig, host: &Host, closing: watch::Receiver<bool>) -> Result<Option<Served>, Failure> {
    let Some(address) = config.map.listen else { return Ok(None) };
    let island = Island::new(config.plan()).map_err(Failure::usage)?;
    let hosts = vec![(host.name().to_owned(), host.view())];
    let atlas = Atlas::new(&config.world.name, config.rate(), IslandId(config.world.island), island, hosts);
    let console = Console::bind(address, Arc::new(atlas))
        .map_err(|e| Failure::usage(format!("map.listen: {}; choose another with --map, or --map none", chain(&e))))?
        .with_hosts(HostRule::new(config.map.hosts.iter().cloned()));
    println!("map and metrics on http://{}/", console.addr());
    Ok(Some(tokio::spawn(console.serve(async move { stop::told(&closing).await }))))
}

/// What cannot be started as asked is the caller's to mend; all else is not.
fn start_failure(error: HostError) -> Failure {
    let text = chain(&error);
    match error {
        HostError::Config { .. } | HostError::Listen { .. } => Failure::usage(text),
        _ => Failure::run(text),
    }
}
