//! How two come to agree on a trade: what is offered to an avatar, what it agreed to, and for how long that holds.
//!
//! It moves no item: that is the deed `trade`, which the one who offered asks for. [`Consents`] is what the authority of
//! an avatar keeps of offers *to* it, in memory: what is lost with a node was never agreed to.
//!
//! Invariant: a consent names one request of one avatar and every item of it, and a request is carried out at most
//! once. So a consent is used at most once, and for nothing else. Nothing is compared by a digest.

use std::collections::BTreeMap;

use protocol::Code;
use world::{EntityId, Epoch, Millis};

use crate::commands::TradeArgs;

/// Offers to one avatar that are shown at the same time, at most one of each who offers. More are refused: nobody reads
/// more at once, and a stranger must not be able to fill a screen.
pub const OFFERS: usize = 4;
/// Milliseconds for which an offer can be agreed to. As long as two people need to look at each other's goods.
pub const OFFER_MS: u64 = 30_000;
/// Milliseconds for which an agreement holds. Longer than a deed may take ([`store::commit::terms::DEED_MS`]) with a
/// client that has to come back in between.
pub const CONSENT_MS: u64 = 30_000;

/// A trade: who will ask for it, as which request, and what is exchanged with whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bargain {
    /// Who offers, and will ask for the deed.
    pub actor: EntityId,
    /// The number of the request that will be asked for.
    pub request: u32,
    /// With whom, and what for what.
    pub terms: TradeArgs,
}

/// A session's word that it agrees to a bargain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// To what.
    pub bargain: Bargain,
    /// The epoch of the session that agreed. With the session ends its word.
    pub epoch: Epoch,
}

/// What was offered to one session of an avatar, and what it agreed to.
#[derive(Clone, Debug)]
pub struct Consents {
    me: EntityId,
    epoch: Epoch,
    last: u64,
    offers: BTreeMap<u64, Open>,
}

#[derive(Clone, Debug)]
struct Open {
    bargain: Bargain,
    agreed: bool,
    until: Millis,
}

impl Consents {
    /// Those of a session that nobody has offered anything yet.
    #[must_use]
    pub fn new(me: EntityId, epoch: Epoch) -> Self {
        Self { me, epoch, last: 0, offers: BTreeMap::new() }
    }

    /// Somebody offers. The number under which the offer is shown is never used again; an earlier offer of the same
    /// avatar is void, also if it was agreed to.
    ///
    /// # Errors
    /// `partner_invalid` for an offer to somebody else or of one's own, `too_many_requests` when [`OFFERS`] stand.
    pub fn offer(&mut self, now: Millis, bargain: Bargain) -> Result<u64, Code> {
        if bargain.terms.with != self.me.0 || bargain.actor == self.me {
            return Err(Code::PartnerInvalid);
        }
        self.expire(now);
        self.offers.retain(|_, open| open.bargain.actor != bargain.actor);
        if self.offers.len() >= OFFERS {
            return Err(Code::TooManyRequests);
        }
        self.last += 1;
        self.offers.insert(self.last, Open { bargain, agreed: false, until: now + OFFER_MS });
        Ok(self.last)
    }

    /// The client agrees to what was shown under a number. Twice is as once.
    ///
    /// # Errors
    /// `stale` when the offer was replaced, taken back, or is too old.
    pub fn agree(&mut self, now: Millis, number: u64) -> Result<Consent, Code> {
        self.expire(now);
        let open = self.offers.get_mut(&number).ok_or(Code::Stale)?;
        if !open.agreed {
            (open.agreed, open.until) = (true, now + CONSENT_MS);
        }
        Ok(Consent { bargain: open.bargain.clone(), epoch: self.epoch })
    }

    /// The client does not want it, or not any more. A deed that is under way may still be done.
    pub fn decline(&mut self, number: u64) {
        self.offers.remove(&number);
    }

    /// What was agreed with an avatar for one of its requests.
    #[must_use]
    pub fn given(&self, now: Millis, actor: EntityId, request: u32) -> Option<Consent> {
        let agreed = |open: &&Open| open.agreed && now < open.until;
        let mut agreed = self.offers.values().filter(agreed);
        let open = agreed.find(|open| open.bargain.actor == actor && open.bargain.request == request)?;
        Some(Consent { bargain: open.bargain.clone(), epoch: self.epoch })
    }

    /// When the next of them is over.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, &'static str)> {
        self.offers.values().map(|open| (open.until, "an offer to trade is over")).min()
    }

    /// Lets go of what is over. The numbers of those, for the client to take off its screen.
    pub fn expire(&mut self, now: Millis) -> Vec<u64> {
        let over: Vec<u64> = self.offers.iter().filter(|(_, open)| open.until <= now).map(|(n, _)| *n).collect();
        over.iter().for_each(|number| drop(self.offers.remove(number)));
        over
    }
}
