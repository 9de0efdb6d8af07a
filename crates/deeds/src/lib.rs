//! What players do to things: items, bags, traces on the ground, land, and the commands that change them.
//!
//! Everything here is a pure function of documents, tables and a time that is handed in. It commits nothing, sends
//! nothing and asks no store: a command says which documents it needs or how they look afterwards, and the machines of
//! `store` make that happen once. Numbers that designers turn stand in tables ([`tables::Tables`]), not in code.
//!
//! Main types: [`Command`], [`Registry`], [`Verdict`].
//!
//! Invariant: no command makes or loses an item but by a table's word, and each such word is written into a
//! [`Tally`] of a document that the same commit writes. So the sum over all documents can be checked at any time.

#![forbid(unsafe_code)]

mod avatar;
mod bag;
mod command;
pub mod commands;
mod consent;
mod land;
mod nature;
mod page;
mod performance;
mod registry;
mod scene;
pub mod tables;
mod tally;
pub mod toolkit;
mod trace;

pub use avatar::{AVATAR_KIND, Belongings, Energy, avatar_key};
pub use bag::{Bag, BagError};
pub use command::{Change, Command, Done, Event, Receipt, Stop, Verdict, ensure};
pub use consent::{Bargain, CONSENT_MS, Consent, OFFER_MS, OFFERS, Offers, PROMISES, Promises, Spent};
pub use land::{LAND_KIND, Land, LandId, Right, Rights, Role, land_key};
pub use nature::IslandNature;
pub use page::{CELL_TRACES, PAGE_KIND, PAGE_TRACES, Page, PageKey};
pub use performance::{KeptReceipt, Performance, Rulebook, Told};
pub use registry::{Registry, RegistryError};
pub use scene::{Actor, Documents, Look, Nature, Partner, SCHEMA, Scene};
pub use tally::Tally;
pub use trace::{Built, Pile, Taken, Trace, TraceId};
