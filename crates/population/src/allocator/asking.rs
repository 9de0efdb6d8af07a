//! Askings that wait for a grant of seats.

use std::collections::BTreeMap;

use world::{IslandId, Millis};

use crate::arrival::Arrival;
use crate::decision::{Landing, Reason};
use crate::ids::AskId;

/// An asking and its part, if a party was split.
pub(super) type AskKey = (AskId, u16);

/// An asking for which an island was chosen, but whose seats are not granted yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub arrival: Arrival,
    pub choice: Choice,
    /// When it is told to wait.
    pub deadline: Millis,
}

/// A chosen island.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub island: IslandId,
    pub reason: Reason,
    pub landing: Landing,
}

/// What was decided of an asking before the store had its say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go(Choice),
    /// The party fits nowhere as a whole; its people may ask one by one.
    Split,
    Wait(Reason),
    Refuse(Reason),
}

/// All askings that wait.
pub(super) type Askings = BTreeMap<AskKey, Waiting>;
