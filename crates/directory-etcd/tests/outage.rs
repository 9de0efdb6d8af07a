//! etcd dies, hangs, forgets and compacts; hosts crash.

use std::collections::BTreeMap;
use std::time::Duration;

use node::ports::directory::{DirectoryEvent, HostEntry, Membership};
use node::ports::directory_conformance::{Open, enter};
use tokio::time::{Instant, sleep, timeout};

use crate::etcd::{Etcd, assert_quiet, next};

const SOON: Duration = Duration::from_secs(8);

/// Takes in events until `done`, and returns them.
async fn until(member: &mut Box<dyn Membership>, done: impl Fn(&DirectoryEvent) -> bool) -> Vec<DirectoryEvent> {
    let mut events = Vec::new();
    while !events.last().is_some_and(&done) {
        events.push(next(member, Duration::from_secs(20)).await);
    }
    events
}

/// Hosts that have all been told of each other.
async fn settled(open: &Open, count: usize) -> Vec<(HostEntry, Box<dyn Membership>)> {
    let mut hosts = Vec::new();
    for number in 0..count {
        hosts.push(enter(open, &format!("host-{number}")).await);
    }
    for (_, member) in &mut hosts {
        for _ in 1..count {
            assert!(matches!(next(member, SOON).await, DirectoryEvent::Up(_)));
        }
    }
    hosts
}

#[tokio::test]
async fn etcd_is_killed_and_comes_back() {
    let mut etcd = Etcd::start().await;
    let open = etcd.open("isle");
    let mut hosts = settled(&open, 3).await;
    etcd.kill();
    for (_, member) in &mut hosts {
        assert_eq!(next(member, SOON).await, DirectoryEvent::Lost);
    }
    let changed = HostEntry { draining: true, ..hosts[0].0.clone() };
    let refused = timeout(SOON, hosts[0].1.update(changed.clone())).await.expect("an answer");
    assert!(refused.is_err());
    sleep(Duration::from_secs(3)).await;
    etcd.restart().await;
    for (_, member) in &mut hosts {
        assert_eq!(next(member, SOON).await, DirectoryEvent::Restored, "nobody changed, nobody vanished");
    }
    hosts[0].1.update(changed.clone()).await.expect("it is back");
    let (cleo, _at_cleo) = enter(&open, "cleo").await;
    for (_, member) in &mut hosts[1..] {
        assert_eq!(next(member, SOON).await, DirectoryEvent::Up(changed.clone()));
        assert_eq!(next(member, SOON).await, DirectoryEvent::Up(cleo.clone()));
    }
}

#[tokio::test]
async fn etcd_hangs_for_longer_than_every_lease() {
    let etcd = Etcd::start().await;
    let open = etcd.open("isle");
    let mut hosts = settled(&open, 6).await;
    let before = etcd.compact_to_now().await.expect("etcd answers");
    etcd.pause();
    for (_, member) in &mut hosts {
        assert_eq!(next(member, SOON).await, DirectoryEvent::Lost, "silence is noticed");
    }
    sleep(Duration::from_secs(5)).await;
    etcd.resume();
    for (_, member) in &mut hosts {
        assert_eq!(next(member, SOON).await, DirectoryEvent::Restored);
    }
    for (_, member) in &mut hosts {
        assert_quiet(member, Duration::from_millis(1_500)).await;
    }
    // All leases ran out, all hosts registered again, and nobody was told Down.
    let all = etcd_client::GetOptions::new().with_prefix();
    let stored = etcd.client().await.get("/tombolo/isle/hosts/", Some(all)).await.expect("etcd answers");
    assert_eq!(stored.kvs().len(), 6);
    assert!(stored.kvs().iter().all(|record| record.create_revision() > before), "no lease ran out");
}

#[tokio::test]
async fn all_that_changed_during_an_outage_is_told_although_it_was_compacted() {
    let etcd = Etcd::start().await;
    let open = etcd.open("isle");
    // Anna's link goes through a relay that the test can cut; the others talk to etcd directly.
    let relay = relay::Relay::start(&etcd.address()).await;
    let mut config = etcd.config("isle");
    config.endpoints = vec![relay.address()];
    let far: Open = std::sync::Arc::new(move || {
        std::sync::Arc::new(directory_etcd::EtcdDirectory::new(config.clone()).expect("it can work"))
    });
    let (bert, at_bert) = enter(&open, "bert").await;
    let (cleo, mut at_cleo) = enter(&open, "cleo").await;
    let (_, mut at_anna) = enter(&far, "anna").await;
    let mut known = BTreeMap::new();
    apply(&mut known, next(&mut at_anna, SOON).await);
    apply(&mut known, next(&mut at_anna, SOON).await);
    assert_eq!(known.len(), 2);
    relay.cut(true);
    assert_eq!(next(&mut at_anna, SOON).await, DirectoryEvent::Lost);
    at_bert.leave().await;
    let cleo = HostEntry { draining: true, ..cleo };
    at_cleo.update(cleo.clone()).await.expect("etcd is there for cleo");
    let (dora, _at_dora) = enter(&open, "dora").await;
    etcd.compact_to_now().await.expect("it compacts");
    relay.cut(false);
    let told = until(&mut at_anna, |event| *event == DirectoryEvent::Down(bert.claim)).await;
    assert!(told.contains(&DirectoryEvent::Restored));
    told.into_iter().for_each(|event| apply(&mut known, event));
    assert_eq!(known.into_values().collect::<Vec<_>>(), [cleo, dora]);
}

fn apply(known: &mut BTreeMap<u16, HostEntry>, event: DirectoryEvent) {
    match event {
        DirectoryEvent::Up(entry) => drop(known.insert(entry.claim.host, entry)),
        DirectoryEvent::Down(claim) => drop(known.remove(&claim.host)),
        DirectoryEvent::Lost | DirectoryEvent::Restored => {}
    }
}

#[tokio::test]
async fn a_crashed_host_vanishes_with_its_lease() {
    let etcd = Etcd::start().await;
    let open = etcd.open("isle");
    let (_, mut at_anna) = enter(&open, "anna").await;
    // A runtime that stops dead takes its tasks with it: nobody renews the lease, nobody takes leave.
    let (crashing, theirs) = (tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build(), open);
    let crashing = crashing.expect("a runtime");
    let (bert, at_bert) = crashing.spawn(async move { enter(&theirs, "bert").await }).await.expect("bert joins");
    assert_eq!(next(&mut at_anna, SOON).await, DirectoryEvent::Up(bert.clone()));
    let crash = Instant::now();
    crashing.shutdown_background();
    assert_eq!(next(&mut at_anna, SOON).await, DirectoryEvent::Down(bert.claim));
    let after = crash.elapsed();
    assert!(after > Duration::from_millis(500), "{after:?}: it was not the lease");
    assert!(after < Duration::from_secs(6), "{after:?}");
    drop(at_bert);
}

#[tokio::test]
async fn a_record_that_somebody_deletes_comes_back() {
    let etcd = Etcd::start().await;
    let open = etcd.open("isle");
    let mut hosts = settled(&open, 2).await;
    let key = format!("/tombolo/isle/hosts/{}", hosts[1].0.claim.host);
    let lease = etcd.client().await.get(key.as_str(), None).await.expect("etcd answers").kvs()[0].lease();
    etcd.client().await.delete(key.as_str(), None).await.expect("it goes");
    let claim = hosts[1].0.claim;
    let entry = hosts[1].0.clone();
    assert_eq!(next(&mut hosts[0].1, SOON).await, DirectoryEvent::Down(claim));
    assert_eq!(next(&mut hosts[0].1, SOON).await, DirectoryEvent::Up(entry.clone()));
    etcd.client().await.lease_client().revoke(lease).await.expect("it goes, too");
    assert_quiet(&mut hosts[1].1, Duration::from_secs(1)).await;
    // The second vanishing within the grace is held back, and the host is there again before it ends.
    assert_quiet(&mut hosts[0].1, Duration::from_secs(1)).await;
    assert_eq!(etcd.client().await.get(key, None).await.expect("etcd answers").kvs().len(), 1);
}

#[tokio::test]
async fn etcd_is_set_up_anew_under_a_living_cluster() {
    let etcd = Etcd::start().await;
    let open = etcd.open("isle");
    let mut hosts = settled(&open, 2).await;
    let everything = etcd_client::DeleteOptions::new().with_prefix();
    etcd.client().await.delete("/tombolo/isle/", Some(everything)).await.expect("all goes");
    let there = async {
        let all = etcd_client::GetOptions::new().with_prefix().with_count_only();
        while etcd.client().await.get("/tombolo/isle/", Some(all.clone())).await.expect("etcd answers").count() < 6 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, there).await.expect("numbers, lives and records are back");
    let (new, _at_new) = enter(&open, "new").await;
    assert!(hosts.iter().all(|(entry, _)| entry.claim.host != new.claim.host));
    for (_, member) in &mut hosts {
        until(member, |event| *event == DirectoryEvent::Up(new.clone())).await;
    }
}

mod relay {
    //! A TCP relay that can be cut.

    use std::sync::Arc;

    use tokio::io::copy_bidirectional;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;

    pub struct Relay {
        address: String,
        cut: Arc<watch::Sender<bool>>,
    }

    impl Relay {
        pub async fn start(to: &str) -> Self {
            let to = to.trim_start_matches("http://").to_owned();
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = format!("http://{}", listener.local_addr().expect("an address"));
            let cut = Arc::new(watch::channel(false).0);
            let state = Arc::clone(&cut);
            tokio::spawn(async move {
                while let Ok((mut near, _)) = listener.accept().await {
                    let (to, mut cut) = (to.clone(), state.subscribe());
                    tokio::spawn(async move {
                        if *cut.borrow_and_update() {
                            return;
                        }
                        let Ok(mut far) = TcpStream::connect(to).await else { return };
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => {}
                            _ = cut.wait_for(|cut| *cut) => {}
                        }
                    });
                }
            });
            Self { address, cut }
        }

        pub fn address(&self) -> String {
            self.address.clone()
        }

        pub fn cut(&self, cut: bool) {
            self.cut.send_replace(cut);
        }
    }
}
