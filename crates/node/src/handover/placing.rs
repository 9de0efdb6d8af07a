//! Placement in the node: once a second it tells its peers its load, and moves whom the policy would have elsewhere.

use std::collections::BTreeMap;

use protocol::Incarnation;
use protocol::load::{Crowding, Load};
use protocol::mesh::MeshMessage;
use world::{Chunk, Millis};

use super::policy::{self, Candidate, Standing};
use crate::io::{ConnId, Effect};
use crate::limits::LOAD_MS;
use crate::machine::Node;
use crate::publisher;
use crate::session::{Session, Stage};

/// What the peers said of their load, and when.
pub(crate) type Loads = BTreeMap<Incarnation, (Millis, Standing)>;

impl Node {
    /// A peer said how much it has to do.
    pub(crate) fn load(&mut self, load: &Load) {
        let island = self.config.island_id;
        let here = load.chunks.iter().filter(|c| c.island == island);
        let standing = Standing {
            sessions: load.sessions,
            room: load.room,
            busy_per_mille: load.busy_per_mille,
            crowd: here.map(|c| (c.chunk, c.avatars)).collect(),
        };
        self.loads.insert(load.from, (self.now, standing));
    }

    /// Once a second: tells every peer, then moves whom the policy would have elsewhere.
    pub(crate) fn place(&mut self) {
        let (now, me) = (self.now, self.standing());
        self.loads.retain(|_, (at, _)| now.since(*at) < LOAD_MS);
        self.tell_load(&me);
        self.count_publishers(&me);
        self.count_parted();
        let Some(affinity) = self.config.affinity.filter(|_| !self.stopping) else { return };
        let alive = |peer: &Incarnation| self.peers.get(*peer).is_some_and(|p| p.heard && !p.vanished);
        let others: BTreeMap<Incarnation, Standing> = self
            .loads
            .iter()
            .filter(|(peer, _)| alive(peer))
            .map(|(peer, (_, standing))| (*peer, standing.clone()))
            .collect();
        for m in policy::choose(now, affinity, &me, &others, &self.candidates()) {
            self.hand_over(m.conn, m.to, m.reason);
        }
    }

    /// Each chunk is counted once: by the first of those who publish for it.
    fn count_publishers(&mut self, me: &Standing) {
        let first = |chunk: &Chunk| {
            let mut before = self.loads.range(..self.config.incarnation);
            !before.any(|(_, (_, s))| s.crowd.contains_key(chunk))
        };
        let counts: Vec<u32> = me.crowd.keys().filter(|c| first(c)).map(|c| self.publishers_of(*c)).collect();
        counts.into_iter().for_each(|publishers| self.counters.count_publishers(publishers));
    }

    fn candidates(&self) -> Vec<Candidate> {
        let candidate = |(conn, session): (&ConnId, &Session)| {
            let Stage::Playing(playing) = &session.stage else { return None };
            let free = playing.giving.is_none() && !session.blocked;
            let chunk = self.authority.get(playing.entity).filter(|_| free)?.chunk();
            Some(Candidate { conn: *conn, chunk, settled_at: playing.settled_at })
        };
        self.sessions.iter().filter_map(candidate).collect()
    }

    fn standing(&self) -> Standing {
        let mut crowd: BTreeMap<Chunk, u16> = BTreeMap::new();
        for avatar in self.authority.iter() {
            let people = crowd.entry(avatar.chunk()).or_insert(0);
            *people = people.saturating_add(1);
        }
        // Whom it gets ready for is as good as here.
        let sessions = self.sessions.len() + self.reserved();
        let room = if self.stopping { 0 } else { self.config.sessions.saturating_sub(sessions) };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let leaving = count(self.givings.len());
        let sessions = count(sessions).saturating_sub(leaving);
        Standing { sessions, room: count(room), busy_per_mille: self.busy_per_mille, crowd }
    }

    fn tell_load(&mut self, me: &Standing) {
        let (from, island) = (self.config.incarnation, self.config.island_id);
        let told: Vec<(Incarnation, Load)> = self
            .peers
            .iter()
            .map(|(to, peer)| {
                let seen = me.crowd.iter().filter(|(chunk, _)| peer.interest.contains(chunk));
                let chunks = seen.map(|(chunk, avatars)| Crowding { island, chunk: *chunk, avatars: *avatars });
                let Standing { sessions, room, busy_per_mille, .. } = *me;
                (to, Load { from, sessions, room, busy_per_mille, chunks: chunks.collect() })
            })
            .collect();
        for (to, load) in told {
            let bytes = publisher::encode(&MeshMessage::Load(load));
            self.effect(Effect::Send { to, bytes });
        }
    }

    /// How many nodes publish for a chunk, this one included, as far as they have told.
    pub(crate) fn publishers_of(&self, chunk: Chunk) -> u32 {
        let fresh = |(at, _): &&(Millis, Standing)| self.now.since(*at) < LOAD_MS;
        let others = self.loads.values().filter(fresh).filter(|(_, s)| s.crowd.contains_key(&chunk)).count();
        u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1)
    }
}
