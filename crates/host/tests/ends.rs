//! How hosts end: asked, killed, replaced, or before they began.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use host::{Host, HostError};
use protocol::Code;

use crate::fixture::{Cluster, Player, Raw, config, run};

#[test]
fn a_stop_tells_everybody_and_leaves_nothing() {
    run(async {
        let cluster = Cluster::new();
        let host = cluster.host("a", 2).await;
        let (view, addresses) = (host.view(), host.addresses().to_vec());
        let (mut in_world, _) = Raw::hello("ann", addresses[0]).await;
        let mut silent = Raw::connect(addresses[1]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let began = Instant::now();
        let (ended, (), ()) = tokio::join!(
            host.stop(),
            in_world.expect_goodbye(Code::ShuttingDown),
            silent.expect_goodbye(Code::ShuttingDown)
        );
        ended.expect("ends well");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        assert!(cluster.directory.hosts().is_empty());
        let counters = view.counters();
        assert_eq!((counters.node.sessions_begun, counters.node.sessions_ended), (1, 1), "the last totals stay");
        for address in addresses {
            TcpListener::bind(address).expect("the port is free");
        }
    });
}

#[test]
fn people_of_a_host_that_stops_are_gone_for_others_at_once() {
    run(async {
        let cluster = Cluster::new();
        let (one, two) = (cluster.host("a", 1).await, cluster.host("b", 1).await);
        let mut bob = Player::join("bob", two.addresses()[0]).await;
        let ann = Player::join("ann", one.addresses()[0]).await;
        let a = ann.me().expect("in");
        bob.until("ann in sight", |p| p.sees(a)).await;
        let stopping = tokio::spawn(one.stop());
        let took = bob.until("ann out of sight", |p| !p.sees(a)).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        stopping.await.expect("no panic").expect("ends well");
        drop(ann);
    });
}

#[test]
fn a_killed_hosts_ghosts_vanish_within_six_seconds() {
    run(async {
        let cluster = Cluster::new();
        let (one, two) = (cluster.host("a", 1).await, cluster.host("b", 1).await);
        let mut bob = Player::join("bob", two.addresses()[0]).await;
        let ann = Player::join("ann", one.addresses()[0]).await;
        let a = ann.me().expect("in");
        bob.until("ann in sight", |p| p.sees(a)).await;
        let began = Instant::now();
        drop(one);
        assert!(began.elapsed() < Duration::from_secs(1), "a kill waits for nothing: {:?}", began.elapsed());
        let took = bob.until("ann out of sight", |p| !p.sees(a)).await;
        assert!(took < Duration::from_secs(6), "{took:?}");
        drop(ann);
    });
}

#[test]
fn a_killed_hosts_client_comes_back_on_another() {
    run(async {
        let cluster = Cluster::new();
        let (one, two) = (cluster.host("a", 1).await, cluster.host("b", 1).await);
        // The hosts have heard of each other when their welcomes name alternatives.
        let mut bob = Player::join("bob", two.addresses()[0]).await;
        bob.play(Duration::from_millis(1_500)).await;
        let mut ann = Player::join("ann", one.addresses()[0]).await;
        let a = ann.me().expect("in");
        bob.until("ann in sight", |p| p.sees(a)).await;
        drop(one);
        let begun = |host: &Host| host.counters().node.sessions_begun;
        ann.until("a new session", |_| begun(&two) == 2).await;
        ann.until("the same avatar", |p| p.me() == Some(a)).await;
    });
}

#[test]
fn a_restarted_host_joins_by_itself() {
    run(async {
        let cluster = Cluster::new();
        let two = cluster.host("b", 1).await;
        let mut bob = Player::join("bob", two.addresses()[0]).await;
        for round in 1..=2 {
            let one = cluster.host("a", 1).await;
            assert_eq!(one.claim().life, round);
            let ann = Player::join("ann", one.addresses()[0]).await;
            let a = ann.me().expect("in");
            bob.until("ann in sight", |p| p.sees(a)).await;
            drop(ann);
            drop(one);
        }
    });
}

#[test]
fn a_port_in_use_stops_the_start_before_anything_is_claimed() {
    run(async {
        let cluster = Cluster::new();
        let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        let mut config = config("a", 1);
        config.base_port = port;
        let error = cluster.start(config.clone()).await.expect_err("in use");
        assert!(matches!(error, HostError::Listen(_)) && error.to_string().contains(&port.to_string()), "{error}");
        drop(taken);
        let host = cluster.start(config).await.expect("free again");
        assert_eq!((host.claim().life, host.addresses()[0].port()), (1, port));
    });
}

#[test]
fn a_directory_that_is_away_stops_the_start_and_leaves_nothing() {
    run(async {
        let cluster = Cluster::new();
        cluster.directory.set_reachable(false);
        let error = cluster.start(config("a", 3)).await.expect_err("unreachable");
        assert!(matches!(error, HostError::Directory(_)), "{error}");
        cluster.directory.set_reachable(true);
        cluster.host("a", 3).await;
    });
}

#[test]
fn an_older_life_ends_when_its_name_is_taken() {
    run(async {
        let cluster = Cluster::new();
        let old = cluster.host("a", 1).await;
        let (mut raw, _) = Raw::hello("ann", old.addresses()[0]).await;
        let new = cluster.host("a", 1).await;
        raw.expect_goodbye(Code::ShuttingDown).await;
        let error = old.finished().await.expect_err("replaced");
        assert!(matches!(*error, HostError::Superseded), "{error}");
        assert_eq!(cluster.directory.hosts()[0].claim, new.claim());
    });
}

#[test]
fn a_program_without_a_runtime_runs_a_host() {
    let cluster = Cluster::new();
    let host = Host::start_blocking(config("a", 2), cluster.parts()).expect("starts");
    assert_eq!(host.incarnations().len(), 2);
    host.stop_blocking().expect("ends well");
    assert!(cluster.directory.hosts().is_empty());
}
