//! The model as stateright explores it: which steps there are, and what must hold after each.

use stateright::{Model, Property};
use store::commit::{Answer, Ask, Right, Terms};
use store::{Key, Record};
use world::{Plant, Planted};

use super::state::{Doing, Role, State};
use crate::ledger::{Move, purses, wrong};

/// One bounded situation.
#[derive(Clone, Debug)]
pub struct Situation {
    pub name: &'static str,
    pub terms: Terms,
    pub documents: Vec<(Key, Record)>,
    pub roles: Vec<Role>,
    /// How many answers may be `Unknown`.
    pub unknowns: u8,
    moves: Vec<Move>,
    coins: u32,
    created: bool,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The request of this one is carried out and answered.
    Pass(usize),
    /// The request of this one is answered `Unknown`; it may land later.
    Lose(usize),
    /// This late write lands.
    Land(usize),
}

impl Situation {
    /// Terms in which nothing waits.
    pub fn terms(tries: u32) -> Terms {
        Terms { tries, intent_ms: 0, deed_ms: u64::MAX, pause_ms: 0, retry_ms: 0, late_write_ms: 0, ..Terms::default() }
    }

    pub fn planted(mut self, plant: Plant) -> Self {
        self.terms.planted = Planted::with(plant);
        self
    }

    pub fn new(
        name: &'static str,
        terms: Terms,
        documents: Vec<(Key, Record)>,
        roles: Vec<Role>,
        unknowns: u8,
    ) -> Self {
        let mut moves = Vec::new();
        let mut created = false;
        for role in &roles {
            let Role::Session { deeds, right, .. } = role else { continue };
            moves.extend(deeds.iter().cloned());
            created |= matches!(right, Right::Login { create: Some(_) });
        }
        let coins = purses(documents.iter().map(|(k, r)| (k, r))).values().map(|purse| purse.coins).sum();
        Self { name, terms, documents, roles, unknowns, moves, coins, created }
    }

    /// What is wrong in a state.
    pub fn wrong(&self, state: &State) -> Option<&'static str> {
        if state.wrong.is_some() {
            return state.wrong;
        }
        let documents = state.documents.iter().map(|(key, (_, record))| (key, &**record));
        let now = purses(documents.clone());
        // An avatar that is made brings one coin.
        let made = now.keys().filter(|key| self.created && !self.documents.iter().any(|(k, _)| k == *key)).count();
        if let Some(wrong) = wrong(&now, self.coins + made as u32, &self.moves, &state.told) {
            return Some(wrong);
        }
        if documents.clone().filter_map(|(_, r)| r.intent.as_ref()).any(|intent| state.ended.contains(&intent.txn)) {
            return Some("an intent of an attempt that had ended");
        }
        let quiet = state.late.is_empty() && state.actors.iter().all(|actor| actor.doing == Doing::Over);
        if quiet && documents.clone().any(|(_, record)| record.intent.is_some() || !record.open.is_empty()) {
            return Some("something is left although nobody crashed");
        }
        None
    }
}

impl Model for Situation {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.documents, &self.roles, self.unknowns, &self.terms)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        for (n, actor) in state.actors.iter().enumerate() {
            let Some(issued) = &actor.asks else { continue };
            let swept = match &issued.ask {
                Ask::Remove { key, version } => {
                    self.terms.planted.is(Plant::SweepEarly)
                        || !matches!(actor.doing, Doing::Sweeping(_))
                        || state.may_remove(key, *version)
                }
                Ask::Get { .. } | Ask::Insert { .. } | Ask::Replace { .. } => true,
            };
            if !swept {
                continue;
            }
            actions.push(Step::Pass(n));
            if state.unknowns > 0 && !matches!(issued.ask, Ask::Get { .. }) {
                actions.push(Step::Lose(n));
            }
        }
        actions.extend((0..state.late.len()).map(Step::Land));
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut state = before.clone();
        match step {
            Step::Pass(n) => {
                let issued = state.actors[n].asks.clone()?;
                let answer = state.apply(&issued.ask);
                state.answer(n, answer, &self.roles, &self.terms);
            }
            Step::Lose(n) => {
                let issued = state.actors[n].asks.clone()?;
                state.unknowns -= 1;
                state.late.push(issued);
                state.answer(n, Answer::Unknown, &self.roles, &self.terms);
            }
            Step::Land(n) => {
                let issued = state.late.remove(n);
                state.apply(&issued.ask);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("nothing is wrong", |model: &Self, state| model.wrong(state).is_none())]
    }
}
