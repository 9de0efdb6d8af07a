//! Gathers a little, goes to somebody, gives, offers, agrees. It looks whether a trade was done on its terms, and once for
//! each agreement.

use std::collections::BTreeSet;
use std::sync::Arc;

use client::deed;
use client::{Outcome, Performed};
use deeds::tables::Tables;
use protocol::Code;
use protocol::things::{Agree, Heap, Offer, Offered};
use world::{EntityId, UNITS_PER_METRE};

use super::gathering::{Gathering, legs};
use super::legs::Legs;
use super::{Doing, Sight, Wrong, is_own, refused};
use crate::behaviour::{Act, draw};
use crate::config;
use crate::random::Random;

/// How far it goes to somebody: 40 m.
const PARTNER_UNITS: u32 = 40 * UNITS_PER_METRE as u32;
/// How long the way to somebody may take, in milliseconds.
const WAY_MS: u64 = 15_000;
/// How often in 100 it asks for nothing in return.
const NOTHING_PERCENT: u32 = 30;
/// What the same trade without another agreement may be answered.
const NOT_AGAIN: [Code; 7] = [
    Code::NoConsent,
    Code::PartnerAway,
    Code::OutOfRange,
    Code::NotEnough,
    Code::PartnerLacks,
    Code::BagFull,
    Code::PartnerBagFull,
];

/// What it does at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Doings {
    /// It gathers until it has so much.
    Stocking(u64),
    /// It goes to somebody.
    Going { to: EntityId, until_ms: u64 },
    /// It waits where it is for somebody's word.
    Waiting { until_ms: u64 },
}

#[derive(Clone, Debug)]
pub(crate) struct Trader {
    config: config::Trader,
    tables: Arc<Tables>,
    legs: Legs,
    gathering: Gathering,
    doings: Option<Doings>,
    /// The trade that is under way, and whether it is done a second time.
    trade: Option<(Offer, bool)>,
    /// The trade that was done last and is to be tried again.
    again: Option<Offer>,
    waits: bool,
}

impl Trader {
    pub(super) fn new(config: config::Trader, tables: Arc<Tables>) -> Self {
        let legs = legs(config.gait, config.radius_m);
        let gathering = Gathering::new(Arc::clone(&tables), config.units);
        Self { config, tables, legs, gathering, doings: None, trade: None, again: None, waits: false }
    }

    pub(super) fn act(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        if self.is_waiting() {
            return Doing::nothing();
        }
        if let Some(offer) = self.again.take().filter(|_| random.percent(self.config.again_percent)) {
            return self.deal(offer, true);
        }
        let stock = draw(random, self.config.stock);
        match self.doings.get_or_insert(Doings::Stocking(stock)).clone() {
            Doings::Stocking(least) if sight.load() < least => self.gathering.next(&mut self.legs, sight, None, random),
            Doings::Stocking(_) => self.look_for_somebody(sight, random),
            Doings::Going { until_ms, .. } if until_ms <= sight.now_ms => self.anew(),
            Doings::Going { to, .. } => self.go(sight, to, random),
            Doings::Waiting { until_ms } if until_ms <= sight.now_ms => self.anew(),
            Doings::Waiting { .. } => self.legs.stop().unwrap_or_else(Doing::nothing),
        }
    }

    pub(super) fn performed(&mut self, told: &Performed, wrongs: &mut Vec<Wrong>) {
        self.gathering.performed(told);
        self.gathering.is_full = false;
        if !is_own(told) {
            return;
        }
        self.waits = false;
        let Some((offer, again)) = self.trade.take() else { return };
        match (told.outcome, again) {
            (Outcome::Done, false) => {
                let moved = (&told.receipt.gained, &told.receipt.lost);
                if moved != (&offer.takes, &offer.gives) {
                    wrongs.push(Wrong::new(Wrong::OFF_TERMS, format!("{offer:?} was done as {moved:?}")));
                }
                self.again = Some(offer);
            }
            (Outcome::Done, true) => {
                wrongs.push(Wrong::new(Wrong::TWICE, format!("{offer:?} was done again as request {}", told.request)));
            }
            (Outcome::Refused { .. }, true) => {
                let code = refused(told).and_then(Code::from_number);
                if !code.is_some_and(|code| NOT_AGAIN.contains(&code)) {
                    wrongs.push(Wrong::new(Wrong::CODE, format!("a trade done twice was answered {:?}", told.outcome)));
                }
            }
            (Outcome::Refused { .. } | Outcome::NotSent, _) => {}
        }
    }

    /// Agrees to what it can keep, and stands still for it.
    pub(super) fn offered(&mut self, sight: &Sight<'_>, offered: &Offered, random: &mut Random) -> Option<Act> {
        if !sight.has_all(&offered.takes) || self.is_waiting() || !random.percent(self.config.agree_percent) {
            return None;
        }
        self.doings = Some(Doings::Waiting { until_ms: sight.now_ms + draw(random, self.config.wait_ms) });
        Some(Act::Agree(Agree { by: offered.by, number: offered.number }))
    }

    /// The other agreed: the trade is done.
    pub(super) fn agreed(&mut self, offer: &Offer) -> Option<Act> {
        (!self.is_waiting()).then(|| self.deal(offer.clone(), false).act)
    }

    fn deal(&mut self, offer: Offer, again: bool) -> Doing {
        let deed = deed::trade(&offer);
        self.waits = true;
        self.trade = Some((offer, again));
        Doing::now(Act::Do(deed))
    }

    /// A deed of its own is under way.
    fn is_waiting(&self) -> bool {
        self.waits || self.gathering.waits
    }

    fn anew(&mut self) -> Doing {
        self.doings = None;
        Doing::nothing()
    }

    fn look_for_somebody(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        let near =
            |(_, place): &&(EntityId, _)| sight.at.distance(*place) <= PARTNER_UNITS && self.legs.may_go(sight, *place);
        let nearest: Vec<EntityId> = sight.people.iter().filter(near).take(3).map(|(who, _)| *who).collect();
        match random.pick(&nearest) {
            Some(who) => {
                self.doings = Some(Doings::Going { to: *who, until_ms: sight.now_ms + WAY_MS });
                Doing::nothing()
            }
            None => self.legs.roam(sight, random),
        }
    }

    fn go(&mut self, sight: &Sight<'_>, to: EntityId, random: &mut Random) -> Doing {
        let Some((_, place)) = sight.people.iter().find(|(who, _)| *who == to) else { return self.anew() };
        if let Some(doing) = self.legs.to(sight, *place, self.tables.body.reach_units / 2) {
            return doing;
        }
        let Some(heap) = random.pick(sight.items()) else { return self.anew() };
        let amount = (draw(random, self.config.amount) as u32).min(heap.amount);
        self.doings = Some(Doings::Waiting { until_ms: sight.now_ms + draw(random, self.config.wait_ms) });
        if random.percent(self.config.give_percent) {
            self.waits = true;
            return Doing::now(Act::Do(deed::give(to, &heap.item, amount)));
        }
        let gives = vec![Heap { item: heap.item.clone(), amount }];
        Doing::now(Act::Offer(Offer { to: to.0, gives, takes: self.wishes(sight, &heap.item, random) }))
    }

    /// What the other may well have: something that nature gives around here, but not the same. Sometimes nothing.
    fn wishes(&self, sight: &Sight<'_>, given: &str, random: &mut Random) -> Vec<Heap> {
        let around = sight.grounds.iter().flat_map(|(_, props)| props.iter());
        let rows = around.filter_map(|prop| self.tables.props.get(&prop.kind));
        let free = rows.filter(|row| row.tool.is_none() && row.gives.0 != given);
        let items: BTreeSet<&str> = free.map(|row| row.gives.0.as_str()).collect();
        let items: Vec<&str> = items.into_iter().collect();
        let item = if random.percent(NOTHING_PERCENT) { None } else { random.pick(&items) };
        item.into_iter().map(|item| Heap { item: (*item).to_owned(), amount: 1 }).collect()
    }
}
