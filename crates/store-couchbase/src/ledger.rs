//! What a session owes: the requests that were started and not answered, by id.
//!
//! Invariant: each entry is removed exactly once, by its answer or with its session; an answer that nobody awaits any
//! more is counted and dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

use crate::counters::Counters;
use crate::kv::Answer;

/// The requests that a session owes an answer.
#[derive(Debug)]
pub(crate) struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last_id: u64,
    /// When each was started.
    owed: BTreeMap<u64, Instant>,
    /// When the cluster last said anything.
    heard: Instant,
}

impl Ledger {
    /// A session that has just begun.
    pub(crate) fn new() -> Self {
        let state = State { last_id: 0, owed: BTreeMap::new(), heard: Instant::now() };
        Self { state: Mutex::new(state) }
    }

    /// Enters a request that is about to be started, and who waits for it.
    pub(crate) fn enter(
        self: &Arc<Self>,
        place: &Arc<Place>,
        counters: &Arc<Counters>,
    ) -> (Owed, oneshot::Receiver<Answer>) {
        let (tell, told) = oneshot::channel();
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.owed.insert(id, Instant::now());
        let owed = Owed {
            id,
            ledger: Arc::clone(self),
            counters: Arc::clone(counters),
            tell: Some(tell),
            _place: Arc::clone(place),
        };
        (owed, told)
    }

    /// For how long the oldest has been owed, and for how long nothing was heard. `None` if nothing is owed.
    pub(crate) fn silence(&self) -> Option<(Duration, Duration)> {
        let state = self.lock();
        let (_, oldest) = state.owed.first_key_value()?;
        Some((oldest.elapsed(), state.heard.elapsed()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that a session owes an answer.
#[derive(Debug)]
pub(crate) struct Owed {
    id: u64,
    ledger: Arc<Ledger>,
    counters: Arc<Counters>,
    tell: Option<oneshot::Sender<Answer>>,
    _place: Arc<Place>,
}

impl Owed {
    /// Answers it. Its place is free before anybody hears of it.
    pub(crate) fn answer(mut self, answer: Answer) {
        if answer.is_of_the_cluster() {
            self.ledger.lock().heard = Instant::now();
        }
        let (id, tell, counters) = (self.id, self.tell.take(), Arc::clone(&self.counters));
        drop(self);
        let Some(Err(answer)) = tell.map(|tell| tell.send(answer)) else { return };
        counters.late.add();
        if matches!(answer, Answer::Done { .. }) {
            counters.late_applied.add();
        }
        tracing::debug!(id, ?answer, "an answer came after its deadline");
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.ledger.lock().owed.remove(&self.id);
    }
}

/// Where requests under way have room: some that are awaited, and some that are late.
#[derive(Debug)]
pub(crate) struct Places {
    awaited: Arc<Semaphore>,
    late: Arc<Semaphore>,
    all: usize,
}

/// Late requests for each awaited one at most. A late one costs a document and a task; a frozen node should not take
/// the places of the others at once.
const LATE_FOR_EACH: usize = 4;

impl Places {
    pub(crate) fn new(in_flight: usize) -> Self {
        let late = in_flight * LATE_FOR_EACH;
        Self {
            awaited: Arc::new(Semaphore::new(in_flight)),
            late: Arc::new(Semaphore::new(late)),
            all: in_flight + late,
        }
    }

    /// Waits for a place among the awaited.
    pub(crate) async fn take(&self) -> Arc<Place> {
        match Arc::clone(&self.awaited).acquire_owned().await {
            Ok(permit) => Arc::new(Place(Mutex::new(permit))),
            // The semaphore is never closed; should it be, nobody gets in.
            Err(_) => std::future::pending().await,
        }
    }

    /// Moves a request that is late out of the way of the awaited, if there is room.
    pub(crate) fn step_aside(&self, place: &Place) {
        if let Ok(permit) = Arc::clone(&self.late).try_acquire_owned() {
            *place.0.lock().unwrap_or_else(PoisonError::into_inner) = permit;
        }
    }

    /// Places taken.
    pub(crate) fn taken(&self) -> usize {
        self.all - self.awaited.available_permits() - self.late.available_permits()
    }
}

/// The place of one request; free again when the request has ended.
#[derive(Debug)]
pub(crate) struct Place(Mutex<OwnedSemaphorePermit>);

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn try_take(places: &Places) -> Option<Arc<Place>> {
        match pin!(places.take()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(place) => Some(place),
            Poll::Pending => None,
        }
    }

    #[test]
    fn late_ones_step_aside_until_there_is_no_room_for_them() {
        let places = Places::new(2);
        let mut held = Vec::new();
        while let Some(place) = try_take(&places) {
            places.step_aside(&place);
            held.push(place);
        }
        assert_eq!((held.len(), places.taken()), (2 + 2 * LATE_FOR_EACH, 2 + 2 * LATE_FOR_EACH));
        // A late one that ends makes room for a late one, and no awaited one gets in before another steps aside.
        drop(held.remove(0));
        assert!(try_take(&places).is_none());
        places.step_aside(held.last().expect("many"));
        assert!(try_take(&places).is_some());
        held.clear();
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn what_is_owed_is_owed_until_it_is_answered_or_dropped() {
        let ledger = Arc::new(Ledger::new());
        let (places, counters) = (Places::new(4), Arc::new(Counters::default()));
        assert!(ledger.silence().is_none());
        let enter = || ledger.enter(&try_take(&places).expect("room"), &counters);
        let ((one, mut told), (two, _)) = (enter(), enter());
        assert!(ledger.silence().is_some());
        one.answer(Answer::Missing);
        assert_eq!(told.try_recv(), Ok(Answer::Missing));
        assert!(ledger.silence().is_some());
        drop(two);
        assert!(ledger.silence().is_none());
        assert_eq!(places.taken(), 0);
    }
}
