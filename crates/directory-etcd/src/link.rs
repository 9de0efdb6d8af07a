//! The connection to etcd: made at first use, every call under a deadline, errors sorted by who can help.

use std::future::Future;
use std::time::Duration;

use etcd_client::{
    Certificate, Client, ConnectOptions, Error, GetOptions, Identity, KeyValue, TlsOptions, Txn, TxnResponse,
};
use node::ports::directory::DirectoryError;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::config::EtcdConfig;
use crate::keys::Keys;

/// Interval of HTTP/2 pings. etcd closes connections that ping more often than every 5 s.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Keys in one page of a read: a page of the longest records stays far below the 4 MiB of an answer.
const PAGE: i64 = 100;
/// The pause before a call is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// All keys of a prefix at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) revision: i64,
    pub(crate) entries: Vec<KeyValue>,
}

/// One process's connection to etcd.
pub(crate) struct Link {
    pub(crate) config: EtcdConfig,
    pub(crate) keys: Keys,
    client: Mutex<Option<Client>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(config: EtcdConfig) -> Self {
        let keys = Keys::new(&config.world);
        Self { config, keys, client: Mutex::new(None) }
    }

    /// The client, connected if it was not yet.
    pub(crate) async fn client(&self) -> Result<Client, DirectoryError> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref() {
            return Ok(client.clone());
        }
        let client = self.call(Client::connect(&self.config.endpoints, Some(self.options()))).await?;
        Ok(slot.insert(client).clone())
    }

    /// Waits for a call, at most for the deadline of a call.
    pub(crate) async fn call<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, DirectoryError> {
        match timeout(self.config.call_deadline, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.sort(&error)),
            Err(_) => Err(self.unreachable(format!("no answer within {} ms", self.config.call_deadline.as_millis()))),
        }
    }

    pub(crate) async fn txn(&self, txn: Txn) -> Result<TxnResponse, DirectoryError> {
        let mut kv = self.client().await?.kv_client();
        self.call(kv.txn(txn)).await
    }

    /// The value of one key.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<KeyValue>, DirectoryError> {
        let mut kv = self.client().await?.kv_client();
        Ok(self.call(kv.get(key, None)).await?.take_kvs().into_iter().next())
    }

    /// All keys that begin with `prefix`, in pages that all show the same revision.
    pub(crate) async fn read(&self, prefix: &str) -> Result<Snapshot, DirectoryError> {
        let mut kv = self.client().await?.kv_client();
        let mut snapshot = Snapshot { revision: 0, entries: Vec::new() };
        let mut from = prefix.as_bytes().to_vec();
        loop {
            let options =
                GetOptions::new().with_range(end_of(prefix)).with_limit(PAGE).with_revision(snapshot.revision);
            let mut page = self.call(kv.get(from, Some(options))).await?;
            if snapshot.revision == 0 {
                snapshot.revision = page.header().map_or(0, |header| header.revision());
            }
            let more = page.more();
            snapshot.entries.extend(page.take_kvs());
            let Some(last) = snapshot.entries.last().filter(|_| more) else { return Ok(snapshot) };
            from = last.key().to_vec();
            from.push(0);
        }
    }

    /// The patience with which `what` is tried.
    pub(crate) fn patience(&self, what: &'static str) -> Patience {
        Patience { what, give_up: Instant::now() + self.config.patience }
    }

    pub(crate) fn unreachable(&self, reason: impl Into<String>) -> DirectoryError {
        DirectoryError::Unreachable { address: self.config.endpoints.join(", "), reason: reason.into() }
    }

    fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.config.call_deadline)
            .with_keep_alive(PING_INTERVAL, self.config.call_deadline)
            .with_require_leader(true)
            .with_auto_token_refresh(true);
        if let Some(user) = &self.config.user {
            options = options.with_user(&user.name, &user.password);
        }
        if let Some(tls) = &self.config.tls {
            let mut with = TlsOptions::new().ca_certificate(Certificate::from_pem(&tls.authority_pem));
            if let Some((certificate, key)) = &tls.identity_pem {
                with = with.identity(Identity::from_pem(certificate, key));
            }
            if let Some(name) = &tls.server_name {
                with = with.domain_name(name);
            }
            options = options.with_tls(with);
        }
        options
    }

    /// An error that time may heal is `Unreachable`, one that needs a person is `Refused`.
    fn sort(&self, error: &Error) -> DirectoryError {
        match error {
            Error::GRpcStatus(status) if is_final(status.code() as i32) => {
                DirectoryError::Refused(format!("etcd says: {}", status.message()))
            }
            Error::GRpcStatus(status) => self.unreachable(status.message()),
            Error::InvalidArgs(reason) => DirectoryError::Refused(reason.clone()),
            Error::InvalidUri(reason) => DirectoryError::Refused(reason.to_string()),
            other => self.unreachable(other.to_string()),
        }
    }
}

/// How long something is tried again while etcd is away.
pub(crate) struct Patience {
    what: &'static str,
    give_up: Instant,
}

impl Patience {
    /// Waits a little before the next attempt; gives the error back if time will not heal it or is over.
    pub(crate) async fn spend(&self, error: DirectoryError) -> Result<(), DirectoryError> {
        let unreachable = matches!(error, DirectoryError::Unreachable { .. });
        if !unreachable || Instant::now() + RETRY_PAUSE >= self.give_up {
            return Err(error);
        }
        let left_s = (self.give_up - Instant::now()).as_secs();
        tracing::warn!(%error, "{}: trying again for {left_s} s", self.what);
        sleep(RETRY_PAUSE).await;
        Ok(())
    }
}

/// Whether a gRPC status stays as it is until a person changes something: invalid argument, permission denied, failed
/// precondition, unimplemented, unauthenticated.
fn is_final(code: i32) -> bool {
    matches!(code, 3 | 7 | 9 | 12 | 16)
}

/// The end of the range of all keys that begin with `prefix`, whose last byte is a slash.
fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}
