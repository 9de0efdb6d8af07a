//! What covers a cell of ground, as one byte, and how it follows from height, slope and moisture.

use super::noise::{ONE, ratio};

/// Depth in centimetres to which people wade: 1.2 m. Deeper water is [`Biome::DeepWater`].
pub const WADING_DEPTH_CM: i16 = 120;

/// What covers a cell. The numbers are on the wire and never change their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Biome {
    /// Water over 1.2 m deep: nobody walks here.
    #[default]
    DeepWater = 0,
    /// Water that can be waded.
    ShallowWater = 1,
    /// Sand.
    Beach = 2,
    /// Wet low ground.
    Marsh = 3,
    /// Open grass.
    Grassland = 4,
    /// Dry grass with flowers.
    Meadow = 5,
    /// Broad-leaved wood.
    Forest = 6,
    /// Pines on higher ground.
    PineForest = 7,
    /// Bare high ground with heather.
    Hill = 8,
    /// Cliffs and crests.
    Rock = 9,
}

impl Biome {
    /// Every biome, by its number.
    pub const ALL: [Self; 10] = [
        Self::DeepWater,
        Self::ShallowWater,
        Self::Beach,
        Self::Marsh,
        Self::Grassland,
        Self::Meadow,
        Self::Forest,
        Self::PineForest,
        Self::Hill,
        Self::Rock,
    ];

    /// The biome of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// Its byte.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self as u8
    }

    /// Neither shallow nor deep water.
    #[must_use]
    pub const fn is_dry(self) -> bool {
        !matches!(self, Self::DeepWater | Self::ShallowWater)
    }

    /// Open ground where people may come ashore.
    #[must_use]
    pub const fn is_landing(self) -> bool {
        matches!(self, Self::Beach | Self::Grassland | Self::Meadow)
    }
}

/// What is known of a cell before its biome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// Mean height of the four corners, in centimetres.
    pub(crate) height_cm: i64,
    /// Highest less lowest corner, in centimetres over 2 m.
    pub(crate) slope_cm: i64,
    /// Q16, about -ONE (dry) to ONE (wet).
    pub(crate) moisture: i64,
    /// A second field like it that ravels the borders.
    pub(crate) ravel: i64,
    /// The height of the island's crests, in centimetres.
    pub(crate) summit_cm: i64,
}

impl Site {
    /// The biome of this site.
    pub(crate) fn biome(&self) -> Biome {
        if self.height_cm < -i64::from(WADING_DEPTH_CM) {
            return Biome::DeepWater;
        }
        if self.height_cm < 0 {
            return Biome::ShallowWater;
        }
        if self.slope_cm > 190 + self.ravel * 40 / ONE {
            return Biome::Rock;
        }
        if self.height_cm < 120 + self.ravel * 90 / ONE {
            return if self.moisture > ratio(22, 100) { Biome::Marsh } else { Biome::Beach };
        }
        self.inland()
    }

    fn inland(&self) -> Biome {
        let altitude = self.height_cm * ONE / self.summit_cm + self.ravel / 8;
        let wet = self.moisture + self.ravel / 5;
        match () {
            () if altitude > ratio(68, 100) => Biome::Rock,
            () if altitude > ratio(48, 100) => Biome::Hill,
            () if altitude > ratio(24, 100) && wet > ratio(-12, 100) => Biome::PineForest,
            () if altitude > ratio(36, 100) => Biome::Hill,
            () if wet > ratio(4, 100) => Biome::Forest,
            () if wet > ratio(-16, 100) => Biome::Grassland,
            () => Biome::Meadow,
        }
    }
}
