//! Peers that connect and never read.

use std::fs;
use std::sync::Arc;

use mesh_zeromq::{MeshConfig, MeshLimits};
use node::ports::conformance_mesh::{Ear, connect_all, topic};
use node::ports::directory::Claim;
use node::ports::mesh::{MeshCommand, MeshPeer};
use protocol::mesh::{Frame, Keyframe, MeshMessage};
use protocol::{Incarnation, StreamId};
use world::{Chunk, IslandId, Tick};

use crate::fixture::{Loopback, start_with, wait_for};

const QUEUE: u16 = 300;
/// Messages of a batch: what one link holds without a loss. libzmq makes room in halves, so a queue that was drained
/// may still count as half full.
const BATCH: u64 = 100;
const BATCHES: u64 = 240;
const BODY_BYTES: usize = 8 * 1024;
/// What the process may grow by: the queues to two stuck peers and one lively one, a batch in each of their hands, and
/// the allocator's slack. All that was sent is 20 times as much.
const GROWTH_BYTES: usize = 20 << 20;

#[test]
fn peers_that_never_read_stall_nobody_and_cost_a_bounded_queue() {
    let limits = MeshLimits { publish_queue: QUEUE, direct_queue: QUEUE, ..MeshLimits::default() };
    let config = MeshConfig { limits, ..MeshConfig::loopback() };
    let a = start_with(&config, Claim { host: 1, life: 1 }, 1);
    let b = start_with(&config, Claim { host: 2, life: 1 }, 1);
    connect_all(&[&a, &b]);
    let (mut mouth, mut ear) = (Ear::of(&a, 0), Ear::of(&b, 0));
    ear.subscribe(b"C");
    ear.hear_frames_of(&Loopback, &mut mouth);
    ear.hear_words_of(&Loopback, &mut mouth);
    let _stuck = Stuck::at(&a.peer);
    a.mesh.connect(MeshPeer { host: 3, publish_address: "127.0.0.1:9".into(), ..a.peer.clone() });
    let before = resident_bytes();
    for batch in 0..BATCHES {
        let numbers = batch * BATCH + 1..=(batch + 1) * BATCH;
        let frames =
            numbers.clone().map(|n| MeshCommand::Publish { topic: topic(1), bytes: large_frame(mouth.node, n) });
        mouth.submit(frames.collect());
        let stuck = Incarnation::new(3, 0, 1);
        let words = numbers.map(|_| MeshCommand::Send { to: stuck, bytes: keyframe(mouth.node) });
        mouth.submit(words.collect());
        let so_far = ((batch + 1) * BATCH) as usize;
        wait_for("every frame at the lively peer", || ear.heard().len() == so_far);
    }
    assert!(ear.numbers(&mouth).into_iter().eq(1..=BATCH * BATCHES), "the lively peer heard all, in order");
    ear.hear_words_of(&Loopback, &mut mouth);
    let counters = a.mesh.counters();
    assert!(counters.dropped > BATCH * BATCHES / 2, "words to the stuck peer are dropped and counted: {counters:?}");
    let growth = resident_bytes().saturating_sub(before);
    let sent = BODY_BYTES * (BATCH * BATCHES) as usize;
    assert!(growth < GROWTH_BYTES, "grew by {} KiB while {} KiB were sent twice", growth >> 10, sent >> 10);
}

/// A host that listens on both lanes and never reads.
struct Stuck {
    _sockets: [zmq::Socket; 2],
}

impl Stuck {
    fn at(peer: &MeshPeer) -> Self {
        let context = zmq::Context::new();
        let socket = |kind, address: &str, prepare: &dyn Fn(&zmq::Socket)| {
            let socket = context.socket(kind).expect("a socket");
            socket.set_linger(0).expect("an option");
            socket.set_rcvhwm(1).expect("an option");
            socket.set_rcvbuf(4096).expect("an option");
            prepare(&socket);
            socket.connect(&format!("tcp://{address}")).expect("an address");
            socket
        };
        // The routing id of host 3 in its first life.
        let id = [&b"H"[..], &3u16.to_be_bytes(), &1u64.to_be_bytes()].concat();
        let subscribe = |socket: &zmq::Socket| socket.set_subscribe(b"").expect("an option");
        let identify = |socket: &zmq::Socket| socket.set_identity(&id).expect("an option");
        let frames = socket(zmq::SUB, &peer.publish_address, &subscribe);
        let words = socket(zmq::DEALER, &peer.direct_address, &identify);
        Self { _sockets: [frames, words] }
    }
}

fn stream(publisher: Incarnation) -> StreamId {
    StreamId { publisher, island: IslandId(7), chunk: Chunk { cx: 0, cy: 0 }, sub: 0 }
}

fn large_frame(publisher: Incarnation, number: u64) -> Arc<[u8]> {
    let body = vec![number as u8; BODY_BYTES];
    encoded(&MeshMessage::Frame(Frame { stream: stream(publisher), tick: Tick(number), prev_tick: None, body: &body }))
}

fn keyframe(publisher: Incarnation) -> Arc<[u8]> {
    let body = vec![1; BODY_BYTES];
    encoded(&MeshMessage::Keyframe(Keyframe { stream: stream(publisher), tick: Tick(1), body: &body }))
}

fn encoded(message: &MeshMessage<'_>) -> Arc<[u8]> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes.into()
}

fn resident_bytes() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("a Linux");
    let pages: usize = statm.split(' ').nth(1).expect("resident pages").parse().expect("a number");
    pages * 4096
}
