//! Two ends in memory, and files as operators mistreat them.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::{Identity, Received, Renewal, Session, TlsError, Trust};

/// A folder with the files of an authority and of a server that is called `localhost` and 127.0.0.1.
struct Files {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Files {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let files = Self { folder: TempDir::new().expect("a folder"), authority };
        files.write("ca.pem", &files.authority.pem());
        let (certificate, key) = files.sign();
        files.write("certificate.pem", &certificate);
        files.write("key.pem", &key);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("writes");
    }

    /// A new certificate and its key.
    fn sign(&self) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".into(), "127.0.0.1".into()]).expect("names");
        (params.signed_by(&key, &self.authority).expect("a certificate").pem(), key.serialize_pem())
    }

    fn identity(&self) -> Result<Identity, TlsError> {
        Identity::load(self.path("certificate.pem"), self.path("key.pem"))
    }

    fn trust(&self) -> Trust {
        Trust::in_file(&self.path("ca.pem")).expect("an authority")
    }
}

/// Both ends, and what each has read.
struct Pair {
    client: Session,
    server: Session,
}

impl Pair {
    fn new(identity: &Identity, trust: &Trust, address: &str) -> Self {
        let client = Session::open(trust, address).expect("a name");
        Self { client, server: Session::accept(identity).expect("a server") }
    }

    /// Carries bytes both ways in pieces of `step` until nobody has any. What the client and the server read.
    fn settle(&mut self, step: usize) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
        let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
        while !self.client.unsent().is_empty() || !self.server.unsent().is_empty() {
            carry(&mut self.client, &mut self.server, step, &mut to_server)?;
            carry(&mut self.server, &mut self.client, step, &mut to_client)?;
        }
        Ok((to_client, to_server))
    }
}

fn carry(from: &mut Session, to: &mut Session, step: usize, plain: &mut Vec<u8>) -> Result<(), TlsError> {
    let piece = from.unsent()[..from.unsent().len().min(step)].to_vec();
    from.took(piece.len()).expect("goes on");
    to.receive(&piece, |bytes| plain.extend_from_slice(bytes)).map(drop)
}

#[test]
fn what_is_sealed_is_opened_however_it_is_cut() {
    let files = Files::new();
    let (identity, trust) = (files.identity().expect("an identity"), files.trust());
    for step in [1, 7, 1_000, 100_000] {
        let mut pair = Pair::new(&identity, &trust, "127.0.0.1:7700");
        assert_eq!(pair.settle(step).expect("a handshake"), (Vec::new(), Vec::new()));
        assert!(pair.client.is_ready() && pair.server.is_ready());
        pair.client.seal(b"hello").expect("seals");
        let great: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
        pair.server.seal(&great).expect("seals");
        assert!(!pair.server.unsent().windows(64).any(|part| part == &great[..64]), "sealed");
        assert_eq!(pair.settle(step).expect("carried"), (great, b"hello".to_vec()), "in pieces of {step}");
    }
}

#[test]
fn a_farewell_is_told_from_a_cut() {
    let files = Files::new();
    let mut pair = Pair::new(&files.identity().expect("an identity"), &files.trust(), "localhost:1");
    pair.settle(1_000).expect("a handshake");
    pair.server.close().expect("closes");
    let bytes = pair.server.unsent().to_vec();
    assert_eq!(pair.client.receive(&bytes, |_| panic!("no bytes")).expect("in order"), Received::Ended);
}

#[test]
fn who_is_somebody_else_is_not_believed() {
    let (files, others) = (Files::new(), Files::new());
    let identity = files.identity().expect("an identity");
    for (trust, address, ready) in [
        (files.trust(), "localhost:7700", true),
        (files.trust(), "127.0.0.1:7700", true),
        (files.trust(), "127.0.0.2:7700", false),
        (files.trust(), "elsewhere.example:7700", false),
        (others.trust(), "localhost:7700", false),
    ] {
        let mut pair = Pair::new(&identity, &trust, address);
        let outcome = pair.settle(1_000);
        assert_eq!(outcome.is_ok() && pair.client.is_ready(), ready, "{address}: {outcome:?}");
        if !ready {
            let alert = pair.client.unsent().to_vec();
            let told = pair.server.receive(&alert, |_| ()).expect_err("the server is told");
            assert!(told.to_string().contains("alert"), "{told}");
        }
    }
    assert!(matches!(Session::open(&files.trust(), "no name:1"), Err(TlsError::Name(_))));
}

#[test]
fn garbage_ends_the_session_and_never_more() {
    let files = Files::new();
    let identity = files.identity().expect("an identity");
    let hello = Session::open(&files.trust(), "localhost:1").expect("a name").unsent().to_vec();
    let mut torn = hello.clone();
    torn[20..].iter_mut().for_each(|byte| *byte ^= 0x55);
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 0xff, 0xff, 1, 0], &[0; 64], &[0xff; 9_000], &torn] {
        let mut server = Session::accept(&identity).expect("a server");
        let outcome = server.receive(garbage, |_| panic!("no bytes of {garbage:?}"));
        assert!(outcome.is_err() || !server.is_ready(), "{garbage:?}");
    }
}

#[test]
fn who_asks_for_new_keys_and_never_reads_costs_no_more_than_one_answer() {
    let files = Files::new();
    let mut pair = Pair::new(&files.identity().expect("an identity"), &files.trust(), "localhost:1");
    pair.settle(1_000).expect("a handshake");
    let mut most = 0;
    for _ in 0..1_000 {
        pair.client.renew_keys().expect("asks");
        pair.client.seal(b"x").expect("seals");
        let bytes = pair.client.unsent().to_vec();
        pair.client.took(bytes.len()).expect("goes on");
        let _ = pair.server.receive(&bytes, |_| ());
        most = most.max(pair.server.unsent().len());
    }
    pair.server.seal(b"after it all").expect("seals");
    most = most.max(pair.server.unsent().len());
    assert!(most < 100, "{most} bytes kept");
    assert_eq!(pair.settle(1_000).expect("in order").0, b"after it all");
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_remedy() {
    let files = Files::new();
    let (_, foreign) = files.sign();
    let certificate = fs::read_to_string(files.path("certificate.pem")).expect("reads");
    let cases: &[(&str, Option<&str>, &[&str])] = &[
        ("certificate.pem", None, &["certificate.pem", "name a PEM file"]),
        ("key.pem", None, &["key.pem", "name a PEM file"]),
        ("certificate.pem", Some("nonsense"), &["certificate.pem", "BEGIN CERTIFICATE"]),
        (
            "certificate.pem",
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            &["certificate.pem"],
        ),
        ("key.pem", Some(""), &["key.pem", "BEGIN PRIVATE KEY"]),
        ("key.pem", Some(&certificate), &["key.pem", "private key"]),
        ("key.pem", Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), &["key.pem"]),
        ("key.pem", Some(&foreign), &["key.pem", "certificate.pem", "comes first"]),
    ];
    for (file, content, named) in cases {
        let files = Files::new();
        match content {
            Some(content) => files.write(file, content),
            None => fs::remove_file(files.path(file)).expect("removes"),
        }
        let error = files.identity().expect_err(file).to_string();
        named.iter().for_each(|part| assert!(error.contains(part), "{part} in {error}"));
    }
}

#[test]
fn a_certificate_is_renewed_while_sessions_go_on() {
    let (files, old_trust) = (Files::new(), Files::new().trust());
    let (identity, trust) = (files.identity().expect("an identity"), files.trust());
    let mut old = Pair::new(&identity, &trust, "localhost:1");
    old.settle(1_000).expect("a handshake");
    assert_eq!(identity.renew().expect("reads"), Renewal::Unchanged);
    // Another authority's: only the key is there at first, then both, then nothing.
    let next = Files::new();
    let other = |name: &str| fs::read_to_string(next.path(name)).expect("reads");
    files.write("key.pem", &other("key.pem"));
    assert!(matches!(identity.renew(), Err(TlsError::Mismatch { .. })));
    assert_eq!(identity.renew().expect("told once"), Renewal::Unchanged);
    assert!(Pair::new(&identity, &trust, "localhost:1").settle(1_000).is_ok(), "the old one serves");
    files.write("certificate.pem", &other("certificate.pem"));
    assert_eq!(identity.renew().expect("reads"), Renewal::Renewed);
    fs::remove_file(files.path("key.pem")).expect("removes");
    assert!(matches!(identity.renew(), Err(TlsError::Unreadable { .. })));
    assert_eq!(identity.renew().expect("told once"), Renewal::Unchanged);
    assert!(Pair::new(&identity, &next.trust(), "localhost:1").settle(1_000).is_ok(), "the new one serves");
    assert!(Pair::new(&identity, &trust, "localhost:1").settle(1_000).is_err(), "the old one is gone");
    assert!(Pair::new(&identity, &old_trust, "localhost:1").settle(1_000).is_err());
    old.client.seal(b"still here").expect("seals");
    assert_eq!(old.settle(1_000).expect("carried").1, b"still here");
}
