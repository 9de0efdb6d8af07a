//! A cluster in this process, clients that keep a picture, and clients of raw messages.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::tcp::Driver;
use client::{Client, ClientConfig, ClientInput};
use host::{Host, HostConfig, HostError, OpenMesh, Parts};
use node::View;
use node::ports::memory_directory::MemoryDirectory;
use node::ports::memory_mesh::{Handover, MemoryNetwork};
use protocol::client::{Closing, Hello, ToClient, ToServer, Welcome};
use protocol::envelope::Context;
use protocol::{Code, Envelope, Splitter, limits};
use store::{MemoryStore, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};
use world::{EntityId, GeneratorVersion, IslandId, IslandPlan, Position};

/// What takes longer has hung.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a test on a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { timeout(PATIENCE * 4, test).await.expect("the test ends") });
}

/// What hosts share.
#[derive(Clone)]
pub struct Cluster {
    pub directory: MemoryDirectory,
    pub network: MemoryNetwork,
    pub store: Arc<dyn Store>,
}

impl Cluster {
    pub fn new() -> Self {
        Self::with_store(Arc::new(MemoryStore::new()))
    }

    pub fn with_store(store: Arc<dyn Store>) -> Self {
        Self { directory: MemoryDirectory::new(), network: MemoryNetwork::new(Handover::AtOnce), store }
    }

    pub fn parts(&self) -> Parts {
        let network = self.network.clone();
        Parts {
            store: Arc::clone(&self.store),
            directory: Arc::new(self.directory.clone()),
            mesh: Box::new(move |claim| {
                let mesh = network.host(claim);
                let peer = mesh.peer(1);
                Ok(OpenMesh::new(Arc::new(mesh), peer))
            }),
        }
    }

    pub async fn start(&self, config: HostConfig) -> Result<Host, HostError> {
        Host::start(config, self.parts()).await
    }

    pub async fn host(&self, name: &str, nodes: u8) -> Host {
        self.start(config(name, nodes)).await.expect("the host starts")
    }
}

/// A host on a small island that everybody sees whole.
pub fn config(name: &str, nodes: u8) -> HostConfig {
    let plan = IslandPlan { seed: 7, size_chunks: 12, version: GeneratorVersion::V1 };
    let view = View { near: 1, far: 12, far_every: 2 };
    HostConfig { nodes, view, ..HostConfig::new(name, IslandId(1), plan) }
}

/// A client that keeps a picture.
pub struct Player {
    pub driver: Driver,
}

impl Player {
    pub async fn join(name: &str, address: SocketAddr) -> Self {
        let config = ClientConfig::new(name, vec![address.to_string()], 1);
        let mut player = Self { driver: Driver::new(Client::new(config)) };
        player.until("a welcome", |p| p.me().is_some()).await;
        player
    }

    pub fn me(&self) -> Option<EntityId> {
        self.driver.client().picture().map(client::Picture::me)
    }

    pub fn sees(&self, entity: EntityId) -> bool {
        self.driver.client().picture().is_some_and(|p| p.get(entity).is_some())
    }

    /// Where somebody's last told way begins.
    pub fn place(&self, entity: EntityId) -> Option<Position> {
        Some(self.driver.client().picture()?.get(entity)?.segment.from)
    }

    pub fn wish(&mut self, wish: ClientInput<'_>) {
        self.driver.handle(wish);
    }

    /// Plays until something is so. Returns how long that took.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Duration {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < PATIENCE, "{what} never came");
            self.play(Duration::from_millis(20)).await;
        }
        began.elapsed()
    }

    pub async fn play(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while self.driver.next(Some(until)).await.is_some() {}
    }
}

/// A client of raw messages.
pub struct Raw {
    stream: TcpStream,
    splitter: Splitter,
}

/// A message from a server, as far as these tests look.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    Welcome(Box<Welcome>),
    Tick(Vec<u8>),
    Closing(Closing),
    Other,
    /// The server closed the connection.
    End,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // Small, so that what is not read is soon felt.
        socket.set_recv_buffer_size(16 * 1024).expect("sets");
        let stream = socket.connect(address).await.expect("connects");
        Self { stream, splitter: Splitter::new(limits::SERVER_MESSAGE_BYTES) }
    }

    pub async fn hello(name: &str, address: SocketAddr) -> (Self, Welcome) {
        let mut raw = Self::connect(address).await;
        raw.send(&ToServer::Hello(Hello { oldest: 1, newest: 1, name: name.to_owned(), ticket: Vec::new() })).await;
        match raw.next().await {
            Said::Welcome(welcome) => (raw, *welcome),
            other => panic!("a welcome, not {other:?}"),
        }
    }

    pub async fn send(&mut self, message: &ToServer) {
        let mut bytes = Vec::new();
        message.encode(Context { epoch: 0, request: 0, trace: 0xfeed }, &mut bytes);
        self.stream.write_all(&bytes).await.expect("sends");
    }

    pub async fn next(&mut self) -> Said {
        loop {
            if let Some(message) = self.splitter.next_message().expect("proper messages") {
                return said(message);
            }
            let mut buffer = vec![0; 64 * 1024];
            match timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("in time").expect("no reset") {
                0 => return Said::End,
                n => self.splitter.push(&buffer[..n]),
            }
        }
    }

    /// Reads on until the server says why it closes, and closes.
    pub async fn expect_goodbye(&mut self, code: Code) {
        let closing = loop {
            match self.next().await {
                Said::Closing(closing) => break closing,
                Said::End => panic!("closed without a word"),
                Said::Welcome(_) | Said::Tick(_) | Said::Other => {}
            }
        };
        assert_eq!(closing.code, code as u16);
        assert_eq!(self.next().await, Said::End);
    }
}

fn said(message: &[u8]) -> Said {
    let envelope = Envelope::parse(message, limits::SERVER_MESSAGE_BYTES).expect("an envelope");
    match ToClient::decode(&envelope).expect("decodes") {
        Some(ToClient::Welcome(welcome)) => Said::Welcome(Box::new(welcome)),
        Some(ToClient::Tick(payload)) => Said::Tick(payload.to_vec()),
        Some(ToClient::Closing(closing)) => Said::Closing(closing),
        _ => Said::Other,
    }
}
