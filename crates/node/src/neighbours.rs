//! The other nodes, from this node's side: who is there, what they say, and what is done about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use ghosts::Applied;
use protocol::Incarnation;
use protocol::frame::{Body, Enter, Record, Records};
use protocol::mesh::{Interest, KeyframeRequest, MeshMessage, Summary};
use protocol::things::Tidings;
use world::{EntityId, Epoch, Plant, SubCell, Tick};

use crate::io::{Effect, Note};
use crate::limits::ACTING_MS;
use crate::machine::Node;
use crate::peers::Appeared;
use crate::ports::mesh::MeshLane;
use crate::publisher::{self, Channel};
use crate::viewer::{Act, BodyRef, SeenFrame};

impl Node {
    pub(crate) fn peer_up(&mut self, peer: Incarnation, client_address: String) {
        if peer == self.config.incarnation {
            return;
        }
        match self.peers.appear(self.now, peer, client_address) {
            Appeared::New { ended } => {
                if let Some(ended) = ended {
                    self.pages.distrust(self.now);
                    self.viewer.drop_publisher(ended);
                    self.carry_out();
                }
                let bytes = self.interest_message();
                self.counters.interests_sent += 1;
                self.effect(Effect::Send { to: peer, bytes });
            }
            Appeared::Known | Appeared::Ignored => {}
        }
    }

    /// A message from a host. It is believed only if it names a known node of that very host.
    pub(crate) fn mesh_message(&mut self, from_host: u16, lane: MeshLane, bytes: Arc<[u8]>) {
        let message = match MeshMessage::decode(&bytes) {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(_) => return self.garbage(from_host),
        };
        let from = message.from();
        let direct = match &message {
            MeshMessage::Frame(_) | MeshMessage::Summary(_) => false,
            MeshMessage::Interest(_)
            | MeshMessage::Keyframe(_)
            | MeshMessage::KeyframeRequest(_)
            | MeshMessage::Load(_)
            | MeshMessage::Word(_) => true,
            // What a deed changed is told in order with the frames around it; trades are told directly.
            MeshMessage::Tidings(tidings) => !matches!(tidings, Tidings::News(_)),
        };
        if from.host() != from_host || direct != (lane == MeshLane::Direct) {
            return self.garbage(from_host);
        }
        let Some(peer) = self.peers.get_mut(from) else {
            self.counters.frames_dropped += 1;
            return;
        };
        peer.messages += 1;
        peer.bytes += bytes.len() as u64;
        match message {
            MeshMessage::Frame(f) => {
                if f.stream.island != self.config.island_id || !self.interest.contains(f.stream.chunk) {
                    self.counters.frames_dropped += 1;
                    return;
                }
                let (stream, tick, prev_tick, length) = (f.stream, f.tick, f.prev_tick, f.body.len());
                let body = BodyRef::new(bytes.clone(), bytes.len() - length);
                self.viewer.frame(self.now, stream, SeenFrame { tick, prev_tick, body });
            }
            MeshMessage::Keyframe(k) => {
                if k.stream.island != self.config.island_id || !self.interest.contains(k.stream.chunk) {
                    self.counters.frames_dropped += 1;
                    return;
                }
                let (stream, tick, length) = (k.stream, k.tick, k.body.len());
                let body = BodyRef::new(bytes.clone(), bytes.len() - length);
                self.counters.keyframes_applied += 1;
                self.viewer.keyframe(self.now, stream, tick, body);
            }
            MeshMessage::Summary(summary) => self.summary(&summary),
            MeshMessage::Interest(interest) => self.peer_interest(interest),
            MeshMessage::KeyframeRequest(request) => self.keyframe_request(&request),
            MeshMessage::Load(load) => self.load(&load),
            MeshMessage::Word(word) => self.word(word),
            MeshMessage::Tidings(tidings) => {
                if !self.tidings(tidings) {
                    self.garbage(from_host);
                }
            }
        }
        self.carry_out();
    }

    pub(crate) fn garbage(&mut self, host: u16) {
        self.counters.peer_refusals += 1;
        self.effect(Effect::Note(Note::PeerGarbage { host }));
    }

    fn summary(&mut self, summary: &Summary) {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(summary.from) else { return };
        peer.heard_at = now;
        peer.holds = summary.interest;
        if !std::mem::replace(&mut peer.heard, true) {
            self.effect(Effect::Note(Note::PeerHeard { peer: summary.from }));
        }
        let current = summary.interest == self.interest.version();
        let interest = &self.interest;
        self.viewer.summary(now, summary, current, |chunk| interest.contains(chunk));
        if !current && !self.config.planted.is(Plant::MuteSummaries) {
            let bytes = self.interest_message();
            self.counters.interests_sent += 1;
            self.effect(Effect::Send { to: summary.from, bytes });
        }
    }

    fn peer_interest(&mut self, interest: Interest) {
        let island = self.config.island_id;
        let chunks: BTreeSet<_> = interest.chunks.iter().filter(|(i, _)| *i == island).map(|(_, c)| *c).collect();
        // An older version is an old message that was overtaken; there is nothing to do about it.
        let _ = self.peers.interest(interest.from, interest.version, chunks);
    }

    fn keyframe_request(&mut self, request: &KeyframeRequest) {
        let channel = Channel { chunk: request.stream.chunk, sub: SubCell(request.stream.sub) };
        if request.stream.publisher != self.config.incarnation || !self.publisher.has(channel) {
            return;
        }
        if let Some(peer) = self.peers.get_mut(request.from)
            && peer.interest.contains(&channel.chunk)
        {
            peer.asked.insert(channel);
        }
    }

    pub(crate) fn unbind_the_silent(&mut self) {
        for peer in self.peers.silent(self.now, self.config.planted) {
            self.viewer.drop_publisher(peer);
            self.pages.distrust(self.now);
            if self.peers.unbind(self.now, peer) {
                self.effect(Effect::Note(Note::PeerUnbound { peer }));
            }
        }
        self.carry_out();
    }

    pub(crate) fn ask_for_keyframes(&mut self) {
        for stream in self.viewer.poll(self.now) {
            if stream.publisher == self.config.incarnation {
                continue;
            }
            let request = KeyframeRequest { from: self.config.incarnation, stream };
            self.counters.keyframes_asked += 1;
            let bytes = publisher::encode(&MeshMessage::KeyframeRequest(request));
            self.effect(Effect::Send { to: stream.publisher, bytes });
        }
        self.carry_out();
    }

    /// Carries out what the viewer decided, on the ghosts and for the clients.
    pub(crate) fn carry_out(&mut self) {
        for act in self.viewer.take_acts() {
            match act {
                Act::Open { key, stream } => {
                    self.ghosts.open(key, stream.chunk);
                    self.feed.open(key, stream);
                }
                Act::Apply { key, frame } => self.apply(key, frame),
                Act::Replace { key, tick, body } => self.replace(key, tick, &body),
                Act::Empty { key, tick } => {
                    // Without members is not enough: a client may still hold by this stream whom we hold by another one
                    // that the client does not see.
                    let was_vacant = self.ghosts.is_vacant(key);
                    self.ghosts.replace(self.now, key, tick, &[]);
                    if !was_vacant {
                        self.feed.whole(key);
                    }
                }
                Act::Close { key } => {
                    self.ghosts.close(self.now, key);
                    self.feed.close(key);
                }
            }
        }
    }

    fn apply(&mut self, key: ghosts::StreamKey, frame: SeenFrame) {
        let chunk = self.feed.chunk(key);
        let records: Result<Vec<Record>, _> = Records::new(chunk, frame.body.bytes()).collect();
        let Ok(records) = records else {
            self.counters.peer_refusals += 1;
            return self.viewer.doubt(self.now, key);
        };
        let mut doubtful = false;
        for record in &records {
            if let Record::Enter(e) = record {
                self.notice_look(e);
                self.yield_to(e.entity, e.epoch, key);
            }
            let interest = &self.interest;
            let sees = |chunk| interest.contains(chunk);
            let applied = self.ghosts.apply(self.now, key, frame.tick, record, sees);
            if let Applied::Event(entity) = applied {
                self.feed.acts(entity, self.tick + self.config.rate.ticks_in(ACTING_MS));
            }
            doubtful |= matches!((applied, record), (Applied::UnknownHandle(_), Record::Move(_)));
        }
        self.counters.frames_applied += 1;
        self.feed.frame(key, frame, &records);
        if doubtful {
            self.viewer.doubt(self.now, key);
        }
    }

    /// Who changed the look acts upon those around.
    fn notice_look(&mut self, enter: &Enter) {
        if self.ghosts.get(enter.entity).is_some_and(|held| held.look != enter.look) {
            self.feed.acts(enter.entity, self.tick + self.config.rate.ticks_in(ACTING_MS));
        }
    }

    fn replace(&mut self, key: ghosts::StreamKey, tick: Tick, body: &BodyRef) {
        let Ok(Body { enters, .. }) = Body::decode(self.feed.chunk(key), body.bytes()) else {
            self.counters.peer_refusals += 1;
            return self.viewer.doubt(self.now, key);
        };
        for e in &enters {
            self.notice_look(e);
            self.yield_to(e.entity, e.epoch, key);
        }
        self.ghosts.replace(self.now, key, tick, &enters);
        self.feed.whole(key);
    }

    /// A higher epoch of an entity that this node holds ends its authority at once.
    fn yield_to(&mut self, entity: EntityId, epoch: Epoch, key: ghosts::StreamKey) {
        let Some(avatar) = self.authority.get(entity) else { return };
        if epoch > avatar.epoch && !self.config.planted.is(Plant::DeafToEpochs) {
            let (conn, winner) = (avatar.conn, self.feed.publisher(key));
            self.replaced(conn, winner);
        }
    }
}
