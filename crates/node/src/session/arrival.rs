//! An arrival: raise the epoch of the avatar's document, read its place.
//!
//! The raise is that of the commit protocol: it frees the document of what an earlier session left on it, and carries a
//! holder that no other raise has.

use protocol::Code;
use protocol::mesh::Incarnation;
use store::commit::{Raised, Raiser, Right, Terms};
use store::{Body, Document, Holder, Record, Reply, Request, Version};
use world::{EntityId, Millis, Planted};

use super::Turn;
use super::driver::Driver;
use crate::avatar::{AVATAR_SCHEMA, Figure, PLACE_SCHEMA, PlaceBody, avatar_key, entity_of, place_key};
use crate::io::ConnId;
use crate::limits::STORE_RETRY_MS;

/// An arrival under way.
#[derive(Debug)]
pub(crate) struct Arrival {
    name: String,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// The epoch is being raised.
    Raising(Box<Driver<Raiser>>),
    /// The epoch is ours; the place is being read, or is to be at this time.
    Placing(Box<Record>, Option<Millis>),
    /// Nothing more.
    Over,
}

/// What an arrival ends with.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// The avatar's document just after the raise.
    pub(crate) record: Box<Record>,
    /// The newest checkpoint.
    pub(crate) place: Option<PlaceBody>,
    /// The document that it was read from.
    pub(crate) stored: Option<(Version, Document)>,
}

/// How a session commits.
pub(crate) fn terms(planted: Planted) -> Terms {
    Terms { planted, ..Terms::default() }
}

/// The name under which a session raises. The moment is part of it: an incarnation and its connections come again where
/// the directory was lost and the store was not, and attempts are numbered anew for each name.
pub(crate) fn session_name(now: Millis, me: Incarnation, conn: ConnId, mark: &str) -> Holder {
    Holder::new(format_args!("{me}/{}@{:x}{mark}", conn.0, now.0))
}

impl Arrival {
    pub(crate) fn new(now: Millis, name: String, me: Incarnation, conn: ConnId, planted: Planted) -> Self {
        let holder = session_name(now, me, conn, "");
        let create = Body::new(AVATAR_SCHEMA, &Figure::new(&name)).ok();
        let raiser = Raiser::new(terms(planted), avatar_key(&name), holder, Right::Login { create });
        Self { name, step: Step::Raising(Box::new(Driver::new(now, raiser))) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What to ask of the store now; `Wait` while a reply is awaited or it pauses.
    pub(crate) fn poll(&mut self, now: Millis) -> Turn<Arrived> {
        match &mut self.step {
            Step::Raising(driver) => {
                let turn = driver.poll(now);
                self.raising(turn)
            }
            Step::Placing(_, Some(at)) if *at <= now => self.read_place(),
            Step::Placing(..) | Step::Over => Turn::Wait,
        }
    }

    /// Goes on with the store's reply.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> Turn<Arrived> {
        match std::mem::replace(&mut self.step, Step::Over) {
            Step::Raising(mut driver) => {
                let turn = driver.reply(now, reply);
                self.step = Step::Raising(driver);
                self.raising(turn)
            }
            Step::Placing(record, _) => self.placed(now, record, reply),
            Step::Over => Turn::Wait,
        }
    }

    fn raising(&mut self, turn: Turn<Raised>) -> Turn<Arrived> {
        match turn {
            Turn::Ask(request) => Turn::Ask(request),
            Turn::Wait => Turn::Wait,
            Turn::End(code) => Turn::End(code),
            Turn::Done(Raised::Mine(_, record)) => {
                self.step = Step::Placing(record, None);
                self.read_place()
            }
            Turn::Done(Raised::NotAllowed(_) | Raised::Unreadable(_)) => Turn::End(Code::DocumentUnreadable),
        }
    }

    fn read_place(&mut self) -> Turn<Arrived> {
        if let Step::Placing(_, at) = &mut self.step {
            *at = None;
        }
        Turn::Ask(Request::Get { key: place_key(self.entity()) })
    }

    /// Derived from the name and not read: a document cannot make somebody another entity.
    fn entity(&self) -> EntityId {
        entity_of(&self.name)
    }

    fn placed(&mut self, now: Millis, record: Box<Record>, reply: Reply) -> Turn<Arrived> {
        match reply {
            Reply::Found { version, document } => match document.read::<PlaceBody>(PLACE_SCHEMA) {
                Ok(place) => Turn::Done(Arrived { record, place: Some(place), stored: Some((version, document)) }),
                Err(_) => Turn::End(Code::DocumentUnreadable),
            },
            Reply::Absent => Turn::Done(Arrived { record, place: None, stored: None }),
            Reply::Applied { .. } | Reply::Conflict | Reply::NotApplied | Reply::Unknown => {
                self.step = Step::Placing(record, Some(now + STORE_RETRY_MS));
                Turn::Wait
            }
        }
    }
}
