//! The task behind a membership: holds the lease, watches the records, and makes both anew after an outage.
//!
//! Invariant: whenever a session begins, the picture is set to a fresh read of all records, and the watch goes on from
//! the very next revision. So it does not matter for how long, or why, there was none.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Error, Event, KeyValue, WatchOptions, WatchResponse, WatchStream};
use node::ports::directory::{DirectoryError, HostEntry};
use node::ports::roster::Sighting;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::link::{Link, Snapshot};
use crate::membership::{Command, Picture, superseded};
use crate::record::{self, Stored};
use crate::registration::Failure;
use crate::session::{End, Session};

/// Beats in one lease: two may be lost before it runs out.
const BEATS_PER_LEASE: u32 = 3;
/// The pause before a session is tried again while etcd is away.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Keeps one host in the directory.
pub(crate) struct Keeper {
    pub(crate) link: Arc<Link>,
    picture: Arc<Picture>,
    pub(crate) entry: HostEntry,
    pub(crate) lease: Option<i64>,
}

impl Keeper {
    pub(crate) fn new(link: Arc<Link>, picture: Arc<Picture>, entry: HostEntry) -> Self {
        Self { link, picture, entry, lease: None }
    }

    /// Begins a session: lease, fresh read, own record, watch.
    pub(crate) async fn establish(&mut self, first: bool) -> Result<Session, Failure> {
        let (heartbeat, alive) = self.hold_lease().await?;
        let seen = self.link.read(&self.link.keys.hosts()).await?;
        if !self.is_registered(&seen, heartbeat.id())? {
            self.register(heartbeat.id(), first).await?;
        }
        let watch = self.watch_from(seen.revision + 1).await?;
        self.show(&seen);
        Ok(Session { heartbeat, alive, watch, lease_asked: None, watch_asked: None })
    }

    /// Keeps the host in the directory until it leaves or is superseded.
    pub(crate) async fn run(mut self, mut session: Session, mut commands: mpsc::Receiver<Command>) {
        loop {
            let end = match self.serve(&mut session, &mut commands).await {
                End::Broken(reason) => {
                    drop(session);
                    match self.recover(&reason, &mut commands).await {
                        Ok(anew) => {
                            session = anew;
                            continue;
                        }
                        Err(end) => end,
                    }
                }
                end => end,
            };
            return self.finish(end).await;
        }
    }

    async fn serve(&mut self, session: &mut Session, commands: &mut mpsc::Receiver<Command>) -> End {
        let mut beat = interval(Duration::from_secs(self.link.config.lease_ttl_s.into()) / BEATS_PER_LEASE);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let overdue = session.oldest_question().map(|asked| asked + self.link.config.call_deadline);
            // In this order: a flood of records must not keep the lease from being renewed, and silence counts only
            // when nothing has come.
            let end = tokio::select! {
                biased;
                command = commands.recv() => self.obey(command, session.heartbeat.id()).await,
                _ = beat.tick() => session.ask().await,
                answer = session.alive.message() => session.hear_lease(answer),
                answer = session.watch.message() => self.hear_watch(session, answer),
                () = sleep_until(overdue.unwrap_or_else(Instant::now)), if overdue.is_some() => {
                    Some(End::Broken("etcd has fallen silent".to_owned()))
                }
            };
            if let Some(end) = end {
                return end;
            }
            if self.picture.is_over() {
                return End::Over;
            }
        }
    }

    /// Tries until there is a session again. `Lost` is told when the first attempt has failed.
    async fn recover(&mut self, reason: &str, commands: &mut mpsc::Receiver<Command>) -> Result<Session, End> {
        tracing::info!(host = %self.entry.name, reason, "the session with the directory is made anew");
        let mut lost_at = None;
        loop {
            let attempt = async {
                if lost_at.is_some() {
                    sleep(RETRY_PAUSE).await;
                }
                self.establish(false).await
            };
            let command = tokio::select! {
                biased;
                command = commands.recv() => command,
                result = attempt => match result {
                    Ok(session) => {
                        self.tell_restored(lost_at);
                        return Ok(session);
                    }
                    Err(Failure::Superseded) => {
                        self.picture.see(Sighting::Superseded);
                        return Err(End::Over);
                    }
                    Err(Failure::Port(error)) => {
                        self.tell_lost(&mut lost_at, &error);
                        continue;
                    }
                },
            };
            match command {
                Some(Command::Update(_, reply)) => drop(reply.send(Err(self.link.unreachable(reason)))),
                Some(Command::Leave(reply)) => return Err(End::Left(Some(reply))),
                None => return Err(End::Left(None)),
            }
        }
    }

    async fn finish(&mut self, end: End) {
        match end {
            End::Left(reply) => {
                self.withdraw().await;
                if let Some(reply) = reply {
                    // Nobody waits any more if the membership was dropped meanwhile.
                    let _ = reply.send(());
                }
            }
            End::Over => {
                tracing::warn!(host = %self.entry.name, life = self.entry.claim.life, "a newer life has taken over");
                self.revoke().await;
            }
            End::Broken(reason) => tracing::error!(reason, "a membership ended without being left"),
        }
    }

    fn tell_lost(&self, lost_at: &mut Option<Instant>, error: &DirectoryError) {
        if lost_at.is_none() {
            *lost_at = Some(Instant::now());
            tracing::warn!(host = %self.entry.name, %error, "the directory is lost; trying again until it is back");
            self.picture.see(Sighting::Lost);
        } else {
            tracing::debug!(host = %self.entry.name, %error, "the directory is still away");
        }
    }

    fn tell_restored(&self, lost_at: Option<Instant>) {
        if let Some(lost_at) = lost_at {
            let away_ms = u64::try_from(lost_at.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(host = %self.entry.name, away_ms, "the directory is back");
            self.picture.see(Sighting::Restored);
        }
    }

    async fn watch_from(&self, revision: i64) -> Result<WatchStream, Failure> {
        let mut watches = self.link.client().await?.watch_client();
        let options = WatchOptions::new().with_prefix().with_start_revision(revision).with_fragment();
        Ok(self.link.call(watches.watch(self.link.keys.hosts(), Some(options))).await?)
    }

    async fn obey(&mut self, command: Option<Command>, lease: i64) -> Option<End> {
        let (entry, reply) = match command {
            Some(Command::Update(entry, reply)) => (entry, reply),
            Some(Command::Leave(reply)) => return Some(End::Left(Some(reply))),
            None => return Some(End::Left(None)),
        };
        let before = std::mem::replace(&mut self.entry, entry);
        let (result, end) = match self.register(lease, false).await {
            Ok(()) => (Ok(()), None),
            Err(Failure::Superseded) => {
                self.picture.see(Sighting::Superseded);
                (Err(superseded(before.claim)), Some(End::Over))
            }
            Err(Failure::Port(error)) => {
                // It may have been written after all: the next session compares and puts the old record back.
                self.entry = before;
                let end = End::Broken(error.to_string());
                (Err(error), Some(end))
            }
        };
        // Nobody waits any more if the update was dropped; the record stays as it was written.
        let _ = reply.send(result);
        end
    }

    fn hear_watch(&self, session: &mut Session, answer: Result<Option<WatchResponse>, Error>) -> Option<End> {
        session.watch_asked = None;
        match answer {
            Ok(Some(answer)) if answer.canceled() => Some(End::Broken(match answer.compact_revision() {
                0 => format!("etcd ended the watch: {}", answer.cancel_reason()),
                revision => format!("what was to be watched is compacted up to revision {revision}"),
            })),
            Ok(Some(answer)) => answer.events().iter().find_map(|event| self.hear_event(event)),
            Ok(None) => Some(End::Broken("etcd closed the watch".to_owned())),
            Err(error) => Some(End::Broken(error.to_string())),
        }
    }

    fn hear_event(&self, event: &Event) -> Option<End> {
        let stored = event.kv()?;
        let host = self.link.keys.host_of(stored.key())?;
        // A key that was deleted has version 0.
        if stored.version() == 0 {
            self.picture.see(Sighting::Vanished(host));
            let own = host == self.entry.claim.host;
            return own.then(|| End::Broken("the own record was taken away".to_owned()));
        }
        if let Some(sighting) = self.decode(stored) {
            self.picture.see(sighting);
        }
        None
    }

    /// Sets the picture to what was read.
    fn show(&self, seen: &Snapshot) {
        let (mut there, mut left) = (Vec::new(), Vec::new());
        for sighting in seen.entries.iter().filter_map(|stored| self.decode(stored)) {
            match sighting {
                Sighting::Present(entry) => there.push(entry),
                other => left.push(other),
            }
        }
        self.picture.see(Sighting::Whole(there));
        for sighting in left {
            self.picture.see(sighting);
        }
    }

    /// What a record says; one that is not ours is left alone.
    fn decode(&self, stored: &KeyValue) -> Option<Sighting> {
        let host = self.link.keys.host_of(stored.key())?;
        match record::decode(host, stored.value()) {
            Ok(Stored::There(entry)) => Some(Sighting::Present(entry)),
            Ok(Stored::Left(_)) => Some(Sighting::Left(host)),
            Err(reason) => {
                tracing::warn!(host, reason, "a record in the directory cannot be read");
                None
            }
        }
    }
}
