//! The picture: who is where in the chunks in view.
//!
//! It follows the rules of `ghosts`, with one stream a slot, exactly as a node does. Places between two records are
//! computed from segments: [`Picture::position`].
//!
//! Invariant: the picture is whole after each tick message. Between two of them nobody is there twice, and who changes
//! stream, lane or node is there throughout.

use std::collections::BTreeMap;

use ghosts::{Applied, Ghost, Ghosts, StreamKey};
use protocol::frame::{Body, EVENT_SPEECH, Record, Records};
use protocol::things::Page;
use protocol::tick::{Item, Items, Lane, Slot};
use protocol::{Incarnation, StreamId, WireError};
use world::{Chunk, EntityId, Millis, Pace, Planted, Position, Tick};

use crate::checks::Violation;
use crate::event::Event;
use crate::limits::{CHUNKS_IN_VIEW, ENTITIES, SELF_MISSING_MS, STRAY_CHUNK_MS};
use crate::pages::Pages;
use crate::sink::Sink;
use crate::slots::{Follows, Slots};
use crate::walk;

/// A chunk in view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkView {
    /// How often its changes come.
    pub lane: Lane,
    /// The content hash of its baseline.
    pub baseline: u64,
}

/// All that is in view.
#[derive(Clone, Debug)]
pub struct Picture {
    me: EntityId,
    ghosts: Ghosts,
    slots: Slots,
    chunks: BTreeMap<Chunk, ChunkView>,
    pages: Pages,
    tick: Tick,
    view_far: u8,
    /// When the last tick message came.
    told_at: Millis,
    me_seen_at: Millis,
    me_missing: bool,
    strays: BTreeMap<Chunk, Option<Millis>>,
    view_changed: bool,
}

impl Picture {
    /// An empty picture of a session that begins.
    pub(crate) fn new(now: Millis, me: EntityId, view_far: u8) -> Self {
        Self {
            me,
            ghosts: Ghosts::new(Planted::none()),
            slots: Slots::default(),
            chunks: BTreeMap::new(),
            pages: Pages::default(),
            tick: Tick(0),
            view_far,
            told_at: now,
            me_seen_at: now,
            me_missing: false,
            strays: BTreeMap::new(),
            view_changed: false,
        }
    }

    /// The own avatar.
    #[must_use]
    pub fn me(&self) -> EntityId {
        self.me
    }

    /// The tick of the newest message.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Everybody in view, the own avatar as the server has it and those in limbo included.
    pub fn entities(&self) -> impl Iterator<Item = &Ghost> {
        self.ghosts.iter()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, entity: EntityId) -> Option<&Ghost> {
        self.ghosts.get(entity)
    }

    /// How many are in view.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ghosts.len()
    }

    /// Whether nobody is in view.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ghosts.is_empty()
    }

    /// Where an entity is at `tick`.
    #[must_use]
    pub fn position(&self, entity: EntityId, tick: Tick, pace: &Pace) -> Option<Position> {
        self.ghosts.get(entity).map(|g| g.segment.at(tick, pace))
    }

    /// In which lane an entity is told, and by which node. `None` while it is in limbo.
    #[must_use]
    pub fn told_by(&self, ghost: &Ghost) -> Option<(Lane, Incarnation)> {
        let slot = u16::try_from(ghost.stream?.0).ok()?;
        self.slots.get(Slot(slot)).map(|open| (open.lane, open.stream.publisher))
    }

    /// The chunks in view.
    pub fn chunks(&self) -> impl Iterator<Item = (Chunk, ChunkView)> {
        self.chunks.iter().map(|(chunk, view)| (*chunk, *view))
    }

    /// Whether a chunk is in view, and how.
    #[must_use]
    pub fn chunk(&self, chunk: Chunk) -> Option<ChunkView> {
        self.chunks.get(&chunk).copied()
    }

    /// What differs from nature in the chunks in view.
    #[must_use]
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Takes in a page. `false`: it is older than what is known.
    pub(crate) fn page(&mut self, page: Page) -> Result<bool, WireError> {
        self.pages.told(page)
    }

    /// When somebody awaited is to be given up.
    pub(crate) fn next_expiry(&self) -> Option<Millis> {
        self.ghosts.next_expiry()
    }

    pub(crate) fn expire(&mut self, now: Millis) {
        self.ghosts.expire(now);
    }

    /// Reads one tick message.
    pub(crate) fn apply(&mut self, now: Millis, items: Items<'_>, sink: &mut Sink<'_>) -> Result<(), WireError> {
        self.tick = items.tick;
        self.told_at = now;
        for item in items {
            match item? {
                Item::Frame { slot, late, back, body } => self.frame(now, slot, (late, back), body, sink)?,
                Item::Key { slot, stream, lane, body } => self.key(now, slot, (stream, lane), body, sink)?,
                Item::Close { slot } => self.close(now, slot),
                Item::Ack(ack) => sink.acks.push(ack),
                Item::Seen { chunk, lane, baseline } => self.seen(chunk, ChunkView { lane, baseline }, sink)?,
                Item::Unseen { chunk } => self.unseen(chunk, sink),
                Item::Reset => self.reset(now, sink),
            }
        }
        if self.ghosts.len() > ENTITIES {
            return Err(too_large("entities in view", self.ghosts.len(), ENTITIES));
        }
        if std::mem::take(&mut self.view_changed) {
            let chunks = &self.chunks;
            let strays = self.slots.new_strays(|chunk| chunks.contains_key(&chunk));
            (0..strays).for_each(|_| sink.note(Violation::OutOfView));
        }
        Ok(())
    }

    /// Looks for what is missing and what should have gone. Call it about once a second.
    pub(crate) fn sweep(&mut self, now: Millis, sink: &mut Sink<'_>) {
        self.sweep_me(now, sink);
        let chunks = &self.chunks;
        self.pages.sweep(|chunk| chunks.contains_key(&chunk));
        let Some(home) = self.ghosts.get(self.me).map(|g| g.chunk) else { return };
        // The view is centred on the chunk in whose stream the avatar is, and moves with it in one message.
        let far = u16::from(self.view_far);
        self.strays.retain(|chunk, _| self.chunks.contains_key(chunk) && chunk.rings_to(home) > far);
        for chunk in self.chunks.keys().filter(|chunk| chunk.rings_to(home) > far) {
            let since = self.strays.entry(*chunk).or_insert(Some(now));
            if since.is_some_and(|since| now.since(since) > STRAY_CHUNK_MS) {
                *since = None;
                sink.note(Violation::StrayChunk);
            }
        }
    }

    fn sweep_me(&mut self, now: Millis, sink: &mut Sink<'_>) {
        if self.ghosts.get(self.me).is_some() {
            self.me_seen_at = now;
            self.me_missing = false;
        } else if self.told_at.since(self.me_seen_at) > SELF_MISSING_MS && !self.me_missing {
            // A server that says nothing, or a client that does not read, is stale and not without itself.
            self.me_missing = true;
            sink.note(Violation::SelfMissing);
        }
    }

    fn frame(
        &mut self,
        now: Millis,
        slot: Slot,
        (late, back): (u64, u64),
        body: &[u8],
        sink: &mut Sink<'_>,
    ) -> Result<(), WireError> {
        let tick = self.tick - late;
        let Some(open) = self.slots.get_mut(slot) else {
            walk::note(None, sink);
            let updates = sink.frame(Chunk::default(), body)?;
            sink.decoded(updates, updates);
            return Ok(());
        };
        let (chunk, lane, follows) = (open.stream.chunk, open.lane, open.follow(tick, back));
        walk::note(Some(follows), sink);
        let by_headers = sink.frame(chunk, body)?;
        let mut updates = 0;
        for record in Records::new(chunk, body) {
            let record = record?;
            updates += u64::from(!matches!(record, Record::Event(_)));
            if follows != Follows::Repeated {
                self.record(now, slot, (chunk, lane, tick), &record, sink);
            }
        }
        sink.decoded(updates, by_headers);
        Ok(())
    }

    fn record(
        &mut self,
        now: Millis,
        slot: Slot,
        (chunk, lane, tick): (Chunk, Lane, Tick),
        record: &Record,
        sink: &mut Sink<'_>,
    ) {
        let chunks = &self.chunks;
        let applied = self.ghosts.apply(now, key_of(slot), tick, record, |c| chunks.contains_key(&c));
        match record {
            Record::Move(m) => {
                check_reach(chunk, m.at, sink);
                match applied {
                    // Its node holds that entity by a newer epoch, told on another stream.
                    Applied::UnknownHandle(_) => sink.counts.stale += 1,
                    Applied::Changed(entity) if sink.report_moves => {
                        sink.event(Event::Moved { entity, at: m.at, motion: m.motion, tick, lane });
                    }
                    _ => {}
                }
            }
            Record::Enter(e) => {
                check_reach(chunk, e.at, sink);
                self.check_epoch(e.entity, e.epoch, sink);
            }
            Record::Event(e) => {
                if let (Applied::Event(entity), EVENT_SPEECH) = (applied, e.kind)
                    && let Ok(text) = std::str::from_utf8(&e.payload)
                {
                    sink.counts.speeches += 1;
                    sink.event(Event::Speech { entity, text: text.to_owned() });
                }
            }
            // Who left may have been taken over by another stream before the keyframe of this one was made.
            Record::Leave(_) => {}
        }
    }

    fn check_epoch(&self, entity: EntityId, epoch: world::Epoch, sink: &mut Sink<'_>) {
        if self.ghosts.get(entity).is_some_and(|held| held.epoch > epoch) {
            sink.counts.stale += 1;
        }
    }

    fn key(
        &mut self,
        now: Millis,
        slot: Slot,
        (stream, lane): (StreamId, Lane),
        body: &[u8],
        sink: &mut Sink<'_>,
    ) -> Result<(), WireError> {
        let by_headers = sink.keyframe(stream.chunk, body)?;
        let records = Body::decode(stream.chunk, body)?;
        let others = records.moves.len() + records.leaves.len();
        sink.decoded((records.enters.len() + others) as u64, by_headers);
        if others > 0 || !records.events.is_empty() {
            return Err(WireError::Invalid("keyframe record"));
        }
        let key = key_of(slot);
        if self.slots.key(slot, stream, lane, self.tick).is_some() {
            self.ghosts.close(now, key);
        }
        self.ghosts.open(key, stream.chunk);
        self.view_changed = true;
        for enter in &records.enters {
            check_reach(stream.chunk, enter.at, sink);
            self.check_epoch(enter.entity, enter.epoch, sink);
        }
        self.ghosts.replace(now, key, self.tick, &records.enters);
        Ok(())
    }

    fn close(&mut self, now: Millis, slot: Slot) {
        // A slot that began and ended while its chunk was not told here is closed all the same.
        if self.slots.close(slot).is_some() {
            self.ghosts.close(now, key_of(slot));
        }
    }

    fn seen(&mut self, chunk: Chunk, view: ChunkView, sink: &mut Sink<'_>) -> Result<(), WireError> {
        self.chunks.insert(chunk, view);
        if let Some(baselines) = &mut sink.baselines {
            baselines.seen(chunk, view.baseline);
        }
        self.view_changed = true;
        if self.chunks.len() > CHUNKS_IN_VIEW {
            return Err(too_large("chunks in view", self.chunks.len(), CHUNKS_IN_VIEW));
        }
        Ok(())
    }

    fn unseen(&mut self, chunk: Chunk, sink: &mut Sink<'_>) {
        self.chunks.remove(&chunk);
        self.pages.unseen(chunk);
        if let Some(baselines) = &mut sink.baselines {
            baselines.unseen(chunk);
        }
        self.view_changed = true;
    }

    fn reset(&mut self, now: Millis, sink: &mut Sink<'_>) {
        sink.counts.resets += 1;
        let keys: Vec<StreamKey> = self.slots.iter().map(|(slot, _)| key_of(slot)).collect();
        for key in keys {
            self.ghosts.close(now, key);
        }
        self.slots.clear();
        self.chunks.clear();
        self.pages.clear();
    }
}

fn key_of(slot: Slot) -> StreamKey {
    StreamKey(u32::from(slot.0))
}

fn check_reach(chunk: Chunk, at: Position, sink: &mut Sink<'_>) {
    if !chunk.keeps(at) {
        sink.note(Violation::OutOfReach);
    }
}

fn too_large(what: &'static str, found: usize, limit: usize) -> WireError {
    WireError::TooLarge { what, found: found as u64, limit: limit as u64 }
}
