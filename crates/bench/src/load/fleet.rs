//! All clients of a load on one thread: who connects, who is due, what has come.
//!
//! The load is open: inputs are due at their moments whatever the server does, spread evenly over the tick, and times
//! are counted from those moments.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mio::{Events, Interest, Poll, Token};
use world::{Chunk, EntityId, Millis, Pace, Position, TickRate};

use crate::floor::Scale;
use crate::load::seat::{Seat, Watch};
use crate::load::tally::Tally;
use crate::load::trail::{Claim, Trail};
use crate::load::watcher::Looking;
use crate::load::{Dialect, LoadPlan};
use crate::scene::{Scene, SceneKind};
use crate::walker::Walker;

/// Between two inputs of a client.
const PERIOD: Duration = Duration::from_millis(100);
/// Clients that connect at once, and the pause until the next ones do.
const BATCH: usize = 40;
const BATCH_PAUSE: Duration = Duration::from_millis(50);
/// Everybody must be in by then.
const ARRIVAL: Duration = Duration::from_secs(60);
/// Events taken between two looks at who is due.
const EVENTS: usize = 64;
/// Whom an observer has further off than this, 3 m, it has at a wrong place: a tick or two of difference are less.
const ASTRAY_UNITS: u32 = 3 * world::UNITS_PER_METRE as u32;
/// Who is nearer than this, 20 m, is in view for certain: the streams of both may be those of the chunks that they have
/// just left, 2 m ago.
const SURELY_SEEN_UNITS: u32 = 20 * world::UNITS_PER_METRE as u32;
/// Bytes read at once.
const READ_BYTES: usize = 128 * 1024;

/// The clients.
pub struct Fleet {
    dialect: Dialect,
    scene: Scene,
    scale: Scale,
    pace: Pace,
    poll: Poll,
    events: Events,
    seats: Vec<Seat>,
    /// Which of the addresses serves whom.
    nodes: Vec<usize>,
    /// One client in so many observes.
    observe_every: usize,
    walkers: HashMap<EntityId, usize>,
    trail: Trail,
    tally: Tally,
    began: Instant,
    /// When the first client's first input is due, once everybody is in.
    start: Option<Instant>,
    /// The next input, counted over all clients.
    next: u64,
    buffer: Vec<u8>,
    message: Vec<u8>,
}

impl Fleet {
    /// Connects everybody and waits until all are in.
    ///
    /// # Errors
    /// Somebody cannot connect, or is not let in.
    pub fn gather(plan: &LoadPlan) -> Result<Self> {
        let LoadPlan { dialect, scene, observers, .. } = *plan;
        let homes = scene.homes();
        let mut fleet = Self {
            dialect,
            scene,
            scale: Scale::of(&scene),
            pace: Pace::new(TickRate::default()),
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            seats: Vec::with_capacity(scene.clients),
            nodes: plan.placement.nodes(&homes, plan.addresses.len()),
            observe_every: (scene.clients / observers.max(1)).max(1),
            walkers: HashMap::new(),
            trail: Trail::new(scene.clients),
            tally: Tally::default(),
            began: Instant::now(),
            start: None,
            next: 0,
            buffer: vec![0; READ_BYTES],
            message: Vec::new(),
        };
        for (n, home) in homes.into_iter().enumerate() {
            fleet.connect(n, home, plan.addresses[fleet.nodes[n]])?;
            if n % BATCH == BATCH - 1 {
                fleet.drive(Instant::now() + BATCH_PAUSE)?;
            }
        }
        fleet.wait_for_all()?;
        fleet.start = Some(Instant::now());
        Ok(fleet)
    }

    fn connect(&mut self, n: usize, home: Position, address: SocketAddr) -> Result<()> {
        let stream = TcpStream::connect(address).with_context(|| format!("client {n} cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let stream = mio::net::TcpStream::from_std(stream);
        let walker = Walker::new(home, self.scene.gait(), n);
        let mut seat = Seat::new(stream, self.dialect, n, walker).with_context(|| format!("client {n}"))?;
        seat.watch = n.is_multiple_of(self.observe_every).then(|| Watch::new(self.dialect, self.scene.clients));
        self.poll.registry().register(seat.stream(), Token(n), Interest::READABLE)?;
        self.seats.push(seat);
        Ok(())
    }

    fn wait_for_all(&mut self) -> Result<()> {
        let deadline = Instant::now() + ARRIVAL;
        while let Some(n) = self.seats.iter().position(|seat| seat.entity.is_none()) {
            if Instant::now() > deadline {
                bail!("client {n} was not let in within {ARRIVAL:?}");
            }
            self.drive(Instant::now() + BATCH_PAUSE)?;
        }
        self.walkers = self.seats.iter().enumerate().filter_map(|(n, seat)| Some((seat.entity?, n))).collect();
        Ok(())
    }

    /// Everybody walks and reads until a moment.
    ///
    /// # Errors
    /// A client lost its connection: then nothing that was measured counts.
    pub fn drive(&mut self, until: Instant) -> Result<()> {
        loop {
            let now = Instant::now();
            if now >= until {
                break;
            }
            let due = self.send_the_due(now);
            // The system rounds this up to whole milliseconds, by which inputs are late.
            let wait = due.map_or(until, |due| due.min(until)).saturating_duration_since(Instant::now());
            let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
            let polled = self.poll.poll(&mut events, Some(wait));
            events.iter().for_each(|event| self.read(event.token().0));
            self.events = events;
            match polled {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e.into()),
                Ok(()) | Err(_) => {}
            }
        }
        match self.seats.iter().position(|seat| seat.lost) {
            Some(n) => bail!("the server lost client {n}"),
            None => Ok(()),
        }
    }

    /// Sends what is due and returns when the next input is.
    fn send_the_due(&mut self, now: Instant) -> Option<Instant> {
        let start = self.start?;
        let clients = self.seats.len() as u64;
        loop {
            let (round, n) = (self.next / clients, self.next % clients);
            let nanos = PERIOD.as_nanos() as u64;
            let due = start + Duration::from_nanos(round * nanos + n * nanos / clients);
            if due > now {
                return Some(due);
            }
            self.next += 1;
            let walker = usize::try_from(n).unwrap_or_default();
            let seat = &mut self.seats[walker];
            seat.walker.step(&self.scene, &self.pace);
            let Walker { at, motion, .. } = seat.walker;
            self.trail.add(walker, Claim { due, at, motion, written: self.scale.write(at) });
            self.tally.late(now.saturating_duration_since(due));
            self.tally.inputs += 1;
            seat.send(&mut self.message);
        }
    }

    fn read(&mut self, n: usize) {
        let now = Instant::now();
        let mut looking = Looking {
            now,
            millis: Millis(u64::try_from(now.duration_since(self.began).as_millis()).unwrap_or(u64::MAX)),
            walkers: &self.walkers,
            trail: &self.trail,
            tally: &mut self.tally,
        };
        if let Some(seat) = self.seats.get_mut(n) {
            while seat.read(&mut self.buffer, &mut looking) {}
        }
    }

    /// What was counted since the last time.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// For each chunk in which there is somebody, how many nodes serve people there.
    #[must_use]
    pub fn publishers(&self) -> Vec<usize> {
        let mut nodes: HashMap<Chunk, BTreeSet<usize>> = HashMap::new();
        for (seat, node) in self.seats.iter().zip(&self.nodes) {
            nodes.entry(seat.walker.at.chunk()).or_default().insert(*node);
        }
        nodes.into_values().map(|nodes| nodes.len()).collect()
    }

    /// Pairs of people of whom the first sees the second now.
    #[must_use]
    pub fn pairs_in_view(&self) -> u64 {
        let mut people: HashMap<Chunk, u64> = HashMap::new();
        for seat in &self.seats {
            *people.entry(seat.walker.at.chunk()).or_default() += 1;
        }
        let rings = u16::from(self.scene.rings().0);
        let around = |chunk: Chunk| chunk.around(rings).filter_map(|c| people.get(&c)).sum::<u64>();
        people.iter().map(|(chunk, here)| here * (around(*chunk) - 1)).sum()
    }

    /// How many of those whom an observer should have in view it does not know, or has too far from where they are.
    #[must_use]
    pub fn astray(&self) -> u64 {
        let watchers = self.seats.iter().filter_map(|seat| match &seat.watch {
            Some(Watch::World(watcher)) => Some((seat, watcher)),
            Some(Watch::Floor(_)) | None => None,
        });
        let surely_seen = move |home: Position, other: Position| match self.scene.kind {
            SceneKind::Crowd => true,
            SceneKind::Spread => home.distance(other) <= SURELY_SEEN_UNITS,
        };
        watchers
            .flat_map(|(seat, watcher)| {
                let within = self.seats.iter().filter(move |other| surely_seen(seat.walker.at, other.walker.at));
                within.map(move |other| (watcher, other))
            })
            .filter(|(watcher, other)| {
                let place = other.entity.and_then(|entity| watcher.place(entity, &self.pace));
                place.is_none_or(|place| place.distance(other.walker.at) > ASTRAY_UNITS)
            })
            .count() as u64
    }
}
