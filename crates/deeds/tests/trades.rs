//! Gifts and trades between two.

use deeds::Spent;
use deeds::commands::{GiveArgs, TradeArgs};
use protocol::Code;

use crate::fixture::{Person, World, agreed};

/// The request that the other agrees to.
const REQUEST: u32 = 7;

fn terms() -> TradeArgs {
    TradeArgs { with: 2, gives: vec![("wood".into(), 5)], takes: vec![("stone".into(), 2)] }
}

fn two() -> (World, Person, Person) {
    let (mut world, ada, bob) = (World::new(), Person::new("ada", 1), Person::new("bob", 2));
    world.request = REQUEST;
    world.endow(&ada, &[("wood", 10)]);
    world.endow(&bob, &[("stone", 3)]);
    (world, ada, bob)
}

#[test]
fn a_trade_moves_both_ways_or_not_at_all() {
    let (mut world, ada, bob) = two();
    let ada = ada.with(&bob, agreed(1, REQUEST, terms()));
    let done = world.act(&ada, "trade", &terms()).expect("agreed");
    assert_eq!(done.changes.len(), 2);
    assert_eq!((world.held(&ada, "wood"), world.held(&ada, "stone")), (5, 2));
    assert_eq!((world.held(&bob, "wood"), world.held(&bob, "stone")), (5, 1));
    assert_eq!(world.act(&ada, "trade", &terms()), Err(Code::PartnerLacks));
    assert_eq!((world.held(&ada, "wood"), world.held(&bob, "wood")), (5, 5));
}

#[test]
fn nobody_trades_on_terms_that_the_other_did_not_agree_to() {
    let (mut world, ada, bob) = two();
    let with = |consent| ada.clone_with(&bob, consent);
    let dearer = TradeArgs { takes: vec![("stone".into(), 3)], ..terms() };
    let for_less = TradeArgs { gives: vec![("wood".into(), 4)], ..terms() };
    let turned = TradeArgs { with: 2, gives: terms().takes, takes: terms().gives };
    let split = TradeArgs { gives: vec![("wood".into(), 4), ("wood".into(), 1)], ..terms() };
    let nothing = TradeArgs { with: 2, gives: vec![], takes: vec![] };
    let too_many = TradeArgs { gives: vec![("wood".into(), 1), ("wood".into(), u32::MAX)], ..terms() };
    let ok = || agreed(1, REQUEST, terms());
    let table = [
        ("no consent", with(None), terms(), Code::NoConsent),
        ("it costs the other more", with(ok()), dearer.clone(), Code::NoConsent),
        ("it gives the other less", with(ok()), for_less, Code::NoConsent),
        ("the other way round", with(ok()), turned, Code::NoConsent),
        ("agreed with another", with(agreed(9, REQUEST, terms())), terms(), Code::NoConsent),
        ("agreed to the request before", with(agreed(1, REQUEST - 1, terms())), terms(), Code::NoConsent),
        ("the same items in another form", with(ok()), split, Code::AmountInvalid),
        ("nobody there", Person::new("ada", 1), terms(), Code::PartnerAway),
        ("with oneself", with(ok()), TradeArgs { with: 1, ..terms() }, Code::PartnerInvalid),
        ("somebody else stands there", with(ok()), TradeArgs { with: 3, ..terms() }, Code::PartnerAway),
        ("nothing for nothing", with(agreed(1, REQUEST, nothing.clone())), nothing, Code::AmountInvalid),
        ("a sum that overflows", with(agreed(1, REQUEST, too_many.clone())), too_many, Code::AmountInvalid),
    ];
    for (what, who, args, code) in table {
        assert_eq!(world.act(&who, "trade", &args), Err(code), "{what}");
    }
    let away = Person::new("bob", 2).at(3000, 3000);
    assert_eq!(world.act(&ada.clone_with(&away, ok()), "trade", &terms()), Err(Code::OutOfRange));
    assert_eq!((world.held(&ada, "wood"), world.held(&bob, "stone")), (10, 3));
}

/// A thief has the consent to one trade and asks for it twice. The first is done; what a client can ask for is the same
/// request again, which the commit protocol answers from memory, or another one, which nobody agreed to.
#[test]
fn a_consent_is_good_for_one_trade() {
    let (mut world, ada, bob) = two();
    world.endow(&bob, &[("stone", 10)]);
    let ada = ada.with(&bob, agreed(1, REQUEST, terms()));
    world.act(&ada, "trade", &terms()).expect("agreed");
    world.request = REQUEST + 1;
    assert_eq!(world.act(&ada, "trade", &terms()), Err(Code::NoConsent));
    assert_eq!((world.held(&ada, "stone"), world.held(&bob, "stone")), (2, 11));
}

#[test]
fn nothing_is_given_to_a_name_that_has_no_document() {
    let (mut world, ada, _) = two();
    let ada = ada.with(&Person::new("nobody", 3), None);
    let give = GiveArgs { to: 3, item: "wood".into(), amount: 1 };
    assert_eq!(world.act(&ada, "give", &give), Err(Code::PartnerAway));
    assert_eq!(world.held(&ada, "wood"), 10);
}

#[test]
fn a_gift_needs_room_at_the_other_end() {
    let (mut world, ada, bob) = two();
    let give = |amount| GiveArgs { to: 2, item: "wood".into(), amount };
    let ada = ada.with(&bob, None);
    world.act(&ada, "give", &give(4)).expect("has ten");
    assert_eq!(world.act(&ada, "give", &give(7)), Err(Code::NotEnough));
    world.endow(&bob, &[("axe", 18)]);
    assert_eq!(world.act(&ada, "give", &give(1)).err(), None, "into the stack that is there");
    world.endow(&bob, &[("wood", 35)]);
    assert_eq!(world.act(&ada, "give", &give(1)), Err(Code::PartnerBagFull));
    assert_eq!(world.held(&ada, "wood"), 5);
}

trait CloneWith {
    fn clone_with(&self, other: &Person, agreed: Option<Spent>) -> Person;
}

impl CloneWith for Person {
    fn clone_with(&self, other: &Person, agreed: Option<Spent>) -> Person {
        Person { actor: self.actor.clone(), partner: None }.with(other, agreed)
    }
}
