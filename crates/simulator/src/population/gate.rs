//! The gate: the queue, who is admitted, what they are shown, and login nodes that die.

use population::queue::{Class, Governor, Health, Line, LineSettings, NoPlace, Standing};
use population::{Input, Planted, limits};

use super::figures::Figure;
use super::model::{BEAT_MS, Event, Simulation};
use super::people::{State, id, index};
use super::scenario::Scenario;

/// Milliseconds between two looks at the waiting time.
const LOOK_MS: u64 = 30_000;
/// Milliseconds within which all of a party must be admitted, or those who are go back to their places.
const PARTY_MS: u64 = 20_000;
/// Askings in vain after which somebody goes back to the place.
const TRIES: u8 = 3;
/// Milliseconds until somebody whose asking nobody heard asks again, from and to.
const UNHEARD_MS: [u64; 2] = [5_000, 8_000];

/// The queue and its governor.
#[derive(Debug)]
pub(super) struct Gate {
    pub line: Line,
    pub governor: Governor,
    settings: LineSettings,
    beats: u64,
}

impl Gate {
    pub fn new(scenario: &Scenario, planted: Planted) -> Self {
        let queue = &scenario.queue;
        let settings = LineSettings {
            shares: queue.shares.clone(),
            keep_place_ms: queue.keep_place_min * 60_000,
            ..LineSettings::default()
        };
        Self {
            line: Line::new(settings.clone(), 1, planted),
            governor: Governor::new(limits::ADMIT_START_MILLI, queue.most_per_s * 1_000),
            settings,
            beats: 0,
        }
    }
}

impl Simulation {
    /// Joins the queue, with the whole party.
    pub(super) fn join(&mut self, person: u32) {
        let members = self.together(person);
        for one in members {
            let class = Class(self.people.get(one).class);
            let standing = self.gate.line.join(self.now(), id(one), class);
            self.figures.one(Figure::Queued);
            self.stand(one, standing);
        }
        let patience_ms = self.scenario.people.patience_min * 60_000;
        if patience_ms > 0 && self.people.get(person).state == State::Queued {
            let visit = self.people.get(person).visit;
            let after_ms = self.wait(patience_ms);
            self.put(after_ms, Event::GiveUp { person, visit });
        }
    }

    /// What the queue says to somebody who joins or comes back.
    fn stand(&mut self, person: u32, standing: Result<Standing, NoPlace>) {
        match standing {
            Ok(Standing::Waiting { place, .. }) => {
                self.people.get_mut(person).set_place(place);
                self.people.turn(person, State::Queued);
                self.audit.waits(place);
                if self.people.get(person).watched && self.measure.begins_to_wait(person, self.now_ms) {
                    let visit = self.people.get(person).visit;
                    self.put(1_000, Event::Look { person, visit });
                }
            }
            Ok(Standing::Admitted(admission)) => {
                self.people.get_mut(person).set_place(admission.place);
                self.people.turn(person, State::Asking);
                self.ask_when_complete(person);
            }
            Err(NoPlace::Full) => {
                self.figures.one(Figure::TurnedAway);
                self.part(person);
                self.people.go_home(person);
            }
            Err(NoPlace::Lost | NoPlace::NoSuchClass | NoPlace::NotYours) => {
                self.figures.one(Figure::PlacesLost);
                self.part(person);
                self.people.go_home(person);
            }
        }
    }

    /// A watched person looks at the waiting time that is shown.
    pub(super) fn look(&mut self, person: u32, visit: u32) {
        let one = self.people.get(person);
        if one.visit != visit || !matches!(one.state, State::Queued | State::Asking) {
            return;
        }
        let standing = if one.away { None } else { self.gate.line.standing(id(person)) };
        if let Some(Standing::Waiting { wait_ms: Some(shown_ms), .. }) = standing {
            self.measure.looks(person, self.now_ms, shown_ms);
        }
        self.put(LOOK_MS, Event::Look { person, visit });
    }

    pub(super) fn give_up(&mut self, person: u32, visit: u32) {
        let one = *self.people.get(person);
        if one.visit != visit || one.state != State::Queued {
            return;
        }
        let members = self.together(person);
        self.part(person);
        for one in members {
            self.figures.one(Figure::GaveUp);
            self.note(b'g', u64::from(one), 0);
            let place = self.people.get(one).place();
            // Who has no connection cannot say so: the place is kept until its time is over.
            if !self.people.get(one).away {
                self.gate.line.leave(self.now(), id(one));
                self.audit.waits_not(place);
            }
            self.measure.waits_no_more(one);
            self.people.go_home(one);
            if self.chance.play.per_mille(self.scenario.people.retry_per_mille) {
                let after_ms = self.wait(self.scenario.people.retry_min * 60_000);
                self.put(after_ms, Event::Return(one));
            }
        }
    }

    /// Health is heard and people are admitted.
    pub(super) fn beat(&mut self) {
        self.put(BEAT_MS, Event::Beat);
        self.gate.beats += 1;
        if self.gate.beats % (1_000 / BEAT_MS) == 1 {
            self.hear_health();
        }
        let now = self.now();
        let most = self.gate.governor.allowance(now);
        let admissions = self.gate.line.admit(now, most);
        self.gate.governor.unused(most - admissions.len() as u64);
        self.measure.allowed(admissions.len() as u64);
        for admission in admissions {
            let person = index(admission.person);
            self.audit.admitted(admission.place);
            self.figures.one(Figure::Admitted);
            self.note(b'a', admission.person.0, admission.place.number);
            self.people.turn(person, State::Asking);
            self.people.get_mut(person).tries = 0;
            self.ask_when_complete(person);
        }
    }

    fn hear_health(&mut self) {
        let Some(room) = self.harbour.room() else { return };
        let load_per_mille = self.machines.highest_load();
        self.figures.raise(Figure::PeakLoadPerMille, u64::from(load_per_mille));
        let health = Health {
            load_per_mille,
            // A node that is nearly full ends its ticks late.
            overrun_per_mille: load_per_mille.saturating_sub(950) * 2,
            store_failed_per_mille: self.harbour.store_failed_per_mille(),
            room,
        };
        self.gate.governor.handle(self.now(), health);
        let people = self.gate.line.waiting();
        self.figures.raise(Figure::PeakQueue, people);
        self.tell_leaders(&Input::Waiting { people });
    }

    /// One of a party that is not admitted as a whole yet waits for the others.
    fn ask_when_complete(&mut self, person: u32) {
        let leader = self.people.get(person).party.checked_sub(1);
        let Some((leader, party)) = leader.and_then(|leader| Some((leader, self.parties.get_mut(&leader)?))) else {
            return self.ask_for_seat(person);
        };
        party.admitted += 1;
        let (admitted, size) = (party.admitted, party.people.len() as u32);
        if admitted == size {
            self.ask_for_seat(leader);
        } else if admitted == 1 {
            let visit = self.people.get(leader).visit;
            self.put(PARTY_MS, Event::PartyCheck { person: leader, visit });
        }
    }

    pub(super) fn party_check(&mut self, person: u32, visit: u32) {
        if self.people.get(person).visit != visit || self.people.get(person).party != person + 1 {
            return;
        }
        let Some(party) = self.parties.get_mut(&person) else { return };
        if party.admitted == party.people.len() as u32 {
            return;
        }
        party.admitted = 0;
        for one in party.people.clone() {
            if self.people.get(one).state == State::Asking {
                self.put_back(one);
            }
        }
    }

    /// An admission that found no room goes back to its place.
    pub(super) fn put_back(&mut self, person: u32) {
        let now = self.now();
        self.figures.one(Figure::PutBack);
        self.gate.line.put_back(now, id(person));
        self.gate.governor.unused(1);
        self.people.turn(person, State::Queued);
        if self.people.get(person).away {
            return self.gate.line.away(now, id(person));
        }
        match self.gate.line.standing(id(person)) {
            Some(Standing::Waiting { place, .. }) => self.audit.waits(place),
            Some(Standing::Admitted(_)) | None => self.restore(person),
        }
    }

    fn restore(&mut self, person: u32) {
        let place = self.people.get(person).place();
        match self.gate.line.restore(self.now(), id(person), place) {
            Ok(standing) => self.stand(person, Ok(standing)),
            Err(_) => {
                self.figures.one(Figure::PlacesLost);
                let class = Class(self.people.get(person).class);
                let standing = self.gate.line.join(self.now(), id(person), class);
                self.stand(person, standing);
            }
        }
    }

    /// A party or somebody alone asks again, or goes back to the place after so many times.
    pub(super) fn ask_again(&mut self, person: u32, visit: u32) {
        let one = self.people.get(person);
        if one.visit != visit {
            return;
        }
        match one.state {
            State::Asking if one.away => self.ask_later(person, UNHEARD_MS),
            State::Asking if one.tries >= TRIES => {
                let members = self.together(person);
                if let Some(party) = self.parties.get_mut(&person) {
                    party.admitted = 0;
                }
                members.into_iter().for_each(|one| self.put_back(one));
            }
            State::Asking => self.ask_for_seat(person),
            State::Playing if one.sailing => self.ask_for_voyage(person),
            _ => {}
        }
    }

    pub(super) fn ask_later(&mut self, person: u32, [low, high]: [u64; 2]) {
        let visit = self.people.get(person).visit;
        let after_ms = self.chance.road.between(low, high);
        self.put(after_ms, Event::AskAgain { person, visit });
    }

    /// Nobody heard the asking.
    pub(super) fn unheard(&mut self, person: u32) {
        let tries = &mut self.people.get_mut(person).tries;
        *tries = tries.saturating_add(1);
        self.ask_later(person, UNHEARD_MS);
    }

    /// A login node dies: whoever waits there loses the connection.
    pub(super) fn login_node_dies(&mut self) {
        self.figures.one(Figure::LoginNodesLost);
        let login = self.chance.fate.below(u64::from(self.scenario.nodes.login)) as u16;
        self.cut_off(|one| one.login == login);
    }

    /// The queue's memory is lost: all come back with the tokens of their places.
    pub(super) fn queue_is_lost(&mut self) {
        let first = self.now().0 * 1_000;
        self.gate.line = Line::new(self.gate.settings.clone(), first, self.planted);
        self.cut_off(|_| true);
    }

    fn cut_off(&mut self, whom: impl Fn(&super::people::Person) -> bool) {
        let waits = |state| matches!(state, State::Queued | State::Asking);
        let cut = self.people.iter().filter(|(_, one)| waits(one.state) && !one.away && whom(one));
        let cut: Vec<u32> = cut.map(|(person, _)| person).collect();
        let now = self.now();
        for person in cut {
            self.audit.waits_not(self.people.get(person).place());
            self.gate.line.away(now, id(person));
            self.people.get_mut(person).away = true;
            let visit = self.people.get(person).visit;
            let after_ms = self.chance.fate.between(1_000, 20_000);
            self.put(after_ms, Event::Reconnect { person, visit });
        }
    }

    pub(super) fn reconnect(&mut self, person: u32, visit: u32) {
        let login = self.chance.fate.below(u64::from(self.scenario.nodes.login)) as u16;
        let one = self.people.get_mut(person);
        if one.visit != visit || !one.away {
            return;
        }
        one.away = false;
        one.login = login;
        if one.state == State::Queued {
            self.restore(person);
        }
    }
}
