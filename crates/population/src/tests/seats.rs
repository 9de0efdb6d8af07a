//! The document of an island's seats: claims, doubts, fences, and fields that this build does not know.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::{Document, MemoryStore, Reply, Request};
use world::{IslandId, Millis};

use crate::ids::{OpId, Term};
use crate::plan::Phase;
use crate::plant::Planted;
use crate::seats::{Escrow, Heard, SCHEMA, SeatDocument, Wish};

const ISLAND: IslandId = IslandId(4);

/// An escrow and its store; the test decides which answers come through.
struct Desk {
    store: Arc<MemoryStore>,
    escrow: Escrow,
    op: u64,
    now: Millis,
}

impl Desk {
    fn new(store: &Arc<MemoryStore>, term: u64) -> Self {
        let escrow = Escrow::new(ISLAND, Term(term), Planted::none());
        Self { store: store.clone(), escrow, op: 0, now: Millis(1_000_000) }
    }

    /// The next request for a wish of so many seats, long after the last.
    fn request(&mut self, target: u32) -> Option<Request> {
        self.now = self.now + 1_000;
        self.op += 1;
        let wish = Wish {
            needed: target,
            target,
            promise_ends: self.now + 1,
            until: self.now + 60_000,
            counted: 0,
            hard_cap: 100,
            phase: Phase::Open,
        };
        self.escrow.drive(self.now, &wish, OpId(self.op))
    }

    fn answer(&mut self, reply: Reply) -> Heard {
        self.escrow.handle(self.now, OpId(self.op), reply)
    }

    /// Asks the store and hears the truth, until there is nothing to ask.
    fn work(&mut self, target: u32) -> Vec<Heard> {
        let mut heard = Vec::new();
        while let Some(request) = self.request(target) {
            let reply = self.store.apply(request);
            heard.push(self.answer(reply));
        }
        heard
    }

    fn stored(&self) -> SeatDocument {
        match self.store.apply(Request::Get { key: SeatDocument::key(ISLAND) }) {
            Reply::Found { document, .. } => document.read(SCHEMA).expect("a seat document"),
            other => panic!("{other:?}"),
        }
    }
}

fn claimed(term: u64) -> (Arc<MemoryStore>, Desk) {
    let store = Arc::new(MemoryStore::new());
    let mut desk = Desk::new(&store, term);
    desk.work(10);
    assert_eq!((desk.escrow.limit(), desk.stored().granted, desk.stored().term), (10, 10, Term(term)));
    (store, desk)
}

#[test]
fn nothing_is_granted_before_the_claim() {
    let store = Arc::new(MemoryStore::new());
    let mut desk = Desk::new(&store, 1);
    assert_eq!((desk.escrow.claimed(), desk.escrow.limit()), (false, 0));
    desk.work(10);
    assert!(desk.escrow.claimed());
}

#[test]
fn the_next_leader_takes_over_and_the_former_is_deposed() {
    let (store, mut old) = claimed(1);
    let mut new = Desk::new(&store, 2);
    let heard = new.work(12);
    assert!(matches!(heard[1], Heard::Claimed(SeatDocument { granted: 10, .. })), "{heard:?}");
    assert_eq!(old.escrow.limit(), 10, "the former still has what was granted, and all of it was taken over");
    assert_eq!(old.work(40).last(), Some(&Heard::Deposed(Term(2))));
    assert_eq!((old.escrow.limit(), old.request(50), new.stored().granted), (0, None, 12));
}

#[test]
fn a_write_of_unknown_outcome_is_read_back_and_fenced() {
    // applied before the read, applied after it, never
    for (before, after) in [(true, false), (false, true), (false, false)] {
        let (store, mut desk) = claimed(1);
        let lost = desk.request(30).expect("a write");
        if before {
            store.apply(lost.clone());
        }
        desk.answer(Reply::Unknown);
        assert_eq!(desk.escrow.limit(), 10, "what is in doubt grants nothing");
        let read = desk.request(30).expect("a read");
        assert_eq!(read, Request::Get { key: SeatDocument::key(ISLAND) });
        let reply = store.apply(read);
        desk.answer(reply);
        if after {
            store.apply(lost);
        }
        desk.work(30);
        assert_eq!((desk.escrow.limit(), desk.stored().granted), (30, 30), "before {before}, after {after}");
    }
}

#[test]
fn a_smaller_grant_in_doubt_limits_at_once() {
    let (_, mut desk) = claimed(1);
    desk.now = desk.now + 60_000;
    let mut wish_less = || {
        desk.work(200);
        desk.now = desk.now + 60_000;
        desk.request(5)
    };
    assert!(wish_less().is_some());
    assert_eq!(desk.escrow.limit(), 5, "while it is under way");
    desk.answer(Reply::Unknown);
    assert_eq!(desk.escrow.limit(), 5, "and while it is in doubt");
}

#[test]
fn late_answers_to_old_questions_are_dropped() {
    let (store, mut desk) = claimed(1);
    let write = desk.request(30).expect("a write");
    let reply = store.apply(write);
    assert_eq!(desk.escrow.handle(desk.now, OpId(1), Reply::Conflict), Heard::Nothing);
    assert_eq!(desk.answer(reply), Heard::Granted);
}

#[test]
fn fields_of_later_builds_survive_and_their_schemas_stop_us() {
    #[derive(Serialize, Deserialize)]
    struct Later {
        weather: String,
    }
    let (store, _) = claimed(1);
    let rewrite = |change: &dyn Fn(&mut Document)| {
        let Reply::Found { version, mut document } = store.apply(Request::Get { key: SeatDocument::key(ISLAND) })
        else {
            panic!("a document")
        };
        change(&mut document);
        store.apply(Request::Replace { key: SeatDocument::key(ISLAND), version, document })
    };
    rewrite(&|document| document.write(SCHEMA, &Later { weather: "fair".to_owned() }).expect("an object"));
    Desk::new(&store, 2).work(20);
    let (_, document) = store.dump().pop().expect("one document");
    assert_eq!(document.read::<Later>(SCHEMA).expect("kept").weather, "fair");
    rewrite(&|document| document.schema = SCHEMA + 1);
    let mut blind = Desk::new(&store, 3);
    blind.work(20);
    assert!(!blind.escrow.claimed(), "what cannot be read is not written over");
}
