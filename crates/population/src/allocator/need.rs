//! Need: how many people are coming, which islands are filled, and which are opened or drained for it.

use std::collections::BTreeMap;

use world::{IslandId, Millis};

use super::Allocator;
use super::island::Island;
use crate::decision::LifeReason;
use crate::limits::{ASK_AGAIN_MS, DRAIN_PACE_MS, EXPECTATIONS};
use crate::plan::Phase;

/// How many people are coming.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Announcements: until when, a number of its own, how many.
    announced: BTreeMap<(Millis, u64), u32>,
    last: u64,
    /// People in the queue.
    pub waiting: u64,
}

impl Expected {
    pub fn announce(&mut self, people: u32, by: Millis) {
        self.last += 1;
        self.announced.insert((by, self.last), people);
        if self.announced.len() > EXPECTATIONS {
            self.announced.pop_first();
        }
    }

    /// People announced for the next `lead_ms`, each announcement spread evenly over its time.
    fn within(&self, now: Millis, lead_ms: u64) -> u64 {
        let share = |by: &Millis, people: u32| u64::from(people) * lead_ms / by.since(now).max(lead_ms).max(1);
        self.announced.iter().map(|((by, _), people)| share(by, *people)).sum()
    }
}

impl Allocator {
    /// Looks at need: fill, open, drain.
    pub(super) fn look_at_need(&mut self) {
        let now = self.now;
        self.expected.announced.retain(|(by, _), _| *by >= now);
        let wanted = self.wanted();
        self.open_ahead(wanted);
        self.drain_one(wanted);
        self.choose_filling();
    }

    /// Seats that should be free in the bands.
    fn wanted(&self) -> u64 {
        let lead_ms = self.settings.open_lead_ms;
        let (count, ms) = self.promised.measure(self.now, u64::MAX);
        // The first seconds of a window say little about a minute.
        let coming = count * lead_ms / ms.max(ASK_AGAIN_MS);
        let turned_away = self.turned_away.sum(self.now);
        let people: u64 = self.islands.values().map(|island| u64::from(island.load())).sum();
        let reserve = people * u64::from(self.settings.reserve_per_mille) / 1000;
        coming + turned_away + reserve + self.expected.within(self.now, lead_ms) + self.expected.waiting
    }

    /// Seats free in the bands, those of islands that are being raised included.
    fn band_room(&self) -> u64 {
        let room = |island: &Island| match island.phase {
            Phase::Open if island.closing.is_none() => u64::from(island.room(island.plan.band.high)),
            Phase::Woken => u64::from(island.plan.band.high),
            _ => 0,
        };
        self.islands.values().map(room).sum()
    }

    fn open_ahead(&mut self, wanted: u64) {
        let mut room = self.band_room();
        let count = |phase| self.islands.values().filter(|island| island.phase == phase).count();
        let (mut raising, mut open) = (count(Phase::Woken), count(Phase::Open) + count(Phase::Full));
        while room < wanted || raising + open < self.settings.min_open {
            // Whoever empties only to save work is the cheapest, then sleepers, then new land.
            if let Some(id) = self.first(|island| island.phase == Phase::Draining && island.closing.is_none()) {
                self.turn(id, Phase::Open, LifeReason::Needed);
                room += self.islands.get(&id).map_or(0, |island| u64::from(island.room(island.plan.band.high)));
                open += 1;
                continue;
            }
            let sleeper = self.first(|island| island.phase == Phase::Asleep && island.can_be_raised());
            let Some(id) = sleeper.or_else(|| self.first(Island::can_be_raised)) else { return };
            if raising >= self.settings.raising {
                return;
            }
            self.raise(id, LifeReason::Needed);
            room += self.islands.get(&id).map_or(0, |island| u64::from(island.plan.band.high));
            raising += 1;
        }
    }

    fn first(&self, fits: impl Fn(&Island) -> bool) -> Option<IslandId> {
        self.islands.iter().find(|(_, island)| fits(island)).map(|(id, _)| *id)
    }

    /// Lets the emptiest of the islands that are long below their band drain, if the others have room twice over.
    fn drain_one(&mut self, wanted: u64) {
        let open = self.islands.values().filter(|island| matches!(island.phase, Phase::Open | Phase::Full)).count();
        if open <= self.settings.min_open || self.now.since(self.drained_at) < DRAIN_PACE_MS {
            return;
        }
        let long = |island: &Island| {
            let since = island.below_since.filter(|_| island.takes_strangers());
            since.is_some_and(|since| self.now.since(since) >= self.settings.drain_after_ms)
        };
        let emptiest = self.islands.iter().filter(|(_, island)| long(island));
        let Some((id, island)) = emptiest.min_by_key(|(id, island)| (island.load(), **id)) else { return };
        let others = self.band_room() - u64::from(island.room(island.plan.band.high));
        if others >= wanted * 2 + u64::from(island.load()) {
            let id = *id;
            self.drained_at = self.now;
            self.turn(id, Phase::Draining, LifeReason::LongBelowBand);
        }
    }

    /// The fewest islands, fullest first, that have room in their bands for what comes soon. Few arrivals so fill one
    /// island after the other, and many spread over many landings.
    fn choose_filling(&mut self) {
        let (count, ms) = self.promised.measure(self.now, u64::MAX);
        let soon = count * self.settings.fill_ahead_ms / ms.max(ASK_AGAIN_MS) + 1;
        let strangers = self.islands.iter().filter(|(_, island)| island.takes_strangers());
        let mut open: Vec<_> = strangers.map(|(id, i)| (i.fill_per_mille(), *id, i.room(i.plan.band.high))).collect();
        // Those already being filled stay ahead of equals, or every arrival would turn the order.
        let being_filled = |id: &IslandId| self.filling.contains(id);
        open.sort_by_key(|(fill, id, _)| (std::cmp::Reverse(fill / 50), !being_filled(id), *id));
        let mut room = 0;
        let mut filling = Vec::new();
        for (_, id, free) in open {
            if room >= soon {
                break;
            }
            room += u64::from(free);
            filling.push(id);
        }
        self.filling = filling;
    }
}
