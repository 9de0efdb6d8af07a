//! What may go wrong with a node, a cluster or a whole session.

use std::sync::Arc;
use std::time::Duration;

use store::{Reply, Store, Version};
use store_couchbase::{CouchbaseConfig, CouchbaseError, CouchbaseStore, Secret};
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::{GENEROUS, MISSED, SHORT, SOON, applied, ask, config, get, insert, open, replace, until};
use crate::standin::{Fate, Setup, StandIn, tls};

/// Why a configuration does not lead to a store, after a while.
async fn refused(config: CouchbaseConfig) -> String {
    let store = CouchbaseStore::open(config).expect("it can be tried");
    let error = store.connected(Duration::from_secs(12)).await.expect_err("it cannot work");
    assert!(matches!(error, CouchbaseError::Unreachable { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn who_is_refused_is_told_why() {
    let standin = StandIn::start().await;
    let tls_standin = StandIn::start_as(Setup { tls: true, ..Setup::default() }).await;
    let good = || config(&standin, GENEROUS);
    let mut wrong_password = good();
    wrong_password.credentials.password = Secret::new("guess-work");
    let stranger = CouchbaseConfig { authority_pem: Some(tls::stranger()), ..config(&tls_standin, GENEROUS) };
    let public = CouchbaseConfig { authority_pem: None, ..config(&tls_standin, GENEROUS) };
    let cases = [
        (wrong_password, "auth"),
        (CouchbaseConfig { bucket: "other".into(), ..good() }, "bucket"),
        (CouchbaseConfig { collection: "other".into(), ..good() }, "collection"),
        (CouchbaseConfig { scope: "other".into(), ..good() }, "scope"),
        (stranger, "certificate"),
        (public, "certificate"),
    ];
    let asked: Vec<_> = cases.into_iter().map(|(config, part)| (tokio::spawn(refused(config)), part)).collect();
    for (told, part) in asked {
        let told = told.await.expect("no panic");
        println!("{told}");
        assert!(told.to_lowercase().contains(part), "{part}: {told}");
        assert!(!told.contains("guess-work"), "{told}");
    }
}

#[tokio::test]
async fn an_authority_must_be_certificates() {
    let standin = StandIn::start_as(Setup { tls: true, ..Setup::default() }).await;
    for pem in ["", "no PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let config = CouchbaseConfig { authority_pem: Some(pem.into()), ..config(&standin, GENEROUS) };
        let error = CouchbaseStore::open(config).expect_err("there is no certificate");
        assert!(error.to_string().starts_with("authority: "), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_means_not_applied_and_it_stays_so() {
    let mut standin = StandIn::start().await;
    standin.kill(0).await;
    let store = Arc::new(CouchbaseStore::open(config(&standin, SHORT)).expect("it can be tried"));
    for request in [insert("anna", 1), get("anna")] {
        let start = Instant::now();
        assert_eq!(timeout(SOON, store.execute(request)).await.expect("no hang"), Reply::NotApplied);
        assert!(start.elapsed() >= SHORT);
    }
    standin.restart(0);
    store.connected(SOON).await.expect("it connects by itself");
    // What was given up before it was sent is not sent now.
    sleep(Duration::from_millis(300)).await;
    assert_eq!((standin.met("avatar/anna"), standin.history().len()), (0, 0));
}

#[tokio::test]
async fn a_frozen_server_is_given_up_within_the_deadline_and_its_late_writes_land() {
    let standin = StandIn::start().await;
    let store = open(config(&standin, SHORT)).await;
    standin.freeze(0, true);
    for (request, reply) in [(insert("anna", 1), Reply::Unknown), (get("anna"), Reply::NotApplied)] {
        let start = Instant::now();
        assert_eq!(timeout(SOON, store.execute(request)).await.expect("no hang"), reply);
        assert!(start.elapsed() >= SHORT);
    }
    until("the end of the silent session", || store.counts().given_up == 1).await;
    // Nothing is known of it, and nothing more is sent.
    assert_eq!(store.execute(insert("bert", 1)).await, Reply::NotApplied);
    standin.freeze(0, false);
    store.connected(SOON).await.expect("it is back");
    until("the late write", || standin.history().len() == 1).await;
    assert!(matches!(store.execute(get("anna")).await, Reply::Found { .. }), "the write landed after all");
    assert_eq!(store.execute(get("bert")).await, Reply::Absent);
    assert_eq!(store.counts().in_flight, 0);
}

#[tokio::test]
async fn a_server_that_freezes_while_it_greets_is_left() {
    let standin = StandIn::start().await;
    standin.freeze(0, true);
    let store = CouchbaseStore::open(config(&standin, SHORT)).expect("it can be tried");
    assert!(store.connected(Duration::from_secs(1)).await.is_err());
    standin.freeze(0, false);
    store.connected(SOON).await.expect("it is there now");
}

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_write_leaves_it_unknown() {
    let mut standin = StandIn::start().await;
    let store = open(config(&standin, GENEROUS)).await;
    standin.decide(|_| Fate::LoseReply);
    let (write, read) = (ask(&store, insert("anna", 1)), ask(&store, get("bert")));
    until("the requests", || standin.met("avatar/anna") + standin.met("avatar/bert") == 2).await;
    let start = Instant::now();
    standin.heal();
    standin.kill(0).await;
    assert_eq!(write.await.expect("no panic"), Reply::Unknown);
    assert!(start.elapsed() < GENEROUS, "a broken connection is noticed before the deadline");
    // A read is asked again of whoever comes back.
    standin.restart(0);
    assert_eq!(read.await.expect("no panic"), Reply::Absent);
    assert!(matches!(store.execute(get("anna")).await, Reply::Found { .. }));
}

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let mut standin = StandIn::start().await;
    let store = open(config(&standin, MISSED)).await;
    for round in 0..3 {
        assert!(matches!(store.execute(insert(round, 1)).await, Reply::Applied { .. }), "round {round}");
        standin.kill(0).await;
        sleep(Duration::from_millis(50)).await;
        standin.restart(0);
        let start = Instant::now();
        while !matches!(store.execute(get(round)).await, Reply::Found { .. }) {
            assert!(start.elapsed() < SOON, "round {round}");
        }
    }
    assert_eq!(store.counts().given_up, 0, "the SDK mends a broken connection by itself");
}

#[tokio::test]
async fn one_frozen_node_does_not_hold_up_the_others() {
    let standin = StandIn::start_as(Setup { nodes: 2, ..Setup::default() }).await;
    let store = open(CouchbaseConfig { in_flight: 8, ..config(&standin, MISSED) }).await;
    standin.freeze(1, true);
    let asked: Vec<_> = (0..16).map(|n| ask(&store, insert(n, 1))).collect();
    let mut outcomes = [0; 3];
    for reply in asked {
        match reply.await.expect("no panic") {
            Reply::Applied { .. } => outcomes[0] += 1,
            Reply::Unknown => outcomes[1] += 1,
            Reply::NotApplied => outcomes[2] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(outcomes[0] > 0 && outcomes[1] > 0, "applied, unknown, not applied: {outcomes:?}");
    // The late ones have stepped aside: there is room for whom the other node serves.
    let served = (0..16).map(|n| store.execute(get(n)));
    let mut found = 0;
    for read in served {
        if matches!(read.await, Reply::Found { .. }) {
            found += 1;
        }
        if found > 2 {
            break;
        }
    }
    assert!(found > 2, "the other node's documents can be read");
    // The cluster gives the frozen node's documents to the other: they can be read again.
    standin.fail_over(1, 0);
    let start = Instant::now();
    for n in 0..16 {
        while store.execute(get(n)).await == Reply::NotApplied {
            assert!(start.elapsed() < SOON * 2, "document {n} stays away after the failover");
        }
    }
}

#[tokio::test]
async fn documents_that_move_are_followed() {
    let standin = StandIn::start_as(Setup { nodes: 2, ..Setup::default() }).await;
    let store = open(config(&standin, GENEROUS)).await;
    let mut versions: Vec<Version> = Vec::new();
    for n in 0..16 {
        versions.push(applied(store.execute(insert(n, 1)).await));
    }
    standin.fail_over(0, 1);
    for (n, version) in versions.into_iter().enumerate() {
        applied(store.execute(replace(n, version, 2)).await);
    }
    assert_eq!((store.counts().unknown, store.counts().conflicts), (0, 0));
}

#[tokio::test]
async fn a_full_house_refuses_and_sends_nothing() {
    let standin = StandIn::start().await;
    let store = open(CouchbaseConfig { in_flight: 2, ..config(&standin, SHORT) }).await;
    standin.decide(|_| Fate::Late(SHORT * 20));
    // Two that are awaited and eight that are late have room; then nobody.
    let mut outcomes = Vec::new();
    for n in 0..24 {
        outcomes.push(ask(&store, insert(n, 1)));
        if n % 2 == 1 {
            sleep(SHORT + Duration::from_millis(20)).await;
        }
    }
    let (mut unknown, mut refused) = (0, 0);
    for outcome in outcomes {
        match outcome.await.expect("no panic") {
            Reply::Unknown => unknown += 1,
            Reply::NotApplied => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    let counts = store.counts();
    let sent = (0..24).filter(|n| standin.met(&format!("avatar/{n}")) > 0).count();
    assert_eq!(sent, unknown, "{counts:?}");
    assert!(refused > 0 && counts.no_place + counts.no_session == refused, "{refused} refused, {counts:?}");
}

#[tokio::test]
async fn a_thousand_requests_at_once_are_all_answered() {
    let standin = StandIn::start().await;
    let store = open(CouchbaseConfig { in_flight: 64, ..config(&standin, GENEROUS) }).await;
    standin.decide(|_| Fate::Slow(Duration::from_millis(20)));
    let start = Instant::now();
    let asked: Vec<_> = (0..1_000).map(|n| ask(&store, insert(n, 1))).collect();
    for reply in asked {
        assert!(matches!(reply.await.expect("no panic"), Reply::Applied { .. }));
    }
    assert!(start.elapsed() < GENEROUS, "one after the other they would take 20 s");
    assert_eq!(standin.history().len(), 1_000);
}

#[tokio::test]
async fn a_store_that_is_dropped_leaves_nothing_behind() {
    let standin = StandIn::start_as(Setup { nodes: 2, ..Setup::default() }).await;
    let store = open(config(&standin, GENEROUS)).await;
    assert!(standin.connections() >= 2);
    standin.freeze(1, true);
    let waiting: Vec<_> = (0..8).map(|n| ask(&store, insert(n, 1))).collect();
    sleep(Duration::from_millis(100)).await;
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    for task in waiting {
        drop(task.await);
    }
    drop(store);
    standin.freeze(1, false);
    until("the end of all connections", || standin.connections() == 0).await;
    // Nor does one that never got in: the SDK would go on trying for ever.
    let never = CouchbaseStore::open(CouchbaseConfig { bucket: "other".into(), ..config(&standin, GENEROUS) });
    until("an attempt", || standin.connections() > 0).await;
    drop(never);
    until("the end of the attempt", || standin.connections() == 0).await;
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(standin.connections(), 0);
}
