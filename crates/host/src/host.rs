//! The handle on a host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use node::ports::directory::Claim;
use protocol::Incarnation;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};

use crate::board::{Board, HostCounters, HostView, NodeReport};
use crate::config::{HostConfig, Parts};
use crate::error::HostError;
use crate::supervisor::{Started, Supervisor, Wish};

type Outcome = Option<Result<(), Arc<HostError>>>;

/// A running host. Several may live in one process. Dropping it is like killing its process: clients and peers are not
/// told, and its threads have ended when the drop returns.
#[derive(Debug)]
pub struct Host {
    name: String,
    started: Started,
    wish: watch::Sender<Wish>,
    outcome: watch::Receiver<Outcome>,
    view: HostView,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts a host: takes its ports, claims its life, starts its nodes and joins the directory, in this order.
    ///
    /// # Errors
    /// Any of that failed; nothing is left behind.
    pub async fn start(config: HostConfig, parts: Parts) -> Result<Self, HostError> {
        let (name, board) = (config.name.clone(), Arc::new(Board::new()));
        let (wish, wishes) = watch::channel(Wish::Run);
        let (tell_outcome, outcome) = watch::channel(None);
        let (tell_started, starts) = oneshot::channel();
        let view = HostView { board: Arc::clone(&board) };
        let life = move || {
            let _span = tracing::info_span!("host", name = %config.name).entered();
            live(config, parts, board, wishes, tell_started, &tell_outcome);
        };
        let thread = std::thread::Builder::new().name(format!("host-{name}")).spawn(life).map_err(HostError::Start)?;
        let started = match starts.await {
            Ok(Ok(started)) => started,
            Ok(Err(error)) => {
                // It has said its last word, so this does not wait.
                let _ = thread.join();
                return Err(error);
            }
            Err(_) => return Err(HostError::Supervisor),
        };
        Ok(Self { name, started, wish, outcome, view, thread: Some(thread) })
    }

    /// [`Self::start`] for callers without a runtime.
    ///
    /// # Errors
    /// As [`Self::start`], or a runtime cannot be had.
    ///
    /// # Panics
    /// Within a runtime.
    pub fn start_blocking(config: HostConfig, parts: Parts) -> Result<Self, HostError> {
        let runtime = Builder::new_current_thread().build().map_err(HostError::Start)?;
        runtime.block_on(Self::start(config, parts))
    }

    /// The host's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number and life.
    #[must_use]
    pub fn claim(&self) -> Claim {
        self.started.claim
    }

    /// Where each node takes clients, with the ports that were taken.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.started.addresses
    }

    /// The lives of the nodes, in their order.
    #[must_use]
    pub fn incarnations(&self) -> Vec<Incarnation> {
        let Claim { host, life } = self.started.claim;
        (0..).zip(&self.started.addresses).map(|(node, _)| Incarnation::new(host, node, life)).collect()
    }

    /// A look at the host that may be handed on and outlives it.
    #[must_use]
    pub fn view(&self) -> HostView {
        self.view.clone()
    }

    /// See [`HostView::reports`].
    #[must_use]
    pub fn reports(&self) -> Vec<NodeReport> {
        self.view.reports()
    }

    /// See [`HostView::counters`].
    #[must_use]
    pub fn counters(&self) -> HostCounters {
        self.view.counters()
    }

    /// Waits until the host has ended, by a stop or by itself.
    ///
    /// # Errors
    /// Why it ended by itself, or what did not end in time.
    pub async fn finished(&self) -> Result<(), Arc<HostError>> {
        let mut outcome = self.outcome.clone();
        let last = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        last.ok().flatten().unwrap_or_else(|| Err(Arc::new(HostError::Supervisor)))
    }

    /// Ends the host in good order: clients are told, last writes are finished, the directory is left. Takes at most
    /// as long as the limits of its parts allow, about ten seconds.
    ///
    /// # Errors
    /// As [`Self::finished`].
    pub async fn stop(mut self) -> Result<(), Arc<HostError>> {
        self.wish.send_replace(Wish::Stop);
        let outcome = self.finished().await;
        self.join();
        outcome
    }

    /// [`Self::stop`] for callers without a runtime.
    ///
    /// # Errors
    /// As [`Self::finished`].
    pub fn stop_blocking(mut self) -> Result<(), Arc<HostError>> {
        self.wish.send_replace(Wish::Stop);
        self.join();
        let outcome = self.outcome.borrow().clone();
        outcome.unwrap_or_else(|| Err(Arc::new(HostError::Supervisor)))
    }

    /// Waits for the supervising thread, which waits for no more than its limits allow.
    fn join(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(host = %self.name, "the host's own thread ended in a panic");
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.wish.send_replace(Wish::Die);
        self.join();
    }
}

/// The life of the supervising thread.
fn live(
    config: HostConfig,
    parts: Parts,
    board: Arc<Board>,
    wishes: watch::Receiver<Wish>,
    tell_started: oneshot::Sender<Result<Started, HostError>>,
    tell_outcome: &watch::Sender<Outcome>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(tell_started.send(Err(HostError::Start(error)))),
    };
    if let Some(tls) = &config.tls {
        // It ends with the runtime.
        runtime.spawn(tls.clone().keep_fresh());
    }
    let ended = runtime.block_on(async {
        let supervisor = match Supervisor::start(config, parts, board).await {
            Ok(supervisor) => supervisor,
            Err(error) => {
                // Whoever gave up waiting for the start does not want to know.
                let _ = tell_started.send(Err(error));
                return None;
            }
        };
        let started = supervisor.started();
        tracing::info!(host = started.claim.host, life = started.claim.life, "the host is up");
        // The owner may have given up; then its wishes are gone too, and the host ends.
        let _ = tell_started.send(Ok(started));
        Some(supervisor.run(wishes).await)
    });
    // The runtime goes first: when the outcome is known nothing of the host is left.
    drop(runtime);
    if let Some(ended) = ended {
        if let Err(error) = &ended {
            tracing::error!(%error, "the host has ended");
        }
        tell_outcome.send_replace(Some(ended.map_err(Arc::new)));
    }
}
