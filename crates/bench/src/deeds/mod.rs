//! `cargo xtask bench deeds`: committed deeds a second and their times, against the backend alone doing the writes that a
//! deed has before its reply, in the same run; and a hundred who gather from one tree.
//!
//! Rounds are interleaved: the backend alone, then deeds. Rows are medians of rounds.

mod backend;
mod place;
mod raw;
mod row;
mod session;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use store::Store;
use tokio::task::JoinSet;
use tokio::time::Instant;

use backend::{Backend, Opened};
use place::Kind;
use row::{Round, Row, TreeRow};
use session::{Did, Session};

/// Sessions at most: more are not served by one node.
const MOST_SESSIONS: usize = 5_000;

/// Arguments of the bench.
#[derive(Clone, Debug, Args)]
pub struct DeedsArgs {
    /// Stores, some rows for each
    #[arg(long, value_delimiter = ',', value_enum, default_value = "memory,fjall,shared", value_name = "STORE,…")]
    store: Vec<Backend>,
    /// Sessions that do one deed after the other, one row for each number
    #[arg(long, value_delimiter = ',', default_value = "1,16,100", value_name = "N,…")]
    sessions: Vec<usize>,
    /// People at one tree; 0 leaves the tree out
    #[arg(long, default_value_t = 100, value_name = "N")]
    gatherers: usize,
    /// Rounds of each row; the medians count
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: usize,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 4.0, value_name = "S")]
    seconds: f64,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// What does the work in a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The backend alone.
    Raw,
    /// Sessions with deeds.
    Deeds,
}

/// Runs the bench. Always true: a target that is missed is a result.
///
/// # Errors
/// A store cannot be made, or a deed ended as none may.
pub fn run(args: &DeedsArgs) -> Result<bool> {
    ensure!(args.rounds >= 1, "--rounds 0 measures nothing");
    ensure!(args.seconds >= 0.1 && args.seconds <= 600.0, "--seconds {} is not from 0.1 to 600", args.seconds);
    for sessions in args.sessions.iter().chain([&args.gatherers.max(1)]) {
        ensure!((1..=MOST_SESSIONS).contains(sessions), "--sessions: {sessions} is not from 1 to {MOST_SESSIONS}");
    }
    // One thread, as a node has.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if !args.json {
        println!("{}", row::head());
    }
    let (mut rows, mut trees) = (Vec::new(), Vec::new());
    for store in &args.store {
        for kind in [Kind::One, Kind::Two] {
            for sessions in &args.sessions {
                let row = runtime.block_on(measured(args, *store, kind, *sessions))?;
                if !args.json {
                    println!("{}", row.line());
                }
                rows.push(row);
            }
        }
        for kind in [Kind::Tree, Kind::Hands].into_iter().filter(|_| args.gatherers > 0) {
            let row = runtime.block_on(gathered(args, *store, kind))?;
            if !args.json {
                println!("{}", row.line());
            }
            trees.push(row);
        }
    }
    match args.json {
        true => println!("{}", row::json(&rows, &trees, args.rounds, args.seconds)),
        false => print!("{}", row::targets(&rows)),
    }
    Ok(true)
}

async fn measured(args: &DeedsArgs, store: Backend, kind: Kind, sessions: usize) -> Result<Row> {
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        let raw = play(args, store, kind, sessions, Subject::Raw).await?;
        let deeds = play(args, store, kind, sessions, Subject::Deeds).await?;
        rounds.push(Round { raw, deeds });
    }
    Ok(Row::of(store.name(), kind.name(), sessions, args.seconds, rounds))
}

/// All at one tree, for four times as long: a pair of hands does not do much in a second.
async fn gathered(args: &DeedsArgs, store: Backend, kind: Kind) -> Result<TreeRow> {
    let args = DeedsArgs { seconds: 4.0 * args.seconds, ..args.clone() };
    let did = play(&args, store, kind, args.gatherers, Subject::Deeds).await?;
    Ok(TreeRow::of(store.name(), kind.name(), args.seconds, &did))
}

/// Plays once on a fresh store; what each session did.
async fn play(args: &DeedsArgs, backend: Backend, kind: Kind, sessions: usize, subject: Subject) -> Result<Vec<Did>> {
    let opened = Opened::new(backend, "deeds").await?;
    place::settle(&*opened.store, kind, sessions).await?;
    let time = Duration::from_secs_f64(args.seconds);
    let did = match subject {
        Subject::Raw => play_raw(&opened.store, kind, sessions, time).await?,
        Subject::Deeds => play_deeds(&opened.store, kind, sessions, time).await?,
    };
    opened.close().await;
    Ok(did)
}

/// From when to when it counts: the first tenth is for everybody to begin.
fn period(time: Duration) -> (Instant, Instant) {
    let from = Instant::now() + time / 10;
    (from, from + time)
}

async fn play_raw(store: &Arc<dyn Store>, kind: Kind, sessions: usize, time: Duration) -> Result<Vec<Did>> {
    let mut writers = Vec::new();
    for who in 0..sessions {
        writers.push(raw::Writer::new(Arc::clone(store), kind, who).await?);
    }
    let (from, until) = period(time);
    let mut all = JoinSet::new();
    writers.into_iter().for_each(|writer| drop(all.spawn(writer.play(from, until))));
    all.join_all().await.into_iter().collect()
}

async fn play_deeds(store: &Arc<dyn Store>, kind: Kind, sessions: usize, time: Duration) -> Result<Vec<Did>> {
    let rules = place::rules(kind);
    let mut raised = Vec::new();
    for who in 0..sessions {
        raised.push(Session::raise(Arc::clone(store), rules.clone(), kind, who).await?);
    }
    let (from, until) = period(time);
    let mut all = JoinSet::new();
    raised.into_iter().for_each(|session| drop(all.spawn(session.play(from, until))));
    all.join_all().await.into_iter().collect()
}
