//! T's side in the node: whom it gets ready for, what they will see, and how they enter.

use protocol::client::{ToClient, valid_name};
use protocol::envelope::Context;
use protocol::handover::{Decline, Follow, Say, Word};
use protocol::{Code, PROTOCOL_OLDEST, PROTOCOL_VERSION};
use sha2::{Digest, Sha256};
use store::{Record, Reply};
use world::{Chunk, EntityId, Epoch, Plant, Segment};

use super::HandoverKey;
use super::guest::{Guest, GuestEffect, GuestInput};
use crate::avatar::entity_of;
use crate::config::Secret;
use crate::io::ConnId;
use crate::lifecycle::Entrance;
use crate::limits::GUESTS;
use crate::machine::Node;
use crate::session::checkpoint::Checkpoint;
use crate::session::view::SessionView;
use crate::session::{Part, Session, Stage};

/// Bytes of a token.
const TOKEN_BYTES: usize = 16;

/// What a guest's client will see, and since which version of its interest the node has seen all of it.
#[derive(Debug)]
pub(crate) struct GuestView {
    pub(crate) view: SessionView,
    pub(crate) version: u64,
}

impl Node {
    /// A word of another node, of either side.
    pub(crate) fn word(&mut self, word: Word) {
        let key = (word.from, word.handover);
        match word.say {
            Say::Prepare { name, entity, epoch, island, chunk } if island == self.config.island_id => {
                self.prepare(key, (name, entity, epoch), chunk);
            }
            Say::Prepare { .. } => self.decline(key, Decline::NoRoom),
            Say::Released { epoch: _, tick, at, motion } => {
                self.guest(key, GuestInput::Released { place: Segment { from: at, since: tick, motion } });
            }
            Say::CalledOff => self.guest(key, GuestInput::CalledOff),
            Say::Prepared { .. } | Say::Declined { .. } | Say::Taken { .. } => self.word_of_taker(word),
        }
    }

    fn prepare(&mut self, key: HandoverKey, whom: (String, EntityId, Epoch), chunk: Chunk) {
        if self.guests.contains_key(&key) {
            return self.guest(key, GuestInput::Asked);
        }
        if !valid_name(&whom.0) || entity_of(&whom.0) != whom.1 {
            return self.garbage(key.0.host());
        }
        if self.stopping {
            return self.decline(key, Decline::Stopping);
        }
        if self.sessions.len() + self.reserved() >= self.config.sessions || self.guests.len() >= GUESTS {
            return self.decline(key, Decline::NoRoom);
        }
        let size_chunks = self.config.island.plan().size_chunks;
        let mut view = SessionView::new(self.config.view, size_chunks, self.config.planted);
        if let Some((added, _)) = view.look_from(chunk) {
            added.into_iter().for_each(|chunk| self.interest.need(chunk));
        }
        let version = self.interest.coming_version();
        let token = token(&self.config.secret, key, whom.1, whom.2);
        let guest = Guest::new(self.now, whom, token, self.config.incarnation, self.config.planted);
        self.guests.insert(key, (guest, GuestView { view, version }));
    }

    /// How many sessions are expected from other nodes.
    pub(crate) fn reserved(&self) -> usize {
        self.guests.values().filter(|(guest, _)| guest.reserves()).count()
    }

    fn decline(&mut self, (from, handover): HandoverKey, why: Decline) {
        self.counters.guests_declined += 1;
        self.say(from, handover, Say::Declined { reason: why as u8 });
    }

    /// The hello of a second connection.
    pub(crate) fn follow(&mut self, conn: ConnId, context: Context, follow: &Follow) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.trace = context.trace;
        if follow.newest < PROTOCOL_OLDEST || follow.oldest > PROTOCOL_VERSION {
            return self.end_session(conn, Code::VersionUnsupported, true);
        }
        let expected = self.guests.iter().find(|(_, (guest, _))| guest.expects(&follow.name, &follow.token));
        let Some(key) = expected.map(|(key, _)| *key) else {
            return self.end_session(conn, Code::HandedOver, true);
        };
        session.stage = Stage::Following(key);
        self.guest(key, GuestInput::Followed { conn });
    }

    /// What time does to guests: they follow their avatars, become warm, and give up. Once a tick.
    pub(crate) fn tend_guests(&mut self) {
        let keys: Vec<HandoverKey> = self.guests.keys().copied().collect();
        for key in keys {
            self.look_around_for(key);
            let warm = self.is_warm(key);
            self.guest(key, GuestInput::Wake { warm });
        }
    }

    fn look_around_for(&mut self, key: HandoverKey) {
        let now = self.now;
        let Some((guest, around)) = self.guests.get_mut(&key) else { return };
        let Some(chunk) = self.ghosts.get(guest.entity).map(|g| g.chunk) else { return };
        let Some((added, dropped)) = around.view.look_from(chunk) else { return };
        added.into_iter().for_each(|chunk| self.interest.need(chunk));
        dropped.into_iter().for_each(|chunk| self.interest.release(now, chunk));
        around.version = self.interest.coming_version();
    }

    /// Whether this node knows all that the guest's client will see: every peer has told of its streams there, all of
    /// them are whole, and the avatar itself is among those shown.
    fn is_warm(&self, key: HandoverKey) -> bool {
        let Some((guest, around)) = self.guests.get(&key) else { return false };
        self.ghosts.get(guest.entity).is_some_and(|g| g.stream.is_some() && g.epoch == guest.epoch)
            && self.peers.iter().all(|(_, peer)| !peer.heard || peer.holds >= around.version)
            && around.view.needed().all(|chunk| self.viewer.is_whole(chunk))
    }

    pub(crate) fn guest_reply(&mut self, conn: ConnId, reply: Reply) {
        if let Some(Session { stage: Stage::Following(key), .. }) = self.sessions.get(&conn) {
            self.guest(*key, GuestInput::Stored(reply));
        }
    }

    /// The node stops: nobody is taken over any more.
    pub(crate) fn dismiss_all_guests(&mut self) {
        for (key, (_, around)) in std::mem::take(&mut self.guests) {
            self.decline(key, Decline::Stopping);
            self.look_away(&around.view);
        }
    }

    pub(crate) fn guest(&mut self, key: HandoverKey, input: GuestInput) {
        let now = self.now;
        let Some((guest, _)) = self.guests.get_mut(&key) else { return };
        guest.handle(now, input);
        let effects: Vec<GuestEffect> = std::iter::from_fn(|| guest.poll_effect()).collect();
        let (token, over) = (guest.token.clone(), guest.is_over());
        let mut gone = if over { self.guests.remove(&key) } else { None };
        for effect in effects {
            match effect {
                GuestEffect::Prepared => self.say(key.0, key.1, Say::Prepared { token: token.clone() }),
                GuestEffect::Decline(why) => self.decline(key, why),
                GuestEffect::Ready { conn } => self.tell_now(conn, &ToClient::Ready),
                GuestEffect::Store { conn, request } => self.ask_store(conn, Part::Guest, request),
                GuestEffect::Enter { conn, record, place } => {
                    if let Some((guest, around)) = gone.take() {
                        self.take_in(key, conn, (guest, around.view), record, place);
                    }
                }
                GuestEffect::Dismiss { conn } => self.end_session(conn, Code::HandedOver, true),
            }
        }
        if let Some((_, around)) = gone {
            self.look_away(&around.view);
        }
    }

    /// The epoch is raised: the avatar goes on here, where and as it went on there.
    fn take_in(
        &mut self,
        (from, handover): HandoverKey,
        conn: ConnId,
        (guest, mut view): (Guest, SessionView),
        record: Box<Record>,
        place: Option<Segment>,
    ) {
        self.say(from, handover, Say::Taken { epoch: record.epoch });
        let ghost = self.ghosts.get(guest.entity).filter(|g| g.epoch == guest.epoch).map(|g| g.segment);
        // Both tell of the same walk; the newer one may know of a turn.
        let Some(segment) = [place, ghost].into_iter().flatten().max_by_key(|s| s.since) else {
            // S died with all that it told: the client resumes, from the checkpoint.
            self.look_away(&view);
            return self.end_session(conn, Code::HandedOver, true);
        };
        let from = segment.at(self.tick + 1, &self.pace);
        let bounds = self.config.island.bounds();
        let motion = if bounds.contains(from) { segment.motion } else { segment.motion.stopped() };
        let from = if bounds.contains(from) { from } else { segment.from };
        // Whatever the client was told elsewhere, it is told anew.
        if !self.config.planted.is(Plant::NoResetOnHandover) {
            view.lost();
        }
        let entrance = Entrance {
            name: guest.name,
            segment: Segment { from, since: self.tick + 1, motion },
            view,
            checkpoint: Checkpoint::unread(self.now, guest.entity, record.epoch),
            record,
        };
        self.counters.guests_taken += 1;
        self.begin_play(conn, entrance);
        self.write_now(conn);
    }

    fn look_away(&mut self, view: &SessionView) {
        let now = self.now;
        for chunk in view.needed() {
            self.interest.release(now, chunk);
        }
    }
}

/// What the client must show: it cannot be guessed, and proves that this node invited just this session.
fn token(secret: &Secret, (from, handover): HandoverKey, entity: EntityId, epoch: Epoch) -> Vec<u8> {
    // All parts have a fixed length, so no two handovers hash the same bytes.
    let digest = Sha256::new()
        .chain_update(secret.0)
        .chain_update(from.0.to_le_bytes())
        .chain_update(handover.to_le_bytes())
        .chain_update(entity.0.to_le_bytes())
        .chain_update(epoch.0.to_le_bytes())
        .finalize();
    digest.iter().take(TOKEN_BYTES).copied().collect()
}
