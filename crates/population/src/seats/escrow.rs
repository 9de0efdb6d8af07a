//! The document of one island's seats, kept by compare-and-swap.
//!
//! A machine of one request at a time. A new leader reads, then claims by writing its term; a leader that reads a higher
//! term is over. A write of unknown outcome stays in doubt, and the lowest number in doubt is the limit, until a later
//! write of ours was applied or the document is seen to have moved on.
//!
//! Invariant: [`Escrow::limit`] is never above what the stored document grants.

use store::{Document, Reply, Request, Version};
use world::{IslandId, Millis};

use super::document::{SCHEMA, SeatDocument};
use crate::ids::{OpId, Term};
use crate::limits::{GRANT_AHEAD_MAX, GRANT_SHRINK_MS, STORE_RETRY_MS, UNREADABLE_RETRY_MS};
use crate::plan::Phase;
use crate::plant::{Plant, Planted};

/// What the leader wants the document to say.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// People, promises and askings that wait: below it the grant is too small.
    pub needed: u32,
    /// What to grant if anything is written; at least the people and promises.
    pub target: u32,
    /// When a promise that is made now ends.
    pub promise_ends: Millis,
    /// Until when a new grant is good.
    pub until: Millis,
    /// People and promises.
    pub counted: u32,
    /// The hard cap.
    pub hard_cap: u32,
    /// The phase to be stored.
    pub phase: Phase,
}

/// What an answer meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing to act upon.
    Nothing,
    /// The island is ours from now on; this is what the former leader left.
    Claimed(SeatDocument),
    /// The document says what was wished.
    Granted,
    /// Somebody with a higher term has it.
    Deposed(Term),
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The document must be read.
    Unread,
    Reading(OpId),
    /// What is stored is known as far as it can be.
    Idle,
    Writing(OpId, SeatDocument),
    Resting(Millis),
    Over,
}

/// What was last read or written: `None` if there is no document.
type Base = Option<(Version, Document)>;

/// The document of one island, as one leader keeps it.
#[derive(Debug)]
pub struct Escrow {
    island: IslandId,
    term: Term,
    state: State,
    base: Base,
    /// What is in the store for all that we know.
    stored: SeatDocument,
    claimed: bool,
    stamp: u64,
    /// The smallest grant among writes that may still take effect.
    doubt: Option<u32>,
    written_at: Millis,
    planted: Planted,
}

impl Escrow {
    /// The seats of an island, unread.
    #[must_use]
    pub fn new(island: IslandId, term: Term, planted: Planted) -> Self {
        Self {
            island,
            term,
            state: State::Unread,
            base: None,
            stored: blank(),
            claimed: false,
            stamp: 0,
            doubt: None,
            written_at: Millis(0),
            planted,
        }
    }

    /// Whether the island is this leader's.
    #[must_use]
    pub fn claimed(&self) -> bool {
        self.claimed && !matches!(self.state, State::Over)
    }

    /// How many people and promises the document certainly grants.
    #[must_use]
    pub fn limit(&self) -> u32 {
        if !self.claimed() {
            return 0;
        }
        let mut limit = self.stored.granted.min(self.doubt.unwrap_or(u32::MAX));
        if let State::Writing(_, written) = &self.state {
            limit = limit.min(written.granted);
        }
        limit
    }

    /// The moment up to which promises may run.
    #[must_use]
    pub fn until(&self) -> Millis {
        Millis(self.stored.until_ms)
    }

    /// The phase that is certainly stored, if one is.
    #[must_use]
    pub fn stored_phase(&self) -> Option<Phase> {
        let settled = matches!(self.state, State::Idle) && self.doubt.is_none() && self.claimed;
        settled.then_some(self.stored.phase)
    }

    /// The next request, if there is something to ask or to write and nothing is under way.
    pub fn drive(&mut self, now: Millis, wish: &Wish, op: OpId) -> Option<Request> {
        if let State::Resting(until) = self.state {
            if now < until {
                return None;
            }
            self.state = State::Unread;
        }
        match self.state {
            State::Unread => {
                self.state = State::Reading(op);
                Some(Request::Get { key: SeatDocument::key(self.island) })
            }
            State::Idle if !self.claimed => self.write(now, op, SeatDocument { ..self.stored }),
            State::Idle if self.wants(now, wish) => {
                // A ticket's end is only moved when seats are granted that tickets can be made for.
                let until = if wish.target > wish.counted { wish.until.0 } else { 0 };
                let next = SeatDocument {
                    granted: wish.target,
                    until_ms: self.stored.until_ms.max(until),
                    hard_cap: wish.hard_cap,
                    counted: wish.counted,
                    phase: wish.phase,
                    ..self.stored
                };
                self.write(now, op, next)
            }
            State::Idle | State::Reading(_) | State::Writing(..) | State::Resting(_) | State::Over => None,
        }
    }

    fn wants(&self, now: Millis, wish: &Wish) -> bool {
        let limit = self.limit();
        let more = wish.target > limit;
        let short = more && wish.needed > limit;
        let low = more && limit.saturating_sub(wish.counted) * 2 < wish.target - wish.counted;
        let ending = wish.target > wish.counted && self.until() < wish.promise_ends;
        let much = limit > wish.target.saturating_add(GRANT_AHEAD_MAX) && now.since(self.written_at) >= GRANT_SHRINK_MS;
        short || low || ending || much || self.doubt.is_some() || self.stored.phase != wish.phase
    }

    fn write(&mut self, now: Millis, op: OpId, next: SeatDocument) -> Option<Request> {
        self.stamp += 1;
        let next = SeatDocument { term: self.term, stamp: self.stamp, ..next };
        let key = SeatDocument::key(self.island);
        let request = match &self.base {
            Some((version, old)) => {
                let mut document = old.clone();
                document.write(SCHEMA, &next).map(|()| Request::Replace { key, version: *version, document })
            }
            None => Document::new(SCHEMA, &next).map(|document| Request::Insert { key, document }),
        };
        match request {
            Ok(request) => {
                self.written_at = now;
                self.state = State::Writing(op, next);
                Some(request)
            }
            Err(_) => {
                self.state = State::Resting(now + UNREADABLE_RETRY_MS);
                None
            }
        }
    }

    /// Takes in an answer. Answers to other requests than the one under way change nothing.
    pub fn handle(&mut self, now: Millis, op: OpId, reply: Reply) -> Heard {
        match self.state {
            State::Reading(asked) if asked == op => self.read(now, reply),
            State::Writing(asked, written) if asked == op => self.wrote(now, written, reply),
            _ => Heard::Nothing,
        }
    }

    fn read(&mut self, now: Millis, reply: Reply) -> Heard {
        let (base, found) = match reply {
            Reply::Found { version, document } => {
                let Ok(found) = document.read::<SeatDocument>(SCHEMA) else {
                    self.state = State::Resting(now + UNREADABLE_RETRY_MS);
                    return Heard::Nothing;
                };
                (Some((version, document)), found)
            }
            Reply::Absent => (None, blank()),
            Reply::Applied { .. } | Reply::Conflict | Reply::NotApplied | Reply::Unknown => {
                self.state = State::Resting(now + STORE_RETRY_MS);
                return Heard::Nothing;
            }
        };
        if found.term > self.term {
            self.state = State::Over;
            return Heard::Deposed(found.term);
        }
        // Writes in doubt named the version that was known then. If that is gone, they can never happen.
        if version_of(&base) != version_of(&self.base) {
            self.doubt = None;
        }
        self.base = base;
        self.stored = found;
        self.state = State::Idle;
        if found.term == self.term && !self.claimed {
            return self.claim();
        }
        if self.claimed { Heard::Granted } else { Heard::Nothing }
    }

    fn wrote(&mut self, now: Millis, written: SeatDocument, reply: Reply) -> Heard {
        match reply {
            Reply::Applied { version } => {
                self.doubt = None;
                self.remember(version, written)
            }
            Reply::Unknown if self.planted.is(Plant::GuessOnUnknown) && self.claimed => {
                self.stored = written;
                self.state = State::Idle;
                Heard::Granted
            }
            Reply::Unknown => {
                self.doubt = Some(self.doubt.unwrap_or(u32::MAX).min(written.granted));
                self.state = State::Resting(now + STORE_RETRY_MS);
                Heard::Nothing
            }
            Reply::Conflict => {
                self.state = State::Unread;
                Heard::Nothing
            }
            Reply::NotApplied | Reply::Found { .. } | Reply::Absent => {
                self.state = State::Resting(now + STORE_RETRY_MS);
                Heard::Nothing
            }
        }
    }

    fn remember(&mut self, version: Version, written: SeatDocument) -> Heard {
        let mut document = match self.base.take() {
            Some((_, document)) => document,
            None => match Document::new(SCHEMA, &written) {
                Ok(document) => document,
                Err(_) => return self.reread(),
            },
        };
        if document.write(SCHEMA, &written).is_err() {
            return self.reread();
        }
        self.base = Some((version, document));
        self.stored = written;
        self.state = State::Idle;
        if self.claimed { Heard::Granted } else { self.claim() }
    }

    fn reread(&mut self) -> Heard {
        self.state = State::Unread;
        Heard::Nothing
    }

    fn claim(&mut self) -> Heard {
        self.claimed = true;
        Heard::Claimed(self.stored)
    }
}

fn version_of(base: &Base) -> Option<Version> {
    base.as_ref().map(|(version, _)| *version)
}

/// What an island without a document grants: nothing.
fn blank() -> SeatDocument {
    SeatDocument { term: Term(0), stamp: 0, granted: 0, until_ms: 0, hard_cap: 0, counted: 0, phase: Phase::Planned }
}
