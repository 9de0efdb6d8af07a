//! What the console may show of a node: a copy of its state at this moment, made when somebody looks.

use deeds::Trace;
use protocol::Incarnation;
use protocol::frame::Look;
use world::{Chunk, EntityId, Epoch, Hop, Millis, Motion, Position, Tick};

use crate::counters::Counters;
use crate::crowd::ladder::{Ladder, Step};
use crate::machine::Node;
use crate::session::Stage;

/// An avatar or a ghost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityStatus {
    /// Who.
    pub entity: EntityId,
    /// Where at the status's tick.
    pub at: Position,
    /// How it moves.
    pub motion: Motion,
    /// What it looks like.
    pub look: Look,
    /// The epoch and hop at which this is known.
    pub order: (Epoch, Hop),
    /// The chunk in whose stream it is.
    pub chunk: Chunk,
    /// The node that holds it, as far as is known; none while it is awaited.
    pub holder: Option<Incarnation>,
    /// Whether a stream or a session stands behind it; not while it is awaited or must stand still.
    pub held: bool,
}

/// A chunk in which the node has avatars, or which it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkStatus {
    /// Which.
    pub chunk: Chunk,
    /// Own avatars in it.
    pub avatars: u32,
    /// Nodes that publish for it, this one included, as far as they have told.
    pub publishers: u32,
}

/// A chunk that is told by the crowd contract, as this node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrowdStatus {
    /// Which.
    pub chunk: Chunk,
    /// The step that it is on.
    pub step: Step,
    /// How many it holds, as this node knows.
    pub movers: u32,
}

/// What stands in a chunk in view, as this node knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStatus {
    /// Which.
    pub chunk: Chunk,
    /// Its documents.
    pub documents: u32,
    /// Natural props of which something is missing.
    pub taken: u32,
    /// Piles on the ground.
    pub piles: u32,
    /// What was built.
    pub built: u32,
    /// Whose land it is, 0 for nobody's.
    pub owner: u64,
}

/// Another node as this one knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its life.
    pub peer: Incarnation,
    /// Whether it was heard of late.
    pub up: bool,
    /// Milliseconds since its last summary.
    pub silent_ms: u64,
    /// Chunks in its interest.
    pub interest: usize,
    /// Messages that came from it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Gaps found in its streams that are open now.
    pub gaps: u64,
}

/// A node at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    /// This life.
    pub incarnation: Incarnation,
    /// When.
    pub now: Millis,
    /// The last published tick.
    pub tick: Tick,
    /// Sessions in the world.
    pub sessions: usize,
    /// Connections that are not in the world yet.
    pub arriving: usize,
    /// Its avatars.
    pub avatars: Vec<EntityStatus>,
    /// Copies of avatars of other nodes.
    pub ghosts: Vec<EntityStatus>,
    /// For how many milliseconds a client has waited in a handover, the longest of all. None if none waits.
    pub longest_frozen_ms: Option<u64>,
    /// Non-empty own streams.
    pub streams: usize,
    /// Streams that it sees, own ones included.
    pub streams_seen: usize,
    /// Frames held back behind the gap of one stream, the most of all streams.
    pub held_frames: usize,
    /// Chunks in its interest.
    pub interest: Vec<Chunk>,
    /// Chunks in which it has avatars.
    pub chunks: Vec<ChunkStatus>,
    /// Crowded chunks that it sees, by chunk.
    pub crowds: Vec<CrowdStatus>,
    /// Chunks that it sees and in which something differs from nature.
    pub pages: Vec<PageStatus>,
    /// Its peers.
    pub peers: Vec<PeerStatus>,
    /// Totals.
    pub counters: Counters,
}

impl Node {
    /// The crowded chunks that it sees.
    #[must_use]
    pub fn crowded(&self) -> Vec<CrowdStatus> {
        let status =
            |(chunk, ladder): (Chunk, &Ladder)| CrowdStatus { chunk, step: ladder.step(), movers: ladder.movers() };
        self.crowds.iter().map(status).filter(|crowd| crowd.step > Step::Full).collect()
    }

    fn page_statuses(&self) -> Vec<PageStatus> {
        let mut pages: Vec<PageStatus> = Vec::new();
        for (chunk, known) in self.pages.known() {
            if pages.last().is_none_or(|last| last.chunk != chunk) {
                pages.push(PageStatus { chunk, ..PageStatus::default() });
            }
            let Some(page) = pages.last_mut() else { continue };
            page.documents += 1;
            page.owner = known.rights.as_ref().map_or(page.owner, |rights| rights.owner);
            for trace in known.traces.values() {
                *match trace {
                    Trace::Taken(_) => &mut page.taken,
                    Trace::Pile(_) => &mut page.piles,
                    Trace::Built(_) => &mut page.built,
                } += 1;
            }
        }
        pages
    }

    /// The node as it is now.
    #[must_use]
    pub fn status(&self) -> Status {
        let avatars: Vec<EntityStatus> = self
            .authority
            .iter()
            .map(|a| EntityStatus {
                entity: a.entity,
                at: a.segment.at(self.tick, &self.pace),
                motion: a.segment.motion,
                look: a.look.clone(),
                order: (a.epoch, a.told.map_or(Hop(0), |told| told.hop)),
                chunk: a.chunk(),
                holder: Some(self.config.incarnation),
                held: !a.suspended,
            })
            .collect();
        let mut chunks: Vec<ChunkStatus> = Vec::new();
        let mut homes: Vec<Chunk> = self.authority.iter().map(crate::authority::Avatar::chunk).collect();
        homes.sort_unstable();
        for chunk in homes {
            match chunks.last_mut() {
                Some(last) if last.chunk == chunk => last.avatars += 1,
                _ => chunks.push(ChunkStatus { chunk, avatars: 1, publishers: self.publishers_of(chunk) }),
            }
        }
        let playing = self.sessions.values().filter(|s| matches!(s.stage, Stage::Playing(_))).count();
        Status {
            incarnation: self.config.incarnation,
            now: self.now,
            tick: self.tick,
            sessions: playing,
            arriving: self.sessions.len() - playing,
            ghosts: self
                .ghosts
                .iter()
                .filter(|g| self.authority.get(g.entity).is_none())
                .map(|g| EntityStatus {
                    entity: g.entity,
                    at: g.segment.at(self.tick, &self.pace),
                    motion: g.segment.motion,
                    look: g.look.clone(),
                    order: g.order(),
                    chunk: g.chunk,
                    holder: g.stream.map(|key| self.feed.publisher(key)),
                    held: g.stream.is_some(),
                })
                .collect(),
            avatars,
            longest_frozen_ms: self.frozen_since().map(|since| self.now.since(since)),
            streams: self.publisher.populated(),
            streams_seen: self.viewer.len(),
            held_frames: self.viewer.held_frames(),
            interest: self.interest.chunks().collect(),
            chunks,
            crowds: self.crowded(),
            pages: self.page_statuses(),
            peers: self
                .peers
                .iter()
                .map(|(peer, p)| PeerStatus {
                    peer,
                    up: p.heard,
                    silent_ms: self.now.since(p.heard_at),
                    interest: p.interest.len(),
                    messages: p.messages,
                    bytes: p.bytes,
                    gaps: self.viewer.gaps_of(peer),
                })
                .collect(),
            counters: self.counters(),
        }
    }
}
