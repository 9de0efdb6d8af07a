//! What may go wrong with one request, and what the store may say of it.

use std::sync::Arc;
use std::time::Duration;

use store::{Reply, Store};
use store_couchbase::CouchbaseStore;
use tokio::time::{Instant, timeout};

use crate::fixture::{
    GENEROUS, MISSED, SOON, applied, ask, config, document, get, insert, open, remove, replace, until,
};
use crate::standin::packet::status;
use crate::standin::{Fate, PASSING, Setup, StandIn};

/// What a reply is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Applied,
    Conflict,
    NotApplied,
    Unknown,
}

fn said(reply: &Reply) -> Said {
    match reply {
        Reply::Applied { .. } => Said::Applied,
        Reply::Conflict => Said::Conflict,
        Reply::NotApplied => Said::NotApplied,
        Reply::Unknown => Said::Unknown,
        Reply::Found { .. } | Reply::Absent => panic!("a write answered {reply:?}"),
    }
}

/// Every kind of write meets the fate. `happened`: whether the stand-in carried it out.
async fn check(fate: Fate, expected: Said, happened: bool) {
    let standin = StandIn::start().await;
    let store = open(config(&standin, MISSED)).await;
    let version = applied(store.execute(insert("anna", 1)).await);
    let removed = applied(store.execute(insert("carl", 1)).await);
    standin.decide(move |met| if met.writes() { fate } else { Fate::Serve });
    for request in [insert("bert", 2), replace("anna", version, 2), remove("carl", removed)] {
        let before = standin.history().len();
        let start = Instant::now();
        let reply = timeout(SOON, store.execute(request.clone())).await.expect("no hang");
        assert_eq!(said(&reply), expected, "{fate:?}: {request:?}");
        assert!(start.elapsed() < MISSED + Duration::from_secs(2), "{fate:?}: it took {:?}", start.elapsed());
        assert_eq!(standin.history().len() - before, usize::from(happened), "{fate:?}: {request:?}");
    }
    // The store serves on, and tells the truth.
    standin.heal();
    let truth = |found| match found {
        true => 2,
        false => 1,
    };
    match read(&store, "anna").await {
        Reply::Found { document: found, .. } => assert_eq!(found, document(truth(happened)), "{fate:?}"),
        other => panic!("{fate:?}: {other:?}"),
    }
    assert_eq!(read(&store, "carl").await == Reply::Absent, happened, "{fate:?}");
}

/// Reads until the store has found its way back.
async fn read(store: &Arc<CouchbaseStore>, name: &str) -> Reply {
    let start = Instant::now();
    loop {
        let reply = store.execute(get(name)).await;
        if reply != Reply::NotApplied {
            return reply;
        }
        assert!(start.elapsed() < SOON, "{name} cannot be read");
    }
}

#[tokio::test]
async fn served_slow_or_twice() {
    check(Fate::Serve, Said::Applied, true).await;
    check(Fate::Slow(Duration::from_millis(200)), Said::Applied, true).await;
    check(Fate::Late(Duration::from_millis(200)), Said::Applied, true).await;
    check(Fate::AnswerTwice, Said::Applied, true).await;
}

#[tokio::test]
async fn a_reply_that_is_lost_leaves_it_unknown() {
    check(Fate::LoseReply, Said::Unknown, true).await;
}

#[tokio::test]
async fn a_request_that_is_lost_leaves_it_unknown() {
    check(Fate::LoseRequest, Said::Unknown, false).await;
}

#[tokio::test]
async fn a_connection_that_closes_leaves_it_unknown() {
    check(Fate::Close, Said::Unknown, false).await;
}

/// The SDK must not send it again: the second attempt would meet the first, and call it a conflict.
#[tokio::test]
async fn a_connection_that_closes_after_the_write_leaves_it_unknown() {
    check(Fate::ApplyAndClose, Said::Unknown, true).await;
}

#[tokio::test]
async fn garbage_leaves_it_unknown() {
    check(Fate::Garbage, Said::Unknown, true).await;
}

#[tokio::test]
async fn an_ambiguous_durable_write_is_unknown() {
    check(Fate::ApplyAndSay(status::SYNC_WRITE_AMBIGUOUS), Said::Unknown, true).await;
    check(Fate::Refuse(status::SYNC_WRITE_AMBIGUOUS), Said::Unknown, false).await;
}

#[tokio::test]
async fn an_error_that_proves_nothing_is_unknown() {
    for status in [status::INTERNAL, status::OUT_OF_MEMORY, 0x7777] {
        check(Fate::ApplyAndSay(status), Said::Unknown, true).await;
        check(Fate::Refuse(status), Said::Unknown, false).await;
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_applied() {
    for status in [status::DURABILITY_IMPOSSIBLE, status::NO_ACCESS, status::INVALID] {
        check(Fate::Refuse(status), Said::NotApplied, false).await;
    }
}

#[tokio::test]
async fn what_is_refused_until_the_deadline_is_not_applied() {
    check(Fate::Refuse(status::TEMPORARY_FAILURE), Said::NotApplied, false).await;
    check(Fate::Refuse(status::SYNC_WRITE_IN_PROGRESS), Said::NotApplied, false).await;
}

#[tokio::test]
async fn what_passes_is_tried_again_within_the_deadline() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, GENEROUS)).await;
    for (n, status) in PASSING.into_iter().enumerate() {
        standin.decide(move |met| if met.before < 3 { Fate::Refuse(status) } else { Fate::Serve });
        let reply = store.execute(insert(n, 1)).await;
        // Busy is of a kind that the SDK does not tell from an error that proves nothing.
        let expected = if status == status::BUSY { Said::Unknown } else { Said::Applied };
        assert_eq!(said(&reply), expected, "{status:#x}");
        let tries = if status == status::BUSY { 1 } else { 4 };
        assert_eq!(standin.met(&format!("avatar/{n}")), tries, "{status:#x}");
    }
}

#[tokio::test]
async fn a_rival_makes_it_a_conflict() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, GENEROUS)).await;
    let version = applied(store.execute(insert("anna", 1)).await);
    standin.decide(|met| if met.writes() { Fate::Rival } else { Fate::Serve });
    for request in [insert("bert", 1), replace("anna", version, 2), remove("anna", version)] {
        assert_eq!(store.execute(request).await, Reply::Conflict);
    }
    assert_eq!(store.counts().conflicts, 3);
}

#[tokio::test]
async fn a_late_write_lands_and_its_answer_is_dropped() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, MISSED)).await;
    standin.decide(|met| if met.writes() { Fate::Late(MISSED * 2) } else { Fate::Serve });
    let start = Instant::now();
    assert_eq!(store.execute(insert("anna", 1)).await, Reply::Unknown);
    assert!(start.elapsed() >= MISSED);
    standin.heal();
    assert_eq!(store.execute(get("anna")).await, Reply::Absent, "it has not landed yet");
    // A fence: whatever lands later must lose against it.
    let fence = applied(store.execute(insert("anna", 2)).await);
    until("the late answer", || store.counts().late == 1).await;
    assert_eq!(store.counts().late_applied, 0, "it lost");
    assert_eq!(store.execute(get("anna")).await, Reply::Found { version: fence, document: document(2) });
    assert_eq!(store.counts().in_flight, 0);
}

#[tokio::test]
async fn a_late_write_that_wins_is_counted() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, MISSED)).await;
    standin.decide(|_| Fate::Late(MISSED * 2));
    assert_eq!(store.execute(insert("anna", 1)).await, Reply::Unknown);
    until("the late answer", || store.counts().late_applied == 1).await;
    let counts = store.counts();
    assert_eq!((counts.late, counts.unknown, counts.timed_out, counts.in_flight), (1, 1, 1, 0), "{counts:?}");
    assert_eq!(counts.given_up, 0, "it was not silent for long enough");
}

#[tokio::test]
async fn reads_that_fail_did_nothing() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, MISSED)).await;
    applied(store.execute(insert("anna", 1)).await);
    let fates = [
        Fate::LoseReply,
        Fate::LoseRequest,
        Fate::Refuse(status::TEMPORARY_FAILURE),
        Fate::Refuse(status::INTERNAL),
        Fate::Refuse(status::NO_ACCESS),
    ];
    for fate in fates {
        standin.decide(move |_| fate);
        let reply = timeout(SOON, store.execute(get("anna"))).await.expect("no hang");
        assert_eq!(reply, Reply::NotApplied, "{fate:?}");
    }
    // A read is repeated where a write would not be.
    standin.decide(|met| if met.before % 2 == 0 { Fate::Close } else { Fate::Serve });
    assert!(matches!(read(&store, "anna").await, Reply::Found { .. }));
}

#[tokio::test]
async fn what_is_no_document_is_neither_found_nor_absent() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, GENEROUS)).await;
    for value in [&b"\x00binary"[..], b"[1,2]", b"{\"schema\":\"one\"}", b""] {
        standin.documents(|documents| documents.put("avatar/anna", value));
        assert_eq!(store.execute(get("anna")).await, Reply::NotApplied, "{value:?}");
    }
    assert_eq!(store.counts().malformed, 4);
}

/// Two durable writes of one document cannot be pending at once; one waits for the other, and hears who won.
#[tokio::test]
async fn a_pending_durable_write_is_waited_for() {
    let standin = StandIn::start_as(Setup { sync: Duration::from_millis(100), ..Setup::default() }).await;
    let store = open(config(&standin, GENEROUS)).await;
    let rivals: Vec<_> = (0..4).map(|n| ask(&store, insert("anna", n))).collect();
    let mut outcomes = Vec::new();
    for rival in rivals {
        outcomes.push(said(&rival.await.expect("no panic")));
    }
    outcomes.sort_by_key(|said| *said != Said::Applied);
    assert_eq!(outcomes, [Said::Applied, Said::Conflict, Said::Conflict, Said::Conflict]);
    assert!(standin.met("avatar/anna") > 4, "nobody had to wait");
}

#[tokio::test]
async fn what_befalls_one_document_is_no_matter_to_another() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, MISSED)).await;
    standin.decide(|met| if met.key == "avatar/anna" { Fate::LoseReply } else { Fate::Serve });
    let anna = ask(&store, insert("anna", 1));
    let start = Instant::now();
    for n in 0..20 {
        applied(store.execute(insert(n, 1)).await);
    }
    assert!(start.elapsed() < MISSED, "twenty requests in the time that one is lost");
    assert_eq!(anna.await.expect("no panic"), Reply::Unknown);
}
