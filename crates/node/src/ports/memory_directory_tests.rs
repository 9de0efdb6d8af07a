use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::ports::directory_conformance::{CHECKS, Open, enter};

/// Nothing in memory ever waits for the outside, so a future that is pending waits for what will not come.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the directory in memory would wait for ever"),
    }
}

fn world() -> (MemoryDirectory, Open) {
    let directory = MemoryDirectory::new();
    let handle = directory.clone();
    (directory, Arc::new(move || Arc::new(handle.clone()) as Arc<dyn Directory>))
}

#[test]
fn conforms() {
    for check in CHECKS {
        let (_, open) = world();
        now((check.run)(open));
    }
}

#[test]
fn an_outage_ends_with_all_changes_told() {
    let (directory, open) = world();
    let (_, mut at_anna) = now(enter(&open, "anna"));
    let (bert, at_bert) = now(enter(&open, "bert"));
    assert_eq!(now(at_anna.next()), DirectoryEvent::Up(bert.clone()));
    directory.set_reachable(false);
    assert_eq!(now(at_anna.next()), DirectoryEvent::Lost);
    assert!(matches!(now(directory.claim("cleo")), Err(DirectoryError::Unreachable { .. })));
    drop(at_bert);
    directory.set_reachable(true);
    assert_eq!(now(at_anna.next()), DirectoryEvent::Down(bert.claim));
    assert_eq!(now(at_anna.next()), DirectoryEvent::Restored);
}

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_waiting_member_is_woken_by_each_kind_of_change() {
    let (directory, open) = world();
    let (_, mut at_anna) = now(enter(&open, "anna"));
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    let mut woken = |change: &mut dyn FnMut()| {
        let mut next = at_anna.next();
        let mut context = Context::from_waker(&waker);
        assert!(next.as_mut().poll(&mut context).is_pending());
        let before = counter.0.load(Ordering::SeqCst);
        change();
        assert_eq!(counter.0.load(Ordering::SeqCst), before + 1);
        assert!(next.as_mut().poll(&mut context).is_ready());
    };
    let mut bert = None;
    woken(&mut || bert = Some(now(enter(&open, "bert"))));
    woken(&mut || bert = None);
    woken(&mut || directory.set_reachable(false));
    woken(&mut || directory.set_reachable(true));
}
