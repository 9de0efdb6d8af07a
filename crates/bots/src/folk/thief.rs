//! Tries what must be refused, each with the codes that it may be refused with.

use std::sync::Arc;

use client::deed::{self, At};
use client::{Outcome, Performed};
use deeds::tables::Tables;
use protocol::Code;
use protocol::things::{Deed, Heap, Offer, TraceKind};
use world::{Chunk, EntityId, Position, UNITS_PER_METRE};

use super::gathering::legs;
use super::legs::Legs;
use super::{Doing, Sight, Wrong, is_own, refused};
use crate::behaviour::Act;
use crate::config;
use crate::random::Random;

/// What is further than this is out of reach wherever the server has the avatar: 20 m.
const FAR_UNITS: u32 = 20 * UNITS_PER_METRE as u32;
/// A trace's number that nobody comes to: the last of a page.
const NO_TRACE: u32 = 0x00ff_ffff;
/// Acts that one attempt may take, the way included, before it turns to the next.
const PATIENCE: usize = 30;
/// Acts for which it goes elsewhere now and then.
const ROAMING: usize = 6;
/// How far it goes to a foreign chest: 40 m.
const CHEST_UNITS: u32 = 40 * UNITS_PER_METRE as u32;

/// Something that must be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attempt {
    deed: Deed,
    codes: Vec<Code>,
}

#[derive(Clone, Debug)]
pub(crate) struct Thief {
    tables: Arc<Tables>,
    legs: Legs,
    /// What it tried last, until it is answered.
    tried: Option<Attempt>,
    /// What it had when it acted last. Nothing that it does may make it less.
    had: Vec<Heap>,
    /// What it noticed and did not say yet.
    noticed: Vec<Wrong>,
    /// Attempts so far, and acts of the present one.
    turn: usize,
    steps: usize,
    /// The how manieth of all that can be tried from anywhere.
    nth: usize,
}

impl Thief {
    pub(super) fn new(config: config::Thief, tables: Arc<Tables>) -> Self {
        let legs = legs(config.gait, config.radius_m);
        Self { tables, legs, tried: None, had: Vec::new(), noticed: Vec::new(), turn: 0, steps: 0, nth: 0 }
    }

    pub(super) fn act(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        if self.tried.is_some() {
            return Doing::nothing();
        }
        self.look_at_bag(sight);
        self.steps += 1;
        if self.steps > PATIENCE {
            self.next_turn();
        }
        match self.turn % 4 {
            0 if let Some((at, place)) = self.foreign(sight) => match self.go(sight, place) {
                Some(doing) => doing,
                None => self.attempt(self.at_chest(sight, at, random)),
            },
            2 if let Some((who, place)) = sight.people.first() => match self.go(sight, *place) {
                Some(doing) => doing,
                None => self.attempt(self.without_consent(*who)),
            },
            _ if self.turn.is_multiple_of(9) && self.steps < ROAMING => self.legs.roam(sight, random),
            _ => {
                let attempts = self.attempts(sight);
                self.nth += 1;
                let next = attempts.get(self.nth % attempts.len().max(1));
                next.cloned().map_or_else(Doing::nothing, |attempt| self.attempt(attempt))
            }
        }
    }

    fn go(&mut self, sight: &Sight<'_>, place: Position) -> Option<Doing> {
        self.legs.to(sight, place, self.tables.body.reach_units / 2)
    }

    fn next_turn(&mut self) {
        self.turn += 1;
        self.steps = 0;
    }

    pub(super) fn performed(&mut self, told: &Performed, wrongs: &mut Vec<Wrong>) {
        wrongs.append(&mut self.noticed);
        let Some(attempt) = self.tried.take_if(|_| is_own(told)) else { return };
        let name = &attempt.deed.deed;
        let code = refused(told).and_then(Code::from_number);
        match told.outcome {
            Outcome::Done => {
                let what = format!("{name} was done as request {}: {:?}", told.request, attempt.deed);
                wrongs.push(Wrong::new(Wrong::THEFT, what));
            }
            Outcome::Refused { code: number, .. } if !code.is_some_and(|code| attempt.codes.contains(&code)) => {
                let label = client::event::label(number);
                let what = format!("{name} was refused with {label}, not with {:?}: {:?}", attempt.codes, attempt.deed);
                wrongs.push(Wrong::new(Wrong::CODE, what));
            }
            Outcome::Refused { .. } | Outcome::NotSent => {}
        }
    }

    fn look_at_bag(&mut self, sight: &Sight<'_>) {
        if sight.bag.is_none() {
            return;
        }
        for heap in self.had.iter().filter(|heap| sight.has(&heap.item) < heap.amount) {
            let what = format!("{} {} are now {}", heap.amount, heap.item, sight.has(&heap.item));
            self.noticed.push(Wrong::new(Wrong::CHANGED, what));
        }
        self.had = sight.items().to_vec();
    }

    fn attempt(&mut self, attempt: Attempt) -> Doing {
        self.next_turn();
        let deed = attempt.deed.clone();
        self.tried = Some(attempt);
        Doing::now(Act::Do(deed))
    }

    /// The nearest building of somebody else's that holds things.
    fn foreign(&self, sight: &Sight<'_>) -> Option<(At, Position)> {
        let mut chests: Vec<(u32, At, Position)> = sight
            .traces_within(TraceKind::Built, CHEST_UNITS)
            .filter(|(chunk, trace)| trace.owner != sight.me.0 && !self.may_use(sight, *chunk))
            .filter(|(_, trace)| {
                self.tables.buildings.get(&trace.name.as_str().into()).is_some_and(|b| b.room.is_some())
            })
            .map(|(chunk, trace)| {
                let place = Position::new(trace.x, trace.y);
                (sight.at.distance(place), At { chunk, trace: trace.id }, place)
            })
            .collect();
        chests.sort_unstable();
        chests.first().map(|(_, at, place)| (*at, *place))
    }

    /// Whether the land gives it any right.
    fn may_use(&self, sight: &Sight<'_>, chunk: Chunk) -> bool {
        let land = sight.pages.and_then(|pages| pages.land(chunk));
        land.is_some_and(|land| land.owner == sight.me || land.guests.contains_key(&sight.me))
    }

    fn at_chest(&self, sight: &Sight<'_>, at: At, random: &mut Random) -> Attempt {
        let holds = sight.pages.and_then(|pages| pages.trace(at.chunk, at.trace)).map_or(&[][..], |t| &t.holds);
        let item = random.pick(holds).map_or("wood", |heap| heap.item.as_str());
        let deed = if random.percent(70) { deed::take_out(at, item, 1) } else { deed::dismantle(at) };
        // Its owner may have taken it down, and the server may have the thief a step away.
        Attempt { deed, codes: vec![Code::NotYours, Code::OutOfRange, Code::NothingThere] }
    }

    /// All else that can be tried from here.
    fn attempts(&self, sight: &Sight<'_>) -> Vec<Attempt> {
        let here = sight.at.chunk();
        let nowhere = At { chunk: here, trace: NO_TRACE };
        let item = self.tables.items.keys().next().map_or("wood", |item| item.0.as_str());
        let limit = self.tables.body.amount_limit;
        let bad = |deed: &str| Deed { deed: deed.to_owned(), partner: 0, args: vec![0xff; 9] };
        let mut all = vec![
            attempt(bad("steal"), &[Code::UnknownDeed]),
            attempt(bad("drop"), &[Code::BadMessage]),
            attempt(deed::drop("crown-jewels", 1), &[Code::UnknownItem]),
            attempt(deed::drop(item, 0), &[Code::AmountInvalid]),
            attempt(deed::drop(item, u32::MAX), &[Code::AmountInvalid]),
            attempt(deed::craft("gold", 1, None), &[Code::UnknownRecipe]),
            attempt(deed::build("palace", sight.at), &[Code::UnknownBuilding]),
            attempt(deed::pick_up(nowhere, item, 1), &[Code::NothingThere]),
            attempt(deed::take_out(nowhere, item, 1), &[Code::NothingThere]),
            attempt(deed::dismantle(nowhere), &[Code::NothingThere]),
            attempt(deed::give(sight.me, item, 1), &[Code::PartnerInvalid]),
            attempt(deed::claim(&[]), &[Code::LandLimit]),
            attempt(deed::claim(&[here, here]), &[Code::PlaceInvalid]),
            attempt(deed::claim(&[Chunk::new(here.cx.saturating_add(9), here.cy)]), &[Code::OutOfRange]),
            attempt(deed::abandon("0000000000000000-0"), &[Code::NothingThere]),
        ];
        if sight.bag.is_some() && sight.has(item) < limit / 2 {
            all.push(attempt(deed::drop(item, limit), &[Code::NotEnough, Code::PageFull, Code::NotYours]));
        }
        let recipe = self.tables.recipes.keys().next();
        all.extend(recipe.map(|name| attempt(deed::craft(&name.0, u32::MAX, None), &[Code::AmountInvalid])));
        if let Some((stone, _)) = self.tables.items.iter().find(|(_, row)| row.food_kj == 0) {
            all.push(attempt(deed::eat(&stone.0, 1), &[Code::NotFood]));
        }
        all.extend(self.far_away(sight));
        all.extend(self.of_piles(sight));
        all.extend(self.of_land(sight));
        all
    }

    fn far_away(&self, sight: &Sight<'_>) -> Option<Attempt> {
        let far = sight.grounds.iter().flat_map(|(chunk, props)| props.iter().map(move |prop| (*chunk, prop)));
        let gives = |(_, prop): &(Chunk, &world::island::Prop)| self.tables.props.contains_key(&prop.kind);
        let (chunk, prop) =
            far.filter(gives).find(|(chunk, prop)| sight.at.distance(prop.position(*chunk)) > FAR_UNITS)?;
        Some(attempt(deed::gather(chunk, prop.index, 1), &[Code::OutOfRange]))
    }

    /// More than lies there, and something else than lies there. Others may be quicker.
    fn of_piles(&self, sight: &Sight<'_>) -> Vec<Attempt> {
        let reach = self.tables.body.reach_units;
        let codes = [Code::Stale, Code::NothingThere, Code::OutOfRange, Code::NotYours];
        let Some((chunk, pile)) = sight.traces_within(TraceKind::Pile, reach).next() else { return Vec::new() };
        let at = At { chunk, trace: pile.id };
        let other = self.tables.items.keys().find(|item| item.0 != pile.name);
        let mut all = vec![attempt(deed::pick_up(at, &pile.name, self.tables.body.amount_limit), &codes)];
        all.extend(other.map(|item| attempt(deed::pick_up(at, &item.0, 1), &codes)));
        all
    }

    fn of_land(&self, sight: &Sight<'_>) -> Vec<Attempt> {
        let here = sight.at.chunk();
        let foreign = |chunk: Chunk| sight.pages?.land(chunk).filter(|land| land.owner != sight.me);
        let Some(land) = here.around(1).find_map(foreign) else { return Vec::new() };
        // Who was given a role may share it; it is for its owner to give it up.
        let codes = [Code::NotYours, Code::NothingThere];
        let mut all = vec![attempt(deed::abandon(&land.name), &codes)];
        if !land.guests.contains_key(&sight.me) {
            all.push(attempt(deed::share(&land.name, sight.me, 3), &codes));
        }
        all
    }

    fn without_consent(&self, who: EntityId) -> Attempt {
        let item = self.tables.items.keys().next().map_or("wood", |item| item.0.as_str());
        let takes = vec![Heap { item: item.to_owned(), amount: 1 }];
        let offer = Offer { to: who.0, gives: Vec::new(), takes };
        attempt(deed::trade(&offer), &[Code::NoConsent, Code::OutOfRange, Code::PartnerAway])
    }
}

fn attempt(deed: Deed, codes: &[Code]) -> Attempt {
    Attempt { deed, codes: codes.to_vec() }
}
