//! Windowed density: the island whose reported number of people, averaged over a window, is lowest for its capacity.
//!
//! It is what failed at a launch. Between a promise and its trace in the average lie the loading of the client, the
//! report and half the window; meanwhile everybody is sent to the same island.

use std::collections::{BTreeMap, VecDeque};

use world::{IslandId, Millis};

use super::yard::Yard;
use crate::decision::Reason;
use crate::ids::Term;
use crate::io::{Effect, Input, Policy, WakeReason};
use crate::plan::{IslandPlan, Phase};

/// The windowed density.
#[derive(Debug)]
pub struct WindowedDensity {
    yard: Yard,
    window_ms: u64,
    reports: BTreeMap<IslandId, VecDeque<(Millis, u32)>>,
}

impl WindowedDensity {
    /// Over these islands, with a window of so many milliseconds.
    #[must_use]
    pub fn new(term: Term, plans: &[IslandPlan], window_ms: u64) -> Self {
        Self { yard: Yard::new(term, plans), window_ms, reports: BTreeMap::new() }
    }

    /// The same with so many islands open from the beginning.
    #[must_use]
    pub fn opening(mut self, first: usize) -> Self {
        self.yard.raise_first(first);
        self
    }

    /// The average of the reports within the window, in thousandths of the capacity. Nobody reported: empty.
    fn density_per_mille(&self, plan: &IslandPlan) -> u64 {
        let Some(reports) = self.reports.get(&plan.island).filter(|reports| !reports.is_empty()) else { return 0 };
        let sum: u64 = reports.iter().map(|(_, people)| u64::from(*people)).sum();
        sum / reports.len() as u64 * 1000 / u64::from(plan.capacity)
    }

    fn look(&mut self) {
        let (now, window_ms) = (self.yard.now, self.window_ms);
        for reports in self.reports.values_mut() {
            // The newest stays, however old: it is all that is known.
            while reports.len() > 1 && reports.front().is_some_and(|(at, _)| now.since(*at) > window_ms) {
                reports.pop_front();
            }
        }
        for (id, (_, phase)) in &self.yard.islands {
            if *phase == Phase::Open {
                self.yard.effects.push_back(Effect::Count { island: *id });
            }
        }
        let above_band = |plan: &IslandPlan| {
            self.density_per_mille(plan) >= u64::from(plan.band.high) * 1000 / u64::from(plan.capacity)
        };
        if self.yard.open().all(above_band) {
            self.yard.raise_next();
        }
    }

    fn sparsest(&self) -> Option<IslandId> {
        let dense = self.yard.open().map(|plan| (self.density_per_mille(plan), plan.island));
        dense.filter(|(density, _)| *density < 1000).min().map(|(_, island)| island)
    }
}

impl Policy for WindowedDensity {
    fn handle(&mut self, now: Millis, input: Input) {
        if self.yard.tick(now) {
            self.look();
        }
        match input {
            Input::Ask { ask, arrival } => match self.sparsest() {
                Some(island) => self.yard.promise(ask, arrival, island, Reason::LooksEmptiest),
                None => self.yard.wait(ask, arrival, Reason::NoRoom),
            },
            Input::Census { island, people, .. } => {
                let now = self.yard.now;
                self.reports.entry(island).or_default().push_back((now, people));
            }
            Input::Ready { island } => self.yard.ready(island),
            Input::Plan(plan) => self.yard.plan(plan),
            Input::Wake | Input::Withdraw { .. } | Input::Arrived { .. } | Input::Left { .. } => {}
            Input::Crowd { .. } | Input::Expect { .. } | Input::Waiting { .. } => {}
            Input::Order { .. } | Input::Stored { .. } => {}
        }
    }

    fn poll_effect(&mut self) -> Option<Effect> {
        self.yard.effects.pop_front()
    }

    fn next_wakeup(&self) -> Option<(Millis, WakeReason)> {
        self.yard.next_wakeup()
    }

    /// What is left of the bands by the averages.
    fn room(&self) -> u64 {
        let left = |plan: &IslandPlan| {
            let people = self.density_per_mille(plan) * u64::from(plan.capacity) / 1000;
            u64::from(plan.band.high).saturating_sub(people)
        };
        self.yard.open().map(left).sum()
    }

    fn counted(&self) -> u64 {
        self.reports.values().filter_map(|reports| reports.back()).map(|(_, people)| u64::from(*people)).sum()
    }

    fn promised(&self) -> u64 {
        0
    }
}
