//! Parts that fail under a host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use host::HostError;
use protocol::Code;
use protocol::client::{Hello, ToServer};
use store::{MemoryStore, Pending, Reply, Request, Store};

use crate::fixture::{Cluster, Raw, run};

/// A store that fails in one way once it is told to.
#[derive(Debug)]
struct BadStore {
    inner: MemoryStore,
    bad: AtomicBool,
    fault: Fault,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// No answer ever comes.
    Silence,
    /// It panics.
    Panic,
    /// It breaks the rules of the port and blocks its caller's thread, for longer than any test.
    Block,
}

impl BadStore {
    fn new(fault: Fault) -> Arc<Self> {
        Arc::new(Self { inner: MemoryStore::new(), bad: AtomicBool::new(false), fault })
    }

    fn turn_bad(&self) {
        self.bad.store(true, Ordering::SeqCst);
    }
}

impl Store for BadStore {
    fn execute(&self, request: Request) -> Pending<'_> {
        match (self.bad.load(Ordering::SeqCst), self.fault) {
            (false, _) => self.inner.execute(request),
            (true, Fault::Silence) => Box::pin(std::future::pending()),
            (true, Fault::Panic) => Box::pin(async { panic!("the store is broken") }),
            (true, Fault::Block) => Box::pin(async {
                std::thread::sleep(Duration::from_secs(60));
                Reply::Unknown
            }),
        }
    }
}

fn hello(name: &str) -> ToServer {
    ToServer::Hello(Hello { oldest: 1, newest: 1, name: name.to_owned(), ticket: Vec::new() })
}

#[test]
fn a_panic_on_a_nodes_thread_ends_the_host_and_its_other_nodes_say_goodbye() {
    run(async {
        let store = BadStore::new(Fault::Panic);
        let cluster = Cluster::with_store(store.clone());
        let host = cluster.host("a", 2).await;
        let mut other = Raw::connect(host.addresses()[1]).await;
        let mut victim = Raw::connect(host.addresses()[0]).await;
        store.turn_bad();
        victim.send(&hello("ann")).await;
        other.expect_goodbye(Code::ShuttingDown).await;
        let error = host.finished().await.expect_err("it panicked");
        assert!(
            matches!(&*error, HostError::NodePanicked { node: 0, message } if message == "the store is broken"),
            "{error}"
        );
        assert!(cluster.directory.hosts().is_empty());
    });
}

#[test]
fn a_store_that_never_answers_has_unknown_outcomes_and_stops_nobody() {
    run(async {
        let store = BadStore::new(Fault::Silence);
        let cluster = Cluster::with_store(store.clone());
        let host = cluster.host("a", 1).await;
        store.turn_bad();
        let mut waiting = Raw::connect(host.addresses()[0]).await;
        waiting.send(&hello("ann")).await;
        let began = Instant::now();
        while host.counters().node.store_unknown == 0 {
            assert!(began.elapsed() < Duration::from_secs(4), "no deadline");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(began.elapsed() > Duration::from_secs(1));
        let began = Instant::now();
        let (ended, ()) = tokio::join!(host.stop(), waiting.expect_goodbye(Code::ShuttingDown));
        ended.expect("ends well");
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    });
}

#[test]
fn a_thread_that_hangs_is_left_behind_and_named() {
    run(async {
        let store = BadStore::new(Fault::Block);
        let cluster = Cluster::with_store(store.clone());
        let host = cluster.host("a", 2).await;
        store.turn_bad();
        let mut victim = Raw::connect(host.addresses()[1]).await;
        victim.send(&hello("ann")).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut other = Raw::connect(host.addresses()[0]).await;
        let began = Instant::now();
        let (ended, ()) = tokio::join!(host.stop(), other.expect_goodbye(Code::ShuttingDown));
        let error = ended.expect_err("it hangs");
        assert!(matches!(*error, HostError::NodeStuck { node: 1 }), "{error}");
        assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    });
}
