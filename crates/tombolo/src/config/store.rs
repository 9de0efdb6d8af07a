//! `[store]`: where documents are, one section for each kind of store.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use store_couchbase::{ConfigError, CouchbaseConfig, Credentials, Durability, Secret};
use store_fjall::FjallConfig;
use store_shared::SharedStoreConfig;

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSection {
    /// Which of the sections below is meant.
    #[serde(default)]
    pub kind: StoreKind,
    /// The address of a `tombolo store serve`.
    #[serde(default)]
    pub shared: Option<String>,
    /// The folder of the documents, on this host.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// Where the documents of this host are served to the others of this machine.
    #[serde(default)]
    pub serve: Option<SocketAddr>,
    /// Milliseconds from a request to its outcome.
    #[serde(default = "deadline")]
    pub deadline_ms: u64,
    /// A Couchbase cluster.
    #[serde(default)]
    pub couchbase: Option<CouchbaseSection>,
}

/// The kinds of stores that hosts can use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// A store that another process serves.
    #[default]
    Shared,
    /// A folder of this host.
    Fjall,
    /// A bucket of a Couchbase cluster.
    Couchbase,
}

/// `[store.couchbase]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouchbaseSection {
    /// The connection string.
    pub connect: String,
    /// The bucket.
    pub bucket: String,
    /// The scope in it.
    #[serde(default = "default_place")]
    pub scope: String,
    /// The collection in that.
    #[serde(default = "default_place")]
    pub collection: String,
    /// What a write waits for.
    #[serde(default)]
    pub durability: DurabilityName,
    /// The user.
    pub user: String,
    /// The user's password.
    #[serde(default, deserialize_with = "secret")]
    pub password: Option<Secret>,
    /// The environment variable that holds the user's password.
    #[serde(default)]
    pub password_env: Option<String>,
    /// A PEM file with the authority that signed the cluster's certificates.
    #[serde(default)]
    pub authority: Option<PathBuf>,
    /// Requests under way at most.
    #[serde(default = "in_flight")]
    pub in_flight: usize,
    /// Connections to each node of the cluster.
    #[serde(default = "connections")]
    pub connections: usize,
}

/// The level of durability, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DurabilityName {
    /// In the memory of one node.
    None,
    /// In the memory of a majority.
    #[default]
    Majority,
    /// That, and on one disk.
    MajorityAndPersistToActive,
    /// On the disks of a majority.
    PersistToMajority,
}

/// What a configuration names.
pub enum StoreChoice {
    /// A store that another process serves.
    Shared(SharedStoreConfig),
    /// A folder of this host.
    Fjall(PathBuf, FjallConfig),
    /// A Couchbase cluster.
    Couchbase(CouchbaseConfig),
}

fn deadline() -> u64 {
    2_000
}

fn default_place() -> String {
    "_default".into()
}

fn in_flight() -> usize {
    256
}

fn connections() -> usize {
    1
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(Secret::new(text)))
}

impl StoreSection {
    /// Whether it can be used, as far as one can tell from the file.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if !(100..=60_000).contains(&self.deadline_ms) {
            return Err(("store.deadline_ms", format!("{} is not 100 to 60000", self.deadline_ms)));
        }
        match (self.kind, self.serve) {
            (StoreKind::Fjall, Some(listen)) if !listen.ip().is_loopback() => {
                let why = format!("{listen}: nothing is encrypted or authenticated; take a loopback address");
                return Err(("store.serve", why));
            }
            (StoreKind::Shared | StoreKind::Couchbase, Some(_)) => {
                return Err(("store.serve", "only a store of kind \"fjall\" is served by its host".into()));
            }
            _ => {}
        }
        match (self.kind, &self.shared, &self.couchbase) {
            (StoreKind::Fjall, _, _) if self.data.is_none() => {
                Err(("store.data", "name the folder of the documents".into()))
            }
            (StoreKind::Shared, None, _) => {
                Err(("store.shared", "name the address of a `tombolo store serve`, or another store.kind".into()))
            }
            (StoreKind::Couchbase, _, None) => {
                Err(("store.kind", "\"couchbase\" needs the section [store.couchbase]; config/node.toml has it".into()))
            }
            (StoreKind::Shared, Some(_), None) | (StoreKind::Fjall, _, None) => Ok(()),
            // A section that is not in use is checked all the same: it will be, one day.
            (_, _, Some(couchbase)) => couchbase.check(self.deadline()),
        }
    }

    /// What it names. The environment and files are read here.
    pub fn choice(&self) -> Result<StoreChoice, String> {
        if let (StoreKind::Fjall, Some(folder)) = (self.kind, &self.data) {
            let config = FjallConfig { deadline: self.deadline(), ..FjallConfig::default() };
            return Ok(StoreChoice::Fjall(folder.clone(), config));
        }
        match (self.kind, &self.shared, &self.couchbase) {
            (StoreKind::Shared, Some(address), _) => Ok(StoreChoice::Shared(SharedStoreConfig {
                deadline: self.deadline(),
                ..SharedStoreConfig::new(address.clone())
            })),
            (StoreKind::Couchbase, _, Some(couchbase)) => couchbase.config(self.deadline()).map(StoreChoice::Couchbase),
            // It was checked.
            _ => Err("store.kind names a store that is not there".into()),
        }
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}

impl CouchbaseSection {
    fn check(&self, deadline: Duration) -> Result<(), (&'static str, String)> {
        match (&self.password, &self.password_env) {
            (None, None) => {
                return Err((
                    "store.couchbase.password_env",
                    "name the environment variable that holds the user's password".into(),
                ));
            }
            (Some(_), Some(_)) => {
                return Err(("store.couchbase.password", "password and password_env exclude each other".into()));
            }
            _ => {}
        }
        let authority = self.authority.as_ref().map(|_| String::new());
        self.with(deadline, Secret::new(""), authority).check().map_err(|e| (key(&e), e.reason))
    }

    fn config(&self, deadline: Duration) -> Result<CouchbaseConfig, String> {
        let password = match (&self.password, &self.password_env) {
            (Some(password), _) => password.clone(),
            (None, Some(variable)) => std::env::var(variable)
                .map(Secret::new)
                .map_err(|_| format!("store.couchbase.password_env: {variable} is not set"))?,
            (None, None) => Secret::new(""),
        };
        let read = |file: &PathBuf| {
            std::fs::read_to_string(file).map_err(|e| format!("store.couchbase.authority: {}: {e}", file.display()))
        };
        Ok(self.with(deadline, password, self.authority.as_ref().map(read).transpose()?))
    }

    fn with(&self, deadline: Duration, password: Secret, authority_pem: Option<String>) -> CouchbaseConfig {
        CouchbaseConfig {
            scope: self.scope.clone(),
            collection: self.collection.clone(),
            durability: match self.durability {
                DurabilityName::None => Durability::None,
                DurabilityName::Majority => Durability::Majority,
                DurabilityName::MajorityAndPersistToActive => Durability::MajorityAndPersistToActive,
                DurabilityName::PersistToMajority => Durability::PersistToMajority,
            },
            authority_pem,
            deadline,
            in_flight: self.in_flight,
            connections: self.connections,
            ..CouchbaseConfig::new(
                self.connect.clone(),
                self.bucket.clone(),
                Credentials { user: self.user.clone(), password },
            )
        }
    }
}

/// The key of an error of the backend, as this file calls it.
pub fn key(error: &ConfigError) -> &'static str {
    match error.key {
        "connect" => "store.couchbase.connect",
        "bucket" => "store.couchbase.bucket",
        "scope" => "store.couchbase.scope",
        "collection" => "store.couchbase.collection",
        "user" => "store.couchbase.user",
        "authority" => "store.couchbase.authority",
        "in_flight" => "store.couchbase.in_flight",
        "connections" => "store.couchbase.connections",
        "deadline_ms" => "store.deadline_ms",
        _ => "store.couchbase",
    }
}
