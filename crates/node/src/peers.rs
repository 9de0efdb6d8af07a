//! The other nodes: what each is interested in, and when it was last heard.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Incarnation;
use world::{Chunk, Millis, Plant, Planted};

use crate::limits::{PEERS, SILENT_MS, SILENT_VANISHED_MS};
use crate::publisher::Channel;

/// One life of another node.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) client_address: String,
    /// The version of its interest that we hold, 0 before the first.
    pub(crate) version: u64,
    /// The version of our interest that it said it holds.
    pub(crate) holds: u64,
    pub(crate) interest: BTreeSet<Chunk>,
    /// Chunks whose keyframes it is still to be sent.
    pub(crate) owed: BTreeSet<Chunk>,
    /// Streams whose keyframe it asked for.
    pub(crate) asked: BTreeSet<Channel>,
    /// When its last summary came; when it was first known before that.
    pub(crate) heard_at: Millis,
    /// Whether it was ever heard.
    pub(crate) heard: bool,
    /// Its record has vanished from the directory.
    pub(crate) vanished: bool,
    /// Messages that came from it.
    pub(crate) messages: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// All peers by incarnation. At most one life of a node is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers {
    peers: BTreeMap<Incarnation, Peer>,
}

/// What a peer's appearance means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Appeared {
    /// It is new; the former life of the same node, if there was one, is over.
    New { ended: Option<Incarnation> },
    /// It was known already.
    Known,
    /// It is an older life than the one known, or there is no room.
    Ignored,
}

impl Peers {
    pub(crate) fn get_mut(&mut self, peer: Incarnation) -> Option<&mut Peer> {
        self.peers.get_mut(&peer)
    }

    pub(crate) fn get(&self, peer: Incarnation) -> Option<&Peer> {
        self.peers.get(&peer)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Incarnation, &Peer)> {
        self.peers.iter().map(|(id, peer)| (*id, peer))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Incarnation, &mut Peer)> {
        self.peers.iter_mut().map(|(id, peer)| (*id, peer))
    }

    /// Whether any peer sees a chunk.
    pub(crate) fn anyone_sees(&self, chunk: Chunk) -> bool {
        self.peers.values().any(|p| p.interest.contains(&chunk))
    }

    pub(crate) fn appear(&mut self, now: Millis, id: Incarnation, client_address: String) -> Appeared {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.vanished = false;
            peer.client_address = client_address;
            return Appeared::Known;
        }
        let former = self.peers.keys().copied().find(|known| known.same_node(id));
        if former.is_some_and(|known| known > id) || former.is_none() && self.peers.len() >= PEERS {
            return Appeared::Ignored;
        }
        if let Some(former) = former {
            self.peers.remove(&former);
        }
        let peer = Peer {
            client_address,
            version: 0,
            holds: 0,
            interest: BTreeSet::new(),
            owed: BTreeSet::new(),
            asked: BTreeSet::new(),
            heard_at: now,
            heard: false,
            vanished: false,
            messages: 0,
            bytes: 0,
        };
        self.peers.insert(id, peer);
        Appeared::New { ended: former }
    }

    pub(crate) fn vanish(&mut self, id: Incarnation) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.vanished = true;
        }
    }

    /// Takes in a peer's interest. Chunks new in it are owed keyframes. `None` if it is older than what is held.
    pub(crate) fn interest(&mut self, id: Incarnation, version: u64, chunks: BTreeSet<Chunk>) -> Option<()> {
        let peer = self.peers.get_mut(&id).filter(|p| version > p.version)?;
        peer.owed.retain(|chunk| chunks.contains(chunk));
        peer.asked.retain(|channel| chunks.contains(&channel.chunk));
        peer.owed.extend(chunks.difference(&peer.interest).copied());
        peer.version = version;
        peer.interest = chunks;
        Some(())
    }

    /// Peers that have been silent for too long.
    pub(crate) fn silent(&self, now: Millis, planted: Planted) -> Vec<Incarnation> {
        if planted.is(Plant::TrustTheSilent) {
            return Vec::new();
        }
        let silent = |p: &Peer| now.since(p.heard_at) >= if p.vanished { SILENT_VANISHED_MS } else { SILENT_MS };
        self.peers.iter().filter(|(_, p)| silent(p)).map(|(id, _)| *id).collect()
    }

    /// Forgets a peer that has vanished; one that is still in the directory only loses its interest.
    pub(crate) fn unbind(&mut self, now: Millis, id: Incarnation) -> bool {
        let Some(peer) = self.peers.get_mut(&id) else { return false };
        if peer.vanished {
            return self.peers.remove(&id).is_some();
        }
        let was_bound = peer.heard || peer.version > 0;
        peer.heard_at = now;
        peer.heard = false;
        peer.version = 0;
        peer.holds = 0;
        peer.interest.clear();
        peer.owed.clear();
        peer.asked.clear();
        was_bound
    }
}
