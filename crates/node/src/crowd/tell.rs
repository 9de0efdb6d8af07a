//! The crowd lane: what the clients of this node are told of a crowded chunk in one turn.
//!
//! The node forwards it as streams of its own. A stream's frame is encoded once for each pace that has somebody, a
//! chunk's frames are put together once for all clients that are told the same. Only where somebody speaks or acts in
//! this very turn it also matters from which sub-cell a client looks.

use std::collections::{BTreeMap, BTreeSet};

use ghosts::{Ghosts, StreamKey};
use world::{Cell, Chunk, EntityId, Pace, Plant, SubCell, Tick};

use super::log::{Listener, Log};
use super::pace::{Period, Telling, speaks};
use crate::feed::{Bundle, Collector, Fed, Feed, shown};
use protocol::frame::{Body, Handle};
use protocol::tick::Lane;

/// What a flush looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) tick: Tick,
    pub(crate) ghosts: &'a Ghosts,
    pub(crate) pace: &'a Pace,
}

/// A client of the crowd lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    pub(crate) telling: &'a Telling,
    pub(crate) eye: Cell,
    /// Who acts upon this very client.
    pub(crate) actors: &'a BTreeSet<EntityId>,
}

/// What is encoded once in a flush.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// A stream's frame, by the period if it speaks, and by the eye if it matters.
    streams: BTreeMap<(StreamKey, Option<Period>, Option<Cell>), Option<Bundle>>,
    chunks: BTreeMap<(Chunk, Telling, Option<Cell>), Option<Bundle>>,
}

impl Feed {
    /// These chunks are told by the crowd lane from this turn on, and no others.
    pub(crate) fn set_crowded(&mut self, tick: Tick, crowded: &BTreeSet<Chunk>) {
        let former = self.replace_crowded(crowded.clone());
        for (chunk, is) in
            crowded.difference(&former).map(|c| (c, true)).chain(former.difference(crowded).map(|c| (c, false)))
        {
            for key in self.by_chunk.get(chunk).into_iter().flatten() {
                if let Some(fed) = self.fed.get_mut(key) {
                    fed.log = is.then(|| Log::new(tick));
                }
            }
        }
    }

    /// A turn begins: what came since the last is sorted into what may wait and what may not.
    pub(crate) fn begin_turn(&mut self, sight: &Sight<'_>) {
        self.turn += 1;
        let turn = (self.turn, sight.tick);
        self.acting.retain(|_, until| *until >= sight.tick);
        self.acting_upon.retain(|_, actors| {
            actors.retain(|_, until| *until >= sight.tick);
            !actors.is_empty()
        });
        let named: BTreeSet<EntityId> = self.acting_upon.values().flat_map(BTreeMap::keys).copied().collect();
        let mut actors: BTreeMap<StreamKey, BTreeSet<Handle>> = BTreeMap::new();
        if !self.planted.is(Plant::SlowActors) {
            for ghost in self.acting.keys().chain(&named).filter_map(|entity| sight.ghosts.get(*entity)) {
                if let Some(key) = ghost.stream {
                    actors.entry(key).or_default().insert(ghost.handle);
                }
            }
        }
        let nobody = BTreeSet::new();
        for key in self.crowded.iter().filter_map(|chunk| self.by_chunk.get(chunk)).flatten() {
            let Some(fed) = self.fed.get_mut(key) else { continue };
            let stream = fed.stream;
            let Some(log) = &mut fed.log else { continue };
            let actors = actors.get(key).unwrap_or(&nobody);
            log.begin(turn, self.slowest, *key, sight.ghosts, actors, |g| shown(stream, g, sight));
        }
    }

    /// The turn is over for the crowd lane.
    pub(crate) fn end_turn(&mut self, tick: Tick) {
        for key in self.crowded.iter().filter_map(|chunk| self.by_chunk.get(chunk)).flatten() {
            if let Some(log) = self.fed.get_mut(key).and_then(|fed| fed.log.as_mut()) {
                log.end(tick);
            }
        }
    }

    /// The number of this turn.
    pub(crate) fn turn(&self) -> u64 {
        self.turn
    }

    /// An entity did something that others notice: those around it are told of it at full rate until a tick.
    pub(crate) fn acts(&mut self, entity: EntityId, until: Tick) {
        self.acting.insert(entity, until);
    }

    /// An entity acts upon another, wherever: its client is told of the actor at full rate until a tick.
    pub(crate) fn acts_on(&mut self, actor: EntityId, target: EntityId, until: Tick) {
        self.acting_upon.entry(target).or_default().insert(actor, until);
    }

    /// Who acts upon an entity by name.
    pub(crate) fn actors_upon(&self, target: EntityId) -> BTreeSet<EntityId> {
        self.acting_upon.get(&target).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// What a client is told of a crowded chunk in this turn, `None` if nothing.
    pub(crate) fn crowd_news(
        &self,
        chunk: Chunk,
        told: &Told<'_>,
        sight: &Sight<'_>,
        cache: &mut Cache,
    ) -> Option<Bundle> {
        let listener = Listener { eye: told.eye, hushed: told.telling.hushed, actors: told.actors };
        let instants = || self.logs(chunk).flat_map(|(_, _, log)| &log.instants);
        if instants().any(|i| told.actors.contains(&i.entity)) {
            return self.put_together(chunk, told, &listener, sight, &mut Cache::default());
        }
        let at = (chunk, *told.telling, instants().next().map(|_| told.eye));
        if let Some(known) = cache.chunks.get(&at) {
            return known.clone();
        }
        let bundle = self.put_together(chunk, told, &listener, sight, cache);
        cache.chunks.insert(at, bundle.clone());
        bundle
    }

    fn logs(&self, chunk: Chunk) -> impl Iterator<Item = (StreamKey, &Fed, &Log)> {
        let keys = self.by_chunk.get(&chunk).into_iter().flatten();
        keys.filter_map(|key| self.fed.get(key).and_then(|fed| Some((*key, fed, fed.log.as_ref()?))))
    }

    fn put_together(
        &self,
        chunk: Chunk,
        told: &Told<'_>,
        listener: &Listener<'_>,
        sight: &Sight<'_>,
        cache: &mut Cache,
    ) -> Option<Bundle> {
        let mut out = Collector::default();
        for (key, fed, log) in self.logs(chunk) {
            let sub = SubCell(fed.stream.sub);
            let period = Some(told.telling.pace(sub)).filter(|p| log.whole || speaks(*p, sub, self.turn));
            let eye = (!log.instants.is_empty()).then_some(told.eye);
            if period.is_none() && eye.is_none() && !log.tells_all() {
                continue;
            }
            let piece = cache
                .streams
                .entry((key, period, eye))
                .or_insert_with(|| self.stream_news(key, fed, log, period, listener, sight));
            out.append(piece.as_ref());
        }
        self.ended_slots(chunk, Lane::Crowd, &mut out);
        out.finish()
    }

    fn stream_news(
        &self,
        key: StreamKey,
        fed: &Fed,
        log: &Log,
        period: Option<Period>,
        listener: &Listener<'_>,
        sight: &Sight<'_>,
    ) -> Option<Bundle> {
        let mut out = Collector::default();
        if log.whole {
            out.key(key, fed, Lane::Crowd, sight);
            return out.finish();
        }
        let shown = |g: &ghosts::Ghost| shown(fed.stream, g, sight);
        let (mut body, before, missed) = match period {
            Some(period) => {
                let (mut owed, before) = log.missed(period, self.turn);
                let missed = !owed.is_empty();
                if period > 0 && self.planted.is(Plant::SkipInTheRound) {
                    owed.moved.retain(|handle| !handle.0.is_multiple_of(16));
                }
                (owed.body(key, sight.ghosts, shown), before, missed)
            }
            None => (Body::default(), log.known_to_all(), false),
        };
        log.tell_at_once(&mut body, listener, period.is_some(), key, sight.ghosts, shown);
        if body.is_empty() && !missed {
            return None;
        }
        let mut bytes = Vec::with_capacity(16 + 6 * body.moves.len() + 48 * body.enters.len());
        body.encode(fed.stream.chunk, &mut bytes);
        out.frame(fed.slot(Lane::Crowd), fed.stream.chunk, (0, sight.tick.since(before)), &bytes);
        out.finish()
    }
}
