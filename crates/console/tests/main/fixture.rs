//! A console on a free port with a source that counts how often it is asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use console::{
    ChunkView, Cluster, Console, ConsoleError, Counters, EntityView, HostRule, IslandView, LinkView, NodeIndex,
    NodeView, Presence, Snapshot, Source, Swatch, Terrain, Things,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Counting {
    pub asked: AtomicU64,
    pub drawn: AtomicU64,
    /// Text that makes every frame large.
    pub ballast: String,
}

impl Source for Counting {
    fn snapshot(&self) -> Snapshot {
        let count = self.asked.fetch_add(1, Ordering::SeqCst);
        let node = |name: &str| NodeView { id: format!("{name}-1"), name: name.to_owned(), ..NodeView::default() };
        let entity = EntityView {
            id: u64::MAX,
            x: 120 * i32::try_from(count).unwrap_or(i32::MAX),
            name: Some("Ann \"<b>\"".to_owned()),
            ghost_on: 1,
            ..EntityView::default()
        };
        let publishers = vec![Presence { node: NodeIndex(0), entities: 1 }];
        Snapshot {
            at_ms: 1_000 + count,
            cluster: Cluster { name: "test".to_owned(), software: self.ballast.clone(), ..Cluster::default() },
            island: IslandView { id: 3, seed: u64::MAX, size_chunks: 1 },
            nodes: vec![node("ada"), node("bob")],
            chunks: vec![ChunkView {
                cx: -1,
                cy: 2,
                publishers,
                viewers: 2,
                step: 3,
                movers: 1_800,
                things: Things { taken: 4, piles: 3, built: 2, claimed: true },
            }],
            entities: vec![entity],
            links: vec![LinkView { to: NodeIndex(1), bytes_per_s: 12.5, up: true, ..LinkView::default() }],
            counters: Counters::from_iter([("zebras_total", 4.0), ("ants_ms", 0.5)]),
            events: Vec::new(),
        }
    }

    fn terrain(&self) -> Terrain {
        self.drawn.fetch_add(1, Ordering::SeqCst);
        Terrain::new(240, (15, 15), Swatch::nature(), vec![4; 225]).expect("a chunk of grass")
    }
}

/// A console that serves until it is stopped.
pub struct Running {
    pub addr: SocketAddr,
    pub source: Arc<Counting>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ConsoleError>>,
}

impl Running {
    pub fn start() -> Self {
        Self::start_with(HostRule::default(), Counting::default())
    }

    pub fn start_with(hosts: HostRule, source: Counting) -> Self {
        let source = Arc::new(source);
        let shown: Arc<dyn Source> = Arc::clone(&source) as _;
        let console = Console::bind(([127, 0, 0, 1], 0).into(), shown).expect("a free port").with_hosts(hosts);
        let (stop, stopped) = oneshot::channel::<()>();
        let addr = console.addr();
        let serving = tokio::spawn(console.serve(async {
            let _ = stopped.await;
        }));
        Self { addr, source, stop, serving }
    }

    pub fn asked(&self) -> u64 {
        self.source.asked.load(Ordering::SeqCst)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[("Host", &self.addr.to_string())]).await
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(self.addr).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("asks");
        let mut bytes = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("in time").expect("an answer");
        Answer::parse(bytes)
    }

    /// Ends it, and demands that it ended well and soon.
    pub async fn stop(self) {
        self.stop.send(()).expect("it still serves");
        timeout(PATIENCE, self.serving).await.expect("in time").expect("no panic").expect("ends well");
    }
}

pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: Vec<u8>) -> Self {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}
