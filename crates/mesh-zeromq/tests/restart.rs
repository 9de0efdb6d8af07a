//! Hosts that end and come back.

use mesh_zeromq::MeshConfig;
use node::ports::conformance_mesh::{Ear, Started, connect_all, start, topic};
use node::ports::directory::Claim;
use node::ports::mesh::MeshPeer;

use crate::fixture::{Loopback, port_of, start_with, wait_for};

fn same_ports(old: &Started) -> MeshConfig {
    MeshConfig {
        publish_port: port_of(&old.peer.publish_address),
        direct_port: port_of(&old.peer.direct_address),
        ..MeshConfig::loopback()
    }
}

#[test]
fn a_host_comes_back_in_a_new_life_on_the_same_ports() {
    let (a, old) = (start(&Loopback, 1, 1), start(&Loopback, 2, 1));
    connect_all(&[&a, &old]);
    let mut ear = Ear::of(&a, 0);
    ear.subscribe(b"C");
    let mut mouth = Ear::of(&old, 0);
    ear.hear_frames_of(&Loopback, &mut mouth);
    mouth.hear_words_of(&Loopback, &mut ear);
    wait_for("the link is up", || a.mesh.counters().links == 1);
    let config = same_ports(&old);
    drop((mouth, old));
    wait_for("the link is down", || a.mesh.counters().links == 0);

    let new = start_with(&config, Claim { host: 2, life: 2 }, 2);
    wait_for("the link is up again, by itself", || a.mesh.counters().links == 1);
    let mut mouth = Ear::of(&new, 0);
    ear.hear_frames_of(&Loopback, &mut mouth);
    mouth.publish(topic(9), 9);
    ear.hear_frames_of(&Loopback, &mut mouth);
    assert_eq!(ear.numbers(&mouth), [9], "frames of the new life before the directory told of it");

    connect_all(&[&a, &new]);
    ear.hear_words_of(&Loopback, &mut mouth);
    mouth.hear_words_of(&Loopback, &mut ear);
    wait_for("one link", || a.mesh.counters().links == 1 && new.mesh.counters().links == 1);
}

#[test]
fn a_host_restarts_again_and_again_while_it_is_spoken_to() {
    let a = start(&Loopback, 1, 1);
    let mut ear = Ear::of(&a, 0);
    ear.subscribe(b"C");
    let mut config = MeshConfig::loopback();
    for life in 1..=6 {
        let host = start_with(&config, Claim { host: 2, life }, 2);
        // Every second life keeps its ports.
        config = if life % 2 == 0 { MeshConfig::loopback() } else { same_ports(&host) };
        connect_all(&[&a, &host]);
        let mut mouth = Ear::of(&host, 0);
        ear.hear_frames_of(&Loopback, &mut mouth);
        mouth.hear_words_of(&Loopback, &mut ear);
        mouth.publish_all(topic(1), 1..=200);
        ear.tell_all(mouth.node, 1..=200);
        mouth.hear_words_of(&Loopback, &mut ear);
        ear.hear_frames_of(&Loopback, &mut mouth);
        assert_eq!(ear.numbers(&mouth), (1..=200).collect::<Vec<_>>(), "in life {life}");
        assert_eq!(mouth.numbers(&ear), (1..=200).collect::<Vec<_>>(), "in life {life}");
    }
}

/// libzmq hands events to a monitor by a send that waits; whoever closes the reader first stops all sockets of a host.
#[test]
fn a_link_that_cannot_be_made_holds_up_nothing() {
    let (a, b) = (start(&Loopback, 1, 1), start(&Loopback, 2, 1));
    let mut ear = Ear::of(&a, 0);
    ear.subscribe(b"C");
    for bad in ["nowhere", "127.0.0.1:99999", ""] {
        a.mesh.connect(MeshPeer { direct_address: bad.into(), ..b.peer.clone() });
        a.mesh.connect(MeshPeer { publish_address: bad.into(), ..b.peer.clone() });
    }
    connect_all(&[&a, &b]);
    let mut mouth = Ear::of(&b, 0);
    ear.hear_frames_of(&Loopback, &mut mouth);
    mouth.hear_words_of(&Loopback, &mut ear);
    a.mesh.connect(MeshPeer { direct_address: "nowhere".into(), host: 9, ..b.peer.clone() });
}
