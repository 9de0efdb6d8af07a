//! The tables by which deeds go: items, recipes, natural props, buildings, and the rules of body and land.
//!
//! Designers write them as TOML. Reading is pure: texts in, tables or a list of errors out, each with file, row and
//! column. What refers to another table is checked when all are read, so a table in use never names what is not there.
//!
//! Main type: [`Tables`].

mod check;
mod error;
mod ids;
mod read;
mod rows;

pub use error::{TableError, TableErrors};
pub use ids::{BuildingId, ItemId, NAME_BYTES, RecipeId};
pub use rows::{BodyRules, BuildingRow, ItemRow, LandRules, PropRow, RecipeRow, Room, Stack};

use std::collections::BTreeMap;

use world::island::PropKind;

/// The items by name.
pub type Items = BTreeMap<ItemId, ItemRow>;

/// The files of a set of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// What it is called in errors.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// All tables, checked against each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// What can be carried.
    pub items: Items,
    /// What hands can make of it.
    pub recipes: BTreeMap<RecipeId, RecipeRow>,
    /// What nature gives. A kind without a row gives nothing.
    pub props: BTreeMap<PropKind, PropRow>,
    /// What can be built.
    pub buildings: BTreeMap<BuildingId, BuildingRow>,
    /// Bags, hunger and reach.
    pub body: BodyRules,
    /// Parcels.
    pub land: LandRules,
}

impl Tables {
    /// Reads a set of files; each may hold rows of any table, `[body]` and `[land]` stand in one of them. All errors are
    /// told at once, in the order of files and rows.
    pub fn read(sources: &[Source<'_>]) -> Result<Self, TableErrors> {
        read::tables(sources)
    }

    /// The tables that come with the build: those under `config/rules` at its time.
    ///
    /// # Panics
    /// Never: a test reads them.
    #[must_use]
    pub fn built_in() -> Self {
        let text = |file, text| Source { file, text };
        Self::read(&[
            text("items.toml", include_str!("../../../../config/rules/items.toml")),
            text("recipes.toml", include_str!("../../../../config/rules/recipes.toml")),
            text("props.toml", include_str!("../../../../config/rules/props.toml")),
            text("buildings.toml", include_str!("../../../../config/rules/buildings.toml")),
            text("rules.toml", include_str!("../../../../config/rules/rules.toml")),
        ])
        .expect("the tables of the build are sound")
    }
}
