//! Numbers that name things in this crate.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person: one account's avatar, wherever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub u64);

/// One asking for seats, numbered by the shell and never reused within a leader's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// The life of one leader. Whoever hands it out sees to it that no two leaders ever have the same, and that later ones
/// have higher ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Term(pub u64);

/// A promise of one seat. It stays the name of the seat while its person is on the island. Never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromiseId {
    /// The leader that made it.
    pub term: Term,
    /// Its number among that leader's promises.
    pub serial: u64,
}

impl fmt::Display for PromiseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "promise-{}.{}", self.term.0, self.serial)
    }
}

/// A request to the store, numbered by the machine and never reused. An answer to an unknown number is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);
