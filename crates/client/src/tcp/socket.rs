//! A TCP stream, with TLS over it or without.

use std::io;

use tls::{Received, Session, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes read at once during a handshake.
const HANDSHAKE_BYTES: usize = 8 * 1024;

/// A connection that is up.
pub(super) struct Socket {
    stream: TcpStream,
    session: Option<Box<Session>>,
}

impl Socket {
    /// Connects to `host:port`; with `trust`, up to the end of the handshake. With it comes what the server said in the
    /// handshake's last packet.
    pub(super) async fn connect(address: String, trust: Option<Trust>) -> io::Result<(Self, Vec<u8>)> {
        let stream = TcpStream::connect(&address).await?;
        // Only a matter of latency; the connection works without.
        let _ = stream.set_nodelay(true);
        let mut first = Vec::new();
        let session = match trust {
            None => None,
            Some(trust) => {
                let mut session = Session::open(&trust, &address)?;
                shake_hands(&stream, &mut session, &mut first).await?;
                Some(Box::new(session))
            }
        };
        Ok((Self { stream, session }, first))
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// Whether the socket has yet to take bytes that are sealed.
    pub(super) fn owes(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.unsent().is_empty())
    }

    /// Shows `take` what has come, if anything has. An error, also at the end: the connection is of no use any more.
    pub(super) fn read(&mut self, scratch: &mut [u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let read = match self.stream.try_read(scratch) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let Some(session) = &mut self.session else {
            take(&scratch[..read]);
            return Ok(());
        };
        let received = session.receive(&scratch[..read], take);
        push(&self.stream, session)?;
        match received? {
            Received::Open => Ok(()),
            Received::Ended => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Takes out of `out` what the socket takes now.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let Some(session) = &mut self.session else {
            let mut written = 0;
            let result = try_write(&self.stream, out, &mut written);
            out.drain(..written);
            return result;
        };
        push(&self.stream, session)?;
        if !out.is_empty() && session.unsent().is_empty() {
            session.seal(out)?;
            out.clear();
            push(&self.stream, session)?;
        }
        Ok(())
    }

    /// Sends the last words and waits until the server closes.
    pub(super) async fn farewell(mut self, last: &[u8]) -> io::Result<()> {
        match &mut self.session {
            None => self.stream.write_all(last).await?,
            Some(session) => {
                session.seal(last)?;
                session.close()?;
                push_all(&self.stream, session).await?;
            }
        }
        self.stream.shutdown().await?;
        // Closing with unread bytes would reset the connection, and the goodbye might be lost with it.
        let mut rest = [0; 4096];
        while self.stream.read(&mut rest).await? > 0 {}
        Ok(())
    }
}

async fn shake_hands(stream: &TcpStream, session: &mut Session, first: &mut Vec<u8>) -> io::Result<()> {
    let mut bytes = vec![0; HANDSHAKE_BYTES];
    loop {
        push_all(stream, session).await?;
        if session.is_ready() {
            return Ok(());
        }
        stream.readable().await?;
        let read = match stream.try_read(&mut bytes) {
            Ok(0) => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up before TLS was ready"));
            }
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        if let Err(error) = session.receive(&bytes[..read], |plain| first.extend_from_slice(plain)) {
            // The server is told why, if it still listens.
            let _ = push(stream, session);
            return Err(error.into());
        }
    }
}

/// Gives the socket all that is sealed.
async fn push_all(stream: &TcpStream, session: &mut Session) -> io::Result<()> {
    while !session.unsent().is_empty() {
        stream.writable().await?;
        push(stream, session)?;
    }
    Ok(())
}

/// Gives the socket what it takes of what is sealed.
fn push(stream: &TcpStream, session: &mut Session) -> io::Result<()> {
    while !session.unsent().is_empty() {
        let mut written = 0;
        let result = try_write(stream, session.unsent(), &mut written);
        session.took(written)?;
        result?;
        if written == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// Writes until the socket takes no more.
fn try_write(stream: &TcpStream, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    while *written < bytes.len() {
        match stream.try_write(&bytes[*written..]) {
            Ok(taken) => *written += taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
