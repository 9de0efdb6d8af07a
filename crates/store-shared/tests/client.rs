//! What a client sees: the port's semantics, and the truth when the server fails.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use store::conformance::CHECKS;
use store::{Document, MemoryStore, Reply, Request, Store};
use store_shared::{DOCUMENT_BYTES, ServerLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::{Server, Silent, Slow, any_port, client, client_within, get, insert, key, listen, memory};

const SOON: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn conforms() {
    for check in CHECKS {
        let server = Server::start(memory()).await;
        let run = (check.run)(Arc::new(client(server.address)));
        timeout(Duration::from_secs(20), run).await.unwrap_or_else(|_| panic!("{} hangs", check.name));
        server.stop().await;
    }
}

#[tokio::test]
async fn two_clients_share_one_store() {
    let server = Server::start(memory()).await;
    let (one, two) = (client(server.address), client(server.address));
    assert!(matches!(one.execute(insert("anna")).await, Reply::Applied { .. }));
    assert!(matches!(two.execute(get("anna")).await, Reply::Found { .. }));
    assert_eq!(two.execute(insert("anna")).await, Reply::Conflict);
}

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_write_leaves_it_unknown() {
    let store = Arc::new(Silent::default());
    let server = Server::start(Arc::clone(&store) as Arc<dyn Store>).await;
    let client = Arc::new(client(server.address));
    client.connected(SOON).await.expect("it is there");
    let start = Instant::now();
    let ask = |request| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.execute(request).await })
    };
    let (read, write) = (ask(get("anna")), ask(insert("anna")));
    while !matches!(store.0.apply(get("anna")), Reply::Found { .. }) {
        sleep(Duration::from_millis(5)).await;
    }
    server.kill().await;
    assert_eq!(write.await.expect("no panic"), Reply::Unknown);
    assert_eq!(read.await.expect("no panic"), Reply::NotApplied);
    assert!(start.elapsed() < SOON, "a broken connection is noticed before the deadline");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_within_the_deadline() {
    let server = Server::start(Arc::new(Silent::default())).await;
    for (request, reply) in [(insert("anna"), Reply::Unknown), (get("anna"), Reply::NotApplied)] {
        // A client of its own: a link that was silent for twice the deadline is left, with all that waits on it.
        let client = client_within(DEADLINE, server.address);
        client.connected(SOON).await.expect("it is there");
        let start = Instant::now();
        assert_eq!(timeout(SOON, client.execute(request)).await.expect("no hang"), reply);
        assert!(start.elapsed() >= DEADLINE);
    }
}

#[tokio::test]
async fn nobody_there_means_not_applied_and_it_stays_so() {
    let listener = listen(any_port());
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let client = client_within(DEADLINE, address);
    let error = client.connected(Duration::from_millis(200)).await.expect_err("nobody is there");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    for request in [insert("anna"), get("anna")] {
        assert_eq!(timeout(SOON, client.execute(request)).await.expect("no hang"), Reply::NotApplied);
    }
    // What was given up before it was sent is not sent when the server comes.
    let _server = Server::start_at(address, memory(), ServerLimits::default()).await;
    client.connected(SOON).await.expect("it connects by itself");
    assert_eq!(client.execute(get("anna")).await, Reply::Absent);
}

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let store = memory();
    let mut server = Server::start(Arc::clone(&store)).await;
    let client = client_within(DEADLINE, server.address);
    for round in 0..3 {
        client.connected(SOON).await.expect("it is there");
        assert!(matches!(client.execute(insert(round)).await, Reply::Applied { .. }), "round {round}");
        let address = server.kill().await;
        sleep(Duration::from_millis(50)).await;
        server = Server::start_at(address, Arc::clone(&store), ServerLimits::default()).await;
        while client.execute(get(round)).await == Reply::NotApplied {}
        assert!(matches!(client.execute(get(round)).await, Reply::Found { .. }));
    }
}

#[tokio::test]
async fn a_thousand_requests_at_once_are_all_answered() {
    let server = Server::start(Arc::new(Slow(MemoryStore::new(), Duration::from_millis(20)))).await;
    let client = Arc::new(client(server.address));
    let start = Instant::now();
    let asked: Vec<_> = (0..1_000)
        .map(|n| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.execute(insert(n)).await })
        })
        .collect();
    for reply in asked {
        assert!(matches!(reply.await.expect("no panic"), Reply::Applied { .. }));
    }
    assert!(start.elapsed() < Duration::from_secs(10), "one after the other they would take 20 s");
}

#[tokio::test]
async fn a_document_too_large_is_not_applied_and_harms_nobody() {
    let server = Server::start(memory()).await;
    let client = client(server.address);
    let text = |bytes: usize| Document::new(1, &json!({ "text": "x".repeat(bytes) })).expect("an object");
    let too_large = Request::Insert { key: key("anna"), document: text(DOCUMENT_BYTES) };
    assert_eq!(client.execute(too_large).await, Reply::NotApplied);
    let large = Request::Insert { key: key("anna"), document: text(DOCUMENT_BYTES - 100) };
    assert!(matches!(client.execute(large).await, Reply::Applied { .. }));
    assert!(matches!(client.execute(get("anna")).await, Reply::Found { .. }));
}

#[tokio::test]
async fn a_server_that_sends_garbage_is_left() {
    let garbage: [&[u8]; 5] = [
        &[0xff; 64],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        // Applied, to a request that was never made.
        &[8, 0, 0, 0, 67, 0, 1, 0, 99, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        // Absent, for a write.
        &[0, 0, 0, 0, 66, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        // Half of an answer, and then the end.
        &[8, 0, 0, 0, 67, 0],
    ];
    for bytes in garbage {
        let listener = listen(any_port());
        let client = client(listener.local_addr().expect("bound"));
        let hostile = async {
            let (mut stream, _) = listener.accept().await.expect("the client comes");
            stream.read_u8().await.expect("the client asks");
            stream.write_all(bytes).await.expect("it goes out");
        };
        let (reply, ()) = tokio::join!(client.execute(insert("anna")), hostile);
        assert_eq!(reply, Reply::Unknown, "{bytes:?}");
        timeout(SOON, listener.accept()).await.expect("the client comes again").expect("no error");
    }
}
