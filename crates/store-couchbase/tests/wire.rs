//! The stand-in, spoken to byte by byte: it lets in who it should, and is strict.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::standin::packet::{op, status};
use crate::standin::{BUCKET, Fate, StandIn, USER};

/// A client that knows the protocol and nothing else.
struct Bare(TcpStream);

impl Bare {
    async fn connect(standin: &StandIn) -> Self {
        Self(TcpStream::connect(("127.0.0.1", standin.ports()[0])).await.expect("it listens"))
    }

    async fn let_in(standin: &StandIn) -> Self {
        let mut bare = Self::connect(standin).await;
        let plain = format!("\0{}\0{}", USER.0, USER.1);
        assert_eq!(bare.ask(op::SASL_AUTH, 0, b"", b"PLAIN", plain.as_bytes()).await.0, status::SUCCESS);
        assert_eq!(bare.ask(op::SELECT_BUCKET, 0, b"", BUCKET.as_bytes(), b"").await.0, status::SUCCESS);
        bare
    }

    /// Status, CAS and value of the answer.
    async fn ask(&mut self, op: u8, cas: u64, extras: &[u8], key: &[u8], value: &[u8]) -> (u16, u64, Vec<u8>) {
        let short = |length: usize| u16::try_from(length).expect("short");
        let mut bytes = vec![0x80, op];
        bytes.extend(short(key.len()).to_be_bytes());
        bytes.extend([u8::try_from(extras.len()).expect("short"), 0, 0, 0, 0, 0]);
        bytes.extend(short(extras.len() + key.len() + value.len()).to_be_bytes());
        bytes.extend(7_u32.to_be_bytes());
        bytes.extend(cas.to_be_bytes());
        self.0.write_all(&[&bytes, extras, key, value].concat()).await.expect("it is taken");
        let mut header = [0; 24];
        self.0.read_exact(&mut header).await.expect("an answer");
        let number = |at: std::ops::Range<usize>| header[at].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let mut body = vec![0; usize::try_from(number(8..12)).expect("small")];
        self.0.read_exact(&mut body).await.expect("all of the answer");
        assert_eq!((header[0], header[1], number(12..16)), (0x81, op, 7));
        let status = u16::from_be_bytes([header[6], header[7]]);
        (status, number(16..24), body.split_off(usize::from(header[4])))
    }
}

/// The flags of JSON, and no expiry.
const JSON: &[u8] = &[2, 0, 0, 0, 0, 0, 0, 0];

#[tokio::test]
async fn strangers_get_nothing() {
    let standin = StandIn::start().await;
    let mut bare = Bare::connect(&standin).await;
    for op in [op::SELECT_BUCKET, op::GET, op::ADD, op::GET_CLUSTER_CONFIG, op::GET_COLLECTION_ID] {
        assert_eq!(bare.ask(op, 0, b"", b"", b"").await.0, status::NO_ACCESS, "{op:#x}");
    }
    assert_eq!(bare.ask(op::SASL_AUTH, 0, b"", b"PLAIN", b"\0tombolo\0guess").await.0, status::AUTH_ERROR);
    assert_eq!(bare.ask(op::SASL_STEP, 0, b"", b"", b"c=biws,r=,p=").await.0, status::AUTH_ERROR);
    assert_eq!(bare.ask(op::GET, 0, b"", b"\0key", b"").await.0, status::NO_ACCESS);
    assert_eq!(bare.ask(0x77, 0, b"", b"", b"").await.0, status::NO_ACCESS);
}

#[tokio::test]
async fn a_bucket_comes_before_its_documents() {
    let standin = StandIn::start().await;
    let mut bare = Bare::connect(&standin).await;
    let plain = format!("\0{}\0{}", USER.0, USER.1);
    bare.ask(op::SASL_AUTH, 0, b"", b"PLAIN", plain.as_bytes()).await;
    assert_eq!(bare.ask(op::GET, 0, b"", b"\0key", b"").await.0, status::NO_BUCKET);
    assert_eq!(bare.ask(op::SELECT_BUCKET, 0, b"", b"other", b"").await.0, status::NO_ACCESS);
    let (_, _, config) = bare.ask(op::GET_CLUSTER_CONFIG, 0, b"", b"", b"").await;
    assert!(!String::from_utf8_lossy(&config).contains("vBucketMap"));
    bare.ask(op::SELECT_BUCKET, 0, b"", BUCKET.as_bytes(), b"").await;
    let (_, _, config) = bare.ask(op::GET_CLUSTER_CONFIG, 0, b"", b"", b"").await;
    assert!(String::from_utf8_lossy(&config).contains("vBucketMap"));
}

#[tokio::test]
async fn versions_are_compared() {
    let standin = StandIn::start().await;
    let mut bare = Bare::let_in(&standin).await;
    let key = b"\0key";
    assert_eq!(bare.ask(op::REPLACE, 5, JSON, key, b"{}").await.0, status::NOT_FOUND);
    let (done, first, _) = bare.ask(op::ADD, 0, JSON, key, b"[1]").await;
    assert_eq!(done, status::SUCCESS);
    assert_eq!(bare.ask(op::ADD, 0, JSON, key, b"[2]").await.0, status::EXISTS);
    assert_eq!(bare.ask(op::REPLACE, first + 1, JSON, key, b"[2]").await.0, status::EXISTS);
    let (_, second, _) = bare.ask(op::REPLACE, first, JSON, key, b"[2]").await;
    assert_eq!(bare.ask(op::GET, 0, b"", key, b"").await, (status::SUCCESS, second, b"[2]".to_vec()));
    assert_eq!(bare.ask(op::DELETE, first, b"", key, b"").await.0, status::EXISTS);
    assert_eq!(bare.ask(op::DELETE, second, b"", key, b"").await.0, status::SUCCESS);
    assert_eq!(bare.ask(op::GET, 0, b"", key, b"").await.0, status::NOT_FOUND);
    assert_eq!(bare.ask(op::GET, 0, b"", b"\x05key", b"").await.0, status::UNKNOWN_COLLECTION);
    assert_eq!(standin.history().len(), 3);
}

#[tokio::test]
async fn a_write_of_a_kind_that_is_never_ours_is_noticed() {
    let standin = StandIn::start().await;
    let mut bare = Bare::let_in(&standin).await;
    bare.ask(op::ADD, 0, JSON, b"\0key", b"no JSON").await;
    bare.ask(op::REPLACE, 0, JSON, b"\0key", b"{}").await;
    bare.ask(op::ADD, 0, &[0; 8], b"\0other", b"{}").await;
    let noticed = standin.documents(|documents| std::mem::take(&mut documents.violations));
    assert_eq!(noticed.len(), 3, "{noticed:?}");
}

#[tokio::test]
async fn fates_are_met_in_order() {
    let standin = StandIn::start().await;
    let mut bare = Bare::let_in(&standin).await;
    standin.decide(|met| match met.before {
        0 => Fate::Refuse(status::TEMPORARY_FAILURE),
        1 => Fate::ApplyAndSay(status::SYNC_WRITE_AMBIGUOUS),
        _ => Fate::Serve,
    });
    assert_eq!(bare.ask(op::ADD, 0, JSON, b"\0key", b"{}").await.0, status::TEMPORARY_FAILURE);
    assert_eq!(bare.ask(op::ADD, 0, JSON, b"\0key", b"{}").await.0, status::SYNC_WRITE_AMBIGUOUS);
    assert_eq!(bare.ask(op::ADD, 0, JSON, b"\0key", b"{}").await.0, status::EXISTS);
    assert_eq!(standin.history().len(), 1);
    assert_eq!(standin.met("key"), 3);
}
