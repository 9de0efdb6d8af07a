//! What a command sees: who acts, where and when, the tables, nature, and the documents that were read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Document, Key};
use world::island::Prop;
use world::{Chunk, EntityId, IslandId, Millis, Position};

use protocol::Code;

use crate::avatar::{Belongings, avatar_key};
use crate::command::Stop;
use crate::consent::Spent;
use crate::land::{Land, LandId, land_key};
use crate::page::{Page, PageKey};
use crate::tables::Tables;

/// The schema of pages, parcels and belongings that this build writes, and the newest that it reads.
pub const SCHEMA: u32 = 1;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account; it names the avatar's document.
    pub name: String,
    /// The avatar.
    pub entity: EntityId,
    /// Where its authority has it.
    pub place: Position,
}

/// Somebody else who takes part, as told by that avatar's authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The account.
    pub name: String,
    /// The avatar.
    pub entity: EntityId,
    /// Where its authority has it.
    pub place: Position,
    /// What it agreed to, spent on this request; `None` if it did not agree.
    pub agreed: Option<Spent>,
}

/// What is known of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look<'a> {
    /// It was not read yet.
    NotRead,
    /// There is none.
    Absent,
    /// It was read.
    Present(&'a Document),
}

/// The documents that were read for a command.
pub trait Documents {
    /// What is known of one.
    fn look(&self, key: &Key) -> Look<'_>;
}

/// The natural props of the island.
pub trait Nature {
    /// A prop by its index in a chunk.
    fn prop(&self, chunk: Chunk, index: u16) -> Option<Prop>;
    /// Whether a place is dry ground of the island.
    fn is_dry(&self, place: Position) -> bool;
}

/// Everything that a command may look at.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The time of the deed.
    pub now: Millis,
    /// The number of the request, which is carried out at most once.
    pub request: u32,
    /// Who acts.
    pub actor: &'a Actor,
    /// Who takes part, if the request names somebody and that avatar is here.
    pub partner: Option<&'a Partner>,
    /// The island.
    pub island: IslandId,
    /// The tables.
    pub tables: &'a Tables,
    /// Nature.
    pub nature: &'a dyn Nature,
    /// What was read.
    pub documents: &'a dyn Documents,
}

impl Scene<'_> {
    /// Asks for all of these that were not read yet.
    pub fn need(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), Stop> {
        let unread = |key: &Key| self.documents.look(key) == Look::NotRead;
        let keys: Vec<Key> = keys.into_iter().filter(unread).collect();
        if keys.is_empty() { Ok(()) } else { Err(Stop::Need(keys)) }
    }

    /// What the actor carries.
    pub fn belongings(&self) -> Result<Belongings, Stop> {
        // An avatar that acts has a document; the fields in it may not be there yet.
        self.read::<Belongings>(&avatar_key(&self.actor.name)).map(Option::unwrap_or_default)
    }

    /// What the partner carries. Who has no document was never here: nothing is given to a name.
    pub fn belongings_of(&self, partner: &Partner) -> Result<Belongings, Stop> {
        self.read::<Belongings>(&avatar_key(&partner.name))?.ok_or(Stop::Refused(Code::PartnerAway))
    }

    /// A page or cell; one that was never written is empty.
    pub fn page(&self, key: PageKey) -> Result<Page, Stop> {
        self.read::<Page>(&key.key()).map(Option::unwrap_or_default)
    }

    /// A parcel, if there is one.
    pub fn land(&self, land: &LandId) -> Result<Option<Land>, Stop> {
        self.read::<Land>(&land_key(land))
    }

    /// Refuses what is further away than hands reach.
    pub fn within_reach(&self, place: Position) -> Result<(), Stop> {
        let reach = i64::from(self.tables.body.reach_units);
        if self.actor.place.distance_squared(place) <= reach * reach {
            Ok(())
        } else {
            Err(Stop::Refused(Code::OutOfRange))
        }
    }

    /// The fields of a document, as a command of a studio keeps them; `None` if there is no document.
    pub fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Stop> {
        match self.documents.look(key) {
            Look::NotRead => Err(Stop::Need(vec![key.clone()])),
            Look::Absent => Ok(None),
            Look::Present(document) => match document.read::<T>(SCHEMA) {
                Ok(fields) => Ok(Some(fields)),
                Err(_) => Err(Stop::Refused(Code::DocumentUnreadable)),
            },
        }
    }

    /// A document with these fields written over what was read; fields that `T` does not know stay.
    pub fn written<T: Serialize>(&self, key: &Key, fields: &T) -> Result<Document, Stop> {
        let written = match self.documents.look(key) {
            Look::Present(document) => {
                let mut document = document.clone();
                document.write(SCHEMA, fields).map(|()| document)
            }
            Look::NotRead | Look::Absent => Document::new(SCHEMA, fields),
        };
        written.map_err(|_| Stop::Refused(Code::DocumentUnreadable))
    }
}
