//! One sample of every message, item and record: the values behind the golden files.
//!
//! Each has a name, a line that says what it shows, and its shape, which says how to decode it.

use world::island::{Prop, PropKind};
use world::{Biome, Chunk, EntityId, Epoch, Gait, Ground, Heading, Hop, IslandId, Motion, Position, Tick};

use super::things;
use crate::client::{
    Baseline, Closing, Dress, GetBaseline, Hello, Input, Ping, Pong, Reply, Speak, ToClient, ToServer, Welcome,
};
use crate::envelope::Context;
use crate::frame::{Body, Destination, EVENT_SPEECH, Enter, Event, Handle, Leave, Look, Move};
use crate::handover::{Decline, Follow, Freeze, Invite, Say, Word};
use crate::load::{Crowding, Load};
use crate::mesh::{
    Frame, Incarnation, Interest, Keyframe, KeyframeRequest, MeshMessage, StreamId, StreamTick, Summary, Topic,
};
use crate::refusal::Code;
use crate::tick::{Ack, Item, Lane, Slot};
use crate::wire::Put;

/// How the bytes of a sample are to be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A whole message from a client.
    ToServer,
    /// A whole message from a server.
    ToClient,
    /// A whole message between nodes.
    Mesh,
    /// An item of a tick message whose tick is [`TICK`].
    Item,
    /// A frame body for [`CHUNK`].
    Body,
    /// A topic.
    Topic,
    /// The bytes inside a baseline, which `world` encodes.
    Ground,
}

/// A golden file in the making.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The file's name without its ending.
    pub name: &'static str,
    /// What it shows.
    pub note: &'static str,
    /// How to decode it.
    pub shape: Shape,
    /// What it is.
    pub bytes: Vec<u8>,
}

/// The chunk of all sample bodies.
pub const CHUNK: Chunk = Chunk::new(3, -2);
/// The tick of all sample tick messages.
pub const TICK: Tick = Tick(17_000_000_000);
/// The island of all samples.
pub const ISLAND: IslandId = IslandId(1);
/// The content hash of the sample baseline, `de ad be ef`: 64-bit FNV-1a.
const CONTENT_HASH: u64 = 0x2770_4576_0cdd_0993;
/// The session's epoch in all samples.
pub const EPOCH: u32 = 7;

/// Every sample.
pub fn all() -> Vec<Sample> {
    [to_server(), to_client(), items(), bodies(), mesh(), topics(), vec![ground()]].concat()
}

/// The names of the samples that a game client may meet.
pub fn of_clients() -> Vec<&'static str> {
    let meets = |s: &Sample| !matches!(s.shape, Shape::Mesh | Shape::Topic | Shape::Ground);
    all().into_iter().filter(meets).map(|s| s.name).collect()
}

fn publisher() -> Incarnation {
    Incarnation::new(2, 1, 5)
}

fn stream() -> StreamId {
    StreamId { publisher: publisher(), island: ISLAND, chunk: CHUNK, sub: 0 }
}

fn to_server() -> Vec<Sample> {
    let quiet = Context::default();
    let session = Context { epoch: EPOCH, ..quiet };
    let request = |request| Context { request, trace: 0x1122_3344_5566_7788, ..session };
    let sample = |name, note, context, message: ToServer| {
        let mut bytes = Vec::new();
        message.encode(context, &mut bytes);
        Sample { name, note, shape: Shape::ToServer, bytes }
    };
    let walk = Motion::new(Heading::new(4), Gait::Run);
    vec![
        sample(
            "hello_first",
            "the first hello of an account, without a ticket",
            quiet,
            ToServer::Hello(Hello { oldest: 1, newest: 1, name: "mira".into(), ticket: Vec::new() }),
        ),
        sample(
            "hello_resume",
            "a hello that shows the ticket of an earlier welcome",
            quiet,
            ToServer::Hello(Hello { oldest: 1, newest: 3, name: "mira-2".into(), ticket: vec![0xa1, 0xb2, 0xc3] }),
        ),
        sample(
            "input",
            "running south-east from (12000, 8400)",
            session,
            ToServer::Input(Input { seq: 42, x: 12_000, y: 8_400, motion: walk.to_byte() }),
        ),
        sample("speak", "a line in UTF-8", session, ToServer::Speak(Speak { text: "Ahoi, Grüße!".into() })),
        sample("dress", "request 9: the deed of changing one's tint", request(9), ToServer::Dress(Dress { tint: 200 })),
        sample(
            "get_baseline",
            "the baseline of chunk (3, -2) is wanted",
            session,
            ToServer::GetBaseline(GetBaseline { cx: CHUNK.cx, cy: CHUNK.cy }),
        ),
        sample("ping", "the client's clock", session, ToServer::Ping(Ping { client_ms: 123_456 })),
        sample("bye", "the client leaves; no payload", session, ToServer::Bye),
        sample(
            "follow",
            "the hello of the second connection",
            quiet,
            ToServer::Follow(Follow { oldest: 1, newest: 1, name: "mira".into(), token: vec![0x70, 0x1b, 0x00, 0x10] }),
        ),
        sample(
            "freeze",
            "input 42 was the last before handover 3",
            session,
            ToServer::Freeze(Freeze { handover: 3, seq: 42 }),
        ),
    ]
    .into_iter()
    .chain(
        things::to_server().into_iter().map(|(name, note, asks, message)| {
            sample(name, note, if asks > 0 { request(asks) } else { session }, message)
        }),
    )
    .collect()
}

fn to_client() -> Vec<Sample> {
    let session = Context { epoch: EPOCH, ..Context::default() };
    let answer = |request| Context { request, trace: 0x1122_3344_5566_7788, ..session };
    let sample = |name, note, context, message: ToClient<'_>| {
        let mut bytes = Vec::new();
        message.encode(context, &mut bytes);
        Sample { name, note, shape: Shape::ToClient, bytes }
    };
    let refused =
        |code: Code, retry_after_ms| Reply { code: code as u16, meaning: code.meaning() as u8, retry_after_ms };
    let closing =
        |code: Code, retry_after_ms| Closing { code: code as u16, meaning: code.meaning() as u8, retry_after_ms };
    vec![
        sample("welcome", "the session has begun", session, ToClient::Welcome(welcome())),
        sample("tick_empty", "a tick with nothing to say", session, ToClient::Tick(&tick_payload(&[]))),
        sample("tick_first", "the first tick of a session", session, ToClient::Tick(&first_tick())),
        sample("tick_walk", "a tick in which two people walk and one leaves", session, ToClient::Tick(&walk_tick())),
        sample(
            "reply_done",
            "request 9 is done",
            answer(9),
            ToClient::Reply(Reply { code: 0, meaning: 0, retry_after_ms: 0 }),
        ),
        sample(
            "reply_refused",
            "request 10 is refused for now: the store does not answer",
            answer(10),
            ToClient::Reply(refused(Code::StoreUnavailable, 500)),
        ),
        sample(
            "baseline",
            "a baseline (its content shortened to four bytes)",
            session,
            ToClient::Baseline(Baseline {
                cx: CHUNK.cx,
                cy: CHUNK.cy,
                hash: CONTENT_HASH,
                bytes: vec![0xde, 0xad, 0xbe, 0xef],
            }),
        ),
        sample(
            "pong",
            "the answer to a ping",
            session,
            ToClient::Pong(Pong { client_ms: 123_456, server_ms: 1_700_000_000_050 }),
        ),
        sample(
            "closing",
            "the node stops: connect again after 250 ms",
            session,
            ToClient::Closing(closing(Code::ShuttingDown, 250)),
        ),
        sample(
            "invite",
            "handover 3: another node is ready for you",
            session,
            ToClient::Invite(Invite {
                handover: 3,
                address: "203.0.113.5:4242".into(),
                token: vec![0x70, 0x1b, 0x00, 0x10],
                within_ms: 6_000,
            }),
        ),
        sample("ready", "to the second connection: freeze the first", Context::default(), ToClient::Ready),
        sample("stay", "the handover is off; no payload", session, ToClient::Stay),
    ]
    .into_iter()
    .chain(things::to_client().into_iter().map(|(name, note, answers, message)| {
        sample(name, note, if answers > 0 { answer(answers) } else { session }, message)
    }))
    .collect()
}

fn welcome() -> Welcome {
    Welcome {
        version: 1,
        entity: 77,
        next_request: 9,
        tick_hz: 10,
        server_ms: 1_700_000_000_000,
        island: ISLAND.0,
        seed: 0x5eed,
        generator: 1,
        size_chunks: 64,
        x: 12_000,
        y: 8_400,
        tint: 3,
        view_near: 2,
        view_far: 4,
        far_every: 5,
        node: publisher().0,
        alternatives: vec!["203.0.113.5:4242".into(), "[2001:db8::1]:4242".into()],
        ticket: vec![0xa1, 0xb2, 0xc3],
        software: "tombolo 0.1.0".into(),
    }
}

fn tick_payload(items: &[Item<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u64(TICK.0);
    items.iter().for_each(|item| item.encode(&mut out));
    out
}

fn encoded(body: &Body) -> Vec<u8> {
    let mut out = Vec::new();
    body.encode(CHUNK, &mut out);
    out
}

fn first_tick() -> Vec<u8> {
    let body = encoded(&Body { enters: vec![enter(1)], ..Body::default() });
    tick_payload(&[
        Item::Reset,
        Item::Seen { chunk: CHUNK, lane: Lane::Near, baseline: CONTENT_HASH },
        Item::Key { slot: Slot(1), stream: stream(), lane: Lane::Near, body: &body },
    ])
}

fn walk_tick() -> Vec<u8> {
    let body = encoded(&Body { moves: vec![step(1), step(2)], leaves: vec![gone(3)], ..Body::default() });
    tick_payload(&[ack(false), Item::Frame { slot: Slot(1), late: 1, back: 3, body: &body }])
}

fn ack(corrected: bool) -> Item<'static> {
    Item::Ack(Ack {
        seq: 42,
        at: Position::new(12_038, 8_438),
        motion: Motion::new(Heading::new(4), Gait::Run),
        corrected,
    })
}

fn items() -> Vec<Sample> {
    let body = encoded(&Body { moves: vec![step(1)], ..Body::default() });
    let enters = encoded(&Body { enters: vec![enter(1)], ..Body::default() });
    let sample = |name, note, item: Item<'_>| {
        let mut bytes = Vec::new();
        item.encode(&mut bytes);
        Sample { name, note, shape: Shape::Item, bytes }
    };
    let slot = Slot(0x0102);
    vec![
        sample(
            "item_frame",
            "one tick late, 300 ticks after the stream's previous change",
            Item::Frame { slot, late: 1, back: 300, body: &body },
        ),
        sample("item_frame_first", "the first change of a stream", Item::Frame { slot, late: 0, back: 0, body: &body }),
        sample(
            "item_key",
            "a whole stream with one entity",
            Item::Key { slot, stream: stream(), lane: Lane::Far, body: &enters },
        ),
        sample(
            "item_key_empty",
            "a stream without entities",
            Item::Key { slot, stream: stream(), lane: Lane::Near, body: &[] },
        ),
        sample(
            "item_key_crowd",
            "a sub-cell of a crowded chunk, without entities",
            Item::Key { slot, stream: StreamId { sub: 6, ..stream() }, lane: Lane::Crowd, body: &[] },
        ),
        sample("item_close", "a stream ends", Item::Close { slot }),
        sample("item_ack", "input 42 was taken as it was", ack(false)),
        sample("item_ack_corrected", "after input 42 the avatar is elsewhere than claimed", ack(true)),
        sample(
            "item_seen",
            "a chunk comes into view at full rate",
            Item::Seen { chunk: CHUNK, lane: Lane::Near, baseline: CONTENT_HASH },
        ),
        sample(
            "item_seen_crowd",
            "a chunk in view is crowded",
            Item::Seen { chunk: CHUNK, lane: Lane::Crowd, baseline: CONTENT_HASH },
        ),
        sample("item_unseen", "a chunk goes out of view", Item::Unseen { chunk: CHUNK }),
        sample("item_reset", "forget all slots and chunks", Item::Reset),
    ]
}

fn place() -> Position {
    CHUNK.origin().offset(1_800, 36)
}

fn step(handle: u16) -> Move {
    Move { handle: Handle(handle), at: place(), motion: Motion::new(Heading::new(31), Gait::Walk) }
}

fn enter(handle: u16) -> Enter {
    Enter {
        handle: Handle(handle),
        entity: EntityId(77),
        epoch: Epoch(EPOCH),
        hop: Hop(12),
        at: place(),
        motion: Motion::new(Heading::new(8), Gait::Sprint),
        look: Look { kind: 0, tint: 3, name: "mira".into() },
    }
}

fn gone(handle: u16) -> Leave {
    Leave { handle: Handle(handle), hop: Hop(13), to: Destination::Gone }
}

fn bodies() -> Vec<Sample> {
    let chunk = Leave { to: Destination::Chunk(Chunk::new(4, -2)), ..gone(0x0203) };
    let node = Leave { to: Destination::Node(publisher()), ..gone(0x0203) };
    let speech = Event { handle: Handle(0x0203), kind: EVENT_SPEECH, payload: "Ahoi, Grüße!".as_bytes().to_vec() };
    let corner = |x, y| Move { at: CHUNK.origin().offset(x, y), ..step(0x0203) };
    let sample = |name, note, body: Body| Sample { name, note, shape: Shape::Body, bytes: encoded(&body) };
    let none = Body::default;
    vec![
        sample("body_empty", "nothing: no byte at all", none()),
        sample("body_move", "one entity walks", Body { moves: vec![step(0x0203)], ..none() }),
        sample(
            "body_corners",
            "2 m beyond the north-west corner, and as far beyond the south-east one as a stream keeps",
            Body { moves: vec![corner(-240, -240), corner(3_839, 3_839)], ..none() },
        ),
        sample("body_leave_gone", "one entity leaves the world", Body { leaves: vec![gone(0x0203)], ..none() }),
        sample("body_leave_chunk", "one entity walks into chunk (4, -2)", Body { leaves: vec![chunk], ..none() }),
        sample("body_leave_node", "another node takes an entity over", Body { leaves: vec![node], ..none() }),
        sample("body_enter", "one avatar comes in", Body { enters: vec![enter(0x0203)], ..none() }),
        sample("body_speech", "one avatar says a line", Body { events: vec![speech.clone()], ..none() }),
        sample(
            "body_all",
            "all four sections",
            Body {
                moves: vec![step(1), step(2)],
                leaves: vec![Leave { handle: Handle(3), ..chunk }],
                enters: vec![enter(4)],
                events: vec![Event { handle: Handle(1), ..speech }],
            },
        ),
    ]
}

fn mesh() -> Vec<Sample> {
    let body = encoded(&Body { moves: vec![step(1)], ..Body::default() });
    let enters = encoded(&Body { enters: vec![enter(1)], ..Body::default() });
    let from = Incarnation::new(3, 0, 9);
    let sample = |name, note, message: MeshMessage<'_>| {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        Sample { name, note, shape: Shape::Mesh, bytes }
    };
    let named = StreamTick { island: ISLAND, chunk: CHUNK, sub: 0, tick: TICK - 4 };
    vec![
        sample(
            "mesh_frame",
            "a frame with a predecessor",
            MeshMessage::Frame(Frame { stream: stream(), tick: TICK, prev_tick: Some(TICK - 3), body: &body }),
        ),
        sample(
            "mesh_frame_first",
            "the first frame of a stream",
            MeshMessage::Frame(Frame { stream: stream(), tick: TICK, prev_tick: None, body: &body }),
        ),
        sample(
            "mesh_keyframe",
            "a whole stream",
            MeshMessage::Keyframe(Keyframe { stream: stream(), tick: TICK, body: &enters }),
        ),
        sample(
            "mesh_summary",
            "what a publisher knows of two streams",
            MeshMessage::Summary(Summary {
                from,
                tick: TICK,
                interest: 4,
                streams: vec![named, StreamTick { chunk: Chunk::new(4, -2), ..named }],
            }),
        ),
        sample(
            "mesh_interest",
            "the chunks that a node sees",
            MeshMessage::Interest(Interest {
                from,
                version: 4,
                chunks: vec![(ISLAND, CHUNK), (IslandId(2), Chunk::new(0, 1))],
            }),
        ),
        sample(
            "mesh_keyframe_request",
            "a node wants a stream in full",
            MeshMessage::KeyframeRequest(KeyframeRequest { from, stream: stream() }),
        ),
        sample(
            "mesh_load",
            "a node with 120 sessions and avatars in one chunk that the peer sees",
            MeshMessage::Load(Load {
                from,
                sessions: 120,
                room: 4_880,
                busy_per_mille: 35,
                chunks: vec![Crowding { island: ISLAND, chunk: CHUNK, avatars: 7 }],
            }),
        ),
    ]
    .into_iter()
    .chain(words())
    .chain(things::mesh().into_iter().map(|(name, note, m)| sample(name, note, MeshMessage::Tidings(m))))
    .collect()
}

/// The words of handover 3, in the order in which they are said.
fn words() -> Vec<Sample> {
    let (serving, taking) = (publisher(), Incarnation::new(3, 0, 9));
    let sample = |name, note, from, say| {
        let mut bytes = Vec::new();
        MeshMessage::Word(Word { from, handover: 3, say }).encode(&mut bytes);
        Sample { name, note, shape: Shape::Mesh, bytes }
    };
    let (entity, epoch, next) = (EntityId(77), Epoch(EPOCH), Epoch(EPOCH + 1));
    let motion = Motion::new(Heading::new(4), Gait::Run);
    vec![
        sample(
            "mesh_prepare",
            "will you take mira's session over?",
            serving,
            Say::Prepare { name: "mira".into(), entity, epoch, island: ISLAND, chunk: CHUNK },
        ),
        sample(
            "mesh_prepared",
            "room is reserved, the ghosts are warm",
            taking,
            Say::Prepared { token: vec![0x70, 0x1b, 0x00, 0x10] },
        ),
        sample("mesh_declined", "there is no room", taking, Say::Declined { reason: Decline::NoRoom as u8 }),
        sample(
            "mesh_released",
            "the document lets you take epoch 7",
            serving,
            Say::Released { epoch, tick: TICK, at: place(), motion },
        ),
        sample("mesh_taken", "the session goes on at epoch 8", taking, Say::Taken { epoch: next }),
        sample("mesh_called_off", "forget it", serving, Say::CalledOff),
    ]
}

fn topics() -> Vec<Sample> {
    let sample = |name, note, topic: Topic| Sample { name, note, shape: Shape::Topic, bytes: topic.0.to_vec() };
    vec![
        sample("topic_chunk", "the channel of a chunk's sub-cell 5", Topic::chunk(ISLAND, CHUNK, 5)),
        sample("topic_node", "what one node is told", Topic::node(publisher())),
    ]
}

/// A slope from the sea up to grassland, with two props, made by hand so that no generator can change it.
fn ground() -> Sample {
    let row = |cell: usize| if cell < 45 { Biome::ShallowWater } else { Biome::Grassland };
    let prop = |index, kind, x, y| Prop { index, kind, x, y };
    let ground = Ground {
        heights_cm: std::array::from_fn(|vertex| 25 * (vertex / 16) as i16 - 80),
        biomes: std::array::from_fn(row),
        props: vec![prop(2, PropKind::Reed, 130, 500), prop(300, PropKind::Oak, 3_599, 2_000)],
    };
    let note = "the inside of a baseline: a beach without sand, a reed and an oak";
    Sample { name: "ground", note, shape: Shape::Ground, bytes: world::Baseline::encode(&ground) }
}
