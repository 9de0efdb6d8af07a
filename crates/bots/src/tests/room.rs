//! A room: a toy server of one chunk with two doors, which call themselves two nodes. It runs on a thread of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::client::{Baseline, Closing, GetBaseline, Input, Pong, Reply, ToClient, ToServer, Welcome};
use protocol::envelope::{self, Context, Kind};
use protocol::frame::{Body, Destination, Enter, Handle, Leave, Look, Move};
use protocol::limits::CLIENT_MESSAGE_BYTES;
use protocol::things::{Agree, Agreed, Deed, Offer, Offered};
use protocol::tick::{Ack, Item, Lane, Slot};
use protocol::wire::Put;
use protocol::{Code, Envelope, Incarnation, Splitter, StreamId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use world::{Chunk, EntityId, Epoch, Hop, IslandId, Millis, Motion, Position};

use super::market::{Fault, Market, Person};

const CHUNK: Chunk = Chunk::new(3, 3);
const TICK_MS: u64 = 100;

/// What the room does besides serving.
#[derive(Clone, Copy, Default)]
pub(super) struct Script {
    /// Cuts everybody at the first door once, so many milliseconds after the start.
    pub(super) cut_first_door_after_ms: Option<u64>,
    /// Refuses everybody with this code.
    pub(super) refuse: Option<Code>,
    /// Forgets to send every fifth frame.
    pub(super) lose_frames: bool,
    /// Has a market, with this fault.
    pub(super) market: Option<Fault>,
}

/// A running room; it ends when this is dropped.
pub(super) struct Room {
    pub(super) addresses: Vec<String>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<(u64, Option<Market>)>>,
}

impl Room {
    pub(super) fn open(script: Script) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let local = tokio::task::LocalSet::new();
            let market = script.market.map(|fault| Market::open(CHUNK, fault));
            let state = Rc::new(RefCell::new(State { script, market, ..State::default() }));
            local.block_on(&runtime, serve(Rc::clone(&state), tell, ended));
            let mut state = state.borrow_mut();
            (state.byes, state.market.take())
        });
        let addresses: Vec<SocketAddr> = told.recv().expect("the doors open");
        Self { addresses: addresses.iter().map(ToString::to_string).collect(), end: Some(end), thread: Some(thread) }
    }

    /// Ends the room. Returns how many said goodbye.
    pub(super) fn close(self) -> u64 {
        self.end().0
    }

    /// Ends the room. Returns its market.
    pub(super) fn close_market(self) -> Market {
        self.end().1.expect("it had a market")
    }

    fn end(mut self) -> (u64, Option<Market>) {
        drop(self.end.take());
        self.thread.take().expect("closed once").join().expect("the room does not panic")
    }
}

struct Guest {
    name: String,
    entity: EntityId,
    epoch: Epoch,
    door: u64,
    out: mpsc::UnboundedSender<Vec<u8>>,
    at: Position,
    motion: Motion,
    judged: Option<Ack>,
    fresh: bool,
    moved: bool,
}

#[derive(Default)]
struct State {
    script: Script,
    market: Option<Market>,
    /// The avatars by name, with how often each came.
    avatars: BTreeMap<String, (EntityId, Epoch)>,
    guests: BTreeMap<u16, Guest>,
    left: Vec<u16>,
    next: u16,
    last_change: u64,
    byes: u64,
    frames: u64,
}

async fn serve(
    state: Rc<RefCell<State>>,
    tell: std::sync::mpsc::Sender<Vec<SocketAddr>>,
    ended: oneshot::Receiver<()>,
) {
    let mut addresses = Vec::new();
    for door in 1..=2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        addresses.push(listener.local_addr().expect("bound"));
        tokio::task::spawn_local(accept(Rc::clone(&state), listener, door));
    }
    tell.send(addresses).expect("the test waits");
    tokio::select! {
        () = tick(state) => {}
        _ = ended => {}
    }
}

async fn accept(state: Rc<RefCell<State>>, listener: TcpListener, door: u64) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(guest(Rc::clone(&state), stream, door));
    }
}

async fn guest(state: Rc<RefCell<State>>, mut stream: TcpStream, door: u64) {
    let (out, mut outgoing) = mpsc::unbounded_channel::<Vec<u8>>();
    let (mut splitter, mut me) = (Splitter::new(CLIENT_MESSAGE_BYTES), None);
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => match read {
                Ok(n) if n > 0 => splitter.push(&buffer[..n]),
                _ => break,
            },
            bytes = outgoing.recv() => {
                let Some(bytes) = bytes else { break };
                if bytes.is_empty() || stream.write_all(&bytes).await.is_err() {
                    break;
                }
            }
        }
        while let Ok(Some(message)) = splitter.next_message() {
            let envelope = Envelope::parse(message, CLIENT_MESSAGE_BYTES).expect("whole");
            let said = ToServer::decode(&envelope).expect("well formed").expect("known");
            state.borrow_mut().hear(&mut me, &out, door, envelope.context, said);
        }
    }
    if let Some(handle) = me {
        let mut state = state.borrow_mut();
        state.guests.remove(&handle);
        state.left.push(handle);
    }
}

async fn tick(state: Rc<RefCell<State>>) {
    let started = unix_ms();
    let mut clock = tokio::time::interval(Duration::from_millis(TICK_MS));
    loop {
        clock.tick().await;
        state.borrow_mut().tick(unix_ms() - started);
    }
}

impl State {
    fn hear(
        &mut self,
        me: &mut Option<u16>,
        out: &mpsc::UnboundedSender<Vec<u8>>,
        door: u64,
        context: Context,
        said: ToServer,
    ) {
        let request = Context { request: context.request, ..Context::default() };
        match said {
            ToServer::Hello(hello) => self.enter(me, out, door, hello.name),
            ToServer::Input(input) => {
                if let Some(guest) = me.and_then(|h| self.guests.get_mut(&h)) {
                    guest.judge(&input);
                }
            }
            ToServer::Ping(ping) => {
                say(out, request, &ToClient::Pong(Pong { client_ms: ping.client_ms, server_ms: unix_ms() }));
            }
            ToServer::Dress(_) => {
                say(out, request, &ToClient::Reply(Reply { code: 0, meaning: 0, retry_after_ms: 0 }));
            }
            ToServer::Bye => self.byes += 1,
            ToServer::GetBaseline(GetBaseline { cx, cy }) => {
                if let Some(bytes) = self.market.as_ref().map(Market::baseline) {
                    let hash = world::Baseline::content_hash(&bytes);
                    say(out, request, &ToClient::Baseline(Baseline { cx, cy, hash, bytes }));
                }
            }
            ToServer::Deed(deed) => self.deed(*me, out, request, &deed),
            ToServer::Offer(offer) => self.offer(*me, &offer),
            ToServer::Agree(agree) => self.agree(*me, agree),
            ToServer::Speak(_) | ToServer::Follow(_) | ToServer::Freeze(_) => {}
        }
    }

    fn deed(&mut self, me: Option<u16>, out: &mpsc::UnboundedSender<Vec<u8>>, request: Context, deed: &Deed) {
        let Some(who) = me.and_then(|handle| self.guests.get(&handle)).map(Guest::person) else { return };
        let partner = self.guests.values().find(|guest| guest.entity.0 == deed.partner).map(Guest::person);
        let Some(market) = &mut self.market else { return };
        let reply = market.perform(Millis(unix_ms()), &who, partner.as_ref(), request.request, deed);
        say(out, request, &ToClient::DeedReply(reply));
        let pages = market.pages();
        for guest in self.guests.values().filter(|guest| !guest.fresh) {
            if guest.entity == who.entity || partner.as_ref().is_some_and(|p| p.entity == guest.entity) {
                say(&guest.out, Context::default(), &ToClient::Bag(market.bag(&guest.name)));
            }
            pages.iter().for_each(|page| say(&guest.out, Context::default(), &ToClient::Page(page.clone())));
        }
    }

    fn offer(&mut self, me: Option<u16>, offer: &Offer) {
        let by = me.and_then(|handle| self.guests.get(&handle)).map(|guest| guest.entity);
        let to = self.guests.values().find(|guest| guest.entity.0 == offer.to);
        if let (Some(by), Some(to), Some(market)) = (by, to, &mut self.market) {
            let number = market.offer(by, offer);
            let (gives, takes) = (offer.gives.clone(), offer.takes.clone());
            say(&to.out, Context::default(), &ToClient::Offered(Offered { by: by.0, number, gives, takes }));
        }
    }

    fn agree(&mut self, me: Option<u16>, Agree { by, number }: Agree) {
        let Some(who) = me.and_then(|handle| self.guests.get(&handle)).map(|guest| guest.entity) else { return };
        let agreed = self.market.as_mut().and_then(|market| market.agree(who, number));
        let offerer = self.guests.values().find(|guest| guest.entity.0 == by);
        if let (Some(Offer { gives, takes, .. }), Some(offerer)) = (agreed, offerer) {
            say(&offerer.out, Context::default(), &ToClient::Agreed(Agreed { by: who.0, gives, takes }));
        }
    }

    fn enter(&mut self, me: &mut Option<u16>, out: &mpsc::UnboundedSender<Vec<u8>>, door: u64, name: String) {
        if let Some(code) = self.script.refuse {
            let (code, meaning) = (code as u16, code.meaning() as u8);
            return say(out, Context::default(), &ToClient::Closing(Closing { code, meaning, retry_after_ms: 0 }));
        }
        self.next += 1;
        let handle = self.next;
        *me = Some(handle);
        let at = CHUNK.origin().offset(1_800, 1_800);
        let fresh = EntityId(self.avatars.len() as u64 + 1);
        let (entity, epoch) = self.avatars.entry(name.clone()).or_insert((fresh, Epoch(0)));
        *epoch = epoch.next();
        let (entity, epoch) = (*entity, *epoch);
        let next_request = self.market.as_mut().map_or(1, |market| {
            market.welcome(&name);
            market.next_request(&name)
        });
        let guest = Guest {
            name: name.clone(),
            entity,
            epoch,
            door,
            out: out.clone(),
            at,
            motion: Motion::default(),
            judged: None,
            fresh: true,
            moved: false,
        };
        self.guests.insert(handle, guest);
        let welcome = Welcome {
            version: 1,
            entity: entity.0,
            next_request,
            tick_hz: 10,
            server_ms: unix_ms(),
            island: 1,
            seed: 1,
            generator: 1,
            size_chunks: 8,
            x: at.x,
            y: at.y,
            tint: 0,
            view_near: 1,
            view_far: 1,
            far_every: 5,
            node: door,
            alternatives: Vec::new(),
            ticket: Vec::new(),
            software: "room".into(),
        };
        say(out, Context::default(), &ToClient::Welcome(welcome));
        if let Some(market) = &self.market {
            say(out, Context::default(), &ToClient::Bag(market.bag(&name)));
        }
    }

    fn tick(&mut self, since_start_ms: u64) {
        let tick = unix_ms() / TICK_MS;
        if self.script.cut_first_door_after_ms.is_some_and(|ms| ms <= since_start_ms) {
            self.script.cut_first_door_after_ms = None;
            let first = self.guests.values().filter(|g| g.door == 1);
            first.for_each(|g| drop(g.out.send(Vec::new())));
        }
        let frame = self.frame(tick);
        let key = self.key();
        let baseline = self.market.as_ref().map_or(1, |market| world::Baseline::content_hash(&market.baseline()));
        let pages = self.market.as_ref().map_or_else(Vec::new, Market::pages);
        for guest in self.guests.values_mut() {
            let fresh = guest.fresh;
            let mut bytes = Vec::new();
            envelope::write(&mut bytes, Kind::Tick, Context::default(), |out| {
                out.put_u64(tick);
                guest.judged.take().into_iter().for_each(|ack| Item::Ack(ack).encode(out));
                if std::mem::take(&mut guest.fresh) {
                    Item::Seen { chunk: CHUNK, lane: Lane::Near, baseline }.encode(out);
                    let publisher = Incarnation(guest.door);
                    let stream = StreamId { publisher, island: IslandId(1), chunk: CHUNK, sub: 0 };
                    Item::Key { slot: Slot(1), stream, lane: Lane::Near, body: &key }.encode(out);
                } else if let Some((back, body)) = &frame {
                    Item::Frame { slot: Slot(1), late: 0, back: *back, body }.encode(out);
                }
            });
            // A guest that has just gone is removed by its own task.
            let _ = guest.out.send(bytes);
            let pages = pages.iter().filter(|_| fresh);
            pages.for_each(|page| say(&guest.out, Context::default(), &ToClient::Page(page.clone())));
        }
    }

    /// What changed, for those who were there before.
    fn frame(&mut self, tick: u64) -> Option<(u64, Vec<u8>)> {
        let mut records = Body::default();
        for (handle, guest) in &mut self.guests {
            let (handle, moved) = (Handle(*handle), std::mem::take(&mut guest.moved));
            if guest.fresh {
                records.enters.push(guest.enter(handle));
            } else if moved {
                records.moves.push(Move { handle, at: guest.at, motion: guest.motion });
            }
        }
        let leave = |h: u16| Leave { handle: Handle(h), hop: Hop(0), to: Destination::Gone };
        records.leaves = self.left.drain(..).map(leave).collect();
        if records.is_empty() {
            return None;
        }
        let back = if self.last_change == 0 { 0 } else { tick - self.last_change };
        self.last_change = tick;
        self.frames += 1;
        if self.script.lose_frames && self.frames.is_multiple_of(5) {
            return None;
        }
        let mut body = Vec::new();
        records.encode(CHUNK, &mut body);
        Some((back, body))
    }

    fn key(&self) -> Vec<u8> {
        let enters = self.guests.iter().map(|(handle, guest)| guest.enter(Handle(*handle))).collect();
        let mut body = Vec::new();
        Body { enters, ..Body::default() }.encode(CHUNK, &mut body);
        body
    }
}

impl Guest {
    /// A claim within the chunk holds, whatever the distance; any other is put back.
    fn judge(&mut self, input: &Input) {
        let (claimed, motion) = (Position::new(input.x, input.y), Motion::from_byte(input.motion));
        let corrected = !CHUNK.keeps(claimed);
        (self.at, self.motion) = if corrected { (self.at, motion.stopped()) } else { (claimed, motion) };
        self.moved = true;
        self.judged = Some(Ack { seq: input.seq, at: self.at, motion: self.motion, corrected });
    }

    fn person(&self) -> Person {
        Person { name: self.name.clone(), entity: self.entity, place: self.at }
    }

    fn enter(&self, handle: Handle) -> Enter {
        Enter {
            handle,
            entity: self.entity,
            epoch: self.epoch,
            hop: Hop(0),
            at: self.at,
            motion: self.motion,
            look: Look { kind: 0, tint: 0, name: format!("g{}", handle.0) },
        }
    }
}

fn say(out: &mpsc::UnboundedSender<Vec<u8>>, context: Context, message: &ToClient<'_>) {
    let mut bytes = Vec::new();
    message.encode(context, &mut bytes);
    // Who has gone hears nothing.
    let _ = out.send(bytes);
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(0))
}
