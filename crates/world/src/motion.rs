//! Motion as segments: from a position at a tick, onward in one of 32 directions at one of 8 gaits.
//!
//! A velocity is a whole number of units per tick, so a segment may be restated at any later tick without changing
//! where it leads. That is what lets a keyframe, a ghost and the authority agree exactly.

use crate::space::Position;
use crate::time::{Tick, TickRate};

/// One of 32 directions, clockwise from east (y grows south).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Heading(u8);

impl Heading {
    /// How many directions there are.
    pub const COUNT: u8 = 32;

    /// The direction `n`, taken modulo 32.
    #[must_use]
    pub const fn new(n: u8) -> Self {
        Self(n % Self::COUNT)
    }

    /// Its number, 0 to 31.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0
    }

    /// The heading nearest to the vector `(dx, dy)`, east for a zero vector.
    #[must_use]
    pub fn towards(dx: i64, dy: i64) -> Self {
        (0..Self::COUNT)
            .map(Self)
            .max_by_key(|h| {
                let (ux, uy) = h.direction();
                (i128::from(dx) * i128::from(ux) + i128::from(dy) * i128::from(uy), core::cmp::Reverse(h.0))
            })
            .unwrap_or_default()
    }

    /// The unit vector in 1/4096.
    #[must_use]
    pub fn direction(self) -> (i32, i32) {
        // sin(k * 11.25 degrees) * 4096 for k = 0..=8
        const QUARTER: [i32; 9] = [0, 799, 1567, 2276, 2896, 3406, 3784, 4017, 4096];
        let sine = |k: u8| match k % 32 {
            k @ 0..=8 => QUARTER[usize::from(k)],
            k @ 9..=16 => QUARTER[usize::from(16 - k)],
            k @ 17..=24 => -QUARTER[usize::from(k - 16)],
            k => -QUARTER[usize::from(32 - k)],
        };
        (sine(self.0 + 8), sine(self.0))
    }
}

/// How fast an entity goes. The order is the order of speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Gait {
    /// 0 m/s.
    #[default]
    Stand = 0,
    /// 0.7 m/s.
    Creep = 1,
    /// 1.5 m/s; also the fastest in shallow water.
    Walk = 2,
    /// 2.5 m/s.
    Stride = 3,
    /// 3.5 m/s.
    Jog = 4,
    /// 4.5 m/s.
    Run = 5,
    /// 6 m/s; the fastest that the rules allow anybody on foot.
    Sprint = 6,
    /// 9 m/s; for mounts and animals.
    Gallop = 7,
}

impl Gait {
    /// All gaits, slowest first.
    pub const ALL: [Self; 8] =
        [Self::Stand, Self::Creep, Self::Walk, Self::Stride, Self::Jog, Self::Run, Self::Sprint, Self::Gallop];

    /// The gait with this number, 0 to 7.
    #[must_use]
    pub fn from_index(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n)).copied()
    }

    /// Speed in units per second.
    #[must_use]
    pub fn units_per_second(self) -> i32 {
        match self {
            Self::Stand => 0,
            Self::Creep => 84,
            Self::Walk => 180,
            Self::Stride => 300,
            Self::Jog => 420,
            Self::Run => 540,
            Self::Sprint => 720,
            Self::Gallop => 1080,
        }
    }
}

/// A heading and a gait: what a player can choose, and one byte on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Motion {
    /// Where to.
    pub heading: Heading,
    /// How fast.
    pub gait: Gait,
}

impl Motion {
    /// A motion.
    #[must_use]
    pub const fn new(heading: Heading, gait: Gait) -> Self {
        Self { heading, gait }
    }

    /// The byte: heading in the upper five bits, gait in the lower three. Every byte is a motion.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self.heading.index() << 3 | self.gait as u8
    }

    /// The motion of a byte.
    #[must_use]
    pub fn from_byte(b: u8) -> Self {
        Self { heading: Heading::new(b >> 3), gait: Gait::ALL[usize::from(b & 7)] }
    }

    /// The same heading, standing still.
    #[must_use]
    pub const fn stopped(self) -> Self {
        Self { heading: self.heading, gait: Gait::Stand }
    }
}

/// Velocities in units per tick for every motion at one tick rate.
#[derive(Clone, Debug)]
pub struct Pace {
    per_tick: [(i32, i32); 256],
}

impl Pace {
    /// The table for a tick rate.
    #[must_use]
    pub fn new(rate: TickRate) -> Self {
        let mut per_tick = [(0, 0); 256];
        for (byte, v) in (0u8..=255).zip(&mut per_tick) {
            let motion = Motion::from_byte(byte);
            let (ux, uy) = motion.heading.direction();
            let scale = |u: i32| {
                let product = i64::from(u) * i64::from(motion.gait.units_per_second());
                let divisor = 4096 * i64::from(rate.hz());
                ((product + product.signum() * divisor / 2) / divisor) as i32
            };
            *v = (scale(ux), scale(uy));
        }
        Self { per_tick }
    }

    /// Units per tick, east and south.
    #[must_use]
    pub fn velocity(&self, motion: Motion) -> (i32, i32) {
        self.per_tick[usize::from(motion.to_byte())]
    }
}

/// Where an entity was at a tick and how it has moved since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The position at `since`.
    pub from: Position,
    /// The tick at which it was there.
    pub since: Tick,
    /// How it moves on.
    pub motion: Motion,
}

impl Segment {
    /// Standing at a place.
    #[must_use]
    pub const fn standing(from: Position, since: Tick) -> Self {
        Self { from, since, motion: Motion::new(Heading::new(0), Gait::Stand) }
    }

    /// The position at `tick`. Before `since` it is the position at `since`.
    #[must_use]
    pub fn at(&self, tick: Tick, pace: &Pace) -> Position {
        let (vx, vy) = pace.velocity(self.motion);
        let ticks = i32::try_from(tick.since(self.since)).unwrap_or(i32::MAX);
        self.from.offset(vx.saturating_mul(ticks), vy.saturating_mul(ticks))
    }

    /// The same motion stated from `tick` on.
    #[must_use]
    pub fn restated(&self, tick: Tick, pace: &Pace) -> Self {
        Self { from: self.at(tick, pace), since: self.since.max(tick), motion: self.motion }
    }
}
