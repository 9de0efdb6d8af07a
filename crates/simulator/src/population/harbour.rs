//! The harbour: the leaders of the allocator, their store, and who hears what they say.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use population::allocator::Settings;
use population::naive::{RoundRobin, WindowedDensity};
use population::{
    Allocator, Arrival, AskId, Decision, Effect, Input, IslandPlan, LifeReason, OpId, Phase, Planted, Policy, Reason,
    Seat as Promised, Term, Together, Way,
};
use store::{Fate, FaultyStore, MemoryStore, Request};
use world::{IslandId, Millis};

use super::figures::Figure;
use super::model::{Event, Simulation};
use super::people::{Seat, State, id, index};
use super::scenario::{PolicyKind, Scenario};
use super::trouble::StoreSky;
use crate::dice::Dice;
use crate::run::BEGINNING;

/// Milliseconds of the lease after which a leader that is silent is replaced.
const LEASE_MS: u64 = 5_000;
/// Milliseconds until a login node has heard of a new leader, at most.
const LEARN_MS: u64 = 5_000;

type Fates = Box<dyn FnMut(Millis, &Request) -> Fate + Send>;

struct Leader {
    policy: Box<dyn Policy + Send>,
    paused: bool,
    /// What came while it was paused.
    backlog: Vec<Input>,
}

/// An asking under way.
struct Asking {
    leader: u16,
    /// Nobody waits for the answer any more.
    stale: bool,
    asked_ms: u64,
    voyage: bool,
    people: Vec<u32>,
}

/// Leaders, store and askings.
pub(super) struct Harbour {
    plans: Vec<IslandPlan>,
    /// `None` for those that died.
    leaders: Vec<Option<Leader>>,
    /// Whom each login node takes for the leader.
    known: Vec<Option<u16>>,
    newest: Option<u16>,
    store: FaultyStore<(u16, OpId), Fates>,
    failed: (u64, u64),
    failed_per_mille: u32,
    asks: BTreeMap<u64, Asking>,
    last_ask: u64,
    /// How often each reason was given.
    pub reasons: BTreeMap<Reason, u64>,
    /// What was decided about islands: minute, island, phases, why.
    pub lives: Vec<(u64, u32, Phase, Phase, LifeReason)>,
}

impl fmt::Debug for Harbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harbour").field("leaders", &self.leaders.len()).finish_non_exhaustive()
    }
}

impl Harbour {
    pub fn new(scenario: &Scenario, plans: Vec<IslandPlan>, sky: StoreSky, mut dice: Dice) -> Self {
        let fates: Fates = Box::new(move |now, _| sky.fate(now.since(BEGINNING), &mut dice));
        Self {
            plans,
            leaders: Vec::new(),
            known: vec![None; scenario.nodes.login as usize],
            newest: None,
            store: FaultyStore::new(Arc::new(MemoryStore::new()), fates),
            failed: (0, 0),
            failed_per_mille: 0,
            asks: BTreeMap::new(),
            last_ask: 0,
            reasons: BTreeMap::new(),
            lives: Vec::new(),
        }
    }

    pub fn store_wakes_at(&self) -> Option<Millis> {
        self.store.next_wakeup().map(|(at, _)| at)
    }

    fn leading(&self) -> Option<&Leader> {
        let leader = self.leaders.get(usize::from(self.newest?))?.as_ref()?;
        (!leader.paused).then_some(leader)
    }

    /// Room that the newest leader reports.
    pub fn room(&self) -> Option<u64> {
        self.leading().map(|leader| leader.policy.room())
    }

    /// People and promises that the newest leader counts.
    pub fn counted(&self) -> Option<u64> {
        self.leading().map(|leader| leader.policy.counted())
    }

    /// Tickets that are out, by the newest leader's count.
    pub fn promised(&self) -> Option<u64> {
        self.leading().map(|leader| leader.policy.promised())
    }

    /// The part of the store's answers in the last seconds that were failures.
    pub fn store_failed_per_mille(&mut self) -> u32 {
        let counts = self.store.counts();
        let bad = counts.not_applied + counts.unknown_applied + counts.unknown_not_applied + counts.late;
        let all = bad + counts.passed + counts.slow + counts.conflicts;
        let (bad_before, all_before) = std::mem::replace(&mut self.failed, (bad, all));
        let (new_bad, new_all) = (bad.saturating_sub(bad_before), all.saturating_sub(all_before));
        if let Some(now) = (new_bad * 1_000).checked_div(new_all) {
            self.failed_per_mille = (self.failed_per_mille * 7 + now as u32) / 8;
        }
        self.failed_per_mille
    }

    pub fn store_requests(&self) -> u64 {
        let c = self.store.counts();
        c.passed + c.slow + c.conflicts + c.not_applied + c.unknown_applied + c.unknown_not_applied + c.late
    }

    pub fn learn(&mut self, login: u16, leader: u16) {
        if let Some(known) = self.known.get_mut(usize::from(login)) {
            *known = Some(leader);
        }
    }

    /// Askings that should have been answered by now.
    pub fn unanswered(&self, now_ms: u64) -> u64 {
        let due = |ask: &&Asking| {
            let leader = self.leaders.get(usize::from(ask.leader)).and_then(Option::as_ref);
            let hears = leader.is_some_and(|leader| !leader.paused);
            hears && ask.asked_ms + population::limits::ASK_MS + 2 * population::limits::BEAT_MS < now_ms
        };
        self.asks.values().filter(due).count() as u64
    }
}

/// A leader of the policy that the scenario chose.
fn policy(scenario: &Scenario, plans: &[IslandPlan], term: Term, planted: Planted) -> Option<Box<dyn Policy + Send>> {
    let choice = &scenario.policy;
    let first = choice.open_first as usize;
    Some(match choice.kind {
        PolicyKind::Allocator => {
            let settings = Settings {
                promise_ttl_ms: choice.ticket_s * 1_000,
                open_lead_ms: choice.open_lead_s * 1_000,
                fill_ahead_ms: choice.fill_ahead_s * 1_000,
                reserve_per_mille: choice.reserve_per_mille,
                raising: choice.raising as usize,
                drain_after_ms: choice.drain_after_s * 1_000,
                sleep_after_ms: choice.sleep_after_s * 1_000,
                min_open: scenario.world.keep_open as usize,
            };
            Box::new(Allocator::new(term, plans, settings, planted).ok()?)
        }
        PolicyKind::RoundRobin => Box::new(RoundRobin::new(term, plans).opening(first)),
        PolicyKind::WindowedDensity => {
            Box::new(WindowedDensity::new(term, plans, choice.window_s * 1_000).opening(first))
        }
    })
}

impl Simulation {
    /// A new leader; the old one, if it lives, is not told.
    pub(super) fn elect(&mut self) {
        let leader = self.harbour.leaders.len() as u16;
        let term = Term(u64::from(leader) + 1);
        let Some(policy) = policy(&self.scenario, &self.harbour.plans, term, self.planted) else { return };
        self.harbour.leaders.push(Some(Leader { policy, paused: false, backlog: Vec::new() }));
        self.harbour.newest = Some(leader);
        for login in 0..self.harbour.known.len() as u16 {
            if leader == 0 {
                self.harbour.learn(login, leader);
            } else {
                let after_ms = self.chance.fate.below(LEARN_MS);
                self.put(after_ms, Event::Learn { login, leader });
            }
        }
        self.wake(leader);
    }

    /// The leader dies, or stands still for a while.
    pub(super) fn leader_falls(&mut self, pauses_for_ms: Option<u64>) {
        let Some(newest) = self.harbour.newest.take() else { return };
        self.figures.one(Figure::LeadersLost);
        match pauses_for_ms {
            Some(ms) => {
                if let Some(leader) = self.leader(newest) {
                    leader.paused = true;
                }
                self.put(ms, Event::Unpause(newest));
            }
            None => self.harbour.leaders[usize::from(newest)] = None,
        }
        let lost = self.harbour.asks.iter().filter(|(_, ask)| ask.leader == newest && !ask.stale);
        let lost: Vec<u64> = lost.map(|(ask, _)| *ask).collect();
        for ask in lost {
            self.nobody_answers(ask, pauses_for_ms.is_none());
        }
        let after_ms = LEASE_MS + self.chance.fate.below(1_000);
        self.put(after_ms, Event::Elect);
    }

    fn nobody_answers(&mut self, ask: u64, never: bool) {
        let Some(asking) = self.harbour.asks.get_mut(&ask) else { return };
        asking.stale = true;
        let people = std::mem::take(&mut asking.people);
        if never {
            self.audit.withdrawn(AskId(ask));
            self.harbour.asks.remove(&ask);
        }
        if let Some(first) = people.first() {
            self.unheard(*first);
        }
    }

    pub(super) fn unpause(&mut self, leader: u16) {
        let Some(one) = self.leader(leader) else { return };
        one.paused = false;
        let backlog = std::mem::take(&mut one.backlog);
        for input in [Input::Wake].into_iter().chain(backlog) {
            self.tell(leader, input);
        }
        self.wake(leader);
    }

    pub(super) fn wake(&mut self, leader: u16) {
        if self.leader(leader).is_none_or(|one| one.paused) {
            return;
        }
        self.tell(leader, Input::Wake);
        let next = self.leader(leader).and_then(|one| one.policy.next_wakeup());
        if let Some((at, _)) = next {
            let after_ms = at.since(self.now()).max(1);
            self.put(after_ms, Event::Wake(leader));
        }
    }

    fn leader(&mut self, leader: u16) -> Option<&mut Leader> {
        self.harbour.leaders.get_mut(usize::from(leader))?.as_mut()
    }

    /// Every leader that lives hears it.
    pub(super) fn tell_leaders(&mut self, input: &Input) {
        let living = self.harbour.leaders.len() as u16;
        for leader in 0..living {
            if self.harbour.leaders[usize::from(leader)].is_some() {
                self.tell(leader, input.clone());
            }
        }
    }

    /// A leader hears something and acts.
    fn tell(&mut self, leader: u16, input: Input) {
        let now = self.now();
        let Some(one) = self.leader(leader) else { return };
        if one.paused {
            return one.backlog.push(input);
        }
        one.policy.handle(now, input);
        while let Some(effect) = self.leader(leader).and_then(|one| one.policy.poll_effect()) {
            self.audit.effect(&effect);
            self.carry_out(leader, effect);
        }
    }

    pub(super) fn store_answers(&mut self) {
        let now = self.now();
        while let Some(((leader, op), reply)) = self.harbour.store.poll(now) {
            self.tell(leader, Input::Stored { op, reply });
        }
    }

    fn carry_out(&mut self, leader: u16, effect: Effect) {
        match effect {
            Effect::Answer { ask, people, decision } => {
                let people: Vec<u32> = people.into_iter().map(index).collect();
                self.answered(ask.0, &people, &decision);
            }
            Effect::Store { op, request } => self.harbour.store.submit(self.now(), (leader, op), request),
            Effect::Raise { island, .. } => self.raise(island.0),
            Effect::LayDown { .. } => {}
            Effect::Count { island } => self.census(island.0),
            Effect::Life { island, from, to, reason } => {
                self.note(b'l', u64::from(island.0), to as u64);
                if self.harbour.newest == Some(leader) {
                    self.islands.turn(island.0, to);
                    self.harbour.lives.push((self.now_ms, island.0, from, to, reason));
                }
                if to == Phase::Archived {
                    self.figures.one(Figure::Archived);
                }
            }
            Effect::StepDown { .. } => self.harbour.leaders[usize::from(leader)] = None,
        }
    }

    /// Somebody, with the party, asks for a seat.
    pub(super) fn ask_for_seat(&mut self, person: u32) {
        let members = self.together(person);
        let inseparable = self.parties.get(&person).is_some_and(|party| party.inseparable);
        let way = self.login_way(person);
        let arrival = Arrival {
            people: members.iter().copied().map(id).collect(),
            way,
            friends: self.friends(person).filter(|one| !members.contains(one)).map(id).collect(),
            together: if inseparable { Together::Must } else { Together::IfPossible },
        };
        self.ask(person, members, arrival, false);
    }

    pub(super) fn ask_for_voyage(&mut self, person: u32) {
        let Some(way) = self.voyage_way(person) else { return self.give_up_voyage(person) };
        let arrival = Arrival::alone(id(person), way);
        self.ask(person, vec![person], arrival, true);
    }

    fn ask(&mut self, person: u32, people: Vec<u32>, arrival: Arrival, voyage: bool) {
        let login = usize::from(self.people.get(person).login);
        let known = self.harbour.known.get(login).copied().flatten();
        let hears = known.and_then(|leader| self.harbour.leaders.get(usize::from(leader))?.as_ref());
        let Some(leader) = known.filter(|_| hears.is_some_and(|leader| !leader.paused)) else {
            return self.unheard(person);
        };
        self.harbour.last_ask += 1;
        let ask = self.harbour.last_ask;
        self.audit.asked(AskId(ask), &arrival.people);
        let asking = Asking { leader, stale: false, asked_ms: self.now_ms, voyage, people };
        self.harbour.asks.insert(ask, asking);
        self.tell(leader, Input::Ask { ask: AskId(ask), arrival });
    }

    /// An answer, for all who asked together or, if they were split, for some.
    fn answered(&mut self, ask: u64, people: &[u32], decision: &Decision) {
        let reason = decision.reason();
        *self.harbour.reasons.entry(reason).or_default() += 1;
        self.measure.decided(reason);
        self.figures.one(Figure::Decisions);
        let Some(asking) = self.harbour.asks.get_mut(&ask) else { return };
        let (stale, voyage, size) = (asking.stale, asking.voyage, asking.people.len());
        asking.people.retain(|one| !people.contains(one));
        if asking.people.is_empty() {
            self.harbour.asks.remove(&ask);
        }
        if stale {
            return;
        }
        match decision {
            Decision::Promised { island, seats, until, .. } => {
                if size > 1 && !voyage && size == people.len() {
                    self.measure.party_placed();
                }
                people.iter().for_each(|one| self.part(*one));
                seats.iter().for_each(|seat| self.promised(*island, seat, until.since(BEGINNING), voyage));
            }
            Decision::Wait { ask_again_ms, reason } => {
                self.figures.one(Figure::ToldToWait);
                self.told_to_wait(people, *ask_again_ms, *reason, voyage);
            }
            Decision::Refused { .. } => {
                self.figures.one(Figure::Refused);
                for one in people.iter().copied() {
                    if voyage {
                        self.give_up_voyage(one);
                    } else {
                        self.people.get_mut(one).humble = true;
                    }
                }
                if let Some(first) = people.first().filter(|_| !voyage) {
                    self.ask_later(*first, [100, 500]);
                }
            }
        }
    }

    fn told_to_wait(&mut self, people: &[u32], ask_again_ms: u64, reason: Reason, voyage: bool) {
        let Some(first) = people.first().copied() else { return };
        let whole = self.together(first).len() == people.len();
        if !whole {
            self.part(first);
        }
        // Of those who go on together only the first asks again.
        let askers = if whole { vec![self.leader_of(first)] } else { people.to_vec() };
        for one in askers {
            let person = self.people.get_mut(one);
            person.tries = person.tries.saturating_add(1);
            person.humble |= reason == Reason::IslandFull;
            if voyage && person.tries > 3 {
                self.give_up_voyage(one);
            } else {
                self.ask_later(one, [ask_again_ms, ask_again_ms + 1_000]);
            }
        }
    }

    fn leader_of(&self, person: u32) -> u32 {
        self.people.get(person).party.checked_sub(1).unwrap_or(person)
    }

    fn promised(&mut self, island: IslandId, seat: &Promised, until_ms: u64, voyage: bool) {
        let person = index(seat.person);
        let one = *self.people.get(person);
        self.note(b'p', seat.person.0, u64::from(island.0));
        if self.chance.road.per_mille(self.scenario.people.lost_answers_per_mille) || one.away {
            return self.unheard(person);
        }
        let wanted = if voyage { one.state == State::Playing && one.sailing } else { one.state == State::Asking };
        if !wanted {
            return;
        }
        let ticket = Seat::new(island, seat.promise);
        if voyage {
            return self.set_sail(person, ticket, until_ms);
        }
        self.gate.line.leave(self.now(), id(person));
        if one.watched {
            self.measure.is_through(person, self.now_ms);
        }
        self.people.turn(person, State::Loading);
        let (visit, [low, high]) = (one.visit, self.scenario.people.load_s);
        let after_ms = self.chance.road.between(low * 1_000, high * 1_000);
        if self.chance.road.per_mille(self.scenario.people.unused_per_mille) {
            self.put(after_ms, Event::Quit { person, visit });
        } else {
            self.put(after_ms, Event::Enter { person, visit, seat: ticket, until_ms: until_ms as u32 });
        }
    }

    /// How somebody who logs in asks.
    fn login_way(&mut self, person: u32) -> Way {
        let humble = self.people.get(person).humble;
        if humble {
            return Way::Login;
        }
        if let Some(way) = self.drawn(person) {
            return way;
        }
        if self.chance.play.per_mille(self.scenario.people.to_friend_per_mille)
            && let Some(friend) = self.friend_in_the_world(person)
        {
            return Way::Friend { friend: id(friend), seen_on: None, near: None };
        }
        Way::Login
    }

    /// A friend who plays, if one does.
    pub(super) fn friend_in_the_world(&self, person: u32) -> Option<u32> {
        self.friends(person).find(|friend| self.people.get(*friend).state == State::Playing)
    }
}
