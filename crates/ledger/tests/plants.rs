//! Planted faults, each found under its name; and what is no fault.

use ledger::{Findings, Item, Receipt};
use store::Record;
use store::record::Change;

use crate::world_of_two::{World, ada, bob, body, intent, own, page, traces};

/// Missing, doubled, unexplained, imbalance, unreadable.
fn counts(findings: &Findings) -> [u64; 5] {
    let Findings { missing, doubled, unexplained, imbalance, unreadable, .. } = *findings;
    [missing, doubled, unexplained, imbalance, unreadable]
}

#[test]
fn a_world_at_rest_is_well_also_where_a_committed_deed_is_not_carried_out_yet() {
    let findings = World::new().check();
    assert_eq!((counts(&findings), &findings.faults), ([0; 5], &vec![]));
    assert!(findings.is_well());
    assert_eq!((findings.accounts, findings.acknowledged, findings.refused, findings.repeated), (2, 8, 1, 0));
    assert_eq!(findings.items.0["wood"], Item { held: 5, booked: 5 });
    assert_eq!(findings.items.0["berry"], Item { held: 4, booked: 4 });
}

#[test]
fn every_plant_is_found_under_its_name() {
    type Plant = (&'static str, fn(&mut World), [u64; 5], &'static str);
    let plants: [Plant; 16] = [
        ("the store forgot the last deed", |w| forget(w, 4), [1, 0, 0, 0, 0], "request 4 (put-in)"),
        ("a whole avatar is gone", |w| drop(w.records.remove(&bob())), [4, 0, 1, 6, 0], "bob was told"),
        (
            "an old deed is undone, books and all",
            |w| w.change(&ada(), |a| *a = own(&[("berry", 2)], &[("wood", 4)], &[])),
            [1, 0, 0, 0, 0],
            "ada was told of 6 wood made",
        ),
        (
            "a deed was done twice, books and all",
            |w| w.change(&ada(), |a| *a = own(&[("wood", 8), ("berry", 2)], &[("wood", 12)], &[])),
            [0, 1, 0, 0, 0],
            "+6",
        ),
        (
            "something was eaten twice",
            |w| change_bob(w, |b| *b = own(&[("wood", 2)], &[("berry", 5)], &[("berry", 2), ("wood", 1)])),
            [0, 1, 0, 0, 0],
            "1 berry used up",
        ),
        (
            "a drop never left the bag",
            |w| w.change(&ada(), |a| a.bag.pour(&"wood".into(), 1)),
            [1, 0, 0, 1, 0],
            "without request 2 (drop)",
        ),
        (
            "a drop left the bag twice",
            |w| w.change(&ada(), |a| a.bag.take(&[("wood".into(), 1)]).expect("it has it")),
            [0, 1, 0, 1, 0],
            "request 2 (drop) twice",
        ),
        (
            "a thing from nowhere",
            |w| w.change(&ada(), |a| a.bag.pour(&"gold".into(), 3)),
            [0, 0, 1, 3, 0],
            "differs by +3 gold",
        ),
        ("the partner's half was lost", |w| w.record(&bob()).intent = None, [0, 0, 1, 3, 0], "the bag of bob differs"),
        (
            "the partner's half did not commit",
            |w| w.record(&ada()).open.clear(),
            [0, 0, 1, 3, 0],
            "the bag of bob differs",
        ),
        ("a pile is doubled", |w| ground(w, 2, 1), [0, 0, 0, 1, 0], "6 wood are held, the books say 5"),
        ("a chest was emptied", |w| ground(w, 1, 0), [0, 0, 0, 1, 0], "3 berry are held"),
        (
            "one request, two answers",
            |w| w.receipts.push(Receipt { gained: vec![("wood".into(), 7)], ..w.receipts[0].clone() }),
            [0, 1, 0, 0, 0],
            "in two ways to request 1",
        ),
        (
            "the window says otherwise",
            |w| w.record(&bob()).window.replies[1].code = 45,
            [0, 1, 0, 0, 0],
            "remembered with another reply",
        ),
        (
            "a request is remembered twice",
            |w| {
                let again = w.record(&bob()).window.replies[1].clone();
                w.record(&bob()).window.replies.push(again);
            },
            [0, 1, 0, 0, 0],
            "remembers request 4 twice",
        ),
        ("the dump was cut off", |w| w.whole = false, [0, 0, 0, 0, 1], "no end"),
    ];
    for (name, plant, expected, told) in plants {
        let mut world = World::new();
        plant(&mut world);
        let findings = world.check();
        assert_eq!(counts(&findings), expected, "{name}: {:#?}", findings.faults);
        assert!(findings.faults.iter().any(|fault| fault.contains(told)), "{name}: {:#?}", findings.faults);
        assert!(!findings.is_well());
    }
}

/// As if the store had gone back to before Bob's last deed, page and all.
fn forget(world: &mut World, request: u32) {
    change_bob(world, |b| b.bag.pour(&"berry".into(), 1));
    world.record(&bob()).window.replies.retain(|reply| reply.request != request);
    ground(world, 1, 0);
}

/// Bob, with his half of the trade carried out.
fn change_bob(world: &mut World, change: impl FnOnce(&mut deeds::Belongings)) {
    let record = world.record(&bob());
    if let Some(Change::Put { body, .. }) = record.intent.take().map(|intent| intent.change) {
        record.body = Some(body);
    }
    world.change(&bob(), change);
}

fn ground(world: &mut World, wood: u32, berries: u32) {
    *world.record(&page()) = Record::of_body(body(&traces(wood, berries)));
}

#[test]
fn what_was_not_answered_counts_as_the_window_says() {
    let mut world = World::new();
    world.receipts[7] = Receipt { code: None, gained: vec![], lost: vec![], ..world.receipts[7].clone() };
    let done = world.check();
    assert!(done.is_well(), "{:#?}", done.faults);
    assert_eq!((done.acknowledged, done.unanswered, done.unanswered_done), (7, 1, 1));
    forget(&mut world, 4);
    let not_done = world.check();
    assert!(not_done.is_well(), "{:#?}", not_done.faults);
    assert_eq!((not_done.unanswered, not_done.unanswered_done), (1, 0));
}

#[test]
fn an_acknowledgement_that_comes_again_is_no_second_deed() {
    let mut world = World::new();
    world.receipts.push(world.receipts[0].clone());
    let pending = Receipt { code: None, gained: vec![], lost: vec![], ..world.receipts[0].clone() };
    world.receipts.push(pending);
    let findings = world.check();
    assert!(findings.is_well(), "{:#?}", findings.faults);
    assert_eq!((findings.acknowledged, findings.repeated), (8, 1));
}

#[test]
fn a_dead_intent_counts_for_nothing() {
    let mut world = World::new();
    let dead = own(&[("gold", 9)], &[], &[]);
    world.record(&page()).intent = Some(intent(Change::Put { body: body(&dead), rev: 2 }));
    world.record(&page()).intent.as_mut().expect("there").txn.number = 3;
    assert!(world.check().is_well());
}

#[test]
fn deeds_of_a_studio_are_not_judged_by_the_tally_but_by_the_bag() {
    let mut world = World::new();
    world.receipts[0].deed = "fish".into();
    let findings = world.check();
    assert_eq!((findings.is_well(), findings.unknown_deeds), (true, 1));
    world.receipts[0].gained[0].0 = "fish".into();
    assert_eq!(counts(&world.check()), [0, 0, 1, 0, 0]);
}

#[test]
fn lines_that_are_none_are_told_and_end_nothing() {
    let mut ledger = ledger::Ledger::default();
    for line in ["", "{}", "[1]", "{\"account\":\"ada\"}", "\u{7}"] {
        ledger.receipt(line);
        ledger.document(line);
    }
    let findings = ledger.check();
    assert_eq!(findings.unreadable, 11, "{:#?}", findings.faults);
}
