//! Those who do things to things: gatherers, builders, traders, thieves and retriers.
//!
//! Each is a pure, seeded machine like every mind: it sees a [`Sight`], wants one [`Act`] at a time, is told how its deeds
//! ended, and says what should never have been ([`Wrong`]). They know the tables as players know the manual. What a deed
//! really did is judged by the ledger, from receipts and documents; here only what one player can tell.

mod builder;
mod gatherer;
mod gathering;
mod legs;
mod retrier;
mod sight;
mod thief;
mod trader;

use std::sync::Arc;

use client::{Outcome, Performed};
use deeds::tables::Tables;
use protocol::things::{Offer, Offered};

use crate::behaviour::Act;
use crate::config::BehaviourConfig;
use crate::random::Random;
pub use sight::Sight;

/// What a player saw that should never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// A stable word for its kind.
    pub kind: &'static str,
    /// What it was.
    pub what: String,
}

impl Wrong {
    /// Something that must be refused was done.
    pub const THEFT: &'static str = "theft_done";
    /// It was refused, but with another code than it must be.
    pub const CODE: &'static str = "wrong_code";
    /// A refusal came with items gained or lost.
    pub const RECEIPT: &'static str = "refusal_with_receipt";
    /// Something is missing from a bag after a refusal.
    pub const CHANGED: &'static str = "changed_by_refusal";
    /// A request was answered in two ways.
    pub const TWO_ANSWERS: &'static str = "two_answers";
    /// Another content was done under an id that was used.
    pub const ID_REUSED: &'static str = "id_reuse_done";
    /// A trade moved something else than was agreed.
    pub const OFF_TERMS: &'static str = "off_terms";
    /// One agreement was good for two trades.
    pub const TWICE: &'static str = "traded_twice";

    pub(crate) fn new(kind: &'static str, what: impl Into<String>) -> Self {
        Self { kind, what: what.into() }
    }
}

/// What somebody wants, and within how many milliseconds it wants to act again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doing {
    pub(crate) act: Act,
    pub(crate) within_ms: u64,
}

impl Doing {
    fn now(act: Act) -> Self {
        Self { act, within_ms: u64::MAX }
    }

    fn nothing() -> Self {
        Self::now(Act::Nothing)
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) enum Folk {
    Gatherer(gatherer::Gatherer),
    Builder(builder::Builder),
    Trader(trader::Trader),
    Thief(thief::Thief),
    Retrier(retrier::Retrier),
}

impl Folk {
    /// The one of a behaviour; `None` for those who only walk and talk.
    pub(crate) fn of(config: &BehaviourConfig, tables: &Arc<Tables>) -> Option<Self> {
        let tables = Arc::clone(tables);
        Some(match config {
            BehaviourConfig::Gatherer(c) => Self::Gatherer(gatherer::Gatherer::new(c.clone(), tables)),
            BehaviourConfig::Builder(c) => Self::Builder(builder::Builder::new(c.clone(), tables)),
            BehaviourConfig::Trader(c) => Self::Trader(trader::Trader::new(c.clone(), tables)),
            BehaviourConfig::Thief(c) => Self::Thief(thief::Thief::new(c.clone(), tables)),
            BehaviourConfig::Retrier(c) => Self::Retrier(retrier::Retrier::new(c.clone(), tables)),
            BehaviourConfig::Idle(_)
            | BehaviourConfig::Wander(_)
            | BehaviourConfig::Commute(_)
            | BehaviourConfig::Gather(_)
            | BehaviourConfig::CheatSpeed(_)
            | BehaviourConfig::CheatTeleport(_)
            | BehaviourConfig::Chatter(_) => return None,
        })
    }

    /// What it wants now.
    pub(crate) fn act(&mut self, sight: &Sight<'_>, random: &mut Random) -> Doing {
        match self {
            Self::Gatherer(folk) => folk.act(sight, random),
            Self::Builder(folk) => folk.act(sight, random),
            Self::Trader(folk) => folk.act(sight, random),
            Self::Thief(folk) => folk.act(sight, random),
            Self::Retrier(folk) => folk.act(sight, random),
        }
    }

    /// A deed was answered.
    pub(crate) fn performed(&mut self, told: &Performed, wrongs: &mut Vec<Wrong>) {
        let Performed { request, outcome, receipt, .. } = told;
        if *outcome != Outcome::Done && !(receipt.gained.is_empty() && receipt.lost.is_empty()) {
            wrongs.push(Wrong::new(Wrong::RECEIPT, format!("request {request} was refused with {receipt:?}")));
        }
        match self {
            Self::Gatherer(folk) => folk.performed(told),
            Self::Builder(folk) => folk.performed(told),
            Self::Trader(folk) => folk.performed(told, wrongs),
            Self::Thief(folk) => folk.performed(told, wrongs),
            Self::Retrier(folk) => folk.performed(told, wrongs),
        }
    }

    /// Somebody offers a trade.
    pub(crate) fn offered(&mut self, sight: &Sight<'_>, offered: &Offered, random: &mut Random) -> Option<Act> {
        match self {
            Self::Trader(folk) => folk.offered(sight, offered, random),
            Self::Gatherer(folk) => folk.offered(sight, offered, random),
            Self::Builder(_) | Self::Thief(_) | Self::Retrier(_) => None,
        }
    }

    /// Somebody agreed to an offer of its own.
    pub(crate) fn agreed(&mut self, offer: &Offer) -> Option<Act> {
        match self {
            Self::Trader(folk) => folk.agreed(offer),
            Self::Gatherer(_) | Self::Builder(_) | Self::Thief(_) | Self::Retrier(_) => None,
        }
    }
}

/// Whether the answer is to what was asked as this deed, and not one that nobody waited for.
fn is_own(told: &Performed) -> bool {
    told.deed.is_some()
}

/// The code of a refusal.
fn refused(told: &Performed) -> Option<u16> {
    match told.outcome {
        Outcome::Refused { code, .. } => Some(code),
        Outcome::Done | Outcome::NotSent => None,
    }
}
