//! Offers and agreements of one session: what others offered, and who agreed to what was offered here.
//!
//! Both are words that are forgotten after half a minute; nothing is stored. What makes a trade sound is the deed, which
//! reads the other's document at the epoch of the session that agreed.

use std::collections::BTreeMap;

use protocol::limits::OFFER_MS;
use world::{EntityId, Epoch, Millis};

/// Offers, and agreements, that a session keeps. The oldest make room.
const KEPT: usize = 16;

/// Somebody's word that a trade may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// The account of who agreed.
    pub(crate) name: String,
    /// The epoch of the session in which.
    pub(crate) epoch: Epoch,
    /// Until when it holds.
    pub(crate) until: Millis,
}

/// The trades of one session that were spoken of. Keyed by the other and the digest of the terms.
#[derive(Debug, Default)]
pub(crate) struct Trades {
    offered: BTreeMap<(EntityId, u64), Millis>,
    agreed: BTreeMap<(EntityId, u64), Agreement>,
}

impl Trades {
    /// Somebody offers a trade.
    pub(crate) fn offered(&mut self, now: Millis, by: EntityId, terms: u64) {
        self.offered.retain(|_, until| *until > now);
        if self.offered.len() >= KEPT {
            let oldest = self.offered.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key);
            oldest.and_then(|key| self.offered.remove(&key));
        }
        self.offered.insert((by, terms), now + OFFER_MS);
    }

    /// The client agrees to an offer. `false`: there is none.
    pub(crate) fn agree(&mut self, now: Millis, by: EntityId, terms: u64) -> bool {
        self.offered.remove(&(by, terms)).is_some_and(|until| until > now)
    }

    /// Somebody agreed to what was offered here.
    pub(crate) fn agreed(&mut self, now: Millis, by: EntityId, terms: u64, agreement: Agreement) {
        self.agreed.retain(|_, agreement| agreement.until > now);
        if self.agreed.len() >= KEPT {
            let oldest = self.agreed.iter().min_by_key(|(_, agreement)| agreement.until).map(|(key, _)| *key);
            oldest.and_then(|key| self.agreed.remove(&key));
        }
        self.agreed.insert((by, terms), agreement);
    }

    /// Takes an agreement for one trade.
    pub(crate) fn take(&mut self, now: Millis, by: EntityId, terms: u64) -> Option<Agreement> {
        self.agreed.remove(&(by, terms)).filter(|agreement| agreement.until > now)
    }

    /// A trade was refused: the agreement still stands.
    pub(crate) fn give_back(&mut self, (by, terms): (EntityId, u64), agreement: Agreement) {
        self.agreed.insert((by, terms), agreement);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: EntityId = EntityId(1);

    fn word(until: u64) -> Agreement {
        Agreement { name: "anna".into(), epoch: Epoch(1), until: Millis(until) }
    }

    #[test]
    fn an_offer_is_agreed_to_once_and_in_time() {
        let mut trades = Trades::default();
        trades.offered(Millis(0), ANNA, 7);
        assert!(!trades.agree(Millis(1), ANNA, 8), "other terms");
        assert!(!trades.agree(Millis(1), EntityId(2), 7), "somebody else");
        assert!(trades.agree(Millis(OFFER_MS - 1), ANNA, 7));
        assert!(!trades.agree(Millis(OFFER_MS - 1), ANNA, 7), "twice");
        trades.offered(Millis(0), ANNA, 7);
        assert!(!trades.agree(Millis(OFFER_MS), ANNA, 7), "too late");
    }

    #[test]
    fn an_agreement_is_good_for_one_trade_and_in_time() {
        let mut trades = Trades::default();
        trades.agreed(Millis(0), ANNA, 7, word(100));
        let taken = trades.take(Millis(99), ANNA, 7).expect("it stands");
        assert_eq!(trades.take(Millis(99), ANNA, 7), None);
        trades.give_back((ANNA, 7), taken);
        assert_eq!(trades.take(Millis(100), ANNA, 7), None, "too late");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut trades = Trades::default();
        for n in 0..1_000 {
            trades.offered(Millis(n), ANNA, n);
            trades.agreed(Millis(n), ANNA, n, word(n + 10_000));
        }
        assert_eq!((trades.offered.len(), trades.agreed.len()), (KEPT, KEPT));
        assert!(trades.agree(Millis(1_000), ANNA, 999), "the newest stay");
    }
}
