//! The official SDK behind [`Session`]: how it is set up, asked, and ended.
//!
//! The SDK (1.1.0) has no deadlines, retries to connect for ever, leaves tasks behind when a cluster is dropped, and
//! takes a dropped future ill: it may close the connection, or never finish what others wait for. So each session runs
//! on a thread and a runtime of its own, its futures are never dropped one by one, and the end of the thread is the end
//! of all that it started.

mod errors;
mod listener;
mod retry;
mod thread;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use couchbase::authenticator::PasswordAuthenticator;
use couchbase::cluster::Cluster;
use couchbase::collection::Collection;
use couchbase::durability_level::DurabilityLevel;
use couchbase::error::ErrorKind;
use couchbase::options::cluster_options::{
    ClusterOptions, CompressionMode, KvOptions, OrphanReporterOptions, TlsOptions,
};
use couchbase::options::kv_options::{GetOptions, InsertOptions, RemoveOptions, ReplaceOptions};
use couchbase::transcoding::{DataType, encode_common_flags};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::time::Instant;

use crate::client::CouchbaseError;
use crate::config::{ConfigError, CouchbaseConfig, Durability};
use crate::kv::{Answer, Ask, Connect, Op, Opening, Session};
use crate::ledger::Owed;

use errors::answer_of;
use listener::Trouble;
use retry::Until;
use thread::Thread;

/// How long one connection to one node may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The pause after a connection that could not be made. The SDK's own is 5 s, in which every request would be lost.
const CONNECT_PAUSE: Duration = Duration::from_millis(250);
/// The document that is read to see whether the collection can be: it need not exist, and is never written.
const PROBE: &str = "tombolo/probe";

/// Opens sessions with a cluster.
#[derive(Debug)]
pub(crate) struct Sdk {
    config: CouchbaseConfig,
    authority: Option<Vec<CertificateDer<'static>>>,
    trouble: Trouble,
}

impl Sdk {
    /// For a configuration that was checked.
    pub(crate) fn new(config: CouchbaseConfig) -> Result<Self, CouchbaseError> {
        let refused = |reason: String| CouchbaseError::Config(ConfigError { key: "authority", reason });
        let authority = match &config.authority_pem {
            None => None,
            Some(pem) => {
                let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
                let certificates = certificates.map_err(|error| refused(format!("it is not PEM: {error}")))?;
                if certificates.is_empty() {
                    return Err(refused("it holds no certificate".to_owned()));
                }
                Some(certificates)
            }
        };
        Ok(Self { config, authority, trouble: Trouble::default() })
    }

    fn options(&self) -> ClusterOptions {
        let credentials = &self.config.credentials;
        let authenticator = PasswordAuthenticator::new(&credentials.user, credentials.password.reveal());
        let kv = KvOptions::new()
            .num_connections(self.config.connections)
            .connect_timeout(CONNECT_WITHIN)
            .connect_throttle_timeout(CONNECT_PAUSE)
            // Neither is used, and both make every answer longer.
            .enable_mutation_tokens(false)
            .enable_server_durations(false);
        let options = ClusterOptions::new(authenticator.into())
            .kv_options(kv)
            // A node's core is dearer than the bytes of a document; what is stored compressed is read all the same.
            .compression_mode(CompressionMode::Disabled)
            // Late answers are counted here.
            .orphan_reporter_options(OrphanReporterOptions::new().enabled(false));
        match &self.authority {
            Some(certificates) => {
                options.tls_options(TlsOptions::new().add_ca_certificates(certificates.iter().cloned()))
            }
            None => options,
        }
    }
}

impl Connect for Sdk {
    fn open(&self) -> Opening<'_> {
        Box::pin(async move {
            self.trouble.step("no node of the cluster lets us in");
            let thread = Thread::start(self.trouble.clone()).map_err(|error| format!("no thread: {error}"))?;
            let connecting = connect(self.config.clone(), self.options(), self.trouble.clone());
            // If this is dropped the thread ends, and the attempt with it.
            match thread.handle().spawn(connecting).await {
                Ok(opened) => {
                    let (cluster, collection) = opened?;
                    let place = format!("{}.{}.{}", self.config.bucket, self.config.scope, self.config.collection);
                    let asker = Asker { collection, durability: level_of(self.config.durability) };
                    Ok(Arc::new(SdkSession { asker, place, thread, _cluster: cluster }) as Arc<dyn Session>)
                }
                Err(error) => Err(format!("the SDK failed: {error}")),
            }
        })
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.told()
    }
}

/// Connects, and reads one document, which takes a bucket, a collection and the right to read it.
async fn connect(
    config: CouchbaseConfig,
    options: ClusterOptions,
    trouble: Trouble,
) -> Result<(Cluster, Collection), String> {
    let cluster = Cluster::connect(&config.connect, options).await.map_err(|error| error.to_string())?;
    trouble.step("bucket, scope or collection cannot be read; do they exist, and may the user read them?");
    let collection = cluster.bucket(config.bucket).scope(config.scope).collection(config.collection);
    let options = GetOptions::new().retry_strategy(Until::new(Instant::now() + CONNECT_WITHIN));
    match collection.get(PROBE, options).await {
        Ok(_) => Ok((cluster, collection)),
        Err(error) if *error.kind() == ErrorKind::DocumentNotFound => Ok((cluster, collection)),
        Err(error) => Err(trouble.with(error.kind())),
    }
}

fn level_of(durability: Durability) -> Option<DurabilityLevel> {
    match durability {
        Durability::None => None,
        Durability::Majority => Some(DurabilityLevel::MAJORITY),
        Durability::MajorityAndPersistToActive => Some(DurabilityLevel::MAJORITY_AND_PERSIST_ACTIVE),
        Durability::PersistToMajority => Some(DurabilityLevel::PERSIST_TO_MAJORITY),
    }
}

/// A session on its thread. Dropping it ends the thread.
struct SdkSession {
    asker: Asker,
    place: String,
    thread: Thread,
    _cluster: Cluster,
}

impl Session for SdkSession {
    fn start(&self, ask: Ask, owed: Owed) {
        let asker = self.asker.clone();
        drop(self.thread.handle().spawn(async move { owed.answer(asker.carry_out(ask).await) }));
    }
}

impl fmt::Debug for SdkSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

/// What each request needs.
#[derive(Clone)]
struct Asker {
    collection: Collection,
    durability: Option<DurabilityLevel>,
}

impl Asker {
    async fn carry_out(&self, ask: Ask) -> Answer {
        let retry = Until::new(ask.deadline);
        let flags = encode_common_flags(DataType::Json);
        let written = match ask.op {
            Op::Get { key } => {
                return match self.collection.get(key, GetOptions::new().retry_strategy(retry)).await {
                    Ok(found) => Answer::Found { cas: found.cas(), bytes: found.content_as_raw().0.to_vec() },
                    Err(error) => answer_of(error.kind()),
                };
            }
            Op::Insert { key, bytes } => {
                let mut options = InsertOptions::new().retry_strategy(retry);
                options.durability_level.clone_from(&self.durability);
                self.collection.insert_raw(key, &bytes, flags, options).await
            }
            Op::Replace { key, cas, bytes } => {
                let mut options = ReplaceOptions::new().cas(cas).retry_strategy(retry);
                options.durability_level.clone_from(&self.durability);
                self.collection.replace_raw(key, &bytes, flags, options).await
            }
            Op::Remove { key, cas } => {
                let mut options = RemoveOptions::new().cas(cas).retry_strategy(retry);
                options.durability_level.clone_from(&self.durability);
                self.collection.remove(key, options).await
            }
        };
        match written {
            Ok(done) => Answer::Done { cas: done.cas() },
            Err(error) => answer_of(error.kind()),
        }
    }
}
