//! What clients and nodes tell each other of things: deeds and their replies, bags, pages of traces, trades.
//!
//! Items, recipes and buildings go by their names in the tables, so a client needs no list of numbers. The arguments of
//! a deed are the command's own struct in the same format; `docs/deeds.md` names them. The structs are flat on purpose:
//! a field that does not apply is zero or empty.
//!
//! Invariant: the pages of one session come in order. A whole one replaces what was known of its cell, another one
//! changes it; whoever is told so keeps what the server's node knows.

use wincode::{SchemaRead, SchemaWrite};
use world::{EntityId, Epoch};

use crate::codec::{self, MESH_CAP};
use crate::envelope::{self, Context, Envelope, Kind};
use crate::limits;
use crate::mesh::Incarnation;
use crate::wire::WireError;

/// So many of an item.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Heap {
    /// The item.
    pub item: String,
    /// How many.
    pub amount: u32,
}

/// A deed by its name: a request.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Deed {
    /// The command's name.
    pub deed: String,
    /// The avatar that takes part, 0 for none.
    pub partner: u64,
    /// The command's arguments.
    pub args: Vec<u8>,
}

/// The answer to a [`Deed`]. The same request is always answered the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct DeedReply {
    /// 0 done, otherwise a [`crate::Code`].
    pub code: u16,
    /// 0 done, otherwise a [`crate::Meaning`].
    pub meaning: u8,
    /// How long to wait before a retry, in milliseconds; 0 where that does not apply.
    pub retry_after_ms: u32,
    /// What came into the bag.
    pub gained: Vec<Heap>,
    /// What went out of it.
    pub lost: Vec<Heap>,
    /// Ids of the piles and buildings that were made.
    pub made: Vec<u32>,
}

/// What the client's avatar has. A higher `rev` replaces a lower one.
#[derive(Clone, Debug, Default, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Bag {
    /// The revision of the avatar's document.
    pub rev: u64,
    /// The items.
    pub items: Vec<Heap>,
    /// Kilojoules at `energy_as_of_ms`.
    pub energy_kj: u32,
    /// Milliseconds since 1970; 0: full.
    pub energy_as_of_ms: u64,
    /// Until when the hands are at work, milliseconds since 1970.
    pub busy_until_ms: u64,
    /// Names of the parcels that it owns.
    pub parcels: Vec<String>,
}

/// What a [`Trace`] is. The numbers are frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TraceKind {
    /// It is not there any more.
    Gone = 0,
    /// Something is missing of a natural prop.
    Taken = 1,
    /// Items lie on the ground.
    Pile = 2,
    /// Something was built.
    Built = 3,
}

impl TraceKind {
    /// The kind with this number.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        [Self::Gone, Self::Taken, Self::Pile, Self::Built].into_iter().find(|kind| *kind as u8 == n)
    }
}

/// A trace, as others see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Trace {
    /// Its id in the chunk.
    pub id: u32,
    /// A [`TraceKind`].
    pub kind: u8,
    /// Taken: the prop's index in the chunk.
    pub prop: u16,
    /// Pile, built: units east.
    pub x: i32,
    /// Pile, built: units south.
    pub y: i32,
    /// Pile: the item. Built: what it is.
    pub name: String,
    /// Taken: units missing at `at_ms`. Pile: how many lie there.
    pub amount: u32,
    /// Built: the avatar that built it.
    pub owner: u64,
    /// Taken: when so much was missing. Pile, built: when it decays. Milliseconds since 1970.
    pub at_ms: u64,
    /// Built: what lies in it.
    pub holds: Vec<Heap>,
}

/// What somebody may do on a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Guest {
    /// Who.
    pub entity: u64,
    /// 1 guest, 2 builder, 3 steward.
    pub role: u8,
}

/// The traces of a chunk's page or of one of its cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Page {
    /// The island.
    pub island: u32,
    /// Chunk column.
    pub cx: i16,
    /// Chunk row.
    pub cy: i16,
    /// 0 for the chunk's page, 1 to 16 for its cells.
    pub cell: u8,
    /// 1: these are all traces of it. 0: only what changed.
    pub whole: u8,
    /// The document's revision after this.
    pub rev: u64,
    /// The parcel that the ground belongs to, empty for none.
    pub land: String,
    /// Who owns it, 0 for nobody.
    pub owner: u64,
    /// Until when it is kept up, milliseconds since 1970.
    pub kept_until_ms: u64,
    /// Roles of others.
    pub guests: Vec<Guest>,
    /// The traces.
    pub traces: Vec<Trace>,
}

/// Offer a trade to somebody in view. Nothing is stored; it is forgotten after half a minute.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Offer {
    /// The other's avatar.
    pub to: u64,
    /// What the one who offers gives.
    pub gives: Vec<Heap>,
    /// What the one who offers takes.
    pub takes: Vec<Heap>,
}

/// Somebody offers a trade.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Offered {
    /// Who offers.
    pub by: u64,
    /// The number under which it is shown, to agree with.
    pub number: u64,
    /// What they give.
    pub gives: Vec<Heap>,
    /// What they take.
    pub takes: Vec<Heap>,
}

/// Agree to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Agree {
    /// Who offered.
    pub by: u64,
    /// The number under which it was shown.
    pub number: u64,
}

/// Somebody agreed to one's offer: the deed `trade` with just these items will be done once, if it is asked for soon.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
#[cfg_attr(test, derive(bincode::Encode))]
pub struct Agreed {
    /// Who agreed.
    pub by: u64,
    /// What the one who offered gives.
    pub gives: Vec<Heap>,
    /// What the one who offered takes.
    pub takes: Vec<Heap>,
}

/// Between nodes: what a committed deed changed in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Who tells.
    pub from: Incarnation,
    /// What.
    pub page: Page,
}

/// Between nodes: an offer, to the node of the avatar that it is made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who tells.
    pub from: Incarnation,
    /// Who offers.
    pub by: EntityId,
    /// What.
    pub offer: Offer,
}

/// Between nodes: somebody agreed, to the node of the avatar that offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who tells.
    pub from: Incarnation,
    /// Who agreed.
    pub by: EntityId,
    /// The account of who agreed.
    pub name: String,
    /// The epoch of the session in which.
    pub epoch: Epoch,
    /// Who offered.
    pub to: EntityId,
    /// To what, as it was offered.
    pub offer: Offer,
}

/// Between nodes: a deed that names an avatar was committed, to the node of that avatar. Its document has changed, and
/// who acted upon it must be seen at full rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dealt {
    /// Who tells.
    pub from: Incarnation,
    /// Who acted.
    pub by: EntityId,
    /// Who took part.
    pub with: EntityId,
}

#[derive(SchemaRead, SchemaWrite)]
struct NewsWire {
    from: u64,
    page: Page,
}

#[derive(SchemaRead, SchemaWrite)]
struct ProposalWire {
    from: u64,
    by: u64,
    offer: Offer,
}

#[derive(SchemaRead, SchemaWrite)]
struct DealtWire {
    from: u64,
    by: u64,
    with: u64,
}

#[derive(SchemaRead, SchemaWrite)]
struct ConsentWire {
    from: u64,
    by: u64,
    name: String,
    epoch: u32,
    to: u64,
    offer: Offer,
}

/// Between nodes: what is told of things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tidings {
    /// See [`News`].
    News(News),
    /// See [`Proposal`].
    Proposal(Proposal),
    /// See [`Consent`].
    Consent(Consent),
    /// See [`Dealt`].
    Dealt(Dealt),
}

impl Tidings {
    /// Who tells.
    #[must_use]
    pub fn from(&self) -> Incarnation {
        match self {
            Self::News(m) => m.from,
            Self::Proposal(m) => m.from,
            Self::Consent(m) => m.from,
            Self::Dealt(m) => m.from,
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let (kind, payload) = match self.clone() {
            Self::News(News { from, page }) => (Kind::News, codec::to_bytes(&NewsWire { from: from.0, page })),
            Self::Proposal(Proposal { from, by, offer }) => {
                (Kind::Proposal, codec::to_bytes(&ProposalWire { from: from.0, by: by.0, offer }))
            }
            Self::Consent(Consent { from, by, name, epoch, to, offer }) => {
                let wire = ConsentWire { from: from.0, by: by.0, name, epoch: epoch.0, to: to.0, offer };
                (Kind::Consent, codec::to_bytes(&wire))
            }
            Self::Dealt(Dealt { from, by, with }) => {
                (Kind::Dealt, codec::to_bytes(&DealtWire { from: from.0, by: by.0, with: with.0 }))
            }
        };
        envelope::write(out, kind, Context::default(), |out| out.extend_from_slice(&payload));
    }

    /// Reads a payload. `None` for another kind.
    pub(crate) fn decode(envelope: &Envelope<'_>) -> Result<Option<Self>, WireError> {
        let payload = envelope.payload;
        Ok(Some(match envelope.known() {
            Some(Kind::News) => {
                let NewsWire { from, page } = codec::from_bytes::<NewsWire, MESH_CAP>(payload)?;
                page.within_limits()?;
                Self::News(News { from: Incarnation(from), page })
            }
            Some(Kind::Proposal) => {
                let ProposalWire { from, by, offer } = codec::from_bytes::<ProposalWire, MESH_CAP>(payload)?;
                offer.within_limits()?;
                Self::Proposal(Proposal { from: Incarnation(from), by: EntityId(by), offer })
            }
            Some(Kind::Consent) => {
                let wire = codec::from_bytes::<ConsentWire, MESH_CAP>(payload)?;
                WireError::unless_within("name", wire.name.len(), limits::NAME_BYTES)?;
                wire.offer.within_limits()?;
                Self::Consent(Consent {
                    from: Incarnation(wire.from),
                    by: EntityId(wire.by),
                    name: wire.name,
                    epoch: Epoch(wire.epoch),
                    to: EntityId(wire.to),
                    offer: wire.offer,
                })
            }
            Some(Kind::Dealt) => {
                let DealtWire { from, by, with } = codec::from_bytes::<DealtWire, MESH_CAP>(payload)?;
                Self::Dealt(Dealt { from: Incarnation(from), by: EntityId(by), with: EntityId(with) })
            }
            _ => return Ok(None),
        }))
    }
}

impl Deed {
    pub(crate) fn within_limits(&self) -> Result<(), WireError> {
        WireError::unless_within("deed", self.deed.len(), limits::DEED_NAME_BYTES)?;
        WireError::unless_within("arguments", self.args.len(), limits::DEED_ARGS_BYTES)
    }
}

impl Offer {
    pub(crate) fn within_limits(&self) -> Result<(), WireError> {
        heaps(&self.gives, limits::OFFER_HEAPS)?;
        heaps(&self.takes, limits::OFFER_HEAPS)
    }
}

impl Page {
    pub(crate) fn within_limits(&self) -> Result<(), WireError> {
        WireError::unless_within("cell", usize::from(self.cell), limits::PAGE_CELLS)?;
        WireError::unless_within("traces", self.traces.len(), limits::PAGE_TRACES)?;
        WireError::unless_within("guests", self.guests.len(), limits::PAGE_GUESTS)?;
        self.traces.iter().try_for_each(|trace| heaps(&trace.holds, limits::BAG_HEAPS))
    }
}

fn heaps(heaps: &[Heap], most: usize) -> Result<(), WireError> {
    WireError::unless_within("items", heaps.len(), most)
}
