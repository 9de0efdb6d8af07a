//! The words of a trade: an offer, and the agreement to it, on their way between two clients and their nodes.

use deeds::Bargain;
use protocol::Incarnation;
use protocol::client::{ToClient, valid_name};
use protocol::mesh::MeshMessage;
use protocol::things::{Agree, Agreed, Consent, Dealt, Offer, Offered, Proposal, Tidings};
use world::EntityId;

use super::wire;
use crate::avatar::entity_of;
use crate::io::{ConnId, Effect};
use crate::limits::DEALT_LOOK_MS;
use crate::machine::Node;
use crate::publisher;
use crate::session::Session;

impl Node {
    /// What another node says of things. `false`: it is not what a node says.
    pub(crate) fn tidings(&mut self, tidings: Tidings) -> bool {
        match tidings {
            Tidings::News(news) => self.news(&news),
            Tidings::Proposal(Proposal { by, offer, .. }) => {
                self.proposed(by, &offer);
                true
            }
            Tidings::Dealt(Dealt { by, with, .. }) => {
                self.dealt(by, with);
                true
            }
            Tidings::Consent(consent) => {
                let is_whole = valid_name(&consent.name) && entity_of(&consent.name) == consent.by;
                if is_whole {
                    self.consented(consent);
                }
                is_whole
            }
        }
    }

    /// A client offers a trade.
    pub(crate) fn offer(&mut self, conn: ConnId, offer: Offer) {
        let (now, from) = (self.now, self.config.incarnation);
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let (by, to) = (playing.entity, EntityId(offer.to));
        if !playing.offers.take(now) || by == to {
            return;
        }
        self.counters.offers += 1;
        if self.authority.get(to).is_some() {
            self.proposed(by, &offer);
        } else {
            self.tell_holder(to, Tidings::Proposal(Proposal { from, by, offer }));
        }
    }

    /// Somebody offers a trade to an avatar of ours.
    fn proposed(&mut self, by: EntityId, offer: &Offer) {
        let now = self.now;
        let to = EntityId(offer.to);
        let Some(conn) = self.authority.get(to).map(|avatar| avatar.conn) else { return };
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let bargain = Bargain { actor: by, terms: wire::terms(offer) };
        // One too many, or from a node that errs: whoever offers is not answered.
        let Ok(number) = playing.offered.offer(now, bargain) else { return };
        self.acts_on(by, to);
        let Offer { gives, takes, .. } = offer.clone();
        self.tell(conn, 0, &ToClient::Offered(Offered { by: by.0, number, gives, takes }));
    }

    /// A client agrees to an offer.
    pub(crate) fn agree(&mut self, conn: ConnId, agree: Agree) {
        let (now, from) = (self.now, self.config.incarnation);
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let to = EntityId(agree.by);
        if !playing.offers.take(now) {
            return;
        }
        let Ok(deeds::Consent { bargain, epoch }) = playing.offered.agree(now, agree.number) else { return };
        if bargain.actor != to {
            return;
        }
        let (by, name) = (playing.entity, playing.name.clone());
        let consent = Consent { from, by, name, epoch, to, offer: wire::offer(&bargain.terms) };
        if self.authority.get(to).is_some() {
            self.consented(consent);
        } else {
            self.tell_holder(to, Tidings::Consent(consent));
        }
    }

    /// Somebody agreed to what an avatar of ours offered.
    fn consented(&mut self, consent: Consent) {
        let now = self.now;
        let Consent { by, epoch, to, offer, .. } = consent;
        let Some(conn) = self.authority.get(to).map(|avatar| avatar.conn) else { return };
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let bargain = Bargain { actor: to, terms: wire::terms(&offer) };
        if bargain.terms.with != by.0 || playing.promises.take(now, deeds::Consent { bargain, epoch }).is_err() {
            return;
        }
        self.counters.agreements += 1;
        self.acts_on(by, to);
        let Offer { gives, takes, .. } = offer;
        self.tell(conn, 0, &ToClient::Agreed(Agreed { by: by.0, gives, takes }));
    }

    /// A deed of an avatar of ours had somebody else take part.
    pub(super) fn tell_dealt(&mut self, by: EntityId, with: EntityId) {
        if self.authority.get(with).is_some() {
            self.dealt(by, with);
        } else {
            self.tell_holder(with, Tidings::Dealt(Dealt { from: self.config.incarnation, by, with }));
        }
    }

    /// An avatar of ours took part in a deed of somebody else: its client sees who it was, and soon what it has now.
    fn dealt(&mut self, by: EntityId, with: EntityId) {
        let now = self.now;
        let Some(conn) = self.authority.get(with).map(|avatar| avatar.conn) else { return };
        self.acts_on(by, with);
        if let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) {
            playing.watch.look_by(now + DEALT_LOOK_MS);
        }
    }

    /// Tells the node that holds an avatar in view.
    fn tell_holder(&mut self, entity: EntityId, tidings: Tidings) {
        let Some(key) = self.ghosts.get(entity).and_then(|ghost| ghost.stream) else { return };
        let to: Incarnation = self.feed.publisher(key);
        let bytes = publisher::encode(&MeshMessage::Tidings(tidings));
        self.effect(Effect::Send { to, bytes });
    }
}
