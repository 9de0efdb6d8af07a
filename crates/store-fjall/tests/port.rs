//! The store's port: the suite of all backends, groups, and what is refused.

use std::sync::Arc;

use serde_json::json;
use store::conformance::CHECKS;
use store::{Reply, Request, Store};
use store_fjall::{DOCUMENT_BYTES, FjallStore, FjallStoreError};

use crate::fixture::{Folder, block_on, config, document, insert, key, open, read, replace};

#[test]
fn conforms() {
    for check in CHECKS {
        let folder = Folder::new();
        println!("{}", check.name);
        block_on((check.run)(Arc::new(open(&folder.0))));
    }
}

#[test]
fn a_reopened_store_goes_on_where_it_was() {
    let folder = Folder::new();
    let mut seen = Vec::new();
    for round in 0..3_u64 {
        let store = open(&folder.0);
        block_on(async {
            for n in 0..round {
                assert_eq!(read(&store, n).await, Some(n), "round {round}");
            }
            let Reply::Applied { version } = store.execute(insert(round, round)).await else { panic!("not applied") };
            assert!(!seen.contains(&version), "{version:?} came twice");
            seen.push(version);
            assert_eq!(store.execute(insert(round, 9)).await, Reply::Conflict);
            // Versions of before a restart are as good as those after it.
            if let [.., before, _] = seen[..] {
                assert!(matches!(store.execute(replace(round - 1, before, round - 1)).await, Reply::Applied { .. }));
            }
        });
    }
}

#[test]
fn who_asks_together_shares_a_sync() {
    let folder = Folder::new();
    let store = Arc::new(open(&folder.0));
    block_on(async {
        let asked: Vec<_> = (0..400).map(|n| store.execute(insert(n, n))).collect();
        for reply in futures_of(asked).await {
            assert!(matches!(reply, Reply::Applied { .. }));
        }
    });
    let totals = store.totals();
    assert_eq!(totals.writes, 400);
    assert!(totals.syncs < 200, "{totals:?}");
}

/// All answers; every request is under way before the first answer.
async fn futures_of(mut asked: Vec<store::Pending<'_>>) -> Vec<Reply> {
    let mut replies: Vec<Option<Reply>> = asked.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, reply) in asked.iter_mut().zip(&mut replies) {
            if reply.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *reply = Some(ready);
            }
        }
        if replies.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    replies.into_iter().flatten().collect()
}

#[test]
fn a_second_process_is_told_who_has_it() {
    let folder = Folder::new();
    let first = open(&folder.0);
    let second = FjallStore::open(&folder.0, config());
    assert!(matches!(&second, Err(FjallStoreError::InUse { folder: named }) if *named == folder.0), "{second:?}");
    drop(first);
    drop(open(&folder.0));
}

#[test]
fn a_folder_that_cannot_be_one_is_named() {
    let folder = Folder::new();
    std::fs::write(&folder.0, "a file").expect("a file");
    let error = FjallStore::open(&folder.0, config()).expect_err("it is no folder").to_string();
    assert!(error.contains(&folder.0.display().to_string()), "{error}");
    std::fs::remove_file(&folder.0).expect("it was there");
}

#[test]
fn a_document_that_is_too_large_changes_nothing() {
    let folder = Folder::new();
    let store = open(&folder.0);
    block_on(async {
        let large = document(&json!({ "x": "x".repeat(DOCUMENT_BYTES) }));
        let request = Request::Insert { key: key("a"), document: large };
        assert_eq!(store.execute(request).await, Reply::NotApplied);
        assert_eq!(read(&store, "a").await, None);
        assert!(matches!(store.execute(insert("a", 1)).await, Reply::Applied { .. }));
    });
}
