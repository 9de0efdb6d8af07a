//! The mesh in memory passes the suite, at once and on pump, and stands sinks that talk back.

use std::sync::{Arc, Mutex};

use protocol::Incarnation;
use protocol::mesh::Topic;
use world::{Chunk, IslandId};

use super::conformance_mesh::{MeshFixture, Started};
use super::directory::Claim;
use super::memory_mesh::{Handover, MemoryNetwork};
use super::mesh::{Mesh, MeshCommand};

struct Memory(MemoryNetwork);

impl MeshFixture for Memory {
    fn start(&self, claim: Claim, nodes: u8) -> Started {
        let mesh = self.0.host(claim);
        let peer = mesh.peer(nodes);
        Started { mesh: Box::new(mesh), peer }
    }

    fn settle(&self, done: &mut dyn FnMut() -> bool) -> bool {
        (0..100).any(|_| {
            self.0.pump();
            done()
        })
    }
}

mod at_once {
    use super::*;
    crate::mesh_conformance!(Memory(MemoryNetwork::new(Handover::AtOnce)));
}

mod on_pump {
    use super::*;
    crate::mesh_conformance!(Memory(MemoryNetwork::new(Handover::OnPump)));
}

#[test]
fn a_sink_that_answers_from_within_does_not_lock_the_network() {
    let network = MemoryNetwork::new(Handover::AtOnce);
    let mesh = network.host(Claim { host: 1, life: 1 });
    let (asker, answerer) = (Incarnation::new(1, 0, 1), Incarnation::new(1, 1, 1));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    let mut asking = mesh.attach(
        asker,
        Box::new(move |batch| {
            ears.lock().expect("not poisoned").extend(batch);
            0
        }),
    );
    let port = Arc::new(Mutex::new(None));
    let own = Arc::clone(&port);
    let sink = move |batch: Vec<super::mesh::Delivery>| {
        let answers = batch.iter().map(|d| MeshCommand::Send { to: asker, bytes: Arc::clone(&d.bytes) }).collect();
        let mut own = own.lock().expect("not poisoned");
        let port: &mut Box<dyn super::mesh::MeshPort> = own.as_mut().expect("set below");
        port.submit(answers).expect("room");
        0
    };
    *port.lock().expect("not poisoned") = Some(mesh.attach(answerer, Box::new(sink)));
    asking.submit(vec![MeshCommand::Send { to: answerer, bytes: Arc::from(*b"echo") }]).expect("room");
    let heard = heard.lock().expect("not poisoned");
    assert_eq!(heard.iter().map(|d| &d.bytes[..]).collect::<Vec<_>>(), [b"echo"]);
}

#[test]
fn nothing_is_handed_over_before_the_pump() {
    let network = MemoryNetwork::new(Handover::OnPump);
    let mesh = network.host(Claim { host: 1, life: 1 });
    let heard = Arc::new(Mutex::new(0));
    let ears = Arc::clone(&heard);
    let sink = move |batch: Vec<super::mesh::Delivery>| {
        *ears.lock().expect("not poisoned") += batch.len();
        1
    };
    let mut ear = mesh.attach(Incarnation::new(1, 0, 1), Box::new(sink));
    let mut mouth = mesh.attach(Incarnation::new(1, 1, 1), Box::new(|_| 0));
    let topic = Topic::chunk(IslandId(1), Chunk { cx: 0, cy: 0 }, 0);
    ear.submit(vec![MeshCommand::Subscribe { filter: topic.0.to_vec() }]).expect("room");
    let publish = MeshCommand::Publish { topic, bytes: Arc::from(*b"x") };
    mouth.submit(vec![publish.clone(), publish]).expect("room");
    assert_eq!(*heard.lock().expect("not poisoned"), 0);
    network.pump();
    assert_eq!(*heard.lock().expect("not poisoned"), 2);
    let counters = mesh.counters();
    assert_eq!((counters.delivered, counters.dropped), (1, 1), "what a sink has no room for is counted as dropped");
}
