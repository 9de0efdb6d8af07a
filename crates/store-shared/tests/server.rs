//! What a server puts up with: hostile clients end their own connection and nothing else.

use std::sync::Arc;
use std::time::Duration;

use store::{MemoryStore, Reply, Store};
use store_shared::{MESSAGE_BYTES, ServerLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::{Server, Slow, any_port, client, client_within, get, insert, memory};

const SOON: Duration = Duration::from_secs(10);

async fn strict(store: Arc<dyn Store>) -> Server {
    let stall = Duration::from_millis(300);
    let limits = ServerLimits { clients: 3, in_flight: 4, unsent_bytes: 1024, stall, ..Default::default() };
    Server::start_at(any_port(), store, limits).await
}

/// Waits until the server closes the connection.
async fn assert_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset closes it as well as an end does.
    let _ = timeout(SOON, stream.read_to_end(&mut rest)).await.expect("the server closes it");
}

/// A message of any kind.
fn message(kind: u16, id: u64, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short");
    let head = [&length.to_le_bytes()[..], &kind.to_le_bytes(), &[1, 0], &id.to_le_bytes()].concat();
    [head, payload.to_vec()].concat()
}

/// The payload that begins with the key `a/b`.
fn keyed(rest: &[u8]) -> Vec<u8> {
    [&[3, 0][..], b"a/b", rest].concat()
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let server = strict(memory()).await;
    let good = client(server.address);
    good.connected(SOON).await.expect("it is there");
    let too_large = u32::try_from(MESSAGE_BYTES + 1).expect("below 4 GiB").to_le_bytes();
    let hostile: [Vec<u8>; 7] = [
        vec![0xff; 4096],
        b"GET / HTTP/1.1\r\nHost: store\r\n\r\n".to_vec(),
        too_large.to_vec(),
        message(1, 1, b"\xff\xff"),
        message(1, 1, &[&[4, 0][..], b"none"].concat()),
        message(2, 1, &keyed(b"{\"schema\":")),
        message(2, 1, &keyed("[".repeat(100_000).as_bytes())),
    ];
    for bytes in hostile {
        let mut stream = TcpStream::connect(server.address).await.expect("it listens");
        // The server may close before it has taken everything.
        let _ = stream.write_all(&bytes).await;
        assert_closed(&mut stream).await;
        assert_eq!(good.execute(get("anna")).await, Reply::Absent);
    }
}

#[tokio::test]
async fn half_a_message_is_not_awaited_for_ever() {
    let server = strict(memory()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    let start = Instant::now();
    for byte in message(1, 1, &keyed(b"")) {
        // A byte now and then does not buy more time.
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_closed(&mut stream).await;
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_idle_client_stays() {
    let server = strict(memory()).await;
    let idle = client(server.address);
    assert_eq!(idle.execute(get("anna")).await, Reply::Absent);
    sleep(Duration::from_millis(700)).await;
    idle.connected(Duration::from_millis(1)).await.expect("it is still connected");
    assert_eq!(idle.execute(get("anna")).await, Reply::Absent);
}

#[tokio::test]
async fn a_client_that_takes_no_replies_is_closed() {
    let server = strict(memory()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    let ask = message(1, 1, &keyed(b"")).repeat(10_000);
    let flood = async { while stream.write_all(&ask).await.is_ok() {} };
    timeout(Duration::from_secs(20), flood).await.expect("the server closes it");
    let good = client(server.address);
    assert_eq!(good.execute(get("anna")).await, Reply::Absent);
}

#[tokio::test]
async fn an_unknown_kind_is_answered_and_skipped() {
    let server = strict(memory()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    let asked = [message(9, 7, b"of the future"), message(1, 8, &keyed(b""))].concat();
    stream.write_all(&asked).await.expect("it goes out");
    let mut answered = vec![0; 32];
    timeout(SOON, stream.read_exact(&mut answered)).await.expect("in time").expect("two answers");
    assert_eq!(answered, [message(69, 7, b""), message(66, 8, b"")].concat());
}

#[tokio::test]
async fn one_client_too_many_is_closed_until_there_is_a_place() {
    let server = strict(memory()).await;
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(TcpStream::connect(server.address).await.expect("it listens"));
    }
    let mut fourth = TcpStream::connect(server.address).await.expect("it listens");
    assert_closed(&mut fourth).await;
    places.pop();
    sleep(Duration::from_millis(100)).await;
    let good = client(server.address);
    assert_eq!(good.execute(get("anna")).await, Reply::Absent);
}

#[tokio::test]
async fn a_graceful_stop_finishes_what_is_under_way() {
    let server = strict(Arc::new(Slow(MemoryStore::new(), Duration::from_millis(200)))).await;
    let client = Arc::new(client_within(Duration::from_secs(1), server.address));
    client.connected(SOON).await.expect("it is there");
    let asking = Arc::clone(&client);
    let write = tokio::spawn(async move { asking.execute(insert("anna")).await });
    sleep(Duration::from_millis(50)).await;
    server.stop().await;
    assert!(matches!(write.await.expect("no panic"), Reply::Applied { .. }));
    assert_eq!(client.execute(insert("bert")).await, Reply::NotApplied);
}
