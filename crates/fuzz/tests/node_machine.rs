//! A node against clients, peers and a store that say anything, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use fuzz::{Tape, edited};
use node::ports::mesh::MeshLane;
use node::{Config, ConnId, Effect, Input, Node, OpId};
use protocol::client::{Dress, GetBaseline, Hello, Input as Step, Ping, Speak, ToClient, ToServer};
use protocol::envelope::{Context, Envelope};
use protocol::frame::{Body, Destination, Enter, Event, Handle, Leave, Look, Move};
use protocol::limits::SERVER_MESSAGE_BYTES;
use protocol::mesh::{Frame, Interest, Keyframe, KeyframeRequest, MeshMessage, StreamTick, Summary};
use protocol::tick::Items;
use protocol::{Incarnation, StreamId};
use serde_json::json;
use store::{Document, MemoryStore, Reply, Request, Version};
use world::island::GeneratorVersion;
use world::{Chunk, EntityId, Epoch, Hop, Island, IslandId, IslandPlan, Millis, Motion, Position, Tick, TickRate};

use crate::golden;

const ISLAND: IslandId = IslandId(1);
/// Connections that are spoken of, whether they are open or not.
const CONNECTIONS: usize = 6;

static LAND: LazyLock<Island> = LazyLock::new(|| {
    Island::new(IslandPlan { seed: 7, size_chunks: 24, version: GeneratorVersion::LATEST }).expect("an island")
});

/// A node, and the world around it.
struct Play {
    node: Node,
    now: Millis,
    store: MemoryStore,
    /// Requests that the store has not answered.
    asked: BTreeMap<OpId, Request>,
    /// Connections that were opened and not gone.
    open: BTreeSet<u64>,
    /// The numbers under which connections are spoken of now; a number is never used for a second one.
    numbers: [u64; CONNECTIONS],
    last_number: u64,
    /// Where people are: a chunk that is seen.
    home: Chunk,
    stopped: bool,
    /// Whether the store answers everything at once and truly.
    obliging: bool,
}

impl Play {
    fn new(obliging: bool) -> Self {
        let now = Millis(1_800_000_000_000);
        let config = Config { sessions: 4, ..Config::new(Incarnation::new(9, 0, 5), ISLAND, LAND.clone()) };
        let mut play = Self {
            node: Node::new(config, now),
            now,
            store: MemoryStore::new(),
            asked: BTreeMap::new(),
            open: BTreeSet::new(),
            numbers: [0; CONNECTIONS],
            last_number: 0,
            home: Chunk::new(12, 12),
            stopped: false,
            obliging,
        };
        play.drain();
        play
    }

    fn handle(&mut self, input: Input) {
        self.node.handle(self.now, input);
        self.drain();
        while self.obliging
            && let Some((op, request)) = self.asked.pop_first()
        {
            let reply = self.store.apply(request);
            self.node.handle(self.now, Input::Store { op, reply });
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(effect) = self.node.poll_effect() {
            match effect {
                Effect::Write { conn, mut control, frames, shared } => {
                    assert!(self.open.contains(&conn.0), "only who is there is written to");
                    control.extend_from_slice(&frames);
                    shared.iter().for_each(|part| control.extend_from_slice(part));
                    self.read(&control);
                }
                // Who has gone by himself may be closed once more.
                Effect::Close { conn, .. } => {
                    assert!(conn.0 <= self.last_number, "only who was there is closed");
                    self.open.remove(&conn.0);
                }
                Effect::Store { op, request } => {
                    assert!(self.asked.insert(op, request).is_none(), "a number is used once");
                }
                Effect::Publish { bytes, .. } | Effect::Send { bytes, .. } => {
                    assert!(matches!(MeshMessage::decode(&bytes), Ok(Some(_))), "others can read what we say");
                }
                Effect::Subscribe { .. } | Effect::Unsubscribe { .. } | Effect::Note(_) => {}
            }
        }
    }

    /// Reads what a client would.
    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let split = Envelope::split(bytes, SERVER_MESSAGE_BYTES).expect("a message").expect("a whole one");
            match ToClient::decode(&split.0).expect("a message of the protocol") {
                Some(ToClient::Welcome(welcome)) => self.home = Position::new(welcome.x, welcome.y).chunk(),
                Some(ToClient::Tick(payload)) => {
                    Items::parse(payload).expect("a tick").for_each(|item| assert!(item.is_ok(), "an item: {item:?}"));
                }
                _ => {}
            }
            bytes = &bytes[split.1..];
        }
    }

    fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        for _ in 0..10_000 {
            let at = self.node.next_wakeup().0;
            if at > until {
                self.now = until;
                return;
            }
            self.now = self.now.max(at);
            self.handle(Input::Wake);
        }
        panic!("the machine wants to be woken again and again at {:?}", self.now);
    }

    fn tick(&self) -> Tick {
        TickRate::default().tick_at(self.now)
    }

    /// Lets the store answer, truly or not.
    fn answer(&mut self, tape: &mut Tape<'_>) {
        let Some((op, request)) = self.asked.pop_first() else { return };
        let reply = match tape.below(12) {
            0 => Reply::Unknown,
            1 => {
                self.store.apply(request);
                Reply::Unknown
            }
            2 => Reply::NotApplied,
            3 => Reply::Conflict,
            4 => Reply::Found { version: Version(tape.number()), document: document(tape) },
            5 => Reply::Absent,
            _ => self.store.apply(request),
        };
        self.handle(Input::Store { op, reply: reply.clone() });
        if tape.one_in(8) {
            self.handle(Input::Store { op, reply });
        }
    }

    fn open(&mut self, place: usize) -> u64 {
        self.last_number += 1;
        self.numbers[place] = self.last_number;
        self.open.insert(self.last_number);
        self.handle(Input::Opened { conn: ConnId(self.last_number) });
        self.last_number
    }

    fn say(&mut self, conn: u64, context: Context, message: &ToServer) {
        let mut bytes = Vec::new();
        message.encode(context, &mut bytes);
        self.handle(Input::Message { conn: ConnId(conn), bytes });
    }
}

/// A document that somebody else wrote.
fn document(tape: &mut Tape<'_>) -> Document {
    let number = tape.number();
    let value = match tape.below(6) {
        0 => json!({}),
        1 => json!({"epoch": number, "holder": "x", "seq": number, "tint": 3, "replies": [], "next_request": number}),
        2 => json!({"epoch": "one"}),
        3 => json!({"epoch": 1, "tick": number, "x": number as i32, "y": i32::MIN, "motion": 255}),
        4 => json!({"replies": vec![json!({"request": number}); 40]}),
        _ => json!({"name": "anna", "deep": [[[[number]]]]}),
    };
    Document::new(tape.number() as u32, &value).expect("an object")
}

fn context(tape: &mut Tape<'_>) -> Context {
    let small = |tape: &mut Tape<'_>| if tape.one_in(4) { tape.number() as u32 } else { u32::from(tape.byte() % 6) };
    Context { epoch: small(tape), request: small(tape), trace: tape.number() }
}

fn position(tape: &mut Tape<'_>, home: Chunk) -> Position {
    if tape.one_in(5) {
        return Position::new(tape.number() as i32, tape.number() as i32);
    }
    let near = |origin: i16, byte: u8| i32::from(origin) * world::CHUNK_UNITS + i32::from(byte) * 20;
    Position::new(near(home.cx, tape.byte()), near(home.cy, tape.byte()))
}

fn hello(tape: &mut Tape<'_>) -> ToServer {
    let name = *tape.pick(&["anna", "boris", "cleo", "anna", "", "a name with spaces", "\u{202e}", "x-1_Y"]);
    let [oldest, newest] = *tape.pick(&[[1, 1], [1, 1], [1, 9], [0, 0], [2, 1], [5, 9]]);
    ToServer::Hello(Hello { oldest, newest, name: name.into(), ticket: tape.bytes(20).to_vec() })
}

fn request(tape: &mut Tape<'_>, home: Chunk) -> ToServer {
    match tape.below(8) {
        0 => hello(tape),
        1 | 2 => {
            let at = position(tape, home);
            let seq = if tape.one_in(4) { tape.number() as u32 } else { tape.byte().into() };
            ToServer::Input(Step { seq, x: at.x, y: at.y, motion: tape.byte() })
        }
        3 => ToServer::Speak(Speak { text: String::from_utf8_lossy(tape.bytes(250)).into_owned() }),
        4 => ToServer::Dress(Dress { tint: tape.byte() }),
        5 => ToServer::GetBaseline(GetBaseline { cx: tape.number() as i16, cy: home.cy }),
        6 => ToServer::Ping(Ping { client_ms: tape.number() }),
        _ => ToServer::Bye,
    }
}

fn chunk(tape: &mut Tape<'_>, home: Chunk) -> Chunk {
    if tape.one_in(6) {
        return Chunk::new(tape.number() as i16, tape.number() as i16);
    }
    let by = |byte: u8| i16::from(byte % 5) - 2;
    Chunk::new(home.cx + by(tape.byte()), home.cy + by(tape.byte()))
}

fn body(tape: &mut Tape<'_>, chunk: Chunk, play: &Play) -> Vec<u8> {
    let mut body = Body::default();
    for _ in 0..tape.below(5) {
        let handle = Handle(u16::from(tape.byte() % 4));
        // Others of their own, and our own people, whom somebody claims.
        let entity = if tape.one_in(3) { node::avatar::entity_of("anna") } else { EntityId(tape.byte().into()) };
        let epoch = if tape.one_in(4) { Epoch(tape.number() as u32) } else { Epoch(u32::from(tape.byte() % 4)) };
        let hop = if tape.one_in(4) { Hop(tape.number() as u32) } else { Hop(u32::from(tape.byte() % 4)) };
        let (at, motion) = (position(tape, chunk), Motion::from_byte(tape.byte()));
        match tape.below(4) {
            0 => body.moves.push(Move { handle, at, motion }),
            1 => {
                let to = match tape.below(3) {
                    0 => Destination::Gone,
                    1 => Destination::Chunk(self::chunk(tape, play.home)),
                    _ => Destination::Node(Incarnation(tape.number())),
                };
                body.leaves.push(Leave { handle, hop, to });
            }
            2 => {
                let look = Look { kind: tape.byte() % 3, tint: tape.byte(), name: "anna".into() };
                body.enters.push(Enter { handle, entity, epoch, hop, at, motion, look });
            }
            _ => body.events.push(Event { handle, kind: tape.byte() % 3, payload: tape.bytes(30).to_vec() }),
        }
    }
    let mut bytes = Vec::new();
    body.encode(chunk, &mut bytes);
    if tape.one_in(6) { edited(tape, &bytes) } else { bytes }
}

fn tick(tape: &mut Tape<'_>, play: &Play) -> Tick {
    if tape.one_in(6) {
        return Tick(tape.number());
    }
    Tick((play.tick().0 + 5).saturating_sub(u64::from(tape.byte() % 20)))
}

/// A word of a peer, and the host on whose link it comes.
fn word(tape: &mut Tape<'_>, play: &Play) -> (u16, MeshLane, Vec<u8>) {
    let from = Incarnation::new(1 + u16::from(tape.byte() % 3), tape.byte() % 2, 1 + u64::from(tape.byte() % 3));
    let place = chunk(tape, play.home);
    let sub = if tape.one_in(3) { tape.byte() } else { 0 };
    let stream = StreamId { publisher: from, island: ISLAND, chunk: place, sub };
    let body = body(tape, place, play);
    let at = tick(tape, play);
    let (message, lane) = match tape.below(7) {
        0..=2 => {
            let prev = Tick(at.0.saturating_sub(1 + u64::from(tape.byte() % 4)));
            let prev_tick = (prev.0 > 0 && !tape.one_in(4)).then_some(prev);
            (MeshMessage::Frame(Frame { stream, tick: at, prev_tick, body: &body }), MeshLane::Ordered)
        }
        3 => (MeshMessage::Keyframe(Keyframe { stream, tick: at, body: &body }), MeshLane::Direct),
        4 => {
            let streams = (0..tape.below(4)).map(|_| {
                let chunk = chunk(tape, play.home);
                StreamTick { island: ISLAND, chunk, sub: tape.byte() % 2, tick: tick(tape, play) }
            });
            let streams = streams.collect();
            let interest = if tape.one_in(2) { u64::from(tape.byte() % 4) } else { tape.number() };
            (MeshMessage::Summary(Summary { from, tick: at, interest, streams }), MeshLane::Ordered)
        }
        5 => {
            let chunks = (0..tape.below(20)).map(|_| (ISLAND, chunk(tape, play.home))).collect();
            let version = if tape.one_in(3) { tape.number() } else { u64::from(tape.byte() % 5) };
            (MeshMessage::Interest(Interest { from, version, chunks }), MeshLane::Direct)
        }
        _ => {
            let own = StreamId { publisher: Incarnation::new(9, 0, 5), ..stream };
            let stream = if tape.one_in(4) { stream } else { own };
            (MeshMessage::KeyframeRequest(KeyframeRequest { from, stream }), MeshLane::Direct)
        }
    };
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    let host = if tape.one_in(10) { tape.byte().into() } else { from.host() };
    let lane = if tape.one_in(10) { MeshLane::Direct } else { lane };
    (host, lane, if tape.one_in(8) { edited(tape, &bytes) } else { bytes })
}

/// Plays a whole story. What the node counted.
fn story(bytes: &[u8]) -> node::Counters {
    let mut tape = Tape::new(bytes);
    let mut play = Play::new(tape.one_in(2));
    while !tape.is_over() {
        step(&mut tape, &mut play);
    }
    let _ = play.node.status();
    if !play.stopped {
        play.handle(Input::Stop);
    }
    play.pass(2_000);
    play.node.counters()
}

#[test]
fn fuzz_node() {
    bolero::check!().with_max_len(4_096).for_each(|bytes: &[u8]| {
        story(bytes);
    });
}

/// A fuzzer that never gets in finds nothing.
#[test]
fn stories_get_as_far_as_the_world() {
    let mut sum = node::Counters::default();
    let mut state = 1_u64;
    for _ in 0..1_000 {
        let bytes: Vec<u8> = (0..2_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        sum.add(&story(&bytes));
    }
    for (name, count) in [
        ("sessions_begun", sum.sessions_begun),
        ("sessions_replaced", sum.sessions_replaced),
        ("corrections", sum.corrections),
        ("deeds", sum.deeds),
        ("frames_applied", sum.frames_applied),
        ("keyframes_applied", sum.keyframes_applied),
        ("keyframes_sent", sum.keyframes_sent),
        ("gaps", sum.gaps),
        ("client_refusals", sum.client_refusals),
        ("peer_refusals", sum.peer_refusals),
        ("writes_blocked", sum.writes_blocked),
    ] {
        assert!(count > 0, "{name}: {sum:?}");
    }
}

fn step(tape: &mut Tape<'_>, play: &mut Play) {
    let place = tape.below(CONNECTIONS);
    let conn = play.numbers[place];
    match tape.below(18) {
        0 => {
            let ms = *tape.pick(&[0, 20, 100, 500, 1_500, 11_000]);
            play.pass(ms);
        }
        1 | 2 => {
            let conn = if play.open.contains(&conn) { conn } else { play.open(place) };
            let hello = hello(tape);
            play.say(conn, Context::default(), &hello);
        }
        3..=5 => {
            let context = context(tape);
            let request = request(tape, play.home);
            play.say(conn, context, &request);
        }
        6 => {
            let sample = tape.pick(&golden::ALL);
            let bytes = edited(tape, &sample.bytes);
            play.handle(Input::Message { conn: ConnId(conn), bytes });
        }
        7..=11 => {
            let (from_host, lane, bytes) = word(tape, play);
            play.handle(Input::Mesh { from_host, lane, bytes: Arc::from(bytes) });
        }
        12 => {
            let sample = *tape.pick(&golden::named("mesh_"));
            let bytes = edited(tape, &sample.bytes);
            let from_host = Incarnation(0x0201_0000_0000_0005).host();
            play.handle(Input::Mesh { from_host, lane: MeshLane::Ordered, bytes: Arc::from(bytes) });
        }
        13 | 14 => (0..=tape.below(4)).for_each(|_| play.answer(tape)),
        15 => {
            let peer =
                Incarnation::new(1 + u16::from(tape.byte() % 3), tape.byte() % 2, 1 + u64::from(tape.byte() % 3));
            let up = Input::PeerUp { peer, client_address: "peer:1".into() };
            play.handle(if tape.one_in(3) { Input::PeerVanished { peer } } else { up });
        }
        16 => {
            let id = ConnId(conn);
            let input = match tape.below(3) {
                0 => Input::Blocked { conn: id },
                1 => Input::Drained { conn: id },
                _ => Input::Closed { conn: id },
            };
            let gone = matches!(input, Input::Closed { .. });
            play.handle(input);
            if gone {
                play.open.remove(&conn);
            }
        }
        _ => match tape.below(12) {
            0 => {
                play.stopped = true;
                play.handle(Input::Stop);
            }
            _ => play.handle(Input::Overrun { ms: tape.number() }),
        },
    }
}
