//! The books of a world: for each item, what is held somewhere, and what the tallies say must be.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::evidence::{Avatar, Evidence, flow};
use crate::receipt::Flow;

/// One item in all documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Item {
    /// In bags, piles and buildings.
    pub held: i128,
    /// Made, less what is gone.
    pub booked: i128,
}

/// All items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Books(pub BTreeMap<String, Item>);

impl Books {
    pub(crate) fn of(avatars: &BTreeMap<String, Avatar>, evidence: &mut Evidence) -> Self {
        let mut books = Self::default();
        for avatar in avatars.values() {
            books.hold(&avatar.bag);
            books.book(&avatar.made, 1);
            books.book(&avatar.gone, -1);
        }
        let (lies, tallies) = evidence.ground();
        books.hold(&lies);
        for tally in tallies {
            books.book(&flow(&tally.made), 1);
            books.book(&flow(&tally.gone), -1);
        }
        books
    }

    /// Items that are held and not booked, or booked and not held, all kinds together.
    #[must_use]
    pub fn imbalance(&self) -> u64 {
        let each = self.0.values().map(|item| item.held.abs_diff(item.booked));
        u64::try_from(each.fold(0u128, u128::saturating_add)).unwrap_or(u64::MAX)
    }

    fn hold(&mut self, what: &Flow) {
        what.iter().for_each(|(item, amount)| self.item(item).held += amount);
    }

    fn book(&mut self, what: &Flow, sign: i128) {
        what.iter().for_each(|(item, amount)| self.item(item).booked += sign * amount);
    }

    fn item(&mut self, item: &str) -> &mut Item {
        self.0.entry(item.to_owned()).or_default()
    }
}
