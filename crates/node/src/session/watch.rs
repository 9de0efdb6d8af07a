//! The watch of a holder: read the avatar's document every two seconds, to learn that somebody raised its epoch.
//!
//! While the store is silent the avatar may move on for a while; then it stands still until the document was read. So
//! two nodes move one avatar for a bounded time at most, whatever is cut.

use store::{Holder, Record, Reply, Request, codec};
use world::{Epoch, Millis};

use crate::avatar::{avatar_key, upcasters};
use crate::limits::{VERIFY_EVERY_MS, VERIFY_WITHIN_MS};

/// The watch over one session.
#[derive(Debug)]
pub(crate) struct Watch {
    holder: Holder,
    asked_at: Option<Millis>,
    next_at: Millis,
    confirmed_at: Millis,
    distrusted: bool,
}

/// What a look at the document said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The session is still ours.
    Mine(Box<Record>),
    /// It is somebody else's.
    Replaced,
    /// The store has lost the document.
    Lost,
    /// The store did not say.
    Silence,
}

impl Watch {
    pub(crate) fn new(now: Millis, holder: Holder, spread_ms: u64) -> Self {
        let next_at = now + VERIFY_EVERY_MS / 2 + spread_ms % VERIFY_EVERY_MS;
        Self { holder, asked_at: None, next_at, confirmed_at: now, distrusted: false }
    }

    /// The holder that it looks for.
    pub(crate) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The session goes on at a higher epoch, which was read or written at `at`.
    pub(crate) fn raise(&mut self, at: Millis, holder: Holder) {
        self.holder = holder;
        // A look that is under way was asked for the epoch before.
        self.asked_at = None;
        self.confirmed_at = self.confirmed_at.max(at);
    }

    /// The process was stopped: the avatar stands still until the next look.
    pub(crate) fn distrust(&mut self, now: Millis) {
        self.distrusted = true;
        self.next_at = now;
    }

    /// Something has probably changed in the document: it is looked at then at the latest.
    pub(crate) fn look_by(&mut self, at: Millis) {
        self.next_at = self.next_at.min(at);
    }

    /// What to ask of the store, if it is time.
    pub(crate) fn poll(&mut self, now: Millis, name: &str) -> Option<Request> {
        let patient = self.asked_at.is_some_and(|at| now.since(at) < VERIFY_EVERY_MS);
        if now < self.next_at || patient {
            return None;
        }
        self.asked_at = Some(now);
        Some(Request::Get { key: avatar_key(name) })
    }

    /// Takes in the store's reply.
    pub(crate) fn reply(&mut self, now: Millis, (name, epoch): (&str, Epoch), reply: Reply) -> Seen {
        let asked_at = self.asked_at.take();
        self.next_at = now + VERIFY_EVERY_MS;
        match reply {
            Reply::Found { document, .. } => match codec::decode(upcasters(), &avatar_key(name), document) {
                Ok(record) if record.epoch == epoch && record.holder == self.holder => {
                    // What was read was true when it was asked for at the earliest.
                    self.confirmed_at = asked_at.unwrap_or(now);
                    self.distrusted = false;
                    Seen::Mine(Box::new(record))
                }
                _ => Seen::Replaced,
            },
            Reply::Absent => Seen::Lost,
            Reply::Applied { .. } | Reply::Conflict | Reply::NotApplied | Reply::Unknown => {
                self.next_at = now + VERIFY_EVERY_MS / 4;
                Seen::Silence
            }
        }
    }

    /// A deed of ours was committed: the session was ours then.
    pub(crate) fn confirm(&mut self, asked_at: Millis) {
        self.confirmed_at = self.confirmed_at.max(asked_at);
    }

    /// Whether the avatar must stand still.
    pub(crate) fn suspends(&self, now: Millis) -> bool {
        self.distrusted || now.since(self.confirmed_at) >= VERIFY_WITHIN_MS
    }
}
