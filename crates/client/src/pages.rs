//! The pages of what is in view: all that differs there from nature, and whose land it is.
//!
//! A whole page or cell replaces what was known of it, another one changes it. It does not know when a chunk is in view:
//! the picture says so. Nothing here grows back by itself: what is missing of a prop is as of a moment, and the tables
//! of the world say how it grows.
//!
//! Invariant: a trace is in the cell that its id names.

use std::collections::{BTreeMap, BTreeSet};

use protocol::WireError;
use protocol::things::{Page, Trace, TraceKind};
use world::{Chunk, EntityId};

use crate::limits::{PAGES, TRACES};

/// Whose land a chunk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Land {
    /// The parcel.
    pub name: String,
    /// Its owner.
    pub owner: EntityId,
    /// Until when it is kept up, milliseconds since 1970. After that it is nobody's.
    pub kept_until_ms: u64,
    /// Roles of others: 1 guest, 2 builder, 3 steward.
    pub guests: BTreeMap<EntityId, u8>,
}

/// A page, or one of its cells.
#[derive(Clone, Debug, Default)]
struct Sheet {
    rev: u64,
    land: Option<Land>,
    traces: BTreeMap<u32, Trace>,
}

/// All pages that are known.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    sheets: BTreeMap<(Chunk, u8), Sheet>,
    traces: usize,
    /// Chunks with pages that were out of view at the last sweep.
    astray: BTreeSet<Chunk>,
}

impl Pages {
    /// The traces of a chunk, in the order of their ids.
    pub fn traces(&self, chunk: Chunk) -> impl Iterator<Item = &Trace> {
        self.sheets.range((chunk, 0)..=(chunk, u8::MAX)).flat_map(|(_, sheet)| sheet.traces.values())
    }

    /// One of them.
    #[must_use]
    pub fn trace(&self, chunk: Chunk, id: u32) -> Option<&Trace> {
        self.sheets.get(&(chunk, cell_of(id)))?.traces.get(&id)
    }

    /// Whose land a chunk is, whether or not it is still kept up.
    #[must_use]
    pub fn land(&self, chunk: Chunk) -> Option<&Land> {
        self.sheets.get(&(chunk, 0))?.land.as_ref()
    }

    /// The revision of a chunk's page (cell 0) or of a cell. `None`: there is none, it is as nature made it.
    #[must_use]
    pub fn rev(&self, chunk: Chunk, cell: u8) -> Option<u64> {
        self.sheets.get(&(chunk, cell)).map(|sheet| sheet.rev)
    }

    /// The chunks that have pages.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk> {
        self.sheets.keys().filter(|(_, cell)| *cell == 0).map(|(chunk, _)| *chunk)
    }

    /// How many traces are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.traces
    }

    /// Whether no trace is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.traces == 0
    }

    /// Takes in what the server says. `false`: it is older than what is known, and was dropped.
    pub(crate) fn told(&mut self, page: Page) -> Result<bool, WireError> {
        let Page { cx, cy, cell, whole, rev, .. } = page;
        if page.traces.iter().any(|trace| cell_of(trace.id) != cell || TraceKind::from_number(trace.kind).is_none()) {
            return Err(WireError::Invalid("trace"));
        }
        let sheet = self.sheets.entry((Chunk::new(cx, cy), cell)).or_default();
        let before = sheet.traces.len();
        if whole == 1 {
            sheet.traces.clear();
        } else if rev < sheet.rev {
            return Ok(false);
        }
        (sheet.rev, sheet.land) = (rev, land_of(&page));
        for trace in page.traces {
            if trace.kind == TraceKind::Gone as u8 {
                sheet.traces.remove(&trace.id);
            } else {
                sheet.traces.insert(trace.id, trace);
            }
        }
        self.traces = self.traces - before + sheet.traces.len();
        within("pages", self.sheets.len(), PAGES)?;
        within("traces", self.traces, TRACES)?;
        Ok(true)
    }

    /// A chunk went out of view.
    pub(crate) fn unseen(&mut self, chunk: Chunk) {
        let gone: Vec<(Chunk, u8)> = self.sheets.range((chunk, 0)..=(chunk, u8::MAX)).map(|(key, _)| *key).collect();
        for key in gone {
            self.traces -= self.sheets.remove(&key).map_or(0, |sheet| sheet.traces.len());
        }
    }

    /// The picture begins anew.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets what was told of chunks that did not come into view between two sweeps.
    pub(crate) fn sweep(&mut self, sees: impl Fn(Chunk) -> bool) {
        let astray: BTreeSet<Chunk> = self.sheets.keys().map(|(chunk, _)| *chunk).filter(|c| !sees(*c)).collect();
        let still: Vec<Chunk> = astray.intersection(&self.astray).copied().collect();
        still.into_iter().for_each(|chunk| self.unseen(chunk));
        self.astray = astray;
    }
}

/// The cell in which a trace stands.
fn cell_of(id: u32) -> u8 {
    (id >> 24) as u8
}

fn land_of(page: &Page) -> Option<Land> {
    let guests = page.guests.iter().map(|guest| (EntityId(guest.entity), guest.role)).collect();
    let (name, owner) = (page.land.clone(), EntityId(page.owner));
    (!name.is_empty()).then_some(Land { name, owner, kept_until_ms: page.kept_until_ms, guests })
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), WireError> {
    match found <= limit {
        true => Ok(()),
        false => Err(WireError::TooLarge { what, found: found as u64, limit: limit as u64 }),
    }
}
