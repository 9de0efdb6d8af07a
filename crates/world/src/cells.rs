//! Sub-cells: the 4 x 4 squares of 7.5 m into which the stream of a full chunk is split.
//!
//! A [`Cell`] is such a square of an island, wherever its chunk's streams are split or not; a [`SubCell`] is the part
//! of a chunk that one stream tells of. Neither knows who is in it or why a stream is split.
//!
//! Invariant: every place that a chunk's streams may carry belongs to exactly one sub-cell of it.

use crate::space::{CHUNK_UNITS, Chunk, EDGE_HYSTERESIS_UNITS, Position};

/// Sub-cells along a side of a chunk. Own and adjacent ones are at most 9 of 16, and at least 7.5 m are in view at full
/// rate in every direction.
pub const CELLS_PER_SIDE: i32 = 4;
/// Side of a sub-cell in units: 7.5 m.
pub const CELL_UNITS: i32 = CHUNK_UNITS / CELLS_PER_SIDE;

/// A square of 7.5 m of an island, numbered from its north-west corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Cells east.
    pub column: i32,
    /// Cells south.
    pub row: i32,
}

impl Cell {
    /// The cell of a place.
    #[must_use]
    pub fn at(p: Position) -> Self {
        Self { column: p.x.div_euclid(CELL_UNITS), row: p.y.div_euclid(CELL_UNITS) }
    }

    /// Cells between the two along the longer axis: 0 for the same, 1 for the eight around it.
    #[must_use]
    pub fn rings_to(self, other: Self) -> u32 {
        self.column.abs_diff(other.column).max(self.row.abs_diff(other.row))
    }

    /// Whether who was in this cell still counts as in it at `p`: inside, or at most 2 m past an edge.
    #[must_use]
    pub fn keeps(self, p: Position) -> bool {
        let within = |v: i32, n: i32| {
            let r = i64::from(v) - i64::from(n) * i64::from(CELL_UNITS);
            (-i64::from(EDGE_HYSTERESIS_UNITS)..i64::from(CELL_UNITS + EDGE_HYSTERESIS_UNITS)).contains(&r)
        };
        within(p.x, self.column) && within(p.y, self.row)
    }
}

/// The part of a chunk that one stream tells of: 0 is the whole chunk, 1 to 16 are its sub-cells, row by row from the
/// north-west. A number beyond is somebody else's and stands for no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubCell(pub u8);

impl SubCell {
    /// The whole chunk: its stream is not split.
    pub const WHOLE: Self = Self(0);
    /// How many there are, the whole chunk included.
    pub const COUNT: usize = 1 + (CELLS_PER_SIDE * CELLS_PER_SIDE) as usize;

    /// The sub-cell of a chunk in which a place is. Places beyond the chunk's edge belong to the nearest.
    #[must_use]
    pub fn of(chunk: Chunk, p: Position) -> Self {
        let origin = chunk.origin();
        let axis = |v: i32, o: i32| (v.saturating_sub(o).clamp(0, CHUNK_UNITS - 1)) / CELL_UNITS;
        Self((1 + axis(p.y, origin.y) * CELLS_PER_SIDE + axis(p.x, origin.x)) as u8)
    }

    /// Its square, none for the whole chunk and for a number that is not ours.
    #[must_use]
    pub fn cell(self, chunk: Chunk) -> Option<Cell> {
        let n = i32::from(self.0).checked_sub(1).filter(|n| (0..CELLS_PER_SIDE * CELLS_PER_SIDE).contains(n))?;
        let first = |c: i16| i32::from(c) * CELLS_PER_SIDE;
        Some(Cell { column: first(chunk.cx) + n % CELLS_PER_SIDE, row: first(chunk.cy) + n / CELLS_PER_SIDE })
    }

    /// Whether an entity in the stream of this sub-cell may stay in it at `p`: inside, or at most 2 m past an edge. What
    /// lies past the chunk's edge counts as at the edge.
    #[must_use]
    pub fn keeps(self, chunk: Chunk, p: Position) -> bool {
        let Some(cell) = self.cell(chunk) else { return true };
        let origin = chunk.origin();
        let inside = |v: i32, o: i32| v.clamp(o, o + CHUNK_UNITS - 1);
        cell.keeps(Position::new(inside(p.x, origin.x), inside(p.y, origin.y)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: Chunk = Chunk::new(3, -2);

    fn place(x_m: i32, y_m: i32) -> Position {
        let o = CHUNK.origin();
        o.offset(120 * x_m, 120 * y_m)
    }

    #[test]
    fn every_place_that_a_chunk_keeps_is_in_one_sub_cell() {
        for (x, y, n) in [(0, 0, 1), (29, 0, 4), (0, 29, 13), (29, 29, 16), (-2, -2, 1), (31, 31, 16), (8, 16, 10)] {
            let sub = SubCell::of(CHUNK, place(x, y));
            assert_eq!(sub, SubCell(n), "({x} m, {y} m)");
            assert!(sub.keeps(CHUNK, place(x, y)), "({x} m, {y} m)");
        }
    }

    #[test]
    fn who_jitters_on_an_edge_stays() {
        let first = SubCell(1);
        for (x, stays) in [(0, true), (7, true), (9, true), (10, false), (-2, true)] {
            assert_eq!(first.keeps(CHUNK, place(x, 0)), stays, "{x} m");
        }
        assert!(SubCell::WHOLE.keeps(CHUNK, place(29, 29)));
        assert!(SubCell(200).keeps(CHUNK, place(29, 29)), "somebody else's number");
    }

    #[test]
    fn cells_go_on_over_the_edges_of_chunks() {
        let east_rim = SubCell(4).cell(CHUNK).unwrap();
        let next = SubCell(1).cell(Chunk::new(4, -2)).unwrap();
        assert_eq!((east_rim.rings_to(next), east_rim.rings_to(east_rim)), (1, 0));
        assert_eq!(Cell::at(place(29, 1)), east_rim);
        assert_eq!((SubCell::WHOLE.cell(CHUNK), SubCell(17).cell(CHUNK)), (None, None));
    }
}
