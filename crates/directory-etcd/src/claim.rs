//! Numbers and lives: both only ever grow, by transactions.

use std::collections::BTreeSet;

use etcd_client::{Compare, CompareOp, KeyValue, Txn, TxnOp};
use node::ports::directory::{Claim, DirectoryError};

use crate::link::Link;

/// Conflicts after which a claim gives up. Each means that another host made progress.
const ATTEMPTS: u32 = 1_000;

impl Link {
    /// The number of this name, given now if it has none, and a new life.
    pub(crate) async fn claim(&self, name: &str) -> Result<Claim, DirectoryError> {
        for attempt in 0..ATTEMPTS {
            let claim = match self.get(&self.keys.number(name)).await? {
                Some(number) => self.raise(name, parse(&number)?).await?,
                None => self.allocate(name, attempt).await?,
            };
            if let Some(claim) = claim {
                return Ok(claim);
            }
        }
        Err(self.unreachable(format!("{ATTEMPTS} claims in a row were overtaken by others")))
    }

    /// A new life of a number that this name has; `None` if somebody was faster.
    async fn raise(&self, name: &str, host: u16) -> Result<Option<Claim>, DirectoryError> {
        let key = self.keys.life(host);
        let (seen, life) = match self.get(&key).await? {
            Some(life) => (life.mod_revision(), next_life(&life)?),
            None => (0, 1),
        };
        let txn = Txn::new()
            .when([
                Compare::mod_revision(key.as_str(), CompareOp::Equal, seen),
                Compare::value(self.keys.number(name), CompareOp::Equal, host.to_string()),
            ])
            .and_then([TxnOp::put(key, life.to_string(), None)]);
        Ok(self.txn(txn).await?.succeeded().then_some(Claim { host, life }))
    }

    /// A number for this name and its first life; `None` if somebody was faster.
    ///
    /// Whoever gives a number also raises its life. So a number that was free at a revision is still free if its life
    /// has not changed since.
    async fn allocate(&self, name: &str, attempt: u32) -> Result<Option<Claim>, DirectoryError> {
        let numbers = self.read(&self.keys.numbers()).await?;
        let taken: BTreeSet<u16> = numbers.entries.iter().map(parse).collect::<Result<_, _>>()?;
        let host = free_number(&taken, spread(name, attempt)).ok_or(DirectoryError::Exhausted)?;
        let key = self.keys.life(host);
        // A number that was another's before goes on with that one's lives.
        let life = self.get(&key).await?.as_ref().map_or(Ok(1), next_life)?;
        let number = self.keys.number(name);
        let txn = Txn::new()
            .when([
                Compare::create_revision(number.as_str(), CompareOp::Equal, 0),
                Compare::mod_revision(key.as_str(), CompareOp::Less, numbers.revision + 1),
            ])
            .and_then([TxnOp::put(number, host.to_string(), None), TxnOp::put(key, life.to_string(), None)]);
        Ok(self.txn(txn).await?.succeeded().then_some(Claim { host, life }))
    }
}

/// How many free numbers to skip: none at first, then more with every conflict, so that many new hosts that start
/// together do not all want the same number.
fn spread(name: &str, attempt: u32) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) // FNV-1a
    });
    (hash % (1 << attempt.min(8))) as usize
}

/// The free number after skipping some, or the last free one.
fn free_number(taken: &BTreeSet<u16>, skip: usize) -> Option<u16> {
    (1..=u16::MAX).filter(|host| !taken.contains(host)).take(skip + 1).last()
}

fn next_life(stored: &KeyValue) -> Result<u64, DirectoryError> {
    Ok(parse::<u64>(stored)?.saturating_add(1))
}

/// A decimal number that we wrote.
pub(crate) fn parse<T: std::str::FromStr>(stored: &KeyValue) -> Result<T, DirectoryError> {
    let text = String::from_utf8_lossy(stored.value());
    text.parse().map_err(|_| DirectoryError::Unreadable {
        key: String::from_utf8_lossy(stored.key()).into_owned(),
        reason: format!("{:?} is not a number in range", text.chars().take(40).collect::<String>()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_from_below() {
        let all: BTreeSet<u16> = (1..=u16::MAX).collect();
        let cases: [(BTreeSet<u16>, usize, Option<u16>); 5] = [
            (BTreeSet::new(), 0, Some(1)),
            (BTreeSet::from([1, 3]), 0, Some(2)),
            (BTreeSet::from([1, 3]), 1, Some(4)),
            ((1..=u16::MAX - 1).collect(), 100, Some(u16::MAX)),
            (all, 0, None),
        ];
        for (taken, skip, number) in cases {
            assert_eq!(free_number(&taken, skip), number);
        }
        assert_eq!(spread("anna", 0), 0);
        assert!((0..40).all(|attempt| spread("anna", attempt) < 256));
    }
}
