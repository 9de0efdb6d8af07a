//! One island as the allocator sees it: its plan, its phase, its seats and who waits for them.

use std::collections::{BTreeMap, VecDeque};

use world::{Chunk, Millis};

use super::Settings;
use super::asking::AskKey;
use crate::decision::LifeReason;
use crate::ids::Term;
use crate::io::Order;
use crate::limits::{CROWDED_MS, GRANT_AHEAD_MAX, GRANT_AHEAD_MIN, GRANT_AHEAD_PART, GRANT_SLACK_MS, REOPEN_PER_MILLE};
use crate::plan::{IslandPlan, Phase};
use crate::plant::{Plant, Planted};
use crate::seats::{Escrow, Ledger, Wish};

/// One island.
#[derive(Debug)]
pub(super) struct Island {
    pub plan: IslandPlan,
    pub phase: Phase,
    /// When the phase began.
    pub since: Millis,
    pub ledger: Ledger,
    pub escrow: Escrow,
    /// Askings that wait for a grant, oldest first.
    pub waiting: VecDeque<AskKey>,
    /// The seats that they ask for.
    pub waiting_seats: u32,
    /// An operator's order to empty it.
    pub closing: Option<Order>,
    /// When it was last ordered up.
    pub raised_at: Millis,
    /// Since when it is below its band.
    pub below_since: Option<Millis>,
    /// Since when nobody is there or promised.
    pub empty_since: Option<Millis>,
    /// From which phase and why it was put away, if nobody was told yet because it is not stored.
    pub untold: Option<(Phase, LifeReason)>,
    /// When a census was last asked for.
    pub counted_at: Millis,
    /// Crowded chunks and when they were last said to be.
    crowded: BTreeMap<Chunk, Millis>,
    /// Promises since the last beat, for the size of the next grant.
    pub promises: u32,
    /// The same for the beat before.
    pub promises_before: u32,
    planted: Planted,
}

impl Island {
    pub fn new(plan: IslandPlan, term: Term, planted: Planted) -> Self {
        Self {
            phase: Phase::Planned,
            since: Millis(0),
            ledger: Ledger::new(planted),
            escrow: Escrow::new(plan.island, term, planted),
            waiting: VecDeque::new(),
            waiting_seats: 0,
            closing: None,
            raised_at: Millis(0),
            below_since: None,
            empty_since: None,
            untold: None,
            counted_at: Millis(0),
            crowded: BTreeMap::new(),
            promises: 0,
            promises_before: 0,
            plan,
            planted,
        }
    }

    /// People, promises and askings that wait for a grant.
    pub fn load(&self) -> u32 {
        self.ledger.bound().saturating_add(self.waiting_seats)
    }

    /// Seats left below a ceiling.
    pub fn room(&self, ceiling: u32) -> u32 {
        ceiling.min(self.plan.hard_cap).saturating_sub(self.load())
    }

    /// The load in thousandths of the upper end of the band.
    pub fn fill_per_mille(&self) -> u64 {
        u64::from(self.load()) * 1000 / u64::from(self.plan.band.high.max(1))
    }

    /// Whether people who belong there may come.
    pub fn takes_guests(&self) -> bool {
        self.escrow.claimed() && self.phase.is_up() && self.closing.is_none()
    }

    /// Whether strangers may be sent there.
    pub fn takes_strangers(&self) -> bool {
        self.takes_guests() && self.phase == Phase::Open
    }

    /// Whether it could be ordered up.
    pub fn can_be_raised(&self) -> bool {
        self.escrow.claimed() && self.closing.is_none() && matches!(self.phase, Phase::Planned | Phase::Asleep)
    }

    /// Whether so many promises may be made now that end at `until`.
    pub fn may_promise(&self, seats: u32, until: Millis) -> bool {
        if self.planted.is(Plant::PromiseAhead) {
            return self.escrow.claimed();
        }
        let bound = self.ledger.bound().saturating_add(seats);
        bound <= self.escrow.limit().min(self.plan.hard_cap) && until <= self.escrow.until()
    }

    /// Whether the load has fallen so far that a full island is open again.
    pub fn has_room_again(&self) -> bool {
        let high = u64::from(self.plan.band.high);
        u64::from(self.load()) + (high * u64::from(REOPEN_PER_MILLE) / 1000).max(1) <= high
    }

    /// What the document should say.
    pub fn wish(&self, now: Millis, settings: &Settings) -> Wish {
        let counted = self.ledger.bound();
        let needed = counted.saturating_add(self.waiting_seats);
        // About two seconds of what came in the last one, or nothing if nobody may come.
        let recent = (self.promises + self.promises_before).saturating_mul(2);
        let most = (self.plan.band.high / GRANT_AHEAD_PART).clamp(GRANT_AHEAD_MIN, GRANT_AHEAD_MAX);
        let ahead = if self.takes_guests() { recent.clamp(GRANT_AHEAD_MIN, most) } else { 0 };
        let target = needed.saturating_add(ahead).min(self.plan.hard_cap).max(counted);
        let promise_ends = now + settings.promise_ttl_ms;
        let phase = if self.phase == Phase::Full { Phase::Open } else { self.phase };
        Wish {
            needed,
            target,
            promise_ends,
            until: promise_ends + GRANT_SLACK_MS,
            counted,
            hard_cap: self.plan.hard_cap,
            phase,
        }
    }

    /// Remembers or forgets that a chunk is crowded.
    pub fn crowd(&mut self, now: Millis, chunk: Chunk, crowded: bool) {
        self.crowded.retain(|_, at| now.since(*at) < CROWDED_MS);
        if crowded {
            self.crowded.insert(chunk, now);
        } else {
            self.crowded.remove(&chunk);
        }
    }

    /// Whether people are to be kept away from a chunk.
    pub fn is_crowded(&self, now: Millis, chunk: Chunk) -> bool {
        self.crowded.get(&chunk).is_some_and(|at| now.since(*at) < CROWDED_MS)
    }
}
