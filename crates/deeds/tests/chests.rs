//! Building, chests, dismantling.

use deeds::commands::{BuildArgs, ChestArgs, TraceArgs};
use protocol::Code;

use crate::fixture::{Person, World};

fn chest(x: i32, y: i32) -> BuildArgs {
    BuildArgs { building: "chest".into(), x, y }
}

fn with(trace: u32, item: &str, amount: u32) -> ChestArgs {
    ChestArgs { at: TraceArgs { cx: 0, cy: 0, trace }, item: item.into(), amount }
}

fn with_chest() -> (World, Person, u32) {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.endow(&ada, &[("wood", 20), ("rope", 2), ("stone", 3)]);
    let done = world.act(&ada, "build", &chest(1050, 1050)).expect("there is room");
    world.wait(60_000);
    let trace = done.receipt.trace.expect("a chest").0;
    (world, ada, trace)
}

#[test]
fn a_chest_keeps_what_is_put_in() {
    let (mut world, ada, trace) = with_chest();
    assert_eq!((world.held(&ada, "wood"), world.held(&ada, "rope")), (12, 1));
    world.act(&ada, "put-in", &with(trace, "stone", 3)).expect("has three");
    assert_eq!(world.act(&ada, "put-in", &with(trace, "stone", 1)), Err(Code::NotEnough));
    assert_eq!(world.act(&ada, "take-out", &with(trace, "stone", 4)), Err(Code::Stale));
    world.act(&ada, "take-out", &with(trace, "stone", 2)).expect("three are in it");
    assert_eq!(world.held(&ada, "stone"), 2);
}

#[test]
fn a_chest_on_open_land_is_its_builders() {
    let (mut world, _, trace) = with_chest();
    let bob = Person::new("bob", 2);
    assert_eq!(world.act(&bob, "take-out", &with(trace, "stone", 1)), Err(Code::NotYours));
    assert_eq!(world.act(&bob, "dismantle", &TraceArgs { cx: 0, cy: 0, trace }), Err(Code::NotYours));
}

#[test]
fn a_full_chest_takes_nothing() {
    let (mut world, ada, trace) = with_chest();
    world.endow(&ada, &[("iron-ore", 200)]);
    assert_eq!(world.act(&ada, "put-in", &with(trace, "iron-ore", 143)), Err(Code::ChestFull), "200 kg");
    world.act(&ada, "put-in", &with(trace, "iron-ore", 142)).expect("198.8 kg");
}

#[test]
fn dismantling_gives_a_part_back_and_needs_an_empty_chest() {
    let (mut world, ada, trace) = with_chest();
    let at = TraceArgs { cx: 0, cy: 0, trace };
    world.act(&ada, "put-in", &with(trace, "stone", 1)).expect("has three");
    assert_eq!(world.act(&ada, "dismantle", &at), Err(Code::NotEmpty));
    world.act(&ada, "take-out", &with(trace, "stone", 1)).expect("one is in it");
    let done = world.act(&ada, "dismantle", &at).expect("empty");
    assert_eq!(done.receipt.gained, [("wood".into(), 6)], "three quarters of eight; of one rope nothing");
    world.wait(60_000);
    assert_eq!(world.act(&ada, "dismantle", &at), Err(Code::NothingThere));
}

#[test]
fn where_nothing_can_stand_nothing_is_built() {
    let (mut world, ada, _) = with_chest();
    let table = [
        ("beside another", chest(1050, 1130), Code::Occupied),
        ("out of reach", chest(1050, 2000), Code::OutOfRange),
        ("a building of nobody", BuildArgs { building: "palace".into(), x: 1010, y: 1010 }, Code::UnknownBuilding),
        ("too dear", BuildArgs { building: "wall".into(), x: 1010, y: 1200 }, Code::NotEnough),
    ];
    for (what, args, code) in table {
        assert_eq!(world.act(&ada, "build", &args), Err(code), "{what}");
    }
    let swimmer = Person::new("ada", 1).at(-10, 5);
    assert_eq!(world.act(&swimmer, "build", &chest(-5, 5)), Err(Code::PlaceInvalid));
    world.act(&ada, "build", &chest(1050, 1150)).expect("far enough");
}

#[test]
fn a_building_beyond_the_edge_is_in_the_way_too() {
    let mut world = World::new();
    let ada = Person::new("ada", 1).at(3590, 1000);
    world.endow(&ada, &[("wood", 20), ("rope", 2)]);
    world.act(&ada, "build", &chest(3595, 1000)).expect("there is room");
    world.wait(60_000);
    assert_eq!(world.act(&ada, "build", &chest(3605, 1000)), Err(Code::Occupied));
}

#[test]
fn what_falls_takes_with_it_what_lay_in_it() {
    let (mut world, ada, trace) = with_chest();
    world.act(&ada, "put-in", &with(trace, "stone", 3)).expect("has three");
    world.wait(1_209_600_000);
    assert_eq!(world.act(&ada, "take-out", &with(trace, "stone", 1)), Err(Code::NothingThere));
    world.endow(&ada, &[("rope", 1)]);
    world.act(&ada, "build", &chest(1050, 1050)).expect("the place is free");
    assert_eq!(world.page(crate::fixture::HOME).tally.gone.get(&"stone".into()), Some(&3));
}
