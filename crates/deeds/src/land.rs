//! Land: parcels of chunks that belong to somebody, and what others may do there.
//!
//! The parcel's document is the record; its rights are copied into every page that it covers, in the same commit, so
//! that a deed finds the right in the document that it writes anyway.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use store::Key;
use world::{Chunk, EntityId, Millis};

/// The kind of a parcel's key.
pub const LAND_KIND: &str = "land";

/// A parcel's name: who claimed it and the how manieth of theirs it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LandId(pub String);

/// What one may do on a parcel, from least to most; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May gather, pick up, and use chests.
    Guest,
    /// May build and dismantle as well.
    Builder,
    /// May give roles as well.
    Steward,
}

/// What a deed does to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Take from nature and off the ground, and use chests.
    Use,
    /// Change what stands there.
    Build,
    /// Say who may do what.
    Manage,
}

/// Who may do what on the ground of a page. Void once the upkeep has run out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// The parcel.
    pub land: LandId,
    /// The entity that owns it and may do everything.
    pub owner: u64,
    /// Roles of others, by entity.
    #[serde(default)]
    pub roles: BTreeMap<u64, Role>,
    /// Until when it is kept up, milliseconds since 1970.
    pub kept_until_ms: u64,
}

/// The document of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Land {
    /// What is copied into its pages.
    pub rights: Rights,
    /// The island.
    pub island: u32,
    /// Its chunks, as column and row.
    pub chunks: Vec<(i16, i16)>,
}

impl fmt::Display for LandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl LandId {
    /// The name of an owner's `nth` parcel.
    #[must_use]
    pub fn new(owner: EntityId, nth: u32) -> Self {
        Self(format!("{:016x}-{nth}", owner.0))
    }
}

impl Rights {
    /// Whether they hold at `now`.
    #[must_use]
    pub fn hold(&self, now: Millis) -> bool {
        now.0 < self.kept_until_ms
    }

    /// Whether somebody has a right at `now`. On land that nobody keeps up everybody has the first two.
    #[must_use]
    pub fn allow(&self, who: EntityId, right: Right, now: Millis) -> bool {
        if who.0 == self.owner {
            return true;
        }
        if !self.hold(now) {
            return right != Right::Manage;
        }
        let needed = match right {
            Right::Use => Role::Guest,
            Right::Build => Role::Builder,
            Right::Manage => Role::Steward,
        };
        self.roles.get(&who.0).is_some_and(|role| *role >= needed)
    }
}

impl Land {
    /// Its chunks.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk> {
        self.chunks.iter().map(|(cx, cy)| Chunk::new(*cx, *cy))
    }
}

/// The key of a parcel's document.
#[must_use]
pub fn land_key(land: &LandId) -> Key {
    Key::new(LAND_KIND, land)
}
