//! The flush phase: one write for each client, shared parts encoded once.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::Kind;
use protocol::envelope;
use protocol::tick::{Ack, Item, Lane};
use protocol::wire::Put;
use world::{Baseline, Cell, Chunk, EntityId, Tick};

use crate::crowd::pace::Telling;
use crate::crowd::tell::{Cache, Sight, Told};
use crate::feed::{Bundle, Collector};
use crate::io::{ConnId, Effect};
use crate::machine::Node;
use crate::session::view::Shift;
use crate::session::{Playing, Session, Stage};

/// Ticks after which a client hears from the server even if nothing changed: about a second.
const QUIET_TICKS: u64 = 10;
/// Bytes of a message's head that count as changes at most: envelope, tick and ack. The rest tells of new chunks.
const HEAD_BYTES: usize = 47;

/// Room for the news of a view that is not full. A crowd takes more.
const VIEW_BYTES: usize = 512;

/// The news of each chunk and lane that somebody was told.
type News = BTreeMap<(Chunk, Lane), Option<Bundle>>;

/// What is encoded once in a flush.
#[derive(Default)]
struct Shared {
    news: News,
    keys: BTreeMap<(Chunk, Lane), Option<Bundle>>,
    /// The news of all chunks of a settled view in one piece, by the chunk from which it is seen.
    views: BTreeMap<Chunk, Option<Bundle>>,
    crowds: Cache,
}

/// One client's part of a flush.
struct Share<'a> {
    shift: &'a Shift,
    tellings: &'a [(Chunk, Telling)],
    eye: Cell,
    actors: BTreeSet<EntityId>,
}

/// The bytes of one tick message: its head, and parts that are shared with others.
#[derive(Default)]
struct Parts {
    head: Vec<u8>,
    shared: Vec<Arc<[u8]>>,
    /// Bytes of the shared parts that tell of changes.
    changes: usize,
}

impl Node {
    pub(crate) fn flush(&mut self) {
        let tick = self.tick;
        self.watch_crowds();
        let mut shared = Shared::default();
        self.feed.begin_turn(&Sight { tick, ghosts: &self.ghosts, pace: &self.pace });
        let conns: Vec<ConnId> = self.sessions.iter().filter(|(_, s)| !s.blocked).map(|(conn, _)| *conn).collect();
        let mut resets = Vec::new();
        for conn in conns {
            self.flush_session(conn, tick, &mut shared, &mut resets);
        }
        resets.into_iter().for_each(|conn| self.owe_pages(conn));
        self.feed.flushed(tick);
        self.flushed = tick;
    }

    fn flush_session(&mut self, conn: ConnId, tick: Tick, shared: &mut Shared, resets: &mut Vec<ConnId>) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let control = std::mem::take(&mut session.outbox);
        let context = session.context(0);
        let mut parts = Parts::default();
        if let Stage::Playing(playing) = &mut session.stage {
            let (ack, entity, eye) = (playing.ack.take(), playing.entity, playing.view.eye());
            let settled = playing.view.settled(self.feed.crowds_version());
            let told = settled.is_none().then(|| {
                let shift = playing.view.shift(&self.feed.crowded, self.feed.crowds_version());
                let crowds = &self.crowds;
                let wanted = |chunk, eye| crowds.telling(chunk, eye);
                let tellings = playing.view.tellings(&shift, self.feed.turn(), wanted);
                (shift, tellings)
            });
            parts.head.reserve_exact(HEAD_BYTES + HEAD_BYTES / 2);
            let start = envelope::begin(&mut parts.head, Kind::Tick, context);
            parts.head.put_u64(tick.0);
            let empty = parts.head.len();
            if told.as_ref().is_some_and(|(shift, _)| shift.reset) {
                Item::Reset.encode(&mut parts.head);
            }
            if let (Some((seq, corrected)), Some(avatar)) = (ack, self.authority.get(entity)) {
                let (at, motion) = (avatar.segment.at(tick, &self.pace), avatar.segment.motion);
                Item::Ack(Ack { seq, at, motion, corrected }).encode(&mut parts.head);
            }
            if let Some(centre) = settled {
                self.tell_settled(conn, centre, tick, shared, &mut parts);
            }
            if told.as_ref().is_some_and(|(shift, _)| shift.reset) {
                // It forgets the pages too, but not before it has read this write.
                resets.push(conn);
            }
            if let Some((shift, tellings)) = &told {
                let share = Share { shift, tellings, eye, actors: self.feed.actors_upon(entity) };
                self.tell_shift(&share, tick, shared, &mut parts);
            }
            if parts.head.len() == empty && parts.shared.is_empty() && !tick.0.is_multiple_of(QUIET_TICKS) {
                parts.head.clear();
            } else {
                envelope::finish_with(&mut parts.head, start, parts.shared.iter().map(|p| p.len()).sum());
            }
            self.meter(conn, parts.head.len().min(HEAD_BYTES) + parts.changes);
        }
        if !control.is_empty() || !parts.head.is_empty() {
            let bytes = control.len() + parts.head.len() + parts.shared.iter().map(|p| p.len()).sum::<usize>();
            self.counters.client_bytes += bytes as u64;
            self.effect(Effect::Write { conn, control, frames: parts.head, shared: parts.shared });
        }
    }

    /// Tells what changed to a client whose view stays: the same to all who look from the same chunk.
    fn tell_settled(&mut self, conn: ConnId, centre: Chunk, tick: Tick, shared: &mut Shared, parts: &mut Parts) {
        let news = match shared.views.get(&centre) {
            Some(news) => news.clone(),
            None => {
                let news = self.view_news(conn, tick, &mut shared.news);
                shared.views.insert(centre, news.clone());
                news
            }
        };
        parts.deliver(news.as_ref(), &mut self.counters);
    }

    /// The news of all chunks that a session holds.
    fn view_news(&self, conn: ConnId, tick: Tick, chunks: &mut News) -> Option<Bundle> {
        let Stage::Playing(playing) = &self.sessions.get(&conn)?.stage else { return None };
        let sight = Sight { tick, ghosts: &self.ghosts, pace: &self.pace };
        let mut news = Collector::with_room(VIEW_BYTES);
        for (chunk, lane) in playing.view.told().filter(|told| self.feed.speaks(*told, tick)) {
            let of_chunk = chunks.entry((chunk, lane)).or_insert_with(|| self.feed.news(chunk, lane, &sight));
            news.append(of_chunk.as_ref());
        }
        news.finish()
    }

    /// First what is new in view, then what changed in what stays, then what goes: so nobody who walks from one to the
    /// other is lost on the way.
    fn tell_shift(&mut self, share: &Share<'_>, tick: Tick, shared: &mut Shared, parts: &mut Parts) {
        let shift = share.shift;
        for (chunk, lane) in &shift.shown {
            let baseline = self.baseline_hash(*chunk);
            Item::Seen { chunk: *chunk, lane: *lane, baseline }.encode(&mut parts.head);
        }
        let sight = Sight { tick, ghosts: &self.ghosts, pace: &self.pace };
        for (chunk, lane) in &shift.shown {
            let keys = match shared.keys.entry((*chunk, *lane)) {
                Entry::Occupied(e) => e.into_mut(),
                Entry::Vacant(e) => e.insert(self.feed.keys(*chunk, *lane, &sight)),
            };
            parts.deliver(keys.as_ref(), &mut self.counters);
        }
        let feed = &self.feed;
        for (chunk, lane) in shift.kept.iter().filter(|kept| feed.speaks(**kept, tick)) {
            let news = match shared.news.entry((*chunk, *lane)) {
                Entry::Occupied(e) => e.into_mut(),
                Entry::Vacant(e) => e.insert(self.feed.news(*chunk, *lane, &sight)),
            };
            parts.deliver(news.as_ref(), &mut self.counters);
        }
        for (chunk, telling) in share.tellings {
            let told = Told { telling, eye: share.eye, actors: &share.actors };
            let news = self.feed.crowd_news(*chunk, &told, &sight, &mut shared.crowds);
            parts.deliver(news.as_ref(), &mut self.counters);
        }
        let mut tail = Vec::new();
        for (chunk, lane) in &shift.dropped {
            self.feed.slots(*chunk, *lane).for_each(|slot| Item::Close { slot }.encode(&mut tail));
        }
        for chunk in &shift.unseen {
            Item::Unseen { chunk: *chunk }.encode(&mut tail);
        }
        if !tail.is_empty() {
            parts.shared.push(tail.into());
        }
    }

    fn baseline_hash(&mut self, chunk: Chunk) -> u64 {
        let terrain = &mut self.terrain;
        *self.baselines.entry(chunk).or_insert_with(|| Baseline::content_hash(&Baseline::encode(terrain.ground(chunk))))
    }

    /// Newcomers look around for the first time: the node's interest needs their chunks before it settles.
    pub(crate) fn open_eyes(&mut self) {
        self.look_around(|playing| !playing.view.looks());
    }

    /// Follows the avatars with the sessions' views and the node's interest.
    pub(crate) fn follow_with_eyes(&mut self) {
        self.look_around(|_| true);
    }

    fn look_around(&mut self, which: impl Fn(&Playing) -> bool) {
        let now = self.now;
        for (conn, session) in &mut self.sessions {
            let Some(playing) = session.playing_mut().filter(|playing| which(playing)) else { continue };
            let Some(avatar) = self.authority.get(playing.entity) else { continue };
            playing.view.stand(avatar.segment.at(self.tick, &self.pace));
            let Some((added, dropped)) = playing.view.look_from(avatar.chunk()) else { continue };
            for chunk in added {
                self.interest.need(chunk);
                playing.pages_due.insert(chunk);
            }
            for chunk in dropped {
                self.interest.release(now, chunk);
                playing.pages_due.remove(&chunk);
                self.pages.untold(chunk, *conn);
            }
        }
    }

    /// A client was told to forget everything.
    fn owe_pages(&mut self, conn: ConnId) {
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        playing.pages_due = playing.view.needed().collect();
        playing.view.needed().for_each(|chunk| self.pages.untold(chunk, conn));
    }
}

impl Parts {
    fn deliver(&mut self, bundle: Option<&Bundle>, counters: &mut crate::Counters) {
        let Some(bundle) = bundle else { return };
        counters.updates_delivered += bundle.updates;
        counters.frames_delivered += bundle.frames;
        self.changes += bundle.bytes.len() - bundle.key_bytes;
        self.shared.push(bundle.bytes.clone());
    }
}
