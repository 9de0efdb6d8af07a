//! A storm: rivals read and write a few documents while nodes are killed, frozen and failed over and requests meet all
//! kinds of fates. Afterwards every reply is held against what really happened.
//!
//! The checker is proven by stores that lie in the ways in which an adapter would.

mod checker;
mod liar;

use std::sync::Arc;
use std::time::Duration;

use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;
use store::{Reply, Request, Store};
use store_couchbase::CouchbaseConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::fixture::{SHORT, SOON, config, get, insert, key, open, remove, replace, until};
use crate::standin::packet::status;
use crate::standin::{Fate, Setup, StandIn};

use checker::{Attempt, Told, judge, token_of};
use liar::{Liar, Lie};

/// Who write.
const RIVALS: u64 = 8;
/// What they write to: few, so that they meet.
const DOCUMENTS: u64 = 6;
/// Writes that one rival can number.
const WRITES: u64 = 1_000_000;

/// One of `of`, by the generator of whoever asks.
fn dice(generator: &mut Pcg64Mcg, of: u64) -> u64 {
    use rand_core::Rng;
    generator.next_u64() % of
}

/// What a request meets: most are served.
fn fate(generator: &mut Pcg64Mcg) -> Fate {
    match dice(generator, 100) {
        0..76 => Fate::Serve,
        76..80 => Fate::Slow(Duration::from_millis(dice(generator, 100))),
        80..84 => Fate::Late(SHORT + Duration::from_millis(dice(generator, 600))),
        84..88 => Fate::LoseReply,
        88..91 => Fate::LoseRequest,
        91..94 => Fate::Refuse(status::TEMPORARY_FAILURE),
        94..96 => Fate::ApplyAndSay(status::SYNC_WRITE_AMBIGUOUS),
        96..97 => Fate::Refuse(status::SYNC_WRITE_AMBIGUOUS),
        97..98 => Fate::AnswerTwice,
        98..99 => Fate::Close,
        _ => Fate::ApplyAndClose,
    }
}

/// One rival, until it is told to end: reads a document and writes over what it read, or makes it, or removes it.
async fn rival(store: Arc<dyn Store>, number: u64, mut end: watch::Receiver<bool>) -> Vec<Attempt> {
    let mut generator = Pcg64Mcg::seed_from_u64(number);
    let mut attempts = Vec::new();
    let mut written = 0;
    while !*end.borrow_and_update() {
        let name = dice(&mut generator, DOCUMENTS);
        let read = store.execute(get(name)).await;
        written += 1;
        let token = number * WRITES + written;
        let request = match &read {
            Reply::Absent => insert(name, token),
            // Only who wrote a version removes it, so that a removal can be told from another's.
            Reply::Found { version, document } => match token_of(document) {
                Some(held) if held / WRITES == number && dice(&mut generator, 3) == 0 => remove(name, *version),
                _ => replace(name, *version, token),
            },
            _ => {
                sleep(Duration::from_millis(5)).await;
                continue;
            }
        };
        let told = match request {
            Request::Remove { version, .. } => Told::Remove { version },
            Request::Replace { version, .. } => Told::Replace { version, token },
            _ => Told::Insert { token },
        };
        attempts.push(Attempt { key: key(name), told: Told::Read, reply: read });
        let reply = store.execute(request).await;
        attempts.push(Attempt { key: key(name), told, reply });
    }
    attempts
}

/// What a run came to.
struct Aftermath {
    faults: Vec<String>,
    attempts: Vec<Attempt>,
}

impl Aftermath {
    fn count(&self, so: impl Fn(&Reply) -> bool) -> usize {
        self.attempts.iter().filter(|attempt| so(&attempt.reply)).count()
    }
}

/// Runs a storm and judges it. `deeds`: what is done to the nodes, a quarter of a second or more each.
async fn storm(deeds: u64, lie: Option<Lie>) -> Aftermath {
    let mut standin = StandIn::start_as(Setup { nodes: 2, sync: Duration::from_millis(2), ..Setup::default() }).await;
    let store = open(CouchbaseConfig { in_flight: 32, ..config(&standin, SHORT) }).await;
    let seen: Arc<dyn Store> = match lie {
        None => Arc::clone(&store) as Arc<dyn Store>,
        Some(lie) => Arc::new(Liar::new(Arc::clone(&store), lie)),
    };
    let mut generator = Pcg64Mcg::seed_from_u64(4);
    standin.decide(move |_| fate(&mut generator));
    let (end, ending) = watch::channel(false);
    let mut rivals = JoinSet::new();
    for number in 1..=RIVALS {
        rivals.spawn(rival(Arc::clone(&seen), number, ending.clone()));
    }
    for deed in 0..deeds {
        sleep(Duration::from_millis(250)).await;
        let node = usize::try_from(deed % 2).expect("0 or 1");
        match deed % 8 {
            0 | 5 => {
                standin.kill(node).await;
                sleep(Duration::from_millis(300)).await;
                standin.restart(node);
            }
            // Shorter than three deadlines, and longer: the session is given up.
            2 => freeze(&standin, &[node], SHORT * 2).await,
            3 => freeze(&standin, &[0, 1], SHORT * 5).await,
            6 | 7 => standin.fail_over(node, 1 - node),
            _ => sleep(Duration::from_millis(500)).await,
        }
    }
    sleep(Duration::from_millis(500)).await;
    standin.heal();
    end.send_replace(true);
    let attempts: Vec<Attempt> = rivals.join_all().await.into_iter().flatten().collect();
    // What is late lands, or is given up with its session.
    until("the last answer", || store.counts().in_flight == 0).await;
    sleep(SHORT * 3).await;
    let mut faults = judge(&attempts, &standin.history());
    faults.extend(last_words(&store, &standin).await);
    println!("{:?}", store.counts());
    Aftermath { faults, attempts }
}

async fn freeze(standin: &StandIn, nodes: &[usize], time: Duration) {
    nodes.iter().for_each(|node| standin.freeze(*node, true));
    sleep(time).await;
    nodes.iter().for_each(|node| standin.freeze(*node, false));
}

/// When all is well again, what is read is what was written last.
async fn last_words(store: &Arc<store_couchbase::CouchbaseStore>, standin: &StandIn) -> Vec<String> {
    let mut faults = Vec::new();
    for name in 0..DOCUMENTS {
        let start = Instant::now();
        let found = loop {
            match store.execute(get(name)).await {
                Reply::Found { version, .. } => break Some(version.0),
                Reply::Absent => break None,
                _ => assert!(start.elapsed() < SOON, "{name} cannot be read after the storm"),
            }
        };
        let history = standin.history();
        let last = history.iter().rfind(|written| written.key == key(name).as_str());
        let last = last.and_then(|written| written.value.as_ref().map(|_| written.cas));
        if found != last {
            faults.push(format!("{name}: {found:?} is read at last, {last:?} was written"));
        }
    }
    faults
}

#[tokio::test]
async fn every_reply_is_true_in_a_storm() {
    let after = storm(16, None).await;
    assert!(after.faults.is_empty(), "{:#?}", after.faults);
    let applied = after.count(|reply| matches!(reply, Reply::Applied { .. }));
    let conflicts = after.count(|reply| *reply == Reply::Conflict);
    let unknown = after.count(|reply| *reply == Reply::Unknown);
    println!("{applied} applied, {conflicts} conflicts, {unknown} unknown");
    assert!(applied > 50 && conflicts > 10 && unknown > 10, "the storm was none");
}

#[tokio::test]
async fn stores_that_lie_are_found_out() {
    for lie in Lie::ALL {
        let after = storm(2, Some(lie)).await;
        println!("{lie:?}: {} faults, {:?}", after.faults.len(), after.faults.first());
        assert!(!after.faults.is_empty(), "{lie:?} was not found out");
    }
}
