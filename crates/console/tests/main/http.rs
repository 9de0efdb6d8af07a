//! Pages, figures and refusals.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use console::limits::MAX_CONNECTIONS;
use console::{Console, HostRule, Snapshot, Source};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fixture::{Counting, PATIENCE, Running};

#[tokio::test]
async fn every_path_answers_with_its_kind() {
    let console = Running::start();
    for (path, status, kind, part) in [
        ("/", 200, "text/html; charset=utf-8", "<title>Tombolo map</title>"),
        ("/style.css", 200, "text/css; charset=utf-8", "prefers-color-scheme"),
        ("/app.js", 200, "text/javascript; charset=utf-8", "__tombolo"),
        ("/feed.js", 200, "text/javascript; charset=utf-8", "WebSocket"),
        ("/favicon.svg", 200, "image/svg+xml", "<svg"),
        ("/healthz", 200, "text/plain; charset=utf-8", "ok"),
        ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "tombolo_entities 1\n"),
        ("/api/snapshot", 200, "application/json", "\"zebras_total\":4.0,\"ants_ms\":0.5"),
        ("/api/nothing", 404, "text/plain; charset=utf-8", "not found"),
        ("/../Cargo.toml", 404, "text/plain; charset=utf-8", "not found"),
        ("/live", 400, "text/plain; charset=utf-8", ""),
    ] {
        let answer = console.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some(kind)), "{path}");
        assert!(answer.text().contains(part), "{path}: {}", answer.text());
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    console.stop().await;
}

#[tokio::test]
async fn every_script_that_a_script_imports_is_served() {
    let console = Running::start();
    let mut waiting = vec!["/app.js".to_owned()];
    let mut seen = Vec::new();
    while let Some(path) = waiting.pop() {
        let answer = console.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        let imports = answer.text().lines().filter_map(|line| line.split_once(" from \"")?.1.strip_suffix("\";"));
        waiting.extend(imports.filter(|i| !seen.contains(&(*i).to_owned())).map(str::to_owned));
        seen.push(path);
    }
    assert!(seen.len() >= 7, "{seen:?}");
    console.stop().await;
}

#[tokio::test]
async fn the_snapshot_survives_json() {
    let console = Running::start();
    let answer = console.get("/api/snapshot").await;
    let read: Snapshot = serde_json::from_slice(&answer.body).expect("the types read what they wrote");
    let given = Snapshot { at_ms: read.at_ms, entities: read.entities.clone(), ..Counting::default().snapshot() };
    assert_eq!(read, given);
    assert_eq!(answer.json()["entities"][0]["id"], u64::MAX.to_string());
    assert_eq!(answer.json()["island"]["seed"], u64::MAX.to_string());
    console.stop().await;
}

#[tokio::test]
async fn only_get_is_answered() {
    let console = Running::start();
    let host = console.addr.to_string();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in ["/", "/api/snapshot", "/live", "/metrics"] {
            assert_eq!(console.ask(method, path, &[("Host", &host)]).await.status, 405, "{method} {path}");
        }
    }
    assert_eq!(console.ask("HEAD", "/metrics", &[("Host", &host)]).await.status, 200);
    console.stop().await;
}

#[tokio::test]
async fn rebinding_and_foreign_pages_are_refused() {
    let console = Running::start_with(HostRule::new(["map.example"]), Counting::default());
    let own = console.addr.to_string();
    let own_origin = format!("http://{own}");
    let port = console.addr.port();
    let local = format!("localhost:{port}");
    let rows: [(&[(&str, &str)], u16); 9] = [
        (&[("Host", &own)], 200),
        (&[("Host", &local)], 200),
        (&[("Host", "map.example")], 200),
        (&[("Host", "map.example"), ("Origin", "https://map.example")], 200),
        (&[("Host", &own), ("Origin", &own_origin)], 200),
        (&[("Host", "evil.example")], 403),
        (&[("Host", &own), ("Origin", "http://evil.example")], 403),
        (&[("Host", &own), ("Origin", "http://127.0.0.1:1")], 403),
        (&[("Host", &own), ("Origin", "null")], 403),
    ];
    for (headers, status) in rows {
        for path in ["/api/snapshot", "/"] {
            assert_eq!(console.ask("GET", path, headers).await.status, status, "{path} {headers:?}");
        }
    }
    console.stop().await;
}

#[tokio::test]
async fn a_greedy_poller_does_not_reach_the_source() {
    let console = Running::start();
    let begun = std::time::Instant::now();
    for _ in 0..40 {
        console.get("/api/snapshot").await;
        console.get("/metrics").await;
        console.get("/api/terrain").await;
    }
    let most = begun.elapsed().as_millis() as u64 / 100 + 1;
    assert!(console.asked() <= most, "{} times, not at most {most}", console.asked());
    assert_eq!(console.source.drawn.load(Ordering::SeqCst), 1);
    console.stop().await;
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_room_comes_back() {
    let console = Running::start();
    let mut held = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        held.push(TcpStream::connect(console.addr).await.expect("connects"));
    }
    let mut one_more = TcpStream::connect(console.addr).await.expect("the system accepts it");
    let read = timeout(PATIENCE, one_more.read(&mut [0; 1])).await.expect("closed at once");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    drop(held);
    // The console notices the closed ones in its own time.
    let healthy = async {
        loop {
            let mut stream = TcpStream::connect(console.addr).await.expect("connects");
            let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", console.addr);
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await;
            let mut answer = String::new();
            if stream.read_to_string(&mut answer).await.is_ok() && answer.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    };
    timeout(PATIENCE, healthy).await.expect("room again");
    console.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_message() {
    let first = Running::start();
    let again = Console::bind(first.addr, Arc::new(Counting::default()));
    let message = again.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains(&first.addr.to_string()) && message.contains("in use"), "{message}");
    first.stop().await;
}
