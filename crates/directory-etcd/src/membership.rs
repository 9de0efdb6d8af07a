//! A host's end of its membership: what it is told, and what it asks of the task that keeps it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use node::ports::Pending;
use node::ports::directory::{Claim, DirectoryError, DirectoryEvent, HostEntry, Membership};
use node::ports::roster::{Damping, Roster, Sighting};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::sleep;
use world::Millis;

use crate::link::Link;

/// What a membership asks of its keeper.
#[derive(Debug)]
pub(crate) enum Command {
    /// Write this record.
    Update(HostEntry, oneshot::Sender<Result<(), DirectoryError>>),
    /// Take the record away and end.
    Leave(oneshot::Sender<()>),
}

/// The roster as keeper and membership share it.
#[derive(Debug)]
pub(crate) struct Picture {
    roster: Mutex<Roster>,
    changed: Notify,
    start: Instant,
}

impl Picture {
    pub(crate) fn new(own: Claim, damping: Damping) -> Self {
        Self { roster: Mutex::new(Roster::new(own, damping)), changed: Notify::new(), start: Instant::now() }
    }

    pub(crate) fn see(&self, sighting: Sighting) {
        self.lock().handle(self.now(), sighting);
        self.changed.notify_one();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.lock().is_over()
    }

    async fn next(&self) -> DirectoryEvent {
        loop {
            let pause = {
                let now = self.now();
                let mut roster = self.lock();
                if let Some(event) = roster.poll_event(now) {
                    return event;
                }
                roster.next_wakeup().map(|(at, _)| Duration::from_millis(at.since(now).max(1)))
            };
            // A change after the poll has left its permit with `changed`, so it is not missed.
            match pause {
                Some(pause) => tokio::select! {
                    () = self.changed.notified() => {}
                    () = sleep(pause) => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the membership began.
    fn now(&self) -> Millis {
        Millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// A host's place in the directory. Dropping it closes the command channel, upon which the keeper takes its leave.
pub(crate) struct EtcdMembership {
    link: Arc<Link>,
    picture: Arc<Picture>,
    commands: mpsc::Sender<Command>,
    name: String,
    claim: Claim,
}

impl EtcdMembership {
    pub(crate) fn new(
        link: Arc<Link>,
        picture: Arc<Picture>,
        commands: mpsc::Sender<Command>,
        entry: HostEntry,
    ) -> Self {
        Self { link, picture, commands, name: entry.name, claim: entry.claim }
    }

    async fn change(&self, entry: HostEntry) -> Result<(), DirectoryError> {
        if entry.claim != self.claim || entry.name != self.name {
            return Err(DirectoryError::Refused("a host changes only its own record".to_owned()));
        }
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(Command::Update(entry, reply)).await;
        match (sent, answer.await) {
            (Ok(()), Ok(result)) => result,
            _ if self.picture.is_over() => Err(superseded(self.claim)),
            _ => Err(self.link.unreachable("the membership's task has ended")),
        }
    }
}

/// What a host is told whose claim is not, or no longer, the newest of its name.
pub(crate) fn superseded(claim: Claim) -> DirectoryError {
    DirectoryError::Refused(format!("life {} of number {} is not the newest claim of its name", claim.life, claim.host))
}

impl Membership for EtcdMembership {
    fn next(&mut self) -> Pending<'_, DirectoryEvent> {
        Box::pin(self.picture.next())
    }

    fn update(&mut self, entry: HostEntry) -> Pending<'_, Result<(), DirectoryError>> {
        Box::pin(self.change(entry))
    }

    fn leave(self: Box<Self>) -> Pending<'static, ()> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            if self.commands.send(Command::Leave(reply)).await.is_ok() {
                // The keeper answers within its calls' deadlines; if it has ended there is nothing to wait for.
                let _ = answer.await;
            }
        })
    }
}
