//! Crafting, eating, dropping and picking up.

use deeds::commands::{BuildArgs, CraftArgs, DropArgs, EatArgs, PickUpArgs, TraceArgs};
use protocol::Code;

use crate::fixture::{HOME, Person, World};

fn craft(recipe: &str, times: u32) -> CraftArgs {
    CraftArgs { recipe: recipe.into(), times, at: None }
}

#[test]
fn a_recipe_uses_up_and_makes() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.endow(&ada, &[("reed", 9)]);
    world.act(&ada, "craft", &craft("rope", 2)).expect("eight reeds");
    assert_eq!((world.held(&ada, "reed"), world.held(&ada, "rope")), (1, 2));
    world.wait(60_000);
    let table = [
        ("too little", craft("rope", 1), Code::NotEnough),
        ("a recipe of nobody", craft("gold", 1), Code::UnknownRecipe),
        ("never", craft("rope", 0), Code::AmountInvalid),
        ("more often than numbers reach", craft("rope", u32::MAX / 2), Code::AmountInvalid),
        ("a place that it needs", craft("stew", 1), Code::PlaceInvalid),
    ];
    for (what, args, code) in table {
        assert_eq!(world.act(&ada, "craft", &args), Err(code), "{what}");
    }
    assert_eq!((world.held(&ada, "reed"), world.held(&ada, "rope")), (1, 2));
}

#[test]
fn a_stew_is_made_at_a_fireplace_that_stands_there() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.endow(&ada, &[("stone", 4), ("wood", 2), ("mushroom", 6), ("berry", 5)]);
    let built =
        world.act(&ada, "build", &BuildArgs { building: "fireplace".into(), x: 1100, y: 1010 }).expect("there is room");
    let trace = built.receipt.trace.expect("something stands there").0;
    world.wait(60_000);
    let at = |trace| CraftArgs { recipe: "stew".into(), times: 1, at: Some(TraceArgs { cx: 0, cy: 0, trace }) };
    assert_eq!(world.act(&ada, "craft", &at(trace + 1)), Err(Code::NothingThere));
    let far = Person::new("ada", 1).at(1100, 2000);
    assert_eq!(world.act(&far, "craft", &at(trace)), Err(Code::OutOfRange));
    world.act(&ada, "craft", &at(trace)).expect("at the fire");
    world.wait(60_000);
    world.act(&ada, "eat", &EatArgs { item: "stew".into(), amount: 1 }).expect("a stew");
    assert_eq!(world.act(&ada, "eat", &EatArgs { item: "stew".into(), amount: 1 }), Err(Code::NotEnough));
    assert_eq!(world.act(&ada, "eat", &EatArgs { item: "wood".into(), amount: 1 }), Err(Code::NotFood));
    assert_eq!(world.act(&ada, "eat", &EatArgs { item: "gold".into(), amount: 1 }), Err(Code::UnknownItem));
    world.wait(86_400_000);
    assert_eq!(world.act(&ada, "craft", &at(trace)), Err(Code::NothingThere), "the fire has fallen");
}

#[test]
fn what_is_dropped_can_be_taken_up_by_anybody_once() {
    let (mut world, ada, bob) = (World::new(), Person::new("ada", 1), Person::new("bob", 2));
    world.endow(&ada, &[("wood", 5)]);
    let done = world.act(&ada, "drop", &DropArgs { item: "wood".into(), amount: 4 }).expect("has five");
    let trace = done.receipt.trace.expect("a pile").0;
    let take = |item: &str, amount| PickUpArgs { at: TraceArgs { cx: 0, cy: 0, trace }, item: item.into(), amount };
    assert_eq!(world.act(&bob, "pick-up", &take("stone", 1)), Err(Code::Stale), "it is something else");
    assert_eq!(world.act(&bob, "pick-up", &take("wood", 5)), Err(Code::Stale), "there are fewer");
    world.act(&bob, "pick-up", &take("wood", 3)).expect("three of four");
    world.act(&ada, "pick-up", &take("wood", 1)).expect("the last");
    assert_eq!(world.act(&ada, "pick-up", &take("wood", 1)), Err(Code::NothingThere));
    assert_eq!((world.held(&ada, "wood"), world.held(&bob, "wood")), (2, 3));
}

#[test]
fn a_pile_decays_and_is_written_off() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.endow(&ada, &[("wood", 5)]);
    world.act(&ada, "drop", &DropArgs { item: "wood".into(), amount: 4 }).expect("has five");
    world.wait(1_800_000);
    world.act(&ada, "drop", &DropArgs { item: "wood".into(), amount: 1 }).expect("has one");
    let page = world.page(HOME);
    assert_eq!(page.traces.len(), 1);
    assert_eq!(page.tally.gone.get(&"wood".into()), Some(&4));
}

#[test]
fn fields_that_this_build_does_not_know_survive_a_deed() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.write(deeds::avatar_key("ada"), &serde_json::json!({ "epoch": 7, "of_the_future": [1, 2] }));
    world.endow(&ada, &[("wood", 5)]);
    world.act(&ada, "drop", &DropArgs { item: "wood".into(), amount: 1 }).expect("has five");
    let fields: serde_json::Value = world.read(&deeds::avatar_key("ada")).expect("there");
    assert_eq!((&fields["epoch"], &fields["of_the_future"]), (&7.into(), &serde_json::json!([1, 2])));
}
