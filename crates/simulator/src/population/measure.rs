//! Measuring: samples for plots, shown against real waiting times, and whether the numbers add up.

use std::collections::BTreeMap;

use population::Reason;

use super::figures::Figure;
use super::model::{Event, Simulation};
use super::people::State;
use super::scenario::Scenario;

/// Real waits below this many milliseconds are over before anybody looks twice; they are not compared.
const SHORT_WAIT_MS: u64 = 60_000;
/// Errors from this many per mille on are alike.
const WORST_PER_MILLE: usize = 5_000;
/// Samples between two counts of everybody by heads.
const COUNT_EVERY: usize = 60;

/// Somebody in the queue who is watched.
#[derive(Debug)]
struct Watch {
    since_ms: u64,
    /// When they looked, and what was shown.
    looks: Vec<(u64, u64)>,
}

/// The world at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    pub at_ms: u64,
    pub playing: u64,
    pub loading: u64,
    pub funnel: u64,
    pub queue: u64,
    pub admitted: u64,
    pub promised: Option<u64>,
    pub counted: Option<u64>,
    pub room: Option<u64>,
    pub up: u64,
    pub open: u64,
    /// People on the emptiest, a tenth, the median, nine tenths and the fullest of the open islands.
    pub spread: Option<[u64; 5]>,
    pub load: [u64; 2],
    pub decided: BTreeMap<Reason, u64>,
}

/// Everything that is measured.
#[derive(Debug)]
pub(super) struct Measure {
    judged: (u64, u64),
    sample_ms: u64,
    watched: BTreeMap<u32, Watch>,
    /// Looks by the error of what they were shown, in per mille of the real wait.
    errors: Vec<u64>,
    /// Waits of those who got through, in seconds.
    waits: BTreeMap<u64, u64>,
    /// For each sample, of the looks since the one before: shown, real, how many.
    pub shown: Vec<(u64, u64, u64)>,
    pub samples: Vec<Sample>,
    /// People on each island, sample after sample.
    pub islands: Vec<u16>,
    admitted: u64,
    decided: BTreeMap<Reason, u64>,
    pub steps: Vec<u64>,
    parties_placed: u64,
    in_band: u64,
    medians: u64,
    pub incidents: Vec<(u64, &'static str)>,
    /// How often the numbers did not add up, and the first time in words.
    pub astray: Vec<String>,
}

impl Measure {
    pub fn new(scenario: &Scenario) -> Self {
        let course = &scenario.course;
        let to = if course.measure_to_min == 0 { course.minutes } else { course.measure_to_min };
        Self {
            judged: (course.measure_from_min * 60_000, to * 60_000),
            sample_ms: course.sample_s * 1_000,
            watched: BTreeMap::new(),
            errors: vec![0; WORST_PER_MILLE + 1],
            waits: BTreeMap::new(),
            shown: Vec::new(),
            samples: Vec::new(),
            islands: Vec::new(),
            admitted: 0,
            decided: BTreeMap::new(),
            steps: vec![0; scenario.funnel.len()],
            parties_placed: 0,
            in_band: 0,
            medians: 0,
            incidents: Vec::new(),
            astray: Vec::new(),
        }
    }

    pub fn reached_step(&mut self, step: u8) {
        self.steps[usize::from(step)] += 1;
    }

    pub fn allowed(&mut self, admitted: u64) {
        self.admitted += admitted;
    }

    pub fn decided(&mut self, reason: Reason) {
        *self.decided.entry(reason).or_default() += 1;
    }

    pub fn party_placed(&mut self) {
        self.parties_placed += 1;
    }

    pub fn incident(&mut self, at_ms: u64, name: &'static str) {
        self.incidents.push((at_ms, name));
    }

    /// Whether somebody who is watched begins to wait, and did not before.
    pub fn begins_to_wait(&mut self, person: u32, now_ms: u64) -> bool {
        let fresh = !self.watched.contains_key(&person);
        self.watched.entry(person).or_insert(Watch { since_ms: now_ms, looks: Vec::new() });
        fresh
    }

    pub fn looks(&mut self, person: u32, now_ms: u64, shown_ms: u64) {
        if let Some(watch) = self.watched.get_mut(&person) {
            watch.looks.push((now_ms, shown_ms));
        }
    }

    pub fn waits_no_more(&mut self, person: u32) {
        self.watched.remove(&person);
    }

    /// Somebody who is watched has a seat: now the real waiting times are known.
    pub fn is_through(&mut self, person: u32, now_ms: u64) {
        let Some(watch) = self.watched.remove(&person) else { return };
        *self.waits.entry((now_ms - watch.since_ms) / 1_000).or_default() += 1;
        for (at_ms, shown_ms) in watch.looks {
            let real_ms = now_ms - at_ms;
            if real_ms < SHORT_WAIT_MS {
                continue;
            }
            let sample = (at_ms / self.sample_ms) as usize;
            if self.shown.len() <= sample {
                self.shown.resize(sample + 1, (0, 0, 0));
            }
            let (shown, real, looks) = &mut self.shown[sample];
            (*shown, *real, *looks) = (*shown + shown_ms, *real + real_ms, *looks + 1);
            if self.is_judged(at_ms) {
                let error = shown_ms.abs_diff(real_ms).saturating_mul(1_000) / real_ms;
                self.errors[usize::try_from(error).unwrap_or(usize::MAX).min(WORST_PER_MILLE)] += 1;
            }
        }
    }

    fn is_judged(&self, at_ms: u64) -> bool {
        (self.judged.0..=self.judged.1).contains(&at_ms)
    }

    /// The error that so many per mille of the looks do not exceed, in per mille.
    pub fn error_per_mille(&self, of_looks: u64) -> u64 {
        let all: u64 = self.errors.iter().sum();
        let mut below = 0;
        let found = self.errors.iter().position(|looks| {
            below += looks;
            below * 1_000 >= all * of_looks
        });
        if all == 0 { 0 } else { found.unwrap_or(WORST_PER_MILLE) as u64 }
    }

    pub fn waits_compared(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// The wait that so many per mille of those who got through did not exceed, in seconds.
    pub fn wait_s(&self, of_people: u64) -> u64 {
        let all: u64 = self.waits.values().sum();
        let mut below = 0;
        let found = self.waits.iter().find(|(_, people)| {
            below += **people;
            below * 1_000 >= all * of_people
        });
        found.map_or(0, |(wait_s, _)| *wait_s)
    }

    pub fn parties_together_per_mille(&self, parties: u64) -> u64 {
        self.parties_placed * 1_000 / parties.max(1)
    }

    /// Samples judged, how many of them in the band per mille, and the mean of the median islands.
    pub fn bands(&self) -> (u64, u64, u64) {
        let judged = self.samples.iter().filter(|s| self.is_judged(s.at_ms) && s.spread.is_some()).count() as u64;
        (judged, self.in_band * 1_000 / judged.max(1), self.medians / judged.max(1))
    }
}

impl Simulation {
    pub(super) fn sample(&mut self) {
        self.put(self.scenario.course.sample_s * 1_000, Event::Sample);
        let loads = self.machines.loads();
        let mut open: Vec<u64> =
            self.islands.open().map(|island| u64::from(self.islands.people[island as usize - 1])).collect();
        open.sort_unstable();
        let at = |per_mille: usize| open[(open.len() - 1) * per_mille / 1_000];
        let spread = (!open.is_empty()).then(|| [at(0), at(100), at(500), at(900), at(1_000)]);
        let sample = Sample {
            at_ms: self.now_ms,
            playing: self.people.count(State::Playing),
            loading: self.people.count(State::Loading),
            funnel: self.people.count(State::Funnel),
            queue: self.gate.line.waiting(),
            admitted: std::mem::take(&mut self.measure.admitted),
            promised: self.harbour.promised(),
            counted: self.harbour.counted(),
            room: self.harbour.room(),
            up: self.islands.up(),
            open: open.len() as u64,
            spread,
            load: [loads.get(loads.len() / 2).copied().unwrap_or(0), loads.last().copied().unwrap_or(0)],
            decided: std::mem::take(&mut self.measure.decided),
        };
        self.figures.raise(Figure::IslandsOpen, sample.open);
        self.judge_band(spread);
        self.measure.samples.push(sample);
        let people = self.islands.people.iter().map(|people| u16::try_from(*people).unwrap_or(u16::MAX));
        self.measure.islands.extend(people);
        if self.measure.samples.len().is_multiple_of(COUNT_EVERY) {
            self.count_heads();
        }
    }

    fn judge_band(&mut self, spread: Option<[u64; 5]>) {
        let Some([_, _, median, ..]) = spread.filter(|_| self.measure.is_judged(self.now_ms)) else { return };
        let [low, high] = self.scenario.world.band.map(u64::from);
        self.measure.in_band += u64::from((low..=high).contains(&median));
        self.measure.medians += median;
    }

    /// Counts everybody by heads: who is lost was lost by the model, and its figures are worth nothing.
    pub(super) fn count_heads(&mut self) {
        let (playing, there) = (self.people.count(State::Playing), self.islands.sum());
        if !self.people.adds_up() || playing != there {
            self.figures.one(Figure::AccountsLost);
            let minute = self.now_ms / 60_000;
            self.measure.astray.push(format!("minute {minute}: {playing} people play, {there} are on islands"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Course;
    use crate::{ScenarioFile, Setting};

    const QUIET: &str = "kind = \"population\"\nname = \"quiet\"\n[course]\nminutes = 30\n[people]\nregistered = 900\n";

    fn after_half_an_hour() -> Simulation {
        let Ok(ScenarioFile::Population(scenario)) = ScenarioFile::parse(QUIET, &[] as &[Setting]) else {
            panic!("it is a population");
        };
        let mut simulation = Simulation::new(&scenario, 1, population::Planted::none()).expect("islands that can be");
        while simulation.go_on(60_000) {}
        simulation
    }

    fn lost(spoil: fn(&mut Simulation)) -> u64 {
        let mut simulation = after_half_an_hour();
        assert!(simulation.people.count(State::Playing) > 100, "somebody plays");
        spoil(&mut simulation);
        simulation.count_heads();
        simulation.figures.get(Figure::AccountsLost)
    }

    /// Somebody who is in `from`.
    fn one(simulation: &Simulation, from: State) -> u32 {
        simulation.people.iter().find(|(_, person)| person.state == from).expect("somebody").0
    }

    #[test]
    fn who_is_in_two_places_or_in_none_is_found() {
        assert_eq!(lost(|_| {}), 0);
        // On an island, and nowhere else.
        assert_eq!(lost(|s| s.islands.people[0] += 1), 1);
        // Gone home without leaving the island.
        assert_eq!(lost(|s| s.people.go_home(one(s, State::Playing))), 1);
        // Nobody noticed that the state changed.
        assert_eq!(
            lost(|s| {
                let p = one(s, State::Offline);
                s.people.get_mut(p).state = State::Queued;
            }),
            1
        );
    }
}
