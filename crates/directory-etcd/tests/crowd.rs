//! Many hosts at once.

use std::collections::BTreeSet;
use std::time::Duration;

use node::ports::directory::{DirectoryEvent, Membership};
use node::ports::directory_conformance::enter;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::etcd::Etcd;

const HOSTS: usize = 200;

async fn everybody(mut member: Box<dyn Membership>) -> (BTreeSet<u16>, Box<dyn Membership>) {
    let mut seen = BTreeSet::new();
    while seen.len() < HOSTS - 1 {
        match member.next().await {
            DirectoryEvent::Up(entry) => assert!(seen.insert(entry.claim.host), "told twice"),
            other => panic!("told {other:?}"),
        }
    }
    (seen, member)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_hosts_start_together() {
    let etcd = Etcd::start().await;
    let mut config = etcd.config("isle");
    // The subject is the crowd, not the machine: two cores run etcd and all the hosts.
    config.lease_ttl_s = 30;
    config.call_deadline = Duration::from_secs(20);
    config.patience = Duration::from_secs(60);
    let directory = directory_etcd::EtcdDirectory::new(config).expect("it can work");
    let directory: std::sync::Arc<dyn node::ports::directory::Directory> = std::sync::Arc::new(directory);
    let open: node::ports::directory_conformance::Open = std::sync::Arc::new(move || std::sync::Arc::clone(&directory));
    let mut joining = JoinSet::new();
    for number in 0..HOSTS {
        let open = std::sync::Arc::clone(&open);
        joining.spawn(async move {
            let (entry, member) = enter(&open, &format!("host-{number}")).await;
            let (seen, member) = everybody(member).await;
            (entry.claim, seen, member)
        });
    }
    let all = timeout(Duration::from_secs(120), joining.join_all()).await.expect("all see all");
    let numbers: BTreeSet<u16> = all.iter().map(|(claim, ..)| claim.host).collect();
    assert_eq!(numbers.len(), HOSTS, "each has a number of its own");
    for (claim, seen, _) in &all {
        let others: BTreeSet<u16> = numbers.iter().copied().filter(|host| *host != claim.host).collect();
        assert_eq!(*seen, others);
    }
    let mut members: Vec<_> = all.into_iter().map(|(_, _, member)| member).collect();
    let mut last = members.pop().expect("there are many");
    members.into_iter().map(|member| member.leave()).collect::<JoinSet<()>>().join_all().await;
    let gone = async {
        for _ in 1..HOSTS {
            assert!(matches!(last.next().await, DirectoryEvent::Down(_)));
        }
    };
    timeout(Duration::from_secs(30), gone).await.expect("a leave is prompt, however many leave");
}
