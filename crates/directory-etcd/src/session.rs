//! One session with etcd: a lease that is kept, a watch that runs, and the questions that keep both honest.

use etcd_client::{Error, LeaseKeepAliveResponse, LeaseKeepAliveStream, LeaseKeeper, WatchStream};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A lease that is kept and a watch that runs.
pub(crate) struct Session {
    pub(crate) heartbeat: LeaseKeeper,
    pub(crate) alive: LeaseKeepAliveStream,
    pub(crate) watch: WatchStream,
    /// Since when an answer is awaited.
    pub(crate) lease_asked: Option<Instant>,
    pub(crate) watch_asked: Option<Instant>,
}

/// How a session ended.
pub(crate) enum End {
    /// The host leaves, and may wait for it.
    Left(Option<oneshot::Sender<()>>),
    /// A newer life has taken over.
    Over,
    /// It is to be made anew.
    Broken(String),
}

impl Session {
    /// Renews the lease and asks the watch for a sign of life.
    pub(crate) async fn ask(&mut self) -> Option<End> {
        if self.lease_asked.is_none() {
            if let Err(error) = self.heartbeat.keep_alive().await {
                return Some(End::Broken(error.to_string()));
            }
            self.lease_asked = Some(Instant::now());
        }
        if self.watch_asked.is_none() {
            if let Err(error) = self.watch.request_progress().await {
                return Some(End::Broken(error.to_string()));
            }
            self.watch_asked = Some(Instant::now());
        }
        None
    }

    pub(crate) fn hear_lease(&mut self, answer: Result<Option<LeaseKeepAliveResponse>, Error>) -> Option<End> {
        self.lease_asked = None;
        match answer {
            Ok(Some(answer)) if answer.ttl() > 0 => None,
            Ok(Some(_)) => Some(End::Broken("the lease ran out".to_owned())),
            Ok(None) => Some(End::Broken("etcd closed the keep-alive".to_owned())),
            Err(error) => Some(End::Broken(error.to_string())),
        }
    }

    pub(crate) fn oldest_question(&self) -> Option<Instant> {
        self.lease_asked.into_iter().chain(self.watch_asked).min()
    }
}
