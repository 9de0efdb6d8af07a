//! The handover of a session from one node to another: what the client is told, and what the two nodes tell each other.
//!
//! `S` serves, `T` is to take over. The words between nodes travel on the direct lane, which loses and repeats; each
//! names the handover, and all may come twice. Who may act is decided in the store, never by a word.
//!
//! Invariant: like every message of the mesh, a word begins with the incarnation that it comes from.

use wincode::{SchemaRead, SchemaWrite};
use world::{Chunk, EntityId, Epoch, IslandId, Motion, Position, Tick};

use crate::codec::{self, MESH_CAP};
use crate::envelope::{self, Context, Envelope, Kind};
use crate::limits;
use crate::mesh::Incarnation;
use crate::wire::WireError;

/// Client to `T`: the hello of a second connection, with what the invitation gave.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Follow {
    /// The oldest version that the client speaks.
    pub oldest: u16,
    /// The newest version that the client speaks.
    pub newest: u16,
    /// The account.
    pub name: String,
    /// The token of the invitation.
    pub token: Vec<u8>,
}

/// Client to `S`: nothing follows but pings until the handover is over one way or the other.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Freeze {
    /// The handover that the invitation named.
    pub handover: u64,
    /// The last input that was sent, 0 for none.
    pub seq: u32,
}

/// `S` to client: another node is ready for you. It may be ignored.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Invite {
    /// The number of the handover, to be named in [`Freeze`].
    pub handover: u64,
    /// Where to open a second connection, `host:port`.
    pub address: String,
    /// What to show there.
    pub token: Vec<u8>,
    /// Milliseconds for which the invitation holds.
    pub within_ms: u32,
}

/// Between nodes: one word of a handover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Who says it.
    pub from: Incarnation,
    /// The number that `S` gave to the handover.
    pub handover: u64,
    /// What.
    pub say: Say,
}

/// What the two nodes of a handover say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// `S` to `T`: have you room, and will you get ready?
    Prepare {
        /// The account.
        name: String,
        /// Its avatar.
        entity: EntityId,
        /// The epoch of the session.
        epoch: Epoch,
        /// The island.
        island: IslandId,
        /// The chunk in whose stream the avatar is.
        chunk: Chunk,
    },
    /// `T` to `S`: room is reserved, and the ghosts around are warm.
    Prepared {
        /// What the client must show.
        token: Vec<u8>,
    },
    /// `T` to `S`: no, or not any more.
    Declined {
        /// A [`Decline`].
        reason: u8,
    },
    /// `S` to `T`: the avatar's document says that you may take it.
    Released {
        /// The epoch that was released.
        epoch: Epoch,
        /// The tick at which the place holds.
        tick: Tick,
        /// Where the avatar is.
        at: Position,
        /// How it moves on.
        motion: Motion,
    },
    /// `T` to `S`: it is mine.
    Taken {
        /// The epoch at which.
        epoch: Epoch,
    },
    /// `S` to `T`: forget it.
    CalledOff,
}

/// Why `T` declines. The numbers are frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Decline {
    /// It has no room for another session.
    NoRoom = 1,
    /// It could not learn in time who is around.
    NotWarm = 2,
    /// The client did not come, or went away.
    NoClient = 3,
    /// It stops.
    Stopping = 4,
    /// The document did not let it take the avatar.
    NotReleased = 5,
}

impl Decline {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::NoRoom, Self::NotWarm, Self::NoClient, Self::Stopping, Self::NotReleased];

    /// The reason with this number.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|d| *d as u8 == n)
    }
}

/// The wire forms of the words, by kind.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct PrepareWire {
    from: u64,
    handover: u64,
    name: String,
    entity: u64,
    epoch: u32,
    island: u32,
    cx: i16,
    cy: i16,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct PreparedWire {
    from: u64,
    handover: u64,
    token: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct DeclinedWire {
    from: u64,
    handover: u64,
    reason: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct ReleasedWire {
    from: u64,
    handover: u64,
    epoch: u32,
    tick: u64,
    x: i32,
    y: i32,
    motion: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct TakenWire {
    from: u64,
    handover: u64,
    epoch: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub(crate) struct CalledOffWire {
    from: u64,
    handover: u64,
}

impl Word {
    /// The kinds of the words.
    pub const KINDS: [Kind; 6] =
        [Kind::Prepare, Kind::Prepared, Kind::Declined, Kind::Released, Kind::Taken, Kind::CalledOff];

    /// Appends the message, envelope included.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let (from, handover) = (self.from.0, self.handover);
        let (kind, payload) = match &self.say {
            Say::Prepare { name, entity, epoch, island, chunk } => {
                let (name, entity, epoch, island) = (name.clone(), entity.0, epoch.0, island.0);
                let (cx, cy) = (chunk.cx, chunk.cy);
                let wire = PrepareWire { from, handover, name, entity, epoch, island, cx, cy };
                (Kind::Prepare, codec::to_bytes(&wire))
            }
            Say::Prepared { token } => {
                (Kind::Prepared, codec::to_bytes(&PreparedWire { from, handover, token: token.clone() }))
            }
            Say::Declined { reason } => {
                (Kind::Declined, codec::to_bytes(&DeclinedWire { from, handover, reason: *reason }))
            }
            Say::Released { epoch, tick, at, motion } => {
                let (epoch, tick, motion) = (epoch.0, tick.0, motion.to_byte());
                let wire = ReleasedWire { from, handover, epoch, tick, x: at.x, y: at.y, motion };
                (Kind::Released, codec::to_bytes(&wire))
            }
            Say::Taken { epoch } => (Kind::Taken, codec::to_bytes(&TakenWire { from, handover, epoch: epoch.0 })),
            Say::CalledOff => (Kind::CalledOff, codec::to_bytes(&CalledOffWire { from, handover })),
        };
        envelope::write(out, kind, Context::default(), |out| out.extend_from_slice(&payload));
    }

    /// Reads a word's payload. `None` for any other kind.
    pub(crate) fn decode(envelope: &Envelope<'_>) -> Result<Option<Self>, WireError> {
        let payload = envelope.payload;
        let (from, handover, say) = match envelope.known() {
            Some(Kind::Prepare) => {
                let w: PrepareWire = codec::from_bytes::<_, MESH_CAP>(payload)?;
                WireError::unless_within("name", w.name.len(), limits::NAME_BYTES)?;
                let (entity, epoch, island) = (EntityId(w.entity), Epoch(w.epoch), IslandId(w.island));
                let chunk = Chunk { cx: w.cx, cy: w.cy };
                (w.from, w.handover, Say::Prepare { name: w.name, entity, epoch, island, chunk })
            }
            Some(Kind::Prepared) => {
                let w: PreparedWire = codec::from_bytes::<_, MESH_CAP>(payload)?;
                WireError::unless_within("token", w.token.len(), limits::TOKEN_BYTES)?;
                (w.from, w.handover, Say::Prepared { token: w.token })
            }
            Some(Kind::Declined) => {
                let w: DeclinedWire = codec::from_bytes::<_, MESH_CAP>(payload)?;
                (w.from, w.handover, Say::Declined { reason: w.reason })
            }
            Some(Kind::Released) => {
                let w: ReleasedWire = codec::from_bytes::<_, MESH_CAP>(payload)?;
                let (at, motion) = (Position::new(w.x, w.y), Motion::from_byte(w.motion));
                (w.from, w.handover, Say::Released { epoch: Epoch(w.epoch), tick: Tick(w.tick), at, motion })
            }
            Some(Kind::Taken) => {
                let w: TakenWire = codec::from_bytes::<_, MESH_CAP>(payload)?;
                (w.from, w.handover, Say::Taken { epoch: Epoch(w.epoch) })
            }
            Some(Kind::CalledOff) => {
                let w: CalledOffWire = codec::from_bytes::<_, MESH_CAP>(payload)?;
                (w.from, w.handover, Say::CalledOff)
            }
            _ => return Ok(None),
        };
        Ok(Some(Self { from: Incarnation(from), handover, say }))
    }
}
