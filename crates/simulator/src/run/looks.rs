//! The checkers' look at everything once a tick, and the report at the end.

use std::collections::BTreeSet;

use node::Node;

use super::{BEGINNING, Happening, World};
use crate::checkers::{CHECKERS, Scene};
use crate::faults::FaultKind;
use crate::names::Tally;
use crate::report::{Counts, Report};

impl World {
    /// Nobody checks this run.
    pub(crate) fn leave_unchecked(&mut self) {
        self.unchecked = true;
    }

    /// The nodes that are up.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.hosts.iter().filter_map(|host| host.node.as_ref())
    }

    /// Happenings so far, and those that are planned.
    pub(crate) fn happenings(&self) -> u64 {
        self.last_happening
    }

    /// The digest so far.
    pub(crate) fn digest(&self) -> u64 {
        self.digest.value()
    }

    pub(super) fn look(&mut self) {
        if self.unchecked {
            return;
        }
        let running = self.hosts.iter().filter(|h| h.is_running()).filter_map(|h| h.node.as_ref());
        let statuses = running.map(Node::status).collect();
        let not_reading: BTreeSet<usize> =
            self.links.values().filter(|l| l.stalled || l.blocked).map(|l| l.player).collect();
        let scene = Scene {
            now: self.now,
            since_beginning: self.now.since(BEGINNING),
            weather: self.weather(),
            rate: self.rate,
            statuses,
            players: &self.players,
            not_reading,
            store: self.store.store(),
            budget_bytes_s: self.scenario.contract().budget_bytes_s,
        };
        self.checkers.look(&scene);
        self.after(self.rate.period_ms(), Happening::Look);
    }

    /// The last look, and what the run showed.
    pub(crate) fn report(mut self, seed: u64) -> Report {
        self.count_faults();
        let mut counts = Counts::default();
        counts.add_node(&self.dead);
        self.hosts.iter().filter_map(|h| h.node.as_ref()).for_each(|node| counts.add_node(&node.counters()));
        let mut report = Report {
            scenario: self.scenario.name,
            seed,
            cell: None,
            unfired: Vec::new(),
            plant: self.planted.which().map(world::Plant::name),
            digest: format!("{:016x}", self.digest.value()),
            simulated_s: self.now.since(BEGINNING).div_ceil(1_000),
            nodes: self.scenario.world.nodes,
            clients: self.scenario.players.count,
            counts,
            faults: self.fired,
            checks: Tally::of(CHECKERS),
            violations: 0,
            first_violations: Vec::new(),
            longest_overlap_ms: 0,
        };
        self.checkers.finish(self.store.store(), &mut report);
        report
    }

    /// Adds what the links and the store counted of themselves.
    fn count_faults(&mut self) {
        self.fired.merge(&self.mesh.fired);
        self.fired.add(FaultKind::StoreCrawl, self.crawled.get());
        let counts = self.store.counts();
        for (kind, times) in [
            (FaultKind::StoreSlow, counts.slow),
            (FaultKind::StoreConflict, counts.conflicts),
            (FaultKind::StoreNotApplied, counts.not_applied),
            (FaultKind::StoreUnknownApplied, counts.unknown_applied),
            (FaultKind::StoreUnknownNotApplied, counts.unknown_not_applied),
            (FaultKind::StoreLate, counts.late),
        ] {
            self.fired.add(kind, times);
        }
    }
}
