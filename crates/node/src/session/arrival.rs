//! An arrival: read the avatar, raise its epoch by compare-and-swap, read its place.
//!
//! The raise carries a holder that no other raise has. When its outcome is unknown, the document tells: the session is
//! mine only if epoch and holder both are; otherwise the epoch is raised again.

use protocol::mesh::Incarnation;
use store::{Document, Reply, Request, Version};
use world::{EntityId, Epoch, Millis, Plant, Planted};

use super::Turn;
use crate::avatar::{AVATAR_SCHEMA, AvatarBody, PLACE_SCHEMA, PlaceBody, avatar_key, entity_of, place_key};
use crate::io::ConnId;
use crate::limits::STORE_RETRY_MS;
use protocol::Code;

/// An arrival under way.
#[derive(Debug)]
pub(crate) struct Arrival {
    name: String,
    me: Incarnation,
    conn: ConnId,
    raises: u32,
    step: Step,
    planted: Planted,
}

#[derive(Debug)]
enum Step {
    /// The avatar's document is being read, to raise it.
    Reading,
    /// The raise to this body is under way.
    Raising(AvatarBody),
    /// The raise's outcome is unknown: the document is being read back.
    ReadingBack(AvatarBody),
    /// The epoch is ours; the place is being read.
    Placing(AvatarBody),
    /// Nothing is under way until then.
    Pausing(Millis, Box<Step>),
}

/// What an arrival ends with.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) body: AvatarBody,
    /// The newest checkpoint.
    pub(crate) place: Option<PlaceBody>,
    /// The document that it was read from.
    pub(crate) stored: Option<(Version, Document)>,
}

impl Arrival {
    pub(crate) fn new(name: String, me: Incarnation, conn: ConnId, planted: Planted) -> Self {
        Self { name, me, conn, raises: 0, step: Step::Reading, planted }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What to ask of the store now; `Wait` while it pauses.
    pub(crate) fn poll(&mut self, now: Millis) -> Turn<Arrived> {
        if let Step::Pausing(until, _) = &self.step {
            if now < *until {
                return Turn::Wait;
            }
            if let Step::Pausing(_, next) = std::mem::replace(&mut self.step, Step::Reading) {
                self.step = *next;
            }
        }
        match &self.step {
            Step::Placing(body) => Turn::Ask(Request::Get { key: place_key(EntityId(body.entity)) }),
            _ => Turn::Ask(Request::Get { key: avatar_key(&self.name) }),
        }
    }

    /// Goes on with the store's reply.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> Turn<Arrived> {
        match std::mem::replace(&mut self.step, Step::Reading) {
            Step::Reading => self.read(now, reply),
            Step::Raising(body) => self.raised(now, body, reply),
            Step::ReadingBack(body) => self.read_back(now, body, reply),
            Step::Placing(body) => self.placed(now, body, reply),
            pausing @ Step::Pausing(..) => {
                self.step = pausing;
                Turn::Wait
            }
        }
    }

    fn read(&mut self, now: Millis, reply: Reply) -> Turn<Arrived> {
        match reply {
            Reply::Found { version, mut document } => {
                let Ok(mut body) = document.read::<AvatarBody>(AVATAR_SCHEMA) else {
                    return Turn::End(Code::DocumentUnreadable);
                };
                if self.planted.is(Plant::SkipEpoch) && body.epoch > 0 {
                    return self.place(body);
                }
                self.raise(&mut body);
                if document.write(AVATAR_SCHEMA, &body).is_err() {
                    return Turn::End(Code::DocumentUnreadable);
                }
                self.step = Step::Raising(body);
                Turn::Ask(Request::Replace { key: avatar_key(&self.name), version, document })
            }
            Reply::Absent => {
                let mut body = AvatarBody::new(&self.name);
                self.raise(&mut body);
                let Ok(document) = Document::new(AVATAR_SCHEMA, &body) else {
                    return Turn::End(Code::DocumentUnreadable);
                };
                self.step = Step::Raising(body);
                Turn::Ask(Request::Insert { key: avatar_key(&self.name), document })
            }
            Reply::Applied { .. } | Reply::Conflict | Reply::NotApplied | Reply::Unknown => {
                self.pause(now, Step::Reading)
            }
        }
    }

    fn raised(&mut self, now: Millis, body: AvatarBody, reply: Reply) -> Turn<Arrived> {
        match reply {
            Reply::Applied { .. } => self.place(body),
            Reply::Unknown => self.pause(now, Step::ReadingBack(body)),
            // Somebody else wrote in between: read again at once.
            Reply::Conflict => self.poll(now),
            Reply::NotApplied | Reply::Found { .. } | Reply::Absent => self.pause(now, Step::Reading),
        }
    }

    fn read_back(&mut self, now: Millis, body: AvatarBody, reply: Reply) -> Turn<Arrived> {
        match reply {
            Reply::Found { ref document, .. } => match document.read::<AvatarBody>(AVATAR_SCHEMA) {
                Ok(found) if found.epoch == body.epoch && found.holder == body.holder => self.place(found),
                Ok(_) => self.read(now, reply),
                Err(_) => Turn::End(Code::DocumentUnreadable),
            },
            Reply::Absent => self.read(now, reply),
            Reply::Applied { .. } | Reply::Conflict | Reply::NotApplied | Reply::Unknown => {
                self.pause(now, Step::ReadingBack(body))
            }
        }
    }

    fn place(&mut self, body: AvatarBody) -> Turn<Arrived> {
        let key = place_key(EntityId(body.entity));
        self.step = Step::Placing(body);
        Turn::Ask(Request::Get { key })
    }

    fn placed(&mut self, now: Millis, body: AvatarBody, reply: Reply) -> Turn<Arrived> {
        match reply {
            Reply::Found { version, document } => match document.read::<PlaceBody>(PLACE_SCHEMA) {
                Ok(place) => Turn::Done(Arrived { body, place: Some(place), stored: Some((version, document)) }),
                Err(_) => Turn::End(Code::DocumentUnreadable),
            },
            Reply::Absent => Turn::Done(Arrived { body, place: None, stored: None }),
            Reply::Applied { .. } | Reply::Conflict | Reply::NotApplied | Reply::Unknown => {
                self.pause(now, Step::Placing(body))
            }
        }
    }

    fn raise(&mut self, body: &mut AvatarBody) {
        self.raises += 1;
        body.entity = entity_of(&self.name).0;
        body.raise(Epoch(body.epoch).next(), format!("{}/{}/{}", self.me, self.conn.0, self.raises));
    }

    fn pause(&mut self, now: Millis, then: Step) -> Turn<Arrived> {
        self.step = Step::Pausing(now + STORE_RETRY_MS, Box::new(then));
        Turn::Wait
    }
}
