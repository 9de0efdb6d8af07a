//! A world full of traces: chunks in rows, each with a page, one in ten with cells too, as a place where many people live.

use std::path::Path;

use ::deeds::tables::Tables;
use ::deeds::{Bag, Built, CELL_TRACES, Nature, PAGE_TRACES, Page, PageKey, Pile, Taken, Trace, TraceId};
use anyhow::{Context, Result};
use store::{Document, Key};
use store_fjall::{FjallConfig, FjallStore, FjallStoreError};
use world::island::{Prop, PropKind};
use world::{Chunk, IslandId, Millis, Position};

const ISLAND: IslandId = IslandId(1);
/// The schema of pages.
const SCHEMA: u32 = 1;
/// Chunks of a row.
const ROW: u32 = 200;
/// Traces of an ordinary page, and of each of the cells of a crowded chunk.
const ORDINARY: usize = PAGE_TRACES - 8;
const CROWDED: usize = CELL_TRACES / 3;
/// One chunk in so many is crowded, with so many cells.
const CROWDED_EACH: u32 = 10;
const CELLS: u8 = 4;
/// When the traces were made.
const MADE: Millis = Millis(1_800_000_000_000);
/// When they are looked at: a third has healed or decayed since.
pub const LOOKED_AT: Millis = Millis(MADE.0 + 2_000_000);

/// Trees everywhere.
pub struct Forest;

impl Nature for Forest {
    fn prop(&self, _: Chunk, index: u16) -> Option<Prop> {
        Some(Prop { index, kind: PropKind::Oak, x: 1000, y: 1000 })
    }

    fn is_dry(&self, _: Position) -> bool {
        true
    }
}

/// The chunk with a number.
#[must_use]
pub fn chunk(n: u32) -> PageKey {
    PageKey::page(ISLAND, Chunk::new((n % ROW) as i16, (n / ROW) as i16))
}

/// The how many-th trace of a document: of three one is a tree from which something is missing, one a pile, one a chest.
fn trace(at: Position, n: usize) -> Trace {
    let (x, y) = (at.x + (n % 30) as i32 * 20, at.y + (n / 30) as i32 * 20);
    match n % 3 {
        // Half of them have grown back when somebody looks.
        0 => Trace::Taken(Taken { prop: n as u16, missing: 1 + (n as u32 % 2) * 8, as_of_ms: MADE.0 }),
        // And half of these have decayed.
        1 => Trace::Pile(Pile {
            x,
            y,
            item: "stone".into(),
            amount: 3,
            until_ms: MADE.0 + 1_000_000 * (1 + n as u64 % 4),
        }),
        _ => {
            let mut bag = Bag::default();
            ["wood", "rope", "berry"].iter().for_each(|item| bag.pour(&(*item).into(), 5));
            Trace::Built(Built { kind: "chest".into(), x, y, owner: n as u64, until_ms: u64::MAX, bag })
        }
    }
}

fn page(key: PageKey, cells: u16, traces: usize) -> Page {
    let at = key.chunk.origin();
    let id = |n: usize| TraceId(u32::from(key.cell) << 24 | n as u32);
    let all = (0..traces).map(|n| (id(n), trace(at, n))).collect();
    Page { cells, traces: all, next: traces as u32, ..Page::default() }
}

/// The documents of a chunk, and how many traces they hold.
fn documents(n: u32) -> (Vec<(PageKey, Page)>, usize) {
    let key = chunk(n);
    if !n.is_multiple_of(CROWDED_EACH) {
        return (vec![(key, page(key, 0, ORDINARY))], ORDINARY);
    }
    let mut all = vec![(key, page(key, (1 << CELLS) - 1, PAGE_TRACES))];
    all.extend((1..=CELLS).map(|cell| {
        let key = PageKey { cell, ..key };
        (key, page(key, 0, CROWDED))
    }));
    (all, PAGE_TRACES + usize::from(CELLS) * CROWDED)
}

/// Makes a store with at least so many traces in a folder that is not there yet; how many chunks it has.
///
/// # Errors
/// The disk.
pub fn make(folder: &Path, traces: usize) -> Result<u32> {
    let store = FjallStore::open(folder, config())?;
    let (mut chunks, mut made) = (0, 0);
    let mut waiting: Vec<(PageKey, Page)> = Vec::new();
    let documents = std::iter::from_fn(|| {
        if waiting.is_empty() && made < traces {
            let (next, count) = documents(chunks);
            (chunks, made, waiting) = (chunks + 1, made + count, next);
        }
        waiting.pop().map(|(key, page)| document(key, &page))
    });
    store.load::<anyhow::Error>(documents).context("the traces could not be stored")?;
    Ok(chunks)
}

fn document(key: PageKey, page: &Page) -> Result<(Key, Document)> {
    Ok((key.key(), Document::new(SCHEMA, page).map_err(|error| anyhow::anyhow!("{error}"))?))
}

/// How stores of this bench are opened.
#[must_use]
pub fn config() -> FjallConfig {
    FjallConfig { reserve_bytes: 0, deadline: std::time::Duration::from_secs(30), ..FjallConfig::default() }
}

/// Opens a store.
///
/// # Errors
/// The disk.
pub fn open(folder: &Path) -> Result<FjallStore, FjallStoreError> {
    FjallStore::open(folder, config())
}

/// Reads a page or cell out of a document.
///
/// # Errors
/// It is none.
pub fn read(document: &Document) -> Result<Page> {
    document.read(SCHEMA).map_err(|error| anyhow::anyhow!("{error}"))
}

/// The tables of the project.
#[must_use]
pub fn tables() -> Tables {
    Tables::built_in()
}
