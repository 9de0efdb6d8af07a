//! What the map shows: the hosts of this process, put together from what each of their nodes last showed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use console::{
    ChunkView, Cluster, Counters, EntityView, Event, IslandView, LinkView, NodeIndex, NodeState, NodeView, Presence,
    Severity, Snapshot, Source, Swatch, Terrain, Things,
};
use host::{HostView, NodeReport};
use node::EntityStatus;
use node::ports::mesh::MeshCounters;
use protocol::Incarnation;
use world::{Chunk, EntityId, Island, IslandId, Position, TickRate};

/// Happenings that the map keeps.
const EVENTS: usize = 30;
/// The time over which rates are taken, however many look. Nodes show their totals five times a second.
const RATES_OVER: Duration = Duration::from_secs(1);

/// The hosts that are shown, and the island under them.
pub struct Atlas {
    name: String,
    rate: TickRate,
    island_id: IslandId,
    island: Island,
    hosts: Vec<(String, HostView)>,
    began: Instant,
    memory: Mutex<Memory>,
}

/// What rates and happenings are told from: the looks before.
#[derive(Default)]
struct Memory {
    links: BTreeMap<(Incarnation, Incarnation), Meter>,
    lateness: BTreeMap<Incarnation, Meter>,
    known: BTreeSet<Incarnation>,
    events: Vec<Event>,
}

/// How fast two totals grow.
struct Meter {
    since: Instant,
    totals: (u64, u64),
    per_second: (f64, f64),
}

impl Meter {
    fn new(now: Instant, totals: (u64, u64)) -> Self {
        Self { since: now, totals, per_second: (0.0, 0.0) }
    }

    fn read(&mut self, now: Instant, totals: (u64, u64)) -> (f64, f64) {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= RATES_OVER {
            let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / elapsed.as_secs_f64();
            let per_second = (rate(totals.0, self.totals.0), rate(totals.1, self.totals.1));
            *self = Self { since: now, totals, per_second };
        }
        self.per_second
    }
}

impl Atlas {
    /// The map of these hosts.
    pub fn new(
        name: &str,
        rate: TickRate,
        island_id: IslandId,
        island: Island,
        hosts: Vec<(String, HostView)>,
    ) -> Self {
        let memory = Mutex::new(Memory::default());
        Self { name: name.to_owned(), rate, island_id, island, hosts, began: Instant::now(), memory }
    }

    fn reports(&self) -> Vec<(String, NodeReport)> {
        self.hosts
            .iter()
            .flat_map(|(name, view)| view.reports().into_iter().map(move |report| (name.clone(), report)))
            .collect()
    }
}

impl Source for Atlas {
    fn snapshot(&self) -> Snapshot {
        let reports = self.reports();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let indices = index(&reports);
        memory.notice(&indices, &reports);
        Snapshot {
            at_ms: unix_ms(),
            cluster: Cluster {
                name: self.name.clone(),
                tick_hz: self.rate.hz(),
                uptime_s: self.began.elapsed().as_secs(),
                software: concat!("tombolo ", env!("CARGO_PKG_VERSION")).to_owned(),
            },
            island: IslandView {
                id: self.island_id.0,
                seed: self.island.plan().seed,
                size_chunks: self.island.plan().size_chunks,
            },
            nodes: nodes(&reports, &indices, &mut memory),
            chunks: chunks(&reports, &indices),
            entities: entities(&reports, &indices),
            links: links(&reports, &indices, &mut memory),
            counters: counters(&self.hosts, publishers(&reports)),
            events: memory.events.clone(),
        }
    }

    fn terrain(&self) -> Terrain {
        let cell = Terrain::cell_units_for(self.island.plan().size_chunks);
        let side = u32::from(self.island.plan().size_chunks) * world::CHUNK_UNITS.unsigned_abs() / cell;
        let mut ground = world::Terrain::new(self.island.clone(), usize::from(self.island.plan().size_chunks) * 4);
        let (mut biomes, mut relief) = (Vec::new(), Vec::new());
        for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
            let middle = |n: u32| (n * cell + cell / 2).cast_signed();
            let at = Position::new(middle(column), middle(row));
            biomes.push(ground.biome_at(at).to_byte());
            let height_cm = ground.ground(at.chunk()).height_cm_at(at);
            relief.push((height_cm.max(0) / 25).min(255) as u8);
        }
        let terrain = Terrain::new(cell, (side, side), Swatch::nature(), biomes).and_then(|t| t.with_relief(relief));
        terrain.expect("the biomes of an island are in nature's palette, and its raster fits")
    }
}

/// Nodes of this process first, then those that are only known as peers.
fn index(reports: &[(String, NodeReport)]) -> BTreeMap<Incarnation, NodeIndex> {
    let own = reports.iter().map(|(_, r)| r.incarnation);
    let peers: BTreeSet<Incarnation> = reports
        .iter()
        .filter_map(|(_, r)| r.status.as_ref())
        .flat_map(|s| s.peers.iter().filter(|p| p.up).map(|p| p.peer))
        .collect();
    let mut indices = BTreeMap::new();
    for incarnation in own.chain(peers) {
        let next = NodeIndex(u16::try_from(indices.len()).unwrap_or(u16::MAX));
        indices.entry(incarnation).or_insert(next);
    }
    indices
}

fn nodes(
    reports: &[(String, NodeReport)],
    indices: &BTreeMap<Incarnation, NodeIndex>,
    memory: &mut Memory,
) -> Vec<NodeView> {
    let now = Instant::now();
    let mut views = vec![NodeView::default(); indices.len()];
    for (incarnation, index) in indices {
        let view = &mut views[usize::from(index.0)];
        view.id = incarnation.to_string();
        view.name = format!("node {}.{}", incarnation.host(), incarnation.node());
        view.colour = (incarnation.host() as u8).wrapping_add(incarnation.node());
        view.state = NodeState::Serving;
    }
    for (host, report) in reports {
        let Some(index) = indices.get(&report.incarnation) else { continue };
        let view = &mut views[usize::from(index.0)];
        view.host.clone_from(host);
        view.name = format!("{host}.{}", report.incarnation.node());
        view.client_address = report.client_address.to_string();
        let late = (report.shell.turns, report.shell.late_ms);
        let meter = memory.lateness.entry(report.incarnation).or_insert_with(|| Meter::new(now, late));
        let (turns, late_ms) = meter.read(now, late);
        view.tick_lag_ms = if turns > 0.0 { late_ms / turns } else { 0.0 };
        let Some(status) = &report.status else {
            view.state = NodeState::Joining;
            continue;
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        view.sessions = count(status.sessions);
        view.entities = count(status.avatars.len());
        view.ghosts = count(status.ghosts.len());
        view.streams = count(status.streams);
        view.chunks_seen = count(status.interest.len());
    }
    views
}

fn chunks(reports: &[(String, NodeReport)], indices: &BTreeMap<Incarnation, NodeIndex>) -> Vec<ChunkView> {
    let mut views: BTreeMap<Chunk, ChunkView> = BTreeMap::new();
    for status in reports.iter().filter_map(|(_, r)| r.status.as_ref()) {
        let Some(node) = indices.get(&status.incarnation) else { continue };
        for chunk in &status.interest {
            let view = views.entry(*chunk).or_default();
            (view.cx, view.cy) = (chunk.cx, chunk.cy);
            view.viewers += 1;
        }
        for c in &status.chunks {
            let view = views.entry(c.chunk).or_default();
            (view.cx, view.cy) = (c.chunk.cx, c.chunk.cy);
            view.publishers.push(Presence { node: *node, entities: c.avatars });
        }
    }
    for page in reports.iter().filter_map(|(_, r)| r.status.as_ref()).flat_map(|status| &status.pages) {
        let view = views.entry(page.chunk).or_default();
        (view.cx, view.cy) = (page.chunk.cx, page.chunk.cy);
        view.things = Things { taken: page.taken, piles: page.piles, built: page.built, claimed: page.owner != 0 };
    }
    for crowd in reports.iter().flat_map(|(_, r)| &r.crowds) {
        let view = views.entry(crowd.chunk).or_default();
        (view.cx, view.cy) = (crowd.chunk.cx, crowd.chunk.cy);
        (view.step, view.movers) = (view.step.max(crowd.step.number()), view.movers.max(crowd.movers));
    }
    views.into_values().collect()
}

/// Avatars of this process, and ghosts of those that no node of this process holds.
fn entities(reports: &[(String, NodeReport)], indices: &BTreeMap<Incarnation, NodeIndex>) -> Vec<EntityView> {
    let mut ghost_on: BTreeMap<EntityId, u16> = BTreeMap::new();
    let mut best: BTreeMap<EntityId, &EntityStatus> = BTreeMap::new();
    for status in reports.iter().filter_map(|(_, r)| r.status.as_ref()) {
        for ghost in &status.ghosts {
            *ghost_on.entry(ghost.entity).or_insert(0) += 1;
            best.entry(ghost.entity).or_insert(ghost);
        }
    }
    for avatar in reports.iter().filter_map(|(_, r)| r.status.as_ref()).flat_map(|s| &s.avatars) {
        let held = best.entry(avatar.entity).or_insert(avatar);
        if avatar.order >= held.order {
            *held = avatar;
        }
    }
    best.into_values()
        .filter_map(|e| {
            Some(EntityView {
                id: e.entity.0,
                x: e.at.x,
                y: e.at.y,
                heading: e.motion.heading.index(),
                gait: e.motion.gait as u8,
                tint: e.look.tint,
                node: *indices.get(&e.holder?)?,
                name: Some(e.look.name.clone()),
                ghost_on: ghost_on.get(&e.entity).copied().unwrap_or(0),
            })
        })
        .collect()
}

fn links(
    reports: &[(String, NodeReport)],
    indices: &BTreeMap<Incarnation, NodeIndex>,
    memory: &mut Memory,
) -> Vec<LinkView> {
    let now = Instant::now();
    let mut views = Vec::new();
    for status in reports.iter().filter_map(|(_, r)| r.status.as_ref()) {
        for peer in &status.peers {
            let (Some(from), Some(to)) = (indices.get(&peer.peer), indices.get(&status.incarnation)) else { continue };
            let (link, totals) = ((peer.peer, status.incarnation), (peer.messages, peer.bytes));
            let meter = memory.links.entry(link).or_insert_with(|| Meter::new(now, totals));
            let (frames_per_s, bytes_per_s) = meter.read(now, totals);
            views.push(LinkView { from: *from, to: *to, frames_per_s, bytes_per_s, gap_count: peer.gaps, up: peer.up });
        }
    }
    views
}

/// How many nodes publish for the chunks that have anybody: the middle one, and the 95th of a hundred.
fn publishers(reports: &[(String, NodeReport)]) -> Vec<(String, f64)> {
    let mut by_chunk: BTreeMap<Chunk, u32> = BTreeMap::new();
    for chunk in reports.iter().filter_map(|(_, r)| r.status.as_ref()).flat_map(|status| &status.chunks) {
        let most = by_chunk.entry(chunk.chunk).or_insert(0);
        *most = chunk.publishers.max(*most);
    }
    let mut counts: Vec<u32> = by_chunk.into_values().collect();
    counts.sort_unstable();
    let at = |percent: usize| counts.get(counts.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0);
    [("publishers_per_chunk_p50", 50), ("publishers_per_chunk_p95", 95)]
        .map(|(name, percent)| (name.to_owned(), f64::from(at(percent))))
        .into()
}

fn counters(hosts: &[(String, HostView)], publishers: Vec<(String, f64)>) -> Counters {
    let mut sum = node::Counters::default();
    let mut shell = host::ShellCounters::default();
    let mut clients = gateway::Counters::default();
    let mut mesh = MeshCounters::default();
    for (_, view) in hosts {
        let counters = view.counters();
        sum.add(&counters.node);
        shell.add(&counters.shell);
        clients.add(&counters.gateway);
        mesh.add(&counters.mesh);
    }
    let own = sum.named().into_iter().chain(shell.named()).map(|(name, value)| (format!("{name}_total"), value as f64));
    let links = [
        ("mesh_sent", mesh.sent),
        ("mesh_dropped", mesh.dropped),
        ("mesh_refused", mesh.refused),
        ("mesh_strangers", mesh.strangers),
        ("mesh_keys_refused", mesh.keys_refused),
        ("mesh_cut", mesh.cut),
    ];
    let clients = clients.named().into_iter().map(|(name, value)| {
        let now = matches!(name, "connections" | "pending_bytes");
        (format!("clients_{name}{}", if now { "" } else { "_total" }), value as f64)
    });
    own.chain(publishers)
        .chain(clients)
        .chain(links.into_iter().map(|(name, value)| (format!("{name}_total"), value as f64)))
        .collect()
}

impl Memory {
    fn notice(&mut self, indices: &BTreeMap<Incarnation, NodeIndex>, reports: &[(String, NodeReport)]) {
        let now: BTreeSet<Incarnation> = indices.keys().copied().collect();
        let came: Vec<Incarnation> = now.difference(&self.known).copied().collect();
        let went: Vec<Incarnation> = self.known.difference(&now).copied().collect();
        for node in came {
            let own = reports.iter().find(|(_, r)| r.incarnation == node);
            let text = match own {
                Some((host, report)) => format!("{host} serves {} as {node}", report.client_address),
                None => format!("{node} is there"),
            };
            self.tell(Severity::Good, text);
        }
        for node in went {
            self.tell(Severity::Warn, format!("{node} is gone"));
        }
        self.links.retain(|(from, to), _| now.contains(from) && now.contains(to));
        self.lateness.retain(|node, _| now.contains(node));
        self.known = now;
    }

    fn tell(&mut self, severity: Severity, text: String) {
        if self.events.len() == EVENTS {
            self.events.remove(0);
        }
        self.events.push(Event { at_ms: unix_ms(), severity, text });
    }
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
