//! One client of the load: its socket, its walker, and what it reads.
//!
//! Most clients only walk the headers of what they are told, which costs next to nothing; observers read it all.

use std::io::{self, Read, Write};

use mio::net::TcpStream;
use protocol::client::{Hello, Input, ToClient, ToServer, Welcome};
use protocol::envelope::{Context, Envelope};
use protocol::tick::{Item, Items};
use protocol::{Kind, PROTOCOL_OLDEST, PROTOCOL_VERSION, WireError, frame, limits};
use world::{Chunk, EntityId};

use crate::floor::ENTRY_BYTES;
use crate::load::Dialect;
use crate::load::watcher::{Looking, Watcher};
use crate::scene;
use crate::walker::Walker;

/// One client.
#[derive(Debug)]
pub struct Seat {
    stream: TcpStream,
    dialect: Dialect,
    rest: Vec<u8>,
    seq: u32,
    /// The account's avatar, once it is welcome.
    pub entity: Option<EntityId>,
    /// What walks.
    pub walker: Walker,
    /// Whether the connection is gone.
    pub lost: bool,
    /// What an observer holds.
    pub watch: Option<Watch>,
}

/// What an observer holds.
#[derive(Debug)]
pub enum Watch {
    /// Of the world.
    World(Box<Watcher>),
    /// Of the floor: the place of each entity, by its number.
    Floor(Vec<(u16, u16)>),
}

impl Watch {
    /// An observer who has seen nothing yet.
    #[must_use]
    pub fn new(dialect: Dialect, clients: usize) -> Self {
        match dialect {
            Dialect::World => Self::World(Box::default()),
            Dialect::Floor => Self::Floor(vec![(0, 0); clients]),
        }
    }
}

impl Seat {
    /// A client that has just connected and says who it is.
    ///
    /// # Errors
    /// The connection is broken already.
    pub fn new(mut stream: TcpStream, dialect: Dialect, n: usize, walker: Walker) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let entity = match dialect {
            Dialect::World => {
                let (oldest, newest) = (PROTOCOL_OLDEST, PROTOCOL_VERSION);
                let hello = Hello { oldest, newest, name: scene::name(n), ticket: Vec::new() };
                ToServer::Hello(hello).encode(Context::default(), &mut bytes);
                None
            }
            Dialect::Floor => {
                put_input(&walker, 0, &mut bytes);
                Some(EntityId(n as u64))
            }
        };
        stream.write_all(&bytes)?;
        Ok(Self { stream, dialect, rest: Vec::new(), seq: 0, entity, walker, lost: false, watch: None })
    }

    /// The socket.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Sends where the walker is.
    pub fn send(&mut self, bytes: &mut Vec<u8>) {
        self.seq += 1;
        bytes.clear();
        put_input(&self.walker, self.seq, bytes);
        // A server that does not read an input of a tenth of a second has lost its client.
        self.lost |= !self.stream.write(bytes).is_ok_and(|sent| sent == bytes.len());
    }

    /// Reads what there is, up to one buffer, and says whether there may be more.
    pub fn read(&mut self, buffer: &mut [u8], looking: &mut Looking<'_>) -> bool {
        match self.stream.read(buffer) {
            Ok(read @ 1..) => {
                looking.tally.bytes += read as u64;
                if self.take_in(&buffer[..read], looking).is_err() {
                    self.lost = true;
                }
                read == buffer.len() && !self.lost
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => false,
            Ok(_) | Err(_) => {
                self.lost = true;
                false
            }
        }
    }

    fn take_in(&mut self, bytes: &[u8], looking: &mut Looking<'_>) -> Result<(), WireError> {
        if self.rest.is_empty() {
            let used = self.messages(bytes, looking)?;
            self.rest.extend_from_slice(&bytes[used..]);
        } else {
            let mut rest = std::mem::take(&mut self.rest);
            rest.extend_from_slice(bytes);
            let used = self.messages(&rest, looking)?;
            rest.drain(..used);
            self.rest = rest;
        }
        Ok(())
    }

    /// Reads the whole messages of `bytes`; returns how many bytes they take.
    fn messages(&mut self, bytes: &[u8], looking: &mut Looking<'_>) -> Result<usize, WireError> {
        let mut used = 0;
        match self.dialect {
            Dialect::World => {
                while let Some((envelope, length)) = Envelope::split(&bytes[used..], limits::SERVER_MESSAGE_BYTES)? {
                    self.told(&envelope, looking)?;
                    used += length;
                }
            }
            Dialect::Floor => {
                while let Some((head, rest)) = bytes[used..].split_first_chunk::<4>() {
                    let Some(entries) = rest.get(..u32::from_le_bytes(*head) as usize) else { break };
                    self.entries(entries, looking);
                    used += 4 + entries.len();
                }
            }
        }
        Ok(used)
    }

    fn told(&mut self, envelope: &Envelope<'_>, looking: &mut Looking<'_>) -> Result<(), WireError> {
        if envelope.known() != Some(Kind::Tick) {
            match ToClient::decode(envelope)? {
                Some(ToClient::Welcome(Welcome { entity, x, y, .. })) => {
                    self.entity = Some(EntityId(entity));
                    self.walker.at = world::Position::new(x, y);
                }
                Some(ToClient::Closing(_)) => self.lost = true,
                _ => {}
            }
            return Ok(());
        }
        looking.tally.messages += 1;
        for item in Items::parse(envelope.payload)? {
            match item? {
                Item::Frame { body, .. } => looking.tally.updates += frame::count_updates(Chunk::default(), body)?,
                Item::Ack(ack) => {
                    looking.tally.own += 1;
                    if ack.corrected {
                        looking.tally.corrected += 1;
                        self.walker.put_right(ack.at, ack.motion);
                    }
                }
                Item::Key { .. } | Item::Close { .. } | Item::Seen { .. } | Item::Unseen { .. } | Item::Reset => {}
            }
        }
        match &mut self.watch {
            Some(Watch::World(watcher)) => watcher.read(envelope.payload, looking),
            Some(Watch::Floor(_)) | None => Ok(()),
        }
    }

    fn entries(&mut self, bytes: &[u8], looking: &mut Looking<'_>) {
        let entries = bytes.len() / ENTRY_BYTES;
        looking.tally.messages += 1;
        looking.tally.updates += entries as u64;
        looking.tally.own += 1;
        let Some(Watch::Floor(places)) = &mut self.watch else { return };
        looking.tally.read += entries as u64;
        for entry in bytes.chunks_exact(ENTRY_BYTES) {
            let number = |at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
            let (walker, place) = (usize::from(number(0)), (number(2), number(4)));
            let Some(former) = places.get_mut(walker) else { continue };
            if std::mem::replace(former, place) == place {
                continue;
            }
            looking.tally.changed += 1;
            match looking.trail.newest(walker, |claim| claim.written == place) {
                Some(claim) => looking.tally.seen(looking.now.saturating_duration_since(claim.due)),
                None => looking.tally.unexplained += 1,
            }
        }
    }
}

fn put_input(walker: &Walker, seq: u32, bytes: &mut Vec<u8>) {
    let input = Input { seq, x: walker.at.x, y: walker.at.y, motion: walker.motion.to_byte() };
    ToServer::Input(input).encode(Context::default(), bytes);
}
