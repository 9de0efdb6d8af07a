//! Pages: the documents of a chunk's traces. Nature has none; a trace that nature has healed leaves.
//!
//! A page holds its first [`PAGE_TRACES`] traces itself. What comes on top goes into cells, documents of 7.5 m x 7.5 m,
//! which are made when they are first needed. A trace never moves: its id says where it stands.
//!
//! Invariant: the rights in a page and in all of its cells are the same; whoever changes them writes all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::Key;
use world::{CHUNK_UNITS, Chunk, EntityId, IslandId, Millis, Position};

use crate::land::{Right, Rights};
use crate::scene::Nature;
use crate::tables::Tables;
use crate::tally::Tally;
use crate::trace::{Built, Trace, TraceId};

/// The kind of a page's key.
pub const PAGE_KIND: &str = "page";
/// Traces that stand in the page itself. About 6 KiB of JSON: one read and one write for an ordinary chunk.
pub const PAGE_TRACES: usize = 48;
/// Traces of one cell at most; further deeds there are refused (`page_full`). About 30 KiB.
pub const CELL_TRACES: usize = 256;
/// Cells along a side of a chunk.
const CELLS_A_SIDE: i32 = 4;
/// Ids of a page or cell that may be given out.
const TRACE_NUMBERS: u32 = 1 << 24;

/// Which document: the page of a chunk (cell 0), or one of its cells (1 to 16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageKey {
    /// The island.
    pub island: IslandId,
    /// The chunk.
    pub chunk: Chunk,
    /// 0 for the page itself.
    pub cell: u8,
}

/// A page or a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// One bit for each cell that exists, bit 0 for cell 1. Always 0 in a cell.
    #[serde(default)]
    pub cells: u16,
    /// Whose land it is.
    #[serde(default)]
    pub rights: Option<Rights>,
    /// The traces.
    #[serde(default)]
    pub traces: BTreeMap<TraceId, Trace>,
    /// The number of the next trace.
    #[serde(default)]
    pub next: u32,
    /// What decayed here.
    #[serde(default)]
    pub tally: Tally,
}

impl PageKey {
    /// The page of a chunk.
    #[must_use]
    pub fn page(island: IslandId, chunk: Chunk) -> Self {
        Self { island, chunk, cell: 0 }
    }

    /// The cell of the same chunk in which a place lies.
    #[must_use]
    pub fn cell_at(self, place: Position) -> Self {
        let origin = self.chunk.origin();
        let side = CHUNK_UNITS / CELLS_A_SIDE;
        let along = |v: i32, o: i32| (v.saturating_sub(o) / side).clamp(0, CELLS_A_SIDE - 1);
        let n = along(place.y, origin.y) * CELLS_A_SIDE + along(place.x, origin.x);
        Self { cell: n as u8 + 1, ..self }
    }

    /// Where a trace of this chunk stands.
    #[must_use]
    pub fn of_trace(self, id: TraceId) -> Self {
        Self { cell: (id.0 >> 24) as u8, ..self }
    }

    /// The page and all of its cells that exist.
    pub fn all(self, page: &Page) -> impl Iterator<Item = Self> + use<> {
        let cells = page.cells;
        let exists = move |cell: u8| cell == 0 || cells & (1 << (cell - 1)) != 0;
        (0..=16).filter(move |cell| exists(*cell)).map(move |cell| Self { cell, ..self })
    }

    /// The document's key.
    #[must_use]
    pub fn key(self) -> Key {
        let Self { island, chunk: Chunk { cx, cy }, cell } = self;
        match cell {
            0 => Key::new(PAGE_KIND, format_args!("{}/{cx}_{cy}", island.0)),
            _ => Key::new(PAGE_KIND, format_args!("{}/{cx}_{cy}/{cell}", island.0)),
        }
    }
}

impl Page {
    /// Whether a cell exists; the page itself always does.
    #[must_use]
    pub fn has_cell(&self, cell: u8) -> bool {
        cell == 0 || self.cells & (1 << (cell - 1)) != 0
    }

    /// Whether somebody has a right here.
    #[must_use]
    pub fn allows(&self, who: EntityId, right: Right, now: Millis) -> bool {
        self.rights.as_ref().is_none_or(|rights| rights.allow(who, right, now))
    }

    /// Until when its land is kept up, 0 where nobody does.
    #[must_use]
    pub fn kept_until_ms(&self) -> u64 {
        self.rights.as_ref().map_or(0, |rights| rights.kept_until_ms)
    }

    /// Adds a trace to this document, which is that of `cell`. `None`: it has no room.
    pub fn add(&mut self, cell: u8, trace: Trace) -> Option<TraceId> {
        if self.traces.len() >= room_of(cell) || self.next >= TRACE_NUMBERS {
            return None;
        }
        let id = TraceId(u32::from(cell) << 24 | self.next);
        self.next += 1;
        self.traces.insert(id, trace);
        Some(id)
    }

    /// Whether another trace fits into this document.
    #[must_use]
    pub fn has_room(&self, cell: u8) -> bool {
        self.traces.len() < room_of(cell)
    }

    /// What was taken of a natural prop, if it stands in this document.
    #[must_use]
    pub fn taken_of(&self, prop: u16) -> Option<TraceId> {
        let is = |trace: &Trace| matches!(trace, Trace::Taken(taken) if taken.prop == prop);
        self.traces.iter().find(|(_, trace)| is(trace)).map(|(id, _)| *id)
    }

    /// What was built here.
    pub fn built(&self) -> impl Iterator<Item = (TraceId, &Built)> {
        self.traces.iter().filter_map(|(id, trace)| match trace {
            Trace::Built(built) => Some((*id, built)),
            Trace::Taken(_) | Trace::Pile(_) => None,
        })
    }

    /// Lets go of what nature has healed, of piles that decayed and of buildings that fell, with what lay in them.
    /// Returns their ids. Rights that ran out a period ago go too.
    pub fn heal(&mut self, chunk: Chunk, now: Millis, tables: &Tables, nature: &dyn Nature) -> Vec<TraceId> {
        let kept_until_ms = self.kept_until_ms();
        let over = |trace: &Trace| is_over(trace, chunk, now, kept_until_ms, tables, nature);
        let gone: Vec<TraceId> = self.traces.iter().filter(|(_, trace)| over(trace)).map(|(id, _)| *id).collect();
        for trace in gone.iter().filter_map(|id| self.traces.remove(id)) {
            match trace {
                Trace::Taken(_) => {}
                Trace::Pile(pile) => self.tally.lose(&pile.item, pile.amount),
                Trace::Built(built) => built.bag.iter().for_each(|(item, amount)| self.tally.lose(item, amount)),
            }
        }
        gone
    }
}

fn room_of(cell: u8) -> usize {
    if cell == 0 { PAGE_TRACES } else { CELL_TRACES }
}

fn is_over(trace: &Trace, chunk: Chunk, now: Millis, kept_until_ms: u64, tables: &Tables, nature: &dyn Nature) -> bool {
    match trace {
        Trace::Taken(taken) => {
            let row = nature.prop(chunk, taken.prop).and_then(|prop| tables.props.get(&prop.kind));
            // What the tables do not know any more has nothing that could be missing.
            row.is_none_or(|row| taken.missing_at(now.0, row) == 0)
        }
        Trace::Pile(pile) => now.0 >= pile.until_ms,
        // A kind that the tables do not know any more stands until it is known again: it may hold people's things.
        Trace::Built(built) => {
            tables.buildings.get(&built.kind).is_some_and(|row| built.is_gone(now.0, kept_until_ms, row))
        }
    }
}
