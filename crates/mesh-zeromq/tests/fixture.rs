//! Hosts on loopback, and waiting with a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

use mesh_zeromq::{MeshConfig, ZeromqMesh};
use node::ports::conformance_mesh::{MeshFixture, Started};
use node::ports::directory::Claim;

/// Only a hang reaches it: the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

pub struct Loopback;

impl MeshFixture for Loopback {
    fn start(&self, claim: Claim, nodes: u8) -> Started {
        start_with(&MeshConfig::loopback(), claim, nodes)
    }

    fn settle(&self, done: &mut dyn FnMut() -> bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < DEADLINE {
            if done() {
                return true;
            }
            sleep(PAUSE);
        }
        false
    }
}

pub fn start_with(config: &MeshConfig, claim: Claim, nodes: u8) -> Started {
    let mesh = ZeromqMesh::start(config, claim).expect("loopback has room");
    let peer = mesh.peer(nodes);
    Started { mesh: Box::new(mesh), peer }
}

/// Waits until it is so.
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    assert!(Loopback.settle(&mut done), "it never came: {what}");
}

pub fn port_of(address: &str) -> u16 {
    address.rsplit_once(':').expect("host:port").1.parse().expect("a port")
}
