//! Comings, goings and outages in the directory.

use std::time::Duration;

use crate::fixture::{Cluster, Player, run};

#[test]
fn play_goes_on_while_the_directory_is_lost() {
    run(async {
        let cluster = Cluster::new();
        let (one, two) = (cluster.host("a", 1).await, cluster.host("b", 1).await);
        let mut bob = Player::join("bob", two.addresses()[0]).await;
        bob.play(Duration::from_millis(300)).await;
        cluster.directory.set_reachable(false);
        let mut ann = Player::join("ann", one.addresses()[0]).await;
        let (a, b) = (ann.me().expect("in"), bob.me().expect("in"));
        bob.until("ann in sight", |p| p.sees(a)).await;
        ann.until("bob in sight", |p| p.sees(b)).await;
        bob.play(Duration::from_secs(4)).await;
        assert!(bob.sees(a), "links outlive the directory");
        cluster.directory.set_reachable(true);
        let three = cluster.host("c", 1).await;
        let carl = Player::join("carl", three.addresses()[0]).await;
        let c = carl.me().expect("in");
        bob.until("carl in sight", |p| p.sees(c)).await;
    });
}

#[test]
fn a_late_host_hears_of_all_who_are_there() {
    run(async {
        let cluster = Cluster::new();
        let (one, two) = (cluster.host("a", 2).await, cluster.host("b", 1).await);
        let ann = Player::join("ann", one.addresses()[1]).await;
        let bob = Player::join("bob", two.addresses()[0]).await;
        let (a, b) = (ann.me().expect("in"), bob.me().expect("in"));
        let three = cluster.host("c", 1).await;
        let mut carl = Player::join("carl", three.addresses()[0]).await;
        carl.until("both in sight", |p| p.sees(a) && p.sees(b)).await;
        let peers = |report: &host::NodeReport| report.status.as_ref().map_or(0, |s| s.peers.len());
        assert_eq!(three.reports().len(), 1);
        carl.play(Duration::from_millis(500)).await;
        assert_eq!(three.reports().iter().map(peers).collect::<Vec<_>>(), [3]);
    });
}
