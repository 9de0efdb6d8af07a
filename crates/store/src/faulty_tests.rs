use serde_json::json;

use super::*;
use crate::{Document, Key};

fn key() -> Key {
    Key::new("avatar", "anna")
}

fn insert(value: u32) -> Request {
    Request::Insert { key: key(), document: Document::new(1, &json!({ "value": value })).unwrap() }
}

fn stored(store: &MemoryStore) -> bool {
    matches!(store.apply(Request::Get { key: key() }), Reply::Found { .. })
}

/// A store in which every request meets the same fate.
fn fated(fate: Fate) -> FaultyStore<u32, impl FnMut(Millis, &Request) -> Fate> {
    FaultyStore::new(Arc::new(MemoryStore::new()), move |_, _: &Request| fate)
}

#[test]
fn each_fate_shows_in_time_and_tells_the_truth() {
    // fate of an insert at 100 ms; its answer, when; when it is in the store
    let unknown = |answer_after_ms, apply_after_ms| Fate::Unknown { answer_after_ms, apply_after_ms };
    let applied = Some(Reply::Applied { version: crate::Version(1) });
    let cases = [
        (Fate::PASS, applied.clone(), 100, Some(100)),
        (Fate::Pass { apply_after_ms: 5, answer_after_ms: 9 }, applied.clone(), 109, Some(105)),
        (Fate::Pass { apply_after_ms: 9, answer_after_ms: 5 }, applied, 109, Some(109)),
        (Fate::Conflict { answer_after_ms: 3 }, Some(Reply::Conflict), 103, None),
        (Fate::NotApplied { answer_after_ms: 3 }, Some(Reply::NotApplied), 103, None),
        (unknown(10, Some(4)), Some(Reply::Unknown), 110, Some(104)),
        (unknown(10, Some(40)), Some(Reply::Unknown), 110, Some(140)),
        (unknown(10, None), Some(Reply::Unknown), 110, None),
    ];
    for (fate, reply, answered_at, stored_at) in cases {
        let mut faulty = fated(fate);
        faulty.submit(Millis(100), 7, insert(1));
        let (mut answer, mut there) = (None, None);
        while let Some((at, _)) = faulty.next_wakeup() {
            if let Some(got) = faulty.poll(at) {
                assert!(answer.replace((got, at)).is_none(), "{fate:?}: answered twice");
            }
            if there.is_none() && stored(faulty.store()) {
                there = Some(at);
            }
        }
        assert_eq!(answer, reply.map(|reply| ((7, reply), Millis(answered_at))), "{fate:?}");
        assert_eq!(there, stored_at.map(Millis), "{fate:?}");
    }
}

#[test]
fn a_late_write_loses_against_the_fence() {
    let fates = [Fate::Unknown { answer_after_ms: 0, apply_after_ms: Some(50) }, Fate::PASS, Fate::PASS];
    let mut next = fates.into_iter();
    let mut faulty = FaultyStore::new(Arc::new(MemoryStore::new()), move |_, _: &Request| next.next().unwrap());
    faulty.submit(Millis(0), 1, insert(1));
    assert_eq!(faulty.poll(Millis(0)), Some((1, Reply::Unknown)));
    faulty.submit(Millis(10), 2, insert(2));
    assert!(matches!(faulty.poll(Millis(10)), Some((2, Reply::Applied { .. }))));
    assert_eq!(faulty.poll(Millis(1_000)), None);
    assert_eq!(faulty.counts(), FaultCounts { passed: 1, unknown_not_applied: 1, ..FaultCounts::default() });
}

#[test]
fn a_read_never_conflicts_and_never_lands() {
    for (fate, reply) in [
        (Fate::Conflict { answer_after_ms: 0 }, Reply::NotApplied),
        (Fate::Unknown { answer_after_ms: 0, apply_after_ms: Some(5) }, Reply::Unknown),
        (Fate::PASS, Reply::Absent),
    ] {
        let mut faulty = fated(fate);
        faulty.submit(Millis(0), 1, Request::Get { key: key() });
        assert_eq!(faulty.poll(Millis(0)), Some((1, reply)));
        assert_eq!(faulty.next_wakeup(), None);
    }
}

#[test]
fn what_is_due_at_once_happens_in_the_order_it_came() {
    let mut faulty = fated(Fate::PASS);
    for op in 0..10 {
        faulty.submit(Millis(0), op, insert(op));
    }
    let answers: Vec<_> = std::iter::from_fn(|| faulty.poll(Millis(0))).collect();
    assert_eq!(answers.iter().map(|(op, _)| *op).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert!(answers[1..].iter().all(|(_, reply)| *reply == Reply::Conflict));
}
