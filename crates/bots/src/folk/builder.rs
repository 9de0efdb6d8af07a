//! Gathers and crafts what a building takes, claims the land now and then, builds, uses it, and takes it down.

use std::sync::Arc;

use client::deed::{self, At};
use client::{Outcome, Performed};
use deeds::tables::{BuildingId, ItemId, Stack, Tables};
use protocol::things::Trace;
use world::Position;

use super::gathering::{Gathering, legs};
use super::legs::Legs;
use super::{Doing, Sight, is_own};
use crate::behaviour::{Act, ahead, any_heading, draw};
use crate::config;
use crate::random::Random;

/// How deep recipes of recipes are followed.
const DEPTH: u32 = 4;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It collects what it needs. `claims`: also for the land.
    Collecting { claims: bool },
    /// It puts things in and takes them out, so often yet.
    Using { at: At, visits: u64 },
}

#[derive(Clone, Debug)]
pub(crate) struct Builder {
    config: config::Builder,
    tables: Arc<Tables>,
    legs: Legs,
    gathering: Gathering,
    stage: Option<Stage>,
    /// What it asked for last, until that is answered.
    asked: Option<&'static str>,
    /// What it is about to build.
    building: Option<BuildingId>,
    /// Where its building is to stand.
    site: Option<Position>,
    visits: u64,
}

/// What is to be done for an item.
enum Way {
    Gather(ItemId),
    Craft(String),
}

impl Builder {
    pub(super) fn new(config: config::Builder, tables: Arc<Tables>) -> Self {
        let legs = legs(config.gait, config.radius_m);
        let gathering = Gathering::new(Arc::clone(&tables), config.units);
        Self { config, tables, legs, gathering, stage: None, asked: None, building: None, site: None, visits: 0 }
    }

    pub(super) fn act(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        if self.asked.is_some() || self.gathering.waits || sight.is_busy() {
            return Doing::nothing();
        }
        self.visits = draw(random, self.config.visits);
        let claims = random.percent(self.config.claim_percent);
        match *self.stage.get_or_insert(Stage::Collecting { claims }) {
            Stage::Collecting { claims } => self.collect(sight, claims, random),
            Stage::Using { at, visits } => self.visit(sight, at, visits, random),
        }
    }

    pub(super) fn performed(&mut self, told: &Performed) {
        self.gathering.performed(told);
        self.gathering.is_full = false;
        if !is_own(told) {
            return;
        }
        let done = told.outcome == Outcome::Done;
        match (self.asked.take(), done) {
            (Some("build"), true) => {
                let chunk = self.site.take().map(Position::chunk);
                let built = told.receipt.made.first().copied().zip(chunk);
                let room = self.building.take().and_then(|kind| self.tables.buildings.get(&kind)?.room);
                let visits = if room.is_some() { self.visits } else { 0 };
                self.stage = built.map(|(trace, chunk)| Stage::Using { at: At { chunk, trace }, visits });
            }
            // Where nothing can be built, something else is tried somewhere else.
            (Some("build"), false) => (self.site, self.building) = (None, None),
            // Somebody else's land, or enough of one's own.
            (Some("claim"), _) => self.stage = Some(Stage::Collecting { claims: false }),
            (Some("dismantle"), _) => self.stage = None,
            (Some("use"), false) => self.stage = Some(Stage::Collecting { claims: false }),
            (Some(_) | None, _) => {}
        }
    }

    fn collect(&mut self, sight: &Sight<'_>, claims: bool, random: &mut Random) -> Doing {
        let claims = claims && sight.bag.is_some_and(|bag| bag.parcels.is_empty());
        self.building = self.building.take().or_else(|| self.choose(sight));
        let Some(building) = self.building.clone() else { return self.legs.roam(sight, random) };
        let Some(row) = self.tables.buildings.get(&building) else { return Doing::nothing() };
        let mut needs = row.of.clone();
        if claims {
            add(&mut needs, &self.tables.land.claim);
        }
        match self.missing(sight, &needs, DEPTH) {
            // What was around when it was chosen is not any more: something else may be.
            Some(Way::Gather(item)) if !self.is_had(sight, &(item.clone(), 1), 0) && sight.has(&item.0) == 0 => {
                (self.building, self.stage) = (None, Some(Stage::Collecting { claims: false }));
                self.legs.roam(sight, random)
            }
            Some(Way::Gather(item)) => {
                // Whoever carries too much of the wrong things puts it down first.
                match sight.items().iter().find(|_| sight.full_percent(&self.tables) > 80) {
                    Some(heap) => self.ask("drop", deed::drop(&heap.item, heap.amount)),
                    None => self.gathering.next(&mut self.legs, sight, Some(&item), random),
                }
            }
            Some(Way::Craft(recipe)) => self.standing("craft", |_| deed::craft(&recipe, 1, None)),
            None if claims => self.standing("claim", |_| deed::claim(&[sight.at.chunk()])),
            None => {
                let reach = i32::try_from(self.tables.body.reach_units / 2).unwrap_or(0);
                let site = ahead(sight.at, any_heading(random), reach);
                self.site = Some(site);
                self.standing("build", |_| deed::build(&building.0, site))
            }
        }
    }

    /// The first building of which all that is missing is to be had around.
    fn choose(&self, sight: &Sight<'_>) -> Option<BuildingId> {
        let names = self.config.buildings.iter().map(|name| BuildingId(name.clone()));
        let had = |building: &BuildingId| {
            self.tables
                .buildings
                .get(building)
                .is_some_and(|row| row.of.iter().all(|need| self.is_had(sight, need, DEPTH)))
        };
        names.into_iter().find(had)
    }

    /// Whether so much is in the bag, grows around, or can be made of what is and does.
    fn is_had(&self, sight: &Sight<'_>, (item, amount): &Stack, depth: u32) -> bool {
        let grows = |props: &[world::island::Prop]| {
            let rows = props.iter().filter_map(|prop| self.tables.props.get(&prop.kind));
            rows.filter(|row| row.tool.is_none()).any(|row| row.gives == *item)
        };
        let by_hand = || {
            let recipe = self.tables.recipes.values().find(|row| row.makes.0 == *item && row.at.is_none());
            recipe.is_some_and(|row| depth > 0 && row.of.iter().all(|need| self.is_had(sight, need, depth - 1)))
        };
        sight.has(&item.0) >= *amount || sight.grounds.iter().any(|(_, props)| grows(props)) || by_hand()
    }

    fn visit(&mut self, sight: &Sight<'_>, at: At, visits: u64, random: &mut Random) -> Doing {
        let Some(built) = sight.pages.and_then(|pages| pages.trace(at.chunk, at.trace)) else {
            // Out of view, or somebody took it down.
            self.stage = None;
            return Doing::nothing();
        };
        let place = Position::new(built.x, built.y);
        if let Some(doing) = self.legs.to(sight, place, self.tables.body.reach_units / 2) {
            return doing;
        }
        if visits > 0 {
            self.stage = Some(Stage::Using { at, visits: visits - 1 });
            return self.put_or_take(sight, at, built, random);
        }
        match built.holds.first() {
            Some(heap) => self.ask("use", deed::take_out(at, &heap.item, heap.amount)),
            None => self.ask("dismantle", deed::dismantle(at)),
        }
    }

    fn put_or_take(&mut self, sight: &Sight<'_>, at: At, built: &Trace, random: &mut Random) -> Doing {
        let puts = random.percent(50);
        match (random.pick(sight.items()), random.pick(&built.holds)) {
            (Some(heap), held) if puts || held.is_none() => {
                let amount = random.between(1, u64::from(heap.amount)) as u32;
                self.ask("use", deed::put_in(at, &heap.item, amount))
            }
            (_, Some(heap)) => {
                let amount = random.between(1, u64::from(heap.amount)) as u32;
                self.ask("use", deed::take_out(at, &heap.item, amount))
            }
            (Some(_) | None, None) => Doing::nothing(),
        }
    }

    /// Stops first, then asks.
    fn standing(&mut self, what: &'static str, make: impl FnOnce(&Self) -> protocol::things::Deed) -> Doing {
        match self.legs.stop() {
            Some(stop) => stop,
            None => {
                let deed = make(self);
                self.ask(what, deed)
            }
        }
    }

    fn ask(&mut self, what: &'static str, deed: protocol::things::Deed) -> Doing {
        self.asked = Some(what);
        Doing::now(Act::Do(deed))
    }

    /// The first thing that is missing, and how to come by it.
    fn missing(&self, sight: &Sight<'_>, needs: &[Stack], depth: u32) -> Option<Way> {
        let (item, _) = needs.iter().find(|(item, amount)| sight.has(&item.0) < *amount)?;
        let natural = self.tables.props.values().any(|row| row.gives == *item);
        match self.tables.recipes.iter().find(|(_, row)| row.makes.0 == *item && row.at.is_none()) {
            Some((name, row)) if !natural && depth > 0 => {
                Some(self.missing(sight, &row.of, depth - 1).unwrap_or_else(|| Way::Craft(name.0.clone())))
            }
            Some(_) | None => Some(Way::Gather(item.clone())),
        }
    }
}

/// Adds amounts of a list to those of another.
fn add(needs: &mut Vec<Stack>, more: &[Stack]) {
    for (item, amount) in more {
        match needs.iter_mut().find(|(known, _)| known == item) {
            Some((_, known)) => *known = known.saturating_add(*amount),
            None => needs.push((item.clone(), *amount)),
        }
    }
}
