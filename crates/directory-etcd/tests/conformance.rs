//! The suite of the port, and what etcd adds to it.

use std::time::Duration;

use node::ports::directory::{Directory, DirectoryError, DirectoryEvent};
use node::ports::directory_conformance::{CHECKS, enter, entry};
use tokio::time::{Instant, timeout};

use crate::etcd::{Etcd, assert_quiet, next};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn conforms() {
    let etcd = Etcd::start().await;
    for check in CHECKS {
        let run = (check.run)(etcd.open(check.name));
        timeout(Duration::from_secs(20), run).await.unwrap_or_else(|_| panic!("{} hangs", check.name));
    }
}

#[tokio::test]
async fn worlds_do_not_see_each_other() {
    let etcd = Etcd::start().await;
    let (_anna, mut at_anna) = enter(&etcd.open("isle"), "anna").await;
    let (_bert, _at_bert) = enter(&etcd.open("isle2"), "bert").await;
    assert_quiet(&mut at_anna, Duration::from_secs(1)).await;
}

#[tokio::test]
async fn garbage_in_etcd_harms_nobody_else() {
    let etcd = Etcd::start().await;
    let open = etcd.open("isle");
    let mut client = etcd.client().await;
    for (key, value) in [
        ("hosts/7", "{\"schema\":1"),
        ("hosts/8", "{\"schema\":99}"),
        ("hosts/x", "?"),
        ("numbers/broken", "many"),
        ("numbers/huge", "70000"),
    ] {
        client.put(format!("/tombolo/isle/{key}"), value, None).await.expect("etcd takes anything");
    }
    assert!(
        matches!(open().claim("broken").await, Err(DirectoryError::Unreadable { key, .. }) if key.ends_with("broken"))
    );
    assert!(matches!(open().claim("fresh").await, Err(DirectoryError::Unreadable { .. })), "numbers may be doubled");
    for key in ["numbers/broken", "numbers/huge"] {
        client.delete(format!("/tombolo/isle/{key}"), None).await.expect("it goes");
    }
    let (_, mut at_anna) = enter(&open, "anna").await;
    client.put("/tombolo/isle/hosts/9", "\u{0}", None).await.expect("etcd takes anything");
    let (bert, _at_bert) = enter(&open, "bert").await;
    assert_eq!(next(&mut at_anna, SOON).await, DirectoryEvent::Up(bert));
}

#[tokio::test]
async fn a_number_given_again_goes_on_with_its_lives() {
    let etcd = Etcd::start().await;
    let directory = etcd.open("isle")();
    let mut last = directory.claim("old").await.expect("a claim");
    last = directory.claim("old").await.expect("a second claim of it").max_life(last);
    etcd.client().await.delete("/tombolo/isle/numbers/old", None).await.expect("it goes");
    let new = directory.claim("new").await.expect("a claim");
    assert_eq!(new.host, last.host);
    assert!(new.life > last.life);
    assert!(matches!(directory.join(entry("old", last)).await, Err(DirectoryError::Refused(_))));
}

/// The later of two claims.
trait MaxLife {
    fn max_life(self, other: Self) -> Self;
}

impl MaxLife for node::ports::directory::Claim {
    fn max_life(self, other: Self) -> Self {
        if self.life > other.life { self } else { other }
    }
}

#[tokio::test]
async fn nobody_home_is_unreachable_within_the_patience() {
    let mut etcd = Etcd::start().await;
    let mut config = etcd.config("isle");
    config.patience = Duration::from_secs(2);
    let directory = directory_etcd::EtcdDirectory::new(config).expect("it can work");
    etcd.kill();
    let start = Instant::now();
    match directory.claim("anna").await {
        Err(DirectoryError::Unreachable { address, .. }) => assert_eq!(address, etcd.address()),
        other => panic!("{other:?}"),
    }
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    use directory_etcd::{EtcdConfig, EtcdDirectory};
    let good = EtcdConfig::new(vec!["http://127.0.0.1:2379".to_owned()], "isle");
    let bad = [
        EtcdConfig { endpoints: Vec::new(), ..good.clone() },
        EtcdConfig { world: "a/b".to_owned(), ..good.clone() },
        EtcdConfig { lease_ttl_s: 1, ..good.clone() },
        EtcdConfig { call_deadline: Duration::ZERO, ..good.clone() },
    ];
    assert!(EtcdDirectory::new(good).is_ok());
    for config in bad {
        assert!(matches!(EtcdDirectory::new(config), Err(DirectoryError::Refused(_))));
    }
}
