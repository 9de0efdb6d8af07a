//! The directory in memory, for several hosts in one process. It forgets everything when the last handle is dropped.
//!
//! It runs nothing of its own: no thread, no clock, no lease. A membership that is dropped takes its record with it at
//! once. [`MemoryDirectory::set_reachable`] plays an outage.
//!
//! Invariant: a waker is never called while the lock is held, so a waker may call back into the directory.

use std::collections::BTreeMap;
use std::future::{poll_fn, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use world::Millis;

use super::Pending;
use super::directory::{Claim, Directory, DirectoryError, DirectoryEvent, HostEntry, Membership, check_name};
use super::roster::{Damping, Roster, Sighting};

/// A cluster's directory within one process. Clones are handles on the same directory.
#[derive(Clone, Debug, Default)]
pub struct MemoryDirectory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    numbers: BTreeMap<String, u16>,
    lives: BTreeMap<u16, u64>,
    hosts: BTreeMap<u16, HostEntry>,
    members: BTreeMap<u64, Member>,
    last_member: u64,
    cut: bool,
}

#[derive(Debug)]
struct Member {
    roster: Roster,
    waker: Option<Waker>,
}

/// The directory's time stands still: nothing in memory is ever held back.
const NOW: Millis = Millis(0);

impl MemoryDirectory {
    /// An empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts everybody off from the directory, or lets them back. Members are told, and requests fail meanwhile.
    pub fn set_reachable(&self, reachable: bool) {
        self.change(|state| {
            let was_cut = std::mem::replace(&mut state.cut, !reachable);
            match (was_cut, reachable) {
                (false, false) => state.tell(&Sighting::Lost),
                (true, true) => {
                    let mut wakers = state.tell(&Sighting::Whole(state.hosts.values().cloned().collect()));
                    wakers.extend(state.tell(&Sighting::Restored));
                    wakers
                }
                (true, false) | (false, true) => Vec::new(),
            }
        });
    }

    /// The records that are there, in the order of their numbers.
    #[must_use]
    pub fn hosts(&self) -> Vec<HostEntry> {
        lock(&self.state).hosts.values().cloned().collect()
    }

    fn enter(&self, entry: HostEntry) -> Result<Box<dyn Membership>, DirectoryError> {
        let (name, claim) = (entry.name.clone(), entry.claim);
        let (id, wakers) = lock(&self.state).join(entry)?;
        wake(wakers);
        Ok(Box::new(Place { directory: self.clone(), id, name, claim }))
    }

    fn change(&self, change: impl FnOnce(&mut State) -> Vec<Waker>) {
        let wakers = change(&mut lock(&self.state));
        wake(wakers);
    }
}

impl Directory for MemoryDirectory {
    fn claim<'a>(&'a self, name: &'a str) -> Pending<'a, Result<Claim, DirectoryError>> {
        Box::pin(ready(lock(&self.state).claim(name)))
    }

    fn join(&self, entry: HostEntry) -> Pending<'_, Result<Box<dyn Membership>, DirectoryError>> {
        Box::pin(ready(self.enter(entry)))
    }
}

impl State {
    fn reach(&self) -> Result<(), DirectoryError> {
        match self.cut {
            false => Ok(()),
            true => Err(DirectoryError::Unreachable {
                address: "this process".to_owned(),
                reason: "the directory in memory is cut off".to_owned(),
            }),
        }
    }

    fn claim(&mut self, name: &str) -> Result<Claim, DirectoryError> {
        check_name(name)?;
        self.reach()?;
        let host = match self.numbers.get(name) {
            Some(host) => *host,
            None => {
                let host = u16::try_from(self.numbers.len() + 1).map_err(|_| DirectoryError::Exhausted)?;
                self.numbers.insert(name.to_owned(), host);
                host
            }
        };
        let life = self.lives.entry(host).or_default();
        *life += 1;
        Ok(Claim { host, life: *life })
    }

    fn join(&mut self, entry: HostEntry) -> Result<(u64, Vec<Waker>), DirectoryError> {
        self.admit(&entry)?;
        let wakers = self.put(entry.clone());
        let mut roster = Roster::new(entry.claim, Damping::NONE);
        roster.handle(NOW, Sighting::Whole(self.hosts.values().cloned().collect()));
        self.last_member += 1;
        self.members.insert(self.last_member, Member { roster, waker: None });
        Ok((self.last_member, wakers))
    }

    /// Whether this record may be written.
    fn admit(&self, entry: &HostEntry) -> Result<(), DirectoryError> {
        self.reach()?;
        let claimed = self.numbers.get(&entry.name) == Some(&entry.claim.host);
        if claimed && self.lives.get(&entry.claim.host) == Some(&entry.claim.life) {
            return Ok(());
        }
        Err(DirectoryError::Refused(format!(
            "life {} of number {} is not the newest claim of {:?}",
            entry.claim.life, entry.claim.host, entry.name
        )))
    }

    fn put(&mut self, entry: HostEntry) -> Vec<Waker> {
        self.hosts.insert(entry.claim.host, entry.clone());
        self.tell(&Sighting::Present(entry))
    }

    /// Ends a membership; its record goes unless a newer life has written over it.
    fn end(&mut self, id: u64, claim: Claim) -> Vec<Waker> {
        if self.members.remove(&id).is_none() || self.hosts.get(&claim.host).is_none_or(|e| e.claim != claim) {
            return Vec::new();
        }
        self.hosts.remove(&claim.host);
        if self.cut { Vec::new() } else { self.tell(&Sighting::Left(claim.host)) }
    }

    fn tell(&mut self, sighting: &Sighting) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for member in self.members.values_mut() {
            member.roster.handle(NOW, sighting.clone());
            wakers.extend(member.waker.take());
        }
        wakers
    }

    fn poll(&mut self, id: u64, context: &mut Context<'_>) -> Poll<DirectoryEvent> {
        let Some(member) = self.members.get_mut(&id) else { return Poll::Pending };
        match member.roster.poll_event(NOW) {
            Some(event) => Poll::Ready(event),
            None => {
                member.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A host's place in the directory in memory.
#[derive(Debug)]
struct Place {
    directory: MemoryDirectory,
    id: u64,
    name: String,
    claim: Claim,
}

impl Membership for Place {
    fn next(&mut self) -> Pending<'_, DirectoryEvent> {
        Box::pin(poll_fn(|context| lock(&self.directory.state).poll(self.id, context)))
    }

    fn update(&mut self, entry: HostEntry) -> Pending<'_, Result<(), DirectoryError>> {
        Box::pin(ready(self.write(entry)))
    }

    fn leave(self: Box<Self>) -> Pending<'static, ()> {
        drop(self);
        Box::pin(ready(()))
    }
}

impl Place {
    fn write(&self, entry: HostEntry) -> Result<(), DirectoryError> {
        if entry.claim != self.claim || entry.name != self.name {
            return Err(DirectoryError::Refused("a host changes only its own record".to_owned()));
        }
        let (result, wakers) = {
            let mut state = lock(&self.directory.state);
            match state.admit(&entry) {
                Ok(()) => (Ok(()), state.put(entry)),
                Err(error @ DirectoryError::Refused(_)) => (Err(error), state.supersede(self.id)),
                Err(error) => (Err(error), Vec::new()),
            }
        };
        wake(wakers);
        result
    }
}

impl State {
    /// Tells one member that a newer life of its name was claimed.
    fn supersede(&mut self, id: u64) -> Vec<Waker> {
        let Some(member) = self.members.get_mut(&id) else { return Vec::new() };
        member.roster.handle(NOW, Sighting::Superseded);
        member.waker.take().into_iter().collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (id, claim) = (self.id, self.claim);
        self.directory.change(|state| state.end(id, claim));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

#[cfg(test)]
#[path = "memory_directory_tests.rs"]
mod tests;
