//! Many runs on several threads. Which thread runs which seed changes nothing: every run is alone in its world.

use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};

use simulator::Report;

use super::seeds::Seeds;
use super::{Job, STEP_MS, simulation};
use crate::failure::Failure;

/// Runs the seeds, `jobs` at a time, and tells of each as it ends. Stopped early, it gives the runs that ended.
pub fn run(job: &Job<'_>, seeds: Seeds, jobs: usize, mut each: impl FnMut(&Report)) -> Result<Vec<Report>, Failure> {
    let next = Mutex::new(seeds.iter());
    let mut reports = Vec::new();
    std::thread::scope(|scope| {
        let (done, ended) = mpsc::channel();
        for _ in 0..jobs.min(usize::try_from(seeds.count()).unwrap_or(usize::MAX)) {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                while let Some(seed) = take(next) {
                    match run_one(job, seed) {
                        Ok(None) => return,
                        Ok(Some(report)) => drop(done.send(Ok(report))),
                        Err(failure) => return drop(done.send(Err(failure))),
                    }
                }
            });
        }
        drop(done);
        for report in ended {
            let report = report?;
            each(&report);
            reports.push(report);
        }
        Ok(reports)
    })
}

fn take(next: &Mutex<impl Iterator<Item = u64>>) -> Option<u64> {
    next.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// One run, `None` if it was stopped before its end.
fn run_one(job: &Job<'_>, seed: u64) -> Result<Option<Report>, Failure> {
    let mut simulation = simulation(job, seed)?;
    loop {
        if *job.stop.borrow() {
            return Ok(None);
        }
        if !simulation.go_on(STEP_MS) {
            return Ok(Some(simulation.report()));
        }
    }
}
