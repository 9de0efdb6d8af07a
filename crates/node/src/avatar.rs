//! The documents of an avatar: itself, with its session's epoch and its remembered replies, and its place.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Key;
use world::{EntityId, Epoch, Position, Tick};

use protocol::limits::REPLY_WINDOW;

/// The schema of [`AvatarBody`] that this build writes.
pub const AVATAR_SCHEMA: u32 = 1;
/// The schema of [`PlaceBody`] that this build writes.
pub const PLACE_SCHEMA: u32 = 1;

/// The document `avatar/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvatarBody {
    /// The entity, derived from the name.
    pub entity: u64,
    /// The epoch of the session that may act.
    pub epoch: u32,
    /// The one raise of that epoch that succeeded; unique.
    pub holder: String,
    /// Grows with each deed.
    pub seq: u64,
    /// The tint.
    pub tint: u8,
    /// The newest replies, oldest first.
    pub window: Vec<Remembered>,
    /// One more than the greatest request id that was carried out.
    pub next_request: u32,
    /// The greatest request id that has left the window. What is above it and not in the window never happened.
    #[serde(default)]
    pub forgotten: u32,
    /// Who may take the session over. While it is there the holder commits nothing.
    #[serde(default)]
    pub released: Option<Released>,
}

/// A session that was released to another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The incarnation that may take it.
    pub to: u64,
    /// The epoch that was released.
    pub epoch: u32,
}

/// A reply that a repeated request gets again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The request.
    pub request: u32,
    /// The digest of its content.
    pub content: u64,
    /// The code of its reply, 0 for done.
    pub code: u16,
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

/// What the window knows of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// It was carried out, with this code.
    Done(u16),
    /// Its id was used with another content.
    OtherContent,
    /// Its id is older than the window reaches.
    TooOld,
    /// It is new.
    New,
}

impl AvatarBody {
    /// A new avatar, before its first session.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let entity = entity_of(name).0;
        let tint = (entity % 16) as u8;
        Self {
            entity,
            epoch: 0,
            holder: String::new(),
            seq: 0,
            tint,
            window: Vec::new(),
            next_request: 1,
            forgotten: 0,
            released: None,
        }
    }

    /// Begins a new epoch with a new holder. What was released is so no more.
    pub fn raise(&mut self, epoch: Epoch, holder: String) {
        self.epoch = epoch.0;
        self.holder = holder;
        self.released = None;
    }

    /// What is remembered of a request.
    #[must_use]
    pub fn recall(&self, request: u32, content: u64) -> Recalled {
        match self.window.iter().find(|r| r.request == request) {
            Some(r) if r.content == content => Recalled::Done(r.code),
            Some(_) => Recalled::OtherContent,
            None if request > self.forgotten => Recalled::New,
            None => Recalled::TooOld,
        }
    }

    /// Remembers a reply and forgets the oldest beyond the window.
    pub fn remember(&mut self, request: u32, content: u64, code: u16) {
        self.window.push(Remembered { request, content, code });
        let over = self.window.len().saturating_sub(REPLY_WINDOW);
        let forgotten = self.window.drain(..over).map(|r| r.request).max();
        self.forgotten = self.forgotten.max(forgotten.unwrap_or(0));
        self.next_request = self.next_request.max(request.saturating_add(1));
    }
}

/// The key of an account's avatar.
#[must_use]
pub fn avatar_key(name: &str) -> Key {
    Key::new("avatar", name)
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
