//! What every [`Store`] does, as checks that a backend's tests run, each against an empty store that does not fail.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::document::{Document, KEY_BYTES, Key};
use crate::port::{Reply, Request, Store, Version};

/// A check under way.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// What is shown.
    pub name: &'static str,
    /// Shows it on an empty store, or panics.
    pub run: fn(Arc<dyn Store>) -> Running,
}

/// All checks.
pub const CHECKS: &[Check] = &[
    Check { name: "what_is_written_is_read", run: |store| Box::pin(what_is_written_is_read(store)) },
    Check { name: "writes_that_come_too_late_conflict", run: |s| Box::pin(writes_that_come_too_late_conflict(s)) },
    Check { name: "versions_never_repeat", run: |store| Box::pin(versions_never_repeat(store)) },
    Check { name: "keys_do_not_touch_each_other", run: |store| Box::pin(keys_do_not_touch_each_other(store)) },
    Check { name: "unknown_fields_survive_a_rewrite", run: |s| Box::pin(unknown_fields_survive_a_rewrite(s)) },
    Check { name: "every_json_value_comes_back", run: |store| Box::pin(every_json_value_comes_back(store)) },
    Check { name: "one_of_eight_wins_each_round", run: |store| Box::pin(one_of_eight_wins_each_round(store)) },
];

fn document(value: Value) -> Document {
    Document::new(1, &value).expect("an object is a document")
}

async fn get(store: &Arc<dyn Store>, key: &Key) -> Option<(Version, Document)> {
    match store.execute(Request::Get { key: key.clone() }).await {
        Reply::Found { version, document } => Some((version, document)),
        Reply::Absent => None,
        other => panic!("a read answered {other:?}"),
    }
}

async fn apply(store: &Arc<dyn Store>, request: Request) -> Version {
    match store.execute(request.clone()).await {
        Reply::Applied { version } => version,
        other => panic!("{request:?} answered {other:?}"),
    }
}

fn insert(key: &Key, value: Value) -> Request {
    Request::Insert { key: key.clone(), document: document(value) }
}

fn replace(key: &Key, version: Version, value: Value) -> Request {
    Request::Replace { key: key.clone(), version, document: document(value) }
}

fn remove(key: &Key, version: Version) -> Request {
    Request::Remove { key: key.clone(), version }
}

async fn what_is_written_is_read(store: Arc<dyn Store>) {
    let key = Key::new("avatar", "anna");
    assert_eq!(get(&store, &key).await, None);
    let first = apply(&store, insert(&key, json!({"a": 1}))).await;
    assert_eq!(get(&store, &key).await, Some((first, document(json!({"a": 1})))));
    let second = apply(&store, replace(&key, first, json!({"b": 2}))).await;
    assert_eq!(get(&store, &key).await, Some((second, document(json!({"b": 2})))), "a replacement is whole");
    apply(&store, remove(&key, second)).await;
    assert_eq!(get(&store, &key).await, None);
}

async fn writes_that_come_too_late_conflict(store: Arc<dyn Store>) {
    let key = Key::new("avatar", "anna");
    let nowhere = Version(u64::MAX);
    for request in [replace(&key, nowhere, json!({})), remove(&key, nowhere)] {
        assert_eq!(store.execute(request).await, Reply::Conflict, "nothing is there");
    }
    let old = apply(&store, insert(&key, json!({"n": 1}))).await;
    let new = apply(&store, replace(&key, old, json!({"n": 2}))).await;
    for request in [insert(&key, json!({"n": 3})), replace(&key, old, json!({"n": 3})), remove(&key, old)] {
        assert_eq!(store.execute(request).await, Reply::Conflict, "version {new:?} is there");
    }
    assert_eq!(get(&store, &key).await, Some((new, document(json!({"n": 2})))), "a conflict changes nothing");
}

async fn versions_never_repeat(store: Arc<dyn Store>) {
    let key = Key::new("avatar", "anna");
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        // The same content each time: a version is of a write, not of a content.
        let first = apply(&store, insert(&key, json!({"n": 1}))).await;
        let second = apply(&store, replace(&key, first, json!({"n": 1}))).await;
        assert!(seen.insert(first) && seen.insert(second), "a version came twice");
        assert_eq!(store.execute(replace(&key, first, json!({}))).await, Reply::Conflict);
        let removal = apply(&store, remove(&key, second)).await;
        assert!(!seen.contains(&removal), "a removal has a version of its own");
    }
}

async fn keys_do_not_touch_each_other(store: Arc<dyn Store>) {
    let names = ["a", "b", "a/b", "a ", "A", "\u{e4}\u{1F3DD}", ""];
    let mut keys: Vec<Key> = names.iter().map(|name| Key::new("avatar", name)).collect();
    keys.push(Key::new("page", "a"));
    keys.push(Key::new("long", "x".repeat(KEY_BYTES)));
    for (n, key) in keys.iter().enumerate() {
        apply(&store, insert(key, json!({ "n": n }))).await;
    }
    for (n, key) in keys.iter().enumerate() {
        let (version, found) = get(&store, key).await.expect("it was written");
        assert_eq!(found, document(json!({ "n": n })), "{key}");
        apply(&store, remove(key, version)).await;
    }
}

/// What an older build knows of a document.
#[derive(Serialize, Deserialize)]
struct Known {
    name: String,
}

async fn unknown_fields_survive_a_rewrite(store: Arc<dyn Store>) {
    let key = Key::new("avatar", "anna");
    let first = apply(&store, insert(&key, json!({"name": "anna", "newer": {"deep": [1, null]}}))).await;
    let (_, mut held) = get(&store, &key).await.expect("it was written");
    let known: Known = held.read(1).expect("it has a name");
    held.write(1, &Known { name: format!("{} the second", known.name) }).expect("an object");
    apply(&store, Request::Replace { key: key.clone(), version: first, document: held }).await;
    let (_, found) = get(&store, &key).await.expect("it was written");
    assert_eq!(found, document(json!({"name": "anna the second", "newer": {"deep": [1, null]}})));
}

async fn every_json_value_comes_back(store: Arc<dyn Store>) {
    let values = json!({
        "numbers": [0, -1, i64::MIN, i64::MAX, u64::MAX],
        "texts": ["", "\"\\\n\u{0}", "\u{e4}\u{1F3DD}", "x".repeat(20_000)],
        "others": [null, true, false, [], {}, [[[]]]],
        "": "an empty name",
    });
    let key = Key::new("page", 1);
    apply(&store, insert(&key, values.clone())).await;
    let (_, found) = get(&store, &key).await.expect("it was written");
    assert_eq!(found, document(values));
}

/// Rivals in a round.
const RIVALS: usize = 8;
/// Rounds, enough for the rivals to meet in many orders.
const ROUNDS: u64 = 25;

async fn one_of_eight_wins_each_round(store: Arc<dyn Store>) {
    let key = Key::new("avatar", "anna");
    let inserts = (0..RIVALS).map(|rival| store.execute(insert(&key, json!({ "rival": rival })))).collect();
    assert_eq!(winners(together(inserts).await).len(), 1, "of eight inserts one wins");
    for round in 0..ROUNDS {
        let (version, _) = get(&store, &key).await.expect("somebody won");
        let rivals = (0..RIVALS)
            .map(|rival| store.execute(replace(&key, version, json!({ "rival": rival, "round": round }))))
            .collect();
        let won = winners(together(rivals).await);
        let [rival] = won[..] else { panic!("round {round} was won by {won:?}") };
        let (_, found) = get(&store, &key).await.expect("somebody won");
        assert_eq!(found, document(json!({ "rival": rival, "round": round })));
    }
}

/// Who won; the others must have been told that they lost.
fn winners(replies: Vec<Reply>) -> Vec<usize> {
    let won = |(rival, reply)| match reply {
        Reply::Applied { .. } => Some(rival),
        Reply::Conflict => None,
        other => panic!("a rival was answered {other:?}"),
    };
    replies.into_iter().enumerate().filter_map(won).collect()
}

/// All answers, awaited at the same time.
async fn together(mut pending: Vec<crate::port::Pending<'_>>) -> Vec<Reply> {
    let mut replies: Vec<Option<Reply>> = pending.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, reply) in pending.iter_mut().zip(&mut replies) {
            if reply.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *reply = Some(ready);
            }
        }
        if replies.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    replies.into_iter().flatten().collect()
}
