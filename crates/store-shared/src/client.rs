//! The client: the store's port over one connection, which mends itself.
//!
//! A task owns the connection; requests reach it over a bounded queue, each with an id, and are sent as they come.
//! Whether a request has left is settled by one flag that either the task (to send it) or the deadline (to give it up)
//! sets first: so `NotApplied` is never said of what may still be sent.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::{Pending, Reply, Request, Store};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::link::Link;
use crate::wire::{encode_request, set_id};

/// Bytes that may wait for the socket before further requests are left in the queue.
const UNSENT_BYTES: usize = 1024 * 1024;
/// The first pause between two attempts to connect; it doubles.
const PAUSE_LEAST: Duration = Duration::from_millis(50);
/// The longest pause between two attempts to connect.
const PAUSE_MOST: Duration = Duration::from_secs(1);

/// Where the server is and how long to wait for it.
#[derive(Clone, Debug)]
pub struct SharedStoreConfig {
    /// The server, `host:port`.
    pub address: String,
    /// The time from the request to its outcome. Default 2 s.
    pub deadline: Duration,
    /// Requests under way; more wait within their deadline. Default 256.
    pub in_flight: usize,
}

impl SharedStoreConfig {
    /// The defaults for a server.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), deadline: Duration::from_secs(2), in_flight: 256 }
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum SharedStoreError {
    /// Nobody answered in time. It goes on trying.
    #[error("the store at {address} cannot be reached: {reason}; is `tombolo store serve` running?")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What the last attempt met.
        reason: String,
    },
}

/// A store in another process.
pub struct SharedStore {
    config: SharedStoreConfig,
    places: Arc<Semaphore>,
    jobs: mpsc::Sender<Job>,
    state: watch::Receiver<State>,
}

/// How the connection is.
#[derive(Clone, Debug)]
enum State {
    Connected,
    Away(String),
}

/// A request on its way to the task.
struct Job {
    bytes: Vec<u8>,
    writes: bool,
    /// Set by whoever comes first: the task that sends it, or the deadline that gives it up.
    settled: Arc<AtomicBool>,
    reply: oneshot::Sender<Reply>,
    place: OwnedSemaphorePermit,
}

/// A request that was sent.
struct Sent {
    asked: Instant,
    writes: bool,
    reply: oneshot::Sender<Reply>,
    /// The place is given back when the server has answered, or with the connection.
    _place: OwnedSemaphorePermit,
}

impl SharedStore {
    /// A client that begins to connect, on the tokio runtime that it is made on; it can be used from any other. It
    /// disconnects when it is dropped.
    #[must_use]
    pub fn new(config: SharedStoreConfig) -> Self {
        let in_flight = config.in_flight.max(1);
        let (jobs, inbox) = mpsc::channel(in_flight);
        let (tell, state) = watch::channel(State::Away("not yet connected".to_owned()));
        tokio::spawn(keep_connected(config.clone(), inbox, tell));
        Self { config, places: Arc::new(Semaphore::new(in_flight)), jobs, state }
    }

    /// Waits until it is connected.
    pub async fn connected(&self, within: Duration) -> Result<(), SharedStoreError> {
        let mut state = self.state.clone();
        let connected = timeout(within, state.wait_for(|state| matches!(state, State::Connected))).await;
        if matches!(connected, Ok(Ok(_))) {
            return Ok(());
        }
        let reason = match &*self.state.borrow() {
            State::Connected => "the connection was just made".to_owned(),
            State::Away(reason) => reason.clone(),
        };
        Err(SharedStoreError::Unreachable { address: self.config.address.clone(), reason })
    }

    async fn ask(&self, request: Request) -> Reply {
        let deadline = Instant::now() + self.config.deadline;
        let writes = request.writes();
        let bytes = match encode_request(&request) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(key = %request.key(), %error, "a request cannot be sent");
                return Reply::NotApplied;
            }
        };
        let Ok(Ok(place)) = timeout_at(deadline, Arc::clone(&self.places).acquire_owned()).await else {
            return Reply::NotApplied;
        };
        let settled = Arc::new(AtomicBool::new(false));
        let (reply, answer) = oneshot::channel();
        let job = Job { bytes, writes, settled: Arc::clone(&settled), reply, place };
        // The queue has as many places as there are permits; it refuses only when its task is gone.
        if self.jobs.try_send(job).is_err() {
            return Reply::NotApplied;
        }
        match timeout_at(deadline, answer).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) | Err(_) => given_up(writes, &settled),
        }
    }
}

/// The outcome of a request without an answer. A read did nothing in any case.
fn given_up(writes: bool, settled: &AtomicBool) -> Reply {
    let was_sent = settled.swap(true, Ordering::AcqRel);
    if writes && was_sent { Reply::Unknown } else { Reply::NotApplied }
}

impl Store for SharedStore {
    fn execute(&self, request: Request) -> Pending<'_> {
        Box::pin(self.ask(request))
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore").field("config", &self.config).field("state", &*self.state.borrow()).finish()
    }
}

/// Connects, and again, until the client is dropped.
async fn keep_connected(config: SharedStoreConfig, mut jobs: mpsc::Receiver<Job>, state: watch::Sender<State>) {
    let mut pause = PAUSE_LEAST;
    while !jobs.is_closed() {
        let error = match connect(&config).await {
            Ok(link) => {
                tracing::info!(address = config.address, "connected to the store");
                state.send_replace(State::Connected);
                let started = Instant::now();
                let Err(error) = converse(link, &mut jobs, config.deadline).await else { return };
                if started.elapsed() > PAUSE_MOST {
                    pause = PAUSE_LEAST;
                }
                error
            }
            Err(error) => error,
        };
        let met = state.send_replace(State::Away(error.to_string()));
        if matches!(met, State::Connected) || pause == PAUSE_LEAST {
            tracing::warn!(address = config.address, %error, "the store is away; trying until it is back");
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MOST);
    }
}

async fn connect(config: &SharedStoreConfig) -> io::Result<Link> {
    match timeout(config.deadline, TcpStream::connect(&config.address)).await {
        Ok(stream) => Link::new(stream?),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Sends requests and hands out replies until the client is dropped (`Ok`) or the connection is of no use (`Err`).
async fn converse(mut link: Link, jobs: &mut mpsc::Receiver<Job>, deadline: Duration) -> io::Result<()> {
    let mut sent: BTreeMap<u64, Sent> = BTreeMap::new();
    let mut last_id = 0;
    loop {
        while let Some((id, reply)) = link.next_message(|message| message.reply()).map_err(garbage)? {
            deliver(&mut sent, id, reply)?;
        }
        // Its request is long given up. A server that answers nothing for so long is better asked anew.
        let silent = sent.first_key_value().map(|(_, oldest)| oldest.asked + deadline * 2);
        let ready = link.unsent() < UNSENT_BYTES;
        tokio::select! {
            moved = link.transfer(true) => moved?,
            job = jobs.recv(), if ready => match job {
                None => return Ok(()),
                Some(job) if job.settled.swap(true, Ordering::AcqRel) => {}
                Some(mut job) => {
                    last_id += 1;
                    set_id(&mut job.bytes, last_id);
                    link.send(&job.bytes);
                    let Job { writes, reply, place, .. } = job;
                    sent.insert(last_id, Sent { asked: Instant::now(), writes, reply, _place: place });
                }
            },
            () = sleep_until(silent.unwrap_or_else(Instant::now)), if silent.is_some() => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the server has fallen silent"));
            }
        }
    }
}

fn deliver(sent: &mut BTreeMap<u64, Sent>, id: u64, reply: Option<Reply>) -> io::Result<()> {
    let Some(reply) = reply else { return Ok(()) };
    let Some(request) = sent.remove(&id) else {
        return Err(garbage("an answer to no request"));
    };
    let fits = match &reply {
        Reply::Found { .. } | Reply::Absent => !request.writes,
        Reply::Applied { .. } | Reply::Conflict => request.writes,
        Reply::NotApplied | Reply::Unknown => true,
    };
    if !fits {
        return Err(garbage("an answer to another kind of request"));
    }
    // Nobody waits any more if the deadline has passed.
    let _ = request.reply.send(reply);
    Ok(())
}

fn garbage(reason: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sent garbage: {}", reason.to_string()))
}
