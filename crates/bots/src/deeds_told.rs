//! What the bots of a run were told of their deeds: sums for the report, and a receipt for each, line by line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use client::{Outcome, Performed};
use hdrhistogram::Histogram;
use ledger::Receipt;
use protocol::things::{Deed, Heap};
use serde::Serialize;
use tokio::time::Instant;

use crate::folk::Wrong;
use crate::latency::{histogram, record};
use crate::report::Percentiles;

/// Wrongs that a report tells in words. Further ones are only counted.
const TOLD: usize = 50;

/// What a run's report says of deeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DeedsReport {
    /// Requests that were answered as done, repeated ones not counted.
    pub done: u64,
    /// The same by deed.
    pub done_by_deed: BTreeMap<String, u64>,
    /// Requests that were refused.
    pub refused: u64,
    /// The same by code.
    pub refused_by_code: BTreeMap<String, u64>,
    /// Answers to what was said again.
    pub repeated: u64,
    /// Requests that were never sent, since too many waited.
    pub not_sent: u64,
    /// Requests without an answer when their bot left.
    pub unanswered: u64,
    /// Trades offered.
    pub offered: u64,
    /// Offers agreed to.
    pub agreed: u64,
    /// From a deed to its answer.
    pub answer_ms: Percentiles,
    /// What should never have been.
    pub wrong: u64,
    /// The same by kind; kinds that were not seen are left out.
    pub wrong_by_kind: BTreeMap<&'static str, u64>,
    /// The first of them in words.
    pub wrongs: Vec<String>,
    /// Receipts that could not be written, with the first reason.
    pub receipts_lost: u64,
}

/// Whose deed, and where it was answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Who {
    pub(crate) account: String,
    pub(crate) entity: u64,
    pub(crate) node: String,
}

/// The book that all bots of a run write into.
#[derive(Debug)]
pub(crate) struct Told {
    report: DeedsReport,
    answers: Histogram<u64>,
    receipts: Option<BufWriter<File>>,
    began: Instant,
}

impl Told {
    /// A book without receipts.
    pub(crate) fn new() -> Self {
        Self { report: DeedsReport::default(), answers: histogram(), receipts: None, began: Instant::now() }
    }

    /// Writes receipts to a new file from now on.
    pub(crate) fn write_to(&mut self, file: &Path) -> io::Result<()> {
        self.receipts = Some(BufWriter::new(File::create(file)?));
        Ok(())
    }

    /// A deed was answered. `deed` is what was first said under this id, `again` whether it had been answered before.
    pub(crate) fn performed(&mut self, who: &Who, told: &Performed, deed: &Deed, again: bool) {
        let code = match told.outcome {
            Outcome::Done => 0,
            Outcome::Refused { code, .. } => code,
            Outcome::NotSent => return self.not_sent(),
        };
        let report = &mut self.report;
        match (again, code) {
            (true, _) => report.repeated += 1,
            (false, 0) => {
                report.done += 1;
                *report.done_by_deed.entry(deed.deed.clone()).or_default() += 1;
            }
            (false, code) => {
                report.refused += 1;
                *report.refused_by_code.entry(client::event::label(code).to_owned()).or_default() += 1;
            }
        }
        let mut receipt = self.receipt(who, told.request, deed, Some(code));
        receipt.gained = pairs(&told.receipt.gained);
        receipt.lost = pairs(&told.receipt.lost);
        receipt.made.clone_from(&told.receipt.made);
        self.write(&receipt);
    }

    /// A deed was never sent.
    pub(crate) fn not_sent(&mut self) {
        self.report.not_sent += 1;
    }

    /// It took so long to be answered.
    pub(crate) fn took(&mut self, time: std::time::Duration) {
        record(&mut self.answers, time);
    }

    /// A bot leaves without an answer to this.
    pub(crate) fn unanswered(&mut self, who: &Who, request: u32, deed: &Deed) {
        self.report.unanswered += 1;
        let receipt = self.receipt(who, request, deed, None);
        self.write(&receipt);
    }

    pub(crate) fn wrong(&mut self, who: &Who, wrong: Wrong) {
        self.report.wrong += 1;
        *self.report.wrong_by_kind.entry(wrong.kind).or_default() += 1;
        if self.report.wrongs.len() < TOLD {
            self.report.wrongs.push(format!("{}: {}: {}", wrong.kind, who.account, wrong.what));
        }
    }

    pub(crate) fn offered(&mut self) {
        self.report.offered += 1;
    }

    pub(crate) fn agreed(&mut self) {
        self.report.agreed += 1;
    }

    /// Hands what was written to the system.
    pub(crate) fn flush(&mut self) {
        if let Some(Err(error)) = self.receipts.as_mut().map(Write::flush) {
            self.lost(&error);
        }
    }

    pub(crate) fn report(&self) -> DeedsReport {
        DeedsReport { answer_ms: Percentiles::of(&self.answers), ..self.report.clone() }
    }

    pub(crate) fn wrong_so_far(&self) -> u64 {
        self.report.wrong
    }

    pub(crate) fn done_so_far(&self) -> u64 {
        self.report.done
    }

    fn receipt(&self, who: &Who, request: u32, deed: &Deed, code: Option<u16>) -> Receipt {
        Receipt {
            account: who.account.clone(),
            entity: who.entity,
            request,
            deed: deed.deed.clone(),
            partner: deed.partner,
            code,
            node: who.node.clone(),
            at_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..Receipt::default()
        }
    }

    fn write(&mut self, receipt: &Receipt) {
        if let Some(Err(error)) = self.receipts.as_mut().map(|file| writeln!(file, "{}", receipt.to_text())) {
            self.lost(&error);
        }
    }

    fn lost(&mut self, error: &io::Error) {
        self.report.receipts_lost += 1;
        let who = Who::default();
        if self.report.receipts_lost == 1 {
            self.wrong(&who, Wrong::new("receipts_lost", error.to_string()));
        }
    }
}

fn pairs(heaps: &[Heap]) -> Vec<(String, u32)> {
    heaps.iter().map(|heap| (heap.item.clone(), heap.amount)).collect()
}
