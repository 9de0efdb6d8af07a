//! Many runs on several threads. Which thread runs which changes nothing: every run is alone in its world.

use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};

use crate::failure::Failure;

/// How many runs go on at a time.
pub fn size(asked: Option<NonZeroUsize>) -> usize {
    asked.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
}

/// Runs all, `jobs` at a time, and tells of each as it ends. A run that gives `None` was stopped before its end, and no
/// further one is begun by its thread. What ended is given in the order in which it was asked for.
pub fn run<I: Send, R: Send>(
    all: impl Iterator<Item = I> + Send,
    jobs: usize,
    work: impl Fn(&I) -> Result<Option<R>, Failure> + Sync,
    mut each: impl FnMut(&R),
) -> Result<Vec<R>, Failure> {
    let next = Mutex::new(all.enumerate());
    let mut ended_runs = Vec::new();
    std::thread::scope(|scope| {
        let (done, ended) = mpsc::channel();
        for _ in 0..jobs.max(1) {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                while let Some((place, item)) = take(next) {
                    match work(&item) {
                        Ok(None) => return,
                        Ok(Some(result)) => drop(done.send(Ok((place, result)))),
                        Err(failure) => return drop(done.send(Err(failure))),
                    }
                }
            });
        }
        drop(done);
        for result in ended {
            let (place, result) = result?;
            each(&result);
            ended_runs.push((place, result));
        }
        Ok(())
    })?;
    ended_runs.sort_by_key(|(place, _)| *place);
    Ok(ended_runs.into_iter().map(|(_, result)| result).collect())
}

fn take<I>(next: &Mutex<impl Iterator<Item = I>>) -> Option<I> {
    next.lock().unwrap_or_else(PoisonError::into_inner).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_asking_however_many_work() {
        for jobs in [0, 1, 3, 100] {
            let squares = run(0..50_u64, jobs, |n| Ok(Some(n * n)), |_| {}).expect("nothing fails");
            assert_eq!(squares, (0..50).map(|n| n * n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_failure_is_the_result_and_a_stop_is_none() {
        let failed = run(0..9_u64, 2, |n| if *n == 4 { Err(Failure::run("four")) } else { Ok(Some(*n)) }, |_| {});
        assert!(failed.is_err());
        let stopped = run(0..9_u64, 1, |n| Ok((*n < 4).then_some(*n)), |_| {}).expect("nothing fails");
        assert_eq!(stopped, [0, 1, 2, 3]);
    }
}
