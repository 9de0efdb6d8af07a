//! Deadlines, places and sessions against a cluster that is a script. What the SDK makes of it all is in `tests/`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use store::conformance::CHECKS;
use store::{Document, Key, MemoryStore, Version};
use tokio::time::sleep;

use super::*;
use crate::config::{Credentials, Secret};
use crate::kv::{Answer, Op, Opening, Session};
use crate::ledger::Owed;

/// A deadline that is to be met.
const SHORT: Duration = Duration::from_millis(200);
/// One that no busy machine misses.
const GENEROUS: Duration = Duration::from_secs(20);

type Act = Box<dyn FnMut(Ask, Owed) + Send>;

/// What a cluster does with what it is asked.
struct Script {
    act: Mutex<Act>,
    opened: AtomicUsize,
    open: AtomicUsize,
    /// How opening goes, from the first attempt on; after the last: well.
    attempts: Mutex<Vec<Result<(), &'static str>>>,
}

impl Script {
    fn of(act: impl FnMut(Ask, Owed) + Send + 'static) -> Arc<Self> {
        let (opened, open, attempts) = Default::default();
        Arc::new(Self { act: Mutex::new(Box::new(act)), opened, open, attempts })
    }

    fn then(&self, act: impl FnMut(Ask, Owed) + Send + 'static) {
        *self.act.lock().expect("no panic") = Box::new(act);
    }
}

struct Cluster(Arc<Script>);

impl Connect for Cluster {
    fn open(&self) -> Opening<'_> {
        Box::pin(async {
            self.0.opened.fetch_add(1, Ordering::SeqCst);
            let mut attempts = self.0.attempts.lock().expect("no panic");
            if !attempts.is_empty() {
                attempts.remove(0).map_err(str::to_owned)?;
            }
            self.0.open.fetch_add(1, Ordering::SeqCst);
            Ok(Arc::new(Scripted(Arc::clone(&self.0))) as Arc<dyn Session>)
        })
    }

    fn trouble(&self) -> Option<String> {
        None
    }
}

struct Scripted(Arc<Script>);

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a script")
    }
}

impl Session for Scripted {
    fn start(&self, ask: Ask, owed: Owed) {
        self.0.act.lock().expect("no panic")(ask, owed);
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        // As the SDK's tasks end with their session.
        self.0.then(|_, _| {});
    }
}

fn store(script: &Arc<Script>, deadline: Duration, in_flight: usize) -> Arc<CouchbaseStore> {
    let credentials = Credentials { user: "tombolo".into(), password: Secret::new("swordfish") };
    let config =
        CouchbaseConfig { deadline, in_flight, ..CouchbaseConfig::new("couchbase://script", "world", credentials) };
    Arc::new(CouchbaseStore::over(config, Box::new(Cluster(Arc::clone(script)))))
}

fn key(n: usize) -> Key {
    Key::new("avatar", n)
}

fn get(n: usize) -> Request {
    Request::Get { key: key(n) }
}

fn insert(n: usize) -> Request {
    Request::Insert { key: key(n), document: Document::new(1, &json!({ "n": n })).expect("an object") }
}

fn ask(store: &Arc<CouchbaseStore>, request: Request) -> tokio::task::JoinHandle<Reply> {
    let store = Arc::clone(store);
    tokio::spawn(async move { store.execute(request).await })
}

/// A cluster with a memory.
fn remembering() -> impl FnMut(Ask, Owed) + Send {
    let memory = MemoryStore::new();
    move |ask, owed| {
        let document = |bytes: &[u8]| serde_json::from_slice(bytes).expect("a document");
        let key = |key: String| key.split_once('/').map(|(kind, id)| Key::new(kind, id)).expect("a kind and an id");
        let inserts = matches!(ask.op, Op::Insert { .. });
        let request = match ask.op {
            Op::Get { key: name } => Request::Get { key: key(name) },
            Op::Insert { key: name, bytes } => Request::Insert { key: key(name), document: document(&bytes) },
            Op::Replace { key: name, cas, bytes } => {
                Request::Replace { key: key(name), version: Version(cas), document: document(&bytes) }
            }
            Op::Remove { key: name, cas } => Request::Remove { key: key(name), version: Version(cas) },
        };
        owed.answer(match memory.apply(request) {
            Reply::Found { version, document } => {
                Answer::Found { cas: version.0, bytes: serde_json::to_vec(&document).expect("JSON") }
            }
            Reply::Absent => Answer::Missing,
            Reply::Applied { version } => Answer::Done { cas: version.0 },
            Reply::Conflict if inserts => Answer::Exists,
            Reply::Conflict => Answer::Mismatch,
            other => panic!("{other:?}"),
        });
    }
}

#[tokio::test]
async fn conforms() {
    for check in CHECKS {
        let store = store(&Script::of(remembering()), GENEROUS, 3);
        (check.run)(Arc::clone(&store) as Arc<_>).await;
        assert_eq!(store.counts().in_flight, 0, "{}", check.name);
    }
}

#[tokio::test]
async fn a_cluster_that_never_answers_is_given_up_at_the_deadline() {
    let mut kept = Vec::new();
    let script = Script::of(move |ask, owed| {
        assert!(ask.deadline <= Instant::now() + SHORT, "the cluster is told until when it is of use");
        kept.push(owed);
    });
    let store = store(&script, SHORT, 4);
    for (request, reply) in [(insert(1), Reply::Unknown), (get(1), Reply::NotApplied)] {
        let start = Instant::now();
        assert_eq!(store.execute(request).await, reply);
        assert!(start.elapsed() >= SHORT);
    }
    let counts = store.counts();
    assert_eq!((counts.timed_out, counts.unknown, counts.not_applied, counts.in_flight), (2, 1, 1, 2), "{counts:?}");
}

#[tokio::test]
async fn a_late_answer_is_dropped_by_its_id_and_counted() {
    let answers = [Answer::Done { cas: 7 }, Answer::Exists, Answer::Lost("closed".into())];
    let mut left = answers.to_vec();
    let script = Script::of(move |_, owed| {
        let answer = left.remove(0);
        tokio::spawn(async move {
            sleep(SHORT * 2).await;
            owed.answer(answer);
        });
    });
    let store = store(&script, SHORT, 4);
    let asked: Vec<_> = (0..answers.len()).map(|n| ask(&store, insert(n))).collect();
    for reply in asked {
        assert_eq!(reply.await.expect("no panic"), Reply::Unknown);
    }
    while store.counts().late < 3 {
        sleep(SHORT / 10).await;
    }
    let counts = store.counts();
    assert_eq!((counts.late_applied, counts.in_flight, counts.applied), (1, 0, 0), "{counts:?}");
}

#[tokio::test]
async fn awaited_requests_are_bounded_and_late_ones_step_aside() {
    let kept: Arc<Mutex<Vec<Owed>>> = Arc::default();
    let keep = Arc::clone(&kept);
    let script = Script::of(move |_, owed| keep.lock().expect("no panic").push(owed));
    let store = store(&script, SHORT, 2);
    // Two are awaited; the third waits for a place and gets it when the first are late, too late to be asked.
    let asked: Vec<_> = (0..3).map(|n| ask(&store, insert(n))).collect();
    let mut replies = Vec::new();
    for reply in asked {
        replies.push(reply.await.expect("no panic"));
    }
    let sent = kept.lock().expect("no panic").len();
    assert_eq!(replies.iter().filter(|reply| **reply == Reply::Unknown).count(), sent, "{replies:?}");
    assert_eq!(replies.len() - sent, usize::try_from(store.counts().no_place).expect("few"));
    assert!((2..=3).contains(&sent), "{sent}");
    // The late ones have stepped aside: there is room for others.
    assert_eq!(store.execute(insert(9)).await, Reply::Unknown);
    assert_eq!(store.counts().in_flight, 1 + sent as u64);
    kept.lock().expect("no panic").drain(..).for_each(|owed| owed.answer(Answer::Exists));
    assert_eq!(store.counts().in_flight, 0);
}

#[tokio::test]
async fn silence_ends_a_session_and_another_begins() {
    let kept: Arc<Mutex<Vec<Owed>>> = Arc::default();
    let keep = Arc::clone(&kept);
    let script = Script::of(move |_, owed| keep.lock().expect("no panic").push(owed));
    let store = store(&script, SHORT, 4);
    assert_eq!(store.execute(insert(1)).await, Reply::Unknown);
    while store.counts().given_up == 0 {
        sleep(SHORT / 10).await;
    }
    script.then(remembering());
    store.connected(GENEROUS).await.expect("there is another");
    assert_eq!((script.opened.load(Ordering::SeqCst), script.open.load(Ordering::SeqCst)), (2, 1));
    assert_eq!(store.execute(get(1)).await, Reply::Absent);
    // An answer of the first session is of no use to the second.
    kept.lock().expect("no panic").drain(..).for_each(|owed| owed.answer(Answer::Done { cas: 1 }));
    assert_eq!(store.counts().late, 1);
}

#[tokio::test]
async fn a_session_that_ends_leaves_writes_unknown_at_once() {
    let script = Script::of(|_, owed| drop(owed));
    let store = store(&script, GENEROUS, 4);
    let start = Instant::now();
    assert_eq!(store.execute(insert(1)).await, Reply::Unknown);
    assert_eq!(store.execute(get(1)).await, Reply::NotApplied);
    assert!(start.elapsed() < GENEROUS / 2);
}

#[tokio::test]
async fn a_cluster_that_speaks_is_not_silent() {
    let mut first = None;
    let script = Script::of(move |ask, owed| match (&first, ask.op) {
        (None, _) => first = Some(owed),
        (Some(_), Op::Get { .. }) => owed.answer(Answer::Missing),
        (Some(_), _) => owed.answer(Answer::Refused("busy".into())),
    });
    let store = store(&script, SHORT, 4);
    assert_eq!(store.execute(insert(1)).await, Reply::Unknown);
    let start = Instant::now();
    while start.elapsed() < SHORT * 6 {
        assert_eq!(store.execute(get(1)).await, Reply::Absent);
        sleep(SHORT / 10).await;
    }
    assert_eq!(store.counts().given_up, 0, "one answer is owed, but others come");
}

#[tokio::test]
async fn nobody_to_ask_means_not_applied_with_the_reason() {
    let script = Script::of(remembering());
    *script.attempts.lock().expect("no panic") = vec![Err("no such bucket"); 1_000];
    let store = store(&script, SHORT, 4);
    assert_eq!(store.execute(insert(1)).await, Reply::NotApplied);
    assert_eq!(store.counts().no_session, 1);
    let error = store.connected(SHORT).await.expect_err("it cannot be opened");
    assert!(error.to_string().contains("no such bucket"), "{error}");
    script.attempts.lock().expect("no panic").clear();
    store.connected(GENEROUS).await.expect("it can now");
    assert_eq!(store.execute(get(1)).await, Reply::Absent, "what was not applied was not sent later");
}

#[tokio::test]
async fn a_store_that_is_dropped_ends_its_session() {
    let script = Script::of(remembering());
    let store = store(&script, GENEROUS, 4);
    store.connected(GENEROUS).await.expect("it is there");
    assert_eq!(script.open.load(Ordering::SeqCst), 1);
    drop(store);
    while script.open.load(Ordering::SeqCst) > 0 {
        sleep(SHORT / 10).await;
    }
}
