//! What a member of the directory has been told, and what is still to be told.
//!
//! A [`Roster`] takes in what an implementation sees of the directory and gives out [`DirectoryEvent`]s. It holds the
//! newest record of each host and nothing else, so a slow listener costs a bounded amount of memory. It is not a
//! transport: it knows neither leases nor watches, and the time is handed in.
//!
//! Vanished records are told with care. When the directory itself was away, all leases may run out at once although
//! every host is well; so no more than a share of the hosts is told `Down` at once, and the others only after a time
//! of grace in which they did not come back.
//!
//! Invariant: applying all events that were given out yields the hosts that are present, once nothing is held back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use world::Millis;

use super::directory::{Claim, DirectoryEvent, HostEntry};

/// How carefully vanished hosts are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damping {
    /// The share of the known hosts, in percent, whose vanishing is told at once; at least one host.
    pub share_percent: u8,
    /// Milliseconds that the others are given to come back.
    pub grace_ms: u64,
}

impl Damping {
    /// Every vanishing is told at once.
    pub const NONE: Self = Self { share_percent: 100, grace_ms: 0 };
}

impl Default for Damping {
    /// A quarter at once. Twice the default lease is enough for a host to find its lease gone and register again.
    fn default() -> Self {
        Self { share_percent: 25, grace_ms: 10_000 }
    }
}

/// What an implementation saw of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// A host's record is there, new or changed.
    Present(HostEntry),
    /// The host with this number took its record away itself.
    Left(u16),
    /// The record of the host with this number is gone, and nobody said why.
    Vanished(u16),
    /// These are all the records.
    Whole(Vec<HostEntry>),
    /// The directory cannot be reached.
    Lost,
    /// It can again; a `Whole` came before.
    Restored,
    /// A newer life of the listener's own name was claimed.
    Superseded,
}

/// The picture of one member.
#[derive(Debug)]
pub struct Roster {
    own: Claim,
    damping: Damping,
    present: BTreeMap<u16, HostEntry>,
    told: BTreeMap<u16, HostEntry>,
    changed: VecDeque<u16>,
    queued: BTreeSet<u16>,
    missing: Missing,
    reach: Reach,
    over: Over,
    /// Until when vanishing is doubted because the directory itself was away.
    doubt_until: Millis,
}

/// Told hosts whose records vanished, and when others were told `Down` for that.
#[derive(Debug, Default)]
struct Missing {
    since: BTreeMap<u16, Millis>,
    oldest: BTreeSet<(Millis, u16)>,
    recent: VecDeque<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Fine,
    LossUntold,
    Gone,
    ReturnUntold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    Untold,
    Told,
}

impl Roster {
    /// The empty picture of the member with this claim.
    #[must_use]
    pub fn new(own: Claim, damping: Damping) -> Self {
        Self {
            own,
            damping,
            present: BTreeMap::new(),
            told: BTreeMap::new(),
            changed: VecDeque::new(),
            queued: BTreeSet::new(),
            missing: Missing::default(),
            reach: Reach::Fine,
            over: Over::No,
            doubt_until: Millis(0),
        }
    }

    /// Takes in what was seen.
    pub fn handle(&mut self, now: Millis, sighting: Sighting) {
        match sighting {
            Sighting::Present(entry) => self.present(entry),
            Sighting::Left(host) => self.left(host),
            Sighting::Vanished(host) => self.vanished(now, host),
            Sighting::Whole(entries) => self.whole(now, entries),
            Sighting::Lost => self.lost(),
            Sighting::Restored => self.restored(now),
            Sighting::Superseded => self.supersede(),
        }
    }

    /// The next thing to tell, `None` when there is nothing until [`Self::next_wakeup`] or the next sighting.
    pub fn poll_event(&mut self, now: Millis) -> Option<DirectoryEvent> {
        match self.over {
            Over::No => {}
            Over::Untold => {
                self.over = Over::Told;
                return Some(DirectoryEvent::Down(self.own));
            }
            Over::Told => return None,
        }
        if self.reach == Reach::LossUntold {
            self.reach = Reach::Gone;
            return Some(DirectoryEvent::Lost);
        }
        self.poll_changed().or_else(|| self.poll_missing(now)).or_else(|| self.poll_return())
    }

    /// When to poll again although nothing was seen, and why.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, &'static str)> {
        if self.over != Over::No || self.is_away() {
            return None;
        }
        let (oldest, _) = self.missing.oldest.first()?;
        let patience = (*oldest + self.damping.grace_ms, "a vanished host did not come back");
        let recent = &self.missing.recent;
        let full = recent.front().filter(|_| recent.len() >= self.share());
        let room = full.map_or(Millis(0), |at| *at + self.damping.grace_ms).max(self.doubt_until);
        Some(patience.min((room, "more vanished hosts may be told")))
    }

    /// Whether a newer life of the own name has taken over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over != Over::No
    }

    fn present(&mut self, entry: HostEntry) {
        let host = entry.claim.host;
        if host == self.own.host {
            if entry.claim.life > self.own.life {
                self.supersede();
            }
            return;
        }
        self.missing.forget(host);
        self.present.insert(host, entry);
        self.queue(host);
    }

    fn left(&mut self, host: u16) {
        // A record that had vanished before may be told as left now: the host itself has spoken.
        let missed = self.missing.forget(host);
        if self.present.remove(&host).is_some() || missed {
            self.queue(host);
        }
    }

    fn vanished(&mut self, now: Millis, host: u16) {
        if self.present.remove(&host).is_some() && self.told.contains_key(&host) {
            self.missing.add(now, host);
        }
    }

    fn whole(&mut self, now: Millis, entries: Vec<HostEntry>) {
        let there: BTreeSet<u16> = entries.iter().map(|entry| entry.claim.host).collect();
        let gone: Vec<u16> = self.present.keys().copied().filter(|host| !there.contains(host)).collect();
        for host in gone {
            self.vanished(now, host);
        }
        for entry in entries {
            self.present(entry);
        }
    }

    fn lost(&mut self) {
        self.reach = match self.reach {
            Reach::Fine => Reach::LossUntold,
            Reach::LossUntold => Reach::LossUntold,
            Reach::Gone | Reach::ReturnUntold => Reach::Gone,
        };
    }

    fn restored(&mut self, now: Millis) {
        self.reach = match self.reach {
            Reach::Fine | Reach::LossUntold => Reach::Fine,
            Reach::Gone | Reach::ReturnUntold => Reach::ReturnUntold,
        };
        self.doubt_until = now + self.damping.grace_ms;
        // Nobody could come back while the directory was away: the time of grace begins now.
        self.missing.restart(now);
    }

    fn supersede(&mut self) {
        if self.over == Over::No {
            self.over = Over::Untold;
        }
    }

    fn queue(&mut self, host: u16) {
        if self.queued.insert(host) {
            self.changed.push_back(host);
        }
    }

    fn poll_changed(&mut self) -> Option<DirectoryEvent> {
        while let Some(host) = self.changed.pop_front() {
            self.queued.remove(&host);
            match (self.present.get(&host), self.told.get(&host)) {
                (Some(entry), told) if told != Some(entry) => {
                    self.told.insert(host, entry.clone());
                    return Some(DirectoryEvent::Up(entry.clone()));
                }
                (None, Some(_)) if !self.missing.since.contains_key(&host) => return self.tell_down(host),
                _ => {}
            }
        }
        None
    }

    fn poll_missing(&mut self, now: Millis) -> Option<DirectoryEvent> {
        if self.is_away() {
            return None;
        }
        let (since, host) = *self.missing.oldest.first()?;
        if since + self.damping.grace_ms > now {
            self.missing.prune(now, self.damping.grace_ms);
            if now < self.doubt_until || self.missing.recent.len() >= self.share() {
                return None;
            }
            self.missing.recent.push_back(now);
        }
        self.missing.forget(host);
        self.tell_down(host)
    }

    fn poll_return(&mut self) -> Option<DirectoryEvent> {
        (self.reach == Reach::ReturnUntold).then(|| {
            self.reach = Reach::Fine;
            DirectoryEvent::Restored
        })
    }

    fn tell_down(&mut self, host: u16) -> Option<DirectoryEvent> {
        self.told.remove(&host).map(|entry| DirectoryEvent::Down(entry.claim))
    }

    fn is_away(&self) -> bool {
        matches!(self.reach, Reach::LossUntold | Reach::Gone)
    }

    /// How many hosts may be told `Down` within one time of grace.
    fn share(&self) -> usize {
        let known = self.told.len() + self.missing.recent.len();
        (known * usize::from(self.damping.share_percent) / 100).max(1)
    }
}

impl Missing {
    fn add(&mut self, now: Millis, host: u16) {
        if self.since.contains_key(&host) {
            return;
        }
        self.since.insert(host, now);
        self.oldest.insert((now, host));
    }

    fn forget(&mut self, host: u16) -> bool {
        match self.since.remove(&host) {
            Some(since) => self.oldest.remove(&(since, host)),
            None => false,
        }
    }

    fn restart(&mut self, now: Millis) {
        for since in self.since.values_mut() {
            *since = now;
        }
        self.oldest = self.since.iter().map(|(host, since)| (*since, *host)).collect();
    }

    fn prune(&mut self, now: Millis, grace_ms: u64) {
        while self.recent.front().is_some_and(|at| *at + grace_ms <= now) {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
