//! Fixed-point space: positions in units of 1/120 m, chunks of 30 m.
//!
//! The unit is chosen so that 12 bits an axis cover a chunk and 2 m beyond each of its edges: every position that a
//! stream may carry is exact on the wire, and nobody ever has to round.

use std::fmt;

/// Units of length in a metre. One unit is 8.33 mm.
pub const UNITS_PER_METRE: i32 = 120;
/// Side of a chunk in units: 30 m.
pub const CHUNK_UNITS: i32 = 30 * UNITS_PER_METRE;
/// How far past the edge of its chunk, in units, an entity stays in that chunk's stream: 2 m. Who jitters on an edge
/// does not cross it again and again.
pub const EDGE_HYSTERESIS_UNITS: i32 = 2 * UNITS_PER_METRE;

/// A place on an island, in units, x east and y south of the island's north-west corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Units east.
    pub x: i32,
    /// Units south.
    pub y: i32,
}

impl Position {
    /// A position in units.
    #[must_use]
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    /// A position in whole metres, held at the ends of the number range.
    #[must_use]
    pub const fn metres(x: i32, y: i32) -> Self {
        Self { x: x.saturating_mul(UNITS_PER_METRE), y: y.saturating_mul(UNITS_PER_METRE) }
    }

    /// The chunk whose ground this is.
    #[must_use]
    pub fn chunk(self) -> Chunk {
        let axis = |v: i32| v.div_euclid(CHUNK_UNITS).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        Chunk { cx: axis(self.x), cy: axis(self.y) }
    }

    /// The square of the distance to `other`, in square units, held at the end of the number range: positions may come
    /// from anybody, and two opposite corners of the range are further apart than an `i64` can square.
    #[must_use]
    pub fn distance_squared(self, other: Self) -> i64 {
        let (dx, dy) = (i64::from(self.x) - i64::from(other.x), i64::from(self.y) - i64::from(other.y));
        dx.saturating_mul(dx).saturating_add(dy.saturating_mul(dy))
    }

    /// The distance to `other` in units, rounded up, held at the end of the number range.
    #[must_use]
    pub fn distance(self, other: Self) -> u32 {
        let square = |a: i32, b: i32| u64::from(a.abs_diff(b)).pow(2);
        let squared = square(self.x, other.x).saturating_add(square(self.y, other.y));
        let root = squared.isqrt();
        u32::try_from(root + u64::from(root * root < squared)).unwrap_or(u32::MAX)
    }

    /// The position `n / d` of the way to `other`; the end for `n >= d`. Rounded towards `self`.
    #[must_use]
    pub fn part_way(self, other: Self, n: u32, d: u32) -> Self {
        if n >= d {
            return other;
        }
        let axis = |from: i32, to: i32| {
            let span = i128::from(to) - i128::from(from);
            (i128::from(from) + span * i128::from(n) / i128::from(d)) as i32
        };
        Self { x: axis(self.x, other.x), y: axis(self.y, other.y) }
    }

    /// The position moved by `(dx, dy)` units, held at the ends of the number range.
    #[must_use]
    pub fn offset(self, dx: i32, dy: i32) -> Self {
        Self { x: self.x.saturating_add(dx), y: self.y.saturating_add(dy) }
    }
}

/// A 30 m x 30 m square of an island: the unit of interest, replication and load, not of ownership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chunk {
    /// Chunks east.
    pub cx: i16,
    /// Chunks south.
    pub cy: i16,
}

impl Chunk {
    /// A chunk by its column and row.
    #[must_use]
    pub const fn new(cx: i16, cy: i16) -> Self {
        Self { cx, cy }
    }

    /// The north-west corner.
    #[must_use]
    pub fn origin(self) -> Position {
        Position { x: i32::from(self.cx) * CHUNK_UNITS, y: i32::from(self.cy) * CHUNK_UNITS }
    }

    /// Whether an entity that is in this chunk's stream may stay in it at `p`: inside, or at most 2 m past an edge.
    #[must_use]
    pub fn keeps(self, p: Position) -> bool {
        let origin = self.origin();
        let within = |v: i32, o: i32| {
            let r = i64::from(v) - i64::from(o);
            (-i64::from(EDGE_HYSTERESIS_UNITS)..i64::from(CHUNK_UNITS + EDGE_HYSTERESIS_UNITS)).contains(&r)
        };
        within(p.x, origin.x) && within(p.y, origin.y)
    }

    /// The place nearest to `p` that this chunk's stream may carry.
    #[must_use]
    pub fn nearest_kept(self, p: Position) -> Position {
        let origin = self.origin();
        let axis = |v: i32, o: i32| v.clamp(o - EDGE_HYSTERESIS_UNITS, o + CHUNK_UNITS + EDGE_HYSTERESIS_UNITS - 1);
        Position { x: axis(p.x, origin.x), y: axis(p.y, origin.y) }
    }

    /// Chunks between the two along the longer axis: 0 for the same, 1 for the eight around it.
    #[must_use]
    pub fn rings_to(self, other: Self) -> u16 {
        self.cx.abs_diff(other.cx).max(self.cy.abs_diff(other.cy))
    }

    /// The chunks at most `rings` away, in row order, clipped at the ends of the number range.
    pub fn around(self, rings: u16) -> impl Iterator<Item = Self> {
        let r = i32::from(rings);
        let (cx, cy) = (i32::from(self.cx), i32::from(self.cy));
        (cy - r..=cy + r)
            .flat_map(move |y| (cx - r..=cx + r).map(move |x| (x, y)))
            .filter_map(|(x, y)| Some(Self { cx: i16::try_from(x).ok()?, cy: i16::try_from(y).ok()? }))
    }
}

impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.cx, self.cy)
    }
}
