//! Drives one [`Client`] over a tokio TCP stream, with TLS or without.
//!
//! It only moves bytes, time and answers: every decision is the machine's. A read goes through one buffer per thread
//! into the machine's own, so that a thousand clients in a process hold a thousand buffers and not two thousand.
//!
//! Invariant: [`Driver::next`] is cancel safe. Whoever drops its future loses nothing, so it may stand in a `select!`.

mod socket;

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

pub use tls::{TlsError, Trust};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use world::Millis;

use crate::event::{Beside, ClientEffect, ClientInput, Event};
use crate::tcp::socket::Socket;
use crate::{Client, State};

/// Bytes read at once. A tick of a crowd of a thousand fits.
const READ_BYTES: usize = 64 * 1024;
/// Bytes not yet taken by the socket beyond which the connection is given up: a client says little, so a server that
/// takes none of it is as good as gone.
const OUT_BYTES: usize = 256 * 1024;
/// How long a farewell may take before the connection is just dropped.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long to sleep when nothing at all is planned.
const IDLE: Duration = Duration::from_secs(3600);

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<(Socket, Vec<u8>)>> + Send>>;

enum Link {
    Down,
    Connecting(Connecting),
    Up(Socket),
}

enum Happened {
    /// With what the server said already.
    Connected(io::Result<(Socket, Vec<u8>)>),
    Readable,
    Writable,
}

/// One of the two connections that a client may have at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    Beside,
}

/// A connection, and what is to be written to it.
struct Line {
    link: Link,
    out: Vec<u8>,
}

impl Line {
    fn down() -> Self {
        Self { link: Link::Down, out: Vec::new() }
    }

    fn connect(&mut self, address: String, trust: Option<Trust>) {
        self.out.clear();
        self.link = Link::Connecting(Box::pin(Socket::connect(address, trust)));
    }

    /// Waits until there is something to do. Nothing ever happens on a line that is down.
    async fn happening(&mut self) -> Happened {
        match &mut self.link {
            Link::Down => std::future::pending().await,
            Link::Connecting(connecting) => Happened::Connected(connecting.await),
            Link::Up(socket) => tokio::select! {
                _ = socket.readable() => Happened::Readable,
                _ = socket.writable(), if !self.out.is_empty() || socket.owes() => Happened::Writable,
            },
        }
    }

    /// Writes what the socket takes. `false`: the connection is of no use any more.
    fn flush(&mut self) -> bool {
        let Link::Up(socket) = &mut self.link else { return true };
        socket.write(&mut self.out).is_ok() && self.out.len() <= OUT_BYTES
    }

    /// Ends it, after the last words, if the socket takes them.
    fn end(&mut self) {
        let _ = self.flush();
        *self = Self::down();
    }
}

/// A client and its connections: one, and for a moment a second one beside it when a node hands it to another.
pub struct Driver {
    client: Client,
    trust: Option<Trust>,
    trouble: Option<String>,
    first: Line,
    second: Line,
    started: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Driver {
    /// Takes a client and lets it join. Must be called within a tokio runtime with I/O and time.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self::with(client, None)
    }

    /// As [`Self::new`]; with `trust`, by TLS, to servers whose certificate is for the host of the address.
    #[must_use]
    pub fn with(client: Client, trust: Option<Trust>) -> Self {
        let started = Instant::now();
        let mut driver = Self {
            client,
            trust,
            trouble: None,
            first: Line::down(),
            second: Line::down(),
            started,
            sleep: Box::pin(sleep_until(started)),
        };
        driver.handle(ClientInput::Join);
        driver
    }

    /// Why the last attempt to connect failed, if it did, in the words of the system or of TLS.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The machine.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The machine's time: milliseconds since the driver was made.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.millis(Instant::now())
    }

    /// Hands a wish of the player to the machine. What follows is done by [`Self::next`].
    pub fn handle(&mut self, wish: ClientInput<'_>) {
        let now = self.now();
        self.client.handle(now, wish);
    }

    /// Goes on until there is an event. `None` when `until` is reached, or when the client has stopped and nothing more
    /// will come.
    pub async fn next(&mut self, until: Option<Instant>) -> Option<Event> {
        loop {
            if let Some(event) = self.perform() {
                return Some(event);
            }
            if let Some(which) = self.flush() {
                self.cut(which);
                continue;
            }
            let now = Instant::now();
            let wakeup = self.client.next_wakeup().map(|(at, _)| self.started + Duration::from_millis(at.0));
            if until.is_some_and(|until| until <= now) || (until.is_none() && self.client.state() == State::Stopped) {
                return None;
            }
            if wakeup.is_some_and(|at| at <= now) {
                self.client.handle(self.millis(now), ClientInput::Wake);
                continue;
            }
            let wake = wakeup.into_iter().chain(until).min().unwrap_or(now + IDLE);
            match self.wait(wake).await {
                Some((which, Happened::Connected(result))) => self.connected(which, result),
                Some((which, Happened::Readable)) => self.read(which),
                Some((_, Happened::Writable)) | None => {}
            }
        }
    }

    /// Says goodbye and ends the connection in good order, within a second. Returns the machine.
    pub async fn leave(mut self) -> Client {
        let now = self.now();
        self.client.handle(now, ClientInput::Leave);
        while let Some(effect) = self.client.poll_effect() {
            if let ClientEffect::Write(bytes) = effect {
                self.first.out.extend_from_slice(&bytes);
            }
        }
        if let Link::Up(socket) = self.first.link {
            // Whatever goes wrong here, the session is over for us, and the server finds out by itself.
            let _ = timeout(FAREWELL, socket.farewell(&self.first.out)).await;
        }
        self.client
    }

    fn millis(&self, at: Instant) -> Millis {
        let elapsed = at.saturating_duration_since(self.started).as_millis();
        Millis(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    fn perform(&mut self) -> Option<Event> {
        while let Some(effect) = self.client.poll_effect() {
            match effect {
                ClientEffect::Connect { address } => self.first.connect(address, self.trust.clone()),
                ClientEffect::Write(bytes) => self.first.out.extend_from_slice(&bytes),
                ClientEffect::Disconnect => self.first.end(),
                ClientEffect::ConnectBeside { address } => self.second.connect(address, self.trust.clone()),
                ClientEffect::WriteBeside(bytes) => self.second.out.extend_from_slice(&bytes),
                ClientEffect::DisconnectBeside => self.second.end(),
                ClientEffect::Promote => {
                    self.first.end();
                    std::mem::swap(&mut self.first, &mut self.second);
                }
                ClientEffect::Event(event) => return Some(event),
            }
        }
        None
    }

    /// Waits for either connection. `None`: it is time.
    async fn wait(&mut self, wake: Instant) -> Option<(Which, Happened)> {
        if self.sleep.deadline() != wake {
            self.sleep.as_mut().reset(wake);
        }
        tokio::select! {
            happened = self.first.happening() => Some((Which::First, happened)),
            happened = self.second.happening() => Some((Which::Beside, happened)),
            () = self.sleep.as_mut() => None,
        }
    }

    fn line(&mut self, which: Which) -> &mut Line {
        match which {
            Which::First => &mut self.first,
            Which::Beside => &mut self.second,
        }
    }

    fn connected(&mut self, which: Which, result: io::Result<(Socket, Vec<u8>)>) {
        match result {
            Ok((socket, first)) => {
                self.line(which).link = Link::Up(socket);
                match which {
                    Which::First => {
                        self.trouble = None;
                        self.handle(ClientInput::Connected);
                    }
                    Which::Beside => self.handle(ClientInput::Beside(Beside::Connected)),
                }
                if !first.is_empty() {
                    self.handle(input(which, &first));
                }
            }
            Err(error) => {
                if which == Which::First {
                    self.trouble = Some(error.to_string());
                }
                self.cut(which);
            }
        }
    }

    fn read(&mut self, which: Which) {
        let now = self.millis(Instant::now());
        let line = match which {
            Which::First => &mut self.first,
            Which::Beside => &mut self.second,
        };
        let (Link::Up(socket), client) = (&mut line.link, &mut self.client) else { return };
        let result =
            SCRATCH.with_borrow_mut(|scratch| socket.read(scratch, |bytes| client.handle(now, input(which, bytes))));
        if result.is_err() {
            self.cut(which);
        }
    }

    /// Writes what the sockets take. The connection that is of no use any more, if one is not.
    fn flush(&mut self) -> Option<Which> {
        if !self.first.flush() {
            return Some(Which::First);
        }
        (!self.second.flush()).then_some(Which::Beside)
    }

    fn cut(&mut self, which: Which) {
        *self.line(which) = Line::down();
        self.handle(match which {
            Which::First => ClientInput::Disconnected,
            Which::Beside => ClientInput::Beside(Beside::Disconnected),
        });
    }
}

fn input(which: Which, bytes: &[u8]) -> ClientInput<'_> {
    match which {
        Which::First => ClientInput::Bytes(bytes),
        Which::Beside => ClientInput::Beside(Beside::Bytes(bytes)),
    }
}
