//! What the nodes of a host show: to the console, to metrics, to whoever asks. Nodes put it up, at most five times a
//! second; nobody ever waits for a node.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use node::ports::mesh::{Mesh, MeshCounters};
use node::{CrowdStatus, Status};
use protocol::Incarnation;

use crate::limits::WATCHED_FOR;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a node's shell counts. All grow only.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct ShellCounters { $($(#[$doc])* pub $name: u64,)* }

        impl ShellCounters {
            /// Every counter with its name.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }

            /// Adds another node's totals.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Turns of the node's loop.
    turns,
    /// Turns that came more than 20 ms after the machine asked for them.
    late_turns,
    /// Milliseconds by which they were late.
    late_ms,
    /// Messages of the mesh that had no room in the node's inbox.
    inbox_dropped,
    /// Messages to the mesh that it had no room for.
    outbox_dropped,
    /// Requests to the store that were not sent because too many were under way.
    store_refused,
}

/// What a node shows.
#[derive(Clone, Debug)]
pub struct NodeReport {
    /// This life of the node.
    pub incarnation: Incarnation,
    /// Where it takes clients, as bound.
    pub client_address: SocketAddr,
    /// What the machine has counted.
    pub node: node::Counters,
    /// What its gateway has counted.
    pub gateway: gateway::Counters,
    /// What its shell has counted.
    pub shell: ShellCounters,
    /// The crowded chunks that it sees.
    pub crowds: Vec<CrowdStatus>,
    /// The machine as it was when it was last looked at. None before the first look.
    pub status: Option<Arc<Status>>,
}

/// Totals of a host.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostCounters {
    /// Of its machines.
    pub node: node::Counters,
    /// Of its gateways.
    pub gateway: gateway::Counters,
    /// Of its nodes' shells.
    pub shell: ShellCounters,
    /// Of its end of the mesh.
    pub mesh: MeshCounters,
}

/// The board itself.
#[derive(Debug)]
pub(crate) struct Board {
    began: Instant,
    /// Milliseconds since `began` at which somebody last looked, and one more; 0 for never.
    looked_ms: AtomicU64,
    reports: DashMap<Incarnation, NodeReport>,
    mesh: Mutex<Link>,
}

#[derive(Debug)]
struct Link {
    mesh: Option<Weak<dyn Mesh>>,
    last: MeshCounters,
}

impl Board {
    pub(crate) fn new() -> Self {
        let mesh = Mutex::new(Link { mesh: None, last: MeshCounters::default() });
        Self { began: Instant::now(), looked_ms: AtomicU64::new(0), reports: DashMap::new(), mesh }
    }

    /// Counts the mesh in, as long as it lives.
    pub(crate) fn show_mesh(&self, mesh: &Arc<dyn Mesh>) {
        self.mesh.lock().unwrap_or_else(PoisonError::into_inner).mesh = Some(Arc::downgrade(mesh));
    }

    pub(crate) fn put(&self, report: NodeReport) {
        self.reports.insert(report.incarnation, report);
    }

    /// Whether somebody looked of late.
    pub(crate) fn is_watched(&self) -> bool {
        let looked_ms = self.looked_ms.load(Ordering::Relaxed);
        let since = Duration::from_millis(self.elapsed_ms().saturating_sub(looked_ms));
        looked_ms > 0 && since < WATCHED_FOR
    }

    pub(crate) fn mesh_counters(&self) -> MeshCounters {
        let mut link = self.mesh.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mesh) = link.mesh.as_ref().and_then(Weak::upgrade) {
            link.last = mesh.counters();
        }
        link.last
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A look at a host from anywhere. It outlives the host, with what was last shown.
#[derive(Clone, Debug)]
pub struct HostView {
    pub(crate) board: Arc<Board>,
}

impl HostView {
    /// What each node shows, in the order of the nodes. Statuses are refreshed from the first look on, and until
    /// three seconds after the last; so the first look may find none, or an old one.
    #[must_use]
    pub fn reports(&self) -> Vec<NodeReport> {
        self.board.looked_ms.store(self.board.elapsed_ms() + 1, Ordering::Relaxed);
        self.glance()
    }

    /// The totals of the host, at most a fifth of a second old. It is no look: it asks for no statuses.
    #[must_use]
    pub fn counters(&self) -> HostCounters {
        let mut sum = HostCounters { mesh: self.board.mesh_counters(), ..HostCounters::default() };
        for report in self.glance() {
            sum.node.add(&report.node);
            sum.gateway.add(&report.gateway);
            sum.shell.add(&report.shell);
        }
        sum
    }

    fn glance(&self) -> Vec<NodeReport> {
        let mut reports: Vec<NodeReport> = self.board.reports.iter().map(|r| r.value().clone()).collect();
        reports.sort_by_key(|report| report.incarnation);
        reports
    }
}
