//! Checkpoints of an avatar's place: a small document, ordered by epoch and tick, written now and then, and once more
//! when its session ends in good order.
//!
//! The stored version is known from the arrival and from each write on, so that the last checkpoint needs no reading
//! first: then nobody would be left to wait for the answer.

use store::{Document, Reply, Request, Version};
use world::{EntityId, Epoch, Millis, Position, Tick};

use crate::avatar::{PLACE_SCHEMA, PlaceBody, place_key};
use crate::limits::CHECKPOINT_EVERY_MS;

/// What is known of the stored place.
#[derive(Clone, Debug)]
enum Known {
    /// Nothing: somebody else wrote it, or nobody knows. Read it first.
    Nothing,
    /// There is none.
    Absent,
    /// This version.
    At(Version, Document),
}

/// The checkpoints of one session.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    entity: EntityId,
    epoch: Epoch,
    known: Known,
    /// What is under way: a read, or a write of this document.
    busy: Option<Option<Document>>,
    next_at: Millis,
    written: Option<Position>,
}

impl Checkpoint {
    /// Of a session that begins; the arrival read `stored`, or found that there is none.
    pub(crate) fn new(now: Millis, entity: EntityId, epoch: Epoch, stored: Option<(Version, Document)>) -> Self {
        let spread = entity.0 % CHECKPOINT_EVERY_MS;
        let known = stored.map_or(Known::Absent, |(version, document)| Known::At(version, document));
        Self { entity, epoch, known, busy: None, next_at: now + spread, written: None }
    }

    /// Of a session that another node gave to this one: what is stored was not read.
    pub(crate) fn unread(now: Millis, entity: EntityId, epoch: Epoch) -> Self {
        Self { known: Known::Nothing, ..Self::new(now, entity, epoch, None) }
    }

    /// The session goes on at a higher epoch.
    pub(crate) fn raise(&mut self, epoch: Epoch) {
        self.epoch = epoch;
    }

    /// What to ask of the store, if it is time and the avatar is elsewhere than was written.
    pub(crate) fn poll(&mut self, now: Millis, tick: Tick, at: Position) -> Option<Request> {
        if self.busy.is_some() || now < self.next_at || self.written == Some(at) {
            return None;
        }
        let request = self.request(tick, at)?;
        self.busy = Some(match &request {
            Request::Insert { document, .. } | Request::Replace { document, .. } => Some(document.clone()),
            Request::Get { .. } | Request::Remove { .. } => None,
        });
        Some(request)
    }

    /// The last checkpoint of a session that ends. Nobody waits for its outcome.
    pub(crate) fn farewell(&mut self, tick: Tick, at: Position) -> Option<Request> {
        if self.busy.is_some() || self.written == Some(at) || matches!(self.known, Known::Nothing) {
            return None;
        }
        self.request(tick, at)
    }

    fn request(&mut self, tick: Tick, at: Position) -> Option<Request> {
        let key = place_key(self.entity);
        let body = PlaceBody { epoch: self.epoch.0, tick: tick.0, x: at.x, y: at.y };
        match &self.known {
            Known::Nothing => Some(Request::Get { key }),
            Known::Absent => {
                self.written = Some(at);
                Some(Request::Insert { key, document: Document::new(PLACE_SCHEMA, &body).ok()? })
            }
            Known::At(version, document) => {
                let mut document = document.clone();
                document.write(PLACE_SCHEMA, &body).ok()?;
                self.written = Some(at);
                Some(Request::Replace { key, version: *version, document })
            }
        }
    }

    /// Takes in the store's reply. Returns whether the stored place belongs to a newer epoch.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> bool {
        let written = self.busy.take().flatten();
        self.next_at = now + CHECKPOINT_EVERY_MS;
        match reply {
            Reply::Found { version, document } => {
                let newer = document.read::<PlaceBody>(PLACE_SCHEMA).is_ok_and(|p| p.order().0 > self.epoch);
                self.known = Known::At(version, document);
                self.next_at = now;
                newer
            }
            Reply::Absent => {
                self.known = Known::Absent;
                self.next_at = now;
                false
            }
            Reply::Applied { version } => {
                self.known = written.map_or(Known::Nothing, |document| Known::At(version, document));
                false
            }
            Reply::Conflict | Reply::NotApplied | Reply::Unknown => {
                self.known = Known::Nothing;
                self.written = None;
                false
            }
        }
    }
}
