//! Starting and ending: errors that name the port, and nothing left behind.

use std::fs;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use mesh_zeromq::{Lane, MeshConfig, MeshError, ZeromqMesh};
use node::ports::conformance_mesh::{Ear, connect_all, start, topic};
use node::ports::directory::Claim;
use node::ports::mesh::{MeshCommand, MeshFull};
use protocol::Incarnation;

use crate::fixture::{Loopback, port_of, start_with, wait_for};

const CLAIM: Claim = Claim { host: 31, life: 1 };

#[test]
fn any_port_is_outside_of_the_range_for_outgoing_connections() {
    let mesh = ZeromqMesh::start(&MeshConfig::loopback(), CLAIM).expect("loopback has room");
    for address in [mesh.publish_address(), mesh.direct_address()] {
        assert!(!(32_768..=60_999).contains(&port_of(address)), "{address}");
    }
    assert_ne!(mesh.publish_address(), mesh.direct_address());
}

#[test]
fn a_port_in_use_is_one_error_that_names_it_and_leaves_nothing() {
    let other = ZeromqMesh::start(&MeshConfig::loopback(), CLAIM).expect("loopback has room");
    let taken = port_of(other.direct_address());
    let free = {
        let mesh = ZeromqMesh::start(&MeshConfig::loopback(), CLAIM).expect("loopback has room");
        port_of(mesh.publish_address())
    };
    let config = MeshConfig { publish_port: free, direct_port: taken, ..MeshConfig::loopback() };
    let error = ZeromqMesh::start(&config, CLAIM).expect_err("the port is taken");
    assert!(matches!(error, MeshError::PortInUse { port, lane: Lane::Direct, .. } if port == taken), "{error}");
    assert!(error.to_string().contains(&taken.to_string()) && error.to_string().contains("direct_port"), "{error}");
    wait_for("the first port is free again", || TcpListener::bind(("127.0.0.1", free)).is_ok());
}

#[test]
fn an_address_of_another_machine_is_an_error() {
    let config = MeshConfig { bind_host: [192, 0, 2, 1].into(), ..MeshConfig::loopback() };
    let error = ZeromqMesh::start(&config, CLAIM).expect_err("not an address of this machine");
    assert!(matches!(error, MeshError::Bind { lane: Lane::Publish, .. }), "{error}");
}

#[test]
fn what_is_dropped_is_gone_ports_and_thread() {
    let a = start_with(&MeshConfig::loopback(), Claim { host: 60_001, life: 1 }, 1);
    let b = start_with(&MeshConfig::loopback(), Claim { host: 60_002, life: 1 }, 1);
    connect_all(&[&a, &b]);
    let (mut ear, mut mouth) = (Ear::of(&a, 0), Ear::of(&b, 0));
    ear.hear_frames_of(&Loopback, &mut mouth);
    assert!(threads().contains(&"mesh-60002".to_owned()));
    let ports = [port_of(&b.peer.publish_address), port_of(&b.peer.direct_address)];
    drop(b);
    assert!(!threads().contains(&"mesh-60002".to_owned()), "it is joined, not left to itself");
    for port in ports {
        TcpListener::bind(("127.0.0.1", port)).expect("free at once");
    }
    let mut port = start(&Loopback, 61, 1).mesh.attach(Incarnation::new(61, 0, 1), Box::new(|_| 0));
    let batch = vec![MeshCommand::Subscribe { filter: vec![] }];
    assert_eq!(port.submit(batch), Err(MeshFull), "a port that outlives its mesh is told");
}

fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("a Linux");
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.filter_map(Result::ok).map(|task| name(task).trim().to_owned()).collect()
}

#[test]
fn a_node_that_panics_over_its_messages_loses_only_them() {
    let (a, b) = (start(&Loopback, 1, 1), start(&Loopback, 2, 1));
    connect_all(&[&a, &b]);
    let panicked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&panicked);
    let sink = move |batch: Vec<_>| {
        *count.lock().expect("not poisoned: dropped before the panic") += batch.len();
        std::panic::resume_unwind(Box::new("planted"));
    };
    let mut fragile = a.mesh.attach(Incarnation::new(1, 9, 1), Box::new(sink));
    fragile.submit(vec![MeshCommand::Subscribe { filter: topic(1).0.to_vec() }]).expect("room");
    let (mut ear, mut mouth) = (Ear::of(&a, 0), Ear::of(&b, 0));
    ear.subscribe(&topic(1).0);
    ear.hear_frames_of(&Loopback, &mut mouth);
    mouth.publish_all(topic(1), 1..=50);
    ear.hear_frames_of(&Loopback, &mut mouth);
    assert_eq!(ear.numbers(&mouth), (1..=50).collect::<Vec<_>>());
    wait_for("all are counted as dropped", || a.mesh.counters().dropped == 50);
    assert_eq!(*panicked.lock().expect("not poisoned"), 50);
}
