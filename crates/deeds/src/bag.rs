//! A bag: items and amounts, with room for so many stacks and so much weight.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::tables::{ItemId, Items, Room};

/// Items by kind. An item that is not there has no entry.
///
/// Invariant: no amount is zero. What the tables do not know any more is kept, and weighs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bag(BTreeMap<ItemId, u32>);

/// Why a bag stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BagError {
    /// It would hold more stacks or weigh more than it may.
    #[error("the bag is full")]
    Full,
    /// It does not have so many.
    #[error("the bag does not have so many")]
    Missing,
}

impl Bag {
    /// How many of an item it holds.
    #[must_use]
    pub fn amount(&self, item: &ItemId) -> u32 {
        self.0.get(item).copied().unwrap_or(0)
    }

    /// All items with their amounts, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&ItemId, u32)> {
        self.0.iter().map(|(item, amount)| (item, *amount))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Stacks that it fills: an item fills as many as its table's `stack` asks for.
    #[must_use]
    pub fn stacks(&self, items: &Items) -> u64 {
        let stacks = |(item, amount): (&ItemId, u32)| {
            u64::from(amount).div_ceil(items.get(item).map_or(u64::from(u32::MAX), |i| u64::from(i.stack)))
        };
        self.iter().map(stacks).sum()
    }

    /// What it weighs in grams.
    #[must_use]
    pub fn weight_g(&self, items: &Items) -> u64 {
        let weight =
            |(item, amount): (&ItemId, u32)| u64::from(amount) * items.get(item).map_or(0, |i| u64::from(i.weight_g));
        self.iter().map(weight).sum()
    }

    /// Puts all of `what` in, or nothing.
    pub fn put(&mut self, items: &Items, room: Room, what: &[(ItemId, u32)]) -> Result<(), BagError> {
        let mut after = self.clone();
        for (item, amount) in what {
            let held = after.amount(item).checked_add(*amount).ok_or(BagError::Full)?;
            after.set(item, held);
        }
        if after.stacks(items) > u64::from(room.stacks) || after.weight_g(items) > u64::from(room.weight_g) {
            return Err(BagError::Full);
        }
        *self = after;
        Ok(())
    }

    /// Takes all of `what` out, or nothing.
    pub fn take(&mut self, what: &[(ItemId, u32)]) -> Result<(), BagError> {
        let mut after = self.clone();
        for (item, amount) in what {
            let left = after.amount(item).checked_sub(*amount).ok_or(BagError::Missing)?;
            after.set(item, left);
        }
        *self = after;
        Ok(())
    }

    /// Puts an item in without asking for room: for what is given back when a chest falls.
    pub fn pour(&mut self, item: &ItemId, amount: u32) {
        self.set(item, self.amount(item).saturating_add(amount));
    }

    fn set(&mut self, item: &ItemId, amount: u32) {
        if amount == 0 {
            self.0.remove(item);
        } else {
            self.0.insert(item.clone(), amount);
        }
    }
}
