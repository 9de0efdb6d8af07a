//! Checkpoints: the last one of a session needs nobody to wait for it, and none goes over a newer epoch's.

use store::{Document, MemoryStore, Reply, Request};
use world::{EntityId, Epoch, Millis, Position, Tick};

use crate::avatar::{PLACE_SCHEMA, PlaceBody, place_key};
use crate::limits::CHECKPOINT_EVERY_MS;
use crate::session::checkpoint::Checkpoint;

const WHO: EntityId = EntityId(7);

fn stored(store: &MemoryStore) -> Option<PlaceBody> {
    match store.apply(Request::Get { key: place_key(WHO) }) {
        Reply::Found { document, .. } => Some(document.read(PLACE_SCHEMA).unwrap()),
        _ => None,
    }
}

/// Lets a checkpoint do all that it wants at one place. Returns how many requests it took.
fn settle(store: &MemoryStore, checkpoint: &mut Checkpoint, now: Millis, at: Position) -> usize {
    let asked = std::iter::from_fn(|| {
        let request = checkpoint.poll(now, Tick(now.0 / 100), at)?;
        checkpoint.reply(now, store.apply(request));
        Some(())
    });
    asked.take(10).count()
}

#[test]
fn the_last_place_is_written_whenever_the_session_ends() {
    for checkpoints in 0..3u64 {
        let store = MemoryStore::new();
        let mut checkpoint = Checkpoint::new(Millis(0), WHO, Epoch(1), None);
        for n in 1..=checkpoints {
            let now = Millis(n * (CHECKPOINT_EVERY_MS + 10));
            assert_eq!(settle(&store, &mut checkpoint, now, Position::metres(n as i32, 0)), 1, "one write, no reading");
        }
        let last = Position::metres(50, 50);
        let farewell = checkpoint.farewell(Tick(900), last).expect("the place is new");
        assert!(matches!(store.apply(farewell), Reply::Applied { .. }), "after {checkpoints}");
        assert_eq!(stored(&store).map(|place| place.position()), Some(last));
    }
}

#[test]
fn a_former_holder_does_not_write_over_the_new_one() {
    let store = MemoryStore::new();
    let mut former = Checkpoint::new(Millis(0), WHO, Epoch(1), None);
    settle(&store, &mut former, Millis(5_000), Position::metres(1, 1));
    let Reply::Found { version, document } = store.apply(Request::Get { key: place_key(WHO) }) else {
        panic!("it was written")
    };
    let mut next = Checkpoint::new(Millis(5_100), WHO, Epoch(2), Some((version, document)));
    settle(&store, &mut next, Millis(10_200), Position::metres(2, 2));
    let farewell = former.farewell(Tick(103), Position::metres(9, 9)).expect("it knows of nothing");
    assert_eq!(store.apply(farewell), Reply::Conflict);
    let request = former.poll(Millis(10_300), Tick(103), Position::metres(8, 8)).expect("it is time");
    assert!(!former.reply(Millis(10_300), store.apply(request)), "a conflict: it reads next");
    let again = Millis(10_300 + CHECKPOINT_EVERY_MS);
    let read = former.poll(again, Tick(153), Position::metres(8, 8)).expect("it reads");
    assert!(matches!(read, Request::Get { .. }) && former.reply(again, store.apply(read)), "and sees that it is over");
    assert_eq!(stored(&store).map(|place| place.epoch), Some(2));
}

#[test]
fn fields_of_a_newer_build_survive() {
    let store = MemoryStore::new();
    let body = PlaceBody { epoch: 1, tick: 1, x: 0, y: 0 };
    let mut value = serde_json::to_value(Document::new(PLACE_SCHEMA, &body).unwrap()).unwrap();
    value["mount"] = "llama".into();
    let document: Document = serde_json::from_value(value).unwrap();
    let Reply::Applied { version } = store.apply(Request::Insert { key: place_key(WHO), document: document.clone() })
    else {
        panic!("it was free")
    };
    let mut checkpoint = Checkpoint::new(Millis(0), WHO, Epoch(2), Some((version, document)));
    for n in 1..3u64 {
        settle(&store, &mut checkpoint, Millis(n * 6_000), Position::metres(n as i32, 0));
    }
    let Reply::Found { document, .. } = store.apply(Request::Get { key: place_key(WHO) }) else {
        panic!("it is there")
    };
    assert_eq!(serde_json::to_value(&document).unwrap()["mount"], "llama");
}
