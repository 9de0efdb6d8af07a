//! Walkers, and the nodes that would serve them: each walker stays with one node while it walks, as sessions do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use console::{
    ChunkView, Cluster, Counters, EntityView, Event, IslandView, LinkView, NodeIndex, NodeState, NodeView, Presence,
    Severity, Snapshot,
};
use world::{Chunk, Gait, Motion, Pace, Position, TickRate};

use crate::island::{Island, SIZE_CHUNKS, metres};

/// Nodes of the demo.
const NODES: u16 = 4;
/// How far a session sees, in rings of chunks.
const VIEW: u16 = 1;
/// Events kept.
const EVENTS: usize = 12;

struct Walker {
    at: Position,
    motion: Motion,
    node: u16,
    chunk: Chunk,
}

/// All walkers, and what was counted.
pub struct World {
    pace: Pace,
    walkers: Vec<Walker>,
    begun_ms: u64,
    ticks: u64,
    lag_ms: f64,
    crossings: u64,
    events: VecDeque<Event>,
    random: u64,
}

impl World {
    /// Walkers at dry places, near the middle of their node's part of the island.
    pub fn new(island: &Island, walkers: usize, now_ms: u64) -> Self {
        let mut world = Self {
            pace: Pace::new(TickRate::default()),
            walkers: Vec::with_capacity(walkers),
            begun_ms: now_ms,
            ticks: 0,
            lag_ms: 0.0,
            crossings: 0,
            events: VecDeque::new(),
            random: 0x2545_f491_4f6c_dd1d,
        };
        while world.walkers.len() < walkers {
            let node = (world.walkers.len() % usize::from(NODES)) as u16;
            let at = world.somewhere_near(node);
            if island.is_dry(at.x, at.y) {
                let motion = world.any_motion();
                world.walkers.push(Walker { at, motion, node, chunk: at.chunk() });
            }
        }
        for node in 0..NODES {
            world.tell(now_ms, Severity::Good, format!("{} joined", name(node)));
        }
        world
    }

    /// One tick of walking, begun `lag_ms` late. Who would step into the water turns.
    pub fn step(&mut self, island: &Island, now_ms: u64, lag_ms: f64) {
        self.lag_ms = lag_ms;
        self.ticks += 1;
        for index in 0..self.walkers.len() {
            if self.below(60) == 0 {
                self.walkers[index].motion = self.any_motion();
            }
            let turn = self.any_motion();
            let walker = &mut self.walkers[index];
            let (dx, dy) = self.pace.velocity(walker.motion);
            let next = walker.at.offset(dx, dy);
            if !island.is_dry(next.x, next.y) {
                walker.motion = turn;
                continue;
            }
            walker.at = next;
            if !walker.chunk.keeps(next) {
                walker.chunk = next.chunk();
                self.crossings += 1;
            }
        }
        if self.ticks.is_multiple_of(80) {
            let text = format!("{} border crossings so far, nobody lost", self.crossings);
            self.tell(now_ms, Severity::Info, text);
        }
    }

    /// The world as the map shows it.
    pub fn snapshot(&self, at_ms: u64) -> Snapshot {
        let interest = self.interest();
        let chunks = self.chunks(&interest);
        let sees = |node: u16, w: &Walker| w.node != node && interest[usize::from(node)].contains(&w.chunk);
        let ghosts = |node: u16| self.walkers.iter().filter(|w| sees(node, w)).count() as u32;
        let of = |node: u16| self.walkers.iter().filter(move |w| w.node == node);
        let nodes = (0..NODES).map(|n| {
            let published = chunks.iter().filter(|c| c.publishers.iter().any(|p| p.node.0 == n)).count() as u32;
            self.node(n, of(n).count() as u32, ghosts(n), published, interest[usize::from(n)].len() as u32)
        });
        let entities = self.walkers.iter().enumerate().map(|(i, w)| EntityView {
            id: 1000 + i as u64,
            x: w.at.x,
            y: w.at.y,
            heading: w.motion.heading.index(),
            gait: w.motion.gait as u8,
            tint: (i * 47 % 256) as u8,
            node: NodeIndex(w.node),
            name: i.is_multiple_of(5).then(|| format!("walker {i}")),
            ghost_on: (0..NODES).filter(|&n| sees(n, w)).count() as u16,
        });
        let seconds = at_ms.saturating_sub(self.begun_ms) / 1000;
        Snapshot {
            at_ms,
            cluster: Cluster {
                name: "demo".to_owned(),
                tick_hz: TickRate::default().hz(),
                uptime_s: seconds,
                software: concat!("tombolo ", env!("CARGO_PKG_VERSION")).to_owned(),
            },
            island: IslandView { id: 1, seed: 7, size_chunks: SIZE_CHUNKS },
            nodes: nodes.collect(),
            entities: entities.collect(),
            links: self.links(&interest),
            counters: self.counters(&chunks),
            events: self.events.iter().cloned().collect(),
            chunks,
        }
    }

    fn interest(&self) -> Vec<BTreeSet<Chunk>> {
        let mut interest = vec![BTreeSet::new(); usize::from(NODES)];
        for walker in &self.walkers {
            interest[usize::from(walker.node)].extend(walker.chunk.around(VIEW));
        }
        interest
    }

    fn chunks(&self, interest: &[BTreeSet<Chunk>]) -> Vec<ChunkView> {
        let mut chunks: BTreeMap<Chunk, (BTreeMap<u16, u32>, u16)> = BTreeMap::new();
        for walker in &self.walkers {
            *chunks.entry(walker.chunk).or_default().0.entry(walker.node).or_default() += 1;
        }
        for chunk in interest.iter().flatten() {
            chunks.entry(*chunk).or_default().1 += 1;
        }
        let presence = |(&node, &entities): (&u16, &u32)| Presence { node: NodeIndex(node), entities };
        let view = |(chunk, (publishers, viewers)): (Chunk, (BTreeMap<u16, u32>, u16))| ChunkView {
            cx: chunk.cx,
            cy: chunk.cy,
            publishers: publishers.iter().map(presence).collect(),
            viewers,
            ..ChunkView::default()
        };
        chunks.into_iter().map(view).collect()
    }

    /// What the links of such a world would roughly carry: a frame head a stream and tick, and a record a walker.
    fn links(&self, interest: &[BTreeSet<Chunk>]) -> Vec<LinkView> {
        let pairs = (0..NODES).flat_map(|from| (0..NODES).map(move |to| (from, to))).filter(|(from, to)| from != to);
        let link = |(from, to): (u16, u16)| {
            let heard = |w: &&Walker| w.node == from && interest[usize::from(to)].contains(&w.chunk);
            let moving: Vec<_> = self.walkers.iter().filter(heard).collect();
            let streams = moving.iter().map(|w| w.chunk).collect::<BTreeSet<_>>().len() as f64;
            LinkView {
                from: NodeIndex(from),
                to: NodeIndex(to),
                frames_per_s: streams * 10.0,
                bytes_per_s: streams * 240.0 + moving.len() as f64 * 70.0,
                gap_count: 0,
                up: true,
            }
        };
        pairs.map(link).collect()
    }

    fn node(&self, n: u16, entities: u32, ghosts: u32, streams: u32, chunks_seen: u32) -> NodeView {
        NodeView {
            id: format!("{:x}", 0x5e1f_0000 + u32::from(n) * 7919),
            name: name(n),
            host: "demo".to_owned(),
            colour: n as u8,
            sessions: entities,
            entities,
            ghosts,
            streams,
            chunks_seen,
            tick_lag_ms: self.lag_ms,
            state: NodeState::Serving,
            client_address: format!("127.0.0.1:{}", 7800 + n),
        }
    }

    fn counters(&self, chunks: &[ChunkView]) -> Counters {
        let standing = self.walkers.iter().filter(|w| w.motion.gait == Gait::Stand).count();
        let shared = chunks.iter().filter(|c| c.publishers.len() > 1).count();
        Counters::from_iter([
            ("border_crossings_total", self.crossings as f64),
            ("ticks_total", self.ticks as f64),
            ("chunks_shared", shared as f64),
            ("walkers_standing", standing as f64),
        ])
    }

    fn tell(&mut self, at_ms: u64, severity: Severity, text: String) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Event { at_ms, severity, text });
    }

    fn somewhere_near(&mut self, node: u16) -> Position {
        let (column, row) = (i32::from(node % 2), i32::from(node / 2));
        let side = Island::side_units();
        let spread = metres(190.0);
        let mut scatter = |middle: i32| {
            let thrown: i32 = (0..3).map(|_| self.below(2 * spread as u64) as i32 - spread).sum();
            middle + thrown / 2
        };
        let x = scatter(side * (3 + 2 * column) / 8);
        let y = scatter(side * (3 + 2 * row) / 8);
        Position::new(x.clamp(0, side - 1), y.clamp(0, side - 1))
    }

    /// Five of six walk on somewhere; one rests.
    fn any_motion(&mut self) -> Motion {
        let byte = self.below(256) as u8;
        let motion = Motion::from_byte((byte & 0xf8) | (2 + self.below(4) as u8));
        if self.below(6) == 0 { motion.stopped() } else { motion }
    }

    /// xorshift64*, 0 to `n - 1`.
    fn below(&mut self, n: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

fn name(node: u16) -> String {
    format!("node-{}", node + 1)
}
