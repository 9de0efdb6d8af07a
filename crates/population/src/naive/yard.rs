//! What the naive policies share: islands in a row, promises without a count, and no store.

use std::collections::{BTreeMap, VecDeque};

use world::{IslandId, Millis};

use crate::arrival::Arrival;
use crate::decision::{Decision, Landing, LifeReason, Reason, Seat};
use crate::ids::{AskId, PromiseId, Term};
use crate::io::{Effect, WakeReason};
use crate::limits::{ASK_AGAIN_MS, POLICY_EVERY_MS, PROMISE_TTL_MS};
use crate::plan::{IslandPlan, Phase};

#[derive(Debug)]
pub(super) struct Yard {
    pub islands: BTreeMap<IslandId, (IslandPlan, Phase)>,
    pub now: Millis,
    pub next_look: Millis,
    pub effects: VecDeque<Effect>,
    term: Term,
    last_serial: u64,
}

impl Yard {
    pub fn new(term: Term, plans: &[IslandPlan]) -> Self {
        Self {
            islands: plans.iter().map(|plan| (plan.island, (*plan, Phase::Planned))).collect(),
            now: Millis(0),
            next_look: Millis(0),
            effects: VecDeque::new(),
            term,
            last_serial: 0,
        }
    }

    /// Whether it is time to look around.
    pub fn tick(&mut self, now: Millis) -> bool {
        self.now = self.now.max(now);
        let due = self.now >= self.next_look;
        if due {
            self.next_look = self.now + POLICY_EVERY_MS;
        }
        due
    }

    pub fn open(&self) -> impl Iterator<Item = &IslandPlan> {
        self.islands.values().filter(|(_, phase)| *phase == Phase::Open).map(|(plan, _)| plan)
    }

    pub fn plan(&mut self, plan: IslandPlan) {
        self.islands.entry(plan.island).or_insert((plan, Phase::Planned)).0 = plan;
    }

    /// Orders the first islands up.
    pub fn raise_first(&mut self, first: usize) {
        let planned: Vec<IslandId> = self.islands.keys().copied().take(first).collect();
        for island in planned {
            self.turn(island, Phase::Woken, LifeReason::Needed);
            self.effects.push_back(Effect::Raise { island, term: self.term });
        }
    }

    /// Orders the next planned island up, unless one is coming already.
    pub fn raise_next(&mut self) {
        if self.islands.values().any(|(_, phase)| *phase == Phase::Woken) {
            return;
        }
        let planned = self.islands.iter().find(|(_, (_, phase))| *phase == Phase::Planned).map(|(id, _)| *id);
        if let Some(island) = planned {
            self.turn(island, Phase::Woken, LifeReason::Needed);
            self.effects.push_back(Effect::Raise { island, term: self.term });
        }
    }

    pub fn ready(&mut self, island: IslandId) {
        self.turn(island, Phase::Open, LifeReason::Ready);
    }

    fn turn(&mut self, island: IslandId, to: Phase, reason: LifeReason) {
        let Some((_, phase)) = self.islands.get_mut(&island).filter(|(_, phase)| *phase != to) else { return };
        let from = std::mem::replace(phase, to);
        self.effects.push_back(Effect::Life { island, from, to, reason });
    }

    /// Promises without looking.
    pub fn promise(&mut self, ask: AskId, arrival: Arrival, island: IslandId, reason: Reason) {
        let mut seat = |person| {
            self.last_serial += 1;
            Seat { person, promise: PromiseId { term: self.term, serial: self.last_serial } }
        };
        let seats = arrival.people.iter().map(|person| seat(*person)).collect();
        let until = self.now + PROMISE_TTL_MS;
        let decision = Decision::Promised { island, seats, until, landing: Landing::AsAsked, reason };
        self.effects.push_back(Effect::Answer { ask, people: arrival.people, decision });
    }

    pub fn wait(&mut self, ask: AskId, arrival: Arrival, reason: Reason) {
        let decision = Decision::Wait { ask_again_ms: ASK_AGAIN_MS, reason };
        self.effects.push_back(Effect::Answer { ask, people: arrival.people, decision });
    }

    pub fn next_wakeup(&self) -> Option<(Millis, WakeReason)> {
        Some((self.next_look, WakeReason::Beat))
    }
}
