//! Two nodes, one store and one raw client that follows invitations, in virtual time. Every step of a handover is
//! counted, and at one of them something goes wrong.

use std::collections::{BTreeMap, VecDeque};

use protocol::client::{Dress, Hello, Input as Step, ToClient, ToServer};
use protocol::envelope::Context;
use protocol::handover::{Follow, Freeze, Invite};
use protocol::mesh::MeshMessage;
use protocol::{Code, Envelope, Incarnation, Kind, limits};
use store::{MemoryStore, Reply, Request};
use world::island::GeneratorVersion;
use world::{Island, IslandId, IslandPlan, Millis, Motion, Planted, Position};

use crate::avatar::{AVATAR_SCHEMA, AvatarBody, avatar_key, entity_of};
use crate::io::{ConnId, Effect, Input, OpId};
use crate::ports::mesh::MeshLane;
use crate::{Config, Node};

pub const NAME: &str = "mira";
/// Milliseconds after which everything must be in order again, whatever happened.
pub const SETTLE_MS: u64 = 25_000;
/// Milliseconds between two looks at the clock.
const STEP_MS: u64 = 20;
/// Milliseconds for which mira waits for a welcome.
const GREETING_MS: u64 = 8_000;
/// Milliseconds from a store's silence to `Unknown`.
const SILENT_STORE_MS: u64 = 2_000;

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// S dies instead of taking the step.
    KillS,
    /// T dies.
    KillT,
    /// The client dies.
    KillClient,
    /// The message, or the store's reply, is lost. A store's request takes effect; a client's connection breaks.
    Lose,
    /// The request never takes effect, and its outcome stays unknown.
    LoseRequest,
    /// The request takes effect late, and its outcome stays unknown.
    Late,
    /// From now on the two nodes do not hear each other.
    Cut,
}

pub const FAULTS: [Fault; 7] =
    [Fault::KillS, Fault::KillT, Fault::KillClient, Fault::Lose, Fault::LoseRequest, Fault::Late, Fault::Cut];

enum Parcel {
    ToNode(usize, Input),
    FromStore(usize, OpId, Request),
    ToClient(usize, ConnId, Vec<u8>),
    Closed(ConnId),
}

/// The raw client.
#[derive(Debug, Default)]
pub struct Mira {
    pub alive: bool,
    pub follows: bool,
    first: Option<(usize, ConnId)>,
    second: Option<(usize, ConnId)>,
    invite: Option<Invite>,
    frozen_at: Option<Millis>,
    welcomed: bool,
    resume_at: Option<Millis>,
    entered_at: Millis,
    pinged_at: Millis,
    pub position: Position,
    seq: u32,
    next_request: u32,
    unanswered: BTreeMap<u32, u8>,
    pub done: Vec<u32>,
    pub welcomes: u32,
    pub stays: u32,
    pub corrections: u32,
    pub replaced: bool,
}

pub struct Ferry {
    pub now: Millis,
    pub nodes: [Option<Node>; 2],
    pub store: MemoryStore,
    queue: VecDeque<Parcel>,
    pending: Vec<(Millis, usize, OpId)>,
    late: Vec<(Millis, Request)>,
    pub mira: Mira,
    last_conn: u64,
    counting_until: Millis,
    pub steps: Vec<String>,
    pub fault: Option<(usize, Fault)>,
    cut: bool,
}

pub fn incarnation(node: usize) -> Incarnation {
    Incarnation::new(node as u16, 0, 1)
}

impl Ferry {
    /// Both nodes are up and warm, and mira plays on the first.
    pub fn new(planted: Planted) -> Self {
        let plan = IslandPlan { seed: 7, size_chunks: 24, version: GeneratorVersion::LATEST };
        let island = Island::new(plan).unwrap();
        let now = Millis(1_800_000_000_000);
        let node = |n: usize| {
            let config = Config { planted, affinity: None, ..Config::new(incarnation(n), IslandId(1), island.clone()) };
            Some(Node::new(config, now))
        };
        let mut ferry = Self {
            now,
            nodes: [node(0), node(1)],
            store: MemoryStore::new(),
            queue: VecDeque::new(),
            pending: Vec::new(),
            late: Vec::new(),
            mira: Mira { alive: true, follows: true, next_request: 1, ..Mira::default() },
            last_conn: 0,
            counting_until: Millis(0),
            steps: Vec::new(),
            fault: None,
            cut: false,
        };
        for n in 0..2 {
            let up = Input::PeerUp { peer: incarnation(1 - n), client_address: format!("{}", 1 - n) };
            ferry.feed(n, up);
        }
        ferry.enter(0);
        ferry.pass(3_000);
        assert!(ferry.mira.welcomed, "mira is in the world");
        ferry
    }

    /// Hands mira over to the other node, with a fault at one of the steps.
    pub fn hand_over(&mut self, fault: Option<(usize, Fault)>) {
        let (node, conn) = self.mira.first.expect("mira plays");
        (self.counting_until, self.fault) = (self.now + 8_000, fault);
        self.feed(node, Input::HandOver { conn, to: incarnation(1 - node) });
    }

    /// The node that serves mira's first connection.
    pub fn served_by(&self) -> Option<usize> {
        self.mira.first.filter(|_| self.mira.welcomed).map(|(node, _)| node)
    }

    pub fn stored(&self) -> AvatarBody {
        match self.store.apply(Request::Get { key: avatar_key(NAME) }) {
            Reply::Found { document, .. } => document.read(AVATAR_SCHEMA).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The living nodes that hold mira's avatar, with its epoch.
    pub fn holders(&self) -> Vec<(usize, u32)> {
        let holds = |(n, node): (usize, &Option<Node>)| {
            let avatar = node.as_ref()?.authority.get(entity_of(NAME))?;
            Some((n, avatar.epoch.0))
        };
        self.nodes.iter().enumerate().filter_map(holds).collect()
    }

    pub fn pass(&mut self, ms: u64) {
        for _ in 0..ms / STEP_MS {
            self.now = self.now + STEP_MS;
            let now = self.now;
            for (_, request) in self.late.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
                self.store.apply(request);
            }
            for (_, node, op) in self.pending.extract_if(.., |(at, ..)| *at <= now).collect::<Vec<_>>() {
                self.feed(node, Input::Store { op, reply: Reply::Unknown });
            }
            for node in 0..2 {
                self.feed(node, Input::Wake);
            }
            self.mira_acts();
        }
    }

    pub fn feed(&mut self, node: usize, input: Input) {
        self.queue.push_back(Parcel::ToNode(node, input));
        while let Some(parcel) = self.queue.pop_front() {
            self.deliver(parcel);
        }
    }

    fn deliver(&mut self, parcel: Parcel) {
        let fault = self.step(&parcel);
        match (fault, parcel) {
            (Some(Fault::Lose), Parcel::FromStore(node, op, request)) => {
                self.store.apply(request);
                self.pending.push((self.now + SILENT_STORE_MS, node, op));
            }
            (Some(Fault::LoseRequest), Parcel::FromStore(node, op, _)) => {
                self.pending.push((self.now + SILENT_STORE_MS, node, op));
            }
            (Some(Fault::Late), Parcel::FromStore(node, op, request)) => {
                self.late.push((self.now + SILENT_STORE_MS + 1_000, request));
                self.pending.push((self.now + SILENT_STORE_MS, node, op));
            }
            (Some(Fault::Lose | Fault::LoseRequest | Fault::Late), Parcel::ToClient(node, conn, _))
            | (
                Some(Fault::Lose | Fault::LoseRequest | Fault::Late),
                Parcel::ToNode(node, Input::Message { conn, .. }),
            ) => {
                self.queue.push_back(Parcel::Closed(conn));
                self.queue.push_back(Parcel::ToNode(node, Input::Closed { conn }));
            }
            (Some(Fault::Lose | Fault::LoseRequest | Fault::Late), _) => {}
            (_, Parcel::ToNode(node, input)) => self.hand_to_node(node, input),
            (_, Parcel::FromStore(node, op, request)) => {
                let reply = self.store.apply(request);
                self.hand_to_node(node, Input::Store { op, reply });
            }
            (_, Parcel::ToClient(node, conn, bytes)) => self.mira_hears(node, conn, &bytes),
            (_, Parcel::Closed(conn)) => self.hung_up(conn),
        }
    }

    /// Counts a step of the handover, and lets happen what is to go wrong there.
    fn step(&mut self, parcel: &Parcel) -> Option<Fault> {
        let name = if self.now < self.counting_until { step_name(parcel) } else { None }?;
        let index = self.steps.len();
        self.steps.push(name);
        let (_, fault) = self.fault.filter(|(at, _)| *at == index)?;
        match fault {
            Fault::KillS => self.kill(0),
            Fault::KillT => self.kill(1),
            Fault::KillClient => self.kill_mira(),
            Fault::Cut => self.cut = true,
            Fault::Lose | Fault::LoseRequest | Fault::Late => {}
        }
        Some(fault)
    }

    fn hand_to_node(&mut self, node: usize, input: Input) {
        if self.cut && matches!(input, Input::Mesh { .. }) {
            return;
        }
        let Some(machine) = &mut self.nodes[node] else { return };
        machine.handle(self.now, input);
        let effects: Vec<Effect> = std::iter::from_fn(|| machine.poll_effect()).collect();
        for effect in effects {
            self.carry_out(node, effect);
        }
    }

    fn carry_out(&mut self, node: usize, effect: Effect) {
        let mesh = |lane, bytes| Parcel::ToNode(1 - node, Input::Mesh { from_host: node as u16, lane, bytes });
        match effect {
            Effect::Publish { bytes, .. } => self.queue.push_back(mesh(MeshLane::Ordered, bytes)),
            Effect::Send { bytes, .. } => self.queue.push_back(mesh(MeshLane::Direct, bytes)),
            Effect::Store { op, request } => self.queue.push_back(Parcel::FromStore(node, op, request)),
            Effect::Write { conn, mut control, frames, shared } => {
                control.extend_from_slice(&frames);
                shared.iter().for_each(|part| control.extend_from_slice(part));
                // One parcel a message, so that each can be lost or be the last.
                let mut bytes = &control[..];
                while let Some((_, used)) = Envelope::split(bytes, limits::SERVER_MESSAGE_BYTES).unwrap() {
                    self.queue.push_back(Parcel::ToClient(node, conn, bytes[..used].to_vec()));
                    bytes = &bytes[used..];
                }
            }
            Effect::Close { conn, .. } => self.queue.push_back(Parcel::Closed(conn)),
            Effect::Subscribe { .. } | Effect::Unsubscribe { .. } | Effect::Note(_) => {}
        }
    }

    fn kill(&mut self, node: usize) {
        self.nodes[node] = None;
        let conns = [self.mira.first, self.mira.second].into_iter().flatten();
        for (_, conn) in conns.filter(|(n, _)| *n == node).collect::<Vec<_>>() {
            self.queue.push_back(Parcel::Closed(conn));
        }
        self.queue.push_back(Parcel::ToNode(1 - node, Input::PeerVanished { peer: incarnation(node) }));
    }

    fn kill_mira(&mut self) {
        self.mira.alive = false;
        for (node, conn) in [self.mira.first.take(), self.mira.second.take()].into_iter().flatten() {
            self.queue.push_back(Parcel::ToNode(node, Input::Closed { conn }));
        }
    }

    // --- the client ---

    fn connect(&mut self, node: usize) -> ConnId {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        self.queue.push_back(Parcel::ToNode(node, Input::Opened { conn }));
        conn
    }

    fn enter(&mut self, node: usize) {
        let conn = self.connect(node);
        (self.mira.first, self.mira.welcomed, self.mira.frozen_at) = (Some((node, conn)), false, None);
        self.mira.entered_at = self.now;
        let hello = Hello { oldest: 1, newest: 1, name: NAME.into(), ticket: Vec::new() };
        self.say((node, conn), 0, &ToServer::Hello(hello));
    }

    fn say(&mut self, (node, conn): (usize, ConnId), request: u32, message: &ToServer) {
        let mut bytes = Vec::new();
        message.encode(Context { request, ..Context::default() }, &mut bytes);
        self.queue.push_back(Parcel::ToNode(node, Input::Message { conn, bytes }));
    }

    /// Mira asks for a deed, sent now or as soon as she may.
    pub fn dress(&mut self, tint: u8) {
        let request = self.mira.next_request;
        self.mira.next_request += 1;
        self.mira.unanswered.insert(request, tint);
        self.send_deeds();
        self.feed(0, Input::Wake);
    }

    fn send_deeds(&mut self) {
        let Some(first) = self.mira.first.filter(|_| self.mira.welcomed && self.mira.frozen_at.is_none()) else {
            return;
        };
        for (request, tint) in self.mira.unanswered.clone() {
            self.say(first, request, &ToServer::Dress(Dress { tint }));
        }
    }

    pub fn walk(&mut self, motion: Motion) {
        let Some(first) = self.mira.first else { return };
        self.mira.seq += 1;
        let Position { x, y } = self.mira.position;
        self.say(first, 0, &ToServer::Input(Step { seq: self.mira.seq, x, y, motion: motion.to_byte() }));
        self.feed(first.0, Input::Wake);
    }

    fn mira_hears(&mut self, node: usize, conn: ConnId, bytes: &[u8]) {
        let here = Some((node, conn));
        let (first, second) = (self.mira.first == here, self.mira.second == here);
        if !self.mira.alive || !(first || second) {
            return;
        }
        let envelope = Envelope::parse(bytes, limits::SERVER_MESSAGE_BYTES).unwrap();
        match ToClient::decode(&envelope).unwrap() {
            Some(ToClient::Welcome(welcome)) => {
                if second && let Some((node, conn)) = self.mira.first.take() {
                    self.queue.push_back(Parcel::ToNode(node, Input::Closed { conn }));
                }
                (self.mira.first, self.mira.second) = (here, if second { None } else { self.mira.second });
                (self.mira.welcomed, self.mira.frozen_at) = (true, None);
                self.mira.position = Position::new(welcome.x, welcome.y);
                self.mira.next_request = self.mira.next_request.max(welcome.next_request);
                self.mira.welcomes += 1;
                self.send_deeds();
            }
            Some(ToClient::Invite(invite)) if first && self.mira.follows => {
                let to = invite.address.parse().unwrap();
                let conn = self.connect(to);
                self.mira.second = Some((to, conn));
                let token = invite.token.clone();
                self.mira.invite = Some(invite);
                self.say((to, conn), 0, &ToServer::Follow(Follow { oldest: 1, newest: 1, name: NAME.into(), token }));
            }
            Some(ToClient::Ready) if second => {
                let (Some(first), Some(invite)) = (self.mira.first, &self.mira.invite) else { return };
                let freeze = Freeze { handover: invite.handover, seq: self.mira.seq };
                self.mira.frozen_at = Some(self.now);
                self.say(first, 0, &ToServer::Freeze(freeze));
            }
            Some(ToClient::Stay) if first => {
                self.mira.frozen_at = None;
                self.mira.stays += 1;
                self.drop_second();
                self.send_deeds();
            }
            Some(ToClient::Reply(reply))
                if reply.code == 0 && self.mira.unanswered.remove(&envelope.context.request).is_some() =>
            {
                self.mira.done.push(envelope.context.request);
            }
            Some(ToClient::Closing(closing)) if first && closing.code == Code::Replaced as u16 => {
                self.mira.replaced = true;
            }
            Some(ToClient::Tick(payload)) => {
                let items = protocol::tick::Items::parse(payload).unwrap();
                let corrected = |i: &protocol::tick::Item<'_>| matches!(i, protocol::tick::Item::Ack(a) if a.corrected);
                self.mira.corrections += items.map(Result::unwrap).filter(corrected).count() as u32;
            }
            _ => {}
        }
    }

    fn drop_second(&mut self) {
        if let Some((node, conn)) = self.mira.second.take() {
            self.queue.push_back(Parcel::ToNode(node, Input::Closed { conn }));
        }
    }

    fn hung_up(&mut self, conn: ConnId) {
        if self.mira.second.is_some_and(|(_, c)| c == conn) {
            self.mira.second = None;
        } else if self.mira.first.is_some_and(|(_, c)| c == conn) {
            self.mira.first = None;
            self.mira.welcomed = false;
            let waits = self.mira.frozen_at.is_some() && self.mira.second.is_some();
            self.mira.resume_at = Some(self.now + if waits { 3_000 } else { 200 });
        }
    }

    fn mira_acts(&mut self) {
        if !self.mira.alive || self.mira.replaced {
            return;
        }
        let now = self.now;
        if self.mira.frozen_at.is_some_and(|at| now.since(at) > 12_000) {
            if let Some((node, conn)) = self.mira.first.take() {
                self.queue.push_back(Parcel::ToNode(node, Input::Closed { conn }));
            }
            (self.mira.frozen_at, self.mira.resume_at) = (None, Some(now));
        }
        if now.since(self.mira.pinged_at) >= 5_000 {
            self.mira.pinged_at = now;
            let ping = ToServer::Ping(protocol::client::Ping { client_ms: now.0 });
            let conns = [self.mira.first, self.mira.second];
            conns.into_iter().flatten().for_each(|at| self.say(at, 0, &ping));
        }
        let unwelcome = !self.mira.welcomed && now.since(self.mira.entered_at) >= GREETING_MS;
        if let Some((node, conn)) = self.mira.first.filter(|_| unwelcome) {
            (self.mira.first, self.mira.resume_at) = (None, Some(now));
            self.queue.push_back(Parcel::ToNode(node, Input::Closed { conn }));
        }
        if self.mira.first.is_some() {
            self.mira.resume_at = None;
        } else if self.mira.resume_at.is_some_and(|at| at <= now) {
            self.drop_second();
            self.mira.resume_at = Some(now + 2_000);
            if let Some(node) = (0..2).rev().find(|n| self.nodes[*n].is_some()) {
                self.enter(node);
            }
        }
        if !self.queue.is_empty() {
            self.feed(0, Input::Wake);
        }
    }
}

/// What a step is called, `None` for what is no step of a handover.
fn step_name(parcel: &Parcel) -> Option<String> {
    match parcel {
        Parcel::ToNode(node, Input::Mesh { bytes, .. }) => match MeshMessage::peek(bytes) {
            Ok(Some((kind, _))) if kind >= Kind::Prepare => Some(format!("{kind:?} to {node}")),
            _ => None,
        },
        Parcel::ToNode(node, Input::Message { bytes, .. }) => {
            let kind = Envelope::parse(bytes, limits::CLIENT_MESSAGE_BYTES).unwrap().known()?;
            matches!(kind, Kind::Follow | Kind::Freeze | Kind::Dress).then(|| format!("{kind:?} to {node}"))
        }
        Parcel::FromStore(node, _, request) if *request.key() == avatar_key(NAME) => {
            let verb = if request.writes() { "write" } else { "read" };
            Some(format!("{verb} by {node}"))
        }
        Parcel::ToClient(node, _, bytes) => {
            let kind = Envelope::parse(bytes, limits::SERVER_MESSAGE_BYTES).unwrap().known()?;
            let named =
                matches!(kind, Kind::Invite | Kind::Ready | Kind::Stay | Kind::Welcome | Kind::Closing | Kind::Reply);
            named.then(|| format!("{kind:?} from {node}"))
        }
        Parcel::ToNode(..) | Parcel::FromStore(..) | Parcel::Closed(_) => None,
    }
}
