//! The scripted server: it says what a test tells it to say, and reads what the client said.

use protocol::client::{Closing, Pong, Reply, ToClient, ToServer, Welcome};
use protocol::envelope::{self, Context, Kind};
use protocol::frame::{Body, Enter, Handle, Leave, Look, Move};
use protocol::limits::CLIENT_MESSAGE_BYTES;
use protocol::tick::{Ack, Item, Lane, Slot};
use protocol::wire::Put;
use protocol::{Code, Incarnation, Splitter, StreamId};
use world::{Chunk, EntityId, Epoch, Gait, Heading, Hop, IslandId, Millis, Motion, Position};

use crate::{Beside, Client, ClientConfig, ClientEffect, ClientInput, Event, Violation};

pub(super) const ME: EntityId = EntityId(7);
pub(super) const HOME: Chunk = Chunk::new(2, 2);
pub(super) const EAST: Motion = Motion::new(Heading::new(0), Gait::Walk);
pub(super) const SOUTH: Motion = Motion::new(Heading::new(8), Gait::Walk);
/// The server's clock is ahead of the client's by so much.
pub(super) const AHEAD_MS: u64 = 1_000_000;

/// A client, what it has done, and a server's words for it.
pub(super) struct Pair {
    pub(super) client: Client,
    pub(super) now: Millis,
    pub(super) events: Vec<Event>,
    pub(super) connects: Vec<String>,
    pub(super) disconnects: usize,
    pub(super) connects_beside: Vec<String>,
    pub(super) disconnects_beside: usize,
    pub(super) promotions: usize,
    said: Vec<(Context, ToServer)>,
    said_beside: Vec<ToServer>,
    heard: Splitter,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut ClientConfig)) -> Self {
        let mut config = ClientConfig::new("anna", vec!["a:1".into(), "b:2".into()], 5);
        config.report_moves = true;
        change(&mut config);
        let mut pair = Self {
            client: Client::new(config),
            now: Millis(1_000),
            events: Vec::new(),
            connects: Vec::new(),
            disconnects: 0,
            connects_beside: Vec::new(),
            disconnects_beside: 0,
            promotions: 0,
            said: Vec::new(),
            said_beside: Vec::new(),
            heard: Splitter::new(CLIENT_MESSAGE_BYTES),
        };
        pair.handle(ClientInput::Join);
        pair
    }

    /// A pair with a session, with the home chunk in view and the own avatar standing in its middle, slot 1.
    pub(super) fn playing() -> Self {
        let mut pair = Self::new();
        pair.enter();
        pair.tick(&[seen(HOME), key(1, HOME, Lane::Near, &[me(0)])]);
        pair.said();
        pair
    }

    pub(super) fn enter(&mut self) {
        self.handle(ClientInput::Connected);
        self.say(&ToClient::Welcome(self.welcome()));
    }

    pub(super) fn welcome(&self) -> Welcome {
        let Position { x, y } = middle();
        Welcome {
            version: 1,
            entity: ME.0,
            next_request: 5,
            tick_hz: 10,
            server_ms: self.server_ms(),
            island: 1,
            seed: 1,
            generator: 1,
            size_chunks: 64,
            x,
            y,
            tint: 0,
            view_near: 1,
            view_far: 2,
            far_every: 5,
            node: 11,
            alternatives: vec!["c:3".into()],
            ticket: vec![9],
            software: "scripted".into(),
        }
    }

    pub(super) fn server_ms(&self) -> u64 {
        self.now.0 + AHEAD_MS
    }

    pub(super) fn server_tick(&self) -> u64 {
        self.server_ms() / 100
    }

    pub(super) fn handle(&mut self, input: ClientInput<'_>) {
        self.client.handle(self.now, input);
        while let Some(effect) = self.client.poll_effect() {
            match effect {
                ClientEffect::Connect { address } => self.connects.push(address),
                ClientEffect::Write(bytes) => {
                    self.heard.push(&bytes);
                    while let Some(message) = self.heard.next_message().expect("a client speaks the protocol") {
                        let envelope = envelope::Envelope::parse(message, CLIENT_MESSAGE_BYTES).expect("whole");
                        let message = ToServer::decode(&envelope).expect("well formed").expect("known");
                        self.said.push((envelope.context, message));
                    }
                }
                ClientEffect::Disconnect => self.disconnects += 1,
                ClientEffect::ConnectBeside { address } => self.connects_beside.push(address),
                ClientEffect::WriteBeside(bytes) => {
                    let envelope = envelope::Envelope::parse(&bytes, CLIENT_MESSAGE_BYTES).expect("one message");
                    self.said_beside.push(ToServer::decode(&envelope).expect("well formed").expect("known"));
                }
                ClientEffect::DisconnectBeside => self.disconnects_beside += 1,
                ClientEffect::Promote => self.promotions += 1,
                ClientEffect::Event(event) => self.events.push(event),
            }
        }
    }

    /// Time goes on, and the client is woken whenever it asked for it.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some((at, _)) = self.client.next_wakeup()
            && at <= end
        {
            self.now = self.now.max(at);
            self.handle(ClientInput::Wake);
        }
        self.now = end;
        self.handle(ClientInput::Wake);
    }

    /// Likewise, with a server that answers pings and has nothing else to say.
    pub(super) fn play(&mut self, ms: u64) {
        for _ in 0..ms / 50 {
            self.pass(50);
            self.say(&ToClient::Pong(Pong { client_ms: self.now.0, server_ms: self.server_ms() }));
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.handle(ClientInput::Bytes(bytes));
    }

    pub(super) fn say(&mut self, message: &ToClient<'_>) {
        self.say_of(0, message);
    }

    /// The node beside says something, at an epoch of its own.
    pub(super) fn say_beside(&mut self, epoch: u32, message: &ToClient<'_>) {
        let mut bytes = Vec::new();
        message.encode(Context { epoch, ..Context::default() }, &mut bytes);
        self.handle(ClientInput::Beside(Beside::Bytes(&bytes)));
    }

    /// What the client said on its second connection since the last call.
    pub(super) fn said_beside(&mut self) -> Vec<ToServer> {
        std::mem::take(&mut self.said_beside)
    }

    pub(super) fn say_of(&mut self, request: u32, message: &ToClient<'_>) {
        let mut bytes = Vec::new();
        message.encode(Context { epoch: 3, request, trace: 0 }, &mut bytes);
        self.bytes(&bytes);
    }

    pub(super) fn reply(&mut self, request: u32, code: Option<Code>, retry_after_ms: u32) {
        let (code, meaning) = code.map_or((0, 0), |c| (c as u16, c.meaning() as u8));
        self.say_of(request, &ToClient::Reply(Reply { code, meaning, retry_after_ms }));
    }

    pub(super) fn close(&mut self, code: Code, retry_after_ms: u32) {
        let meaning = code.meaning() as u8;
        self.say(&ToClient::Closing(Closing { code: code as u16, meaning, retry_after_ms }));
    }

    /// One tick message, stated at the server's tick.
    pub(super) fn tick(&mut self, items: &[Owned]) {
        let bytes = tick_bytes(self.server_tick(), items);
        self.bytes(&bytes);
    }

    /// What the client said since the last call, pings left out.
    pub(super) fn said(&mut self) -> Vec<(Context, ToServer)> {
        let said = std::mem::take(&mut self.said);
        said.into_iter().filter(|(_, m)| !matches!(m, ToServer::Ping(_))).collect()
    }

    /// The inputs said since the last call.
    pub(super) fn inputs(&mut self) -> Vec<protocol::client::Input> {
        let only = |m| if let ToServer::Input(input) = m { Some(input) } else { None };
        self.said().into_iter().filter_map(|(_, m)| only(m)).collect()
    }

    /// The violations seen, in the order of their kinds.
    pub(super) fn violations(&self) -> Vec<(Violation, u64)> {
        self.client.checks().seen().collect()
    }

    /// Who is in the picture.
    pub(super) fn on_screen(&self) -> Vec<EntityId> {
        self.client.picture().expect("it keeps a picture").entities().map(|g| g.entity).collect()
    }
}

/// An item with a body of its own.
pub(super) enum Owned {
    Frame { slot: u16, late: u64, back: u64, body: Vec<u8> },
    Key { slot: u16, chunk: Chunk, lane: Lane, body: Vec<u8> },
    Plain(Item<'static>),
}

pub(super) fn tick_bytes(tick: u64, items: &[Owned]) -> Vec<u8> {
    let mut bytes = Vec::new();
    envelope::write(&mut bytes, Kind::Tick, Context::default(), |out| {
        out.put_u64(tick);
        for item in items {
            match item {
                Owned::Frame { slot, late, back, body } => {
                    Item::Frame { slot: Slot(*slot), late: *late, back: *back, body }.encode(out);
                }
                Owned::Key { slot, chunk, lane, body } => {
                    let publisher = Incarnation(11);
                    let stream = StreamId { publisher, island: IslandId(1), chunk: *chunk, sub: 0 };
                    Item::Key { slot: Slot(*slot), stream, lane: *lane, body }.encode(out);
                }
                Owned::Plain(item) => item.encode(out),
            }
        }
    });
    bytes
}

pub(super) fn middle() -> Position {
    HOME.origin().offset(1_800, 1_800)
}

pub(super) fn entity(id: u64, handle: u16, hop: u32, at: Position) -> Enter {
    let look = Look { kind: 0, tint: 0, name: format!("n{id}") };
    Enter {
        handle: Handle(handle),
        entity: EntityId(id),
        epoch: Epoch(1),
        hop: Hop(hop),
        at,
        motion: Motion::default(),
        look,
    }
}

pub(super) fn me(hop: u32) -> Enter {
    entity(ME.0, 1, hop, middle())
}

pub(super) fn seen(chunk: Chunk) -> Owned {
    seen_in(chunk, Lane::Near)
}

pub(super) fn seen_in(chunk: Chunk, lane: Lane) -> Owned {
    Owned::Plain(Item::Seen { chunk, lane, baseline: 0xabc })
}

pub(super) fn close(slot: u16) -> Owned {
    Owned::Plain(Item::Close { slot: Slot(slot) })
}

pub(super) fn ack(seq: u32, at: Position, motion: Motion, corrected: bool) -> Owned {
    Owned::Plain(Item::Ack(Ack { seq, at, motion, corrected }))
}

pub(super) fn key(slot: u16, chunk: Chunk, lane: Lane, enters: &[Enter]) -> Owned {
    let mut body = Vec::new();
    Body { enters: enters.to_vec(), ..Body::default() }.encode(chunk, &mut body);
    Owned::Key { slot, chunk, lane, body }
}

pub(super) fn frame(slot: u16, chunk: Chunk, (late, back): (u64, u64), records: &Body) -> Owned {
    let mut body = Vec::new();
    records.encode(chunk, &mut body);
    Owned::Frame { slot, late, back, body }
}

pub(super) fn moved(handle: u16, at: Position, motion: Motion) -> Body {
    Body { moves: vec![Move { handle: Handle(handle), at, motion }], ..Body::default() }
}

pub(super) fn left(handle: u16, hop: u32, to: protocol::frame::Destination) -> Body {
    Body { leaves: vec![Leave { handle: Handle(handle), hop: Hop(hop), to }], ..Body::default() }
}
