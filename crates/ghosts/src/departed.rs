//! The memory of who is gone, so that nothing old can bring them back.

use std::collections::{BTreeMap, VecDeque};

use world::{EntityId, Epoch, Hop, Millis};

/// Milliseconds for which the order of a departed entity is remembered.
pub const DEPARTED_MS: u64 = 60_000;
/// How many departed entities are remembered. Beyond it the oldest is forgotten, which can at worst show a stale
/// entity until its own stream corrects it.
pub const DEPARTED_LIMIT: usize = 65_536;

/// The (epoch, hop) of entities that are not in the table any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departed {
    orders: BTreeMap<EntityId, (Epoch, Hop)>,
    by_age: VecDeque<(Millis, EntityId, (Epoch, Hop))>,
}

impl Departed {
    pub(crate) fn remember(&mut self, now: Millis, entity: EntityId, order: (Epoch, Hop)) {
        self.orders.insert(entity, order);
        self.by_age.push_back((now + DEPARTED_MS, entity, order));
        while self.by_age.len() > DEPARTED_LIMIT {
            self.forget_oldest();
        }
    }

    pub(crate) fn order(&self, entity: EntityId) -> Option<(Epoch, Hop)> {
        self.orders.get(&entity).copied()
    }

    pub(crate) fn returned(&mut self, entity: EntityId) {
        self.orders.remove(&entity);
    }

    pub(crate) fn expire(&mut self, now: Millis) {
        while self.by_age.front().is_some_and(|(until, _, _)| *until <= now) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, entity, order)) = self.by_age.pop_front()
            && self.orders.get(&entity) == Some(&order)
        {
            self.orders.remove(&entity);
        }
    }
}
