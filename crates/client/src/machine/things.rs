//! Deeds, bags, pages and trades: what the player wishes to do to things, and what the server says of them.

use std::ops::ControlFlow;

use protocol::WireError;
use protocol::client::{Reply, ToServer};
use protocol::envelope::Context;
use protocol::things::{Agree, Agreed, Bag, Deed, DeedReply, Offer, Offered, Page};
use world::{Chunk, EntityId, Millis};

use super::Client;
use crate::event::{Asked, ClientEffect, Event, Lost, Outcome, Performed, Receipt};
use crate::requests::{Answer, Verdict, Wish};
use crate::session::{Session, View};

/// What a client knows of its own things.
#[derive(Debug, Default)]
pub(super) struct Things {
    bag: Option<Bag>,
    /// The bag is that of an earlier session: the next one that comes is newer, whatever its revision.
    stale: bool,
}

impl Things {
    pub(super) fn bag(&self) -> Option<&Bag> {
        self.bag.as_ref()
    }

    /// A session began.
    pub(super) fn welcomed(&mut self) {
        self.stale = true;
    }

    fn bag_came(&mut self, bag: Bag) -> bool {
        let newer = self.stale || self.bag.as_ref().is_none_or(|held| bag.rev > held.rev);
        if newer {
            self.bag = Some(bag);
            self.stale = false;
        }
        newer
    }
}

impl Client {
    // --- what the player wishes ---

    pub(super) fn deed(&mut self, deed: &Deed) {
        self.ask(Wish::Deed(deed.clone()));
    }

    /// Puts a wish among the requests, or says at once that it will not be sent.
    pub(super) fn ask(&mut self, wish: Wish) {
        let over = matches!(self.session, Session::Stopped);
        let asked = if over { Err(wish) } else { self.requests.ask(wish, self.addresses.draw()) };
        if let Err(wish) = asked {
            self.answered(0, Some(wish), Outcome::NotSent, Receipt::default());
        }
    }

    pub(super) fn deed_as(&mut self, request: u32, deed: &Deed) {
        if matches!(self.session, Session::Playing(_)) && !self.is_frozen() {
            self.requests.uses(request);
            let context = Context { request, trace: self.addresses.draw(), epoch: 0 };
            self.send(context, &ToServer::Deed(deed.clone()));
        } else {
            self.nobodys(request, Outcome::NotSent, Receipt::default());
        }
    }

    pub(super) fn offer(&mut self, offer: &Offer) {
        self.say_once(ToServer::Offer(offer.clone()));
    }

    pub(super) fn agree(&mut self, agree: Agree) {
        self.say_once(ToServer::Agree(agree));
    }

    /// Says what nobody answers, now or once somebody serves again. Without a session it is dropped, as a server would.
    fn say_once(&mut self, message: ToServer) {
        if !matches!(self.session, Session::Playing(_)) {
            return;
        }
        let context = Context { trace: self.addresses.draw(), ..Context::default() };
        match self.crossing.as_mut().filter(|crossing| crossing.is_frozen()) {
            None => self.send(context, &message),
            Some(crossing) => drop(crossing.hold(context, message)),
        }
    }

    /// Gives the connection up for the next address.
    pub(super) fn elsewhere(&mut self, now: Millis) {
        if matches!(self.session, Session::Playing(_)) {
            self.lost(now, Lost::Wanted, None);
        }
    }

    // --- what the server says ---

    pub(super) fn replied(&mut self, now: Millis, request: u32, reply: &Reply) -> ControlFlow<()> {
        let Reply { code, meaning, retry_after_ms } = *reply;
        match self.requests.replied(now, request, Verdict { code, meaning, retry_after_ms }) {
            Answer::Over(wish, outcome) => self.answered(request, wish, outcome, Receipt::default()),
            Answer::Again => {}
            Answer::Elsewhere => return self.told_away(now, code),
        }
        ControlFlow::Continue(())
    }

    pub(super) fn deed_replied(&mut self, now: Millis, request: u32, reply: DeedReply) -> ControlFlow<()> {
        let DeedReply { code, meaning, retry_after_ms, gained, lost, made } = reply;
        let receipt = Receipt { gained, lost, made };
        match self.requests.replied(now, request, Verdict { code, meaning, retry_after_ms }) {
            Answer::Over(Some(wish), outcome) => self.answered(request, Some(wish), outcome, receipt),
            Answer::Over(None, outcome) => self.nobodys(request, outcome, receipt),
            Answer::Again => {}
            Answer::Elsewhere => return self.told_away(now, code),
        }
        ControlFlow::Continue(())
    }

    fn told_away(&mut self, now: Millis, code: u16) -> ControlFlow<()> {
        self.lost(now, Lost::Told(code), None);
        ControlFlow::Break(())
    }

    /// A deed for which nobody waits has ended.
    fn nobodys(&mut self, request: u32, outcome: Outcome, receipt: Receipt) {
        self.event(Event::Performed(Box::new(Performed { request, deed: None, outcome, receipt })));
    }

    fn answered(&mut self, request: u32, wish: Option<Wish>, outcome: Outcome, receipt: Receipt) {
        let event = match wish {
            Some(Wish::Deed(deed)) => {
                Event::Performed(Box::new(Performed { request, deed: Some(deed), outcome, receipt }))
            }
            Some(Wish::Dress(tint)) => Event::Replied { request, asked: Asked::Dress(tint), outcome },
            None => Event::Replied { request, asked: Asked::Other, outcome },
        };
        self.event(event);
    }

    pub(super) fn bag_came(&mut self, bag: Bag) {
        if self.things.bag_came(bag) {
            self.event(Event::BagChanged);
        }
    }

    pub(super) fn page(&mut self, page: Page) -> Result<(), WireError> {
        let Session::Playing(play) = &mut self.session else { return Ok(()) };
        let View::Full(picture) = &mut play.view else { return Ok(()) };
        let chunk = Chunk::new(page.cx, page.cy);
        self.counts.pages += 1;
        if page.island == play.welcome.island && picture.page(page)? {
            self.effects.push_back(ClientEffect::Event(Event::PageChanged { chunk }));
        } else {
            self.counts.stale += 1;
        }
        Ok(())
    }

    pub(super) fn offered(&mut self, offered: Offered) {
        self.event(Event::Offered(Box::new(offered)));
    }

    pub(super) fn agreed(&mut self, Agreed { by, gives, takes }: Agreed) {
        self.event(Event::Agreed { by: EntityId(by), offer: Box::new(Offer { to: by, gives, takes }) });
    }
}
