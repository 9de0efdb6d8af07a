//! Round robin: the next open island in the row, whoever asks and whatever for.

use world::{IslandId, Millis};

use super::yard::Yard;
use crate::decision::Reason;
use crate::ids::Term;
use crate::io::{Effect, Input, Policy, WakeReason};
use crate::plan::IslandPlan;

/// The round robin. All islands are opened at the beginning, one after the other.
#[derive(Debug)]
pub struct RoundRobin {
    yard: Yard,
    last: Option<IslandId>,
}

impl RoundRobin {
    /// Over these islands, in the order of their numbers.
    #[must_use]
    pub fn new(term: Term, plans: &[IslandPlan]) -> Self {
        Self { yard: Yard::new(term, plans), last: None }
    }

    /// The same with so many islands open from the beginning.
    #[must_use]
    pub fn opening(mut self, first: usize) -> Self {
        self.yard.raise_first(first);
        self
    }

    fn next(&mut self) -> Option<IslandId> {
        let after = self.yard.open().map(|plan| plan.island).find(|id| Some(*id) > self.last);
        self.last = after.or_else(|| self.yard.open().next().map(|plan| plan.island));
        self.last
    }
}

impl Policy for RoundRobin {
    fn handle(&mut self, now: Millis, input: Input) {
        if self.yard.tick(now) {
            self.yard.raise_next();
        }
        match input {
            Input::Ask { ask, arrival } => match self.next() {
                Some(island) => self.yard.promise(ask, arrival, island, Reason::NextInTurn),
                None => self.yard.wait(ask, arrival, Reason::Opening),
            },
            Input::Ready { island } => self.yard.ready(island),
            Input::Plan(plan) => self.yard.plan(plan),
            Input::Wake | Input::Withdraw { .. } | Input::Arrived { .. } | Input::Left { .. } => {}
            Input::Census { .. } | Input::Crowd { .. } | Input::Expect { .. } | Input::Waiting { .. } => {}
            Input::Order { .. } | Input::Stored { .. } => {}
        }
    }

    fn poll_effect(&mut self) -> Option<Effect> {
        self.yard.effects.pop_front()
    }

    fn next_wakeup(&self) -> Option<(Millis, WakeReason)> {
        self.yard.next_wakeup()
    }

    /// It has no idea: as much as all open islands were built for.
    fn room(&self) -> u64 {
        self.yard.open().map(|plan| u64::from(plan.capacity)).sum()
    }

    fn counted(&self) -> u64 {
        0
    }

    fn promised(&self) -> u64 {
        0
    }
}
