//! Whether tables fit each other: every name is there, once, and every number can be used.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_spanned::Spanned;
use world::UNITS_PER_METRE;
use world::island::PropKind;

use super::error::{TableError, TableErrors};
use super::ids::{BuildingId, ItemId, NAME_BYTES, RecipeId, is_sound};
use super::read::{BagRoom, Body, Building, File, Heap, Item, Land, Place, Prop, Recipe, nearest, prop_kinds};
use super::rows::{BodyRules, BuildingRow, ItemRow, LandRules, PropRow, RecipeRow, Room, Stack};
use super::{Items, Tables};

/// Amounts in a row of a table, at most.
const AMOUNT_LIMIT: u32 = 1_000_000;
/// Milliseconds of the longest span in a table: a hundred years.
const SPAN_LIMIT_MS: u64 = 100 * 365 * 24 * 3_600_000;
/// Chunks of the largest parcel: a deed on it writes all of their pages, cells included, in one commit.
const PARCEL_CHUNKS: u8 = 4;
/// People with a role on a parcel: they stand in each of its pages.
const PARCEL_MEMBERS: u8 = 64;

type Files<'f> = [(Place<'f>, File)];
/// The rows of one table by name, each with its place.
type Rows<'f, R> = BTreeMap<String, (Place<'f>, &'f R)>;

/// What is read of a set of files, and what is wrong with it.
pub(super) struct Checker<'f> {
    files: &'f Files<'f>,
    items: Rows<'f, Item>,
    buildings: Rows<'f, Building>,
    errors: Vec<TableError>,
}

/// The rows of a table by name; one that comes twice or cannot be a name is an error.
fn index<'f, R>(
    files: &'f Files<'f>,
    rows: impl Fn(&'f File) -> &'f [R],
    name: impl Fn(&'f R) -> &'f Spanned<String>,
    errors: &mut Vec<TableError>,
) -> Rows<'f, R> {
    let mut index = Rows::new();
    for (place, row) in files.iter().flat_map(|(place, file)| rows(file).iter().map(move |row| (*place, row))) {
        let spanned = name(row);
        let word = spanned.get_ref();
        if !is_sound(word) {
            let rule =
                format!("a name is 1 to {NAME_BYTES} lower-case letters, digits and `-`, and begins with a letter");
            errors.push(place.error(spanned.span(), format!("`{word}` cannot be a name: {rule}")));
        } else if index.insert(word.clone(), (place, row)).is_some() {
            errors.push(place.error(spanned.span(), format!("`{word}` is there already")));
        }
    }
    index
}

impl<'f> Checker<'f> {
    pub(super) fn new(files: &'f Files<'f>) -> Self {
        let mut errors = Vec::new();
        let items = index(files, |f| &f.items, |row| &row.name, &mut errors);
        let buildings = index(files, |f| &f.buildings, |row| &row.name, &mut errors);
        Self { files, items, buildings, errors }
    }

    pub(super) fn tables(mut self) -> Result<Tables, TableErrors> {
        let recipes = index(self.files, |f| &f.recipes, |row| &row.name, &mut self.errors);
        let recipes = recipes.into_iter().map(|(name, (place, row))| (RecipeId(name), self.recipe(place, row)));
        let recipes = recipes.collect();
        let items = self.items.clone().into_iter().map(|(name, (at, row))| (ItemId(name), self.item(at, row)));
        let items: Items = items.collect();
        let buildings = self.buildings.clone().into_iter();
        let buildings = buildings.map(|(name, (at, row))| (BuildingId(name), self.building(at, row))).collect();
        let props = self.props();
        let body = self.only("body", |file| file.body.as_ref()).map(|(at, body)| self.body(at, body));
        let land = self.only("land", |file| file.land.as_ref()).map(|(at, land)| self.land(at, land));
        match (body, land) {
            (Some(body), Some(land)) if self.errors.is_empty() => {
                Ok(Tables { items, recipes, props, buildings, body, land })
            }
            _ => Err(TableErrors(self.errors)),
        }
    }

    /// The one section of its name in all files.
    fn only<S>(
        &mut self,
        name: &str,
        section: impl Fn(&'f File) -> Option<&'f Spanned<S>>,
    ) -> Option<(Place<'f>, &'f S)> {
        let found: Vec<_> = self.files.iter().filter_map(|(at, file)| section(file).map(|s| (*at, s))).collect();
        if let Some((at, second)) = found.get(1) {
            self.errors.push(at.error(second.span(), format!("[{name}] is there already")));
        }
        if found.is_empty()
            && let Some((at, _)) = self.files.first()
        {
            self.errors.push(at.error(0..0, format!("no file has a section [{name}]")));
        }
        found.first().map(|(at, section)| (*at, section.get_ref()))
    }

    fn item(&mut self, at: Place<'f>, row: &Item) -> ItemRow {
        let stack = self.within(at, &row.stack, 1..=AMOUNT_LIMIT);
        ItemRow { title: row.title.clone(), weight_g: row.weight_g, stack, food_kj: row.food_kj }
    }

    fn recipe(&mut self, at: Place<'f>, row: &Recipe) -> RecipeRow {
        if row.of.get_ref().is_empty() {
            self.errors.push(at.error(row.of.span(), "a recipe uses something up"));
        }
        let of = self.heaps(at, row.of.get_ref());
        let makes = self.heap(at, &row.makes);
        let at = row.at.as_ref().map(|name| self.building_name(at, name));
        RecipeRow { of, makes, time_ms: row.time_ms, at }
    }

    fn building(&mut self, at: Place<'f>, row: &Building) -> BuildingRow {
        let of = self.heaps(at, row.of.get_ref());
        if of.is_empty() {
            self.errors.push(at.error(row.of.span(), "a building is made of something"));
        }
        let percent = row.gives_back_percent.as_ref().map_or(0, |p| self.within(at, p, 0..=100));
        BuildingRow {
            title: row.title.clone(),
            of,
            time_ms: row.time_ms,
            room: row.room.map(room),
            decay_ms: row.decay_ms.min(SPAN_LIMIT_MS),
            gives_back_percent: percent,
            clearance_units: units(row.clearance_cm),
        }
    }

    fn props(&mut self) -> BTreeMap<PropKind, PropRow> {
        let kinds = prop_kinds();
        let mut props = BTreeMap::new();
        for (at, row) in self.files.iter().flat_map(|(at, file)| file.props.iter().map(move |row| (*at, row))) {
            let Some(kind) = kinds.get(row.kind.get_ref()) else {
                let what = unknown("natural prop", row.kind.get_ref(), kinds.keys());
                self.errors.push(at.error(row.kind.span(), what));
                continue;
            };
            if props.insert(*kind, self.prop(at, row)).is_some() {
                self.errors.push(at.error(row.kind.span(), format!("`{}` is there already", row.kind.get_ref())));
            }
        }
        props
    }

    fn prop(&mut self, at: Place<'f>, row: &Prop) -> PropRow {
        PropRow {
            gives: self.item_name(at, &row.gives),
            amount: self.within(at, &row.amount, 1..=AMOUNT_LIMIT),
            units: self.within(at, &row.units, 1..=AMOUNT_LIMIT),
            regrow_ms: self.within(at, &row.regrow_ms, 1..=SPAN_LIMIT_MS),
            time_ms: row.time_ms,
            tool: row.tool.as_ref().map(|tool| self.item_name(at, tool)),
        }
    }

    fn body(&mut self, at: Place<'f>, body: &Body) -> BodyRules {
        BodyRules {
            room: Room { stacks: body.stacks, weight_g: body.weight_g },
            reach_units: units(body.reach_cm),
            energy_kj: body.energy_kj,
            burn_kj_per_hour: body.burn_kj_per_hour,
            pile_ms: body.pile_ms.min(SPAN_LIMIT_MS),
            amount_limit: self.within(at, &body.amount_limit, 1..=AMOUNT_LIMIT),
        }
    }

    fn land(&mut self, at: Place<'f>, land: &Land) -> LandRules {
        LandRules {
            chunks: self.within(at, &land.chunks, 1..=PARCEL_CHUNKS),
            parcels: land.parcels,
            members: self.within(at, &land.members, 0..=PARCEL_MEMBERS),
            claim: self.heaps(at, &land.claim),
            upkeep: self.heaps(at, &land.upkeep),
            period_ms: self.within(at, &land.period_ms, 1..=SPAN_LIMIT_MS),
            periods: self.within(at, &land.periods, 1..=u8::MAX),
        }
    }

    /// The amounts of a list; an item that stands in it twice is an error.
    fn heaps(&mut self, at: Place<'f>, heaps: &[Heap]) -> Vec<Stack> {
        let mut stacks: Vec<Stack> = Vec::new();
        for heap in heaps {
            let stack = self.heap(at, heap);
            if stacks.iter().any(|(item, _)| *item == stack.0) {
                self.errors.push(at.error(heap.item.span(), format!("`{}` is in the list already", stack.0)));
            }
            stacks.push(stack);
        }
        stacks
    }

    fn heap(&mut self, at: Place<'f>, heap: &Heap) -> Stack {
        (self.item_name(at, &heap.item), self.within(at, &heap.amount, 1..=AMOUNT_LIMIT))
    }

    fn item_name(&mut self, at: Place<'f>, name: &Spanned<String>) -> ItemId {
        if !self.items.contains_key(name.get_ref()) {
            self.errors.push(at.error(name.span(), unknown("item", name.get_ref(), self.items.keys())));
        }
        ItemId(name.get_ref().clone())
    }

    fn building_name(&mut self, at: Place<'f>, name: &Spanned<String>) -> BuildingId {
        if !self.buildings.contains_key(name.get_ref()) {
            self.errors.push(at.error(name.span(), unknown("building", name.get_ref(), self.buildings.keys())));
        }
        BuildingId(name.get_ref().clone())
    }

    /// The number, held within what is allowed; outside of it is an error.
    fn within<N>(&mut self, at: Place<'f>, number: &Spanned<N>, allowed: RangeInclusive<N>) -> N
    where
        N: Copy + Ord + std::fmt::Display,
    {
        let given = *number.get_ref();
        if !allowed.contains(&given) {
            let what = format!("{given} is not allowed; {} to {} are", allowed.start(), allowed.end());
            self.errors.push(at.error(number.span(), what));
        }
        given.clamp(*allowed.start(), *allowed.end())
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> String {
    match nearest(name, known.map(String::as_str)) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`"),
    }
}

fn room(written: BagRoom) -> Room {
    Room { stacks: written.stacks, weight_g: written.weight_g }
}

/// Centimetres as units, at most a kilometre.
fn units(cm: u32) -> u32 {
    cm.min(100_000) * UNITS_PER_METRE.unsigned_abs() / 100
}
