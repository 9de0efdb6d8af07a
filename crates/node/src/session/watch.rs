//! The watch of a holder: read the avatar's document every two seconds, to learn that somebody raised its epoch.
//!
//! While the store is silent the avatar may move on for a while; then it stands still until the document was read. So
//! two nodes move one avatar for a bounded time at most, whatever is cut.

use deeds::Belongings;
use store::{Holder, Reply, Request};
use world::{Epoch, Millis};

use crate::avatar::{AVATAR_SCHEMA, AvatarBody, avatar_key};
use crate::limits::{VERIFY_EVERY_MS, VERIFY_WITHIN_MS};

/// What a holder finds in its avatar's document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) body: AvatarBody,
    /// What deeds keep there; `None` if this build cannot read it.
    pub(crate) belongings: Option<Belongings>,
    /// A deed of somebody else waits on it.
    pub(crate) has_intent: bool,
}

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
    Mine(Box<Looked>),
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
    pub(crate) fn reply(&mut self, now: Millis, epoch: Epoch, reply: Reply) -> Seen {
        let asked_at = self.asked_at.take();
        self.next_at = now + VERIFY_EVERY_MS;
        match reply {
            Reply::Found { document, .. } => match document.read::<AvatarBody>(AVATAR_SCHEMA) {
                Ok(body) if body.epoch == epoch.0 && body.holder == self.holder.as_str() => {
                    // What was read was true when it was asked for at the earliest.
                    self.confirmed_at = asked_at.unwrap_or(now);
                    self.distrusted = false;
                    let belongings = document.read(AVATAR_SCHEMA).ok();
                    let has_intent = document.fields().contains_key("intent");
                    Seen::Mine(Box::new(Looked { body, belongings, has_intent }))
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
