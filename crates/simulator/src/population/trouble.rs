//! Trouble: incidents that strike and pass, and the weather that they make.

use population::{Input, Way};
use store::Fate;
use world::{Chunk, IslandId};

use super::figures::Figure;
use super::incident::{Incident, What};
use super::model::{Event, Report, Simulation};
use super::people::{State, id};
use super::scenario::{Reports, Scenario};
use crate::dice::Dice;

/// Mean milliseconds within which those in the world hear of a festival or a famous friend and sail.
pub(super) const DRAWN_WITHIN_MS: u64 = 900_000;
/// People in a chunk above which hosts call it crowded: step 4 of the ladder comes after 1500 movers.
const CROWDED: u32 = 1_500;
/// Milliseconds between two reports of a crowded chunk.
const CROWD_REPORT_MS: u64 = 5_000;
/// Milliseconds of an answer while the store is slow.
const SLOW_MS: [u64; 2] = [500, 2_000];
/// Milliseconds of a report's way while reports are late.
const LATE_MS: [u64; 2] = [1_000, 30_000];

/// Where an incident draws people.
#[derive(Clone, Copy, Debug)]
enum Goal {
    Friend { friend: u32, island: IslandId },
    Festival { island: IslandId, chunk: Chunk },
}

/// The incidents and what they do at the moment.
#[derive(Debug)]
pub(super) struct Sky {
    incidents: Vec<Incident>,
    store: StoreSky,
    late: u32,
    lost_per_mille: Vec<u32>,
    goals: Vec<(u16, Goal, u32)>,
    /// People at the festival's chunk.
    gathered: u32,
    crowd_told_ms: u64,
}

/// The weather of the store: what holds always, and when it is worse.
#[derive(Clone, Debug)]
pub(super) struct StoreSky {
    delay_ms: [u64; 2],
    fail_per_mille: u32,
    unknown_per_mille: u32,
    /// From, to, whether it is slow, and what fails per mille.
    worse: Vec<(u64, u64, bool, u32)>,
}

impl StoreSky {
    pub fn fate(&self, at_ms: u64, dice: &mut Dice) -> Fate {
        let now = self.worse.iter().filter(|(from, to, ..)| (*from..*to).contains(&at_ms));
        let (slow, failing) = now.fold((false, 0), |(slow, fails), (_, _, s, f)| (slow | s, fails.max(*f)));
        let [low, high] = if slow { SLOW_MS } else { self.delay_ms };
        let answer_after_ms = dice.between(low, high).max(1);
        let fails = self.fail_per_mille + failing / 2;
        let unknown = self.unknown_per_mille + failing / 2;
        let roll = dice.below(1_000) as u32;
        if roll < fails {
            return Fate::NotApplied { answer_after_ms };
        }
        if roll < fails + unknown {
            let applied = dice.per_mille(500).then_some(answer_after_ms * 2);
            return Fate::Unknown { answer_after_ms: answer_after_ms + 1_000, apply_after_ms: applied };
        }
        Fate::Pass { apply_after_ms: answer_after_ms / 2, answer_after_ms }
    }
}

impl Sky {
    pub fn new(scenario: &Scenario, end_ms: u64) -> Self {
        let store = &scenario.store;
        let worse = scenario.incident.iter().flat_map(|incident| {
            let kind = match incident.what {
                What::StoreSlow => Some((true, 0)),
                What::StoreFails => Some((false, incident.per_mille)),
                _ => None,
            };
            let times = kind.map(|_| incident.times(end_ms)).unwrap_or_default();
            times.into_iter().filter_map(move |from| {
                let (slow, fails) = kind?;
                Some((from, from + incident.lasts_s * 1_000, slow, fails))
            })
        });
        let store = StoreSky {
            delay_ms: store.delay_ms,
            fail_per_mille: store.fail_per_mille,
            unknown_per_mille: store.unknown_per_mille,
            worse: worse.collect(),
        };
        Self {
            incidents: scenario.incident.clone(),
            store,
            late: 0,
            lost_per_mille: Vec::new(),
            goals: Vec::new(),
            gathered: 0,
            crowd_told_ms: 0,
        }
    }

    pub fn store_weather(&self) -> StoreSky {
        self.store.clone()
    }

    /// Whether something draws people.
    pub fn draws(&self) -> bool {
        !self.goals.is_empty()
    }

    /// How reports fare at the moment.
    pub fn reports(&self, calm: &Reports) -> Reports {
        let lost_per_mille = self.lost_per_mille.iter().copied().max().unwrap_or(0).max(calm.lost_per_mille);
        let delay_ms = if self.late > 0 { LATE_MS } else { calm.delay_ms };
        Reports { delay_ms, lost_per_mille, twice_per_mille: calm.twice_per_mille }
    }
}

impl Incident {
    /// When it happens, in milliseconds.
    pub(super) fn times(&self, end_ms: u64) -> Vec<u64> {
        let first = self.at_min * 60_000;
        match self.every_min * 60_000 {
            0 => Some(first).filter(|at| *at < end_ms).into_iter().collect(),
            step => (0..).map(|n| first + n * step).take_while(|at| *at < end_ms).collect(),
        }
    }
}

impl Simulation {
    pub(super) fn plan_incidents(&mut self) {
        for (index, incident) in (0..).zip(self.sky.incidents.clone()) {
            for at_ms in incident.times(self.end_ms) {
                self.calendar.put(at_ms, Event::Strike(index));
                self.calendar.put(at_ms + incident.lasts_s * 1_000, Event::Lift(index));
            }
        }
    }

    pub(super) fn strike(&mut self, index: u16) {
        let Some(incident) = self.sky.incidents.get(usize::from(index)).cloned() else { return };
        let lasts_ms = incident.lasts_s * 1_000;
        self.measure.incident(self.now_ms, incident.what.name());
        match incident.what {
            What::LeaderDies => self.leader_falls(None),
            What::LeaderPauses => self.leader_falls(Some(lasts_ms)),
            What::LoginNodeDies => self.login_node_dies(),
            What::QueueLost => self.queue_is_lost(),
            What::NodeDies => self.node_dies(lasts_ms),
            // Drawn in advance, see `Sky::new`.
            What::StoreSlow | What::StoreFails => {}
            What::ReportsLate => self.sky.late += 1,
            What::ReportsFail => self.sky.lost_per_mille.push(incident.per_mille),
            What::FriendIsland => self.become_famous(index, incident.per_mille),
            What::Festival => self.begin_festival(index, incident.per_mille),
            What::PeopleExpected => {
                let by = self.now() + lasts_ms;
                self.tell_leaders(&Input::Expect { people: incident.people, by });
            }
        }
    }

    pub(super) fn lift(&mut self, index: u16) {
        let Some(incident) = self.sky.incidents.get(usize::from(index)).cloned() else { return };
        match incident.what {
            What::ReportsLate => self.sky.late -= 1,
            What::ReportsFail => {
                let held = self.sky.lost_per_mille.iter().position(|per_mille| *per_mille == incident.per_mille);
                held.map(|at| self.sky.lost_per_mille.swap_remove(at));
            }
            What::FriendIsland | What::Festival => self.sky.goals.retain(|(of, ..)| *of != index),
            What::LeaderDies | What::LeaderPauses | What::LoginNodeDies | What::QueueLost | What::NodeDies => {}
            What::StoreSlow | What::StoreFails | What::PeopleExpected => {}
        }
    }

    /// Somebody who plays becomes the one whom everybody wants to be with.
    fn become_famous(&mut self, index: u16, per_mille: u32) {
        let first = self.chance.fate.below(u64::from(self.people.len())) as u32;
        let all = self.people.len();
        let mut round = (0..all).map(|n| (first + n) % all);
        let Some(friend) = round.find(|one| self.people.get(*one).state == State::Playing) else { return };
        let island = self.people.get(friend).seat.island();
        self.sky.goals.push((index, Goal::Friend { friend, island }, per_mille));
        self.spread_the_word();
    }

    fn begin_festival(&mut self, index: u16, per_mille: u32) {
        let open: Vec<u32> = self.islands.open().collect();
        let Some(island) = self.chance.fate.pick(&open).copied() else { return };
        let goal = Goal::Festival { island: IslandId(island), chunk: Chunk::new(4, 4) };
        self.sky.goals.push((index, goal, per_mille));
        self.spread_the_word();
    }

    /// Those in the world hear of it one after the other.
    fn spread_the_word(&mut self) {
        let playing = self.people.iter().filter(|(_, one)| one.state == State::Playing && !one.sailing);
        let playing: Vec<u32> = playing.map(|(person, _)| person).collect();
        playing.into_iter().for_each(|person| self.think_of_sailing(person, DRAWN_WITHIN_MS));
    }

    /// Whether somebody is drawn, and where.
    pub(super) fn drawn(&mut self, person: u32) -> Option<Way> {
        let (_, goal, per_mille) = self.sky.goals.last().copied()?;
        if !self.chance.play.per_mille(per_mille) {
            return None;
        }
        let here = self.people.get(person).seat.island();
        let (island, way) = match goal {
            Goal::Friend { friend, .. } if friend == person => return None,
            Goal::Friend { friend, island } => {
                (island, Way::Friend { friend: id(friend), seen_on: Some(island), near: None })
            }
            Goal::Festival { island, chunk } => (island, Way::Warp { to: island, near: Some(chunk) }),
        };
        if island == here {
            return None;
        }
        self.figures.one(Figure::Drawn);
        Some(way)
    }

    /// Somebody who set foot on the island of a festival goes there.
    pub(super) fn gathers(&mut self, person: u32) {
        let island = self.people.get(person).seat.island();
        let festival = self.sky.goals.iter().find_map(|(_, goal, _)| match goal {
            Goal::Festival { island: there, chunk } if *there == island => Some(*chunk),
            _ => None,
        });
        let Some(chunk) = festival else { return };
        self.people.get_mut(person).feasting = true;
        self.sky.gathered += 1;
        let crowded = self.sky.gathered >= CROWDED;
        if crowded && self.now_ms >= self.sky.crowd_told_ms + CROWD_REPORT_MS {
            self.sky.crowd_told_ms = self.now_ms;
            self.report(Report::Crowd { island: island.0, chunk, crowded });
        }
    }

    pub(super) fn disperses(&mut self, person: u32) {
        if std::mem::take(&mut self.people.get_mut(person).feasting) {
            self.sky.gathered = self.sky.gathered.saturating_sub(1);
        }
    }
}
