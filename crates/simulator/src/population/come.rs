//! Coming: when people come, with whom, and through which steps a newcomer goes.

use super::figures::Figure;
use super::model::{Event, Simulation};
use super::people::{Party, State};

/// Accounts that are looked at for one that is free.
const LOOKS: u32 = 64;

impl Simulation {
    /// Arrivals now, per mille of the plan.
    fn curve_per_mille(&self) -> u64 {
        along(&self.scenario.arrivals.curve, self.now_ms)
    }

    fn peak_per_mille(&self) -> u64 {
        self.scenario.arrivals.curve.iter().map(|[_, per_mille]| *per_mille).max().unwrap_or(0)
    }

    /// The next candidate comes at the curve's highest rate; fewer are let through where it is lower.
    pub(super) fn plan_next_coming(&mut self) {
        let per_min_milli = self.scenario.arrivals.planned_per_min * self.peak_per_mille();
        if per_min_milli == 0 {
            return;
        }
        let mean_us = 60_000_000_000 / per_min_milli;
        self.come_us += self.waits.draw(&mut self.chance.come, mean_us.max(1));
        self.calendar.put((self.come_us / 1_000).max(self.now_ms), Event::Come);
    }

    pub(super) fn come(&mut self) {
        self.plan_next_coming();
        let (now, peak) = (self.curve_per_mille(), self.peak_per_mille());
        if self.chance.come.below(peak) >= now {
            return;
        }
        if let Some(person) = self.somebody_offline() {
            self.begin_visit(person);
        }
    }

    fn somebody_offline(&mut self) -> Option<u32> {
        let first = self.chance.come.below(u64::from(self.people.len())) as u32;
        let all = self.people.len();
        (0..LOOKS.min(all)).map(|n| (first + n) % all).find(|one| self.people.get(*one).state == State::Offline)
    }

    /// Somebody who gave up comes again.
    pub(super) fn return_to_play(&mut self, person: u32) {
        if self.people.get(person).state == State::Offline {
            self.begin_visit(person);
        }
    }

    fn begin_visit(&mut self, person: u32) {
        self.form_party(person);
        let members = self.together(person);
        let login = self.chance.come.below(u64::from(self.scenario.nodes.login)) as u16;
        let class = self.class();
        let newcomers = members.iter().any(|one| !self.people.get(*one).veteran);
        for one in members.iter().copied() {
            self.figures.one(Figure::Arrivals);
            self.people.turn(one, State::Funnel);
            let watched = self.chance.come.below(u64::from(self.scenario.queue.watch_one_in.max(1))) == 0;
            let person = self.people.get_mut(one);
            (person.login, person.class, person.watched) = (login, class, watched);
        }
        if newcomers && !self.scenario.funnel.is_empty() {
            self.enter_step(person, 0);
        } else {
            self.join(person);
        }
    }

    fn class(&mut self) -> u8 {
        let roll = self.chance.come.below(1_000) as u32;
        let mut upper = 0;
        let classes = self.scenario.queue.shares.len() as u8;
        let shares = self.scenario.queue.class_per_mille.iter().take(usize::from(classes) - 1);
        for (class, per_mille) in (0..).zip(shares) {
            upper += per_mille;
            if roll < upper {
                return class;
            }
        }
        classes - 1
    }

    /// Some bring those friends who are not playing.
    fn form_party(&mut self, leader: u32) {
        let people = &self.scenario.people;
        let (per_mille, inseparable) = (people.party_per_mille, people.inseparable_per_mille);
        if !self.chance.come.per_mille(per_mille) {
            return;
        }
        let free = |one: &u32| self.people.get(*one).state == State::Offline;
        let friends: Vec<u32> = self.friends(leader).filter(free).collect();
        if friends.is_empty() {
            return;
        }
        let inseparable = self.chance.come.per_mille(inseparable);
        let people: Vec<u32> = [leader].into_iter().chain(friends).collect();
        people.iter().for_each(|one| self.people.get_mut(*one).party = leader + 1);
        self.figures.one(Figure::Parties);
        self.parties.insert(leader, Party { people, admitted: 0, inseparable });
    }

    /// The friends of an account: the others of its circle.
    pub(super) fn friends(&self, person: u32) -> impl Iterator<Item = u32> + use<> {
        let size = self.scenario.people.friends + 1;
        let first = person / size * size;
        (first..(first + size).min(self.people.len())).filter(move |one| *one != person)
    }

    /// Everybody who comes with somebody, themselves included.
    pub(super) fn together(&self, person: u32) -> Vec<u32> {
        let leader = self.people.get(person).party.checked_sub(1);
        let party = leader.and_then(|leader| self.parties.get(&leader));
        party.map_or_else(|| vec![person], |party| party.people.clone())
    }

    /// Each goes on alone.
    pub(super) fn part(&mut self, person: u32) {
        let Some(leader) = self.people.get(person).party.checked_sub(1) else { return };
        for one in self.parties.remove(&leader).unwrap_or_default().people {
            self.people.get_mut(one).party = 0;
        }
    }

    fn enter_step(&mut self, person: u32, step: u8) {
        let Some(found) = self.scenario.funnel.get(usize::from(step)) else { return self.join(person) };
        let [low, high] = found.seconds;
        self.measure.reached_step(step);
        let after_ms = self.chance.come.between(low * 1_000, high * 1_000);
        let visit = self.people.get(person).visit;
        self.put(after_ms, Event::Step { person, visit, step });
    }

    /// A step of the funnel is over, for good or ill.
    pub(super) fn step(&mut self, person: u32, visit: u32, step: u8) {
        if self.people.get(person).visit != visit {
            return;
        }
        let drop_per_mille = self.scenario.funnel.get(usize::from(step)).map_or(0, |step| step.drop_per_mille);
        if !self.chance.come.per_mille(drop_per_mille) {
            return self.enter_step(person, step + 1);
        }
        let members = self.together(person);
        self.part(person);
        for one in members {
            self.figures.one(Figure::FunnelDropped);
            self.people.go_home(one);
        }
    }
}

/// A value along a line of `[minute, value]`.
pub(crate) fn along(curve: &[[u64; 2]], at_ms: u64) -> u64 {
    let after = curve.partition_point(|[minute, _]| minute * 60_000 <= at_ms);
    let ([from, low], to) = match (after.checked_sub(1).map(|n| curve[n]), curve.get(after)) {
        (Some(before), to) => (before, to),
        (None, Some([_, first])) => return *first,
        (None, None) => return 0,
    };
    let Some([to, high]) = to else { return low };
    let (into, span) = (at_ms - from * 60_000, (to - from) * 60_000);
    (low * (span - into) + high * into) / span.max(1)
}

#[cfg(test)]
mod tests {
    use super::along;

    #[test]
    fn a_curve_is_straight_between_its_points_and_level_beyond() {
        let curve = [[10, 1_000], [20, 3_000], [30, 0]];
        for (minute, value) in [(0, 1_000), (10, 1_000), (15, 2_000), (20, 3_000), (25, 1_500), (30, 0), (99, 0)] {
            assert_eq!(along(&curve, minute * 60_000), value, "minute {minute}");
        }
        assert_eq!(along(&[], 5), 0);
    }
}
