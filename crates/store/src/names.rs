//! The names by which the commit protocol tells sessions and attempts apart.
//!
//! Invariant: a [`Holder`] is given out once, for one raise of one epoch, and a [`Txn`] once, for one attempt.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The one raise of an epoch that succeeded. Whoever raises makes it unique, for example from incarnation, connection
/// and a counter.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Holder(Arc<str>);

impl Holder {
    /// A holder with this text.
    #[must_use]
    pub fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Holder {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Holder> for String {
    fn from(holder: Holder) -> Self {
        holder.0.as_ref().to_owned()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One attempt at one deed: its holder, and a number that the holder gives once. Stored as `HOLDER#NUMBER`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Txn {
    /// Whose attempt.
    pub holder: Holder,
    /// The holder's how many-th.
    pub number: u64,
}

/// A text is not a [`Txn`].
#[derive(Debug, Error)]
#[error("{0:?} is not of the form HOLDER#NUMBER")]
pub struct TxnError(String);

impl FromStr for Txn {
    type Err = TxnError;

    fn from_str(text: &str) -> Result<Self, TxnError> {
        let parts = text.rsplit_once('#').and_then(|(holder, number)| Some((holder, number.parse().ok()?)));
        let (holder, number) = parts.ok_or_else(|| TxnError(text.to_owned()))?;
        Ok(Self { holder: Holder::new(holder), number })
    }
}

impl TryFrom<String> for Txn {
    type Error = TxnError;

    fn try_from(text: String) -> Result<Self, TxnError> {
        text.parse()
    }
}

impl From<Txn> for String {
    fn from(txn: Txn) -> Self {
        txn.to_string()
    }
}

impl fmt::Display for Txn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.holder, self.number)
    }
}
