//! The life of islands: planned, woken, open, full, draining, asleep, archived.

use store::Reply;
use world::{IslandId, Millis};

use super::Allocator;
use super::asking::AskKey;
use crate::decision::{LifeReason, Reason};
use crate::ids::OpId;
use crate::io::{Effect, Order};
use crate::limits::{CENSUS_EVERY_MS, RAISE_AGAIN_MS};
use crate::plan::Phase;
use crate::plant::Plant;
use crate::seats::{Heard, SeatDocument};

impl Allocator {
    /// Goes from phase to phase and says so.
    pub(super) fn turn(&mut self, id: IslandId, to: Phase, reason: LifeReason) {
        let now = self.now;
        let Some(island) = self.islands.get_mut(&id).filter(|island| island.phase != to) else { return };
        let from = std::mem::replace(&mut island.phase, to);
        island.since = now;
        island.below_since = None;
        island.empty_since = None;
        // What was put away and not told comes back as if nothing had been.
        let from = island.untold.take().map_or(from, |(before, _)| before);
        if matches!(to, Phase::Asleep | Phase::Archived) {
            island.untold = Some((from, reason));
        } else if from != to {
            self.effects.push_back(Effect::Life { island: id, from, to, reason });
        }
    }

    /// Orders an island up.
    pub(super) fn raise(&mut self, id: IslandId, reason: LifeReason) {
        if !self.islands.get(&id).is_some_and(super::island::Island::can_be_raised) {
            return;
        }
        self.turn(id, Phase::Woken, reason);
        if let Some(island) = self.islands.get_mut(&id) {
            island.raised_at = self.now;
        }
        self.effects.push_back(Effect::Raise { island: id, term: self.term });
    }

    pub(super) fn ready(&mut self, id: IslandId) {
        if self.islands.get(&id).is_some_and(|island| island.phase == Phase::Woken) {
            self.turn(id, Phase::Open, LifeReason::Ready);
            self.look_at_need();
        }
    }

    pub(super) fn order(&mut self, id: IslandId, order: Order) {
        let Some(island) = self.islands.get_mut(&id) else { return };
        match order {
            Order::Open => {
                island.closing = None;
                match island.phase {
                    Phase::Draining => self.turn(id, Phase::Open, LifeReason::Ordered),
                    _ => self.raise(id, LifeReason::Ordered),
                }
            }
            Order::Close | Order::Archive => {
                island.closing = Some(order);
                if island.phase.is_up() {
                    self.turn(id, Phase::Draining, LifeReason::Ordered);
                }
            }
        }
    }

    /// What time does to an island.
    pub(super) fn age(&mut self, id: IslandId) {
        let (now, settings) = (self.now, self.settings);
        let Some(island) = self.islands.get_mut(&id) else { return };
        island.ledger.expire(now);
        island.promises_before = std::mem::take(&mut island.promises);
        if !island.escrow.claimed() {
            return;
        }
        let load = island.load();
        let since = |begun: Option<Millis>, holds: bool| if holds { begun.or(Some(now)) } else { None };
        island.below_since = since(island.below_since, load < island.plan.band.low);
        island.empty_since = since(island.empty_since, load == 0);
        let empty_long = island.empty_since.is_some_and(|at| now.since(at) >= settings.sleep_after_ms);
        let empty = load == 0 || self.planted.is(Plant::ArchiveAnyhow);
        let archive_after = island.plan.archive_after_ms.unwrap_or(u64::MAX);
        let ordered = matches!(island.closing, Some(Order::Archive));
        match island.phase {
            Phase::Woken if island.closing.is_some() => self.turn(id, Phase::Asleep, LifeReason::Ordered),
            Phase::Woken if now.since(island.raised_at) >= RAISE_AGAIN_MS => {
                island.raised_at = now;
                self.effects.push_back(Effect::Raise { island: id, term: self.term });
            }
            Phase::Open if load >= island.plan.band.high => self.turn(id, Phase::Full, LifeReason::BandReached),
            Phase::Full if island.has_room_again() => self.turn(id, Phase::Open, LifeReason::RoomAgain),
            Phase::Draining if empty && ordered => self.turn(id, Phase::Archived, LifeReason::Ordered),
            Phase::Draining if empty_long => self.turn(id, Phase::Asleep, LifeReason::LongEmpty),
            Phase::Planned | Phase::Asleep if ordered => self.turn(id, Phase::Archived, LifeReason::Ordered),
            Phase::Asleep if now.since(island.since) >= archive_after => {
                self.turn(id, Phase::Archived, LifeReason::LongAsleep);
            }
            Phase::Planned | Phase::Woken | Phase::Open | Phase::Full => {}
            Phase::Draining | Phase::Asleep | Phase::Archived => {}
        }
    }

    /// Asks for a census where one could free seats.
    pub(super) fn count(&mut self, id: IslandId) {
        let now = self.now;
        let Some(island) = self.islands.get_mut(&id).filter(|island| island.escrow.claimed()) else { return };
        if island.ledger.wants_census() && now.since(island.counted_at) >= CENSUS_EVERY_MS {
            island.counted_at = now;
            self.effects.push_back(Effect::Count { island: id });
        }
    }

    /// Reads or writes the document if there is something to read or write.
    pub(super) fn drive(&mut self, id: IslandId) {
        let (now, settings) = (self.now, self.settings);
        let Some(island) = self.islands.get_mut(&id) else { return };
        let wish = island.wish(now, &settings);
        let op = OpId(self.last_op + 1);
        if let Some(request) = island.escrow.drive(now, &wish, op) {
            self.last_op += 1;
            self.ops.insert(op, id);
            self.effects.push_back(Effect::Store { op, request });
        }
        // Hosts let an island go only when its document says so: another leader may have people there by now.
        let stored = island.escrow.stored_phase() == Some(island.phase) || self.planted.is(Plant::SleepUnstored);
        if let Some((from, reason)) = island.untold.take_if(|_| stored) {
            let (to, archive) = (island.phase, island.phase == Phase::Archived);
            self.effects.push_back(Effect::Life { island: id, from, to, reason });
            self.effects.push_back(Effect::LayDown { island: id, term: self.term, archive });
        }
    }

    pub(super) fn stored(&mut self, op: OpId, reply: Reply) {
        let Some(id) = self.ops.remove(&op) else { return };
        let now = self.now;
        let Some(island) = self.islands.get_mut(&id) else { return };
        match island.escrow.handle(now, op, reply) {
            Heard::Nothing => {}
            Heard::Claimed(former) => self.take_over(id, &former),
            Heard::Granted => self.serve(id),
            Heard::Deposed(term) => return self.step_down(term),
        }
        self.drive(id);
    }

    /// Goes on from where the former leader's document stands.
    fn take_over(&mut self, id: IslandId, former: &SeatDocument) {
        let Some(island) = self.islands.get_mut(&id) else { return };
        island.ledger.take_over(former.granted, Millis(former.until_ms));
        self.turn(id, former.phase, LifeReason::TakenOver);
        match former.phase {
            Phase::Woken => self.effects.push_back(Effect::Raise { island: id, term: self.term }),
            Phase::Planned | Phase::Open | Phase::Full | Phase::Draining | Phase::Asleep | Phase::Archived => {}
        }
        if self.islands.values().all(|island| island.escrow.claimed()) {
            self.look_at_need();
        }
    }

    fn step_down(&mut self, to: crate::ids::Term) {
        if self.over.replace(to).is_some() {
            return;
        }
        self.effects.push_back(Effect::StepDown { to });
        let keys: Vec<AskKey> = self.askings.keys().copied().collect();
        for key in keys {
            self.give_up(key, Reason::Deposed);
        }
    }
}
