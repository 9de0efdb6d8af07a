//! Handovers: what is taken was released, nothing is committed in between, and nobody waits for long.

use std::collections::{BTreeMap, BTreeSet};

use node::avatar::{AVATAR_SCHEMA, AvatarBody};
use node::limits::FROZEN_MS;
use protocol::Incarnation;
use store::record::Release;
use store::{Holder, Key, MemoryStore, Reply, Request, Version};

use super::{Checker, Findings, Scene};

/// Milliseconds for which a client may be frozen: what a node allows, and a tick and a stall until it looks.
const FROZEN_BOUND_MS: u64 = FROZEN_MS + 1_100;

/// A document into which a release was written, or may yet be.
#[derive(Clone, Debug, Default)]
struct Watched {
    version: Option<Version>,
    /// While it is released: what was, and after how many deeds, as it was first seen.
    first: Option<(Release, u64)>,
}

#[derive(Debug, Default)]
pub(crate) struct Releases {
    watched: BTreeMap<Key, Watched>,
    /// All releases that were ever seen in the store: whose, of which epoch, to whom.
    seen: BTreeSet<(Key, u32, Holder)>,
    /// Links on which a client showed the token of an invitation.
    followed: BTreeSet<u64>,
}

impl Releases {
    /// A node asks the store to write this.
    pub(crate) fn writes(&mut self, request: &Request) {
        if let Request::Replace { key, document, .. } = request
            && document.read::<AvatarBody>(AVATAR_SCHEMA).is_ok_and(|body| body.released.is_some())
        {
            self.watched.entry(key.clone()).or_default();
        }
    }

    /// Looks at what is watched.
    pub(crate) fn look(&mut self, findings: &mut Findings, store: &MemoryStore) {
        for (key, watched) in &mut self.watched {
            let Reply::Found { version, document } = store.apply(Request::Get { key: key.clone() }) else { continue };
            if watched.version.replace(version) == Some(version) {
                continue;
            }
            let Ok(body) = document.read::<AvatarBody>(AVATAR_SCHEMA) else { continue };
            let Some(released) = body.released else {
                watched.first = None;
                continue;
            };
            self.seen.insert((key.clone(), released.epoch, released.to.clone()));
            let (first, deeds) = watched.first.get_or_insert((released.clone(), body.deeds)).clone();
            findings.check(Checker::NothingAfterRelease, first != released || deeds == body.deeds, || {
                let (epoch, now) = (released.epoch, body.deeds);
                format!("{key} was released at epoch {epoch} after {deeds} deeds, and has {now} now")
            });
            if first != released {
                watched.first = Some((released, body.deeds));
            }
        }
    }

    /// A client showed a token on a link.
    pub(crate) fn followed(&mut self, link: u64) {
        self.followed.insert(link);
    }

    /// A client was welcomed at an epoch by a node.
    pub(crate) fn welcomed(&mut self, findings: &mut Findings, (name, epoch): (&str, u32), node: u64, link: u64) {
        if !self.followed.remove(&link) {
            return;
        }
        let released = (node::avatar::avatar_key(name), epoch.wrapping_sub(1), Holder::new(Incarnation(node)));
        findings.check(Checker::TakenAsReleased, self.seen.contains(&released), || {
            format!("{name} was taken over at epoch {epoch} by {node:x}, to which it was not released")
        });
    }

    /// How long clients have been frozen.
    pub(crate) fn look_at_frozen(&mut self, findings: &mut Findings, scene: &Scene<'_>) {
        for status in &scene.statuses {
            let Some(longest_ms) = status.longest_frozen_ms else { continue };
            findings.check(Checker::FrozenBounded, longest_ms <= FROZEN_BOUND_MS, || {
                format!("{} has left a client frozen for {longest_ms} ms", status.incarnation)
            });
        }
    }
}
