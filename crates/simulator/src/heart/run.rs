//! A run: nodes and clients as they serve players, looked at once a second.

use std::collections::BTreeMap;

use node::Counters;
use world::{Chunk, Millis, Planted};

use super::scenario::Scenario;
use crate::outcome::{Course, Heat, Line, Look, Outcome, Plot};
use crate::population::RIVAL_BEST;
use crate::run::{BEGINNING, World};
use crate::scenario::ScenarioError;

crate::names::names! {
    /// The figures of the heart under a crowd. Loads are per mille of a processor core.
    Figure {
        /// People in the world at the end.
        People = "people",
        /// Load of the busiest node: game logic and synchronisation together.
        BusiestLoad = "busiest_load_per_mille",
        /// Game logic of that node.
        BusiestLogic = "busiest_logic_per_mille",
        /// Synchronisation of that node.
        BusiestSync = "busiest_sync_per_mille",
        /// Load of all nodes together.
        AllLoad = "all_load_per_mille",
        /// Synchronisation of all nodes together.
        AllSync = "all_sync_per_mille",
        /// Nodes that publish in a chunk where anybody is, on average, in thousandths.
        Publishers = "publishers_milli",
        /// The same that nineteen in twenty chunks do not exceed.
        PublishersP95 = "publishers_p95",
        /// Frames between nodes a second.
        Frames = "frames_per_second",
        /// Changed entities told to clients a second.
        Updates = "updates_per_second",
        /// The most people in one chunk.
        FullestChunk = "fullest_chunk",
    }
}

/// One second of one node.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    people: u64,
    logic: u64,
    sync: u64,
}

impl Work {
    fn load(&self) -> u64 {
        self.logic + self.sync
    }
}

/// One second of all.
#[derive(Debug, Default)]
struct Second {
    at_s: u64,
    nodes: Vec<Work>,
    /// How many nodes publish in each chunk where anybody is.
    publishers: Vec<u64>,
    frames: u64,
    updates: u64,
    fullest: u64,
}

impl Second {
    fn busiest(&self) -> Work {
        self.nodes.iter().copied().max_by_key(Work::load).unwrap_or_default()
    }
}

/// A run of one seed.
pub struct Simulation {
    scenario: Scenario,
    seed: u64,
    world: World,
    seconds: Vec<Second>,
    before: Vec<Counters>,
    crowd: BTreeMap<Chunk, u64>,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).field("at_ms", &self.at_ms()).finish_non_exhaustive()
    }
}

impl Simulation {
    /// A run before its first moment.
    ///
    /// # Errors
    /// The scenario has a value out of its range.
    pub fn new(scenario: &Scenario, seed: u64) -> Result<Self, ScenarioError> {
        let mut world = World::new(&scenario.faultless()?, seed, Planted::none(), Vec::new())?;
        world.leave_unchecked();
        let before = vec![Counters::default(); usize::from(scenario.world.nodes)];
        let (seconds, crowd) = (Vec::new(), BTreeMap::new());
        Ok(Self { scenario: scenario.clone(), seed, world, seconds, before, crowd })
    }

    fn look(&mut self) {
        let mut second = Second { at_s: self.world.now.since(BEGINNING) / 1_000, ..Second::default() };
        let mut publishers: BTreeMap<Chunk, u64> = BTreeMap::new();
        self.crowd.clear();
        for (node, before) in self.world.nodes().zip(&mut self.before) {
            let (status, now) = (node.status(), node.counters());
            for chunk in status.chunks.iter().filter(|chunk| chunk.avatars > 0) {
                *publishers.entry(chunk.chunk).or_default() += 1;
                *self.crowd.entry(chunk.chunk).or_default() += u64::from(chunk.avatars);
            }
            let (people, copies) = (status.sessions as u64, status.ghosts.len() as u64);
            let work = work(&self.scenario, before, &now, people, copies);
            second.frames += now.frames_applied - before.frames_applied;
            second.updates += now.updates_delivered - before.updates_delivered;
            second.nodes.push(work);
            *before = now;
        }
        second.publishers = publishers.into_values().collect();
        second.fullest = self.crowd.values().copied().max().unwrap_or(0);
        self.seconds.push(second);
    }

    fn judged(&self) -> Vec<&Second> {
        self.seconds.iter().filter(|second| second.at_s > self.scenario.course.settle_s).collect()
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        let judged = self.judged();
        let mean = |of: &dyn Fn(&Second) -> u64| {
            judged.iter().map(|second| of(second)).sum::<u64>() / (judged.len() as u64).max(1)
        };
        let mut publishers: Vec<u64> = judged.iter().flat_map(|second| second.publishers.iter().copied()).collect();
        publishers.sort_unstable();
        let chunks = (publishers.len() as u64).max(1);
        let value = |figure: Figure| match figure {
            Figure::People => self.seconds.last().map_or(0, |second| second.nodes.iter().map(|work| work.people).sum()),
            Figure::BusiestLoad => mean(&|second| second.busiest().load()),
            Figure::BusiestLogic => mean(&|second| second.busiest().logic),
            Figure::BusiestSync => mean(&|second| second.busiest().sync),
            Figure::AllLoad => mean(&|second| second.nodes.iter().map(Work::load).sum()),
            Figure::AllSync => mean(&|second| second.nodes.iter().map(|work| work.sync).sum()),
            Figure::Publishers => publishers.iter().sum::<u64>() * 1_000 / chunks,
            Figure::PublishersP95 => publishers.get(publishers.len() * 95 / 100).copied().unwrap_or(0),
            Figure::Frames => mean(&|second| second.frames),
            Figure::Updates => mean(&|second| second.updates),
            Figure::FullestChunk => judged.iter().map(|second| second.fullest).max().unwrap_or(0),
        };
        Figure::ALL.iter().map(|figure| (figure.name().to_owned(), value(*figure))).collect()
    }

    fn plots(&self) -> Vec<Plot> {
        let at: Vec<u64> = self.seconds.iter().map(|second| second.at_s).collect();
        let plot = |id: &str, title: &str, note: &str, unit: &str, lines: Vec<Line>| Plot {
            id: id.to_owned(),
            title: title.to_owned(),
            note: note.to_owned(),
            unit: unit.to_owned(),
            axis: "seconds".to_owned(),
            at: at.clone(),
            lines,
        };
        let line = |name: &str, look: Look, value: &dyn Fn(&Second) -> u64| {
            Line::new(name, look, self.seconds.iter().map(|second| Some(value(second))).collect())
        };
        let people = |second: &Second, most: bool| {
            let all = second.nodes.iter().map(|work| work.people);
            if most { all.max().unwrap_or(0) } else { all.min().unwrap_or(0) }
        };
        vec![
            plot(
                "load",
                "Load of the busiest node",
                "What it computes and what it tells and hears.",
                "per mille of a core",
                vec![
                    line("game logic", Look::Stacked, &|second| second.busiest().logic),
                    line("synchronisation", Look::Stacked, &|second| second.busiest().sync),
                ],
            ),
            plot(
                "people",
                "People on a node",
                "On the fullest and the emptiest.",
                "people",
                vec![
                    line("fullest", Look::Line, &|second| people(second, true)),
                    line("emptiest", Look::Line, &|second| people(second, false)),
                ],
            ),
            plot(
                "publishers",
                "Nodes in a chunk",
                "How many publish in one, on average, in thousandths.",
                "thousandths",
                vec![line("publishers", Look::Line, &|second| {
                    second.publishers.iter().sum::<u64>() * 1_000 / (second.publishers.len() as u64).max(1)
                })],
            ),
            plot(
                "traffic",
                "Traffic",
                "Frames that nodes apply of each other.",
                "a second",
                vec![line("frames", Look::Line, &|second| second.frames)],
            ),
        ]
    }

    fn heat(&self) -> Heat {
        let side = self.scenario.world.size_chunks as i16;
        let cell = |x: i16, y: i16| self.crowd.get(&Chunk::new(x, y)).copied().unwrap_or(0);
        Heat {
            id: "chunks".to_owned(),
            title: "People, chunk by chunk".to_owned(),
            note: "The island from above at the end.".to_owned(),
            unit: "people".to_owned(),
            full: self.crowd.values().copied().max().unwrap_or(1).max(1),
            columns: "chunks".to_owned(),
            end: side as u64,
            rows: "chunks from north to south".to_owned(),
            cells: (0..side).map(|y| (0..side).map(|x| cell(x, y)).collect()).collect(),
        }
    }
}

/// A node's second, from what it counted. Loads are per mille of a core: a thousand microseconds in a second are one.
fn work(scenario: &Scenario, before: &Counters, now: &Counters, people: u64, copies: u64) -> Work {
    let (cost, hz) = (&scenario.cost, u64::from(scenario.world.tick_hz));
    let published = now.frames_published - before.frames_published;
    let applied = now.frames_applied - before.frames_applied;
    let told = published * cost.publish_us + applied * cost.apply_us;
    Work { people, logic: people * hz * cost.logic_us / 1_000, sync: (told + copies * hz * cost.copy_us) / 1_000 }
}

impl Course for Simulation {
    fn go_on(&mut self, ms: u64) -> bool {
        let end = BEGINNING + self.length_ms();
        let until = (self.world.now + ms).min(end);
        while self.world.now < until {
            let next = Millis((self.world.now.0 / 1_000 + 1) * 1_000).min(until);
            self.world.go_on_until(next);
            if next.0.is_multiple_of(1_000) {
                self.look();
            }
        }
        until < end
    }

    fn at_ms(&self) -> u64 {
        self.world.now.since(BEGINNING)
    }

    fn length_ms(&self) -> u64 {
        self.scenario.course.seconds * 1_000
    }

    fn events(&self) -> u64 {
        self.world.happenings()
    }

    fn outcome(&self) -> Outcome {
        let figures = self.figures();
        let own = self.scenario.assert.iter().filter(|bound| bound.figure != RIVAL_BEST);
        Outcome {
            kind: "heart".to_owned(),
            scenario: self.scenario.name.clone(),
            about: self.scenario.about.clone(),
            seed: self.seed,
            digest: format!("{:016x}", self.world.digest()),
            simulated_ms: self.at_ms(),
            events: self.events(),
            assertions: own.flat_map(|bound| bound.judge(&figures)).collect(),
            figures,
            violations: Vec::new(),
            tables: Vec::new(),
            plots: self.plots(),
            heats: vec![self.heat()],
        }
    }
}
