//! What somebody who does things sees when it acts: its bag, what lies and stands about, who is near.

use std::rc::Rc;

use client::Pages;
use deeds::tables::{ItemId, PropRow, Tables};
use protocol::things::{Bag, Heap, Trace, TraceKind};
use world::island::Prop;
use world::{Chunk, EntityId, Position};

/// What is seen. Everything is as the client knows it, which may be a moment old.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The server's clock as far as known, milliseconds since 1970.
    pub now_ms: u64,
    /// The own avatar.
    pub me: EntityId,
    /// Where it is.
    pub at: Position,
    /// Where it first arrived.
    pub home: Position,
    /// Whether the server has stopped it since its last act: there is water in its way. Ground that only slows it down is
    /// no reason to turn.
    pub stopped: bool,
    /// What it has.
    pub bag: Option<&'a Bag>,
    /// The traces of what is in view.
    pub pages: Option<&'a Pages>,
    /// The natural props of the chunks around.
    pub grounds: &'a [(Chunk, Rc<[Prop]>)],
    /// Others in view with their places, the nearest first.
    pub people: &'a [(EntityId, Position)],
}

impl<'a> Sight<'a> {
    /// What the bag holds.
    pub fn items(&self) -> &'a [Heap] {
        self.bag.map_or(&[], |bag| &bag.items)
    }

    /// How many of an item the bag holds.
    #[must_use]
    pub fn has(&self, item: &str) -> u32 {
        self.items().iter().filter(|heap| heap.item == item).map(|heap| heap.amount).sum()
    }

    /// How many items of all kinds the bag holds.
    #[must_use]
    pub fn load(&self) -> u64 {
        self.items().iter().map(|heap| u64::from(heap.amount)).sum()
    }

    /// Whether the hands are still at work.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.bag.is_some_and(|bag| bag.busy_until_ms > self.now_ms)
    }

    /// Whether the bag holds all of these.
    #[must_use]
    pub fn has_all(&self, heaps: &[Heap]) -> bool {
        heaps.iter().all(|heap| self.has(&heap.item) >= heap.amount)
    }

    /// How full the bag is, in percent of its weight or of its stacks, whichever is more.
    #[must_use]
    pub fn full_percent(&self, tables: &Tables) -> u64 {
        let (mut grams, mut stacks) = (0u64, 0u64);
        for heap in self.items() {
            if let Some(row) = tables.items.get(&ItemId(heap.item.clone())) {
                grams += u64::from(heap.amount) * u64::from(row.weight_g);
                stacks += u64::from(heap.amount.div_ceil(row.stack.max(1)));
            }
        }
        let room = tables.body.room;
        let of = |part: u64, whole: u64| part.saturating_mul(100) / whole.max(1);
        of(grams, room.weight_g.into()).max(of(stacks, room.stacks.into()))
    }

    /// All traces of the chunks around, with their chunks.
    pub fn traces(&self) -> impl Iterator<Item = (Chunk, &'a Trace)> {
        let home = self.at.chunk();
        let pages = self.pages;
        home.around(1)
            .flat_map(move |chunk| pages.into_iter().flat_map(move |p| p.traces(chunk).map(move |t| (chunk, t))))
    }

    /// Traces of a kind that lie within so many units.
    pub fn traces_within(&self, kind: TraceKind, units: u32) -> impl Iterator<Item = (Chunk, &'a Trace)> {
        let at = self.at;
        self.traces()
            .filter(move |(_, trace)| trace.kind == kind as u8 && at.distance(Position::new(trace.x, trace.y)) <= units)
    }

    /// Units that are left of a natural prop.
    #[must_use]
    pub fn left(&self, chunk: Chunk, prop: u16, row: &PropRow) -> u32 {
        let Some(pages) = self.pages else { return row.units };
        let taken = |trace: &&Trace| trace.kind == TraceKind::Taken as u8 && trace.prop == prop;
        let missing = pages.traces(chunk).find(taken).map_or(0, |trace| {
            let grown = self.now_ms.saturating_sub(trace.at_ms) / row.regrow_ms.max(1);
            trace.amount.saturating_sub(u32::try_from(grown).unwrap_or(u32::MAX))
        });
        row.units.saturating_sub(missing)
    }
}
