//! The rows, as they are used. How they are written stands in `read.rs`.

use super::ids::{BuildingId, ItemId};

/// So many of an item.
pub type Stack = (ItemId, u32);

/// What a bag or chest has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Stacks.
    pub stacks: u16,
    /// Grams.
    pub weight_g: u32,
}

/// An item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// What players read.
    pub title: String,
    /// Grams of one.
    pub weight_g: u32,
    /// How many make one stack, at least 1.
    pub stack: u32,
    /// Kilojoules that eating one gives; 0: it cannot be eaten.
    pub food_kj: u32,
}

/// A recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeRow {
    /// What it uses up.
    pub of: Vec<Stack>,
    /// What it makes.
    pub makes: Stack,
    /// How long the hands are at it, in milliseconds.
    pub time_ms: u32,
    /// The building that must be within reach.
    pub at: Option<BuildingId>,
}

/// What a natural prop gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropRow {
    /// The item.
    pub gives: ItemId,
    /// How many a unit is.
    pub amount: u32,
    /// Units of a whole prop.
    pub units: u32,
    /// Milliseconds in which a unit grows back, at least 1.
    pub regrow_ms: u64,
    /// How long taking a unit takes, in milliseconds.
    pub time_ms: u32,
    /// What must be in the bag for it.
    pub tool: Option<ItemId>,
}

/// Something that can be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildingRow {
    /// What players read.
    pub title: String,
    /// What it uses up.
    pub of: Vec<Stack>,
    /// How long it takes, in milliseconds.
    pub time_ms: u32,
    /// What it holds; `None`: nothing.
    pub room: Option<Room>,
    /// Milliseconds until it falls where nobody keeps the land up; 0: never.
    pub decay_ms: u64,
    /// Per cent of what it is made of that dismantling gives back, rounded down.
    pub gives_back_percent: u8,
    /// No other building may stand nearer than this, in units.
    pub clearance_units: u32,
}

/// Bags, hunger and reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyRules {
    /// What a player carries.
    pub room: Room,
    /// How far hands reach, in units.
    pub reach_units: u32,
    /// Kilojoules of somebody who has eaten enough.
    pub energy_kj: u32,
    /// Kilojoules that an hour costs.
    pub burn_kj_per_hour: u32,
    /// What lies on the ground decays after so many milliseconds.
    pub pile_ms: u64,
    /// How many of an item one request may name.
    pub amount_limit: u32,
}

/// Parcels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LandRules {
    /// Chunks of a parcel at most.
    pub chunks: u8,
    /// Parcels of a player at most.
    pub parcels: u8,
    /// People with a role on a parcel at most.
    pub members: u8,
    /// What claiming a chunk costs.
    pub claim: Vec<Stack>,
    /// What a period of upkeep costs for each chunk.
    pub upkeep: Vec<Stack>,
    /// Milliseconds of a period of upkeep; a claim includes the first.
    pub period_ms: u64,
    /// Periods that can be paid ahead.
    pub periods: u8,
}
