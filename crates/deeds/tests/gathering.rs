//! Gathering: what nature gives, and how it heals.

use deeds::commands::GatherArgs;
use protocol::Code;

use crate::fixture::{BERRIES, HOME, IRON, OAK, Person, World};

fn gather(prop: u16, units: u32) -> GatherArgs {
    GatherArgs { cx: 0, cy: 0, prop, units }
}

#[test]
fn what_is_gathered_is_in_the_bag_and_missing_at_the_tree() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    let done = world.act(&ada, "gather", &gather(OAK, 3)).expect("three of twelve");
    assert_eq!(done.receipt.gained, [("wood".into(), 3)]);
    assert_eq!(world.held(&ada, "wood"), 3);
    assert_eq!(done.events.len(), 1, "everybody sees the tree");
    assert_eq!(world.page(HOME).traces.len(), 1);
}

#[test]
fn a_tree_gives_what_it_has_and_grows_back_unit_by_unit() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.act(&ada, "gather", &gather(OAK, 12)).expect("all of it");
    world.wait(60_000);
    assert_eq!(world.act(&ada, "gather", &gather(OAK, 1)), Err(Code::Exhausted));
    world.wait(540_000);
    world.act(&ada, "gather", &gather(OAK, 1)).expect("one has grown back");
    world.wait(599_000);
    assert_eq!(world.act(&ada, "gather", &gather(OAK, 1)), Err(Code::Exhausted));
    world.wait(1_000);
    world.act(&ada, "gather", &gather(OAK, 1)).expect("the next, exactly then");
}

#[test]
fn a_healed_trace_leaves_with_the_next_deed() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.act(&ada, "gather", &gather(OAK, 2)).expect("there is wood");
    world.wait(1_200_000);
    let done = world.act(&ada, "gather", &gather(BERRIES, 1)).expect("there are berries");
    assert_eq!(world.page(HOME).traces.len(), 1, "the tree is whole again");
    assert_eq!(done.events.len(), 2, "and everybody is told");
}

#[test]
fn a_clock_that_went_back_neither_grows_nor_shrinks_a_tree() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.act(&ada, "gather", &gather(OAK, 12)).expect("all of it");
    let bob = Person::new("bob", 2);
    world.now.0 -= 3_600_000;
    assert_eq!(world.act(&bob, "gather", &gather(OAK, 1)), Err(Code::Exhausted));
    world.now.0 += 3_600_000 + 600_000;
    world.act(&bob, "gather", &gather(OAK, 1)).expect("one has grown back");
}

#[test]
fn who_may_not_gather_is_told_why() {
    let mut world = World::new();
    let ada = || Person::new("ada", 1);
    let table = [
        ("a prop that is not there", ada(), gather(99, 1), Code::NothingThere),
        ("nothing", ada(), gather(OAK, 0), Code::AmountInvalid),
        ("minus one", ada(), gather(OAK, u32::MAX), Code::AmountInvalid),
        ("more than a tree has", ada(), gather(OAK, 13), Code::Exhausted),
        ("from afar", ada().at(3000, 3000), gather(OAK, 1), Code::OutOfRange),
        ("from the other end of the numbers", ada().at(i32::MIN, i32::MAX), gather(OAK, 1), Code::OutOfRange),
        ("ore without a pick", ada(), gather(IRON, 1), Code::NotEnough),
    ];
    for (what, who, args, code) in table {
        assert_eq!(world.act(&who, "gather", &args), Err(code), "{what}");
    }
    assert!(world.papers.0.is_empty(), "nothing was written");
    assert_eq!(world.act_bytes(&ada(), "gather", &[1, 2, 3]), Err(Code::BadMessage));
    assert_eq!(world.act_bytes(&ada(), "conjure", &[]), Err(Code::UnknownDeed));
}

#[test]
fn a_full_bag_takes_nothing() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.endow(&ada, &[("axe", 20)]);
    assert_eq!(world.act(&ada, "gather", &gather(OAK, 1)), Err(Code::BagFull), "20 stacks");
    let bob = Person::new("bob", 2);
    world.endow(&bob, &[("stone", 44)]);
    assert_eq!(world.act(&bob, "gather", &gather(OAK, 1)), Err(Code::BagFull), "39.6 kg and half a kilogram");
    assert!(world.page(HOME).traces.is_empty());
}

#[test]
fn hands_at_work_are_busy_and_the_starving_are_slow() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.act(&ada, "gather", &gather(OAK, 2)).expect("free hands");
    assert_eq!(world.act(&ada, "gather", &gather(OAK, 1)), Err(Code::Busy));
    world.wait(2_400);
    world.act(&ada, "gather", &gather(OAK, 1)).expect("free again");
    let mut own = world.belongings(&ada);
    own.energy = own.energy.fed(world.now, &world.tables.body, 0);
    world.write(deeds::avatar_key("ada"), &own);
    world.wait(26 * 3_600_000);
    world.act(&ada, "gather", &gather(OAK, 1)).expect("the hungry work too");
    world.wait(1_200);
    assert_eq!(world.act(&ada, "gather", &gather(OAK, 1)), Err(Code::Busy), "but half as fast");
}
