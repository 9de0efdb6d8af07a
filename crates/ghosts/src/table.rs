//! The table itself.

use std::collections::{BTreeMap, BTreeSet};

use protocol::frame::{Destination, Enter, Handle, Leave, Look, Move, Record};
use world::{Chunk, EntityId, Epoch, Hop, Millis, Plant, Planted, Segment, Tick};

use crate::departed::Departed;
use crate::{LIMBO_LEAVE_MS, LIMBO_MISSING_MS};

/// The owner's number for a stream: a slot on a client, an index on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey(pub u32);

/// The copy of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ghost {
    /// Who.
    pub entity: EntityId,
    /// The epoch of its authority.
    pub epoch: Epoch,
    /// Its crossings in this epoch.
    pub hop: Hop,
    /// What it looks like.
    pub look: Look,
    /// Where it is and how it moves.
    pub segment: Segment,
    /// The chunk whose stream said so last.
    pub chunk: Chunk,
    /// Its handle in that stream.
    pub handle: Handle,
    /// The stream that may move or remove it; `None` while it is in limbo.
    pub stream: Option<StreamKey>,
    limbo_until: Millis,
}

impl Ghost {
    /// What orders everything that is said of the entity.
    #[must_use]
    pub fn order(&self) -> (Epoch, Hop) {
        (self.epoch, self.hop)
    }

    /// The record that would bring a newcomer to the same state, stated at `tick`.
    #[must_use]
    pub fn to_enter(&self, at: world::Position) -> Enter {
        Enter {
            handle: self.handle,
            entity: self.entity,
            epoch: self.epoch,
            hop: self.hop,
            at,
            motion: self.segment.motion,
            look: self.look.clone(),
        }
    }
}

/// What a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The entity is new here, or came back from limbo or from another stream.
    Entered(EntityId),
    /// The entity's segment or look changed.
    Changed(EntityId),
    /// The entity left and is awaited.
    Awaited(EntityId),
    /// The entity left and is removed.
    Removed(EntityId),
    /// It was older than what is held, or not this stream's to say.
    Ignored,
    /// The handle is bound to nobody in this stream: something was missed.
    UnknownHandle(Handle),
    /// An event of an entity; the table keeps nothing of it.
    Event(EntityId),
}

#[derive(Clone, Debug)]
struct Stream {
    chunk: Chunk,
    bindings: BTreeMap<Handle, EntityId>,
}

/// All copies that a node or a client holds.
#[derive(Clone, Debug, Default)]
pub struct Ghosts {
    entities: BTreeMap<EntityId, Ghost>,
    streams: BTreeMap<StreamKey, Stream>,
    departed: Departed,
    limbo: BTreeSet<(Millis, EntityId)>,
    planted: Planted,
}

impl Ghosts {
    /// An empty table.
    #[must_use]
    pub fn new(planted: Planted) -> Self {
        Self { planted, ..Self::default() }
    }

    /// The copy of an entity.
    #[must_use]
    pub fn get(&self, entity: EntityId) -> Option<&Ghost> {
        self.entities.get(&entity)
    }

    /// All copies, those in limbo included, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Ghost> {
        self.entities.values()
    }

    /// How many copies there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether there is no copy.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// The entity that a handle names in a stream, if that stream may speak for it.
    #[must_use]
    pub fn bound(&self, stream: StreamKey, handle: Handle) -> Option<&Ghost> {
        let entity = self.streams.get(&stream)?.bindings.get(&handle)?;
        self.entities.get(entity).filter(|g| g.stream == Some(stream) && g.handle == handle)
    }

    /// The copies that a stream speaks for, in the order of their handles.
    pub fn members(&self, stream: StreamKey) -> impl Iterator<Item = &Ghost> {
        let bindings = self.streams.get(&stream).map(|s| &s.bindings);
        bindings.into_iter().flatten().filter_map(move |(handle, _)| self.bound(stream, *handle))
    }

    /// How many a stream names, those included for whom another stream speaks by now.
    #[must_use]
    pub fn size(&self, stream: StreamKey) -> usize {
        self.streams.get(&stream).map_or(0, |s| s.bindings.len())
    }

    /// Whether the stream is open.
    #[must_use]
    pub fn is_open(&self, stream: StreamKey) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Whether the stream names nobody. It may name somebody for whom another stream speaks by now; then it is not
    /// vacant, although it has no members.
    #[must_use]
    pub fn is_vacant(&self, stream: StreamKey) -> bool {
        self.streams.get(&stream).is_none_or(|s| s.bindings.is_empty())
    }

    /// Opens a stream of a chunk, empty. An open one stays as it is.
    pub fn open(&mut self, stream: StreamKey, chunk: Chunk) {
        self.streams.entry(stream).or_insert_with(|| Stream { chunk, bindings: BTreeMap::new() });
    }

    /// Closes a stream. Whom it still speaks for is awaited a moment: a chunk that changes its lane, or a crossing whose
    /// other half is under way, must not make anybody flicker. Returns the awaited.
    pub fn close(&mut self, now: Millis, stream: StreamKey) -> Vec<EntityId> {
        let awaited: Vec<EntityId> = self.members(stream).map(|g| g.entity).collect();
        self.streams.remove(&stream);
        awaited.iter().for_each(|entity| self.await_until(*entity, now + LIMBO_MISSING_MS, None));
        awaited
    }

    /// Applies one record of a frame of `tick`. `sees` tells whether a chunk is in view.
    pub fn apply(
        &mut self,
        now: Millis,
        stream: StreamKey,
        tick: Tick,
        record: &Record,
        sees: impl Fn(Chunk) -> bool,
    ) -> Applied {
        match record {
            Record::Move(m) => self.moved(stream, tick, m),
            Record::Leave(l) => self.left(now, stream, l, sees),
            Record::Enter(e) => self.entered(stream, tick, e),
            Record::Event(e) => match self.binding(stream, e.handle) {
                None => Applied::UnknownHandle(e.handle),
                Some(_) => self.bound(stream, e.handle).map_or(Applied::Ignored, |g| Applied::Event(g.entity)),
            },
        }
    }

    /// Replaces all that a stream says by a keyframe as of `tick`. Whom it lacks is awaited a moment: the records that
    /// explain it may be under way on another stream.
    pub fn replace(&mut self, now: Millis, stream: StreamKey, tick: Tick, enters: &[Enter]) {
        let lacking: Vec<EntityId> = {
            let named: BTreeSet<EntityId> = enters.iter().map(|e| e.entity).collect();
            self.members(stream).map(|g| g.entity).filter(|entity| !named.contains(entity)).collect()
        };
        for entity in lacking {
            self.await_until(entity, now + LIMBO_MISSING_MS, None);
        }
        if let Some(s) = self.streams.get_mut(&stream) {
            s.bindings.clear();
        }
        for enter in enters {
            self.entered(stream, tick, enter);
        }
    }

    /// Removes who was awaited in vain, and forgets who is gone for long. Returns the removed.
    pub fn expire(&mut self, now: Millis) -> Vec<EntityId> {
        self.departed.expire(now);
        let mut removed = Vec::new();
        if self.planted.is(Plant::GhostForever) {
            return removed;
        }
        while let Some((until, entity)) = self.limbo.first().copied()
            && until <= now
        {
            self.remove(now, entity);
            removed.push(entity);
        }
        removed
    }

    /// When [`Self::expire`] next has something to remove.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Millis> {
        self.limbo.first().map(|(until, _)| *until)
    }

    fn binding(&self, stream: StreamKey, handle: Handle) -> Option<EntityId> {
        self.streams.get(&stream)?.bindings.get(&handle).copied()
    }

    fn moved(&mut self, stream: StreamKey, tick: Tick, m: &Move) -> Applied {
        let Some(entity) = self.binding(stream, m.handle) else { return Applied::UnknownHandle(m.handle) };
        match self.entities.get_mut(&entity) {
            Some(g) if g.stream == Some(stream) && g.handle == m.handle => {
                g.segment = Segment { from: m.at, since: tick, motion: m.motion };
                Applied::Changed(entity)
            }
            _ => Applied::Ignored,
        }
    }

    fn left(&mut self, now: Millis, stream: StreamKey, l: &Leave, sees: impl Fn(Chunk) -> bool) -> Applied {
        let bindings = self.streams.get_mut(&stream).map(|s| &mut s.bindings);
        let Some(entity) = bindings.and_then(|b| b.remove(&l.handle)) else {
            return Applied::UnknownHandle(l.handle);
        };
        match self.entities.get_mut(&entity) {
            Some(g) if g.stream == Some(stream) && g.handle == l.handle && l.hop >= g.hop => g.hop = l.hop,
            _ => return Applied::Ignored,
        }
        let awaited = match l.to {
            Destination::Gone => false,
            Destination::Chunk(chunk) => sees(chunk),
            Destination::Node(_) => true,
        };
        if awaited && !self.planted.is(Plant::NoLimbo) {
            self.await_until(entity, now + LIMBO_LEAVE_MS, Some(l.hop));
            Applied::Awaited(entity)
        } else {
            self.remove(now, entity);
            Applied::Removed(entity)
        }
    }

    fn entered(&mut self, stream: StreamKey, tick: Tick, e: &Enter) -> Applied {
        let Some(s) = self.streams.get_mut(&stream) else { return Applied::Ignored };
        s.bindings.insert(e.handle, e.entity);
        let chunk = s.chunk;
        let order = (e.epoch, e.hop);
        let held = self.entities.get(&e.entity).map(Ghost::order).or_else(|| self.departed.order(e.entity));
        if held.is_some_and(|held| order < held) && !self.planted.is(Plant::Resurrect) {
            return Applied::Ignored;
        }
        let ghost = Ghost {
            entity: e.entity,
            epoch: e.epoch,
            hop: e.hop,
            look: e.look.clone(),
            segment: Segment { from: e.at, since: tick, motion: e.motion },
            chunk,
            handle: e.handle,
            stream: Some(stream),
            limbo_until: Millis(0),
        };
        self.departed.returned(e.entity);
        match self.entities.insert(e.entity, ghost) {
            Some(old) if old.stream == Some(stream) => Applied::Changed(e.entity),
            Some(old) => {
                self.limbo.remove(&(old.limbo_until, e.entity));
                Applied::Entered(e.entity)
            }
            None => Applied::Entered(e.entity),
        }
    }

    fn await_until(&mut self, entity: EntityId, until: Millis, hop: Option<Hop>) {
        let Some(g) = self.entities.get_mut(&entity) else { return };
        g.stream = None;
        g.limbo_until = until;
        g.hop = hop.unwrap_or(g.hop);
        self.limbo.insert((until, entity));
    }

    fn remove(&mut self, now: Millis, entity: EntityId) {
        let Some(g) = self.entities.remove(&entity) else { return };
        self.limbo.remove(&(g.limbo_until, entity));
        self.departed.remember(now, entity, g.order());
    }
}
