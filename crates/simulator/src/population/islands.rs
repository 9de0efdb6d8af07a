//! Who is where: seats taken and left, sessions and voyages, the load of nodes, and what hosts report of it.

use population::{Input, Phase, Way};
use world::{IslandId, Millis};

use super::figures::Figure;
use super::model::{Event, Report, Simulation};
use super::people::{Seat, State, id};
use super::scenario::Scenario;
use crate::dice::Dice;
use crate::run::BEGINNING;

/// The truth about the islands.
#[derive(Debug)]
pub(super) struct Islands {
    /// People on each, from island 1 on.
    pub people: Vec<u32>,
    phases: Vec<Phase>,
}

impl Islands {
    pub fn new(scenario: &Scenario) -> Self {
        let n = scenario.world.islands as usize;
        Self { people: vec![0; n], phases: vec![Phase::Planned; n] }
    }

    pub fn turn(&mut self, island: u32, to: Phase) {
        self.phases[island as usize - 1] = to;
    }

    pub fn of(&mut self, island: u32) -> &mut u32 {
        &mut self.people[island as usize - 1]
    }

    /// Islands that take people, or are full.
    pub fn open(&self) -> impl Iterator<Item = u32> {
        (1..)
            .zip(&self.phases)
            .filter(|(_, phase)| matches!(phase, Phase::Open | Phase::Full))
            .map(|(island, _)| island)
    }

    /// Islands that hosts hold up.
    pub fn up(&self) -> u64 {
        self.phases.iter().filter(|phase| phase.is_up()).count() as u64
    }

    pub fn sum(&self) -> u64 {
        self.people.iter().map(|people| u64::from(*people)).sum()
    }
}

/// The nodes and their load.
#[derive(Debug)]
pub(super) struct Machines {
    /// People on each; `None` while it is down.
    nodes: Vec<Option<u32>>,
    people_each: u32,
}

impl Machines {
    pub fn new(scenario: &Scenario) -> Self {
        Self { nodes: vec![Some(0); scenario.nodes.count as usize], people_each: scenario.nodes.people }
    }

    /// The emptier of two nodes drawn at random.
    fn place(&mut self, dice: &mut Dice) -> u16 {
        let n = self.nodes.len() as u64;
        let (a, b) = (dice.below(n) as usize, dice.below(n) as usize);
        let load = |node: usize| self.nodes[node].unwrap_or(u32::MAX);
        let mut best = if load(a) <= load(b) { a } else { b };
        if self.nodes[best].is_none() {
            best = (0..self.nodes.len()).min_by_key(|node| load(*node)).unwrap_or(0);
        }
        if let Some(people) = &mut self.nodes[best] {
            *people += 1;
        }
        best as u16
    }

    fn leave(&mut self, node: u16) {
        if let Some(people) = self.nodes.get_mut(usize::from(node)).and_then(Option::as_mut) {
            *people = people.saturating_sub(1);
        }
    }

    pub fn back(&mut self, node: u16) {
        self.nodes[usize::from(node)].get_or_insert(0);
    }

    /// Loads per mille, lowest first, of those that are up.
    pub fn loads(&self) -> Vec<u64> {
        let load = |people: &u32| u64::from(*people) * 1_000 / u64::from(self.people_each.max(1));
        let mut loads: Vec<u64> = self.nodes.iter().flatten().map(load).collect();
        loads.sort_unstable();
        loads
    }

    pub fn highest_load(&self) -> u32 {
        let most = self.nodes.iter().flatten().copied().max().unwrap_or(0);
        (u64::from(most) * 1_000 / u64::from(self.people_each.max(1))) as u32
    }
}

impl Simulation {
    /// A ticket is used.
    pub(super) fn enter(&mut self, person: u32, visit: u32, seat: Seat, until_ms: u32) {
        let one = *self.people.get(person);
        let voyage = one.state == State::Playing;
        if one.visit != visit || !(voyage && one.sailing || one.state == State::Loading) {
            return;
        }
        if self.now_ms > u64::from(until_ms) {
            return self.come_too_late(person, voyage);
        }
        if voyage {
            self.disperses(person);
            self.leave_seat(one.seat);
            self.figures.one(Figure::Voyages);
        }
        self.note(b'e', u64::from(person), u64::from(seat.island));
        *self.islands.of(seat.island) += 1;
        self.audit.entered(seat.island());
        self.report(Report::Arrived(seat));
        let held = self.people.get_mut(person);
        (held.seat, held.sailing, held.tries) = (seat, false, 0);
        if !voyage {
            self.begin_session(person);
        }
        self.gathers(person);
        self.plan_voyage(person);
    }

    fn come_too_late(&mut self, person: u32, voyage: bool) {
        self.figures.one(Figure::LateTickets);
        if voyage {
            return self.give_up_voyage(person);
        }
        self.people.turn(person, State::Asking);
        self.ask_later(person, [100, 1_000]);
    }

    fn begin_session(&mut self, person: u32) {
        self.figures.one(Figure::Sessions);
        self.people.turn(person, State::Playing);
        let node = self.machines.place(&mut self.chance.road);
        let one = self.people.get_mut(person);
        (one.veteran, one.node) = (true, node);
        let visit = one.visit;
        let people = &self.scenario.people;
        let short = self.chance.play.per_mille(people.bounce_per_mille);
        let mean_ms = if short { people.bounce_min } else { people.session_min } * 60_000;
        let after_ms = self.wait(mean_ms).max(1_000);
        self.put(after_ms, Event::Leave { person, visit });
        self.figures.raise(Figure::PeakPeople, self.people.count(State::Playing));
    }

    /// A ticket is never used.
    pub(super) fn quit(&mut self, person: u32, visit: u32) {
        let one = self.people.get(person);
        if one.visit == visit && one.state == State::Loading {
            self.people.go_home(person);
        }
    }

    /// A session ends.
    pub(super) fn leave(&mut self, person: u32, visit: u32) {
        let one = *self.people.get(person);
        if one.visit != visit || one.state != State::Playing {
            return;
        }
        self.note(b'o', u64::from(person), u64::from(one.seat.island));
        self.disperses(person);
        self.leave_seat(one.seat);
        self.machines.leave(one.node);
        self.people.go_home(person);
    }

    fn leave_seat(&mut self, seat: Seat) {
        *self.islands.of(seat.island) -= 1;
        self.audit.left(seat.island());
        self.report(Report::Left(seat, self.now_ms as u32));
    }

    fn plan_voyage(&mut self, person: u32) {
        let mean_ms = self.scenario.voyages.every_min * 60_000;
        let mean_ms = if self.sky.draws() { mean_ms.min(super::trouble::DRAWN_WITHIN_MS) } else { mean_ms };
        if mean_ms > 0 && self.people.get(person).sails == 0 {
            self.think_of_sailing(person, mean_ms);
        }
    }

    pub(super) fn think_of_sailing(&mut self, person: u32, mean_ms: u64) {
        let after_ms = self.wait(mean_ms);
        let one = self.people.get_mut(person);
        one.sails = one.sails.saturating_add(1);
        let visit = one.visit;
        self.put(after_ms, Event::Sail { person, visit });
    }

    pub(super) fn sail(&mut self, person: u32, visit: u32) {
        let one = self.people.get_mut(person);
        if one.visit != visit || one.state != State::Playing {
            return;
        }
        one.sails -= 1;
        if !one.sailing {
            (one.sailing, one.tries, one.humble) = (true, 0, false);
            self.ask_for_voyage(person);
        }
    }

    pub(super) fn set_sail(&mut self, person: u32, seat: Seat, until_ms: u64) {
        let [low, high] = self.scenario.voyages.takes_s;
        let after_ms = self.chance.road.between(low * 1_000, high * 1_000);
        let visit = self.people.get(person).visit;
        self.put(after_ms, Event::Enter { person, visit, seat, until_ms: until_ms as u32 });
    }

    pub(super) fn give_up_voyage(&mut self, person: u32) {
        let one = self.people.get_mut(person);
        if one.state == State::Playing {
            one.sailing = false;
            self.plan_voyage(person);
        }
    }

    /// Where a traveller asks to go.
    pub(super) fn voyage_way(&mut self, person: u32) -> Option<Way> {
        let from = self.people.get(person).seat.island();
        if let Some(way) = self.drawn(person) {
            return Some(way);
        }
        let (named, to_friend) = (self.scenario.voyages.named_per_mille, self.scenario.voyages.to_friend_per_mille);
        let roll = self.chance.play.below(1_000) as u32;
        if roll < named {
            let open: Vec<u32> = self.islands.open().filter(|island| *island != from.0).collect();
            return self.chance.play.pick(&open).map(|to| Way::Voyage { from, to: Some(IslandId(*to)) });
        }
        if roll < named + to_friend
            && let Some(friend) = self.friend_in_the_world(person)
        {
            return (self.people.get(friend).seat.island != from.0).then_some(Way::Friend {
                friend: id(friend),
                seen_on: None,
                near: None,
            });
        }
        Some(Way::Voyage { from, to: None })
    }

    pub(super) fn raise(&mut self, island: u32) {
        self.figures.one(Figure::IslandsRaised);
        let [low, high] = self.scenario.world.raise_s;
        let after_ms = self.chance.road.between(low * 1_000, high * 1_000);
        self.put(after_ms, Event::Ready(island));
    }

    pub(super) fn ready(&mut self, island: u32) {
        self.tell_leaders(&Input::Ready { island: IslandId(island) });
    }

    /// A host counts who holds a seat on an island.
    pub(super) fn census(&mut self, island: u32) {
        let people = *self.islands.of(island);
        self.report(Report::Census { island, people, at_ms: self.now_ms as u32 });
    }

    /// A report goes out: on time, late, twice, or never.
    pub(super) fn report(&mut self, report: Report) {
        let weather = self.sky.reports(&self.scenario.reports);
        if self.chance.road.per_mille(weather.lost_per_mille) {
            return;
        }
        let twice = self.chance.road.per_mille(weather.twice_per_mille);
        for _ in 0..1 + u8::from(twice) {
            let after_ms = self.chance.road.between(weather.delay_ms[0], weather.delay_ms[1]);
            self.put(after_ms, Event::Report(report));
        }
    }

    pub(super) fn deliver(&mut self, report: Report) {
        let at = |ms: u32| Millis(BEGINNING.0 + u64::from(ms));
        let input = match report {
            Report::Arrived(seat) => Input::Arrived { promise: seat.promise(), island: seat.island() },
            Report::Left(seat, ms) => Input::Left { promise: seat.promise(), island: seat.island(), at: at(ms) },
            Report::Census { island, people, at_ms } => {
                Input::Census { island: IslandId(island), people, taken_at: at(at_ms) }
            }
            Report::Crowd { island, chunk, crowded } => Input::Crowd { island: IslandId(island), chunk, crowded },
        };
        self.tell_leaders(&input);
    }

    /// A node dies: its people resume on others, but for some.
    pub(super) fn node_dies(&mut self, back_after_ms: u64) {
        let up: Vec<u16> = (0..).zip(&self.machines.nodes).filter(|(_, n)| n.is_some()).map(|(n, _)| n).collect();
        let Some(node) = self.chance.fate.pick(&up).copied().filter(|_| up.len() > 1) else { return };
        self.figures.one(Figure::NodesLost);
        self.machines.nodes[usize::from(node)] = None;
        self.put(back_after_ms, Event::NodeBack(node));
        let there = self.people.iter().filter(|(_, one)| one.state == State::Playing && one.node == node);
        let there: Vec<u32> = there.map(|(person, _)| person).collect();
        for person in there {
            let other = self.machines.place(&mut self.chance.fate);
            self.people.get_mut(person).node = other;
            if self.chance.fate.per_mille(self.scenario.nodes.quit_per_mille) {
                let visit = self.people.get(person).visit;
                let after_ms = self.chance.fate.between(5_000, 60_000);
                self.put(after_ms, Event::Leave { person, visit });
            }
        }
    }
}
