//! The live feed and its watchers.

use std::time::Duration;

use console::HostRule;
use console::limits::{FRAME_INTERVAL, MAX_WATCHERS};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::fixture::{Counting, PATIENCE, Running};

type Watcher = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn watch(console: &Running) -> Result<Watcher, Error> {
    connect_async(format!("ws://{}/live", console.addr)).await.map(|(watcher, _)| watcher)
}

async fn next_frame(watcher: &mut Watcher) -> serde_json::Value {
    let message = timeout(PATIENCE, watcher.next()).await.expect("in time").expect("open").expect("a message");
    serde_json::from_str(message.to_text().expect("text")).expect("JSON")
}

#[tokio::test]
async fn frames_are_short_and_follow_each_other() {
    let console = Running::start();
    let mut watcher = watch(&console).await.expect("a place");
    let (first, second) = (next_frame(&mut watcher).await, next_frame(&mut watcher).await);
    assert!(second["at_ms"].as_u64() > first["at_ms"].as_u64());
    assert!(second["entities"][0][1].as_i64() > first["entities"][0][1].as_i64(), "it moves");
    let expected = serde_json::json!([u64::MAX.to_string(), first["entities"][0][1], 0, 0, 0, 0, 0, 1, "Ann \"<b>\""]);
    assert_eq!(first["entities"][0], expected);
    assert_eq!(first["chunks"], serde_json::json!([[-1, 2, 2, [[0, 1]], 3, 1800, [4, 3, 2, true]]]));
    assert_eq!(first["links"], serde_json::json!([[0, 1, 0.0, 12.5, 0, true]]));
    assert_eq!(first["entities_left_out"], 0);
    console.stop().await;
}

#[tokio::test]
async fn nobody_watching_costs_nothing() {
    let console = Running::start();
    sleep(FRAME_INTERVAL * 3).await;
    assert_eq!(console.asked(), 0, "before anybody came");
    let mut watcher = watch(&console).await.expect("a place");
    next_frame(&mut watcher).await;
    watcher.close(None).await.expect("leaves");
    drop(watcher);
    sleep(FRAME_INTERVAL * 3).await;
    let asked = console.asked();
    sleep(FRAME_INTERVAL * 4).await;
    assert_eq!(console.asked(), asked, "after everybody left");
    let mut again = watch(&console).await.expect("a place");
    next_frame(&mut again).await;
    console.stop().await;
}

#[tokio::test]
async fn many_watchers_share_each_frame() {
    let console = Running::start();
    let mut watchers = Vec::new();
    for _ in 0..MAX_WATCHERS {
        watchers.push(watch(&console).await.expect("a place"));
    }
    let refused = watch(&console).await;
    assert!(matches!(&refused, Err(Error::Http(answer)) if answer.status() == 503), "{refused:?}");
    for watcher in &mut watchers {
        next_frame(watcher).await;
    }
    let before = console.asked();
    sleep(Duration::from_secs(1)).await;
    let in_a_second = console.asked() - before;
    assert!(in_a_second <= 7, "{in_a_second} snapshots in a second for {MAX_WATCHERS} watchers");
    console.stop().await;
}

#[tokio::test]
async fn a_foreign_page_cannot_watch() {
    let console = Running::start();
    let mut request = format!("ws://{}/live", console.addr).into_client_request().expect("a request");
    request.headers_mut().insert("Origin", "http://evil.example".parse().expect("a value"));
    let refused = connect_async(request).await;
    assert!(matches!(&refused, Err(Error::Http(answer)) if answer.status() == 403), "{refused:?}");
    console.stop().await;
}

#[tokio::test]
async fn a_watcher_that_shouts_is_closed_and_the_others_stay() {
    let console = Running::start();
    let mut quiet = watch(&console).await.expect("a place");
    let mut loud = watch(&console).await.expect("a place");
    loud.send(Message::text("hello")).await.expect("small talk is dropped");
    next_frame(&mut loud).await;
    loud.send(Message::binary(vec![0; 1 << 20])).await.ok();
    let closed = async { while let Some(Ok(_)) = loud.next().await {} };
    timeout(PATIENCE, closed).await.expect("closed");
    next_frame(&mut quiet).await;
    console.stop().await;
}

#[tokio::test]
async fn a_watcher_that_stalls_misses_frames_and_delays_nobody() {
    let heavy = Counting { ballast: "x".repeat(2 << 20), ..Counting::default() };
    let console = Running::start_with(HostRule::default(), heavy);
    let mut stalled = watch(&console).await.expect("a place");
    let mut brisk = watch(&console).await.expect("a place");
    let mut stamps = Vec::new();
    for _ in 0..8 {
        stamps.push(next_frame(&mut brisk).await["at_ms"].as_u64().expect("a number"));
    }
    assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "{stamps:?}");
    let mut late = Vec::new();
    for _ in 0..3 {
        late.push(next_frame(&mut stalled).await["at_ms"].as_u64().expect("a number"));
    }
    let skipped = late.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(skipped > Some(3), "it was sent everything: {late:?} of {stamps:?}");
    console.stop().await;
}

#[tokio::test]
async fn shutdown_says_goodbye() {
    let console = Running::start();
    let mut watcher = watch(&console).await.expect("a place");
    next_frame(&mut watcher).await;
    console.stop().await;
    let goodbye = async {
        loop {
            match watcher.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|f| u16::from(f.code)),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    };
    assert_eq!(timeout(PATIENCE, goodbye).await.expect("in time"), Some(1001));
}
