//! The flush phase: one write for each client, shared parts encoded once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use protocol::Kind;
use protocol::envelope;
use protocol::tick::{Ack, Item, Lane};
use protocol::wire::Put;
use world::{Baseline, Chunk, Tick};

use crate::feed::Bundle;
use crate::io::{ConnId, Effect};
use crate::machine::Node;
use crate::session::view::Shift;
use crate::session::{Session, Stage};

/// Ticks after which a client hears from the server even if nothing changed: about a second.
const QUIET_TICKS: u64 = 10;

/// What is encoded once in a flush.
#[derive(Default)]
struct Shared {
    news: BTreeMap<(Chunk, Lane), Option<Bundle>>,
    keys: BTreeMap<(Chunk, Lane), Option<Bundle>>,
}

impl Node {
    pub(crate) fn flush(&mut self) {
        let tick = self.tick;
        self.watch_crowds();
        let mut shared = Shared::default();
        let mut conns: Vec<ConnId> = self.sessions.keys().copied().collect();
        conns.retain(|conn| self.sessions.get(conn).is_some_and(|s| !s.blocked));
        for conn in conns {
            self.flush_session(conn, tick, &mut shared);
        }
        self.feed.flushed(tick);
        self.flushed = tick;
    }

    fn flush_session(&mut self, conn: ConnId, tick: Tick, shared: &mut Shared) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let control = std::mem::take(&mut session.outbox);
        let context = session.context(0);
        let (mut frames, mut shared_parts) = (Vec::new(), Vec::new());
        if let Stage::Playing(playing) = &mut session.stage {
            let (shift, ack, entity) = (playing.view.shift(), playing.ack.take(), playing.entity);
            let start = envelope::begin(&mut frames, Kind::Tick, context);
            frames.put_u64(tick.0);
            let empty = frames.len();
            if shift.reset {
                Item::Reset.encode(&mut frames);
            }
            if let (Some((seq, corrected)), Some(avatar)) = (ack, self.authority.get(entity)) {
                let (at, motion) = (avatar.segment.at(tick, &self.pace), avatar.segment.motion);
                Item::Ack(Ack { seq, at, motion, corrected }).encode(&mut frames);
            }
            self.tell_shift(&shift, tick, shared, &mut frames, &mut shared_parts);
            if frames.len() == empty && shared_parts.is_empty() && !tick.0.is_multiple_of(QUIET_TICKS) {
                frames.clear();
            } else {
                envelope::finish_with(&mut frames, start, shared_parts.iter().map(|p| p.len()).sum());
            }
        }
        if !control.is_empty() || !frames.is_empty() {
            let bytes = control.len() + frames.len() + shared_parts.iter().map(|p| p.len()).sum::<usize>();
            self.counters.client_bytes += bytes as u64;
            self.effect(Effect::Write { conn, control, frames, shared: shared_parts });
        }
    }

    /// First what is new in view, then what changed in what stays, then what goes: so nobody who walks from one to the
    /// other is lost on the way.
    fn tell_shift(
        &mut self,
        shift: &Shift,
        tick: Tick,
        shared: &mut Shared,
        head: &mut Vec<u8>,
        parts: &mut Vec<Arc<[u8]>>,
    ) {
        for (chunk, lane) in &shift.shown {
            let baseline = self.baseline_hash(*chunk);
            Item::Seen { chunk: *chunk, lane: *lane, baseline }.encode(head);
        }
        for (chunk, lane) in &shift.shown {
            let keys = match shared.keys.entry((*chunk, *lane)) {
                Entry::Occupied(e) => e.into_mut(),
                Entry::Vacant(e) => e.insert(self.feed.keys(*chunk, *lane, tick, &self.ghosts, &self.pace)),
            };
            deliver(keys.as_ref(), &mut self.counters, parts);
        }
        let far_speaks = self.feed.far_speaks(tick);
        for (chunk, lane) in shift.kept.iter().filter(|(_, lane)| *lane == Lane::Near || far_speaks) {
            let news = match shared.news.entry((*chunk, *lane)) {
                Entry::Occupied(e) => e.into_mut(),
                Entry::Vacant(e) => e.insert(self.feed.news(*chunk, *lane, tick, &self.ghosts, &self.pace)),
            };
            deliver(news.as_ref(), &mut self.counters, parts);
        }
        let mut tail = Vec::new();
        for (chunk, lane) in &shift.dropped {
            self.feed.slots(*chunk, *lane).for_each(|slot| Item::Close { slot }.encode(&mut tail));
        }
        for chunk in &shift.unseen {
            Item::Unseen { chunk: *chunk }.encode(&mut tail);
        }
        if !tail.is_empty() {
            parts.push(tail.into());
        }
    }

    fn baseline_hash(&mut self, chunk: Chunk) -> u64 {
        let terrain = &mut self.terrain;
        *self.baselines.entry(chunk).or_insert_with(|| Baseline::content_hash(&Baseline::encode(terrain.ground(chunk))))
    }

    /// Follows the avatars with the sessions' views and the node's interest.
    pub(crate) fn look_around(&mut self) {
        let now = self.now;
        for session in self.sessions.values_mut() {
            let Some(playing) = Session::playing_mut(session) else { continue };
            let Some(avatar) = self.authority.get(playing.entity) else { continue };
            let Some((added, dropped)) = playing.view.look_from(avatar.chunk()) else { continue };
            added.into_iter().for_each(|chunk| self.interest.need(chunk));
            dropped.into_iter().for_each(|chunk| self.interest.release(now, chunk));
        }
    }
}

fn deliver(bundle: Option<&Bundle>, counters: &mut crate::Counters, parts: &mut Vec<Arc<[u8]>>) {
    let Some(bundle) = bundle else { return };
    counters.updates_delivered += bundle.updates;
    counters.frames_delivered += bundle.frames;
    parts.push(bundle.bytes.clone());
}
