//! The product as a bench serves it: real hosts with real sockets and a real mesh, in one process, with documents and
//! the directory in memory. Everybody's place is in the store before they come.

use std::error::Error;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::{Context, Result};
use host::{Host, HostConfig, OpenMesh, Parts};
use mesh_zeromq::{MeshConfig, ZeromqMesh};
use node::avatar::{PLACE_SCHEMA, PlaceBody, entity_of, place_key};
use node::ports::directory::Claim;
use node::ports::memory_directory::MemoryDirectory;
use node::{Contract, View};
use store::{Document, MemoryStore, Request};
use world::IslandId;

use crate::scene::{self, ISLAND, Scene};

/// How a scene is served.
#[derive(Clone, Copy, Debug)]
pub struct ServePlan {
    /// Where everybody stands.
    pub scene: Scene,
    /// Hosts of one node each, all in this process.
    pub nodes: u16,
    /// Whether the crowd contract is in force, with its defaults.
    pub contract: bool,
}

/// Serves until standard input ends. Says on standard output `address HOST:PORT` for each node, then `ready`.
///
/// # Errors
/// A host cannot start, or does not end well.
pub fn serve(plan: ServePlan) -> Result<()> {
    let store = Arc::new(MemoryStore::new());
    settle(&store, plan.scene)?;
    let directory: Arc<MemoryDirectory> = Arc::default();
    let (near, far) = plan.scene.rings();
    let mut hosts = Vec::new();
    for n in 0..plan.nodes {
        let most = node::limits::SESSIONS;
        let config = HostConfig {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            view: View { near, far, ..View::default() },
            contract: Contract { on: plan.contract, ..Contract::default() },
            // All clients come from one address.
            gateway: gateway::Limits { per_address: most, ..gateway::Limits::default() },
            ..HostConfig::new(format!("bench-{}", n + 1), IslandId(1), ISLAND)
        };
        let parts = Parts { store: store.clone(), directory: directory.clone(), mesh: Box::new(open_mesh) };
        hosts.push(Host::start_blocking(config, parts).context("a host does not start")?);
    }
    let mut out = io::stdout().lock();
    for address in hosts.iter().flat_map(Host::addresses) {
        writeln!(out, "address {address}")?;
    }
    writeln!(out, "ready")?;
    out.flush()?;
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    hosts.into_iter().try_for_each(|host| host.stop_blocking().map_err(|e| anyhow::anyhow!("{e}")))
}

fn open_mesh(claim: Claim) -> Result<OpenMesh, Box<dyn Error + Send + Sync>> {
    let mesh = ZeromqMesh::start(&MeshConfig::loopback(), claim)?;
    let peer = mesh.peer(1);
    Ok(OpenMesh::new(Arc::new(mesh), peer))
}

/// Stores where everybody is, as a checkpoint of an earlier session.
fn settle(store: &MemoryStore, scene: Scene) -> Result<()> {
    for (n, at) in scene.homes().into_iter().enumerate() {
        let place = PlaceBody { epoch: 0, tick: 0, x: at.x, y: at.y };
        let document = Document::new(PLACE_SCHEMA, &place)?;
        store.apply(Request::Insert { key: place_key(entity_of(&scene::name(n))), document });
    }
    Ok(())
}
