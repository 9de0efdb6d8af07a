//! Pages that grow into cells.

use deeds::commands::{DropArgs, GatherArgs, PickUpArgs, TraceArgs};
use deeds::{CELL_TRACES, PAGE_TRACES, Page, PageKey};
use protocol::Code;
use world::Position;

use crate::fixture::{HOME, ISLAND, OAK, Person, World};

fn strewn(count: usize) -> (World, Person, Vec<u32>) {
    let (mut world, ada) = (World::new(), Person::new("ada", 1));
    world.endow(&ada, &[("flower", 1000)]);
    let mut drop = || world.act(&ada, "drop", &DropArgs { item: "flower".into(), amount: 1 });
    let traces = (0..count).map(|_| drop().expect("room").receipt.trace.expect("a pile").0).collect();
    (world, ada, traces)
}

#[test]
fn what_a_page_has_no_room_for_goes_into_a_cell() {
    let (mut world, ada, traces) = strewn(PAGE_TRACES + 10);
    let page = world.page(HOME);
    assert_eq!((page.traces.len(), page.cells.count_ones()), (PAGE_TRACES, 1));
    let key = PageKey::page(ISLAND, HOME).cell_at(Position::new(1010, 1010));
    let cell: Page = world.read(&key.key()).expect("made");
    assert_eq!(cell.traces.len(), 10);
    for trace in [traces[0], traces[PAGE_TRACES + 9]] {
        let at = TraceArgs { cx: 0, cy: 0, trace };
        world.act(&ada, "pick-up", &PickUpArgs { at, item: "flower".into(), amount: 1 }).expect("found by its id");
    }
}

#[test]
fn a_tree_is_noted_once_wherever_it_was_noted_first() {
    let (mut world, ada, traces) = strewn(PAGE_TRACES);
    let gather = GatherArgs { cx: 0, cy: 0, prop: OAK, units: 6 };
    world.act(&ada, "gather", &gather).expect("into a cell");
    for trace in &traces[..5] {
        let at = TraceArgs { cx: 0, cy: 0, trace: *trace };
        world.act(&ada, "pick-up", &PickUpArgs { at, item: "flower".into(), amount: 1 }).expect("there");
    }
    world.wait(60_000);
    world.act(&ada, "gather", &gather).expect("the other half");
    world.wait(60_000);
    assert_eq!(world.act(&ada, "gather", &gather), Err(Code::Exhausted), "although the page has room again");
}

#[test]
fn a_full_cell_is_full() {
    let (mut world, ada, _) = strewn(PAGE_TRACES + CELL_TRACES);
    let drop = DropArgs { item: "flower".into(), amount: 1 };
    assert_eq!(world.act(&ada, "drop", &drop), Err(Code::PageFull));
    let aside = Person::new("ada", 1).at(3000, 3000);
    world.act(&aside, "drop", &drop).expect("another cell has room");
    world.wait(1_800_000);
    world.act(&ada, "drop", &drop).expect("all has decayed");
}

#[test]
fn every_place_of_a_chunk_has_its_cell() {
    let key = PageKey::page(ISLAND, HOME);
    let at = |x, y| key.cell_at(Position::new(x, y)).cell;
    assert_eq!([at(0, 0), at(899, 0), at(900, 0), at(3599, 0), at(0, 900), at(3599, 3599)], [1, 1, 2, 4, 5, 16]);
    assert_eq!([at(-500, -500), at(i32::MAX, i32::MAX)], [1, 16], "who stands beyond the rim");
}
