//! How two come to agree on a trade: what is offered to an avatar, what others promised it, and for how long that holds.
//!
//! It moves no item: that is the deed `trade`, which the one who offered asks for. [`Offers`] is what the authority of an
//! avatar keeps of offers *to* it, [`Promises`] what the authority of the one who offered keeps of the answers. Both are in
//! memory and belong to one session: what is lost with a node was never agreed to.
//!
//! Invariant: a consent names every item, is given once, and is spent on one request of the one who offered. A request is
//! carried out at most once, so a consent is too. Nothing is compared by a digest.

use std::collections::BTreeMap;

use protocol::Code;
use world::{EntityId, Epoch, Millis};

use crate::commands::TradeArgs;

/// Offers to one avatar that are shown at the same time, at most one of each who offers. More are refused: nobody reads
/// more at once, and a stranger must not be able to fill a screen.
pub const OFFERS: usize = 4;
/// Milliseconds for which an offer can be agreed to. As long as two people need to look at each other's goods.
pub const OFFER_MS: u64 = 30_000;
/// Milliseconds for which a promise holds. Longer than a deed may take ([`store::commit::terms::DEED_MS`]).
pub const CONSENT_MS: u64 = 30_000;
/// Promises to one avatar that stand at the same time, at most one of each partner. The oldest goes.
pub const PROMISES: usize = 8;

/// A trade as both see it: who offers it and will ask for the deed, with whom, and what for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bargain {
    /// Who offers.
    pub actor: EntityId,
    /// With whom, and what for what.
    pub terms: TradeArgs,
}

/// A session's word that it agrees to a bargain once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// To what.
    pub bargain: Bargain,
    /// The epoch of the session that agreed. With the session ends its word.
    pub epoch: Epoch,
}

/// A consent that is spent on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The consent.
    pub consent: Consent,
    /// The request.
    pub request: u32,
}

/// What was offered to one session of an avatar.
#[derive(Clone, Debug)]
pub struct Offers {
    me: EntityId,
    epoch: Epoch,
    last: u64,
    standing: BTreeMap<u64, (Bargain, Millis)>,
}

impl Offers {
    /// Those to a session that nobody has offered anything yet.
    #[must_use]
    pub fn new(me: EntityId, epoch: Epoch) -> Self {
        Self { me, epoch, last: 0, standing: BTreeMap::new() }
    }

    /// Somebody offers. The number under which the offer is shown is never used again; an earlier offer of the same
    /// avatar is void.
    ///
    /// # Errors
    /// `partner_invalid` for an offer to somebody else or of one's own, `too_many_requests` when [`OFFERS`] stand.
    pub fn offer(&mut self, now: Millis, bargain: Bargain) -> Result<u64, Code> {
        if bargain.terms.with != self.me.0 || bargain.actor == self.me {
            return Err(Code::PartnerInvalid);
        }
        self.expire(now);
        self.standing.retain(|_, (other, _)| other.actor != bargain.actor);
        if self.standing.len() >= OFFERS {
            return Err(Code::TooManyRequests);
        }
        self.last += 1;
        self.standing.insert(self.last, (bargain, now + OFFER_MS));
        Ok(self.last)
    }

    /// The client agrees to what was shown under a number. The consent goes to the authority of the one who offered; it
    /// is given once.
    ///
    /// # Errors
    /// `stale` when the offer was replaced, agreed to, declined, or is too old.
    pub fn agree(&mut self, now: Millis, number: u64) -> Result<Consent, Code> {
        self.expire(now);
        let (bargain, _) = self.standing.remove(&number).ok_or(Code::Stale)?;
        Ok(Consent { bargain, epoch: self.epoch })
    }

    /// The client does not want it.
    pub fn decline(&mut self, number: u64) {
        self.standing.remove(&number);
    }

    /// When the next of them is over.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, &'static str)> {
        self.standing.values().map(|(_, until)| (*until, "an offer to trade is over")).min()
    }

    /// Lets go of what is over. The numbers of those, for the client to take off its screen.
    pub fn expire(&mut self, now: Millis) -> Vec<u64> {
        let over: Vec<u64> = self.standing.iter().filter(|(_, (_, until))| *until <= now).map(|(n, _)| *n).collect();
        over.iter().for_each(|number| drop(self.standing.remove(number)));
        over
    }
}

/// What others promised to one session of an avatar, by the other's entity.
#[derive(Clone, Debug)]
pub struct Promises {
    me: EntityId,
    held: BTreeMap<u64, Held>,
}

#[derive(Clone, Debug)]
struct Held {
    consent: Consent,
    until: Millis,
    /// The request on which it is spent.
    request: Option<u32>,
}

impl Promises {
    /// Those to a session that nobody has promised anything yet.
    #[must_use]
    pub fn new(me: EntityId) -> Self {
        Self { me, held: BTreeMap::new() }
    }

    /// The authority of the other says that its client agreed. An earlier promise of the same avatar is void.
    ///
    /// # Errors
    /// `partner_invalid` for a promise to somebody else.
    pub fn take(&mut self, now: Millis, consent: Consent) -> Result<(), Code> {
        let with = consent.bargain.terms.with;
        if consent.bargain.actor != self.me || with == self.me.0 {
            return Err(Code::PartnerInvalid);
        }
        self.held.insert(with, Held { consent, until: now + CONSENT_MS, request: None });
        self.held.retain(|_, held| now < held.until);
        if self.held.len() > PROMISES {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.until).map(|(with, _)| *with);
            oldest.map(|with| self.held.remove(&with));
        }
        Ok(())
    }

    /// The client asks for a trade. The first request that asks for just these terms gets the promise, the same again if
    /// it is repeated; no other ever does.
    pub fn spend(&mut self, now: Millis, request: u32, terms: &TradeArgs) -> Option<Spent> {
        let held = self.held.get_mut(&terms.with).filter(|held| now < held.until)?;
        let fits = held.consent.bargain.terms == *terms && held.request.is_none_or(|spent| spent == request);
        fits.then(|| {
            held.request = Some(request);
            Spent { consent: held.consent.clone(), request }
        })
    }
}
