//! The store as the nodes reach it: late, contended, silent, or out of reach.

use std::sync::Arc;

use node::{Input, OpId};
use store::faulty::{Fate, FaultyStore};
use store::{MemoryStore, Reply, Request};
use world::Millis;

use super::{BEGINNING, Happening, World};
use crate::dice::Dice;
use crate::faults::FaultKind;
use crate::plan::{Almanac, Weather};
use crate::scenario::Scenario;

/// Milliseconds after which a node gives up a request to a store that it cannot reach.
const OUT_OF_REACH_MS: u64 = 1_500;

/// What decides the fate of each request.
type Fates = Box<dyn FnMut(Millis, &Request) -> Fate>;

/// The store of a run.
pub(super) type SimStore = FaultyStore<Asker, Fates>;

/// Who asked the store: an operation of one life of a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    host: u16,
    life: u64,
    op: OpId,
}

/// An empty store whose faults are drawn from these dice.
pub(super) fn open(scenario: &Scenario, almanac: &Almanac, dice: Dice) -> SimStore {
    FaultyStore::new(Arc::new(MemoryStore::new()), fates(scenario, almanac, dice))
}

impl World {
    pub(super) fn ask_store(&mut self, host: u16, op: OpId, request: Request) {
        let h = &self.hosts[usize::from(host)];
        if h.store_cuts > 0 && self.weather() == Weather::Storm {
            self.fired.note(FaultKind::StoreOutOfReach);
            let (life, input) = (h.life, Input::Store { op, reply: Reply::Unknown });
            return self.after(OUT_OF_REACH_MS, Happening::ToNode { host, life, input });
        }
        let asker = Asker { host, life: h.life, op };
        self.checkers.writes(&request);
        self.store.submit(self.now, asker, request);
        self.store_work();
    }

    pub(super) fn store_work(&mut self) {
        while let Some((Asker { host, life, op }, reply)) = self.store.poll(self.now) {
            self.checkers.look_at_releases(self.store.store());
            self.feed_node(host, life, Input::Store { op, reply });
        }
        self.checkers.look_at_releases(self.store.store());
        if let Some((at, _)) = self.store.next_wakeup() {
            self.at(at, Happening::StoreWork);
        }
    }
}

/// What the store does to a request.
fn fates(scenario: &Scenario, almanac: &Almanac, mut dice: Dice) -> Fates {
    let (faults, almanac) = (scenario.store.clone(), almanac.clone());
    Box::new(move |now, _| {
        let answer_after_ms = dice.between(faults.delay_ms[0], faults.delay_ms[1]);
        let apply_after_ms = answer_after_ms / 2;
        let pass = Fate::Pass { apply_after_ms, answer_after_ms };
        if almanac.weather(now.since(BEGINNING)) != Weather::Storm {
            return pass;
        }
        let chance = dice.below(1000) as u32;
        let bounds = [faults.conflict_per_mille, faults.fail_per_mille, faults.unknown_per_mille];
        match chance {
            c if c < bounds[0] => Fate::Conflict { answer_after_ms },
            c if c < bounds[0] + bounds[1] => Fate::NotApplied { answer_after_ms },
            c if c < bounds.iter().sum() => {
                let late = dice.between(faults.late_ms[0], faults.late_ms[1]);
                let apply = [None, Some(apply_after_ms), Some(answer_after_ms + late)];
                let apply_after_ms = dice.pick(&apply).copied().flatten();
                Fate::Unknown { answer_after_ms, apply_after_ms }
            }
            _ => pass,
        }
    })
}
