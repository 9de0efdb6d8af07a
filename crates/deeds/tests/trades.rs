//! Gifts and trades between two.

use deeds::commands::{GiveArgs, TradeArgs};
use protocol::Code;
use world::EntityId;

use crate::fixture::{Person, World};

fn terms() -> TradeArgs {
    TradeArgs { with: 2, gives: vec![("wood".into(), 5)], takes: vec![("stone".into(), 2)] }
}

fn two() -> (World, Person, Person) {
    let (mut world, ada, bob) = (World::new(), Person::new("ada", 1), Person::new("bob", 2));
    world.endow(&ada, &[("wood", 10)]);
    world.endow(&bob, &[("stone", 3)]);
    (world, ada, bob)
}

#[test]
fn a_trade_moves_both_ways_or_not_at_all() {
    let (mut world, ada, bob) = two();
    let ada = ada.with(&bob, Some(terms().terms(EntityId(1))));
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
    let agreed = terms().terms(EntityId(1));
    let dearer = TradeArgs { takes: vec![("stone".into(), 3)], ..terms() };
    let table = [
        ("no consent", ada.clone_with(&bob, None), terms(), Code::NoConsent),
        ("other terms", ada.clone_with(&bob, Some(agreed)), dearer.clone(), Code::NoConsent),
        ("agreed with another", ada.clone_with(&bob, Some(terms().terms(EntityId(9)))), terms(), Code::NoConsent),
        ("nobody there", Person::new("ada", 1), terms(), Code::PartnerAway),
        ("with oneself", ada.clone_with(&bob, Some(agreed)), TradeArgs { with: 1, ..terms() }, Code::PartnerInvalid),
        (
            "nothing for nothing",
            ada.clone_with(&bob, Some(agreed)),
            TradeArgs { with: 2, gives: vec![], takes: vec![] },
            Code::AmountInvalid,
        ),
        (
            "a sum that overflows",
            ada.clone_with(&bob, Some(agreed)),
            TradeArgs { gives: vec![("wood".into(), 1), ("wood".into(), u32::MAX)], ..terms() },
            Code::AmountInvalid,
        ),
    ];
    for (what, who, args, code) in table {
        assert_eq!(world.act(&who, "trade", &args), Err(code), "{what}");
    }
    let away = Person::new("bob", 2).at(3000, 3000);
    assert_eq!(world.act(&ada.clone_with(&away, Some(agreed)), "trade", &terms()), Err(Code::OutOfRange));
    assert_eq!((world.held(&ada, "wood"), world.held(&bob, "stone")), (10, 3));
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
    fn clone_with(&self, other: &Person, agreed: Option<u64>) -> Person;
}

impl CloneWith for Person {
    fn clone_with(&self, other: &Person, agreed: Option<u64>) -> Person {
        Person { actor: self.actor.clone(), partner: None }.with(other, agreed)
    }
}
