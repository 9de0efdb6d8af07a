//! The directory: how hosts find each other. Discovery only: who may act for a player is decided in the store.
//!
//! A host claims, joins, listens, and leaves. What it hears is a picture that converges, not a history: the changes of
//! one host come in their order, and a listener that is slow or was cut off is told the newest state of each host
//! instead of every state in between. [`super::roster`] keeps that picture for every implementation.
//!
//! Invariant: at most one life of a name is in the directory, and it is the newest that was claimed. An older life is
//! refused when it joins or changes its record, and told [`DirectoryEvent::Down`] of its *own* claim when it is there.

use std::fmt;

use thiserror::Error;

use super::Pending;

/// The half of a shard that a host belongs to; halves are restarted one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Half {
    /// The first.
    #[default]
    A,
    /// The second.
    B,
}

/// Bytes of the longest host name: it stands in keys, log lines and metric labels.
pub const NAME_BYTES: usize = 64;

/// A host's number, given for ever to its name, and its life, greater with each claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The number, never 0.
    pub host: u16,
    /// The life, at most 40 bits.
    pub life: u64,
}

/// A host's record in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// Its name, unique in the cluster.
    pub name: String,
    /// Its number and life.
    pub claim: Claim,
    /// How many nodes it runs.
    pub nodes: u8,
    /// Where its ordered lane is published, `host:port`.
    pub publish_address: String,
    /// Where its direct lane listens, `host:port`.
    pub direct_address: String,
    /// The public key of its mesh, as the mesh writes it; empty if it has none.
    pub mesh_key: String,
    /// Where each of its nodes takes clients, `host:port`, in the order of the nodes.
    pub client_addresses: Vec<String>,
    /// The shard that it belongs to.
    pub shard: String,
    /// The half of the shard.
    pub half: Half,
    /// Whether it takes no new sessions.
    pub draining: bool,
    /// Its software version.
    pub software: String,
}

/// What a member of the directory is told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryEvent {
    /// A host is there, or its record changed. A new life of a known name replaces the old one.
    Up(HostEntry),
    /// A host's record vanished: it left, or its lease ran out. It is not told of a life that a newer one replaced.
    ///
    /// With the listener's own claim it means that a newer life of its name has taken its place: the membership is
    /// over, nothing follows, and the host should stop.
    Down(Claim),
    /// The directory cannot be reached; what was known stays in force.
    Lost,
    /// The directory is back. All changes in between have been told, but for hosts whose records vanished and who are
    /// still given time to come back.
    Restored,
}

/// Why the directory refused. Nothing was changed unless it says so.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// It cannot be reached.
    #[error("the directory at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What the transport said.
        reason: String,
    },
    /// It answered with an error.
    #[error("the directory refused: {0}")]
    Refused(String),
    /// A record in it is not one of ours. It was left alone.
    #[error("the record {key} in the directory cannot be read: {reason}")]
    Unreadable {
        /// Its key.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// All host numbers are given.
    #[error("all 65,535 host numbers are taken; remove the numbers of hosts that will not return")]
    Exhausted,
}

/// A cluster's directory.
pub trait Directory: Send + Sync + fmt::Debug {
    /// The number of the host with this name and a new life for it. Older lives of the name can no longer join or
    /// change their record; one that is there stays until the new life joins.
    ///
    /// Refused if the name is not a [`check_name`]. Numbers of one directory start at 1 and are never given twice.
    fn claim<'a>(&'a self, name: &'a str) -> Pending<'a, Result<Claim, DirectoryError>>;

    /// Announces the host and keeps it announced until the membership is dropped or left. The first events are
    /// the hosts that are already there, the host itself not among them.
    ///
    /// Refused if the entry's claim is not the newest of its name.
    fn join(&self, entry: HostEntry) -> Pending<'_, Result<Box<dyn Membership>, DirectoryError>>;
}

/// A host's place in the directory.
pub trait Membership: Send {
    /// The next event. Dropping the future loses none. After [`DirectoryEvent::Down`] of the own claim it never ends.
    fn next(&mut self) -> Pending<'_, DirectoryEvent>;

    /// Changes the host's own record, whose name and claim must stay. After an error the old record stands, or will
    /// again as soon as the directory can be reached.
    fn update(&mut self, entry: HostEntry) -> Pending<'_, Result<(), DirectoryError>>;

    /// Takes the host's record away at once. If the directory cannot be reached, the lease runs out instead.
    fn leave(self: Box<Self>) -> Pending<'static, ()>;
}

/// Refuses a host name that is empty, longer than [`NAME_BYTES`], or has other characters than ASCII letters, digits,
/// `-`, `_` and `.`.
pub fn check_name(name: &str) -> Result<(), DirectoryError> {
    let fits = !name.is_empty() && name.len() <= NAME_BYTES;
    if fits && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Ok(());
    }
    Err(DirectoryError::Refused(format!(
        "the host name {name:?} is not 1 to {NAME_BYTES} ASCII letters, digits, '-', '_' or '.'"
    )))
}
