//! Finding something that nature gives, going there, and taking of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use client::{Outcome, Performed};
use deeds::tables::{ItemId, PropRow, Tables};
use world::{Chunk, Gait, Position};

use super::legs::Legs;
use super::{Doing, Sight, is_own};
use crate::behaviour::{Act, draw};
use crate::config::Span;
use crate::random::Random;

/// For how long something is passed by that could not be had, in milliseconds.
const AVOID_MS: u64 = 60_000;
/// How long the way to something may take, in milliseconds.
const WAY_MS: u64 = 30_000;
/// Among so many of the nearest one is chosen, so that not all go to the same.
const NEAREST: usize = 4;

/// What it is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    chunk: Chunk,
    prop: u16,
    place: Position,
    until_ms: u64,
}

/// Somebody's gathering.
#[derive(Clone, Debug)]
pub(super) struct Gathering {
    tables: Arc<Tables>,
    units: Span,
    target: Option<Target>,
    avoid: BTreeMap<(Chunk, u16), u64>,
    now_ms: u64,
    /// The server said that the bag is full.
    pub(super) is_full: bool,
    /// A deed is under way.
    pub(super) waits: bool,
}

impl Gathering {
    pub(super) fn new(tables: Arc<Tables>, units: Span) -> Self {
        Self { tables, units, target: None, avoid: BTreeMap::new(), now_ms: 0, is_full: false, waits: false }
    }

    /// Goes on: walks, waits for the hands, or takes. `wanted`: only that item.
    pub(super) fn next(
        &mut self,
        legs: &mut Legs,
        sight: &Sight<'_>,
        wanted: Option<&ItemId>,
        random: &mut Random,
    ) -> Doing {
        self.now_ms = sight.now_ms;
        self.avoid.retain(|_, until| *until > sight.now_ms);
        if self.waits {
            return Doing::nothing();
        }
        let over = |t: &Target| sight.stopped || t.until_ms <= sight.now_ms || !self.gives(sight, t, wanted);
        if self.target.as_ref().is_some_and(over) {
            self.give_up();
        }
        if self.target.is_none() {
            self.target = self.choose(legs, sight, wanted, random);
        }
        let Some(target) = self.target else { return legs.roam(sight, random) };
        // Where the server has it may be a step away from where it takes itself to be.
        let near = self.tables.body.reach_units / 2;
        if let Some(doing) = legs.to(sight, target.place, near) {
            return doing;
        }
        if sight.is_busy() {
            return Doing::nothing();
        }
        self.waits = true;
        let units = draw(random, self.units) as u32;
        let left = self.row(sight, &target).map_or(1, |row| sight.left(target.chunk, target.prop, row)).max(1);
        Doing::now(Act::Do(client::deed::gather(target.chunk, target.prop, units.min(left))))
    }

    /// A deed of its owner was answered.
    pub(super) fn performed(&mut self, told: &Performed) {
        if !is_own(told) {
            return;
        }
        self.waits = false;
        match told.outcome {
            Outcome::Done | Outcome::NotSent => {}
            Outcome::Refused { code, .. } if code == protocol::Code::BagFull as u16 => self.is_full = true,
            Outcome::Refused { .. } => self.give_up(),
        }
    }

    fn give_up(&mut self) {
        if let Some(target) = self.target.take() {
            self.avoid.insert((target.chunk, target.prop), self.now_ms + AVOID_MS);
        }
    }

    fn choose(&self, legs: &Legs, sight: &Sight<'_>, wanted: Option<&ItemId>, random: &mut Random) -> Option<Target> {
        let until_ms = sight.now_ms + WAY_MS;
        let mut all: Vec<(u32, Target)> = Vec::new();
        for (chunk, props) in sight.grounds {
            for prop in props.iter() {
                let place = prop.position(*chunk);
                let target = Target { chunk: *chunk, prop: prop.index, place, until_ms };
                let known = self.avoid.contains_key(&(*chunk, prop.index));
                if !known && legs.may_go(sight, place) && self.gives(sight, &target, wanted) {
                    all.push((sight.at.distance(place), target));
                }
            }
        }
        all.sort_unstable_by_key(|(distance, target)| (*distance, target.chunk, target.prop));
        let nearest: Vec<Target> = all.into_iter().take(NEAREST).map(|(_, target)| target).collect();
        random.pick(&nearest).copied()
    }

    /// Whether something of the wanted item is left there that can be taken with what is in the bag.
    fn gives(&self, sight: &Sight<'_>, target: &Target, wanted: Option<&ItemId>) -> bool {
        self.row(sight, target).is_some_and(|row| {
            wanted.is_none_or(|item| row.gives == *item)
                && row.tool.as_ref().is_none_or(|tool| sight.has(&tool.0) > 0)
                && sight.left(target.chunk, target.prop, row) > 0
        })
    }

    fn row(&self, sight: &Sight<'_>, target: &Target) -> Option<&PropRow> {
        let (_, props) = sight.grounds.iter().find(|(chunk, _)| *chunk == target.chunk)?;
        let prop = props.iter().find(|prop| prop.index == target.prop)?;
        self.tables.props.get(&prop.kind)
    }
}

/// The legs of somebody with this gait.
pub(super) fn legs(gait: crate::config::GaitName, radius_m: u32) -> Legs {
    Legs::new(Gait::from(gait), radius_m)
}
