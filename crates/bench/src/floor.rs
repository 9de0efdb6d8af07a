//! The floor: the cheapest program that does a bench's work, to measure the product against.
//!
//! One thread. Once a tick it reads what came, clamps each step, writes every place down once, and gives each client
//! one system call: the one buffer of a crowd, or the nine chunk buffers around it. It knows no sessions, no rules but
//! a top speed, no newcomers, no losses and no other nodes. Its clients send the product's own inputs without their
//! hello, the first of which is their place, and read frames of a u32 length and six bytes an entity: number, x, y.
//!
//! Invariant: a tick costs one read for each client that sent something and one write for each that is there.

use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use protocol::envelope::HEADER_BYTES;
use world::{CHUNK_UNITS, Position};

use crate::scene::{Scene, SceneKind};

/// Bytes of an input message: the envelope, a u32, two i32 and a u8.
pub const INPUT_BYTES: usize = HEADER_BYTES + 13;
/// Bytes of an entry: number u16, x u16, y u16.
pub const ENTRY_BYTES: usize = 6;
const TICK: Duration = Duration::from_millis(100);
/// Events taken at once; what is beyond waits for the next tick.
const EVENTS: usize = 16_384;
const DOOR: Token = Token(usize::MAX - 1);
/// Further than anybody walks in a tick, in units.
const LONGEST_STEP: f32 = 120.0;

/// How places of a scene are written in two bytes an axis.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    corner: Position,
    unit: i32,
}

impl Scale {
    /// The finest scale that spans a scene.
    #[must_use]
    pub fn of(scene: &Scene) -> Self {
        Self { corner: scene.corner, unit: scene.side / 65_536 + 1 }
    }

    /// A place as it is written.
    #[must_use]
    pub fn write(&self, at: Position) -> (u16, u16) {
        let axis = |v: i32, corner: i32| u16::try_from((v - corner).max(0) / self.unit).unwrap_or(u16::MAX);
        (axis(at.x, self.corner.x), axis(at.y, self.corner.y))
    }
}

struct Client {
    stream: TcpStream,
    held: Vec<u8>,
    unsent: Vec<u8>,
    at: Position,
    chunk: usize,
    joined: bool,
    gone: bool,
}

struct Floor {
    scene: Scene,
    scale: Scale,
    /// Chunks along a side, one ring of empty ones around them.
    side: usize,
    clients: Vec<Client>,
    buffers: Vec<Vec<u8>>,
}

/// Serves a scene until the process is killed. `tell` is called once with the address.
///
/// # Errors
/// The port cannot be had, or the system's event queue cannot.
pub fn serve(listen: SocketAddr, scene: Scene, tell: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut door = TcpListener::bind(listen)?;
    poll.registry().register(&mut door, DOOR, Interest::READABLE)?;
    tell(door.local_addr()?);
    let side = match scene.kind {
        SceneKind::Crowd => 1,
        SceneKind::Spread => (scene.side / CHUNK_UNITS) as usize + 4,
    };
    let mut floor =
        Floor { scene, scale: Scale::of(&scene), side, clients: Vec::new(), buffers: vec![Vec::new(); side * side] };
    let mut events = Events::with_capacity(EVENTS);
    let mut next = Instant::now() + TICK;
    loop {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        poll.poll(&mut events, Some(Duration::ZERO))?;
        for event in &events {
            match event.token() {
                DOOR => floor.admit(&poll, &door)?,
                Token(n) => floor.clients[n].take_in(),
            }
        }
        next = (next + TICK).max(Instant::now());
        floor.write_down();
        floor.send();
    }
}

impl Floor {
    fn admit(&mut self, poll: &Poll, door: &TcpListener) -> io::Result<()> {
        while let Ok((mut stream, _)) = door.accept() {
            stream.set_nodelay(true)?;
            poll.registry().register(&mut stream, Token(self.clients.len()), Interest::READABLE)?;
            let (held, unsent, at) = (Vec::new(), Vec::new(), Position::default());
            self.clients.push(Client { stream, held, unsent, at, chunk: 0, joined: false, gone: false });
        }
        Ok(())
    }

    fn write_down(&mut self) {
        self.buffers.iter_mut().for_each(Vec::clear);
        for (n, client) in self.clients.iter_mut().enumerate().filter(|(_, c)| c.joined && !c.gone) {
            if self.scene.kind == SceneKind::Spread {
                let axis = |v: i32, corner: i32| (v - corner).max(0) as usize / CHUNK_UNITS as usize + 1;
                let (col, row) = (axis(client.at.x, self.scene.corner.x), axis(client.at.y, self.scene.corner.y));
                client.chunk = row.min(self.side - 2) * self.side + col.min(self.side - 2);
            }
            let (x, y) = self.scale.write(client.at);
            let buffer = &mut self.buffers[client.chunk];
            if self.scene.kind == SceneKind::Crowd && buffer.is_empty() {
                buffer.extend_from_slice(&[0; 4]);
            }
            buffer.extend_from_slice(&(n as u16).to_le_bytes());
            buffer.extend_from_slice(&x.to_le_bytes());
            buffer.extend_from_slice(&y.to_le_bytes());
        }
        if let (SceneKind::Crowd, Some(buffer)) = (self.scene.kind, self.buffers.first_mut())
            && let Some(length) = buffer.len().checked_sub(4)
        {
            buffer[..4].copy_from_slice(&(length as u32).to_le_bytes());
        }
    }

    fn send(&mut self) {
        let (side, kind, buffers) = (self.side, self.scene.kind, &self.buffers);
        for client in self.clients.iter_mut().filter(|c| c.joined && !c.gone) {
            match kind {
                SceneKind::Crowd => client.send(&[IoSlice::new(&buffers[0])]),
                SceneKind::Spread => {
                    let mut parts = [IoSlice::new(&[]); 10];
                    let (mut used, mut length) = (1, 0);
                    for row in [client.chunk - side, client.chunk, client.chunk + side] {
                        for part in buffers[row - 1..=row + 1].iter().filter(|part| !part.is_empty()) {
                            parts[used] = IoSlice::new(part);
                            (used, length) = (used + 1, length + part.len() as u32);
                        }
                    }
                    let head = length.to_le_bytes();
                    parts[0] = IoSlice::new(&head);
                    client.send(&parts[..used]);
                }
            }
        }
    }
}

impl Client {
    fn take_in(&mut self) {
        let mut buffer = [0; 1024];
        while !self.gone {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.gone = true,
                Ok(read) if self.held.is_empty() && read == INPUT_BYTES => {
                    self.input(&buffer[..read]);
                    return;
                }
                Ok(read) => {
                    self.held.extend_from_slice(&buffer[..read]);
                    let mut held = std::mem::take(&mut self.held);
                    let whole = held.len() / INPUT_BYTES * INPUT_BYTES;
                    held[..whole].chunks_exact(INPUT_BYTES).for_each(|input| self.input(input));
                    held.drain(..whole);
                    self.held = held;
                    if read < buffer.len() {
                        return;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.gone = true,
            }
        }
    }

    fn input(&mut self, message: &[u8]) {
        let at = |from: usize| message[from..from + 4].first_chunk::<4>().map_or(0, |b| i32::from_le_bytes(*b));
        let claimed = Position::new(at(HEADER_BYTES + 4), at(HEADER_BYTES + 8));
        if !self.joined {
            (self.joined, self.at) = (true, claimed);
            return;
        }
        let (mut dx, mut dy) = ((claimed.x - self.at.x) as f32, (claimed.y - self.at.y) as f32);
        let squared = dx * dx + dy * dy;
        if squared > LONGEST_STEP * LONGEST_STEP {
            let part = LONGEST_STEP / squared.sqrt();
            (dx, dy) = (dx * part, dy * part);
        }
        self.at = self.at.offset(dx as i32, dy as i32);
    }

    fn send(&mut self, parts: &[IoSlice<'_>]) {
        if !self.unsent.is_empty() {
            // Who reads slowly loses this tick.
            if let Ok(sent) = self.stream.write(&self.unsent) {
                self.unsent.drain(..sent);
            }
            return;
        }
        let length: usize = parts.iter().map(|part| part.len()).sum();
        match self.stream.write_vectored(parts) {
            Ok(sent) if sent == length => {}
            Ok(sent) => {
                let all: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
                self.unsent = all[sent..].to_vec();
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.gone = true,
        }
    }
}
