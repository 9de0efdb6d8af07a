//! `tombolo dev`: a whole world in one process. Several hosts of one node each, real links between them, real sockets
//! to the bots, the map, and nothing to install or configure.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bots::{Behaviour, Plan};
use clap::Args;
use console::Console;
use host::{Host, HostConfig, HostCounters, HostView, OpenMesh, Parts};
use mesh_zeromq::{MeshConfig, ZeromqMesh};
use node::ports::memory_directory::MemoryDirectory;
use node::{Contract, CrowdStatus};
use serde_json::json;
use store_fjall::FjallConfig;
use tokio::sync::watch;
use world::{Island, IslandId};

use crate::atlas::Atlas;
use crate::certificate::Secure;
use crate::failure::{Failure, Outcome, chain};
use crate::options::{self, WorldOptions};
use crate::progress::{self, Scene, Show};
use crate::stop;
use crate::storage::OpenStore;

/// Options of `tombolo dev`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tombolo dev                                    a world of 4 nodes and 100 bots, until Ctrl-C\n  \
    tombolo dev --nodes 4 --bots 200 --for 20s --json   the same as a check, one JSON object at the end\n\n\
    Nothing is remembered after it ends, unless --data names a folder."
)]
pub struct DevArgs {
    /// Nodes, each on a host of its own, 1 to 32
    #[arg(long, default_value_t = 4, value_name = "N")]
    nodes: u16,
    /// Bots
    #[arg(long, default_value_t = 100, value_name = "N")]
    bots: u32,
    /// What the bots do: names or .toml files, in turn
    #[arg(long, default_value = "wander,commute,chatter", value_delimiter = ',', value_name = "NAME,…")]
    behaviour: Vec<String>,
    /// End after this time, such as 20s
    #[arg(long = "for", value_parser = options::duration, value_name = "TIME")]
    time: Option<Duration>,
    /// Where the first node takes clients; the others take the next ports. Port 0: any free ports
    #[arg(long, default_value = "127.0.0.1:7700", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where the map is served [default: 127.0.0.1:7780, and no map with --json]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_map")]
    map: Option<SocketAddr>,
    /// Take clients by TLS only, with a certificate that is made now and kept in this folder
    #[arg(long, value_name = "FOLDER")]
    tls: Option<PathBuf>,
    /// Serve no map
    #[arg(long)]
    no_map: bool,
    /// Keep the documents in this folder; it is made if it does not exist [default: in memory]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The tables of the rules from this folder, read again when a file changes [default: those of the build]
    #[arg(long, value_name = "FOLDER")]
    rules: Option<PathBuf>,
    /// How much it counts that people who stand together are served together, against an even load: 0 to 100
    #[arg(long, default_value_t = node::config::DEFAULT_AFFINITY, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    affinity: u8,
    #[command(flatten)]
    world: WorldOptions,
    /// The crowd contract: what clients are told of a chunk with more than 200 people. `off` tells them everything
    #[arg(long, value_name = "on|off", default_value = "on")]
    contract: options::Switch,
    /// Plant a bug, to see that it is found; `tombolo simulate --plant list` names them
    #[arg(long, value_name = "NAME")]
    plant: Option<String>,
    /// Print one JSON object at the end and nothing else
    #[arg(long, conflicts_with = "plain")]
    json: bool,
    /// Print lines instead of the dashboard, on a terminal too
    #[arg(long)]
    plain: bool,
}

impl DevArgs {
    fn show(&self) -> Show {
        match (self.json, self.plain) {
            (true, _) => Show::Nothing,
            (false, true) => Show::Lines,
            (false, false) => Show::All,
        }
    }
}

/// Nodes that one process runs at most: beyond it the cores are the limit on any machine.
const NODES: std::ops::RangeInclusive<u16> = 1..=32;
/// Where the map is, unless told otherwise.
const MAP: &str = "127.0.0.1:7780";

/// Runs the command.
pub fn run(args: DevArgs) -> Outcome {
    // When a world ends its hosts see each other go, which is no news here.
    crate::logging::start(if args.json { "error" } else { "warn,host::supervisor=error" });
    if !NODES.contains(&args.nodes) {
        return Err(Failure::usage(format!("--nodes {} is not possible; choose 1 to {}", args.nodes, NODES.end())));
    }
    let secure = args.tls.as_deref().map(|folder| Secure::make(folder, args.listen.ip())).transpose()?;
    let mut plan = bot_plan(&args)?;
    if let (Some(plan), Some(secure)) = (&mut plan, &secure) {
        plan.trust = Some(secure.trust.clone());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::run(format!("no runtime: {e}")))?;
    runtime.block_on(play(args, secure, plan))
}

fn bot_plan(args: &DevArgs) -> Result<Option<Plan>, Failure> {
    if args.bots == 0 {
        return Ok(None);
    }
    let behaviours: Result<Vec<_>, _> = args.behaviour.iter().map(|name| Behaviour::load(name)).collect();
    let behaviours = behaviours.map_err(|e| Failure::usage(format!("--behaviour: {e}")))?;
    let first = behaviours.first().cloned().ok_or_else(|| Failure::usage("--behaviour: name at least one"))?;
    let plan = Plan {
        behaviours,
        seed: args.world.seed,
        duration: args.time,
        files_per_bot: 2,
        // To find a planted bug, everybody looks.
        observe_one_in: if args.plant.is_some() { 1 } else { 10 },
        ..Plan::new(vec![args.listen.to_string()], args.bots, first)
    };
    plan.check().map_err(|e| Failure::usage(format!("--bots: {e}")))?;
    Ok(Some(plan))
}

/// The world, running.
struct World {
    hosts: Vec<Host>,
    map: Option<Map>,
    /// Closed after the hosts have ended.
    _store: OpenStore,
}

/// The map, being served.
struct Map {
    address: SocketAddr,
    close: watch::Sender<bool>,
    served: tokio::task::JoinHandle<Result<(), console::ConsoleError>>,
}

impl World {
    fn views(&self) -> Vec<(String, HostView)> {
        self.hosts.iter().map(|h| (h.name().to_owned(), h.view())).collect()
    }

    fn counters(&self) -> HostCounters {
        sum(&self.views())
    }

    /// Crowded chunks, once for each node that sees them.
    fn crowds(&self) -> Vec<CrowdStatus> {
        self.views().iter().flat_map(|(_, view)| view.reports()).flat_map(|report| report.crowds).collect()
    }

    fn addresses(&self) -> Vec<String> {
        self.hosts.iter().flat_map(|h| h.addresses().iter().map(ToString::to_string)).collect()
    }

    async fn end(self) {
        if let Some(map) = self.map {
            map.close.send_replace(true);
            let _ = map.served.await;
        }
        let ends: Vec<_> = self.hosts.into_iter().map(|host| tokio::spawn(host.stop())).collect();
        for end in ends {
            if let Ok(Err(e)) = end.await {
                tracing::warn!("a host did not end well: {}", chain(e.as_ref()));
            }
        }
    }
}

fn sum(views: &[(String, HostView)]) -> HostCounters {
    let mut sum = HostCounters::default();
    for (_, view) in views {
        let counters = view.counters();
        sum.node.add(&counters.node);
        sum.shell.add(&counters.shell);
        sum.mesh.add(&counters.mesh);
    }
    sum
}

async fn play(args: DevArgs, secure: Option<Secure>, plan: Option<Plan>) -> Outcome {
    let told = stop::on_signals().map_err(|e| Failure::run(format!("cannot listen for signals: {e}")))?;
    let mut world = start(&args, secure.as_ref()).await?;
    let addresses = world.addresses();
    let atlas = atlas(&args, &world)?;
    if let Err(failure) = open_map(&args, &mut world, &atlas) {
        world.end().await;
        return Err(failure);
    }
    let scene = Scene {
        title: format!("{} nodes, {} bots", args.nodes, args.bots),
        addresses: addresses.clone(),
        map: world.map.as_ref().map(|map| format!("http://{}/", map.address)),
        views: world.views(),
        atlas: Some(atlas),
    };
    let show = progress::Display::open(&scene, args.show());
    let (report, ended_early) = match plan {
        Some(plan) => {
            let plan = Plan { addresses, ..plan };
            play_bots(plan, &told, &world, &show, &scene).await?
        }
        None => {
            tokio::select! {
                () = stop::told_or_after(&told, args.time) => {}
                () = show.follow(&scene) => {}
            }
            (None, None)
        }
    };
    show.close();
    let (counters, crowds) = (world.counters(), world.crowds());
    world.end().await;
    if let Some(failure) = ended_early {
        return Err(failure);
    }
    let result = result(&args, &counters, &crowds, report.as_ref());
    if args.json {
        println!("{result}");
    } else {
        progress::print_result(&result);
    }
    let failed = report.is_some_and(|r| r.violations > 0 || r.failed > 0 || !r.counts_reconcile);
    Ok(ExitCode::from(u8::from(failed)))
}

/// Bots play on a thread of their own, so that they and the nodes do not wait for each other.
async fn play_bots(
    plan: Plan,
    told: &watch::Receiver<bool>,
    world: &World,
    show: &progress::Display,
    scene: &Scene,
) -> Result<(Option<bots::Report>, Option<Failure>), Failure> {
    let (tell_bots, bots_told) = watch::channel(false);
    let (done, mut bots_done) = tokio::sync::oneshot::channel();
    let board = show.board();
    let thread = std::thread::Builder::new().name("bots".into()).spawn(move || {
        let report = bots::run_blocking(&plan, bots_told, |progress| board.bots(progress));
        let _ = done.send(report);
    });
    let thread = thread.map_err(|e| Failure::run(format!("cannot start the bots' thread: {e}")))?;
    let mut ended_early = None;
    let report = tokio::select! {
        report = &mut bots_done => report.ok(),
        () = stop::told(told) => None,
        () = show.follow(scene) => None,
        failure = host_ended(world) => {
            ended_early = Some(failure);
            None
        }
    };
    let report = match report {
        Some(report) => Some(report),
        None => {
            tell_bots.send_replace(true);
            bots_done.await.ok()
        }
    };
    let _ = thread.join();
    let report = report.transpose().map_err(|e| Failure::run(format!("the bots could not play: {e}")))?;
    Ok((report, ended_early))
}

/// Waits for a host that ends by itself, which none should.
async fn host_ended(world: &World) -> Failure {
    let ends = world.hosts.iter().map(|host| Box::pin(async move { (host.name(), host.finished().await) }));
    let mut ends: Vec<_> = ends.collect();
    let (name, outcome) = std::future::poll_fn(|cx| {
        for end in &mut ends {
            if let std::task::Poll::Ready(ended) = end.as_mut().poll(cx) {
                return std::task::Poll::Ready(ended);
            }
        }
        std::task::Poll::Pending
    })
    .await;
    match outcome {
        Ok(()) => Failure::run(format!("host {name} ended by itself")),
        Err(e) => Failure::run(format!("host {name} ended: {}", chain(e.as_ref()))),
    }
}

async fn start(args: &DevArgs, secure: Option<&Secure>) -> Result<World, Failure> {
    let (island, rate) = (args.world.plan()?, args.world.rate()?);
    let planted = options::planted(args.plant.as_deref())?;
    let (rules, folder) =
        crate::rules::open(args.rules.as_deref()).map_err(|e| Failure::usage(format!("--rules: {e}")))?;
    if let Some(folder) = folder {
        // It ends with the runtime.
        tokio::spawn(crate::rules::keep_fresh(folder));
    }
    let open = OpenStore::open(args.data.as_deref(), FjallConfig::default(), "--data")?;
    let store = Arc::clone(&open.store);
    let directory: Arc<MemoryDirectory> = Arc::default();
    let mut world = World { hosts: Vec::new(), map: None, _store: open };
    for n in 0..args.nodes {
        let port = if args.listen.port() == 0 { Some(0) } else { args.listen.port().checked_add(n) };
        let base_port = port.ok_or_else(|| Failure::usage("--listen: the nodes' ports reach beyond 65535"))?;
        let config = HostConfig {
            listen: args.listen.ip(),
            base_port,
            rate,
            view: args.world.view.0,
            affinity: Some(args.affinity),
            rules: rules.clone(),
            planted,
            contract: Contract { on: args.contract == options::Switch::On, ..Contract::default() },
            tls: secure.map(|secure| secure.tls.clone()),
            // All bots come from one address.
            gateway: gateway::Limits { per_address: node::limits::SESSIONS, ..gateway::Limits::default() },
            ..HostConfig::new(format!("dev-{}", n + 1), IslandId(1), island)
        };
        let parts = Parts { store: store.clone(), directory: directory.clone(), mesh: Box::new(open_mesh) };
        match Host::start(config, parts).await {
            Ok(host) => world.hosts.push(host),
            Err(e) => {
                world.end().await;
                return Err(Failure::usage(format!("--listen {}: {}", args.listen, chain(&e))));
            }
        }
    }
    Ok(world)
}

fn open_mesh(claim: node::ports::directory::Claim) -> Result<OpenMesh, Box<dyn std::error::Error + Send + Sync>> {
    let mesh = ZeromqMesh::start(&MeshConfig::loopback(), claim)?;
    let peer = mesh.peer(1);
    Ok(OpenMesh::new(Arc::new(mesh), peer))
}

fn atlas(args: &DevArgs, world: &World) -> Result<Arc<Atlas>, Failure> {
    let island = Island::new(args.world.plan()?).map_err(Failure::usage)?;
    Ok(Arc::new(Atlas::new("dev", args.world.rate()?, IslandId(1), island, world.views())))
}

fn open_map(args: &DevArgs, world: &mut World, atlas: &Arc<Atlas>) -> Result<(), Failure> {
    let address = match args.map {
        Some(address) => address,
        None if args.no_map || args.json => return Ok(()),
        None => MAP.parse().map_err(|e| Failure::run(format!("{MAP}: {e}")))?,
    };
    let console = Console::bind(address, Arc::clone(atlas) as Arc<dyn console::Source>)
        .map_err(|e| Failure::usage(format!("--map: {}; choose another with --map, or --no-map", chain(&e))))?;
    let (address, (close, closing)) = (console.addr(), watch::channel(false));
    let served = tokio::spawn(console.serve(async move { stop::told(&closing).await }));
    world.map = Some(Map { address, close, served });
    Ok(())
}

fn result(
    args: &DevArgs,
    counters: &HostCounters,
    crowds: &[CrowdStatus],
    report: Option<&bots::Report>,
) -> serde_json::Value {
    let node = &counters.node;
    let mut result = json!({
        "nodes": args.nodes,
        "sessions": node.sessions_begun.saturating_sub(node.guests_taken),
        "border_crossings": node.border_crossings,
        "handovers_done": node.handovers_done,
        "publishers_per_chunk": { "p50": node.publishers_at(50), "p95": node.publishers_at(95) },
        "frames_published": node.frames_published,
        "frames_delivered": node.frames_delivered,
        "updates_delivered": node.updates_delivered,
        "gaps": node.gaps,
        "keyframes": node.keyframes_sent,
        "violations": 0,
        "latency_ms": { "p50": 0.0, "p99": 0.0, "p999": 0.0 },
        "bytes_per_update": node.client_bytes as f64 / node.updates_delivered.max(1) as f64,
        "node": node.named().into_iter().map(|(n, v)| (n.to_owned(), json!(v))).collect::<serde_json::Map<_, _>>(),
        "shell": counters.shell.named().into_iter().map(|(n, v)| (n.to_owned(), json!(v))).collect::<serde_json::Map<_, _>>(),
        "crowds": crowds.iter().map(crowd).collect::<Vec<_>>(),
        "mesh": {
            "sent": counters.mesh.sent, "delivered": counters.mesh.delivered,
            "dropped": counters.mesh.dropped, "refused": counters.mesh.refused,
        },
    });
    if let Some(report) = report {
        result["violations"] = json!(report.violations);
        result["latency_ms"] = json!(report.latency_ms);
        result["bots"] = json!(report);
    }
    result
}

fn crowd(crowd: &CrowdStatus) -> serde_json::Value {
    let CrowdStatus { chunk, step, movers } = crowd;
    json!({ "cx": chunk.cx, "cy": chunk.cy, "step": step.number(), "movers": movers })
}
