//! Deeds on their way: each has an id of its own and is sent again, under the same id, until it is answered.
//!
//! Ids grow from what the welcome names. An id is given when a request is first sent, and never again to another.

use std::collections::VecDeque;

use protocol::Meaning;
use protocol::client::{Dress, ToServer};
use protocol::envelope::Context;
use protocol::things::Deed;
use world::Millis;

use crate::event::{self, Outcome};
use crate::limits::{REQUEST_RETRY_MAX_MS, REQUEST_RETRY_MS, REQUESTS_IN_FLIGHT, REQUESTS_WAITING, RETRY_AFTER_MAX_MS};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A tint.
    Dress(u8),
    /// A deed by its name.
    Deed(Deed),
}

#[derive(Clone, Debug)]
struct Request {
    id: Option<u32>,
    trace: u64,
    wish: Wish,
    send_at: Option<Millis>,
    retries: u32,
}

/// The head that replies of all kinds have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) code: u16,
    pub(crate) meaning: u8,
    pub(crate) retry_after_ms: u32,
}

/// What a reply means for its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is over; no wish if nobody waited for this reply.
    Over(Option<Wish>, Outcome),
    /// It will be sent again.
    Again,
    /// It is to be sent again on another connection.
    Elsewhere,
}

/// The requests of one client, in the order of their ids; those without an id come last.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    queue: VecDeque<Request>,
    next_id: u32,
}

impl Requests {
    /// Requests that wait or are unanswered.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.queue.len()
    }

    /// The id that the next request gets.
    #[must_use]
    pub fn next_id(&self) -> u32 {
        self.next_id.max(1)
    }

    /// Deeds that were sent and are not answered, in the order of their ids.
    pub fn pending(&self) -> impl Iterator<Item = (u32, &Deed)> {
        self.queue.iter().filter_map(|request| match (&request.wish, request.id) {
            (Wish::Deed(deed), Some(id)) => Some((id, deed)),
            (Wish::Deed(_) | Wish::Dress(_), _) => None,
        })
    }

    /// Takes in a wish. It comes back if too many wait.
    pub(crate) fn ask(&mut self, wish: Wish, trace: u64) -> Result<(), Wish> {
        if self.queue.len() >= REQUESTS_WAITING + REQUESTS_IN_FLIGHT {
            return Err(wish);
        }
        self.queue.push_back(Request { id: None, trace, wish, send_at: Some(Millis(0)), retries: 0 });
        Ok(())
    }

    /// A session began: everything unanswered is sent again, new ids follow the greater of both counts.
    pub(crate) fn welcomed(&mut self, next_request: u32) {
        self.next_id = self.next_id.max(next_request);
        for request in &mut self.queue {
            request.send_at = Some(Millis(0));
        }
    }

    /// An id for something that is sent once.
    pub(crate) fn fresh_id(&mut self) -> u32 {
        let id = self.next_id();
        self.next_id = id.saturating_add(1);
        id
    }

    /// Somebody uses this id without asking: no later request gets it.
    pub(crate) fn uses(&mut self, id: u32) {
        self.next_id = self.next_id.max(id.saturating_add(1));
    }

    /// When [`Self::next`] has something to send.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.queue.iter().take(REQUESTS_IN_FLIGHT).filter_map(|r| r.send_at).min()
    }

    /// The next request to send now.
    pub(crate) fn next(&mut self, now: Millis) -> Option<(Context, ToServer)> {
        let mut sendable = self.queue.iter().take(REQUESTS_IN_FLIGHT);
        let index = sendable.position(|r| r.send_at.is_some_and(|at| at <= now))?;
        let id = match self.queue.get(index)?.id {
            Some(id) => id,
            None => self.fresh_id(),
        };
        let request = self.queue.get_mut(index)?;
        request.id = Some(id);
        request.send_at = None;
        let message = match &request.wish {
            Wish::Dress(tint) => ToServer::Dress(Dress { tint: *tint }),
            Wish::Deed(deed) => ToServer::Deed(deed.clone()),
        };
        Some((Context { request: id, trace: request.trace, ..Context::default() }, message))
    }

    /// Takes in a reply.
    pub(crate) fn replied(&mut self, now: Millis, id: u32, reply: Verdict) -> Answer {
        let index = self.queue.iter().position(|r| r.id == Some(id));
        let outcome = match (reply.code, event::meaning(reply.meaning)) {
            (0, _) => Outcome::Done,
            (_, Meaning::Retry) if index.is_some() => {
                self.again(index, now, reply.retry_after_ms);
                return Answer::Again;
            }
            (_, Meaning::Reconnect) if index.is_some() => return Answer::Elsewhere,
            (code, meaning) => Outcome::Refused { code, resync: meaning == Meaning::Resync },
        };
        let request = index.and_then(|i| self.queue.remove(i));
        Answer::Over(request.map(|r| r.wish), outcome)
    }

    fn again(&mut self, index: Option<usize>, now: Millis, retry_after_ms: u32) {
        let Some(request) = index.and_then(|i| self.queue.get_mut(i)) else { return };
        let own = REQUEST_RETRY_MS.saturating_mul(1 << request.retries.min(16)).min(REQUEST_RETRY_MAX_MS);
        request.retries = request.retries.saturating_add(1);
        request.send_at = Some(now + own.max(u64::from(retry_after_ms).min(RETRY_AFTER_MAX_MS)));
    }
}
