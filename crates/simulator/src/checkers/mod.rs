//! The checkers: what must always hold, held against what was received and acknowledged.
//!
//! They use received bytes, the pictures that clients made of them, stored documents, and what each running node says
//! that it holds. While it storms only safety is checked; once everything must have healed, agreement is too. Each
//! checker counts its comparisons, and is proven by planted bugs that it finds.

mod checker;
mod crowds;
mod deeds;
mod epochs;
mod queues;
mod releases;
mod screens;
mod truth;

use std::collections::BTreeSet;

use client::event::{Asked, Outcome};
use node::Status;
use protocol::client::ToClient;
use protocol::{Envelope, Kind, limits};
use store::{MemoryStore, Request};
use world::{EntityId, Millis, TickRate};

use crate::names::Tally;
use crate::plan::Weather;
use crate::players::Player;
use crate::report::{Report, Violation};
pub use checker::{CHECKERS, Checker};
use crowds::Crowds;
use deeds::Deeds;
use epochs::Epochs;
pub use epochs::OVERLAP_BOUND_MS;
use queues::Queues;
use releases::Releases;
use screens::Screens;
use truth::Truth;

/// What a look sees.
pub(crate) struct Scene<'a> {
    pub(crate) now: Millis,
    pub(crate) since_beginning: u64,
    pub(crate) weather: Weather,
    pub(crate) rate: TickRate,
    /// The nodes that run now.
    pub(crate) statuses: Vec<Status>,
    pub(crate) players: &'a [Player],
    /// Players that do not read now.
    pub(crate) not_reading: BTreeSet<usize>,
    pub(crate) store: &'a MemoryStore,
    pub(crate) budget_bytes_s: u32,
}

/// What the checkers found and how often they looked.
#[derive(Debug)]
pub(crate) struct Findings {
    at_ms: u64,
    counts: Tally<Checker>,
    violations: Vec<Violation>,
    total: u64,
}

/// Milliseconds between two looks at all documents.
const DOCUMENTS_EVERY_MS: u64 = 1_000;
/// Violations that are kept in words.
const KEPT: usize = 50;

impl Default for Findings {
    fn default() -> Self {
        Self { at_ms: 0, counts: Tally::of(CHECKERS), violations: Vec::new(), total: 0 }
    }
}

impl Findings {
    /// One comparison of a checker; `what` says what was found if it does not hold.
    pub(crate) fn check(&mut self, checker: Checker, holds: bool, what: impl FnOnce() -> String) {
        self.counts.note(checker);
        if !holds {
            self.total += 1;
            if self.violations.len() < KEPT {
                self.violations.push(Violation { at_ms: self.at_ms, checker, what: what() });
            }
        }
    }
}

/// All checkers.
#[derive(Debug, Default)]
pub(crate) struct Checkers {
    findings: Findings,
    truth: Truth,
    epochs: Epochs,
    deeds: Deeds,
    /// When the documents are looked at again.
    documents_at_ms: u64,
    screens: Screens,
    crowds: Crowds,
    queues: Queues,
    releases: Releases,
}

impl Checkers {
    /// A node wrote control messages to a player.
    pub(crate) fn hear(&mut self, name: &str, link: u64, mut control: &[u8]) {
        while let Ok(Some((envelope, used))) = Envelope::split(control, limits::SERVER_MESSAGE_BYTES) {
            let epoch = envelope.context.epoch;
            match ToClient::decode(&envelope) {
                Ok(Some(ToClient::Welcome(welcome))) => {
                    self.epochs.welcomed(&mut self.findings, name, epoch, link);
                    self.releases.welcomed(&mut self.findings, (name, epoch), welcome.node, link);
                }
                Ok(Some(ToClient::Stay)) => self.epochs.welcomed(&mut self.findings, name, epoch, link),
                _ => {}
            }
            control = &control[used..];
        }
    }

    /// A player wrote to its node.
    pub(crate) fn asked(&mut self, name: &str, link: u64, mut bytes: &[u8]) {
        while let Ok(Some((envelope, used))) = Envelope::split(bytes, limits::CLIENT_MESSAGE_BYTES) {
            if envelope.known() == Some(Kind::Dress) {
                self.deeds.asked(name, envelope.context.request);
            }
            if envelope.known() == Some(Kind::Follow) {
                self.releases.followed(link);
            }
            bytes = &bytes[used..];
        }
    }

    /// A node asks the store for this.
    pub(crate) fn writes(&mut self, request: &Request) {
        self.releases.writes(request);
    }

    /// The store has done something.
    pub(crate) fn look_at_releases(&mut self, store: &MemoryStore) {
        self.releases.look(&mut self.findings, store);
    }

    /// A player was told how its request ended.
    pub(crate) fn replied(&mut self, name: &str, request: u32, asked: Asked, outcome: Outcome) {
        if let (Asked::Dress(_), Outcome::Done) = (asked, outcome) {
            self.deeds.acknowledged(name, request);
        }
    }

    /// A node wrote frames to a player.
    pub(crate) fn sent(&mut self, now: Millis, player: usize, frames: &[u8]) {
        self.crowds.sent(now, player, frames);
    }

    /// A player heard somebody speak.
    pub(crate) fn heard(&mut self, now: Millis, player: usize, entity: EntityId) {
        self.crowds.heard(now, player, entity);
    }

    /// Violations so far.
    pub(crate) fn violations(&self) -> u64 {
        self.findings.total
    }

    /// Looks at everything once.
    pub(crate) fn look(&mut self, scene: &Scene<'_>) {
        self.findings.at_ms = scene.since_beginning;
        self.truth.look(scene);
        self.epochs.look(&mut self.findings, scene);
        self.queues.look(&mut self.findings, scene);
        self.releases.look_at_frozen(&mut self.findings, scene);
        self.crowds.look(&mut self.findings, scene, &self.truth);
        self.screens.look(&mut self.findings, scene, &self.truth, &mut self.crowds);
        if scene.since_beginning >= self.documents_at_ms {
            self.documents_at_ms = scene.since_beginning + DOCUMENTS_EVERY_MS;
            self.deeds.look(&mut self.findings, scene.store);
        }
    }

    /// The last look at what is stored, and the report of all.
    pub(crate) fn finish(mut self, store: &MemoryStore, report: &mut Report) {
        self.deeds.look(&mut self.findings, store);
        report.longest_overlap_ms = self.epochs.longest_overlap_ms();
        report.checks = self.findings.counts;
        let told = self.findings.violations.len() as u64;
        self.findings.violations.into_iter().for_each(|v| report.violation(v));
        report.violations += self.findings.total - told;
    }
}
