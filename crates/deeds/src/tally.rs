//! What came into the world and went out of it, item by item: the books by which items are counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tables::ItemId;

/// Items that a document's deeds brought into the world and took out of it, since the document began.
///
/// Over all documents of a world, for each item: what bags, chests and piles hold is what tallies say was made less what
/// they say is gone. Moves between documents are in no tally.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Gathered, crafted, given back by what was dismantled.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub made: BTreeMap<ItemId, u64>,
    /// Eaten, used up, decayed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<ItemId, u64>,
}

impl Tally {
    /// Notes what came into the world.
    pub fn make(&mut self, item: &ItemId, amount: u32) {
        add(&mut self.made, item, amount);
    }

    /// Notes what went out of it.
    pub fn lose(&mut self, item: &ItemId, amount: u32) {
        add(&mut self.gone, item, amount);
    }

    /// Whether nothing was ever noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.made.is_empty() && self.gone.is_empty()
    }
}

fn add(book: &mut BTreeMap<ItemId, u64>, item: &ItemId, amount: u32) {
    if amount > 0 {
        let entry = book.entry(item.clone()).or_default();
        // A u64 holds what all players of a world gather in its life.
        *entry = entry.saturating_add(u64::from(amount));
    }
}
