//! The run: one queue of happenings in virtual time, and everything that they lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use client::{ClientEffect, ClientInput, Ending, Event};
use node::ports::mesh::MeshLane;
use node::{ConnId, Counters, Effect, Input, OpId};
use store::faulty::{Fate, FaultyStore};
use store::{MemoryStore, Reply, Request};
use world::{Island, Millis, Planted, TickRate};

use crate::checkers::{Checkers, Scene};
use crate::cluster::{Link, SOCKET_BYTES, SimHost, address, host_of};
use crate::dice::Dice;
use crate::digest::RunDigest;
use crate::mesh::{Cut, SimMesh};
use crate::plan::{self, Almanac, Fault, Planned, Weather};
use crate::players::{self, Player};
use crate::report::{FaultCount, Report};
use crate::scenario::{Scenario, ScenarioError};

/// The moment at which every run begins: early in 2027.
const BEGINNING: Millis = Millis(1_800_000_000_000);
/// Milliseconds from a node's death until its record has vanished from the directory, from and to.
const LEASE_MS: [u64; 2] = [2_000, 5_000];
/// Of a thousand players whose node dies, so many stay away for a while.
const GIVE_UP_PER_MILLE: u32 = 250;
/// For how many milliseconds, from and to.
const AWAY_MS: [u64; 2] = [20_000, 40_000];
/// Of a thousand nodes that die, so many stay down as long.
const LONG_DOWN_PER_MILLE: u32 = 350;
/// Milliseconds from the flush of a tick to the checkers' look at it.
const LOOK_AFTER_MS: u64 = 45;

/// Who asked the store.
type Operation = (u16, u64, OpId);

/// What happens next.
#[derive(Debug)]
enum Happening {
    WakeNode(u16),
    ToNode { host: u16, life: u64, input: Input },
    Resume(u16),
    Restart(u16),
    WakePlayer(usize),
    Decide(usize),
    Connect { player: usize, link: u64, host: Option<u16> },
    ToServer { link: u64, bytes: Vec<u8> },
    ToClient { link: u64, bytes: Vec<u8> },
    ServerGone { link: u64 },
    ClientGone { link: u64 },
    StoreWork,
    Strike(usize),
    Lift(usize),
    PlayAgain(usize),
    Leave(usize),
    Look,
}

struct World<'a> {
    scenario: &'a Scenario,
    island: Island,
    rate: TickRate,
    planted: Planted,
    almanac: Almanac,
    plan: Vec<Planned>,
    now: Millis,
    queue: BTreeMap<(Millis, u64), Happening>,
    last_happening: u64,
    hosts: Vec<SimHost>,
    mesh: SimMesh,
    store: FaultyStore<Operation, Box<dyn FnMut(Millis, &Request) -> Fate>>,
    players: Vec<Player>,
    links: BTreeMap<u64, Link>,
    last_link: u64,
    chance: Dice,
    checkers: Checkers,
    digest: RunDigest,
    fired: FaultCount,
    /// Totals of nodes that died.
    dead: Counters,
}

/// Runs a scenario.
///
/// # Errors
/// The scenario describes no possible island.
pub fn run(
    scenario: &Scenario,
    seed: u64,
    planted: Planted,
    plant: Option<&'static str>,
) -> Result<Report, ScenarioError> {
    let mut world = World::new(scenario, seed, planted)?;
    world.begin();
    let end = BEGINNING + scenario.course.seconds * 1000;
    while let Some(((at, _), happening)) = world.queue.pop_first() {
        if at > end {
            break;
        }
        world.now = at;
        world.happen(happening);
    }
    Ok(world.report(seed, plant))
}

/// The faults that a seed plans, without running them.
///
/// # Errors
/// The scenario describes no possible island.
pub(crate) fn planned(scenario: &Scenario, seed: u64) -> Vec<Planned> {
    plan::draw(scenario, &Almanac::new(scenario), &mut Dice::new(seed, 1))
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, seed: u64, planted: Planted) -> Result<Self, ScenarioError> {
        let island = scenario.island()?;
        let almanac = Almanac::new(scenario);
        let plan = planned(scenario, seed);
        let fates = fates(scenario, &almanac, Dice::new(seed, 2));
        let hosts: Vec<SimHost> = (0..scenario.world.nodes).map(SimHost::new).collect();
        let addresses: Vec<String> = hosts.iter().map(SimHost::address).collect();
        let home = players::home(&island);
        let players = (0..u64::from(scenario.players.count))
            .map(|n| Player::new(format!("player-{n}"), addresses.clone(), home, Dice::new(seed, 1_000 + n)))
            .collect();
        Ok(Self {
            scenario,
            island,
            rate: scenario.rate(),
            planted,
            almanac,
            plan,
            now: BEGINNING,
            queue: BTreeMap::new(),
            last_happening: 0,
            hosts,
            mesh: SimMesh::new(scenario.network.clone(), Dice::new(seed, 3)),
            store: FaultyStore::new(Arc::new(MemoryStore::new()), fates),
            players,
            links: BTreeMap::new(),
            last_link: 0,
            chance: Dice::new(seed, 4),
            checkers: Checkers::default(),
            digest: RunDigest::new(),
            fired: FaultCount::default(),
            dead: Counters::default(),
        })
    }

    fn begin(&mut self) {
        for host in 0..self.hosts.len() as u16 {
            self.start(host);
        }
        for player in 0..self.players.len() {
            let after = self.chance.between(10, 2_000);
            self.after(after, Happening::PlayAgain(player));
        }
        for (index, planned) in self.plan.clone().iter().enumerate() {
            self.after(planned.at_ms, Happening::Strike(index));
            self.after(planned.at_ms + planned.lasts_ms, Happening::Lift(index));
        }
        let first = self.rate.start_of(self.rate.tick_at(self.now)) + LOOK_AFTER_MS;
        self.at(first, Happening::Look);
    }

    fn weather(&self) -> Weather {
        self.almanac.weather(self.now.since(BEGINNING))
    }

    fn at(&mut self, at: Millis, happening: Happening) {
        self.last_happening += 1;
        self.queue.insert((at.max(self.now), self.last_happening), happening);
    }

    fn after(&mut self, ms: u64, happening: Happening) {
        self.at(self.now + ms, happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::WakeNode(host) => self.wake_node(host),
            Happening::ToNode { host, life, input } => self.to_node(host, life, input),
            Happening::Resume(host) => self.resume(host),
            Happening::Restart(host) => self.start(host),
            Happening::WakePlayer(player) => self.to_player(player, ClientInput::Wake),
            Happening::Decide(player) => self.decide(player),
            Happening::Connect { player, link, host } => self.connect(player, link, host),
            Happening::ToServer { link, bytes } => self.to_server(link, &bytes),
            Happening::ToClient { link, bytes } => self.to_client(link, &bytes),
            Happening::ServerGone { link } => self.server_gone(link),
            Happening::ClientGone { link } => self.client_gone(link),
            Happening::StoreWork => self.store_work(),
            Happening::Strike(index) => self.strike(index),
            Happening::Lift(index) => self.lift(index),
            Happening::PlayAgain(player) => self.play_again(player),
            Happening::Leave(player) => self.to_player(player, ClientInput::Leave),
            Happening::Look => self.look(),
        }
    }

    // ---- nodes

    /// A node begins a life; the directory tells everybody.
    fn start(&mut self, host: u16) {
        let index = usize::from(host);
        self.mesh.forget(host);
        self.hosts[index].start(self.now, &self.island, self.rate, self.planted);
        let (life, incarnation) = (self.hosts[index].life, self.hosts[index].incarnation());
        self.drain_node(host);
        let others: Vec<u16> =
            self.hosts.iter().filter(|h| h.number != host && h.node.is_some()).map(|h| h.number).collect();
        for other in others {
            let (other_life, other_incarnation) =
                (self.hosts[usize::from(other)].life, self.hosts[usize::from(other)].incarnation());
            let there = Input::PeerUp { peer: other_incarnation, client_address: address(other) };
            let here = Input::PeerUp { peer: incarnation, client_address: address(host) };
            let (soon, later) = (self.chance.between(5, 60), self.chance.between(5, 60));
            self.after(soon, Happening::ToNode { host, life, input: there });
            self.after(later, Happening::ToNode { host: other, life: other_life, input: here });
        }
    }

    fn wake_node(&mut self, host: u16) {
        let h = &mut self.hosts[usize::from(host)];
        h.wake_at = None;
        let life = h.life;
        self.to_node(host, life, Input::Wake);
    }

    fn to_node(&mut self, host: u16, life: u64, input: Input) {
        let h = &mut self.hosts[usize::from(host)];
        if h.life != life || h.node.is_none() {
            return;
        }
        if h.paused_until.is_some() {
            h.backlog.push_back(input);
            return;
        }
        if let Some(node) = &mut h.node {
            node.handle(self.now, input);
        }
        self.drain_node(host);
    }

    fn resume(&mut self, host: u16) {
        let h = &mut self.hosts[usize::from(host)];
        if h.paused_until.is_none_or(|until| until > self.now) {
            return;
        }
        h.paused_until = None;
        let (life, backlog) = (h.life, std::mem::take(&mut h.backlog));
        for input in backlog {
            self.to_node(host, life, input);
        }
        self.to_node(host, life, Input::Wake);
    }

    /// Carries out what a node wants, and schedules its next wake-up.
    fn drain_node(&mut self, host: u16) {
        let index = usize::from(host);
        while let Some(effect) = self.hosts[index].node.as_mut().and_then(node::Node::poll_effect) {
            self.digest.effect(self.now, host, &effect);
            self.carry_out(host, effect);
        }
        let h = &mut self.hosts[index];
        let Some((at, _)) = h.node.as_ref().map(node::Node::next_wakeup) else { return };
        if h.wake_at.is_none_or(|scheduled| at < scheduled) {
            h.wake_at = Some(at);
            self.at(at, Happening::WakeNode(host));
        }
    }

    fn carry_out(&mut self, host: u16, effect: Effect) {
        match effect {
            Effect::Write { conn, control, frames, shared } => self.server_writes(host, conn, control, frames, &shared),
            Effect::Close { conn, .. } => self.server_closes(host, conn),
            Effect::Publish { topic, bytes } => {
                for to in self.mesh.hearers(&topic.0) {
                    self.mesh_send(host, to, MeshLane::Ordered, bytes.clone());
                }
            }
            Effect::Send { to, bytes } => self.mesh_send(host, to.host(), MeshLane::Direct, bytes),
            Effect::Subscribe { filter } => self.mesh.subscribe(host, filter),
            Effect::Unsubscribe { filter } => self.mesh.unsubscribe(host, &filter),
            Effect::Store { op, request } => self.ask_store(host, op, request),
            Effect::Note(_) => {}
        }
    }

    fn mesh_send(&mut self, from: u16, to: u16, lane: MeshLane, bytes: Arc<[u8]>) {
        let Some(target) = self.hosts.get(usize::from(to)).filter(|h| h.number != from && h.node.is_some()) else {
            return;
        };
        let life = target.life;
        for way in self.mesh.ways(self.weather(), from, to, lane) {
            let input = Input::Mesh { from_host: from, lane, bytes: bytes.clone() };
            self.after(way, Happening::ToNode { host: to, life, input });
        }
    }

    // ---- store

    fn ask_store(&mut self, host: u16, op: OpId, request: Request) {
        let h = &self.hosts[usize::from(host)];
        if h.store_cuts > 0 && self.weather() == Weather::Storm {
            self.fired.note("store_out_of_reach");
            let (life, input) = (h.life, Input::Store { op, reply: Reply::Unknown });
            return self.after(1_500, Happening::ToNode { host, life, input });
        }
        let operation = (host, h.life, op);
        self.store.submit(self.now, operation, request);
        self.store_work();
    }

    fn store_work(&mut self) {
        while let Some(((host, life, op), reply)) = self.store.poll(self.now) {
            self.to_node(host, life, Input::Store { op, reply });
        }
        if let Some((at, _)) = self.store.next_wakeup() {
            self.at(at, Happening::StoreWork);
        }
    }

    // ---- connections

    fn server_writes(&mut self, host: u16, conn: ConnId, control: Vec<u8>, frames: Vec<u8>, shared: &[Arc<[u8]>]) {
        let Some(id) = self.hosts[usize::from(host)].links.get(&conn).copied() else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        self.checkers.hear(self.now, &self.players[link.player].name, id, &control);
        let mut bytes = control.clone();
        bytes.extend_from_slice(&frames);
        shared.iter().for_each(|part| bytes.extend_from_slice(part));
        if !link.stalled && !link.blocked {
            let at = link.to_client_at.max(self.now + self.chance.between(1, 8));
            link.to_client_at = at;
            return self.at(at, Happening::ToClient { link: id, bytes });
        }
        if !link.blocked && link.unread.len() + bytes.len() <= SOCKET_BYTES {
            return link.unread.extend_from_slice(&bytes);
        }
        link.held.extend_from_slice(&control);
        let (life, first) = (link.life, !std::mem::replace(&mut link.blocked, true));
        if first {
            self.fired.note("client_blocked");
            self.after(0, Happening::ToNode { host, life, input: Input::Blocked { conn } });
        }
    }

    fn server_closes(&mut self, host: u16, conn: ConnId) {
        let Some(id) = self.hosts[usize::from(host)].links.remove(&conn) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        link.server_open = false;
        let at = link.to_client_at.max(self.now + 1) + 1;
        self.at(at, Happening::ServerGone { link: id });
    }

    fn to_client(&mut self, id: u64, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.stalled {
            return link.unread.extend_from_slice(bytes);
        }
        let player = link.player;
        if self.players[player].link == Some(id) {
            self.to_player(player, ClientInput::Bytes(bytes));
        }
    }

    /// The server's end is closed and everything it wrote was delivered.
    fn server_gone(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else { return };
        if self.players[link.player].link == Some(id) {
            self.players[link.player].link = None;
            self.to_player(link.player, ClientInput::Disconnected);
        }
    }

    /// The client's end is closed.
    fn client_gone(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else { return };
        self.hosts[usize::from(link.host)].links.remove(&link.conn);
        if link.server_open {
            self.to_node(link.host, link.life, Input::Closed { conn: link.conn });
        }
    }

    fn connect(&mut self, player: usize, id: u64, host: Option<u16>) {
        if self.players[player].link != Some(id) {
            return;
        }
        let target = host.filter(|h| self.hosts[usize::from(*h)].node.is_some());
        let Some(host) = target else {
            self.players[player].link = None;
            return self.to_player(player, ClientInput::Disconnected);
        };
        let (life, conn) = (self.hosts[usize::from(host)].life, ConnId(id));
        self.links.insert(id, Link::new(player, host, life, conn, self.now));
        self.hosts[usize::from(host)].links.insert(conn, id);
        self.to_node(host, life, Input::Opened { conn });
        self.to_player(player, ClientInput::Connected);
    }

    fn to_server(&mut self, id: u64, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&id).filter(|l| l.server_open) else { return };
        link.splitter.push(bytes);
        let mut messages = Vec::new();
        while let Ok(Some(message)) = link.splitter.next_message() {
            messages.push(message.to_vec());
        }
        let (host, life, conn) = (link.host, link.life, link.conn);
        for bytes in messages {
            self.to_node(host, life, Input::Message { conn, bytes });
        }
    }

    // ---- players

    fn to_player(&mut self, player: usize, input: ClientInput<'_>) {
        self.players[player].client.handle(self.now, input);
        self.drain_player(player);
    }

    fn drain_player(&mut self, player: usize) {
        while let Some(effect) = self.players[player].client.poll_effect() {
            match effect {
                ClientEffect::Connect { address } => {
                    self.last_link += 1;
                    let link = self.last_link;
                    self.players[player].link = Some(link);
                    let after = self.chance.between(2, 40);
                    self.after(after, Happening::Connect { player, link, host: host_of(&address) });
                }
                ClientEffect::Write(bytes) => self.client_writes(player, bytes),
                ClientEffect::Disconnect => self.hang_up(player),
                ClientEffect::Event(event) => self.player_event(player, &event),
            }
        }
        if let Some((at, _)) = self.players[player].client.next_wakeup() {
            self.at(at, Happening::WakePlayer(player));
        }
    }

    fn client_writes(&mut self, player: usize, bytes: Vec<u8>) {
        let Some(id) = self.players[player].link else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        let at = link.to_server_at.max(self.now + self.chance.between(1, 8));
        link.to_server_at = at;
        self.checkers.asked(&self.players[player].name, &bytes);
        self.at(at, Happening::ToServer { link: id, bytes });
    }

    fn hang_up(&mut self, player: usize) {
        let Some(id) = self.players[player].link.take() else { return };
        let Some(link) = self.links.get(&id) else { return };
        let at = link.to_server_at.max(self.now + 1) + 1;
        self.at(at, Happening::ClientGone { link: id });
    }

    fn player_event(&mut self, player: usize, event: &Event) {
        let now = self.now;
        match event {
            Event::Welcomed { .. } => self.players[player].welcomed_at = Some(now),
            Event::Replied { request, asked, outcome, .. } => {
                let name = self.players[player].name.clone();
                self.checkers.replied(&name, *request, *asked, *outcome);
            }
            Event::Reconnecting { .. } => self.players[player].welcomed_at = None,
            Event::Closed(ending) if !self.players[player].guest => {
                let [low, high] = if *ending == Ending::Left { AWAY_MS } else { [1_000, 4_000] };
                let pause = self.chance.between(low, high);
                self.after(pause, Happening::PlayAgain(player));
            }
            Event::Closed(_)
            | Event::Speech { .. }
            | Event::Corrected { .. }
            | Event::Moved { .. }
            | Event::InputSent { .. } => {}
        }
    }

    fn play_again(&mut self, player: usize) {
        if self.players[player].is_stopped() {
            self.hang_up(player);
            self.players[player].begin_anew();
        }
        self.players[player].joined_at = self.now;
        self.to_player(player, ClientInput::Join);
        self.after(1, Happening::Decide(player));
    }

    fn decide(&mut self, player: usize) {
        if self.players[player].is_stopped() {
            return;
        }
        let players = &self.scenario.players;
        if let Some(decision) = self.players[player].decide(self.now, players) {
            self.players[player].act(self.now, &decision);
            self.drain_player(player);
        }
        let [low, high] = players.decide_ms;
        let after = self.players[player].dice.between(low, high);
        self.after(after.max(1), Happening::Decide(player));
    }

    // ---- faults

    fn strike(&mut self, index: usize) {
        let Planned { fault, lasts_ms, .. } = self.plan[index];
        self.fired.note(fault.name());
        match fault {
            Fault::Crash(host) => self.crash(host, lasts_ms),
            Fault::Pause(host) => {
                let until = self.now + lasts_ms;
                let h = &mut self.hosts[usize::from(host)];
                if h.node.is_some() {
                    h.paused_until = Some(h.paused_until.map_or(until, |other| other.max(until)));
                    self.at(until, Happening::Resume(host));
                }
            }
            Fault::Cut(a, b) => {
                self.mesh.cut(a, b, Cut::Both);
                self.mesh.cut(b, a, Cut::Both);
            }
            Fault::OneWayCut(from, to) => self.mesh.cut(from, to, Cut::Both),
            Fault::DirectCut(from, to) => self.mesh.cut(from, to, Cut::Direct),
            Fault::ClientCut(client) => self.cut_client(client as usize),
            Fault::ClientStall(client) => {
                if let Some(link) = self.players[client as usize].link.and_then(|id| self.links.get_mut(&id)) {
                    link.stalled = true;
                }
            }
            Fault::Twin(client) => self.twin(client as usize, lasts_ms),
            Fault::StoreCut(host) => self.hosts[usize::from(host)].store_cuts += 1,
        }
    }

    fn lift(&mut self, index: usize) {
        match self.plan[index].fault {
            Fault::Cut(a, b) => {
                self.mesh.mend(a, b, Cut::Both);
                self.mesh.mend(b, a, Cut::Both);
            }
            Fault::OneWayCut(from, to) => self.mesh.mend(from, to, Cut::Both),
            Fault::DirectCut(from, to) => self.mesh.mend(from, to, Cut::Direct),
            Fault::ClientStall(client) => self.read_again(client as usize),
            Fault::StoreCut(host) => {
                let h = &mut self.hosts[usize::from(host)];
                h.store_cuts = h.store_cuts.saturating_sub(1);
            }
            Fault::Crash(_) | Fault::Pause(_) | Fault::ClientCut(_) | Fault::Twin(_) => {}
        }
    }

    fn crash(&mut self, host: u16, lasts_ms: u64) {
        let incarnation = self.hosts[usize::from(host)].incarnation();
        let Some(node) = self.hosts[usize::from(host)].node.take() else { return };
        self.dead.add(&node.counters());
        self.mesh.forget(host);
        let links = std::mem::take(&mut self.hosts[usize::from(host)].links);
        for id in links.into_values() {
            let after = self.chance.between(1, 50);
            if let Some(link) = self.links.get_mut(&id) {
                link.server_open = false;
                let player = link.player;
                if self.chance.per_mille(GIVE_UP_PER_MILLE) {
                    self.fired.note("player_gave_up");
                    self.after(after + 1, Happening::Leave(player));
                }
            }
            self.after(after, Happening::ServerGone { link: id });
        }
        self.hosts[usize::from(host)].paused_until = None;
        let long = self.chance.per_mille(LONG_DOWN_PER_MILLE);
        let down = if long { self.chance.between(AWAY_MS[0], AWAY_MS[1]) } else { lasts_ms.max(200) };
        self.after(down, Happening::Restart(host));
        let lease = self.chance.between(LEASE_MS[0], LEASE_MS[1]);
        let others: Vec<(u16, u64)> =
            self.hosts.iter().filter(|h| h.node.is_some()).map(|h| (h.number, h.life)).collect();
        for (other, life) in others {
            let input = Input::PeerVanished { peer: incarnation };
            self.after(lease, Happening::ToNode { host: other, life, input });
        }
    }

    /// The connection breaks; each end learns it on its own.
    fn cut_client(&mut self, player: usize) {
        let Some(id) = self.players[player].link.take() else { return };
        let after = self.chance.between(1, 4_000);
        self.after(after, Happening::ClientGone { link: id });
        self.to_player(player, ClientInput::Disconnected);
    }

    fn read_again(&mut self, player: usize) {
        let Some(id) = self.players[player].link else { return };
        let Some(link) = self.links.get_mut(&id).filter(|l| l.stalled) else { return };
        link.stalled = false;
        let mut bytes = std::mem::take(&mut link.unread);
        bytes.append(&mut link.held);
        let (host, life, conn) = (link.host, link.life, link.conn);
        if std::mem::take(&mut link.blocked) {
            self.after(0, Happening::ToNode { host, life, input: Input::Drained { conn } });
        }
        self.to_client(id, &bytes);
    }

    /// Somebody logs into a player's account from elsewhere, and leaves after a while.
    fn twin(&mut self, player: usize, lasts_ms: u64) {
        let addresses = (0..self.hosts.len() as u16).map(address).collect();
        let dice = Dice::new(self.chance.below(u64::MAX), 5);
        let mut twin = Player::new(self.players[player].name.clone(), addresses, players::home(&self.island), dice);
        twin.guest = true;
        self.players.push(twin);
        let twin = self.players.len() - 1;
        self.after(0, Happening::PlayAgain(twin));
        self.after(lasts_ms, Happening::Leave(twin));
    }

    // ---- checkers

    fn look(&mut self) {
        let weather = self.weather();
        let statuses =
            self.hosts.iter().filter(|h| h.is_running()).filter_map(|h| h.node.as_ref()).map(|n| n.status()).collect();
        let impaired: BTreeSet<usize> =
            self.links.values().filter(|l| l.stalled || l.blocked).map(|l| l.player).collect();
        let scene = Scene {
            now: self.now,
            since_beginning: self.now.since(BEGINNING),
            weather,
            rate: self.rate,
            statuses,
            players: &self.players,
            impaired,
            store: self.store.store(),
        };
        self.checkers.look(&scene);
        self.after(self.rate.period_ms(), Happening::Look);
    }

    fn report(self, seed: u64, plant: Option<&'static str>) -> Report {
        let mut report = Report {
            scenario: self.scenario.name.clone(),
            seed,
            plant,
            digest: format!("{:016x}", self.digest.value()),
            simulated_s: self.scenario.course.seconds,
            nodes: self.scenario.world.nodes,
            clients: self.scenario.players.count,
            sessions: 0,
            border_crossings: 0,
            frames_published: 0,
            frames_delivered: 0,
            updates_delivered: 0,
            gaps: 0,
            keyframes: 0,
            deeds: 0,
            deeds_repeated: 0,
            sessions_replaced: 0,
            faults: self.fired.clone(),
            checks: BTreeMap::new(),
            violations: 0,
            first_violations: Vec::new(),
            longest_overlap_ms: 0,
            replay: String::new(),
        };
        report.count(&self.dead);
        for node in self.hosts.iter().filter_map(|h| h.node.as_ref()) {
            report.count(&node.counters());
        }
        report.faults.merge(&self.mesh.fired);
        let counts = self.store.counts();
        for (name, times) in [
            ("store_slow", counts.slow),
            ("store_conflict", counts.conflicts),
            ("store_not_applied", counts.not_applied),
            ("store_unknown_applied", counts.unknown_applied),
            ("store_unknown_not_applied", counts.unknown_not_applied),
            ("store_late", counts.late),
        ] {
            report.faults.add(name, times);
        }
        self.checkers.finish(self.store.store(), &mut report);
        report
    }
}

/// What the store does to a request.
fn fates(scenario: &Scenario, almanac: &Almanac, mut dice: Dice) -> Box<dyn FnMut(Millis, &Request) -> Fate> {
    let (faults, almanac) = (scenario.store.clone(), almanac.clone());
    Box::new(move |now, _| {
        let answer_after_ms = dice.between(faults.delay_ms[0], faults.delay_ms[1]);
        let apply_after_ms = answer_after_ms / 2;
        let pass = Fate::Pass { apply_after_ms, answer_after_ms };
        if almanac.weather(now.since(BEGINNING)) != Weather::Storm {
            return pass;
        }
        let chance = dice.below(1000) as u32;
        let bounds = [faults.conflict_per_mille, faults.fail_per_mille, faults.unknown_per_mille];
        match chance {
            c if c < bounds[0] => Fate::Conflict { answer_after_ms },
            c if c < bounds[0] + bounds[1] => Fate::NotApplied { answer_after_ms },
            c if c < bounds.iter().sum() => {
                let late = dice.between(faults.late_ms[0], faults.late_ms[1]);
                let apply = [None, Some(apply_after_ms), Some(answer_after_ms + late)];
                let apply_after_ms = dice.pick(&apply).copied().flatten();
                Fate::Unknown { answer_after_ms, apply_after_ms }
            }
            _ => pass,
        }
    })
}
