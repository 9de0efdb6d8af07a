//! Writing the own record: under the own lease, and only while no newer life was claimed.

use etcd_client::{
    Compare, CompareOp, Error, KeyValue, LeaseKeepAliveStream, LeaseKeeper, PutOptions, Txn, TxnOp, TxnOpResponse,
};
use node::ports::directory::DirectoryError;

use crate::claim::parse;
use crate::keeper::Keeper;
use crate::link::Snapshot;
use crate::record;

/// Why a session could not begin.
#[derive(Debug)]
pub(crate) enum Failure {
    /// etcd did not do it.
    Port(DirectoryError),
    /// A newer life of the name was claimed.
    Superseded,
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        Self::Port(error)
    }
}

impl Keeper {
    /// The lease of before if it still lives, or a new one.
    pub(crate) async fn hold_lease(&mut self) -> Result<(LeaseKeeper, LeaseKeepAliveStream), Failure> {
        let mut leases = self.link.client().await?.lease_client();
        if let Some(lease) = self.lease {
            let kept = async {
                match leases.keep_alive(lease).await {
                    Err(Error::LeaseKeepAliveError(_)) => Ok(None),
                    result => result.map(Some),
                }
            };
            if let Some(kept) = self.link.call(kept).await? {
                return Ok(kept);
            }
            self.lease = None;
        }
        let granted = self.link.call(leases.grant(self.link.config.lease_ttl_s.into(), None)).await?;
        self.lease = Some(granted.id());
        Ok(self.link.call(leases.keep_alive(granted.id())).await?)
    }

    pub(crate) fn is_registered(&self, seen: &Snapshot, lease: i64) -> Result<bool, Failure> {
        let wanted = self.encode(false)?;
        let key = self.link.keys.host(self.entry.claim.host);
        let own = seen.entries.iter().find(|stored| stored.key() == key.as_bytes());
        Ok(own.is_some_and(|stored| stored.lease() == lease && stored.value() == wanted))
    }

    /// Writes the own record if no newer life was claimed. At first the name must have the number, too.
    pub(crate) async fn register(&self, lease: i64, first: bool) -> Result<(), Failure> {
        let claim = self.entry.claim;
        let mut when = vec![Compare::value(self.link.keys.life(claim.host), CompareOp::Equal, claim.life.to_string())];
        if first {
            when.push(Compare::value(
                self.link.keys.number(&self.entry.name),
                CompareOp::Equal,
                claim.host.to_string(),
            ));
        }
        let put = self.put_record(lease, false)?;
        let txn = Txn::new().when(when).and_then([put]).or_else([TxnOp::get(self.link.keys.life(claim.host), None)]);
        let answer = self.link.txn(txn).await?;
        if answer.succeeded() {
            return Ok(());
        }
        match found(&answer.op_responses()) {
            None if !first => self.remind(lease).await,
            Some(life) if parse::<u64>(&life)? == claim.life && !first => {
                Err(Failure::Port(self.link.unreachable("the record changed while it was written")))
            }
            _ => Err(Failure::Superseded),
        }
    }

    /// Writes number, life and record into a directory that has lost them: etcd was set up anew under a living cluster.
    async fn remind(&self, lease: i64) -> Result<(), Failure> {
        let claim = self.entry.claim;
        let (number, life) = (self.link.keys.number(&self.entry.name), self.link.keys.life(claim.host));
        let txn = Txn::new()
            .when([
                Compare::create_revision(number.as_str(), CompareOp::Equal, 0),
                Compare::create_revision(life.as_str(), CompareOp::Equal, 0),
            ])
            .and_then([
                TxnOp::put(number, claim.host.to_string(), None),
                TxnOp::put(life, claim.life.to_string(), None),
                self.put_record(lease, false)?,
            ]);
        if !self.link.txn(txn).await?.succeeded() {
            return Err(Failure::Superseded);
        }
        tracing::warn!(host = %self.entry.name, number = claim.host, "etcd had forgotten this host; it was reminded");
        Ok(())
    }

    /// Says that the host leaves, then takes the record away with its lease.
    pub(crate) async fn withdraw(&mut self) {
        let Some(lease) = self.lease else { return };
        let life = self.entry.claim.life.to_string();
        let newest = Compare::value(self.link.keys.life(self.entry.claim.host), CompareOp::Equal, life);
        if let Ok(put) = self.put_record(lease, true)
            && let Err(error) = self.link.txn(Txn::new().when([newest]).and_then([put])).await
        {
            tracing::debug!(%error, "the leave was not announced");
        }
        self.revoke().await;
    }

    pub(crate) async fn revoke(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let result = match self.link.client().await {
            Ok(client) => self.link.call(client.lease_client().revoke(lease)).await.map(|_| ()),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            tracing::debug!(%error, "the lease was not revoked and will run out");
        }
    }

    fn put_record(&self, lease: i64, left: bool) -> Result<TxnOp, DirectoryError> {
        let options = PutOptions::new().with_lease(lease);
        Ok(TxnOp::put(self.link.keys.host(self.entry.claim.host), self.encode(left)?, Some(options)))
    }

    fn encode(&self, left: bool) -> Result<Vec<u8>, DirectoryError> {
        record::encode(&self.entry, left).map_err(DirectoryError::Refused)
    }
}

fn found(answers: &[TxnOpResponse]) -> Option<KeyValue> {
    match answers.first() {
        Some(TxnOpResponse::Get(get)) => get.kvs().first().cloned(),
        _ => None,
    }
}
