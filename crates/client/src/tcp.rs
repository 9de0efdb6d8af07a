//! Drives one [`Client`] over a tokio TCP stream.
//!
//! It only moves bytes, time and answers: every decision is the machine's. A read goes through one buffer per thread
//! into the machine's own, so that a thousand clients in a process hold a thousand buffers and not two thousand.
//!
//! Invariant: [`Driver::next`] is cancel safe. Whoever drops its future loses nothing, so it may stand in a `select!`.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use world::Millis;

use crate::event::{ClientEffect, ClientInput, Event};
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

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

enum Link {
    Down,
    Connecting(Connecting),
    Up(TcpStream),
}

enum Happened {
    Connected(io::Result<TcpStream>),
    Readable,
    Writable,
    Time,
}

/// A client and its connection.
pub struct Driver {
    client: Client,
    link: Link,
    out: Vec<u8>,
    started: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Driver {
    /// Takes a client and lets it join. Must be called within a tokio runtime with I/O and time.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let started = Instant::now();
        let mut driver =
            Self { client, link: Link::Down, out: Vec::new(), started, sleep: Box::pin(sleep_until(started)) };
        driver.handle(ClientInput::Join);
        driver
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
            if !self.flush() {
                self.cut();
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
                Happened::Connected(result) => self.connected(result),
                Happened::Readable => self.read(),
                Happened::Writable | Happened::Time => {}
            }
        }
    }

    /// Says goodbye and ends the connection in good order, within a second. Returns the machine.
    pub async fn leave(mut self) -> Client {
        let now = self.now();
        self.client.handle(now, ClientInput::Leave);
        while let Some(effect) = self.client.poll_effect() {
            if let ClientEffect::Write(bytes) = effect {
                self.out.extend_from_slice(&bytes);
            }
        }
        if let Link::Up(stream) = self.link {
            // Whatever goes wrong here, the session is over for us, and the server finds out by itself.
            let _ = timeout(FAREWELL, farewell(stream, &self.out)).await;
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
                ClientEffect::Connect { address } => {
                    self.out.clear();
                    self.link = Link::Connecting(Box::pin(TcpStream::connect(address)));
                }
                ClientEffect::Write(bytes) => self.out.extend_from_slice(&bytes),
                ClientEffect::Disconnect => {
                    // The last words, if the socket takes them; the session is over either way.
                    let _ = self.flush();
                    self.out.clear();
                    self.link = Link::Down;
                }
                ClientEffect::Event(event) => return Some(event),
            }
        }
        None
    }

    async fn wait(&mut self, wake: Instant) -> Happened {
        if self.sleep.deadline() != wake {
            self.sleep.as_mut().reset(wake);
        }
        let sleep = self.sleep.as_mut();
        match &mut self.link {
            Link::Down => {
                sleep.await;
                Happened::Time
            }
            Link::Connecting(connecting) => tokio::select! {
                result = connecting => Happened::Connected(result),
                () = sleep => Happened::Time,
            },
            Link::Up(stream) => tokio::select! {
                _ = stream.readable() => Happened::Readable,
                _ = stream.writable(), if !self.out.is_empty() => Happened::Writable,
                () = sleep => Happened::Time,
            },
        }
    }

    fn connected(&mut self, result: io::Result<TcpStream>) {
        match result {
            Ok(stream) => {
                // Only a matter of latency; the connection works without.
                let _ = stream.set_nodelay(true);
                self.link = Link::Up(stream);
                self.handle(ClientInput::Connected);
            }
            Err(_) => self.cut(),
        }
    }

    fn read(&mut self) {
        let Link::Up(stream) = &self.link else { return };
        let now = self.millis(Instant::now());
        let result = SCRATCH.with_borrow_mut(|scratch| match stream.try_read(scratch) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                self.client.handle(now, ClientInput::Bytes(&scratch[..n]));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        });
        if result.is_err() {
            self.cut();
        }
    }

    /// Writes what the socket takes. `false`: the connection is of no use any more.
    fn flush(&mut self) -> bool {
        let Link::Up(stream) = &self.link else { return true };
        let mut written = 0;
        let failed = loop {
            if written == self.out.len() {
                break false;
            }
            match stream.try_write(&self.out[written..]) {
                Ok(n) => written += n,
                Err(error) => break error.kind() != io::ErrorKind::WouldBlock,
            }
        };
        self.out.drain(..written);
        !failed && self.out.len() <= OUT_BYTES
    }

    fn cut(&mut self) {
        self.link = Link::Down;
        self.out.clear();
        self.handle(ClientInput::Disconnected);
    }
}

async fn farewell(mut stream: TcpStream, last: &[u8]) -> io::Result<()> {
    stream.write_all(last).await?;
    stream.shutdown().await?;
    // Closing with unread bytes would reset the connection, and the goodbye might be lost with it.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
