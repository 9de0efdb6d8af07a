//! A gateway on a free port of the loopback interface, and clients of raw bytes.

use std::future::Future;
use std::time::Duration;

use gateway::{Event, Gateway, KindRates, Limits, Listener, Rate};
use node::ConnId;
use protocol::client::{Ping, ToClient, ToServer};
use protocol::envelope::{Context, Envelope};
use protocol::{Code, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::timeout;

/// What takes longer has hung.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a test as a node's thread runs.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = LocalSet::new();
    local.block_on(&runtime, async { timeout(PATIENCE * 3, test).await.expect("the test ends") });
}

/// A gateway and the events that were taken off its queue but not asked for yet.
pub struct World {
    pub gateway: Gateway,
    address: std::net::SocketAddr,
    events: Vec<Event>,
}

impl World {
    /// Pings are the messages of these tests: they have no rate of their own here.
    pub fn open(limits: Limits) -> Self {
        let ping = Rate { per_s: limits.messages_per_s, burst: limits.message_burst };
        let limits = Limits { kinds: KindRates { ping, ..limits.kinds }, ..limits };
        Self::over(Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port"), limits)
    }

    pub fn over(listener: Listener, limits: Limits) -> Self {
        let address = listener.address();
        Self { gateway: Gateway::open(listener, limits).expect("a gateway"), address, events: Vec::new() }
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    pub async fn event(&mut self) -> Event {
        if self.events.is_empty() {
            timeout(PATIENCE, self.gateway.events(&mut self.events, 1)).await.expect("an event");
        }
        self.events.remove(0)
    }

    /// Lets everything happen that can, then says whether there is an event.
    pub async fn is_quiet(&mut self, ms: u64) -> bool {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.gateway.try_events(&mut self.events, 1);
        self.events.is_empty()
    }

    /// A client and the number of its connection.
    pub async fn client(&mut self) -> (Client, ConnId) {
        let client = Client::connect(self.address).await;
        match self.event().await {
            Event::Opened { conn } => (client, conn),
            other => panic!("opened, not {other:?}"),
        }
    }

    pub async fn expect_message(&mut self, conn: ConnId, bytes: &[u8]) {
        assert_eq!(self.event().await, Event::Message { conn, bytes: bytes.to_vec() });
    }

    pub async fn expect_closed(&mut self, conn: ConnId) {
        assert_eq!(self.event().await, Event::Closed { conn });
    }
}

/// A client without manners or knowledge.
pub struct Client {
    pub stream: TcpStream,
}

impl Client {
    pub async fn connect(address: std::net::SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.expect("connects") }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("sends");
    }

    /// Everything until the server closes.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await.expect("an end").expect("a proper end");
        bytes
    }

    /// What comes next, at least one byte.
    pub async fn read_some(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 64 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("in time").expect("no error");
        assert!(read > 0, "an end");
        bytes.truncate(read);
        bytes
    }

    /// Everything until the server closes or cuts.
    pub async fn read_to_the_cut(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Whether the end is a proper one does not matter here.
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await.expect("an end");
        bytes
    }

    pub async fn read_exactly(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await.expect("enough bytes").expect("no end");
        bytes
    }

    /// The server's last and only message is a closing with this code.
    pub async fn expect_goodbye(&mut self, code: Code) {
        let bytes = self.read_to_end().await;
        let envelope = Envelope::parse(&bytes, limits::SERVER_MESSAGE_BYTES).expect("one message");
        let Ok(Some(ToClient::Closing(closing))) = ToClient::decode(&envelope) else { panic!("not a closing") };
        assert_eq!((closing.code, closing.meaning), (code as u16, code.meaning() as u8));
    }
}

/// A short message, each `n` another.
pub fn message(n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    ToServer::Ping(Ping { client_ms: n }).encode(Context::default(), &mut bytes);
    bytes
}
