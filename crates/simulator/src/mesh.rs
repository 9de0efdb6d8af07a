//! The links between hosts: what is subscribed, what is cut, and how long a message takes, if it arrives at all.

use std::collections::{BTreeMap, BTreeSet};

use node::ports::mesh::MeshLane;

use crate::dice::Dice;
use crate::faults::{FaultCount, FaultKind};
use crate::plan::Weather;

use crate::scenario::Network;

/// All links.
#[derive(Debug)]
pub(crate) struct SimMesh {
    network: Network,
    dice: Dice,
    /// Counted cuts from a host to a host, of one lane or both.
    cuts: BTreeMap<(u16, u16, Cut), u32>,
    /// Links that are slow, counted, and by how many milliseconds.
    slow: BTreeMap<(u16, u16), u32>,
    slow_ms: u64,
    filters: BTreeMap<u16, BTreeMap<Vec<u8>, u32>>,
    pub(crate) fired: FaultCount,
}

/// What of a link is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    Both,
    Direct,
}

impl SimMesh {
    pub(crate) fn new(network: Network, slow_ms: u64, dice: Dice) -> Self {
        Self {
            network,
            dice,
            cuts: BTreeMap::new(),
            slow: BTreeMap::new(),
            slow_ms,
            filters: BTreeMap::new(),
            fired: FaultCount::of(FaultKind::ALL),
        }
    }

    pub(crate) fn subscribe(&mut self, host: u16, filter: Vec<u8>) {
        *self.filters.entry(host).or_default().entry(filter).or_insert(0) += 1;
    }

    pub(crate) fn unsubscribe(&mut self, host: u16, filter: &[u8]) {
        let Some(filters) = self.filters.get_mut(&host) else { return };
        if let Some(count) = filters.get_mut(filter) {
            *count -= 1;
            if *count == 0 {
                filters.remove(filter);
            }
        }
    }

    /// A host's process is gone, and its subscriptions with it.
    pub(crate) fn forget(&mut self, host: u16) {
        self.filters.remove(&host);
    }

    /// The hosts that hear a topic.
    pub(crate) fn hearers(&self, topic: &[u8]) -> BTreeSet<u16> {
        let hears =
            |filters: &BTreeMap<Vec<u8>, u32>| (0..=topic.len()).any(|length| filters.contains_key(&topic[..length]));
        self.filters.iter().filter(|(_, filters)| hears(filters)).map(|(host, _)| *host).collect()
    }

    pub(crate) fn cut(&mut self, from: u16, to: u16, cut: Cut) {
        *self.cuts.entry((from, to, cut)).or_insert(0) += 1;
    }

    pub(crate) fn mend(&mut self, from: u16, to: u16, cut: Cut) {
        if let Some(count) = self.cuts.get_mut(&(from, to, cut)) {
            *count = count.saturating_sub(1);
        }
    }

    /// A link is slow from now on, both ways, or no longer.
    pub(crate) fn slow_down(&mut self, a: u16, b: u16, slow: bool) {
        for link in [(a, b), (b, a)] {
            let count = self.slow.entry(link).or_insert(0);
            *count = if slow { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    /// After how many milliseconds a message arrives: none, one or several times.
    pub(crate) fn ways(&mut self, weather: Weather, from: u16, to: u16, lane: MeshLane) -> Vec<u64> {
        let mut ways = self.ways_at_speed(weather, from, to, lane);
        if self.slow.get(&(from, to)).is_some_and(|count| *count > 0) && !ways.is_empty() {
            self.fired.note(FaultKind::Slowed);
            ways.iter_mut().for_each(|way| *way += self.slow_ms);
        }
        ways
    }

    fn ways_at_speed(&mut self, weather: Weather, from: u16, to: u16, lane: MeshLane) -> Vec<u64> {
        let is_cut = |cut| self.cuts.get(&(from, to, cut)).is_some_and(|count| *count > 0);
        if is_cut(Cut::Both) {
            self.fired.note(FaultKind::LostInACut);
            return Vec::new();
        }
        if lane == MeshLane::Direct && is_cut(Cut::Direct) {
            self.fired.note(FaultKind::LostInADirectCut);
            return Vec::new();
        }
        let [low, high] = self.network.delay_ms;
        if weather != Weather::Storm {
            return vec![self.dice.between(low, high)];
        }
        if self.dice.per_mille(self.network.loss_per_mille) {
            self.fired.note(FaultKind::Loss);
            return Vec::new();
        }
        let mut ways = vec![self.dice.between(low, high)];
        if self.dice.per_mille(self.network.held_up_per_mille) {
            self.fired.note(FaultKind::HeldUp);
            ways[0] += self.dice.between(self.network.held_up_ms[0], self.network.held_up_ms[1]);
        }
        if self.dice.per_mille(self.network.twice_per_mille) {
            self.fired.note(FaultKind::Twice);
            ways.push(self.dice.between(low, high));
        }
        ways
    }
}
