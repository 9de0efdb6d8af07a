//! How a cluster is reached, and which of it is refused before anything is tried.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// Bytes of the largest document, as JSON. A page of a full chunk stays far below; Couchbase itself takes 20 MiB, which
/// would make 256 requests under way a matter of gigabytes. A larger one is `NotApplied`, and logged.
pub const DOCUMENT_BYTES: usize = 512 * 1024;
/// The range of deadlines. Below, a cluster in good health misses it; above, everybody stands still long before.
pub const DEADLINES: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
/// The range of requests under way.
pub const IN_FLIGHT: std::ops::RangeInclusive<usize> = 1..=4096;
/// Bytes of the longest name of a bucket.
const BUCKET_BYTES: usize = 100;
/// Bytes of the longest name of a scope or a collection.
const COLLECTION_BYTES: usize = 251;

/// What must have happened to a write before it is called applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// It is in the memory of one node. **What was acknowledged is lost if that node crashes.** For tests.
    None,
    /// It is in the memory of a majority of the copies. Survives the crash of one node of a bucket with one replica or
    /// more, not the loss of power of all.
    #[default]
    Majority,
    /// That, and on the disk of the active copy.
    MajorityAndPersistToActive,
    /// It is on the disks of a majority of the copies.
    PersistToMajority,
}

impl Durability {
    /// All levels with their names in a configuration.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("none", Self::None),
        ("majority", Self::Majority),
        ("majority-and-persist-to-active", Self::MajorityAndPersistToActive),
        ("persist-to-majority", Self::PersistToMajority),
    ];

    /// The level of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
    }
}

/// A text that is never shown: its `Debug` says that there is one, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for who must send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}

/// A cluster, the place of the documents in it, and how long to wait.
#[derive(Clone, Debug)]
pub struct CouchbaseConfig {
    /// The connection string: `couchbase://host,host`, or `couchbases://` for TLS.
    pub connect: String,
    /// Who asks.
    pub credentials: Credentials,
    /// The bucket, which must exist.
    pub bucket: String,
    /// The scope, which must exist. Default `_default`.
    pub scope: String,
    /// The collection, which must exist. Default `_default`.
    pub collection: String,
    /// What a write waits for. Default: a majority.
    pub durability: Durability,
    /// The authority that signed the cluster's certificates, as PEM. Without it: the public ones, and Capella's.
    pub authority_pem: Option<String>,
    /// The time from a request to its outcome. Default 2.5 s.
    pub deadline: Duration,
    /// Requests within their deadline. Default 256. When they are that many, more wait within their own deadline; who
    /// gets no place is `NotApplied`. Late ones, whose answer nobody awaits any more, are four times as many at most,
    /// and then keep the place that they had.
    pub in_flight: usize,
    /// Connections to each node of the cluster. Default 1.
    pub connections: usize,
}

/// Why a configuration cannot be used. `key` is the field; nothing was tried.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key}: {reason}")]
pub struct ConfigError {
    /// The field, as the configuration file calls it.
    pub key: &'static str,
    /// What is wrong, and what is allowed.
    pub reason: String,
}

impl CouchbaseConfig {
    /// The defaults for a bucket.
    #[must_use]
    pub fn new(connect: impl Into<String>, bucket: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            connect: connect.into(),
            credentials,
            bucket: bucket.into(),
            scope: "_default".to_owned(),
            collection: "_default".to_owned(),
            durability: Durability::default(),
            authority_pem: None,
            deadline: Duration::from_millis(2_500),
            in_flight: 256,
            connections: 1,
        }
    }

    /// Whether it can be used, as far as one can tell without asking the cluster.
    pub fn check(&self) -> Result<(), ConfigError> {
        let tls = self.uses_tls()?;
        if !tls && self.authority_pem.is_some() {
            return refused("authority", "an authority signs certificates: connect by couchbases:// to use TLS");
        }
        if self.credentials.user.is_empty() {
            return refused("user", "name a user of the cluster that may read and write the bucket");
        }
        named("bucket", &self.bucket, BUCKET_BYTES, "_.%")?;
        named("scope", &self.scope, COLLECTION_BYTES, "_%")?;
        named("collection", &self.collection, COLLECTION_BYTES, "_%")?;
        if !DEADLINES.contains(&self.deadline) {
            let (least, most) = (DEADLINES.start().as_millis(), DEADLINES.end().as_millis());
            return refused("deadline_ms", format!("{} is not {least} to {most}", self.deadline.as_millis()));
        }
        if !IN_FLIGHT.contains(&self.in_flight) {
            let (least, most) = (IN_FLIGHT.start(), IN_FLIGHT.end());
            return refused("in_flight", format!("{} is not {least} to {most}", self.in_flight));
        }
        if !(1..=16).contains(&self.connections) {
            return refused("connections", format!("{} is not 1 to 16", self.connections));
        }
        Ok(())
    }

    fn uses_tls(&self) -> Result<bool, ConfigError> {
        let (scheme, hosts) = self.connect.split_once("://").unwrap_or(("", ""));
        let tls = match scheme {
            "couchbase" => false,
            "couchbases" => true,
            _ => return refused("connect", "write couchbase://HOST[,HOST], or couchbases:// for TLS"),
        };
        let (hosts, options) = hosts.split_once('?').unwrap_or((hosts, ""));
        // What follows a question mark would set the SDK's own options behind the back of this configuration.
        if !options.is_empty() {
            return refused("connect", format!("`?{options}`: options have keys of their own here"));
        }
        if hosts.contains('@') {
            return refused("connect", "leave user and password to their own keys");
        }
        if hosts.split(',').any(|host| host.is_empty() || host.contains(char::is_whitespace)) {
            return refused("connect", "write couchbase://HOST[,HOST], with a name or an address for each host");
        }
        Ok(tls)
    }
}

fn refused<T>(key: &'static str, reason: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError { key, reason: reason.into() })
}

/// Couchbase's own rule for names: letters, digits, `-` and a few marks.
fn named(key: &'static str, name: &str, most: usize, marks: &str) -> Result<(), ConfigError> {
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '-' || marks.contains(char);
    if (1..=most).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    let marks: Vec<String> = marks.chars().map(|mark| format!("`{mark}`")).collect();
    refused(key, format!("{name:?} is not 1 to {most} letters, digits, `-`, {}", marks.join(", ")))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
