//! Gathers until its bag is full, eats, drops the rest.

use std::sync::Arc;

use client::Performed;
use client::deed::{self, At};
use deeds::tables::{ItemId, Tables};
use protocol::things::{Agree, Heap, Offered, TraceKind};

use super::gathering::{Gathering, legs};
use super::legs::Legs;
use super::{Doing, Sight, is_own};
use crate::behaviour::{Act, draw};
use crate::config;
use crate::random::Random;

#[derive(Clone, Debug)]
pub(crate) struct Gatherer {
    config: config::Gatherer,
    tables: Arc<Tables>,
    legs: Legs,
    gathering: Gathering,
    /// At which fullness the bag is to be emptied this time.
    full_percent: Option<u64>,
    empties: bool,
    waits: bool,
    /// Until when it stands for a trade that it agreed to.
    stands_until_ms: u64,
}

/// How long it stands for a trade that it agreed to, in milliseconds.
const STANDS_MS: u64 = 2_500;

impl Gatherer {
    pub(super) fn new(config: config::Gatherer, tables: Arc<Tables>) -> Self {
        let legs = legs(config.gait, config.radius_m);
        let gathering = Gathering::new(Arc::clone(&tables), config.units);
        Self { config, tables, legs, gathering, full_percent: None, empties: false, waits: false, stands_until_ms: 0 }
    }

    pub(super) fn act(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        if self.waits || self.gathering.waits {
            return Doing::nothing();
        }
        if sight.now_ms < self.stands_until_ms {
            return self.legs.stop().unwrap_or_else(Doing::nothing);
        }
        let full_percent = *self.full_percent.get_or_insert_with(|| draw(random, self.config.full_percent));
        let full = full_percent < 100 && sight.full_percent(&self.tables) >= full_percent;
        if full || self.gathering.is_full {
            (self.empties, self.gathering.is_full) = (true, false);
        }
        if self.empties && sight.items().is_empty() {
            (self.empties, self.full_percent) = (false, None);
        }
        if self.empties {
            return self.legs.stop().unwrap_or_else(|| self.empty(sight, random));
        }
        if random.percent(self.config.pick_up_percent)
            && let Some(doing) = self.pick_up(sight)
        {
            return doing;
        }
        self.gathering.next(&mut self.legs, sight, None, random)
    }

    pub(super) fn performed(&mut self, told: &Performed) {
        self.waits &= !is_own(told);
        self.gathering.performed(told);
    }

    /// Agrees to what it can keep, and stands still for it.
    pub(super) fn offered(&mut self, sight: &Sight<'_>, offered: &Offered, random: &mut Random) -> Option<Act> {
        let agrees = sight.has_all(&offered.takes) && random.percent(self.config.agree_percent);
        agrees.then(|| {
            self.stands_until_ms = sight.now_ms + STANDS_MS;
            Act::Agree(Agree { by: offered.by, number: offered.number })
        })
    }

    /// Eats or drops a part of what it has.
    fn empty(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        let food = |heap: &&Heap| self.tables.items.get(&ItemId(heap.item.clone())).is_some_and(|row| row.food_kj > 0);
        let foods: Vec<&Heap> = sight.items().iter().filter(food).collect();
        let eats = random.percent(self.config.eat_percent);
        let all: Vec<&Heap> = sight.items().iter().collect();
        let from = if eats && !foods.is_empty() { &foods } else { &all };
        let Some(heap) = random.pick(from) else { return Doing::nothing() };
        let amount = random.between(1, u64::from(heap.amount)) as u32;
        self.waits = true;
        let deed = if eats && !foods.is_empty() {
            deed::eat(&heap.item, amount)
        } else {
            // All of it: many small piles would fill the page.
            deed::drop(&heap.item, heap.amount.min(self.tables.body.amount_limit))
        };
        Doing::now(Act::Do(deed))
    }

    fn pick_up(&mut self, sight: &Sight<'_>) -> Option<Doing> {
        let (chunk, pile) = sight.traces_within(TraceKind::Pile, self.tables.body.reach_units / 2).next()?;
        if let Some(stop) = self.legs.stop() {
            return Some(stop);
        }
        self.waits = true;
        let at = At { chunk, trace: pile.id };
        Some(Doing::now(Act::Do(deed::pick_up(at, &pile.name, pile.amount.min(self.tables.body.amount_limit)))))
    }
}
