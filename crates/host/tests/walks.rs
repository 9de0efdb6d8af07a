//! People who come in, walk and see each other.

use std::sync::Arc;
use std::time::Duration;

use client::ClientInput;
use host::{Host, OpenMesh, Parts};
use mesh_zeromq::{MeshConfig, ZeromqMesh};
use protocol::client::{Input, ToServer};
use protocol::tick::{Item, Items};
use world::{Gait, Heading, Motion};

use crate::fixture::{Cluster, Player, Raw, Said, config, run};

#[test]
fn a_hello_is_welcomed_and_a_step_is_acknowledged() {
    run(async {
        let cluster = Cluster::new();
        let host = cluster.host("a", 1).await;
        let (mut raw, welcome) = Raw::hello("ann", host.addresses()[0]).await;
        assert_eq!((welcome.node, welcome.tick_hz), (host.incarnations()[0].0, 10));
        let motion = Motion::new(Heading::new(0), Gait::Walk).to_byte();
        raw.send(&ToServer::Input(Input { seq: 5, x: welcome.x, y: welcome.y, motion })).await;
        loop {
            let Said::Tick(payload) = raw.next().await else { continue };
            let items: Vec<Item<'_>> = Items::parse(&payload).expect("a tick").map(|i| i.expect("an item")).collect();
            if items.iter().any(|item| matches!(item, Item::Ack(ack) if ack.seq == 5)) {
                return;
            }
        }
    });
}

/// Two come in at these doors: each sees the other, and sees the other walk.
async fn check(doors: [std::net::SocketAddr; 2]) {
    let (mut ann, mut bob) = (Player::join("ann", doors[0]).await, Player::join("bob", doors[1]).await);
    let (a, b) = (ann.me().expect("in"), bob.me().expect("in"));
    ann.until("bob in sight", |p| p.sees(b)).await;
    bob.until("ann in sight", |p| p.sees(a)).await;
    let before = bob.place(a).expect("seen");
    // Whatever lies in one direction, not all of them are blocked.
    for heading in (0..Heading::COUNT).step_by(8) {
        ann.wish(ClientInput::Steer(Motion::new(Heading::new(heading), Gait::Walk)));
        ann.play(Duration::from_millis(400)).await;
    }
    bob.until("ann elsewhere", |p| p.place(a).is_some_and(|at| at != before)).await;
    assert_eq!(ann.driver.client().checks().total() + bob.driver.client().checks().total(), 0);
}

#[test]
fn two_on_two_hosts_see_each_other_walk() {
    run(async {
        let cluster = Cluster::new();
        let (one, two) = (cluster.host("a", 1).await, cluster.host("b", 1).await);
        check([one.addresses()[0], two.addresses()[0]]).await;
    });
}

#[test]
fn two_on_two_nodes_of_one_host_see_each_other_walk() {
    run(async {
        let cluster = Cluster::new();
        let host = cluster.host("a", 2).await;
        check([host.addresses()[0], host.addresses()[1]]).await;
    });
}

#[test]
fn two_on_two_hosts_see_each_other_over_real_links() {
    run(async {
        let cluster = Cluster::new();
        let parts = || Parts {
            mesh: Box::new(|claim| {
                let mesh = ZeromqMesh::start(&MeshConfig::loopback(), claim)?;
                let peer = mesh.peer(1);
                Ok(OpenMesh::new(Arc::new(mesh), peer))
            }),
            ..cluster.parts()
        };
        let one = Host::start(config("a", 1), parts()).await.expect("starts");
        let two = Host::start(config("b", 2), parts()).await.expect("starts");
        check([one.addresses()[0], two.addresses()[1]]).await;
        assert!(one.counters().mesh.links > 0);
        two.stop().await.expect("ends well");
        one.stop().await.expect("ends well");
    });
}

#[test]
fn statuses_are_made_while_somebody_looks() {
    run(async {
        let cluster = Cluster::new();
        let host = cluster.host("a", 2).await;
        let (_raw, welcome) = Raw::hello("ann", host.addresses()[1]).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(host.counters().node.sessions_begun, 1, "totals are there without a look");
        assert!(host.reports().iter().all(|report| report.status.is_none()), "nobody has looked before");
        tokio::time::sleep(Duration::from_millis(500)).await;
        let reports = host.reports();
        let avatars: Vec<_> = reports.iter().map(|r| r.status.as_ref().map(|s| s.avatars.len())).collect();
        assert_eq!(avatars, [Some(0), Some(1)]);
        let status = reports[1].status.as_ref().expect("made");
        assert_eq!(status.avatars[0].entity.0, welcome.entity);
        let addresses: Vec<_> = reports.iter().map(|r| r.client_address).collect();
        assert_eq!((addresses, reports[1].gateway.connections), (host.addresses().to_vec(), 1));
    });
}
