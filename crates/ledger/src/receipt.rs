//! What a client was told of a deed, as a line of JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One deed of one account, and how it was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The account.
    pub account: String,
    /// Its avatar.
    pub entity: u64,
    /// The request's id.
    pub request: u32,
    /// The deed's name.
    pub deed: String,
    /// The avatar that took part, 0 for none.
    #[serde(default)]
    pub partner: u64,
    /// The code of the answer, 0 for done; none if no answer came until the client left.
    pub code: Option<u16>,
    /// What came into the bag.
    #[serde(default)]
    pub gained: Vec<(String, u32)>,
    /// What went out of it.
    #[serde(default)]
    pub lost: Vec<(String, u32)>,
    /// Ids of the piles and buildings that were made.
    #[serde(default)]
    pub made: Vec<u32>,
    /// The node that answered.
    #[serde(default)]
    pub node: String,
    /// When, in milliseconds since the run began.
    #[serde(default)]
    pub at_ms: u64,
}

/// Amounts by item, gained or lost.
pub(crate) type Flow = BTreeMap<String, i128>;

/// Adds `times` an amount of items.
pub(crate) fn add(flow: &mut Flow, what: &[(String, u32)], times: i128) {
    for (item, amount) in what {
        *flow.entry(item.clone()).or_default() += times * i128::from(*amount);
    }
}

impl Receipt {
    /// The line, without its end.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Names and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A line, read.
    ///
    /// # Errors
    /// When it is none, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|why| {
            let shown: String = text.chars().take(60).collect();
            format!("{shown:?} is no receipt: {why}")
        })
    }

    /// Whether the client was told that it is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.code == Some(0)
    }

    /// Whether this acknowledges the same deed with the same words.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let (a, b) = (self, other);
        (&a.deed, a.partner, &a.gained, &a.lost, &a.made) == (&b.deed, b.partner, &b.gained, &b.lost, &b.made)
    }
}
