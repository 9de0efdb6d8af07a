//! The documents of an avatar: itself, with its session's epoch and its remembered replies, and its place.

use std::sync::LazyLock;

use deeds::AVATAR_KIND;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::record::Release;
use store::window::Remembered;
use store::{Key, Upcasters};
use world::{EntityId, Epoch, Position, Tick};

/// The schema of an avatar's document that this build writes.
pub const AVATAR_SCHEMA: u32 = 1;
/// The schema of [`PlaceBody`] that this build writes.
pub const PLACE_SCHEMA: u32 = 1;

/// What a session writes into an avatar's document beside the header of the commit protocol and what deeds keep there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The entity, derived from the name.
    pub entity: u64,
    /// The tint.
    pub tint: u8,
    /// How many deeds were done.
    #[serde(default)]
    pub deeds: u64,
}

/// The document `avatar/NAME` as it is stored, header and [`Figure`]: for those who only look at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvatarBody {
    /// The entity, derived from the name.
    pub entity: u64,
    /// The epoch of the session that may act.
    pub epoch: u32,
    /// The one raise of that epoch that succeeded; unique.
    pub holder: String,
    /// Grows with each write of the commit protocol that something may wait for.
    pub seq: u64,
    /// The tint.
    pub tint: u8,
    /// How many deeds were done.
    #[serde(default)]
    pub deeds: u64,
    /// The newest replies, oldest first.
    pub window: Vec<Remembered>,
    /// One more than the greatest request id that was carried out.
    pub next_request: u32,
    /// The greatest request id that has left the window. What is above it and not in the window never happened.
    #[serde(default)]
    pub forgotten: u32,
    /// Who may take the session over. While it is there the holder commits nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Release>,
    /// Grows with each change of what it is about.
    #[serde(default)]
    pub rev: u64,
}

/// The document `place/ENTITY`: where an avatar was, written now and then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceBody {
    /// The epoch of the session that wrote it.
    pub epoch: u32,
    /// The tick at which it was true.
    pub tick: u64,
    /// Units east.
    pub x: i32,
    /// Units south.
    pub y: i32,
}

impl PlaceBody {
    /// What orders checkpoints.
    #[must_use]
    pub fn order(&self) -> (Epoch, Tick) {
        (Epoch(self.epoch), Tick(self.tick))
    }

    /// The place.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.x, self.y)
    }
}

impl Figure {
    /// A new avatar, before its first session.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let entity = entity_of(name).0;
        Self { entity, tint: (entity % 16) as u8, deeds: 0 }
    }
}

impl AvatarBody {
    /// A new avatar, before its first session.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let Figure { entity, tint, deeds } = Figure::new(name);
        Self {
            entity,
            epoch: 0,
            holder: String::new(),
            seq: 0,
            tint,
            deeds,
            window: Vec::new(),
            next_request: 1,
            forgotten: 0,
            released: None,
            rev: 0,
        }
    }
}

/// How the documents that a node commits to are read. One of a newer release is left alone, its header too.
pub(crate) fn upcasters() -> &'static Upcasters {
    static UPCASTERS: LazyLock<Upcasters> = LazyLock::new(|| Upcasters::default().reading(AVATAR_KIND, AVATAR_SCHEMA));
    &UPCASTERS
}

/// The key of an account's avatar.
#[must_use]
pub fn avatar_key(name: &str) -> Key {
    deeds::avatar_key(name)
}

/// The key of an avatar's place.
#[must_use]
pub fn place_key(entity: EntityId) -> Key {
    Key::new("place", format_args!("{:016x}", entity.0))
}

/// The entity of an account's avatar: the front of the SHA-256 of its name, so that no counter is needed, and nobody
/// can choose a name that yields another's entity. Never zero.
#[must_use]
pub fn entity_of(name: &str) -> EntityId {
    let digest = Sha256::digest(name.as_bytes());
    let front = digest.iter().take(8).fold(0u64, |id, byte| id << 8 | u64::from(*byte));
    EntityId(front.max(1))
}
