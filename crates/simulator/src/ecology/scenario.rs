//! What a scenario of an ecology may say.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::outcome::Bound;

/// The kind of file that this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What grows and grazes on an island, and whom it feeds.
    Ecology,
}

/// A scenario of an ecology.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `ecology`.
    pub kind: Kind,
    /// A short name.
    pub name: String,
    /// What it is for, for people.
    #[serde(default)]
    pub about: String,
    /// How long it runs.
    #[serde(default)]
    pub course: Course,
    /// The island.
    #[serde(default)]
    pub template: Template,
    /// Who lives of it.
    #[serde(default)]
    pub people: People,
    /// Its herds.
    #[serde(default)]
    pub herd: Vec<HerdPlan>,
    /// What must hold.
    #[serde(default)]
    pub assert: Vec<Bound>,
}

/// How long it runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Course {
    /// Days, 1 to 366.
    pub days: u64,
    /// Minutes of a step, 1 to 720.
    pub step_min: u64,
}

/// The island.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// The seed of its nature.
    pub island_seed: u64,
    /// Chunks of 30 m along a side, 8 to 128.
    pub size_chunks: u16,
    /// Minutes in which half of what was gathered has grown back.
    pub food_half_min: u64,
    /// Minutes in which half of what was grazed has grown back.
    pub grass_half_min: u64,
    /// What plants carry, per mille of what nature gives.
    pub yield_per_mille: u64,
}

/// Who lives of the island.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// People for whom the template was planned.
    pub planned: u64,
    /// `[day, per mille of the planned]` in the order of time, with straight lines between; level before and after.
    pub curve: Vec<[u64; 2]>,
    /// Portions that one person eats a day, in thousandths. Only the hours in which somebody plays count.
    pub portions_per_day_milli: u64,
    /// Of a thousand portions, so many are hunted where there is game.
    pub meat_per_mille: u64,
}

/// A herd.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HerdPlan {
    /// Its name.
    pub name: String,
    /// Heads at the beginning, 2 to 1000000.
    pub heads: u32,
    /// Heads that it never exceeds.
    pub most: u32,
    /// Births a day of a thousand well-fed heads.
    #[serde(default = "births")]
    pub births_per_mille: u64,
    /// Deaths a day of a thousand heads that find nothing to eat.
    #[serde(default = "starve")]
    pub starve_per_mille: u64,
    /// Portions that a head gives.
    #[serde(default = "portions")]
    pub portions: u64,
    /// Of a thousand heads of the first herd, so many are never hunted.
    #[serde(default)]
    pub shy_per_mille: u64,
}

fn births() -> u64 {
    25
}

fn starve() -> u64 {
    150
}

fn portions() -> u64 {
    12
}

impl Default for Course {
    fn default() -> Self {
        Self { days: 30, step_min: 10 }
    }
}

impl Default for Template {
    fn default() -> Self {
        Self { island_seed: 7, size_chunks: 24, food_half_min: 1_200, grass_half_min: 2_880, yield_per_mille: 1_000 }
    }
}

impl Default for People {
    fn default() -> Self {
        Self { planned: 100, curve: vec![[0, 1_000]], portions_per_day_milli: 3_000, meat_per_mille: 200 }
    }
}
