//! S's side in the node: which session is given to whom, and what a handover does to it.

use protocol::client::ToClient;
use protocol::frame::Destination;
use protocol::handover::{Freeze, Invite, Say, Word};
use protocol::mesh::MeshMessage;
use protocol::{Code, Incarnation};
use store::Record;
use world::Epoch;

use super::giving::{GiveEffect, GiveInput, Giving, Held};
use super::{Outcome, Reason};
use crate::io::{ConnId, Effect, Note};
use crate::limits::{GIVINGS, INVITE_MS, TAKE_BACK_MS};
use crate::machine::Node;
use crate::publisher;
use crate::session::{Part, Session};

impl Node {
    /// Begins to hand a session over. `false` if that cannot be: the session or the node is not there, takes no clients,
    /// or too much is under way.
    pub(crate) fn hand_over(&mut self, conn: ConnId, to: Incarnation, reason: Reason) -> bool {
        let (now, me, planted) = (self.now, self.config.incarnation, self.config.planted);
        let takes_clients = self.peers.get(to).is_some_and(|p| p.heard && !p.vanished && !p.client_address.is_empty());
        if !takes_clients || self.stopping || self.givings.len() >= GIVINGS {
            return false;
        }
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return false };
        if playing.giving.is_some() {
            return false;
        }
        self.last_handover += 1;
        let id = self.last_handover;
        let held = Held { name: playing.name.clone(), me, conn, holding: playing.holding() };
        playing.settled_at = now;
        playing.giving = Some(Box::new(Giving::new(now, id, to, reason, held, planted)));
        self.givings.insert(id, conn);
        self.counters.handovers_begun += 1;
        match reason {
            Reason::Ordered => self.counters.handovers_ordered += 1,
            Reason::Gather => self.counters.handovers_to_gather += 1,
            Reason::Spread => self.counters.handovers_to_spread += 1,
        }
        self.carry_out_giving(conn);
        true
    }

    /// The client sends nothing more; if there is nothing to wait for it hears so.
    pub(crate) fn freeze(&mut self, conn: ConnId, freeze: &Freeze) {
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        match &playing.giving {
            Some(giving) if giving.id == freeze.handover => {
                self.give(conn, GiveInput::Frozen);
                self.wake_giving(conn);
            }
            Some(_) | None => self.tell_now(conn, &ToClient::Stay),
        }
    }

    /// Time has passed, or a deed has ended.
    pub(crate) fn wake_giving(&mut self, conn: ConnId) {
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        if playing.giving.is_none() {
            return;
        }
        let idle = playing.deeds.is_idle();
        self.give(conn, GiveInput::Wake { idle });
    }

    /// Since when a client has waited in a handover, the longest of all.
    pub(crate) fn frozen_since(&self) -> Option<world::Millis> {
        let conns = self.givings.values();
        conns.filter_map(|conn| self.sessions.get(conn)?.giving()?.frozen_since()).min()
    }

    /// What T says of a handover of ours.
    pub(super) fn word_of_taker(&mut self, word: Word) {
        let Some(conn) = self.givings.get(&word.handover).copied() else { return self.word_after_parting(&word) };
        let giving = self.sessions.get(&conn).and_then(Session::giving);
        if giving.is_none_or(|giving| giving.to != word.from) {
            return;
        }
        let input = match word.say {
            Say::Prepared { token } => GiveInput::Prepared { token },
            Say::Declined { .. } => GiveInput::Declined,
            Say::Taken { epoch } => GiveInput::Taken { epoch },
            Say::Prepare { .. } | Say::Released { .. } | Say::CalledOff => return,
        };
        self.give(conn, input);
    }

    /// Somebody else has raised the epoch of a session; `winner` is 0 where nobody knows who.
    pub(crate) fn replaced(&mut self, conn: ConnId, winner: Incarnation) {
        let giving = self.sessions.get(&conn).and_then(Session::giving).filter(|giving| giving.may_be_taken());
        match giving.map(|giving| giving.to) {
            Some(to) if to == winner => {
                let epoch = self.sessions.get(&conn).map_or(0, |s| s.context(0).epoch);
                self.give(conn, GiveInput::Taken { epoch: Epoch(epoch).next() });
            }
            // The document tells who it was.
            Some(_) if winner == Incarnation(0) => self.give(conn, GiveInput::Doubted),
            Some(_) | None => {
                self.counters.sessions_replaced += 1;
                self.lose_session(conn, Code::Replaced, winner);
            }
        }
    }

    /// A session ends while it is being given. Returns where its avatar may be by now.
    pub(crate) fn end_giving(&mut self, giving: &Giving) -> Option<Destination> {
        self.givings.remove(&giving.id);
        if giving.may_be_taken() && self.parted.len() < GIVINGS {
            self.parted.insert(giving.id, (self.now, giving.to));
            return Some(Destination::Node(giving.to));
        }
        self.counters.handovers_ended += 1;
        if giving.may_be_taken() {
            return Some(Destination::Node(giving.to));
        }
        self.say(giving.to, giving.id, Say::CalledOff);
        None
    }

    /// A client that was welcomed by T leaves at once, often before T's word is here: whether such a handover was done
    /// is known when the word comes, or does not.
    fn word_after_parting(&mut self, word: &Word) {
        let taken = matches!(word.say, Say::Taken { .. });
        if taken && self.parted.get(&word.handover).is_some_and(|(_, to)| *to == word.from) {
            self.parted.remove(&word.handover);
            self.count_outcome(Outcome::Done);
        }
    }

    /// Those of whom nothing was heard for as long as T may take are counted as ended.
    pub(super) fn count_parted(&mut self) {
        let (now, before) = (self.now, self.parted.len());
        self.parted.retain(|_, (since, _)| now.since(*since) <= TAKE_BACK_MS);
        self.counters.handovers_ended += (before - self.parted.len()) as u64;
    }

    pub(crate) fn give(&mut self, conn: ConnId, input: GiveInput) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let Some(giving) = &mut playing.giving else { return };
        giving.handle(now, input);
        self.carry_out_giving(conn);
    }

    fn carry_out_giving(&mut self, conn: ConnId) {
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let Some(giving) = &mut playing.giving else { return };
        let effects: Vec<GiveEffect> = std::iter::from_fn(|| giving.poll_effect()).collect();
        let (id, to, reason, frozen) = (giving.id, giving.to, giving.reason, giving.was_frozen());
        if giving.is_over() {
            playing.giving = None;
            playing.settled_at = self.now;
            self.givings.remove(&id);
        }
        for effect in effects {
            match effect {
                GiveEffect::Prepare => self.ask_to_prepare(conn, id, to),
                GiveEffect::Invite { token } => self.invite(conn, id, to, token),
                GiveEffect::Store(request) => self.ask_store(conn, Part::Giving, request),
                GiveEffect::Release => self.say_released(conn, id, to),
                GiveEffect::CallOff => self.say(to, id, Say::CalledOff),
                GiveEffect::Stay { raised } => self.stay(conn, raised, frozen),
                GiveEffect::Lost { code } => {
                    self.counters.sessions_replaced += u64::from(code == Code::Replaced);
                    self.lose_session(conn, code, to);
                }
                GiveEffect::End(code) => self.lose_session(conn, code, to),
                GiveEffect::Over(outcome) => {
                    self.count_outcome(outcome);
                    self.effect(Effect::Note(Note::HandoverEnded { conn, to, reason, outcome }));
                }
            }
        }
    }

    fn ask_to_prepare(&mut self, conn: ConnId, id: u64, to: Incarnation) {
        let island = self.config.island_id;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let Some(chunk) = self.authority.get(playing.entity).map(crate::authority::Avatar::chunk) else { return };
        let (name, entity, epoch) = (playing.name.clone(), playing.entity, playing.epoch);
        self.say(to, id, Say::Prepare { name, entity, epoch, island, chunk });
    }

    fn invite(&mut self, conn: ConnId, id: u64, to: Incarnation, token: Vec<u8>) {
        let Some(address) = self.peers.get(to).map(|p| p.client_address.clone()) else { return };
        let invite = Invite { handover: id, address, token, within_ms: INVITE_MS as u32 };
        self.tell(conn, 0, &ToClient::Invite(invite));
    }

    fn say_released(&mut self, conn: ConnId, id: u64, to: Incarnation) {
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let (epoch, tick) = (playing.epoch, self.tick);
        let Some(segment) = self.authority.get(playing.entity).map(|a| a.segment) else { return };
        let (at, motion) = (segment.at(tick, &self.pace), segment.motion);
        self.say(to, id, Say::Released { epoch, tick, at, motion });
    }

    /// The session goes on here. If its epoch was raised, all that carries it follows.
    fn stay(&mut self, conn: ConnId, raised: Option<Box<Record>>, frozen: bool) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        if let Some(record) = raised {
            let epoch = record.epoch;
            playing.epoch = epoch;
            playing.checkpoint.raise(epoch);
            playing.watch.raise(now, record.holder.clone());
            playing.deeds.raise(now, playing.holding(), &record.open);
            if let Some(avatar) = self.authority.get_mut(playing.entity) {
                avatar.raise(epoch);
            }
        }
        if frozen {
            self.tell_now(conn, &ToClient::Stay);
        }
    }

    fn count_outcome(&mut self, outcome: Outcome) {
        let c = &mut self.counters;
        *match outcome {
            Outcome::Done => &mut c.handovers_done,
            Outcome::Declined => &mut c.handovers_declined,
            Outcome::Unprepared => &mut c.handovers_unprepared,
            Outcome::Ignored => &mut c.handovers_ignored,
            Outcome::Unfinished => &mut c.handovers_unfinished,
            Outcome::TakenBack => &mut c.handovers_taken_back,
            Outcome::Fenced => &mut c.handovers_fenced,
            Outcome::Ended => &mut c.handovers_ended,
        } += 1;
    }

    pub(super) fn say(&mut self, to: Incarnation, handover: u64, say: Say) {
        let word = Word { from: self.config.incarnation, handover, say };
        let bytes = publisher::encode(&MeshMessage::Word(word));
        self.effect(Effect::Send { to, bytes });
    }
}
