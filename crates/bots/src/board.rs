//! What the bots of a run share on their one thread: the meeting place, the measurements, the newest counts.

use std::collections::{BTreeMap, BTreeSet};

use client::{Checks, Client, Counts, Observe, State};
use hdrhistogram::Histogram;
use protocol::Incarnation;
use world::{EntityId, Position};

use crate::deeds_told::Told;
use crate::hands::Grounds;
use crate::latency::{Latency, histogram};
use crate::report::{NodesSeen, Percentiles, Progress, Report};
use crate::returns::Returns;

/// What the board knows of one bot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) started: bool,
    pub(crate) cheats: bool,
    pub(crate) observes: bool,
    pub(crate) playing: bool,
    pub(crate) counts: Counts,
    pub(crate) checks: Checks,
    pub(crate) bytes_reconcile: bool,
    pub(crate) failure: Option<String>,
}

/// The board.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) latency: Latency,
    pub(crate) lateness: Histogram<u64>,
    pub(crate) returns: Returns,
    pub(crate) meeting: Option<Position>,
    pub(crate) told: Told,
    pub(crate) grounds: Grounds,
    entries: Vec<Entry>,
    serving: BTreeMap<EntityId, Incarnation>,
    seen: BTreeMap<(Incarnation, Incarnation), BTreeSet<EntityId>>,
}

impl Board {
    pub(crate) fn new(bots: u32) -> Self {
        Self {
            latency: Latency::new(),
            lateness: histogram(),
            returns: Returns::new(),
            meeting: None,
            told: Told::new(),
            grounds: Grounds::new(),
            entries: vec![Entry::default(); bots as usize],
            serving: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    pub(crate) fn entry(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize]
    }

    /// A bot's avatar is served by a node from now on.
    pub(crate) fn serves(&mut self, node: Incarnation, entity: EntityId) {
        self.serving.insert(entity, node);
    }

    /// Copies what a bot's client has counted.
    pub(crate) fn copy(&mut self, index: u32, client: &Client) {
        let entry = self.entry(index);
        entry.playing = client.state() == State::Playing;
        entry.counts = *client.counts();
        entry.checks = *client.checks();
        entry.bytes_reconcile = client.bytes_reconcile();
    }

    /// Notes whom an observer sees.
    pub(crate) fn look(&mut self, client: &Client) {
        let (Some(node), Some(picture), Some(me)) = (client.node(), client.picture(), client.entity()) else { return };
        for ghost in picture.entities().filter(|g| g.entity != me) {
            if let Some(other) = self.serving.get(&ghost.entity) {
                self.seen.entry((node, *other)).or_default().insert(ghost.entity);
            }
        }
    }

    pub(crate) fn progress(&self, elapsed_ms: u64) -> Progress {
        let latency_ms = Percentiles::of(&self.latency_of_all());
        let (deeds_done, deeds_wrong) = (self.told.done_so_far(), self.told.wrong_so_far());
        let mut progress = Progress { elapsed_ms, latency_ms, deeds_done, deeds_wrong, ..Progress::default() };
        for entry in &self.entries {
            progress.started += u32::from(entry.started);
            progress.playing += u32::from(entry.playing);
            progress.frames_delivered += entry.counts.frames;
            progress.updates_delivered += entry.counts.updates;
            progress.bytes += entry.counts.bytes;
            progress.border_crossings += entry.counts.crossings;
            progress.violations += entry.checks.total();
            progress.reconnects += entry.counts.welcomes.saturating_sub(1);
        }
        progress
    }

    pub(crate) fn report(&self, elapsed_ms: u64) -> Report {
        let mut report = Report { elapsed_ms, counts_reconcile: true, ..Report::default() };
        let mut checks = Checks::default();
        for entry in self.entries.iter().filter(|e| e.started) {
            report.bots += 1;
            report.sessions += u32::from(entry.counts.welcomes > 0);
            report.observers += u32::from(entry.observes);
            report.counts_reconcile &= entry.bytes_reconcile;
            report.counts_reconcile &= !entry.observes || entry.counts.decoded == entry.counts.updates;
            report.add(&entry.counts, entry.cheats);
            checks.add(&entry.checks);
            if let Some(failure) = &entry.failure {
                report.failed += 1;
                *report.failures.entry(failure.clone()).or_default() += 1;
            }
        }
        report.finish(&checks);
        self.measurements(&mut report);
        report
    }

    fn latency_of_all(&self) -> Histogram<u64> {
        let mut all = self.latency.same_node.clone();
        all.add(&self.latency.other_node).expect("histograms of one shape");
        all
    }

    fn measurements(&self, report: &mut Report) {
        report.latency_ms = Percentiles::of(&self.latency_of_all());
        report.latency_same_node_ms = Percentiles::of(&self.latency.same_node);
        report.latency_other_node_ms = Percentiles::of(&self.latency.other_node);
        report.lateness_ms = Percentiles::of(&self.lateness);
        report.deeds = self.told.report();
        report.resume_ms = Percentiles::of(self.returns.took());
        report.returns = self.returns.told().to_vec();
        report.nodes_seen = self
            .seen
            .iter()
            .map(|((observer, other), bots)| NodesSeen {
                observers_on: observer.0,
                bots_on: other.0,
                bots: bots.len() as u64,
            })
            .collect();
    }
}

/// How much a bot reads.
pub(crate) fn observe(observes: bool) -> Observe {
    if observes { Observe::Everything } else { Observe::Headers }
}
