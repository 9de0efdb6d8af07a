//! What was offered to an avatar, and what it agreed to.

use deeds::commands::TradeArgs;
use deeds::{Bargain, CONSENT_MS, Consent, Consents, OFFER_MS, OFFERS};
use protocol::Code;
use world::{EntityId, Epoch, Millis};

const ME: EntityId = EntityId(2);
const NOW: Millis = Millis(1_800_000_000_000);

fn bargain(actor: u64, request: u32, stones: u32) -> Bargain {
    let terms = TradeArgs { with: ME.0, gives: vec![("wood".into(), 5)], takes: vec![("stone".into(), stones)] };
    Bargain { actor: EntityId(actor), request, terms }
}

fn nobody_offered() -> Consents {
    Consents::new(ME, Epoch(3))
}

#[test]
fn a_consent_is_to_one_request_of_one_avatar() {
    let mut mine = nobody_offered();
    let offer = mine.offer(NOW, bargain(1, 7, 2)).expect("room");
    assert_eq!(mine.given(NOW, EntityId(1), 7), None, "nobody agreed yet");
    let consent = Consent { bargain: bargain(1, 7, 2), epoch: Epoch(3) };
    assert_eq!(mine.agree(NOW, offer), Ok(consent.clone()));
    assert_eq!(mine.agree(NOW, offer), Ok(consent.clone()), "twice is as once");
    for (what, actor, request, given) in [
        ("the request that was agreed to", 1, 7, Some(consent)),
        ("the next request of the same", 1, 8, None),
        ("the same number of another", 4, 7, None),
    ] {
        assert_eq!(mine.given(NOW, EntityId(actor), request), given, "{what}");
    }
}

/// A swindler changes the offer in the moment in which the other agrees.
#[test]
fn an_offer_that_was_replaced_cannot_be_agreed_to() {
    let mut mine = nobody_offered();
    let fair = mine.offer(NOW, bargain(1, 7, 2)).expect("room");
    let dear = mine.offer(NOW, bargain(1, 7, 200)).expect("in the place of the first");
    assert_eq!(mine.agree(NOW, fair), Err(Code::Stale));
    assert_eq!(mine.given(NOW, EntityId(1), 7), None);
    mine.agree(NOW, dear).expect("what was shown last");
    let third = mine.offer(NOW, bargain(1, 9, 2)).expect("room");
    assert_eq!(mine.given(NOW, EntityId(1), 7), None, "a new offer ends the agreement to the one before");
    mine.decline(third);
    assert_eq!(mine.agree(NOW, third), Err(Code::Stale));
}

#[test]
fn offers_and_agreements_end() {
    let mut mine = nobody_offered();
    let offer = mine.offer(NOW, bargain(1, 7, 2)).expect("room");
    assert_eq!(mine.next_wakeup().map(|(at, _)| at), Some(NOW + OFFER_MS));
    assert_eq!(mine.agree(NOW + OFFER_MS, offer), Err(Code::Stale), "too late");
    let offer = mine.offer(NOW, bargain(1, 7, 2)).expect("room");
    let agreed = NOW + (OFFER_MS - 1);
    mine.agree(agreed, offer).expect("in time");
    assert!(mine.given(agreed + (CONSENT_MS - 1), EntityId(1), 7).is_some());
    assert_eq!(mine.given(agreed + CONSENT_MS, EntityId(1), 7), None);
    mine.agree(agreed + 1, offer).expect("again");
    assert_eq!(mine.given(agreed + CONSENT_MS, EntityId(1), 7), None, "to agree again makes it no longer");
    assert_eq!(mine.expire(agreed + CONSENT_MS), [offer]);
    assert_eq!(mine.next_wakeup(), None);
}

#[test]
fn nobody_fills_the_screen_or_offers_for_others() {
    let mut mine = nobody_offered();
    let to_another = Bargain { terms: TradeArgs { with: 9, ..bargain(1, 7, 2).terms }, ..bargain(1, 7, 2) };
    assert_eq!(mine.offer(NOW, to_another), Err(Code::PartnerInvalid));
    assert_eq!(mine.offer(NOW, bargain(ME.0, 7, 2)), Err(Code::PartnerInvalid), "to oneself");
    for actor in 0..OFFERS as u64 {
        mine.offer(NOW, bargain(10 + actor, 1, 2)).expect("room");
    }
    assert_eq!(mine.offer(NOW, bargain(1, 7, 2)), Err(Code::TooManyRequests));
    mine.offer(NOW, bargain(10, 2, 2)).expect("in the place of one's own");
    mine.offer(NOW + OFFER_MS, bargain(1, 7, 2)).expect("the others are over");
}
