//! The pages of the chunks in view: copies of stored documents, kept up by the news of deeds and by reading again.
//!
//! Waking a chunk is subscribe, read, apply newer: news that is not the next revision of what is known is not applied but
//! makes the document be read again. A page is read again now and then, soon after it woke (a publisher may not have known
//! of us yet), and when a peer is gone.
//!
//! Invariant: what is known of a document is one of its revisions, and never goes back to an older one.

use std::collections::{BTreeMap, BTreeSet};

use deeds::{Page, Rights, Trace, TraceId};
use world::{Chunk, Millis};

use crate::io::ConnId;
use crate::limits::{PAGE_AGAIN_MS, PAGE_BEHIND_MS, PAGE_EARLY_MS, PAGE_READS, PAGE_RETRY_MS, PAGE_SPREAD_MS};

/// What is known of a page or cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    /// Its revision, 0 if there is no document.
    pub(crate) rev: u64,
    /// Whose land it is.
    pub(crate) rights: Option<Rights>,
    /// Its traces.
    pub(crate) traces: BTreeMap<TraceId, Trace>,
}

/// A page or cell in view.
#[derive(Debug, Default)]
struct Sheet {
    known: Option<Known>,
    /// The greatest revision that news told of.
    heard: u64,
    reading: bool,
    /// When it is read next.
    due: Option<Millis>,
}

/// A chunk in view.
#[derive(Debug, Default)]
struct Awake {
    sheets: BTreeMap<u8, Sheet>,
    /// Who was told all that is known of it, and is told what changes.
    told: BTreeSet<ConnId>,
}

/// What changed in a page or cell, for those who were told what it was before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) rev: u64,
    pub(crate) rights: Option<Rights>,
    /// The traces that changed; `None`: gone.
    pub(crate) traces: Vec<(TraceId, Option<Trace>)>,
}

/// What a read of a document found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Read {
    /// This; `cells` are the chunk's cells that exist, one bit each.
    Page { rev: u64, page: Box<Page> },
    /// Nobody knows.
    Nothing,
    /// Something that this build cannot read.
    Unreadable,
}

/// All pages in view.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    chunks: BTreeMap<Chunk, Awake>,
    /// What is to be read, and when.
    due: BTreeSet<(Millis, Chunk, u8)>,
    reading: usize,
}

impl Pages {
    /// A chunk comes into view.
    pub(crate) fn wake(&mut self, now: Millis, chunk: Chunk) {
        self.chunks.entry(chunk).or_default();
        self.read_at(now, chunk, 0);
    }

    /// A chunk goes out of view.
    pub(crate) fn sleep(&mut self, chunk: Chunk) {
        let Some(awake) = self.chunks.remove(&chunk) else { return };
        for (cell, sheet) in awake.sheets {
            self.reading -= usize::from(sheet.reading);
            if let Some(at) = sheet.due {
                self.due.remove(&(at, chunk, cell));
            }
        }
    }

    /// A peer is gone, and with it maybe the news of its last deeds.
    pub(crate) fn distrust(&mut self, now: Millis) {
        let all: Vec<(Chunk, u8)> =
            self.chunks.iter().flat_map(|(chunk, awake)| awake.sheets.keys().map(|cell| (*chunk, *cell))).collect();
        for (chunk, cell) in all {
            self.read_at(now + spread(chunk) % PAGE_SPREAD_MS, chunk, cell);
        }
    }

    /// The documents that are to be read now.
    pub(crate) fn reads(&mut self, now: Millis) -> Vec<(Chunk, u8)> {
        let mut reads = Vec::new();
        while self.reading < PAGE_READS
            && let Some((at, chunk, cell)) = self.due.first().copied()
            && at <= now
        {
            self.due.pop_first();
            let Some(sheet) = self.sheet(chunk, cell) else { continue };
            sheet.due = None;
            if !std::mem::replace(&mut sheet.reading, true) {
                self.reading += 1;
                reads.push((chunk, cell));
            }
        }
        reads
    }

    /// Takes in what was read. Returns what changed for those who were told.
    pub(crate) fn read(&mut self, now: Millis, chunk: Chunk, cell: u8, read: Read) -> Option<Change> {
        let sheet = self.sheet(chunk, cell)?;
        if !std::mem::replace(&mut sheet.reading, false) {
            return None;
        }
        let first = sheet.known.is_none();
        let heard = sheet.heard;
        self.reading -= 1;
        let (again_ms, change, cells) = match read {
            Read::Nothing => (PAGE_RETRY_MS, None, 0),
            Read::Unreadable => (PAGE_AGAIN_MS, None, 0),
            Read::Page { rev, page } => {
                let cells = page.cells;
                let change = self.sheet(chunk, cell)?.learn(rev, *page);
                let again_ms = match () {
                    // What was committed is not in the document yet.
                    () if rev < heard => PAGE_BEHIND_MS,
                    () if first => PAGE_EARLY_MS + spread(chunk) % PAGE_EARLY_MS,
                    () => PAGE_AGAIN_MS + spread(chunk) % PAGE_AGAIN_MS,
                };
                (again_ms, change, cells)
            }
        };
        self.read_at(now + again_ms, chunk, cell);
        for other in (1..=16).filter(|n| cells & (1 << (n - 1)) != 0) {
            if self.chunks.get(&chunk).is_some_and(|awake| !awake.sheets.contains_key(&other)) {
                self.read_at(now, chunk, other);
            }
        }
        change
    }

    /// Takes in the news of a deed. Returns what changed for those who were told.
    pub(crate) fn news(&mut self, now: Millis, chunk: Chunk, cell: u8, change: Change) -> Option<Change> {
        let awake = self.chunks.get_mut(&chunk)?;
        let sheet = awake.sheets.entry(cell).or_default();
        sheet.heard = sheet.heard.max(change.rev);
        match &mut sheet.known {
            Some(known) if change.rev <= known.rev => None,
            Some(known) if known.rev > 0 && change.rev == known.rev + 1 => {
                known.rev = change.rev;
                known.rights.clone_from(&change.rights);
                for (id, trace) in &change.traces {
                    match trace {
                        Some(trace) => known.traces.insert(*id, trace.clone()),
                        None => known.traces.remove(id),
                    };
                }
                Some(change)
            }
            Some(_) | None => {
                self.read_at(now, chunk, cell);
                None
            }
        }
    }

    /// Whether the page of a chunk is known, so that somebody can be told all of it.
    pub(crate) fn is_known(&self, chunk: Chunk) -> bool {
        self.chunks.get(&chunk).is_some_and(|awake| awake.sheets.get(&0).is_some_and(|sheet| sheet.known.is_some()))
    }

    /// All that is known of a chunk where there is something; from now on this client is told what changes.
    pub(crate) fn tell(&mut self, chunk: Chunk, conn: ConnId) -> Vec<(u8, Known)> {
        let Some(awake) = self.chunks.get_mut(&chunk) else { return Vec::new() };
        awake.told.insert(conn);
        let known = |(cell, sheet): (&u8, &Sheet)| Some((*cell, sheet.known.clone().filter(|known| known.rev > 0)?));
        awake.sheets.iter().filter_map(known).collect()
    }

    /// A client forgets a chunk.
    pub(crate) fn untold(&mut self, chunk: Chunk, conn: ConnId) {
        if let Some(awake) = self.chunks.get_mut(&chunk) {
            awake.told.remove(&conn);
        }
    }

    /// Who is told what changes in a chunk.
    pub(crate) fn audience(&self, chunk: Chunk) -> Vec<ConnId> {
        self.chunks.get(&chunk).map(|awake| awake.told.iter().copied().collect()).unwrap_or_default()
    }

    /// What is known of the chunks in which there is something.
    pub(crate) fn known(&self) -> impl Iterator<Item = (Chunk, &Known)> {
        self.chunks.iter().flat_map(|(chunk, awake)| {
            awake
                .sheets
                .values()
                .filter_map(|sheet| Some((*chunk, sheet.known.as_ref().filter(|known| known.rev > 0)?)))
        })
    }

    fn sheet(&mut self, chunk: Chunk, cell: u8) -> Option<&mut Sheet> {
        self.chunks.get_mut(&chunk)?.sheets.get_mut(&cell)
    }

    /// Has a document read at this time, or sooner if that was said before.
    fn read_at(&mut self, at: Millis, chunk: Chunk, cell: u8) {
        let Some(awake) = self.chunks.get_mut(&chunk) else { return };
        let sheet = awake.sheets.entry(cell).or_default();
        match sheet.due {
            Some(due) if due <= at => return,
            Some(due) => {
                self.due.remove(&(due, chunk, cell));
            }
            None => {}
        }
        sheet.due = Some(at);
        self.due.insert((at, chunk, cell));
    }
}

impl Sheet {
    /// What was read is known now, unless it is older than what is.
    fn learn(&mut self, rev: u64, page: Page) -> Option<Change> {
        let before = match &self.known {
            Some(known) if rev < known.rev => return None,
            Some(known) => known.clone(),
            None => Known::default(),
        };
        let after = Known { rev, rights: page.rights, traces: page.traces };
        let gone = before.traces.keys().filter(|id| !after.traces.contains_key(id)).map(|id| (*id, None));
        let changed = after.traces.iter().filter(|(id, trace)| before.traces.get(id) != Some(trace));
        let mut traces: Vec<_> = gone.chain(changed.map(|(id, trace)| (*id, Some(trace.clone())))).collect();
        traces.sort_by_key(|(id, _)| *id);
        let is_new = !traces.is_empty() || before.rights != after.rights;
        let rights = after.rights.clone();
        self.known = Some(after);
        is_new.then_some(Change { rev, rights, traces })
    }
}

/// A number of a chunk, so that not all are read at the same moment.
fn spread(chunk: Chunk) -> u64 {
    let n = u64::from(chunk.cx.cast_unsigned()) << 16 | u64::from(chunk.cy.cast_unsigned());
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

#[cfg(test)]
mod tests;
