//! A run under way: the state of everything, one calendar of events, and who deals with each.
//!
//! The rooms deal with them: [`super::come`] brings people, [`super::gate`] keeps the queue, [`super::harbour`] the
//! leaders of the allocator, [`super::islands`] who is where, [`super::trouble`] the incidents, [`super::measure`] what
//! is measured. Decisions are all made in the crate `population`.

use std::collections::BTreeMap;

use population::{Audit, IslandPlan, PlanError, Planted};
use world::{Chunk, Digest, IslandId, Millis};

use super::calendar::Calendar;
use super::figures::Figures;
use super::gate::Gate;
use super::harbour::Harbour;
use super::islands::{Islands, Machines};
use super::measure::Measure;
use super::people::{Party, People, Seat};
use super::scenario::Scenario;
use super::trouble::Sky;
use crate::dice::{Dice, Waits};
use crate::outcome::{Course, Outcome};
use crate::run::BEGINNING;

/// Milliseconds between two beats of the gate: how finely admissions are spread.
pub(super) const BEAT_MS: u64 = 250;

/// What happens next.
#[derive(Debug)]
pub(super) enum Event {
    Come,
    Return(u32),
    Step { person: u32, visit: u32, step: u8 },
    Look { person: u32, visit: u32 },
    GiveUp { person: u32, visit: u32 },
    Reconnect { person: u32, visit: u32 },
    PartyCheck { person: u32, visit: u32 },
    AskAgain { person: u32, visit: u32 },
    Enter { person: u32, visit: u32, seat: Seat, until_ms: u32 },
    Quit { person: u32, visit: u32 },
    Leave { person: u32, visit: u32 },
    Sail { person: u32, visit: u32 },
    Report(Report),
    Ready(u32),
    Wake(u16),
    Elect,
    Unpause(u16),
    Learn { login: u16, leader: u16 },
    NodeBack(u16),
    Strike(u16),
    Lift(u16),
    Beat,
    Sample,
}

/// What a host reports.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report {
    Arrived(Seat),
    Left(Seat, u32),
    Census { island: u32, people: u32, at_ms: u32 },
    Crowd { island: u32, chunk: Chunk, crowded: bool },
}

/// Dice for each purpose, so that a change in one does not shift the others.
#[derive(Debug)]
pub(super) struct Chances {
    /// Who comes, and when.
    pub come: Dice,
    /// What they do.
    pub play: Dice,
    /// What happens on the way.
    pub road: Dice,
    /// Incidents and their victims.
    pub fate: Dice,
}

/// A run of one seed.
#[derive(Debug)]
pub struct Simulation {
    pub(super) scenario: Scenario,
    pub(super) seed: u64,
    pub(super) planted: Planted,
    pub(super) now_ms: u64,
    pub(super) end_ms: u64,
    pub(super) calendar: Calendar<Event>,
    pub(super) chance: Chances,
    pub(super) waits: Waits,
    pub(super) come_us: u64,
    pub(super) people: People,
    pub(super) parties: BTreeMap<u32, Party>,
    pub(super) gate: Gate,
    pub(super) harbour: Harbour,
    pub(super) islands: Islands,
    pub(super) machines: Machines,
    pub(super) sky: Sky,
    pub(super) measure: Measure,
    pub(super) figures: Figures,
    pub(super) audit: Audit,
    pub(super) digest: Digest,
    pub(super) events: u64,
}

impl Simulation {
    /// A run before its first moment, of a scenario that was checked.
    ///
    /// # Errors
    /// The islands' numbers are not in order.
    pub fn new(scenario: &Scenario, seed: u64, planted: Planted) -> Result<Self, PlanError> {
        let plans = plans(scenario);
        plans.iter().try_for_each(IslandPlan::check)?;
        let mut audit = Audit::new();
        plans.iter().for_each(|plan| audit.cap(plan.island, plan.hard_cap));
        let end_ms = scenario.course.minutes * 60_000;
        let sky = Sky::new(scenario, end_ms);
        let dice = |stream| Dice::new(seed, stream);
        let mut simulation = Self {
            seed,
            planted,
            now_ms: 0,
            end_ms,
            calendar: Calendar::new(end_ms),
            chance: Chances { come: dice(21), play: dice(22), road: dice(23), fate: dice(24) },
            waits: Waits::new(),
            come_us: 0,
            people: People::new(scenario.people.registered),
            parties: BTreeMap::new(),
            gate: Gate::new(scenario, planted),
            harbour: Harbour::new(scenario, plans, sky.store_weather(), dice(25)),
            islands: Islands::new(scenario),
            machines: Machines::new(scenario),
            sky,
            measure: Measure::new(scenario),
            figures: Figures::new(),
            audit,
            digest: Digest::new(),
            events: 0,
            scenario: scenario.clone(),
        };
        simulation.begin();
        Ok(simulation)
    }

    fn begin(&mut self) {
        let veterans = self.scenario.people.veterans_per_mille;
        for person in 0..self.people.len() {
            self.people.get_mut(person).veteran = self.chance.come.per_mille(veterans);
        }
        self.elect();
        self.plan_incidents();
        self.put(0, Event::Beat);
        self.put(0, Event::Sample);
        self.plan_next_coming();
    }

    pub(super) fn now(&self) -> Millis {
        BEGINNING + self.now_ms
    }

    pub(super) fn put(&mut self, after_ms: u64, event: Event) {
        self.calendar.put(self.now_ms + after_ms, event);
    }

    /// A time without memory, with this mean.
    pub(super) fn wait(&mut self, mean_ms: u64) -> u64 {
        self.waits.draw(&mut self.chance.play, mean_ms)
    }

    /// Notes that something was decided or came about.
    pub(super) fn note(&mut self, what: u8, who: u64, other: u64) {
        self.digest.write(&[what]);
        self.digest.write(&(self.now_ms as u32).to_le_bytes());
        self.digest.write(&(who as u32).to_le_bytes());
        self.digest.write(&(other as u32).to_le_bytes());
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Come => self.come(),
            Event::Return(person) => self.return_to_play(person),
            Event::Step { person, visit, step } => self.step(person, visit, step),
            Event::Look { person, visit } => self.look(person, visit),
            Event::GiveUp { person, visit } => self.give_up(person, visit),
            Event::Reconnect { person, visit } => self.reconnect(person, visit),
            Event::PartyCheck { person, visit } => self.party_check(person, visit),
            Event::AskAgain { person, visit } => self.ask_again(person, visit),
            Event::Enter { person, visit, seat, until_ms } => self.enter(person, visit, seat, until_ms),
            Event::Quit { person, visit } => self.quit(person, visit),
            Event::Leave { person, visit } => self.leave(person, visit),
            Event::Sail { person, visit } => self.sail(person, visit),
            Event::Report(report) => self.deliver(report),
            Event::Ready(island) => self.ready(island),
            Event::Wake(leader) => self.wake(leader),
            Event::Elect => self.elect(),
            Event::Unpause(leader) => self.unpause(leader),
            Event::Learn { login, leader } => self.harbour.learn(login, leader),
            Event::NodeBack(node) => self.machines.back(node),
            Event::Strike(index) => self.strike(index),
            Event::Lift(index) => self.lift(index),
            Event::Beat => self.beat(),
            Event::Sample => self.sample(),
        }
    }
}

impl Course for Simulation {
    fn go_on(&mut self, ms: u64) -> bool {
        let until = (self.now_ms + ms).min(self.end_ms);
        loop {
            let store_at = self.harbour.store_wakes_at().map(|at| at.since(BEGINNING).max(self.now_ms));
            let next_at = self.calendar.next_at();
            // The store first: what it answers is older than what happens at the same moment.
            if let Some(at) = store_at.filter(|at| *at <= until && next_at.is_none_or(|next| *at <= next)) {
                self.now_ms = at;
                self.events += 1;
                self.store_answers();
            } else if let Some((at, event)) = self.calendar.take(until) {
                self.now_ms = at;
                self.events += 1;
                self.happen(event);
            } else {
                break;
            }
        }
        self.now_ms = until;
        until < self.end_ms
    }

    fn at_ms(&self) -> u64 {
        self.now_ms
    }

    fn length_ms(&self) -> u64 {
        self.end_ms
    }

    fn events(&self) -> u64 {
        self.events
    }

    fn outcome(&self) -> Outcome {
        self.show()
    }
}

/// The islands' plans, numbered from 1.
fn plans(scenario: &Scenario) -> Vec<IslandPlan> {
    let world = &scenario.world;
    let archive_after_ms = (world.archive_after_min > 0).then_some(world.archive_after_min * 60_000);
    let plan = |island| IslandPlan {
        island: IslandId(island),
        band: population::Band { low: world.band[0], high: world.band[1] },
        capacity: world.capacity,
        hard_cap: world.hard_cap,
        landing: Chunk::default(),
        archive_after_ms,
    };
    (1..=world.islands).map(plan).collect()
}
