//! A crowd in one chunk of one node: how many bytes each client is told in a second, how old what it knows is, and how
//! much of it is shared. Everybody turns at every tick.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::client::{Hello, Input as Step_, Speak, ToClient, ToServer};
use protocol::envelope::Context;
use protocol::frame::{EVENT_SPEECH, Record, Records};
use protocol::tick::{Item, Items, Lane, Slot};
use protocol::{Envelope, Incarnation, StreamId, limits};
use store::{Document, MemoryStore, Request};
use world::island::GeneratorVersion;
use world::{
    Biome, Cell, Chunk, EntityId, Gait, Heading, Island, IslandId, IslandPlan, Millis, Motion, Position, Terrain, Tick,
};

use crate::avatar::{PLACE_SCHEMA, PlaceBody, entity_of, place_key};
use crate::io::{ConnId, Effect, Input};
use crate::{Config, Contract, Node, Step};

/// What one client was told.
#[derive(Debug, Default)]
struct Screen {
    entity: EntityId,
    slots: BTreeMap<Slot, (StreamId, BTreeMap<u16, EntityId>)>,
    /// When each entity was last told of.
    told: BTreeMap<EntityId, Tick>,
    lanes: BTreeMap<Chunk, Lane>,
    heard: Vec<EntityId>,
    /// Bytes of changes by tick, keys not counted.
    bytes: VecDeque<usize>,
    /// Whether it reads the records, or counts bytes only.
    reads: bool,
}

impl Screen {
    fn read(&mut self, bytes: &[u8]) {
        let Some((envelope, _)) = Envelope::split(bytes, limits::SERVER_MESSAGE_BYTES).unwrap() else { return };
        let Some(ToClient::Tick(payload)) = ToClient::decode(&envelope).unwrap() else { return };
        let (mut keys, items) = (0, Items::parse(payload).unwrap());
        let tick = items.tick;
        for item in items.map(Result::unwrap) {
            match item {
                Item::Key { slot, stream, body, .. } => {
                    keys += body.len();
                    if self.reads {
                        self.slots.insert(slot, (stream, BTreeMap::new()));
                        self.records(slot, tick, body);
                    }
                }
                Item::Frame { slot, late, body, .. } if self.reads => self.records(slot, tick - late, body),
                Item::Seen { chunk, lane, .. } => drop(self.lanes.insert(chunk, lane)),
                Item::Close { slot } => drop(self.slots.remove(&slot)),
                Item::Frame { .. } | Item::Ack(_) | Item::Unseen { .. } | Item::Reset => {}
            }
        }
        self.bytes.push_back(bytes.len() - keys);
    }

    fn records(&mut self, slot: Slot, tick: Tick, body: &[u8]) {
        let Some((stream, handles)) = self.slots.get_mut(&slot) else { panic!("{slot:?} is not open") };
        for record in Records::new(stream.chunk, body).map(Result::unwrap) {
            match record {
                Record::Enter(e) => {
                    handles.insert(e.handle.0, e.entity);
                    self.told.insert(e.entity, tick);
                }
                Record::Move(m) => drop(self.told.insert(handles[&m.handle.0], tick)),
                Record::Leave(l) => drop(handles.remove(&l.handle.0)),
                Record::Event(e) if e.kind == EVENT_SPEECH => self.heard.push(handles[&e.handle.0]),
                Record::Event(_) => {}
            }
        }
    }

    /// Bytes of the last `hz` ticks.
    fn in_a_second(&self, hz: usize) -> usize {
        self.bytes.iter().rev().take(hz).sum()
    }
}

/// One node and its crowd.
struct Square {
    now: Millis,
    node: Node,
    store: MemoryStore,
    chunk: Chunk,
    screens: Vec<Screen>,
    /// The most different buffers that were written in one tick.
    buffers: usize,
}

const HZ: usize = 10;

impl Square {
    fn new(contract: Contract) -> Self {
        let plan = IslandPlan { seed: 7, size_chunks: 24, version: GeneratorVersion::LATEST };
        let island = Island::new(plan).unwrap();
        let now = Millis(1_800_000_000_000);
        let chunk = dry_chunk(&island);
        let config = Config { contract, ..Config::new(Incarnation::new(0, 0, 1), IslandId(1), island) };
        let node = Node::new(config, now);
        Self { now, node, store: MemoryStore::new(), chunk, screens: Vec::new(), buffers: 0 }
    }

    /// So many more come, spread evenly over the chunk. One in `reads` reads all that it is told.
    fn come(&mut self, count: usize, reads: usize) {
        for index in self.screens.len()..self.screens.len() + count {
            let name = format!("p{index}");
            let entity = entity_of(&name);
            // Coprime with the side, so that they come to stand everywhere.
            let at =
                self.chunk.origin().offset(60 + (index as i32 * 1_117) % 3_480, 60 + (index as i32 * 2_011) % 3_480);
            let place = PlaceBody { epoch: 0, tick: 1, x: at.x, y: at.y };
            let document = Document::new(PLACE_SCHEMA, &place).unwrap();
            self.store.apply(Request::Insert { key: place_key(entity), document });
            self.screens.push(Screen { entity, reads: index.is_multiple_of(reads), ..Screen::default() });
            self.handle(Input::Opened { conn: ConnId(index as u64) });
            self.say(index, &ToServer::Hello(Hello { oldest: 1, newest: 1, name, ticket: Vec::new() }));
        }
    }

    fn handle(&mut self, input: Input) {
        self.node.handle(self.now, input);
        let mut buffers = BTreeSet::new();
        while let Some(effect) = self.node.poll_effect() {
            match effect {
                Effect::Store { op, request } => {
                    let reply = self.store.apply(request);
                    self.node.handle(self.now, Input::Store { op, reply });
                }
                Effect::Write { conn, frames, shared, .. } if !frames.is_empty() => {
                    buffers.extend(shared.iter().map(|part| part.as_ptr()));
                    let mut bytes = frames;
                    shared.iter().for_each(|part| bytes.extend_from_slice(part));
                    self.screens[conn.0 as usize].read(&bytes);
                }
                _ => {}
            }
        }
        self.buffers = self.buffers.max(buffers.len());
    }

    fn say(&mut self, client: usize, message: &ToServer) {
        let mut bytes = Vec::new();
        message.encode(Context::default(), &mut bytes);
        self.handle(Input::Message { conn: ConnId(client as u64), bytes });
    }

    fn speak(&mut self, client: usize) {
        self.say(client, &ToServer::Speak(Speak { text: "here".into() }));
    }

    /// Everybody turns round, and the tick goes by.
    fn tick(&mut self) {
        let tick = self.node.tick;
        for client in 0..self.screens.len() {
            let Some(at) = self.place(client) else { continue };
            let motion = Motion::new(Heading::new((16 * (tick.0 % 2) as u8) + client as u8 % 16), Gait::Creep);
            let seq = (tick.0 - 1_799_000_000) as u32;
            self.say(client, &ToServer::Input(Step_ { seq, x: at.x, y: at.y, motion: motion.to_byte() }));
        }
        self.now = self.node.config.rate.start_of(tick + 1);
        self.handle(Input::Wake);
        self.now = self.now + 20;
        self.handle(Input::Wake);
    }

    fn place(&self, client: usize) -> Option<Position> {
        let avatar = self.node.authority.get(self.screens[client].entity)?;
        Some(avatar.segment.at(self.node.tick, &self.node.pace))
    }

    fn rings(&self, one: usize, other: usize) -> u32 {
        Cell::at(self.place(one).unwrap()).rings_to(Cell::at(self.place(other).unwrap()))
    }

    fn step(&self) -> Step {
        self.node.status().crowds.iter().find(|c| c.chunk == self.chunk).map_or(Step::Full, |c| c.step)
    }

    fn most_in_a_second(&self) -> usize {
        self.screens.iter().map(|s| s.in_a_second(HZ)).max().unwrap_or(0)
    }

    /// The age in ticks of the oldest that any reader was told of anybody who has moved otherwise since.
    fn oldest(&self) -> u64 {
        let readers = self.screens.iter().filter(|s| s.reads);
        let age = |s: &Screen, who: EntityId| {
            let told = s.told.get(&who).copied().unwrap_or_default();
            let changed = self.node.authority.get(who).map_or(Tick(0), |avatar| avatar.segment.since);
            if changed > told { self.node.tick.since(told) } else { 0 }
        };
        readers.flat_map(|s| self.screens.iter().map(move |other| age(s, other.entity))).max().unwrap_or(0)
    }
}

/// A chunk near the landing place without water.
fn dry_chunk(island: &Island) -> Chunk {
    let mut terrain = Terrain::new(island.clone(), Terrain::DEFAULT_CHUNKS);
    let places = |c: Chunk| (0..900).map(move |n| c.origin().offset(60 + n % 30 * 120, 60 + n / 30 * 120));
    let wet = |biome| matches!(biome, Biome::DeepWater | Biome::ShallowWater | Biome::Marsh);
    let chunk = island.spawn(0).chunk().around(6).find(|c| places(*c).all(|at| !wet(terrain.biome_at(at))));
    chunk.expect("an island has a dry chunk")
}

/// So many in one chunk under the contract's defaults, and the step that they come to.
fn check(count: usize, step: Step) {
    let mut square = Square::new(Contract::default());
    // Who comes in is told to everybody, too: not all at once, and fewer to a crowd that is told at full rate.
    let at_once = if count > 1_500 { 300 } else { 30 };
    while square.screens.len() < count {
        square.come(at_once.min(count - square.screens.len()), (count / 12).max(1));
        square.tick();
    }
    for _ in 0..2 * HZ {
        square.tick();
    }
    assert_eq!(square.step(), step, "{count} people");
    let budget = square.node.config.contract.budget_bytes_s as usize;
    let (mut most, mut oldest) = (0, 0);
    square.buffers = 0;
    for _ in 0..2 * HZ {
        square.tick();
        most = most.max(square.most_in_a_second());
        oldest = oldest.max(square.oldest());
    }
    println!("{count} people, step {}: {most} B/s at most, {oldest} ticks, {} buffers", step.number(), square.buffers);
    assert!(most <= budget, "{count} people: {most} bytes in a second");
    assert!(oldest <= HZ as u64, "{count} people: somebody was not refreshed for {oldest} ticks");
    // One for each sub-cell from which somebody looks, and what a chunk or two around need.
    assert!(square.buffers <= 64, "{count} people: {} different buffers in a tick", square.buffers);
    // Somebody beside a reader speaks: for a second he is told at every tick, and the budget holds.
    let speaker = (1..count).find(|i| !square.screens[*i].reads && square.rings(*i, 0) == 0).expect("a neighbour");
    square.speak(speaker);
    for _ in 0..HZ {
        square.tick();
        assert_eq!(square.screens[0].told.get(&square.screens[speaker].entity), Some(&square.node.tick));
        assert!(square.most_in_a_second() <= budget);
    }
}

#[test]
fn below_the_first_step_everybody_is_told_everything() {
    check(150, Step::Full);
}

#[test]
fn three_hundred_in_a_chunk() {
    check(300, Step::Halved);
}

#[test]
fn nine_hundred_in_a_chunk() {
    check(900, Step::Graded);
}

#[test]
fn three_thousand_in_a_chunk_stay_within_the_budget_and_a_second() {
    check(3_000, Step::Round);
}

#[test]
fn who_speaks_near_by_is_told_at_full_rate_in_any_crowd() {
    let contract = Contract { movers: [20, 40, 60, 4_000], budget_bytes_s: 8 * 1024, ..Contract::default() };
    let mut square = Square::new(contract);
    square.come(300, 1);
    for _ in 0..3 * HZ {
        square.tick();
    }
    assert_eq!(square.step(), Step::Round);
    let corner = |i: &usize| square.place(*i).map(|at| at.distance_squared(square.chunk.origin()));
    let speaker = (0..300).min_by_key(corner).expect("somebody is there");
    square.speak(speaker);
    square.tick();
    let who = square.screens[speaker].entity;
    let (mut near, mut far) = (0, 0);
    for (index, screen) in square.screens.iter().enumerate() {
        let rings = square.rings(index, speaker);
        let heard = screen.heard.iter().filter(|e| **e == who).count();
        // At two rings it depends on which side of its sub-cell's edge somebody came to stand.
        assert!(rings == 2 || heard == usize::from(rings <= 1), "{index} hears it {heard} times from {rings} rings");
        near += usize::from(rings <= 1);
        far += usize::from(rings > 2);
    }
    assert!(near > 20 && far > 20, "{near} are near, {far} are far");
    for tick in 0..3 * HZ - 2 {
        square.tick();
        let late = (0..square.screens.len()).filter(|i| square.rings(*i, speaker) <= 1).find(|i| {
            let told = square.screens[*i].told.get(&who).copied().unwrap_or_default();
            told != square.node.tick
        });
        assert_eq!(late, None, "tick {tick}");
    }
}

#[test]
fn who_acts_upon_somebody_by_name_is_told_to_that_client_wherever_it_is() {
    let contract = Contract { movers: [20, 40, 60, 4_000], budget_bytes_s: 8 * 1024, ..Contract::default() };
    let mut square = Square::new(contract);
    square.come(300, 1);
    for _ in 0..3 * HZ {
        square.tick();
    }
    let actor = 5;
    let target = (0..300).find(|i| square.rings(*i, actor) == 3).expect("somebody far");
    let (actor, named) = (square.screens[actor].entity, square.screens[target].entity);
    square.node.acts_on(actor, named);
    for tick in 0..3 * HZ - 2 {
        square.tick();
        assert_eq!(square.screens[target].told.get(&actor), Some(&square.node.tick), "tick {tick}");
    }
}

#[test]
fn without_the_contract_everybody_is_told_everything() {
    let mut square = Square::new(Contract { on: false, movers: [20, 40, 60, 80], ..Contract::default() });
    square.come(120, 10);
    for _ in 0..2 * HZ {
        square.tick();
    }
    assert_eq!((square.step(), square.oldest()), (Step::Full, 0));
    assert_eq!(square.node.counters().sub_cell_moves, 0);
}

#[test]
fn a_crowd_over_its_budget_is_told_less_until_it_fits() {
    let contract = Contract { budget_bytes_s: 4 * 1024, ..Contract::default() };
    let mut square = Square::new(contract);
    square.come(120, 10);
    for _ in 0..8 * HZ {
        square.tick();
    }
    // 120 who turn ten times a second are 7200 bytes.
    assert!(square.step() >= Step::Halved, "{:?}", square.step());
    let most = square.most_in_a_second();
    assert!(most <= 4 * 1024, "{most} bytes in a second");
    assert!(square.oldest() <= HZ as u64);
}
