//! Clients by TLS, and those who abuse it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use gateway::{Event, Gateway, Limits, Listener, Tls, Written};
use protocol::Code;
use tempfile::TempDir;
use tls::{Identity, Renewal, Session, Trust};

use crate::fixture::{Client, World, message, run};

/// A certificate of its own for 127.0.0.1, in files.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(TempDir::new().expect("a folder"));
        files.renew();
        files
    }

    fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        fs::write(self.0.path().join("certificate.pem"), made.cert.pem()).expect("writes");
        fs::write(self.0.path().join("key.pem"), made.signing_key.serialize_pem()).expect("writes");
    }

    fn tls(&self, required: bool) -> Tls {
        let identity = Identity::load(self.0.path().join("certificate.pem"), self.0.path().join("key.pem"));
        Tls { identity: Arc::new(identity.expect("an identity")), required }
    }

    fn session(&self) -> Session {
        let trust = Trust::in_file(&self.0.path().join("certificate.pem")).expect("trust");
        Session::open(&trust, "127.0.0.1:1").expect("a name")
    }
}

/// A gateway that takes clients by TLS.
fn open(tls: &Tls, limits: Limits) -> World {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    World::over(listener.with_tls(Some(tls.clone())), limits)
}

/// A client that speaks TLS.
struct Sealed {
    client: Client,
    session: Session,
    plain: Vec<u8>,
}

impl Sealed {
    async fn connect(world: &World, files: &Files) -> Self {
        let mut sealed =
            Self { client: Client::connect(world.address()).await, session: files.session(), plain: Vec::new() };
        while !sealed.session.is_ready() {
            sealed.push().await;
            sealed.pull().await.expect("a handshake");
        }
        sealed
    }

    /// Sends what is sealed.
    async fn push(&mut self) {
        while !self.session.unsent().is_empty() {
            let bytes = self.session.unsent().to_vec();
            self.client.send(&bytes).await;
            self.session.took(bytes.len()).expect("goes on");
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.session.seal(bytes).expect("seals");
        self.push().await;
    }

    async fn pull(&mut self) -> Result<tls::Received, tls::TlsError> {
        let bytes = self.client.read_some().await;
        self.session.receive(&bytes, |plain| self.plain.extend_from_slice(plain))
    }

    async fn read_exactly(&mut self, n: usize) -> Vec<u8> {
        while self.plain.len() < n {
            self.pull().await.expect("in order");
        }
        self.plain.drain(..n).collect()
    }
}

#[test]
fn a_client_by_tls_gets_one_write_and_one_system_call_too() {
    run(async {
        let files = Files::new();
        let mut world = open(&files.tls(true), Limits::default());
        let mut client = Sealed::connect(&world, &files).await;
        client.push().await;
        // Its first message comes with the last of the handshake or right behind it; both are read.
        client.send(&message(1)).await;
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        world.expect_message(conn, &message(1)).await;
        let before = world.gateway.counters();
        let parts: [Arc<[u8]>; 2] = [Arc::from(vec![b'p'; 9_000]), Arc::from(vec![b'q'; 9_000])];
        assert_eq!(world.gateway.write(conn, b"control", b"frames", &parts), Written::Taken);
        let after = world.gateway.counters();
        assert_eq!(after.writes - before.writes, 1, "two records of TLS, one system call");
        let read = client.read_exactly(18_013).await;
        assert_eq!((&read[..13], read[13], read[18_012]), (&b"controlframes"[..], b'p', b'q'));
        assert_eq!((after.secured, after.pending_bytes), (1, 0));
        world.gateway.close(conn);
        loop {
            if client.pull().await.expect("in order") == tls::Received::Ended {
                break;
            }
        }
    });
}

#[test]
fn a_first_message_in_the_same_packet_as_the_handshake_is_not_lost() {
    run(async {
        let files = Files::new();
        let mut world = open(&files.tls(false), Limits::default());
        let mut client =
            Sealed { client: Client::connect(world.address()).await, session: files.session(), plain: vec![] };
        client.push().await;
        while !client.session.is_ready() {
            client.pull().await.expect("a handshake");
        }
        let mut bytes = client.session.unsent().to_vec();
        client.session.took(bytes.len()).expect("goes on");
        client.session.seal(&message(7)).expect("seals");
        bytes.extend_from_slice(client.session.unsent());
        client.client.send(&bytes).await;
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        world.expect_message(conn, &message(7)).await;
    });
}

#[test]
fn where_tls_is_optional_both_come_in_at_one_port() {
    run(async {
        let files = Files::new();
        let mut world = open(&files.tls(false), Limits::default());
        let mut plain = Client::connect(world.address()).await;
        // Byte by byte: nobody knows what it is before the third.
        for byte in message(3) {
            plain.send(&[byte]).await;
            tokio::task::yield_now().await;
        }
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        world.expect_message(conn, &message(3)).await;
        let mut sealed = Sealed::connect(&world, &files).await;
        sealed.send(&message(4)).await;
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        world.expect_message(conn, &message(4)).await;
        assert_eq!(world.gateway.counters().secured, 1);
    });
}

#[test]
fn where_tls_is_required_a_client_without_it_is_told() {
    run(async {
        let files = Files::new();
        let mut world = open(&files.tls(true), Limits::default());
        let mut client = Client::connect(world.address()).await;
        client.send(&message(1)).await;
        client.expect_goodbye(Code::TlsRequired).await;
        assert!(world.is_quiet(20).await, "the node hears nothing of it");
        assert_eq!(world.gateway.counters().refused_plain, 1);
        world.gateway.emptied().await;
    });
}

#[test]
fn who_never_finishes_the_handshake_is_cut_and_the_node_hears_nothing() {
    run(async {
        let files = Files::new();
        let limits = Limits { greeting: Duration::from_millis(200), ..Limits::default() };
        let mut world = open(&files.tls(false), limits);
        let hello = files.session().unsent().to_vec();
        let beginnings: [&[u8]; 5] = [b"", &[22], &[22, 3], &hello[..hello.len() / 2], &hello];
        let mut slow = Vec::new();
        for beginning in beginnings {
            let mut client = Client::connect(world.address()).await;
            client.send(beginning).await;
            slow.push(client);
        }
        for client in &mut slow {
            client.read_to_the_cut().await;
        }
        world.gateway.emptied().await;
        assert!(world.is_quiet(1).await);
        assert_eq!((world.gateway.counters().late_greeting, world.gateway.counters().secured), (5, 0));
    });
}

#[test]
fn garbage_in_place_of_a_handshake_is_refused_with_an_alert() {
    run(async {
        let files = Files::new();
        let mut world = open(&files.tls(true), Limits::default());
        let mut torn = files.session().unsent().to_vec();
        torn[5..].iter_mut().for_each(|byte| *byte ^= 0x5a);
        let endless: Vec<u8> = std::iter::repeat_n([22, 3, 1, 64, 0], 1).flatten().chain([1; 60_000]).collect();
        for garbage in [&torn, &endless, &vec![22, 3, 1, 0xff, 0xff, 0, 0, 0, 0]] {
            let mut client = Client::connect(world.address()).await;
            client.send(garbage).await;
            let last = client.read_to_the_cut().await;
            assert!(last.is_empty() || last[0] == 21, "an alert or nothing: {last:?}");
        }
        world.gateway.emptied().await;
        assert!(world.is_quiet(1).await, "the node hears nothing of it");
        assert_eq!(world.gateway.counters().refused_greeting, 3);
        assert_eq!(world.gateway.counters().pending_bytes, 0);
    });
}

#[test]
fn garbage_behind_the_handshake_ends_the_connection() {
    run(async {
        let files = Files::new();
        let mut world = open(&files.tls(true), Limits::default());
        let mut client = Sealed::connect(&world, &files).await;
        client.push().await;
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        client.client.send(&[23, 3, 3, 0, 40]).await;
        client.client.send(&[7; 40]).await;
        world.expect_closed(conn).await;
    });
}

#[test]
fn who_reads_late_gets_all_that_was_sealed_and_loses_frames_whole() {
    run(async {
        let files = Files::new();
        let mut world = open(&files.tls(true), Limits::default());
        let mut client = Sealed::connect(&world, &files).await;
        client.push().await;
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        let mut taken = 0;
        while world.gateway.write(conn, &[], &[b'f'; 50_000], &[]) == Written::Taken {
            taken += 50_000;
            assert!(taken < 50_000_000, "never blocked");
        }
        assert!(world.gateway.counters().pending_bytes > 0);
        assert_eq!(world.gateway.write(conn, b"two", &[], &[]), Written::Taken);
        assert!(client.read_exactly(taken).await.iter().all(|byte| *byte == b'f'));
        assert_eq!(client.read_exactly(3).await, b"two");
        assert_eq!(world.event().await, Event::Drained { conn });
        assert_eq!(world.gateway.counters().pending_bytes, 0);
    });
}

#[test]
fn who_never_reads_is_cut_and_leaves_nothing() {
    run(async {
        let files = Files::new();
        let limits = Limits { stuck: Duration::from_millis(100), ..Limits::default() };
        let mut world = open(&files.tls(true), limits);
        let mut client = Sealed::connect(&world, &files).await;
        client.push().await;
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        while world.gateway.write(conn, &[], &[b'f'; 50_000], &[]) == Written::Taken {}
        world.expect_closed(conn).await;
        world.gateway.emptied().await;
        let counters = world.gateway.counters();
        assert_eq!((counters.stuck, counters.pending_bytes), (1, 0));
    });
}

#[test]
fn a_certificate_is_replaced_without_a_restart() {
    run(async {
        let files = Files::new();
        let tls = files.tls(true);
        let mut world = open(&tls, Limits::default());
        let mut old = Sealed::connect(&world, &files).await;
        old.push().await;
        let Event::Opened { conn } = world.event().await else { panic!("opened first") };
        files.renew();
        assert_eq!(tls.identity.renew().expect("reads"), Renewal::Renewed);
        let mut new = Sealed::connect(&world, &files).await;
        new.push().await;
        assert!(matches!(world.event().await, Event::Opened { .. }));
        old.send(&message(9)).await;
        world.expect_message(conn, &message(9)).await;
    });
}

#[test]
fn a_gateway_that_is_dropped_in_a_handshake_ends() {
    run(async {
        let files = Files::new();
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let address = listener.address();
        let gateway = Gateway::open(listener.with_tls(Some(files.tls(true))), Limits::default()).expect("a gateway");
        let mut client = Client::connect(address).await;
        client.send(&[22, 3, 1]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        gateway.shut_the_door();
        drop(gateway);
    });
}
