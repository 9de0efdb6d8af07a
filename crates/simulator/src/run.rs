//! A run under way: the state of everything, one queue of happenings in virtual time, and who deals with each.
//!
//! The rooms below deal with them: [`nodes`], [`directory`], [`storage`], [`links`] to clients, [`people`], [`trouble`] and [`looks`].
//! Invariant: happenings of one moment happen in the order in which they were put into the queue.

mod directory;
mod links;
mod looks;
mod nodes;
mod people;
mod storage;
mod trouble;

use std::collections::BTreeMap;

use client::ClientInput;
use node::{Counters, Input};
use world::{Island, Millis, Planted, TickRate};

use crate::checkers::Checkers;
use crate::cluster::{Link, SimHost};
use crate::dice::Dice;
use crate::digest::RunDigest;
use crate::faults::{FaultCount, FaultKind};
use crate::mesh::SimMesh;
use crate::plan::{Almanac, Planned, Weather};
use crate::players::{self, Player};
use crate::scenario::{Scenario, ScenarioError};
use directory::SimDirectory;
use storage::SimStore;

/// The moment at which every run begins: early in 2027.
pub(crate) const BEGINNING: Millis = Millis(1_800_000_000_000);
/// Milliseconds from the flush of a tick to the checkers' look at it.
const LOOK_AFTER_MS: u64 = 45;

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
    Rehome { host: u16, until: Millis },
    Look,
}

/// A run under way.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    island: Island,
    rate: TickRate,
    planted: Planted,
    almanac: Almanac,
    pub(crate) plan: Vec<Planned>,
    pub(crate) now: Millis,
    queue: BTreeMap<(Millis, u64), Happening>,
    last_happening: u64,
    hosts: Vec<SimHost>,
    mesh: SimMesh,
    store: SimStore,
    crawled: storage::Crawled,
    players: Vec<Player>,
    links: BTreeMap<u64, Link>,
    last_link: u64,
    chance: Dice,
    pub(crate) checkers: Checkers,
    unchecked: bool,
    digest: RunDigest,
    fired: FaultCount,
    /// Totals of nodes that died.
    dead: Counters,
    directory: SimDirectory,
}

impl World {
    /// The world before its first moment. The streams of chance are numbered, and none is used for two things.
    pub(crate) fn new(
        scenario: &Scenario,
        seed: u64,
        planted: Planted,
        plan: Vec<Planned>,
    ) -> Result<Self, ScenarioError> {
        let island = scenario.check()?;
        let almanac = Almanac::new(scenario);
        let hosts: Vec<SimHost> = (0..scenario.world.nodes).map(SimHost::new).collect();
        let addresses: Vec<String> = hosts.iter().map(SimHost::address).collect();
        let home = players::home(&island);
        let players = (0..u64::from(scenario.players.count))
            .map(|n| Player::new(format!("player-{n}"), addresses.clone(), home, Dice::new(seed, 1_000 + n)))
            .collect();
        let crawled = storage::Crawled::default();
        let mut world = Self {
            scenario: scenario.clone(),
            island,
            rate: scenario.rate(),
            planted,
            plan,
            now: BEGINNING,
            queue: BTreeMap::new(),
            last_happening: 0,
            hosts,
            mesh: SimMesh::new(scenario.network.clone(), scenario.faults.slow_link_ms, Dice::new(seed, 3)),
            store: storage::open(scenario, &almanac, Dice::new(seed, 2), &crawled),
            crawled,
            players,
            links: BTreeMap::new(),
            last_link: 0,
            chance: Dice::new(seed, 4),
            almanac,
            checkers: Checkers::default(),
            unchecked: false,
            digest: RunDigest::new(),
            fired: FaultCount::of(FaultKind::ALL),
            dead: Counters::default(),
            directory: SimDirectory::default(),
        };
        world.begin();
        Ok(world)
    }

    fn begin(&mut self) {
        for host in 0..self.hosts.len() as u16 {
            self.start(host);
        }
        for player in 0..self.players.len() {
            let after = self.chance.between(10, 2_000);
            self.after(after, Happening::PlayAgain(player));
        }
        for (index, Planned { at_ms, lasts_ms, .. }) in self.plan.clone().into_iter().enumerate() {
            self.after(at_ms, Happening::Strike(index));
            self.after(at_ms + lasts_ms, Happening::Lift(index));
        }
        let first = self.rate.start_of(self.rate.tick_at(self.now)) + LOOK_AFTER_MS;
        self.at(first, Happening::Look);
    }

    /// Lets happen all that happens up to a moment.
    pub(crate) fn go_on_until(&mut self, end: Millis) {
        while let Some(next) = self.queue.first_entry().filter(|next| next.key().0 <= end) {
            let ((at, _), happening) = next.remove_entry();
            self.now = at;
            self.happen(happening);
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::WakeNode(host) => self.wake_node(host),
            Happening::ToNode { host, life, input } => self.feed_node(host, life, input),
            Happening::Resume(host) => self.resume(host),
            Happening::Restart(host) => self.want_to_start(host),
            Happening::WakePlayer(player) => self.feed_player(player, ClientInput::Wake),
            Happening::Decide(player) => self.decide(player),
            Happening::Connect { player, link, host } => self.connect(player, link, host),
            Happening::ToServer { link, bytes } => self.reach_server(link, &bytes),
            Happening::ToClient { link, bytes } => self.reach_client(link, &bytes),
            Happening::ServerGone { link } => self.server_gone(link),
            Happening::ClientGone { link } => self.client_gone(link),
            Happening::StoreWork => self.store_work(),
            Happening::Strike(index) => self.strike(index),
            Happening::Lift(index) => self.lift(index),
            Happening::PlayAgain(player) => self.play_again(player),
            Happening::Leave(player) => self.feed_player(player, ClientInput::Leave),
            Happening::Rehome { host, until } => self.rehome(host, until),
            Happening::Look => self.look(),
        }
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
}
