//! The truth about avatars: for each, the running node that holds it at the highest epoch, and since when.

use std::collections::BTreeMap;

use node::EntityStatus;
use protocol::Incarnation;
use world::{EntityId, Gait, Millis};

use super::Scene;

/// What is true of an avatar.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) holder: Incarnation,
    pub(crate) status: EntityStatus,
    /// Since when this holder has held it at this epoch without a break.
    pub(crate) since: Millis,
    /// Since when it has stood still.
    pub(crate) still_since: Option<Millis>,
}

/// All avatars that some running node holds, and when the others were last held.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    facts: BTreeMap<EntityId, Fact>,
    last_held: BTreeMap<EntityId, Millis>,
}

impl Truth {
    pub(crate) fn look(&mut self, scene: &Scene<'_>) {
        let mut newest: BTreeMap<EntityId, (Incarnation, &EntityStatus)> = BTreeMap::new();
        for (holder, avatar) in scene.statuses.iter().flat_map(|s| s.avatars.iter().map(|a| (s.incarnation, a))) {
            let best = newest.entry(avatar.entity).or_insert((holder, avatar));
            if avatar.order.0 > best.1.order.0 {
                *best = (holder, avatar);
            }
        }
        let former = std::mem::take(&mut self.facts);
        for (entity, (holder, status)) in newest {
            let old = former.get(&entity).filter(|f| f.holder == holder && f.status.order.0 == status.order.0);
            let still = status.motion.gait == Gait::Stand && old.is_none_or(|f| f.status.at == status.at);
            let still_since = still.then(|| old.and_then(|f| f.still_since).unwrap_or(scene.now));
            let since = old.map_or(scene.now, |f| f.since);
            self.last_held.insert(entity, scene.now);
            self.facts.insert(entity, Fact { holder, status: status.clone(), since, still_since });
        }
    }

    pub(crate) fn get(&self, entity: EntityId) -> Option<&Fact> {
        self.facts.get(&entity)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (EntityId, &Fact)> {
        self.facts.iter().map(|(entity, fact)| (*entity, fact))
    }

    /// When any running node last held the avatar.
    pub(crate) fn last_held(&self, entity: EntityId) -> Option<Millis> {
        self.last_held.get(&entity).copied()
    }
}
