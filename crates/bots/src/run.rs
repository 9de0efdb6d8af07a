//! The run as a whole: start, progress, end.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, interval, timeout};

use crate::board::Board;
use crate::bot;
use crate::plan::{BotsError, Plan};
use crate::report::{Progress, Report};

/// How often progress is reported.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// How long bots that do things wait for their answers before they say goodbye. A server gives up a deed after 8 s.
pub(crate) const ANSWERS: Duration = Duration::from_secs(10);
/// How long all farewells together may take.
const FAREWELLS: Duration = Duration::from_secs(3);

/// Plays a plan on the current thread until its duration is over or `shutdown` turns true. Once a second `progress` is
/// called. Needs a tokio runtime with I/O and time; the future is not `Send`.
///
/// # Errors
/// If the plan cannot be carried out. Then nothing was started. What goes wrong later is in the report.
pub async fn run(
    plan: &Plan,
    shutdown: watch::Receiver<bool>,
    progress: impl FnMut(&Progress),
) -> Result<Report, BotsError> {
    plan.check()?;
    let mut board = Board::new(plan.count);
    if let Some(file) = &plan.receipts {
        let failed = |e: std::io::Error| BotsError::Receipts { file: file.display().to_string(), why: e.to_string() };
        board.told.write_to(file).map_err(failed)?;
    }
    Ok(LocalSet::new().run_until(play(Rc::new(plan.clone()), board, shutdown, progress)).await)
}

/// Like [`run`], on a runtime of its own, which lives on this thread.
///
/// # Errors
/// As [`run`], and if the runtime cannot be made.
pub fn run_blocking(
    plan: &Plan,
    shutdown: watch::Receiver<bool>,
    progress: impl FnMut(&Progress),
) -> Result<Report, BotsError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| BotsError::Runtime(e.to_string()))?.block_on(run(plan, shutdown, progress))
}

async fn play(
    plan: Rc<Plan>,
    board: Board,
    shutdown: watch::Receiver<bool>,
    mut progress: impl FnMut(&Progress),
) -> Report {
    let start = Instant::now();
    let board = Rc::new(RefCell::new(board));
    let (stop, told) = watch::channel(false);
    let mut bots = JoinSet::new();
    for index in 0..plan.count {
        bots.spawn_local(bot::play(Rc::clone(&plan), index, Rc::clone(&board), told.clone()));
    }
    let mut ticks = interval(PROGRESS_EVERY);
    {
        let end = over(&plan, start, shutdown, &mut bots);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => break,
                _ = ticks.tick() => {
                    board.borrow_mut().told.flush();
                    progress(&board.borrow().progress(millis_since(start)));
                }
            }
        }
    }
    // There are receivers as long as there are bots; without any there is nobody to tell.
    let _ = stop.send(true);
    // Who has not said goodbye by then is cut off with the set.
    let _ = timeout(ANSWERS + FAREWELLS, all_gone(&mut bots)).await;
    board.borrow_mut().told.flush();
    board.borrow().report(millis_since(start))
}

/// Waits until the time is over, the caller wants an end, or no bot is left.
async fn over(plan: &Plan, start: Instant, mut shutdown: watch::Receiver<bool>, bots: &mut JoinSet<()>) {
    let time = async {
        match plan.duration {
            Some(duration) => tokio::time::sleep_until(start + duration).await,
            None => std::future::pending().await,
        }
    };
    let wanted = async {
        if shutdown.wait_for(|wanted| *wanted).await.is_err() {
            // The caller dropped its end: it will never ask.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = time => {}
        () = wanted => {}
        () = all_gone(bots) => {}
    }
}

/// Waits until no bot is left. A bot that panics is a bug of ours and ends the run.
async fn all_gone(bots: &mut JoinSet<()>) {
    while let Some(joined) = bots.join_next().await {
        if let Err(error) = joined
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

fn millis_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
