//! Hosts with keys, and all who have the wrong one or none.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mesh_zeromq::{AcceptedKeys, KeyPair, MeshConfig, Security};
use node::ports::conformance_mesh::{Ear, Started, connect_all, topic};
use node::ports::directory::Claim;
use node::ports::mesh::{MeshCommand, MeshPeer};
use protocol::Incarnation;
use protocol::envelope::HEADER_BYTES;
use protocol::limits::MESH_MESSAGE_BYTES;

use crate::fixture::{Loopback, start_with, wait_for};

/// A cluster's list of keys, in a file.
struct Keys {
    folder: tempfile::TempDir,
}

/// A host, with what a test changes of it.
struct Host {
    started: Started,
    pair: KeyPair,
    accepted: Arc<AcceptedKeys>,
}

impl Keys {
    fn of(pairs: &[&KeyPair]) -> Self {
        let keys = Self { folder: tempfile::tempdir().expect("a folder") };
        keys.write(pairs);
        keys
    }

    fn write(&self, pairs: &[&KeyPair]) {
        let lines: Vec<String> = pairs.iter().map(|pair| format!("{} a host\n", pair.public)).collect();
        fs::write(self.folder.path().join("accepted"), lines.concat()).expect("writes");
    }

    fn start(&self, host: u16, life: u64, pair: &KeyPair) -> Host {
        let accepted = Arc::new(AcceptedKeys::load(self.folder.path().join("accepted")).expect("a list"));
        let security = Some(Security { pair: pair.clone(), accepted: Arc::clone(&accepted) });
        let config = MeshConfig { security, ..MeshConfig::loopback() };
        Host { started: start_with(&config, Claim { host, life }, 1), pair: pair.clone(), accepted }
    }
}

fn pair() -> KeyPair {
    KeyPair::generate().expect("CURVE")
}

/// Both lanes work both ways.
fn talk(a: &mut Ear, b: &mut Ear) {
    a.hear_frames_of(&Loopback, b);
    a.hear_words_of(&Loopback, b);
    b.hear_frames_of(&Loopback, a);
    b.hear_words_of(&Loopback, a);
}

/// Two hosts that are linked by keys.
struct Two {
    keys: Keys,
    a: Host,
    b: Host,
    at_a: Ear,
    at_b: Ear,
}

impl Two {
    fn talking() -> Self {
        let (one, two) = (pair(), pair());
        let keys = Keys::of(&[&one, &two]);
        let (a, b) = (keys.start(1, 1, &one), keys.start(2, 1, &two));
        connect_all(&[&a.started, &b.started]);
        let (mut at_a, mut at_b) = (Ear::of(&a.started, 0), Ear::of(&b.started, 0));
        at_a.subscribe(b"");
        at_b.subscribe(b"");
        talk(&mut at_a, &mut at_b);
        Self { keys, a, b, at_a, at_b }
    }

    fn still_talk(&mut self) {
        talk(&mut self.at_a, &mut self.at_b);
    }
}

/// An outsider's socket. `key`: whom it believes and what it proves, if it has read about keys.
fn outsider(kind: zmq::SocketType, address: &str, key: Option<(&MeshPeer, &KeyPair)>) -> zmq::Socket {
    let socket = zmq::Context::new().socket(kind).expect("a socket");
    socket.set_linger(0).expect("an option");
    if let Some((peer, own)) = key {
        let half = |text: &str| -> Vec<u8> {
            let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
            digits.map(|digits| u8::from_str_radix(digits, 16).expect("digits")).collect()
        };
        let secret = own.to_text().lines().find_map(|line| line.strip_prefix("secret ").map(half)).expect("a secret");
        socket.set_curve_serverkey(&half(&peer.key)).expect("an option");
        socket.set_curve_publickey(&half(&own.public.to_string())).expect("an option");
        socket.set_curve_secretkey(&secret).expect("an option");
    }
    if kind == zmq::SUB {
        socket.set_subscribe(b"").expect("an option");
    }
    socket.connect(&format!("tcp://{address}")).expect("an address");
    socket
}

#[test]
fn hosts_with_accepted_keys_talk_also_in_the_greatest_messages() {
    let mut two = Two::talking();
    assert_eq!((two.a.started.mesh.counters().keys_refused, two.a.started.peer.key.len()), (0, 64));
    let third = pair();
    two.keys.write(&[&two.a.pair, &two.b.pair, &third]);
    assert!(two.a.accepted.renew().expect("a list"));
    let c = two.keys.start(3, 1, &third);
    connect_all(&[&two.a.started, &c.started]);
    wait_for("the link is up", || two.a.started.mesh.counters().links == 2);
    // As long as a message may be: CURVE's own bytes must not make it too long, or the link would be cut before
    // anybody could say that it is nonsense.
    let greatest: Arc<[u8]> = vec![0; HEADER_BYTES + MESH_MESSAGE_BYTES].into();
    let mut port = c.started.mesh.attach(Incarnation::new(3, 0, 1), Box::new(|_| 0));
    for sent in 0..3 {
        // Until it is subscribed nothing of it arrives.
        wait_for("it has arrived", || {
            two.a.started.mesh.counters().refused > sent || {
                let batch = vec![MeshCommand::Publish { topic: topic(1), bytes: Arc::clone(&greatest) }];
                port.submit(batch).expect("room");
                false
            }
        });
    }
    two.still_talk();
}

#[test]
fn who_holds_no_accepted_key_hears_nothing_and_is_counted() {
    let mut two = Two::talking();
    let peer = two.a.started.peer.clone();
    let stranger = pair();
    let wrong = outsider(zmq::SUB, &peer.publish_address, Some((&peer, &stranger)));
    let wrong_words = outsider(zmq::DEALER, &peer.direct_address, Some((&peer, &stranger)));
    wait_for("both are refused", || two.a.started.mesh.counters().keys_refused >= 2);
    let none = outsider(zmq::SUB, &peer.publish_address, None);
    let none_words = outsider(zmq::DEALER, &peer.direct_address, None);
    wait_for("both are counted", || two.a.started.mesh.counters().strangers >= 2);
    // Nobody takes their words, so that they may not even find room for them.
    let _ = wrong_words.send("a word", zmq::DONTWAIT);
    let _ = none_words.send("a word", zmq::DONTWAIT);
    two.still_talk();
    for socket in [wrong, none, wrong_words, none_words] {
        assert_eq!(socket.poll(zmq::POLLIN, 50), Ok(0), "it heard something");
    }
    assert_eq!(two.a.started.mesh.counters().refused, 0, "no word of theirs came in");
}

#[test]
fn who_sits_at_a_hosts_address_without_its_key_is_not_believed() {
    let mut two = Two::talking();
    let (liar, named) = (pair(), pair());
    two.keys.write(&[&two.a.pair, &two.b.pair, &named]);
    assert!(two.a.accepted.renew().expect("a list"));
    // It listens with a key of its own, and the directory names an accepted one for it.
    let impostor = two.keys.start(3, 1, &liar);
    two.a.started.mesh.connect(MeshPeer { key: named.public.to_string(), ..impostor.started.peer.clone() });
    wait_for("it sees somebody knock who wants another", || impostor.started.mesh.counters().strangers > 0);
    let mut mouth = Ear::of(&impostor.started, 0);
    mouth.publish(topic(1), 7);
    two.still_talk();
    assert!(two.at_a.numbers(&mouth).is_empty());
    // And one whose record names a key that is not accepted is not even connected to.
    let refused = two.a.started.mesh.counters().keys_refused;
    let host = 4;
    two.a.started.mesh.connect(MeshPeer { key: liar.public.to_string(), host, ..impostor.started.peer.clone() });
    two.a.started.mesh.connect(MeshPeer { key: String::new(), host: 5, ..impostor.started.peer.clone() });
    wait_for("it is counted", || two.a.started.mesh.counters().keys_refused >= refused + 2);
}

#[test]
fn a_host_changes_its_key_while_the_others_run() {
    let mut two = Two::talking();
    let (old, new) = (two.b.pair.clone(), pair());
    // First everybody accepts both; nothing happens to links that are up.
    two.keys.write(&[&two.a.pair, &old, &new]);
    assert!(two.a.accepted.renew().expect("a list"));
    two.still_talk();
    // Then the host comes back with the new one.
    let Two { keys, a, b, mut at_a, at_b } = two;
    drop((at_b, b));
    let b = keys.start(2, 2, &new);
    connect_all(&[&a.started, &b.started]);
    let mut at_b = Ear::of(&b.started, 0);
    at_b.subscribe(b"");
    talk(&mut at_a, &mut at_b);
    // Then the old one is taken off.
    keys.write(&[&a.pair, &new]);
    assert!(a.accepted.renew().expect("a list") && b.accepted.renew().expect("a list"));
    talk(&mut at_a, &mut at_b);
    let late = keys.start(3, 1, &old);
    connect_all(&[&a.started, &late.started]);
    wait_for("the old key is refused", || a.started.mesh.counters().keys_refused > 0);
    wait_for("the one link stays", || a.started.mesh.counters().links == 1);
}

#[test]
fn a_host_whose_key_is_taken_off_is_not_believed_any_more() {
    let mut two = Two::talking();
    wait_for("the link is up", || two.a.started.mesh.counters().links == 1);
    two.keys.write(&[&two.a.pair]);
    assert!(two.a.accepted.renew().expect("a list"));
    wait_for("the link is gone", || two.a.started.mesh.counters().links == 0);
    two.at_a.heard();
    two.at_b.publish(topic(1), 99);
    std::thread::sleep(Duration::from_millis(100));
    assert!(!two.at_a.heard().iter().any(|note| note.number == 99));
    two.keys.write(&[&two.a.pair, &two.b.pair]);
    assert!(two.a.accepted.renew().expect("a list"));
    wait_for("and is made again by itself", || two.a.started.mesh.counters().links == 1);
    two.still_talk();
}

#[test]
fn a_crowd_with_wrong_keys_stalls_nobody() {
    let mut two = Two::talking();
    let peer = two.a.started.peer.clone();
    let context = zmq::Context::new();
    let crowd: Vec<zmq::Socket> = (0..100)
        .map(|_| {
            let socket = context.socket(zmq::DEALER).expect("a socket");
            socket.set_linger(0).expect("an option");
            let own = zmq::CurveKeyPair::new().expect("CURVE");
            let server: Vec<u8> =
                (0..32).map(|n| u8::from_str_radix(&peer.key[2 * n..2 * n + 2], 16).expect("digits")).collect();
            socket.set_curve_serverkey(&server).expect("an option");
            socket.set_curve_publickey(&own.public_key).expect("an option");
            socket.set_curve_secretkey(&own.secret_key).expect("an option");
            socket.connect(&format!("tcp://{}", peer.direct_address)).expect("an address");
            socket
        })
        .collect();
    for _ in 0..10 {
        two.still_talk();
    }
    wait_for("each is refused", || two.a.started.mesh.counters().keys_refused >= crowd.len() as u64);
    two.still_talk();
}
