//! Two nodes on one link that loses nothing, and raw clients: the walk of a step from one screen to another.

use std::collections::{BTreeMap, VecDeque};

use ghosts::{Ghosts, StreamKey};
use protocol::client::{Hello, Input as Step, ToClient, ToServer};
use protocol::envelope::Context;
use protocol::frame::{Body, Records};
use protocol::things::{Agreed, Bag, DeedReply, Offered, Page, Trace};
use protocol::tick::{Item, Items};
use protocol::{Code, Envelope, Incarnation, limits};
use store::MemoryStore;
use world::island::GeneratorVersion;
use world::{Chunk, Gait, Heading, Island, IslandId, IslandPlan, Millis, Motion, Planted, Position, Tick};

use crate::avatar::entity_of;
use crate::io::{ConnId, Effect, Input};
use crate::limits::{SILENT_MS, SILENT_VANISHED_MS};
use crate::ports::mesh::MeshLane;
use crate::ports::mesh_intake::admit;
use crate::{Config, Node};

/// What a client holds.
#[derive(Debug)]
pub(super) struct Screen {
    ghosts: Ghosts,
    tick: Tick,
    pub(super) welcomed: Option<Position>,
    closed: Option<u16>,
    chunks: Vec<Chunk>,
    pub(super) things: Things,
}

/// What a client knows of things.
#[derive(Debug, Default)]
pub(super) struct Things {
    pub(super) bag: Option<Bag>,
    pub(super) pages: BTreeMap<(Chunk, u8), BTreeMap<u32, Trace>>,
    pub(super) replies: Vec<(u32, DeedReply)>,
    pub(super) offered: Vec<Offered>,
    pub(super) agreed: Vec<Agreed>,
}

impl Things {
    fn page(&mut self, page: Page) {
        let traces = self.pages.entry((Chunk::new(page.cx, page.cy), page.cell)).or_default();
        if page.whole == 1 {
            traces.clear();
        }
        for trace in page.traces {
            match trace.kind {
                0 => traces.remove(&trace.id),
                _ => traces.insert(trace.id, trace),
            };
        }
    }

    /// All traces, by chunk and id.
    pub(super) fn traces(&self) -> BTreeMap<(Chunk, u32), Trace> {
        let of = |((chunk, _), traces): (&(Chunk, u8), &BTreeMap<u32, Trace>)| {
            traces.iter().map(|(id, trace)| ((*chunk, *id), trace.clone())).collect::<Vec<_>>()
        };
        self.pages.iter().flat_map(of).collect()
    }
}

impl Screen {
    fn new() -> Self {
        let ghosts = Ghosts::new(Planted::none());
        Self { ghosts, tick: Tick(0), welcomed: None, closed: None, chunks: Vec::new(), things: Things::default() }
    }

    fn read(&mut self, now: Millis, mut bytes: &[u8]) {
        while let Some((envelope, used)) = Envelope::split(bytes, limits::SERVER_MESSAGE_BYTES).unwrap() {
            match ToClient::decode(&envelope).unwrap() {
                Some(ToClient::Welcome(w)) => self.welcomed = Some(Position::new(w.x, w.y)),
                Some(ToClient::Closing(c)) => self.closed = Some(c.code),
                Some(ToClient::Tick(payload)) => self.items(now, payload),
                Some(ToClient::Bag(bag)) => self.things.bag = Some(bag),
                Some(ToClient::Page(page)) => self.things.page(page),
                Some(ToClient::DeedReply(reply)) => self.things.replies.push((envelope.context.request, reply)),
                Some(ToClient::Offered(offered)) => self.things.offered.push(offered),
                Some(ToClient::Agreed(agreed)) => self.things.agreed.push(agreed),
                _ => {}
            }
            bytes = &bytes[used..];
        }
        self.ghosts.expire(now);
    }

    fn items(&mut self, now: Millis, payload: &[u8]) {
        let items = Items::parse(payload).unwrap();
        self.tick = items.tick;
        for item in items.map(Result::unwrap) {
            match item {
                Item::Key { slot, stream, body, .. } => {
                    let key = StreamKey(u32::from(slot.0));
                    self.ghosts.open(key, stream.chunk);
                    let enters = Body::decode(stream.chunk, body).unwrap().enters;
                    self.ghosts.replace(now, key, self.tick, &enters);
                }
                Item::Frame { slot, late, body, .. } => {
                    let key = StreamKey(u32::from(slot.0));
                    let chunk = self.ghosts.members(key).next().map(|g| g.chunk).unwrap_or_default();
                    for record in Records::new(chunk, body) {
                        let chunks = self.chunks.clone();
                        let tick = self.tick - late;
                        self.ghosts.apply(now, key, tick, &record.unwrap(), |c| chunks.contains(&c));
                    }
                }
                Item::Close { slot } => drop(self.ghosts.close(now, StreamKey(u32::from(slot.0)))),
                Item::Seen { chunk, .. } => self.chunks.push(chunk),
                Item::Unseen { chunk } => {
                    self.chunks.retain(|c| *c != chunk);
                    self.things.pages.retain(|(c, _), _| *c != chunk);
                }
                Item::Reset => self.things.pages.clear(),
                Item::Ack(_) => {}
            }
        }
    }
}

/// Two nodes, a store, and clients by connection: the first half on the first node.
pub(super) struct Pair {
    pub(super) now: Millis,
    pub(super) nodes: [Option<Node>; 2],
    pub(super) store: MemoryStore,
    pub(super) screens: Vec<Screen>,
    link: VecDeque<(usize, Input)>,
}

pub(super) fn incarnation(node: usize) -> Incarnation {
    Incarnation::new(node as u16, 0, 1)
}

impl Pair {
    pub(super) fn new(clients: usize) -> Self {
        let plan = IslandPlan { seed: 7, size_chunks: 24, version: GeneratorVersion::LATEST };
        let island = Island::new(plan).unwrap();
        let now = Millis(1_800_000_000_000);
        let node = |n: usize| Node::new(Config::new(incarnation(n), IslandId(1), island.clone()), now);
        let mut pair = Self {
            now,
            nodes: [Some(node(0)), Some(node(1))],
            store: MemoryStore::new(),
            screens: (0..clients).map(|_| Screen::new()).collect(),
            link: VecDeque::new(),
        };
        for n in 0..2 {
            let up = Input::PeerUp { peer: incarnation(1 - n), client_address: format!("node-{}", 1 - n) };
            pair.handle(n, up);
        }
        pair
    }

    fn home(&self, client: usize) -> usize {
        client % 2
    }

    pub(super) fn handle(&mut self, node: usize, input: Input) {
        self.link.push_back((node, input));
        while let Some((node, input)) = self.link.pop_front() {
            let Some(machine) = &mut self.nodes[node] else { continue };
            machine.handle(self.now, input);
            while let Some(effect) = self.nodes[node].as_mut().and_then(Node::poll_effect) {
                self.carry_out(node, effect);
            }
        }
    }

    fn carry_out(&mut self, node: usize, effect: Effect) {
        let mesh = |lane, bytes: std::sync::Arc<[u8]>| {
            // As a real link would.
            assert_eq!(admit(node as u16, lane, &bytes), Ok(()));
            Input::Mesh { from_host: node as u16, lane, bytes }
        };
        match effect {
            Effect::Publish { bytes, .. } => self.link.push_back((1 - node, mesh(MeshLane::Ordered, bytes))),
            Effect::Send { bytes, .. } => self.link.push_back((1 - node, mesh(MeshLane::Direct, bytes))),
            Effect::Store { op, request } => {
                let reply = self.store.apply(request);
                self.link.push_back((node, Input::Store { op, reply }));
            }
            Effect::Write { conn, mut control, frames, shared } => {
                control.extend_from_slice(&frames);
                shared.iter().for_each(|part| control.extend_from_slice(part));
                self.screens[conn.0 as usize].read(self.now, &control);
            }
            Effect::Close { .. } | Effect::Subscribe { .. } | Effect::Unsubscribe { .. } | Effect::Note(_) => {}
        }
    }

    pub(super) fn say(&mut self, client: usize, message: &ToServer) {
        self.ask(client, 0, message);
    }

    /// Says something under a request's id.
    pub(super) fn ask(&mut self, client: usize, request: u32, message: &ToServer) {
        let mut bytes = Vec::new();
        message.encode(Context { request, ..Context::default() }, &mut bytes);
        self.handle(self.home(client), Input::Message { conn: ConnId(client as u64), bytes });
    }

    pub(super) fn join(&mut self, client: usize, name: &str) {
        self.handle(self.home(client), Input::Opened { conn: ConnId(client as u64) });
        let hello = Hello { oldest: 1, newest: 1, name: name.into(), ticket: Vec::new() };
        self.say(client, &ToServer::Hello(hello));
    }

    pub(super) fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.now = self.now + 10;
            for node in 0..2 {
                self.handle(node, Input::Wake);
            }
        }
    }

    fn sees(&self, client: usize, name: &str) -> bool {
        self.screens[client].ghosts.get(entity_of(name)).is_some()
    }
}

#[test]
fn two_who_share_no_node_share_an_island() {
    let mut pair = Pair::new(2);
    pair.join(0, "anna");
    pair.join(1, "boris");
    pair.pass(1_000);
    let at = pair.screens.iter().map(|s| s.welcomed.unwrap()).collect::<Vec<_>>();
    assert!(at[0].chunk().rings_to(at[1].chunk()) <= 2, "landing places are near each other: {at:?}");
    for client in 0..2 {
        assert!(pair.sees(client, "anna") && pair.sees(client, "boris"), "client {client}");
    }
}

#[test]
fn a_step_is_seen_as_it_was_taken() {
    let mut pair = Pair::new(2);
    pair.join(0, "anna");
    pair.join(1, "boris");
    pair.pass(1_000);
    let start = pair.screens[0].welcomed.unwrap();
    let motion = Motion::new(Heading::new(16), Gait::Walk);
    pair.say(0, &ToServer::Input(Step { seq: 1, x: start.x, y: start.y, motion: motion.to_byte() }));
    // Long enough for the far lane too, in which it is restated on the way.
    pair.pass(800);
    let seen = pair.screens[1].ghosts.get(entity_of("anna")).unwrap().segment;
    assert_eq!((seen.from.y, seen.motion), (start.y, motion));
    assert!((start.x - 8 * 18..=start.x).contains(&seen.from.x), "{seen:?} from {start:?}");
}

#[test]
fn a_second_login_replaces_the_first_and_nobody_sees_two() {
    let mut pair = Pair::new(3);
    pair.join(0, "anna");
    pair.join(2, "boris");
    pair.pass(500);
    pair.join(1, "anna");
    pair.pass(3_000);
    assert_eq!(pair.screens[0].closed, Some(Code::Replaced as u16));
    assert_eq!(pair.screens[1].closed, None);
    let held: usize = pair.nodes.iter().flatten().map(|n| n.status().avatars.len()).sum();
    assert_eq!(held, 2);
    assert!(pair.sees(2, "anna"));
}

#[test]
fn the_ghosts_of_a_dead_node_vanish_in_time() {
    for (vanished, bound_ms) in [(true, SILENT_VANISHED_MS), (false, SILENT_MS)] {
        let mut pair = Pair::new(2);
        pair.join(0, "anna");
        pair.join(1, "boris");
        pair.pass(2_000);
        pair.nodes[1] = None;
        if vanished {
            pair.handle(0, Input::PeerVanished { peer: incarnation(1) });
        }
        pair.pass(bound_ms - 1_500);
        assert!(pair.sees(0, "boris"), "silence alone proves nothing yet");
        // A summary may have been sent just before the death, and limbo follows the unbinding.
        pair.pass(1_500 + 1_000 + ghosts::LIMBO_MISSING_MS + 200);
        assert!(!pair.sees(0, "boris"), "vanished: {vanished}");
    }
}

#[test]
fn who_says_what_is_not_a_message_is_closed_and_nobody_else() {
    let mut pair = Pair::new(3);
    pair.join(0, "anna");
    pair.join(2, "boris");
    pair.pass(500);
    let garbage: [&[u8]; 4] = [&[], &[0; 23], &[0xff; 24], &[7; 300]];
    for bytes in garbage {
        pair.handle(0, Input::Opened { conn: ConnId(1) });
        pair.handle(0, Input::Message { conn: ConnId(1), bytes: bytes.to_vec() });
        for lane in [MeshLane::Ordered, MeshLane::Direct] {
            pair.handle(0, Input::Mesh { from_host: 1, lane, bytes: bytes.to_vec().into() });
        }
    }
    pair.pass(500);
    assert!(pair.screens[0].closed.is_none() && pair.sees(0, "boris"));
    assert!(pair.nodes[0].as_ref().unwrap().counters().peer_refusals >= 6);
}

#[test]
fn a_frame_is_believed_only_on_its_publishers_link() {
    let mut pair = Pair::new(2);
    pair.join(0, "anna");
    pair.join(1, "boris");
    pair.pass(1_000);
    let before = pair.nodes[0].as_ref().unwrap().counters().peer_refusals;
    let forged = {
        let summary =
            protocol::mesh::Summary { from: incarnation(1), tick: Tick(u64::MAX), interest: 0, streams: vec![] };
        crate::publisher::encode(&protocol::mesh::MeshMessage::Summary(summary))
    };
    pair.handle(0, Input::Mesh { from_host: 9, lane: MeshLane::Ordered, bytes: forged });
    assert_eq!(pair.nodes[0].as_ref().unwrap().counters().peer_refusals, before + 1);
    pair.pass(500);
    assert!(pair.sees(0, "boris"));
}

#[test]
fn a_stopping_node_tells_everybody() {
    let mut pair = Pair::new(2);
    pair.join(0, "anna");
    pair.pass(500);
    pair.handle(0, Input::Stop);
    assert_eq!(pair.screens[0].closed, Some(Code::ShuttingDown as u16));
    assert_eq!(pair.nodes[0].as_ref().unwrap().status().avatars, []);
}
