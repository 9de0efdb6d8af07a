//! Hostile bytes: on both ports, and from a peer that we chose to hear.

use std::io::{Read, Write};
use std::net::TcpStream;

use node::ports::conformance_mesh::{Ear, Started, connect_all, frame, interest, start, topic};
use node::ports::mesh::MeshPeer;
use protocol::Incarnation;
use protocol::limits::MESH_MESSAGE_BYTES;
use protocol::mesh::Topic;

use crate::fixture::{Loopback, wait_for};

/// Two hosts that talk, and must go on to whatever the test does.
struct Pair {
    a: Started,
    ear: Ear,
    mouth: Ear,
    b: Started,
}

impl Pair {
    fn talking() -> Self {
        let (a, b) = (start(&Loopback, 1, 1), start(&Loopback, 2, 1));
        connect_all(&[&a, &b]);
        let (ear, mouth) = (Ear::of(&a, 0), Ear::of(&b, 0));
        let mut pair = Self { a, ear, mouth, b };
        pair.ear.subscribe(b"");
        pair.still_talk();
        pair
    }

    /// Both lanes work both ways, and nobody heard a word of anybody else.
    fn still_talk(&mut self) {
        self.ear.hear_frames_of(&Loopback, &mut self.mouth);
        self.ear.hear_words_of(&Loopback, &mut self.mouth);
        self.mouth.hear_frames_of(&Loopback, &mut self.ear);
        self.mouth.hear_words_of(&Loopback, &mut self.ear);
        assert!(self.ear.heard().is_empty(), "{:?}", self.ear.heard());
    }

    fn mouth_links(&self) -> u64 {
        self.b.mesh.counters().links
    }

    fn refused(&self) -> u64 {
        self.a.mesh.counters().refused
    }
}

/// A greeting of ZMTP 3.0 with the NULL mechanism.
fn greeting() -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    bytes.extend(b"NULL");
    bytes.resize(64, 0);
    bytes
}

fn raw(kind: zmq::SocketType, address: &str) -> zmq::Socket {
    let socket = zmq::Context::new().socket(kind).expect("a socket");
    socket.set_linger(0).expect("an option");
    socket.connect(&format!("tcp://{address}")).expect("an address");
    socket
}

#[test]
fn raw_bytes_on_either_port_hurt_nobody() {
    let mut pair = Pair::talking();
    let huge = |flags: u8| [greeting(), vec![flags], vec![0x7f; 8]].concat();
    let table: [(&str, Vec<u8>); 8] = [
        ("silence", vec![]),
        ("zeros", vec![0; 4096]),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("a greeting and no more", greeting()),
        ("a message of 9 exabytes", huge(2)),
        ("a command of 9 exabytes", huge(6)),
        ("a command that is none", [greeting(), vec![4, 5, 200, 1, 2, 3, 4]].concat()),
        ("counting", (0..20_000u32).flat_map(u32::to_le_bytes).collect()),
    ];
    let mut open = Vec::new();
    for (name, bytes) in &table {
        for address in [&pair.a.peer.publish_address, &pair.a.peer.direct_address] {
            let mut stream = TcpStream::connect(address).unwrap_or_else(|e| panic!("before {name}: {e}"));
            // The mesh may cut the connection at any byte.
            let _ = stream.write_all(bytes);
            open.push(stream);
        }
        pair.still_talk();
    }
    drop(open);
    pair.still_talk();
    assert_eq!(pair.refused(), 0, "nothing of it was a message");
    wait_for("those who never became peers are counted", || pair.a.mesh.counters().strangers >= table.len() as u64);
}

#[test]
fn what_callers_say_to_our_ports_is_counted_and_heard_by_nobody() {
    let mut pair = Pair::talking();
    let victim = Incarnation::new(2, 0, 1);
    let words = [&Topic::node(pair.ear.node).0[..], &interest(victim, 1)].concat();
    let dealer = raw(zmq::DEALER, &pair.a.peer.direct_address);
    dealer.send(&words, 0).expect("sent");
    dealer.send_multipart([&words, &words, &words], 0).expect("sent");
    wait_for("both messages are counted", || pair.refused() == 2);

    let frames = [&topic(1).0[..], &frame(victim, 1)].concat();
    let xsub = raw(zmq::XSUB, &pair.a.peer.publish_address);
    xsub.send(&frames, 0).expect("sent");
    wait_for("a message to the publisher is counted", || pair.refused() == 3);
    let sub = raw(zmq::SUB, &pair.a.peer.publish_address);
    sub.set_subscribe(&[b'C'; 300]).expect("an option");
    wait_for("a filter longer than any topic is counted", || pair.refused() == 4);
    pair.still_talk();
}

/// libzmq keeps filters in a tree as deep as they are long, so a long one must not even be read.
#[test]
fn a_filter_of_a_mebibyte_cuts_the_connection() {
    let mut pair = Pair::talking();
    let mut stream = TcpStream::connect(&pair.a.peer.publish_address).expect("it listens");
    let ready = b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB";
    stream.write_all(&[&greeting()[..], &ready[..], &[2], &(1u64 << 20).to_be_bytes()].concat()).expect("sent");
    let _ = stream.write_all(&[1; 1 << 20]);
    // All that the mesh still says is its own greeting; then it hangs up.
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(said.len() < 500, "{} bytes", said.len());
    pair.still_talk();
    assert_eq!(pair.refused(), 0);
}

#[test]
fn a_caller_that_takes_a_hosts_name_can_say_nothing_for_it() {
    let mut pair = Pair::talking();
    wait_for("the link that the impostor robs", || pair.mouth_links() == 1);
    let impostor = raw_dealer_as_host(2, 1, &pair.a.peer.direct_address);
    let words = [&Topic::node(pair.ear.node).0[..], &interest(pair.mouth.node, 1)].concat();
    impostor.send(&words, 0).expect("sent");
    wait_for("it is counted", || pair.refused() == 1);
    assert!(pair.ear.heard().is_empty());
    pair.ear.hear_words_of(&Loopback, &mut pair.mouth);
    // It can listen in the host's place until it goes; then the host is back by itself.
    drop(impostor);
    pair.still_talk();
}

fn raw_dealer_as_host(host: u16, life: u64, address: &str) -> zmq::Socket {
    let socket = zmq::Context::new().socket(zmq::DEALER).expect("a socket");
    socket.set_linger(0).expect("an option");
    let id = [&b"H"[..], &host.to_be_bytes(), &life.to_be_bytes()].concat();
    socket.set_identity(&id).expect("an option");
    socket.connect(&format!("tcp://{address}")).expect("an address");
    socket
}

/// A host that the directory knows and that sends what it likes.
struct Rogue {
    publish: zmq::Socket,
    direct: zmq::Socket,
    peer: MeshPeer,
}

impl Rogue {
    fn heard_by(pair: &Pair) -> Self {
        let context = zmq::Context::new();
        let bound = |kind| {
            let socket = context.socket(kind).expect("a socket");
            socket.set_linger(0).expect("an option");
            socket.bind("tcp://127.0.0.1:*").expect("a port");
            let endpoint = socket.get_last_endpoint().expect("bound").expect("UTF-8");
            (socket, endpoint.trim_start_matches("tcp://").to_owned())
        };
        let ((publish, publish_address), (direct, direct_address)) = (bound(zmq::XPUB), bound(zmq::ROUTER));
        direct.set_router_mandatory(true).expect("an option");
        let key = String::new();
        let peer = MeshPeer { host: 3, life: 1, nodes: 1, publish_address, direct_address, key };
        pair.a.mesh.connect(peer.clone());
        wait_for("it is subscribed", || publish.poll(zmq::POLLIN, 0) == Ok(1));
        wait_for("its direct lane is heard", || pair.a.mesh.counters().links == 2);
        Self { publish, direct, peer }
    }

    fn tell(&self, part: &[u8]) {
        let id = [&b"H"[..], &1u16.to_be_bytes(), &1u64.to_be_bytes()].concat();
        self.direct.send_multipart([&id[..], part], 0).expect("the host is connected");
    }
}

#[test]
fn a_peer_that_sends_garbage_is_counted_message_by_message() {
    let mut pair = Pair::talking();
    let rogue = Rogue::heard_by(&pair);
    let own = Incarnation::new(3, 0, 1);
    let addressed = |bytes: &[u8]| [&Topic::node(pair.ear.node).0[..], bytes].concat();
    let on = |bytes: &[u8]| [&topic(1).0[..], bytes].concat();
    let cut = frame(own, 1);
    let frames = [
        b"C".to_vec(),
        topic(1).0.to_vec(),
        on(b"short"),
        on(&[0xff; 3000]),
        on(&cut[..cut.len() - 1]),
        on(&frame(pair.mouth.node, 1)),
        on(&frame(pair.ear.node, 1)),
        on(&interest(own, 1)),
    ];
    let words = [
        b"N".to_vec(),
        addressed(b"short"),
        addressed(&[0xff; 3000]),
        addressed(&interest(pair.mouth.node, 1)),
        addressed(&frame(own, 1)),
        on(&interest(own, 1)),
        [&Topic::node(pair.mouth.node).0[..], &interest(own, 1)].concat(),
    ];
    frames.iter().for_each(|part| rogue.publish.send(part, 0).expect("sent"));
    words.iter().for_each(|part| rogue.tell(part));
    let two_parts = [on(&frame(own, 1)), on(&frame(own, 1))];
    rogue.publish.send_multipart(&two_parts, 0).expect("sent");
    let lies = (frames.len() + words.len() + two_parts.len()) as u64;
    wait_for("each is counted", || pair.refused() == lies);
    pair.still_talk();
}

#[test]
fn a_peer_that_goes_on_sending_garbage_loses_its_link_for_a_while() {
    let mut pair = Pair::talking();
    let rogue = Rogue::heard_by(&pair);
    let garbage = [&topic(1).0[..], b"short"].concat();
    wait_for("its link is cut", || {
        let _ = rogue.publish.send(&garbage, zmq::DONTWAIT);
        pair.a.mesh.counters().cut == 1
    });
    pair.still_talk();
    wait_for("and made again", || pair.a.mesh.counters().links == 2);
}

#[test]
fn a_message_over_the_limit_cuts_its_own_link_only() {
    let mut pair = Pair::talking();
    let rogue = Rogue::heard_by(&pair);
    let huge = vec![b'C'; 2 * MESH_MESSAGE_BYTES];
    rogue.publish.send(&huge, 0).expect("sent");
    rogue.tell(&huge);
    wait_for("the link is cut", || pair.a.mesh.counters().links == 1);
    pair.still_talk();
    wait_for("and made again", || pair.a.mesh.counters().links == 2);
    let own = Incarnation::new(rogue.peer.host, 0, rogue.peer.life);
    wait_for("what it says then is heard", || {
        rogue.publish.send([&topic(1).0[..], &frame(own, 5)].concat(), 0).expect("sent");
        pair.ear.heard().iter().any(|note| note.from == own && note.number == 5)
    });
}
