//! Epochs: each is given to one session only, and two nodes move one avatar for a bounded time at most.

use std::collections::BTreeMap;

use node::limits::{STALL_MS, VERIFY_WITHIN_MS};
use world::{EntityId, Gait, Millis};

use super::{Checker, Findings, Scene};

/// Milliseconds for which two nodes may move one avatar: until the older must have confirmed its epoch, and what it
/// may sleep without noticing.
pub const OVERLAP_BOUND_MS: u64 = VERIFY_WITHIN_MS + STALL_MS;

#[derive(Debug, Default)]
pub(crate) struct Epochs {
    given: BTreeMap<(String, u32), u64>,
    overlaps: BTreeMap<EntityId, Millis>,
    longest_ms: u64,
}

impl Epochs {
    /// A session was welcomed at an epoch.
    pub(crate) fn welcomed(&mut self, findings: &mut Findings, name: &str, epoch: u32, link: u64) {
        let owner = *self.given.entry((name.to_owned(), epoch)).or_insert(link);
        findings.check(Checker::EpochGivenOnce, owner == link, || {
            format!("{name} was welcomed at epoch {epoch} on connections {owner} and {link}")
        });
    }

    pub(crate) fn look(&mut self, findings: &mut Findings, scene: &Scene<'_>) {
        let mut movers: BTreeMap<EntityId, u32> = BTreeMap::new();
        for avatar in scene.statuses.iter().flat_map(|s| &s.avatars) {
            if avatar.held && avatar.motion.gait != Gait::Stand {
                *movers.entry(avatar.entity).or_insert(0) += 1;
            }
        }
        self.overlaps.retain(|entity, _| movers.get(entity).is_some_and(|n| *n > 1));
        for (entity, _) in movers.iter().filter(|(_, n)| **n > 1) {
            let since = *self.overlaps.entry(*entity).or_insert(scene.now);
            let lasts = scene.now.since(since);
            self.longest_ms = self.longest_ms.max(lasts);
            findings.check(Checker::OverlapBounded, lasts <= OVERLAP_BOUND_MS, || {
                format!("{entity} has been moved by two nodes for {lasts} ms; the bound is {OVERLAP_BOUND_MS} ms")
            });
        }
    }

    pub(crate) fn longest_overlap_ms(&self) -> u64 {
        self.longest_ms
    }
}
