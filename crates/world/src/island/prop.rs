//! Natural props: what grows and lies on the ground before anybody came.
//!
//! A prop of nature is named by its chunk and an index that never changes for a generator version. What people did to
//! it is told by the chunk's page, not here.

use super::biome::Biome;
use crate::space::{Chunk, Position};

/// A kind of natural prop. The numbers are on the wire and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PropKind {
    /// A broad tree.
    Oak = 0,
    /// A slim tree.
    Birch = 1,
    /// A tree of the heights.
    Pine = 2,
    /// A tree of the beach.
    Palm = 3,
    /// A tree of the marsh.
    Willow = 4,
    /// A shrub.
    Bush = 5,
    /// A shrub with berries.
    BerryBush = 6,
    /// Reeds at the waterside.
    Reed = 7,
    /// A clump of flowers.
    Flowers = 8,
    /// Mushrooms.
    Mushroom = 9,
    /// A large stone.
    Boulder = 10,
    /// Loose flint.
    Flint = 11,
    /// A vein of copper.
    CopperOre = 12,
    /// A vein of iron.
    IronOre = 13,
    /// Wood washed ashore.
    Driftwood = 14,
    /// Shells in the sand.
    Shells = 15,
}

impl PropKind {
    /// Every kind, by its number.
    pub const ALL: [Self; 16] = [
        Self::Oak,
        Self::Birch,
        Self::Pine,
        Self::Palm,
        Self::Willow,
        Self::Bush,
        Self::BerryBush,
        Self::Reed,
        Self::Flowers,
        Self::Mushroom,
        Self::Boulder,
        Self::Flint,
        Self::CopperOre,
        Self::IronOre,
        Self::Driftwood,
        Self::Shells,
    ];

    /// The kind of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// Its byte.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self as u8
    }

    /// Whether it is a tree.
    #[must_use]
    pub const fn is_tree(self) -> bool {
        matches!(self, Self::Oak | Self::Birch | Self::Pine | Self::Palm | Self::Willow)
    }
}

/// The name of a natural prop on its island, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropId {
    /// The chunk it stands in.
    pub chunk: Chunk,
    /// Its index there.
    pub index: u16,
}

/// A natural prop in its chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prop {
    /// Which of the chunk's props it is. Indices are unique in a chunk and have gaps.
    pub index: u16,
    /// What it is.
    pub kind: PropKind,
    /// Units east of the chunk's corner, 0 to 3599.
    pub x: u16,
    /// Units south of the chunk's corner, 0 to 3599.
    pub y: u16,
}

impl Prop {
    /// Where it stands on the island, given its chunk.
    #[must_use]
    pub fn position(&self, chunk: Chunk) -> Position {
        chunk.origin().offset(i32::from(self.x), i32::from(self.y))
    }
}

/// What may stand in a cell of this biome: kinds, and in how many of a thousand candidate places each stands.
pub(crate) const fn flora(biome: Biome) -> &'static [(PropKind, u64)] {
    use PropKind::*;
    match biome {
        Biome::DeepWater => &[],
        Biome::ShallowWater => &[(Reed, 25), (Boulder, 8)],
        Biome::Beach => &[(Palm, 45), (Driftwood, 25), (Shells, 45), (Boulder, 15)],
        Biome::Marsh => &[(Reed, 380), (Willow, 120), (Bush, 60)],
        Biome::Grassland => &[(Oak, 35), (Birch, 25), (Bush, 60), (BerryBush, 25), (Flowers, 35), (Boulder, 10)],
        Biome::Meadow => &[(Flowers, 240), (Bush, 30), (BerryBush, 15), (Birch, 12), (Flint, 8)],
        Biome::Forest => &[(Oak, 430), (Birch, 240), (Bush, 110), (BerryBush, 30), (Mushroom, 50)],
        Biome::PineForest => &[(Pine, 620), (Birch, 40), (Mushroom, 60), (Boulder, 40), (Flint, 15)],
        Biome::Hill => &[(Pine, 40), (Bush, 80), (Boulder, 90), (Flint, 45), (CopperOre, 15)],
        Biome::Rock => &[(Boulder, 220), (Flint, 50), (CopperOre, 35), (IronOre, 40), (Pine, 10)],
    }
}
