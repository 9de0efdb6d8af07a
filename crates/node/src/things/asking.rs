//! Deeds, from the client's request to its reply.

use deeds::commands::TradeArgs;
use deeds::{Actor, KeptReceipt, Partner, Performance};
use protocol::client::{Dress, ToClient};
use protocol::codec::{CLIENT_CAP, from_bytes, to_bytes};
use protocol::envelope::Context;
use protocol::things::{Deed, DeedReply};
use protocol::{Code, Incarnation, Kind};
use store::commit::Outcome;
use world::{Digest, EntityId, Position};

use super::wire;
use crate::io::{ConnId, Effect, Note};
use crate::lifecycle::retry_after_ms;
use crate::machine::Node;
use crate::session::Session;
use crate::session::deed::{Ended, Form, What, Wish, refusal};

/// The deed that needs the other's word.
const TRADE: &str = "trade";

impl Node {
    pub(crate) fn dress(&mut self, conn: ConnId, context: Context, dress: &Dress) {
        let content = Digest::of(&[Kind::Dress as u8, dress.tint]);
        let what = What::Dress(dress.tint);
        self.wish(conn, Wish { request: context.request, content, form: Form::Plain, with: None, what });
    }

    pub(crate) fn deed(&mut self, conn: ConnId, context: Context, deed: Deed) {
        let (now, tick, request) = (self.now, self.tick, context.request);
        let content = Digest::of(&[&[Kind::Deed as u8][..], &to_bytes(&deed)].concat());
        let partner = self.partner(EntityId(deed.partner));
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let Some(avatar) = self.authority.get(playing.entity) else { return };
        let place = avatar.segment.at(tick, &self.pace);
        let actor = Actor { name: playing.name.clone(), entity: playing.entity, place };
        // A repeated request gets the promise that it was given before, and no other request does.
        let agreed = terms(&deed).and_then(|terms| playing.promises.spend(now, request, &terms));
        let entity = EntityId(deed.partner);
        let agreed = agreed.filter(|spent| spent.consent.bargain.terms.with == entity.0);
        let partner = partner.map(|(name, place)| Partner { name, entity, place, agreed });
        let with = partner.as_ref().map(|partner| partner.entity);
        let rules = self.config.rules.clone();
        let what = What::Perform(Box::new(Performance { rules, deed: deed.deed, args: deed.args, actor, partner }));
        self.wish(conn, Wish { request, content, form: Form::Deed, with, what });
    }

    fn wish(&mut self, conn: ConnId, wish: Wish) {
        let now = self.now;
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        let (request, form) = (wish.request, wish.form);
        if request == 0 {
            return self.refuse_client(conn);
        }
        match playing.deeds.ask(now, wish) {
            Ok(()) => self.deed_needs(conn),
            Err(code) => self.answer(conn, request, form, Some(code), None),
        }
    }

    /// Somebody in view, by name and place.
    fn partner(&self, entity: EntityId) -> Option<(String, Position)> {
        if let Some(avatar) = self.authority.get(entity) {
            return Some((avatar.look.name.clone(), avatar.segment.at(self.tick, &self.pace)));
        }
        let ghost = self.ghosts.get(entity)?;
        Some((ghost.look.name.clone(), ghost.segment.at(self.tick, &self.pace)))
    }

    /// A deed has ended: what it changed is told, then its client is answered, then all others hear.
    pub(crate) fn deed_ended(&mut self, conn: ConnId, ended: Ended) {
        let Ended { request, form, with, asked_at, outcome } = ended;
        let refused = refusal(&outcome);
        let Some(playing) = self.sessions.get_mut(&conn).and_then(Session::playing_mut) else { return };
        match outcome {
            Outcome::Committed(committed) => {
                playing.watch.confirm(asked_at);
                let actor = playing.entity;
                self.counters.deeds += 1;
                self.show(conn, &committed.actor);
                self.answer(conn, request, form, refused, serde_json::from_value(committed.reply).ok());
                self.tell_news(&committed.events, &committed.revs);
                if let Some(with) = with {
                    self.tell_dealt(actor, with);
                }
            }
            Outcome::Repeated { reply, .. } => {
                self.counters.deeds_repeated += 1;
                self.answer(conn, request, form, refused, serde_json::from_value(reply).ok());
            }
            Outcome::Replaced { .. } => self.replaced(conn, Incarnation(0)),
            Outcome::Mistaken(mistake) => {
                let (key, reason) = ("a command".to_owned(), format!("it cannot be carried out: {mistake:?}"));
                self.effect(Effect::Note(Note::Unreadable { key, reason }));
                self.answer(conn, request, form, refused, None);
            }
            Outcome::Unreadable(reason) => {
                self.effect(Effect::Note(Note::Unreadable { key: "a deed".to_owned(), reason }));
                self.answer(conn, request, form, refused, None);
            }
            Outcome::Refused(_) | Outcome::TooOld | Outcome::IdReused | Outcome::Again => {
                self.counters.deeds_refused += 1;
                self.answer(conn, request, form, refused, None);
            }
        }
    }

    fn answer(&mut self, conn: ConnId, request: u32, form: Form, refused: Option<Code>, receipt: Option<KeptReceipt>) {
        match form {
            Form::Plain => self.reply(conn, request, refused),
            Form::Deed => {
                let reply = DeedReply {
                    code: refused.map_or(0, |code| code as u16),
                    meaning: refused.map_or(0, |code| code.meaning() as u8),
                    retry_after_ms: refused.map_or(0, retry_after_ms),
                    ..receipt.as_ref().map(wire::receipt).unwrap_or_default()
                };
                self.tell(conn, request, &ToClient::DeedReply(reply));
            }
        }
    }
}

/// What the other must have agreed to, if the deed is a trade.
fn terms(deed: &Deed) -> Option<TradeArgs> {
    if deed.deed != TRADE {
        return None;
    }
    from_bytes::<TradeArgs, CLIENT_CAP>(&deed.args).ok()
}
