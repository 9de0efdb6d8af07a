//! The ecology of an island: what grows back, what grazes, and whether it feeds the people who live of it.
//!
//! Plants are closed forms ([`Stock`]): an amount as of a moment, from which any later one follows, so that a chunk that
//! nobody sees costs nothing. Herds are coarse agents ([`Herd`]) that graze, breed, starve, wander and are hunted, a
//! number of heads in a place, stepped in minutes. [`Ecology`] holds both for one island, made from its nature.
//!
//! The same code serves a live island and a simulation of a month. It deliberately knows no single plant and no single
//! animal: those are props and entities. Whole numbers only; amounts of food are portions in thousandths.
//!
//! Invariant: no stock is below zero or above what the ground carries, and nobody eats what is not there.

mod herd;
mod stock;

use crate::island::{Biome, Island, PropKind};
use crate::space::Chunk;

pub use herd::{Herd, Species};
pub use stock::{Stock, left_after};

/// Minutes of a day.
pub const DAY_MIN: u64 = 1_440;
/// Chunks along the side of a region: herds and gatherers think in 120 m.
pub const REGION_CHUNKS: u16 = 4;

/// How plants grow back and what they give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Minutes in which half of what was gathered is back.
    pub food_half_min: u64,
    /// Minutes in which half of what was grazed is back.
    pub grass_half_min: u64,
    /// Portions that a plant carries, in thousandths of what nature gives; 1000 is nature.
    pub yield_per_mille: u64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { food_half_min: 1_200, grass_half_min: 2_880, yield_per_mille: 1_000 }
    }
}

/// A square of [`REGION_CHUNKS`] by as many chunks.
#[derive(Clone, Debug)]
pub struct Region {
    /// What people gather, in thousandths of a portion.
    pub food: Stock,
    /// What herds graze, in thousandths of a day's meal of one head.
    pub grass: Stock,
    /// Regions to the landing place.
    away: u64,
}

/// What people got in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meal {
    /// What they needed, in thousandths of a portion.
    pub needed: u64,
    /// What they gathered.
    pub gathered: u64,
    /// What they hunted.
    pub hunted: u64,
}

impl Meal {
    /// What they lacked.
    #[must_use]
    pub fn lacked(&self) -> u64 {
        self.needed.saturating_sub(self.gathered + self.hunted)
    }
}

/// The ecology of one island.
#[derive(Clone, Debug)]
pub struct Ecology {
    growth: Growth,
    side: u16,
    regions: Vec<Region>,
    herds: Vec<Herd>,
    now_min: u64,
}

impl Ecology {
    /// The ecology of an island as nature made it, all plants grown, without herds. Reads every chunk once.
    #[must_use]
    pub fn of(island: &Island, growth: Growth) -> Self {
        let chunks = island.bounds().size_chunks();
        let side = chunks.div_ceil(REGION_CHUNKS);
        let home = island.spawn(0).chunk();
        let region = |n: u16| {
            let (x, y) = (n % side, n / side);
            let (mut food, mut grass) = (0, 0);
            for chunk in region_chunks(x, y, chunks) {
                let ground = island.chunk(chunk);
                food += ground.props.iter().map(|prop| portions(prop.kind)).sum::<u64>();
                grass += ground.biomes.iter().map(|biome| meals(*biome)).sum::<u64>();
            }
            let food = food * growth.yield_per_mille / 1_000;
            Region { food: Stock::full(food), grass: Stock::full(grass), away: distance((x, y), region_of(home)) }
        };
        Self { growth, side, regions: (0..side * side).map(region).collect(), herds: Vec::new(), now_min: 0 }
    }

    /// Puts a herd where the most grass is that no other herd has.
    pub fn settle(&mut self, species: Species, heads: u32) {
        let taken = |n: &usize| self.herds.iter().any(|herd| herd.region == *n);
        let free = (0..self.regions.len()).filter(|n| !taken(n));
        let best = free.max_by_key(|n| (self.regions[*n].grass.capacity(), std::cmp::Reverse(*n)));
        self.herds.push(Herd::new(species, heads, best.unwrap_or(0)));
    }

    /// The herds, dead ones too.
    #[must_use]
    pub fn herds(&self) -> &[Herd] {
        &self.herds
    }

    /// Regions along a side.
    #[must_use]
    pub fn side(&self) -> u16 {
        self.side
    }

    /// Portions left and portions that the ground carries, region by region, in thousandths.
    pub fn food(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let at = self.now_min;
        let half = self.growth.food_half_min;
        self.regions.iter().map(move |region| (region.food.at(at, half), region.food.capacity()))
    }

    /// Goes on for so many minutes: herds live, and `people` gather and hunt what they need.
    ///
    /// `portions_per_day` is for one person, in thousandths. Of a thousand portions, `meat_per_mille` are hunted where
    /// there is game; what hunting does not give is gathered, and the other way round.
    pub fn step(&mut self, minutes: u64, people: u64, portions_per_day: u64, meat_per_mille: u64) -> Meal {
        self.now_min += minutes;
        self.live(minutes);
        let needed = people * portions_per_day * minutes / DAY_MIN;
        let hunted = self.hunt(needed * meat_per_mille / 1_000);
        let gathered = self.gather(needed - hunted.min(needed));
        let lacking = needed.saturating_sub(hunted + gathered);
        // Whoever finds nothing to gather hunts more, if anything is left to hunt.
        let hunted = hunted + if meat_per_mille > 0 { self.hunt(lacking) } else { 0 };
        Meal { needed, gathered, hunted: hunted.min(needed.saturating_sub(gathered)) }
    }

    /// Gathers from the regions by what they have and how near they are.
    fn gather(&mut self, wanted: u64) -> u64 {
        let (now, half) = (self.now_min, self.growth.food_half_min);
        let weights: Vec<u64> = self.regions.iter().map(|r| r.food.at(now, half) / (1 + r.away)).collect();
        let all: u64 = weights.iter().sum();
        let mut got = 0;
        for (region, weight) in self.regions.iter_mut().zip(weights) {
            let share = (u128::from(wanted) * u128::from(weight)).checked_div(u128::from(all)).unwrap_or(0);
            got += region.food.take(now, half, share as u64);
        }
        got
    }

    fn hunt(&mut self, wanted: u64) -> u64 {
        let all: u64 = self.herds.iter().map(Herd::meat).sum();
        let share = |meat: u64| (u128::from(wanted) * u128::from(meat)).checked_div(u128::from(all)).unwrap_or(0);
        self.herds.iter_mut().map(|herd| herd.hunted(share(herd.meat()) as u64)).sum()
    }

    fn live(&mut self, minutes: u64) {
        let (now, half) = (self.now_min, self.growth.grass_half_min);
        for n in 0..self.herds.len() {
            let at = self.herds[n].region;
            let wanted = self.herds[n].appetite(minutes);
            let eaten = self.regions[at].grass.take(now, half, wanted);
            let herd = &mut self.herds[n];
            herd.live(minutes, wanted, eaten);
            if eaten < wanted {
                self.wander(n);
            }
        }
    }

    /// A hungry herd goes to the best of the regions around it.
    fn wander(&mut self, n: usize) {
        let (now, half) = (self.now_min, self.growth.grass_half_min);
        let here = self.herds[n].region;
        let near = around(here, self.side);
        let best = near.max_by_key(|at| (self.regions[*at].grass.at(now, half), std::cmp::Reverse(*at)));
        if let Some(best) = best {
            self.herds[n].region = best;
        }
    }
}

/// A region and those around it.
fn around(here: usize, side: u16) -> impl Iterator<Item = usize> {
    let side = i64::from(side);
    let (x, y) = (here as i64 % side, here as i64 / side);
    let steps = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)));
    let inside = steps.map(move |(dx, dy)| (x + dx, y + dy));
    inside
        .filter(move |(x, y)| (0..side).contains(x) && (0..side).contains(y))
        .map(move |(x, y)| (y * side + x) as usize)
}

fn region_chunks(x: u16, y: u16, chunks: u16) -> impl Iterator<Item = Chunk> {
    let span = move |at: u16| at * REGION_CHUNKS..((at + 1) * REGION_CHUNKS).min(chunks);
    span(y).flat_map(move |cy| span(x).map(move |cx| Chunk::new(cx as i16, cy as i16)))
}

fn region_of(chunk: Chunk) -> (u16, u16) {
    let region = |at: i16| at.max(0) as u16 / REGION_CHUNKS;
    (region(chunk.cx), region(chunk.cy))
}

fn distance(a: (u16, u16), b: (u16, u16)) -> u64 {
    u64::from(a.0.abs_diff(b.0).max(a.1.abs_diff(b.1)))
}

/// Portions that a grown plant carries, in thousandths.
const fn portions(kind: PropKind) -> u64 {
    match kind {
        PropKind::BerryBush => 3_000,
        PropKind::Palm | PropKind::Mushroom => 1_500,
        PropKind::Shells => 1_000,
        PropKind::Reed | PropKind::Oak => 400,
        PropKind::Birch | PropKind::Pine | PropKind::Willow | PropKind::Bush | PropKind::Flowers => 0,
        PropKind::Boulder | PropKind::Flint | PropKind::CopperOre | PropKind::IronOre | PropKind::Driftwood => 0,
    }
}

/// A day's meals of one head that a cell of grown ground carries, in thousandths.
const fn meals(biome: Biome) -> u64 {
    match biome {
        Biome::Grassland | Biome::Meadow => 30,
        Biome::Marsh | Biome::Hill => 12,
        Biome::Forest => 8,
        Biome::PineForest => 4,
        Biome::DeepWater | Biome::ShallowWater | Biome::Beach | Biome::Rock => 0,
    }
}

#[cfg(test)]
mod tests;
