//! One TCP connection as buffers of whole messages: both ends use it.
//!
//! Invariant: it holds at most one unfinished message beyond what its owner asked for, and [`Link::transfer`] may be
//! dropped at any await without losing or doubling a byte.

use std::io;

use protocol::WireError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

use crate::wire::Message;

/// Bytes that are asked from the socket at a time.
const READ_BYTES: usize = 16 * 1024;

/// A connection and its two buffers.
pub(crate) struct Link {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    input: Vec<u8>,
    taken: usize,
    output: Vec<u8>,
    sent: usize,
    /// Since when a message has been unfinished.
    half_since: Option<Instant>,
    /// Since when the peer has taken nothing of what it is owed.
    unread_since: Option<Instant>,
}

impl Link {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let (input, output) = (Vec::new(), Vec::new());
        Ok(Self { reader, writer, input, taken: 0, output, sent: 0, half_since: None, unread_since: None })
    }

    /// The id of the next whole message and what `decode` makes of it.
    pub(crate) fn next_message<T>(
        &mut self,
        decode: impl FnOnce(&Message<'_>) -> Result<T, WireError>,
    ) -> Result<Option<(u64, T)>, WireError> {
        let rest = &self.input[self.taken..];
        let Some((message, used)) = Message::split(rest)? else {
            self.half_since = if rest.is_empty() { None } else { self.half_since.or_else(|| Some(Instant::now())) };
            return Ok(None);
        };
        let decoded = (message.id, decode(&message)?);
        self.taken += used;
        self.half_since = None;
        Ok(Some(decoded))
    }

    /// Puts a message behind what is still to be sent.
    pub(crate) fn send(&mut self, message: &[u8]) {
        self.unread_since = self.unread_since.or_else(|| Some(Instant::now()));
        self.output.extend_from_slice(message);
    }

    /// Bytes that the peer has not taken yet.
    pub(crate) fn unsent(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Since when the peer has owed the rest of a message, or has taken nothing.
    pub(crate) fn stalled_since(&self) -> Option<Instant> {
        self.half_since.into_iter().chain(self.unread_since).min()
    }

    /// Waits until some bytes could be sent, or came if it listens. The end of the stream is an error.
    pub(crate) async fn transfer(&mut self, listen: bool) -> io::Result<()> {
        self.input.drain(..self.taken);
        self.taken = 0;
        self.input.reserve(READ_BYTES);
        let owes = self.sent < self.output.len();
        tokio::select! {
            read = self.reader.read_buf(&mut self.input), if listen => match read? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                _ => Ok(()),
            },
            sent = self.writer.write(&self.output[self.sent..]), if owes => self.note_sent(sent?),
            () = std::future::pending(), if !listen && !owes => Ok(()),
        }
    }

    fn note_sent(&mut self, bytes: usize) -> io::Result<()> {
        if bytes == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.sent += bytes;
        self.unread_since = Some(Instant::now());
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
            self.unread_since = None;
        }
        Ok(())
    }
}
