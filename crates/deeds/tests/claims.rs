//! Land: who may do what, and for how long.

use deeds::commands::{BuildArgs, ChestArgs, ClaimArgs, GatherArgs, LandArgs, ShareArgs, TraceArgs, UpkeepArgs};
use deeds::{Land, LandId, PageKey, land_key};
use protocol::Code;
use world::{Chunk, EntityId};

use crate::fixture::{HOME, ISLAND, OAK, Person, World};

const PERIOD_MS: u64 = 604_800_000;

fn claim(chunks: &[(i16, i16)]) -> ClaimArgs {
    ClaimArgs { chunks: chunks.to_vec() }
}

fn gather() -> GatherArgs {
    GatherArgs { cx: 0, cy: 0, prop: OAK, units: 1 }
}

/// A world in which ada owns two chunks.
fn settled() -> (World, Person, Person, String) {
    let (mut world, ada, bob) = (World::new(), Person::new("ada", 1), Person::new("bob", 2));
    for who in [&ada, &bob] {
        world.endow(who, &[("stone", 24), ("wood", 20)]);
    }
    world.act(&ada, "claim", &claim(&[(0, 0), (1, 0)])).expect("free land");
    (world, ada, bob, LandId::new(EntityId(1), 0).0)
}

#[test]
fn rights_stand_in_every_page_that_a_parcel_covers() {
    let (world, ..) = settled();
    for chunk in [HOME, Chunk::new(1, 0)] {
        assert_eq!(world.page(chunk).rights.expect("claimed").owner, 1);
    }
    assert!(world.page(Chunk::new(0, 1)).rights.is_none());
}

#[test]
fn a_stranger_may_do_nothing_and_each_role_its_part() {
    let (mut world, ada, bob, land) = settled();
    let wall = BuildArgs { building: "wall".into(), x: 1010, y: 1010 };
    let share = |role| ShareArgs { land: land.clone(), with: 2, role };
    let tries = |world: &mut World| {
        world.wait(60_000);
        let gathered = world.act(&bob, "gather", &gather()).err();
        world.wait(60_000);
        let built = world.act(&bob, "build", &wall).err();
        let shared = world.act(&bob, "share", &ShareArgs { land: land.clone(), with: 3, role: 1 }).err();
        (gathered, built, shared)
    };
    let no = Some(Code::NotYours);
    assert_eq!(tries(&mut world), (no, no, no), "a stranger");
    world.act(&ada, "share", &share(1)).expect("the owner's");
    assert_eq!(tries(&mut world), (None, no, no), "a guest");
    world.act(&ada, "share", &share(2)).expect("the owner's");
    assert_eq!(tries(&mut world), (None, None, no), "a builder");
    world.act(&ada, "share", &share(3)).expect("the owner's");
    assert_eq!(tries(&mut world), (None, Some(Code::Occupied), None), "a steward");
    world.act(&ada, "share", &share(0)).expect("the owner's");
    assert_eq!(tries(&mut world), (no, no, no), "a stranger again");
}

#[test]
fn a_guest_uses_the_chest_of_the_house() {
    let (mut world, ada, bob, land) = settled();
    world.endow(&ada, &[("wood", 8), ("rope", 1)]);
    let chest = world.act(&ada, "build", &BuildArgs { building: "chest".into(), x: 1010, y: 1010 }).expect("own land");
    let trace = chest.receipt.trace.expect("a chest").0;
    let put = ChestArgs { at: TraceArgs { cx: 0, cy: 0, trace }, item: "wood".into(), amount: 1 };
    assert_eq!(world.act(&bob, "put-in", &put), Err(Code::NotYours));
    world.act(&ada, "share", &ShareArgs { land, with: 2, role: 1 }).expect("the owner's");
    world.act(&bob, "put-in", &put).expect("a guest");
}

#[test]
fn land_that_nobody_keeps_up_is_open_until_it_is_taken_up_or_claimed() {
    let (mut world, ada, bob, land) = settled();
    assert_eq!(world.act(&bob, "claim", &claim(&[(0, 0)])), Err(Code::LandTaken));
    world.wait(PERIOD_MS);
    world.act(&bob, "gather", &gather()).expect("open again");
    world.act(&ada, "upkeep", &UpkeepArgs { land: land.clone(), periods: 1 }).expect("still hers to take up");
    assert_eq!(world.act(&bob, "gather", &gather()), Err(Code::NotYours));
    world.wait(PERIOD_MS);
    world.act(&bob, "claim", &claim(&[(0, 0)])).expect("open again");
    assert_eq!(world.act(&ada, "upkeep", &UpkeepArgs { land: land.clone(), periods: 1 }), Err(Code::LandTaken));
    world.act(&ada, "share", &ShareArgs { land, with: 9, role: 3 }).expect("what is left of it");
    assert_eq!(world.page(HOME).rights.expect("claimed").owner, 2, "bob's page is bob's");
}

#[test]
fn what_stands_on_kept_land_does_not_fall() {
    let (mut world, ada, _, land) = settled();
    world.endow(&ada, &[("wood", 2)]);
    world.act(&ada, "build", &BuildArgs { building: "fireplace".into(), x: 1010, y: 1010 }).expect("own land");
    world.act(&ada, "upkeep", &UpkeepArgs { land, periods: 2 }).expect("paid");
    world.wait(2 * PERIOD_MS);
    world.act(&ada, "gather", &gather()).expect("own land");
    assert_eq!(world.page(HOME).built().count(), 1, "a day's fire stands after a fortnight");
    world.wait(PERIOD_MS);
    world.act(&ada, "gather", &gather()).expect("open land");
    assert_eq!(world.page(HOME).built().count(), 0);
}

#[test]
fn claims_that_cannot_be() {
    let (mut world, ada, bob, land) = settled();
    let table = [
        ("nothing", claim(&[]), Code::LandLimit),
        ("too much", claim(&[(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]), Code::LandLimit),
        ("in two pieces", claim(&[(0, 0), (2, 0)]), Code::PlaceInvalid),
        ("one twice", claim(&[(0, 0), (0, 0)]), Code::PlaceInvalid),
        ("corner to corner", claim(&[(0, 0), (1, 1)]), Code::PlaceInvalid),
        ("where one does not stand", claim(&[(5, 5)]), Code::OutOfRange),
        ("in the sea", claim(&[(0, 0), (-1, 0)]), Code::PlaceInvalid),
        ("somebody's", claim(&[(0, 0)]), Code::LandTaken),
    ];
    for (what, args, code) in table {
        assert_eq!(world.act(&bob, "claim", &args), Err(code), "{what}");
    }
    let elsewhere = Person::new("bob", 2).at(1000, 10_000);
    let poor = Person::new("eve", 3).at(1000, 10_000);
    assert_eq!(world.act(&poor, "claim", &claim(&[(0, 2)])), Err(Code::NotEnough));
    world.endow(&elsewhere, &[("stone", 10), ("wood", 20)]);
    world.act(&elsewhere, "claim", &claim(&[(0, 2)])).expect("the first");
    let next = Person::new("bob", 2).at(1000, 20_000);
    world.act(&next, "claim", &claim(&[(0, 5)])).expect("the second");
    let third = Person::new("bob", 2).at(1000, 30_000);
    assert_eq!(world.act(&third, "claim", &claim(&[(0, 8)])), Err(Code::LandLimit), "two parcels");
    assert_eq!(world.act(&bob, "abandon", &LandArgs { land: land.clone() }), Err(Code::NotYours));
    assert_eq!(
        world.act(&ada, "share", &ShareArgs { land: land.clone(), with: 1, role: 1 }),
        Err(Code::PartnerInvalid)
    );
    assert_eq!(world.act(&ada, "share", &ShareArgs { land: land.clone(), with: 2, role: 4 }), Err(Code::BadMessage));
    assert_eq!(world.act(&ada, "upkeep", &UpkeepArgs { land, periods: 9 }), Err(Code::LandLimit));
    assert_eq!(world.act(&ada, "abandon", &LandArgs { land: "nobodys".into() }), Err(Code::NothingThere));
}

#[test]
fn what_is_given_up_is_free_at_once_and_its_name_is_never_used_again() {
    let (mut world, ada, bob, land) = settled();
    world.act(&ada, "abandon", &LandArgs { land: land.clone() }).expect("hers");
    world.act(&bob, "claim", &claim(&[(0, 0)])).expect("free");
    world.endow(&ada, &[("stone", 5), ("wood", 10)]);
    let away = Person::new("ada", 1).at(1000, 10_000);
    world.act(&away, "claim", &claim(&[(0, 2)])).expect("another");
    let old: Land = world.read(&land_key(&LandId(land))).expect("it stays");
    assert!(old.chunks.is_empty());
    assert!(world.read::<Land>(&land_key(&LandId::new(EntityId(1), 1))).is_some());
}

#[test]
fn a_page_with_cells_has_the_same_rights_in_all_of_them() {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.endow(&ada, &[("flower", 200)]);
    for _ in 0..60 {
        world.act(&ada, "drop", &deeds::commands::DropArgs { item: "flower".into(), amount: 1 }).expect("room");
    }
    world.endow(&ada, &[("stone", 5), ("wood", 10)]);
    world.act(&ada, "claim", &claim(&[(0, 0)])).expect("free");
    let page = world.page(HOME);
    let keys: Vec<PageKey> = PageKey::page(ISLAND, HOME).all(&page).collect();
    assert_eq!(keys.len(), 2, "one cell");
    for key in keys {
        let page: deeds::Page = world.read(&key.key()).expect("written");
        assert_eq!(page.rights.expect("claimed").owner, 1);
    }
}
