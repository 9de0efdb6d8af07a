//! The port to the queue: what login nodes ask, and how each asking ends. The real queue is shared among login nodes and
//! outlives them; [`MemoryQueue`] lives as long as its process.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use world::Millis;

use super::line::{Admission, Line, LineSettings, NoPlace, Standing};
use super::place::{Class, Place};
use crate::ids::PersonId;
use crate::plant::Planted;

/// A request to the queue. All may be repeated safely, but `Admit`, which admits others the next time; whoever it
/// admitted is told by `Standing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueRequest {
    /// Join, or find the place that one has.
    Join {
        /// Who.
        person: PersonId,
        /// In which class.
        class: Class,
    },
    /// Come back to a place whose token was checked.
    Restore {
        /// Who.
        person: PersonId,
        /// The place.
        place: Place,
    },
    /// The connection is lost; keep the place.
    Away {
        /// Who.
        person: PersonId,
    },
    /// Give up, or be in.
    Leave {
        /// Who.
        person: PersonId,
    },
    /// Admitted, but there was no room: back to the place.
    PutBack {
        /// Who.
        person: PersonId,
    },
    /// Tell where one stands.
    Standing {
        /// Who.
        person: PersonId,
    },
    /// Admit the next ones.
    Admit {
        /// At most so many.
        most: u64,
    },
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueAnswer {
    /// Where one stands.
    Standing(Standing),
    /// There is no place, and why.
    NoPlace(NoPlace),
    /// These were admitted.
    Admitted {
        /// Who.
        admissions: Vec<Admission>,
        /// How many still wait.
        waiting: u64,
    },
    /// Done, or there was nothing to do.
    Done,
    /// Nobody knows. Ask where one stands.
    Unknown,
}

/// An answer under way.
pub type PendingAnswer<'a> = Pin<Box<dyn Future<Output = QueueAnswer> + Send + 'a>>;

/// A queue as the shell uses it.
///
/// Dropping a pending answer does not recall the request. An implementation answers within its own deadline; what it
/// cannot vouch for is [`QueueAnswer::Unknown`].
pub trait QueuePort: Send + Sync + fmt::Debug {
    /// Carries out one request at the caller's time.
    fn execute(&self, now: Millis, request: QueueRequest) -> PendingAnswer<'_>;
}

/// The queue in memory.
#[derive(Debug)]
pub struct MemoryQueue {
    line: Mutex<Line>,
}

impl MemoryQueue {
    /// An empty queue whose numbers begin with `first`, see [`Line::new`].
    #[must_use]
    pub fn new(settings: LineSettings, first: u64) -> Self {
        Self { line: Mutex::new(Line::new(settings, first, Planted::none())) }
    }

    /// Carries out a request at once.
    pub fn apply(&self, now: Millis, request: QueueRequest) -> QueueAnswer {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = |standing: Result<Standing, NoPlace>| match standing {
            Ok(standing) => QueueAnswer::Standing(standing),
            Err(why) => QueueAnswer::NoPlace(why),
        };
        match request {
            QueueRequest::Join { person, class } => standing(line.join(now, person, class)),
            QueueRequest::Restore { person, place } => standing(line.restore(now, person, place)),
            QueueRequest::Away { person } => {
                line.away(now, person);
                QueueAnswer::Done
            }
            QueueRequest::Leave { person } => {
                line.leave(now, person);
                QueueAnswer::Done
            }
            QueueRequest::PutBack { person } => {
                line.put_back(now, person);
                QueueAnswer::Done
            }
            QueueRequest::Standing { person } => {
                line.wake(now);
                standing(line.standing(person).ok_or(NoPlace::Lost))
            }
            QueueRequest::Admit { most } => {
                let admissions = line.admit(now, most);
                QueueAnswer::Admitted { admissions, waiting: line.waiting() }
            }
        }
    }
}

impl QueuePort for MemoryQueue {
    fn execute(&self, now: Millis, request: QueueRequest) -> PendingAnswer<'_> {
        let answer = self.apply(now, request);
        Box::pin(std::future::ready(answer))
    }
}
