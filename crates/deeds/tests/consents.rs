//! What was offered to an avatar, and what was promised to one that offered.

use deeds::commands::TradeArgs;
use deeds::{Bargain, CONSENT_MS, Consent, OFFER_MS, OFFERS, Offers, PROMISES, Promises, Spent};
use protocol::Code;
use world::{EntityId, Epoch, Millis};

/// Ada offers, bob is offered to.
const ADA: EntityId = EntityId(1);
const BOB: EntityId = EntityId(2);
const NOW: Millis = Millis(1_800_000_000_000);

fn terms(with: EntityId, stones: u32) -> TradeArgs {
    TradeArgs { with: with.0, gives: vec![("wood".into(), 5)], takes: vec![("stone".into(), stones)] }
}

fn bargain(actor: u64, stones: u32) -> Bargain {
    Bargain { actor: EntityId(actor), terms: terms(BOB, stones) }
}

fn consent(stones: u32) -> Consent {
    Consent { bargain: bargain(ADA.0, stones), epoch: Epoch(3) }
}

fn to_bob() -> Offers {
    Offers::new(BOB, Epoch(3))
}

#[test]
fn an_offer_is_agreed_to_once() {
    let mut offers = to_bob();
    let offer = offers.offer(NOW, bargain(ADA.0, 2)).expect("room");
    assert_eq!(offers.agree(NOW, offer), Ok(consent(2)));
    assert_eq!(offers.agree(NOW, offer), Err(Code::Stale), "who agrees twice agrees to one trade");
}

/// A swindler changes the offer in the moment in which the other agrees.
#[test]
fn an_offer_that_was_replaced_cannot_be_agreed_to() {
    let mut offers = to_bob();
    let fair = offers.offer(NOW, bargain(ADA.0, 2)).expect("room");
    let dear = offers.offer(NOW, bargain(ADA.0, 200)).expect("in the place of the first");
    assert_eq!(offers.agree(NOW, fair), Err(Code::Stale));
    assert_eq!(offers.agree(NOW, dear), Ok(consent(200)), "what was shown last");
    let third = offers.offer(NOW, bargain(ADA.0, 2)).expect("room");
    offers.decline(third);
    assert_eq!(offers.agree(NOW, third), Err(Code::Stale));
}

#[test]
fn offers_end() {
    let mut offers = to_bob();
    let late = offers.offer(NOW, bargain(ADA.0, 2)).expect("room");
    assert_eq!(offers.next_wakeup().map(|(at, _)| at), Some(NOW + OFFER_MS));
    assert_eq!(offers.agree(NOW + OFFER_MS, late), Err(Code::Stale));
    let in_time = offers.offer(NOW, bargain(ADA.0, 2)).expect("room");
    offers.agree(NOW + (OFFER_MS - 1), in_time).expect("in time");
    let over = offers.offer(NOW, bargain(ADA.0, 2)).expect("room");
    assert_eq!(offers.expire(NOW + OFFER_MS), [over]);
    assert_eq!(offers.next_wakeup(), None);
}

#[test]
fn nobody_fills_the_screen_or_offers_for_others() {
    let mut offers = to_bob();
    let to_another = Bargain { terms: terms(EntityId(9), 2), ..bargain(ADA.0, 2) };
    assert_eq!(offers.offer(NOW, to_another), Err(Code::PartnerInvalid));
    assert_eq!(offers.offer(NOW, bargain(BOB.0, 2)), Err(Code::PartnerInvalid), "to oneself");
    for actor in 0..OFFERS as u64 {
        offers.offer(NOW, bargain(10 + actor, 2)).expect("room");
    }
    assert_eq!(offers.offer(NOW, bargain(ADA.0, 2)), Err(Code::TooManyRequests));
    offers.offer(NOW, bargain(10, 3)).expect("in the place of one's own");
    offers.offer(NOW + OFFER_MS, bargain(ADA.0, 2)).expect("the others are over");
}

#[test]
fn a_promise_is_spent_on_one_request() {
    let mut promises = Promises::new(ADA);
    assert_eq!(promises.spend(NOW, 7, &terms(BOB, 2)), None, "nobody promised");
    promises.take(NOW, consent(2)).expect("to ada");
    for (what, request, terms, spent) in [
        ("dearer", 7, terms(BOB, 3), false),
        ("with somebody else", 7, terms(EntityId(3), 2), false),
        ("what was promised", 7, terms(BOB, 2), true),
        ("the same request again", 7, terms(BOB, 2), true),
        ("a second trade", 8, terms(BOB, 2), false),
    ] {
        let expected = spent.then(|| Spent { consent: consent(2), request });
        assert_eq!(promises.spend(NOW, request, &terms), expected, "{what}");
    }
    promises.take(NOW, consent(2)).expect("bob agreed once more");
    assert!(promises.spend(NOW, 8, &terms(BOB, 2)).is_some());
}

#[test]
fn promises_end_and_are_of_those_who_were_asked() {
    let mut promises = Promises::new(ADA);
    let foreign = Consent { bargain: bargain(9, 2), epoch: Epoch(3) };
    assert_eq!(promises.take(NOW, foreign), Err(Code::PartnerInvalid));
    promises.take(NOW, consent(2)).expect("to ada");
    assert_eq!(promises.spend(NOW + CONSENT_MS, 7, &terms(BOB, 2)), None, "too late");
    for with in 0..=PROMISES as u64 {
        let bargain = Bargain { actor: ADA, terms: terms(EntityId(10 + with), 2) };
        promises.take(NOW + with, Consent { bargain, epoch: Epoch(1) }).expect("to ada");
    }
    assert_eq!(promises.spend(NOW + 20, 8, &terms(EntityId(10), 2)), None, "the oldest of too many went");
    assert!(promises.spend(NOW + 20, 9, &terms(EntityId(11), 2)).is_some());
}
