//! One end of a connection: sealed bytes in and out, plain bytes in and out.

use std::io::{self, BufRead, Write};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, ServerConnection};

use crate::error::TlsError;
use crate::identity::Identity;
use crate::trust::Trust;

/// One end of a connection.
///
/// Invariant: sealed bytes leave in the order in which they were sealed, whoever asks for them; and what a peer can make
/// this hold without taking anything is bounded, but for what was given to [`Session::seal`].
#[derive(Debug)]
pub struct Session {
    link: Connection,
    sealed: Vec<u8>,
    taken: usize,
}

/// Whether more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It may.
    Open,
    /// The other side has said that it ends.
    Ended,
}

impl Session {
    /// The server's end.
    ///
    /// # Errors
    /// The library refuses, which it has no reason to.
    pub fn accept(identity: &Identity) -> Result<Self, TlsError> {
        Ok(Self::over(ServerConnection::new(identity.config())?.into()))
    }

    /// The client's end of a connection to `address`, which is `host:port`; the certificate must be for the host.
    ///
    /// # Errors
    /// The host cannot stand in a certificate.
    pub fn open(trust: &Trust, address: &str) -> Result<Self, TlsError> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))?;
        let mut session = Self::over(ClientConnection::new(trust.0.clone(), name)?.into());
        session.collect()?;
        Ok(session)
    }

    fn over(mut link: Connection) -> Self {
        // Its holder seals no more than it can send, and one limit is enough.
        link.set_buffer_limit(None);
        Self { link, sealed: Vec::new(), taken: 0 }
    }

    /// Whether both sides have proven themselves and plain bytes may be sealed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.link.is_handshaking()
    }

    /// Takes in what came from the socket and shows `take` the plain bytes in it. Afterwards there may be something to
    /// send, also after an error: it tells the other side what was wrong.
    ///
    /// # Errors
    /// What came is not TLS, or not from whom it should be. The connection is of no use any more.
    pub fn receive(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) -> Result<Received, TlsError> {
        while !bytes.is_empty() {
            // The bytes are in memory, so only a buffer that is full can fail, and it was emptied before.
            let read = self.link.read_tls(&mut bytes).map_err(|e| rustls::Error::General(e.to_string()))?;
            let state = self.link.process_new_packets();
            self.collect()?;
            let state = state?;
            let mut left = state.plaintext_bytes_to_read();
            while left > 0 {
                let mut reader = self.link.reader();
                let plain = reader.fill_buf().map_err(|e| rustls::Error::General(e.to_string()))?;
                take(plain);
                let length = plain.len();
                reader.consume(length);
                left = left.saturating_sub(length.max(1));
            }
            if state.peer_has_closed() {
                return Ok(Received::Ended);
            }
            if read == 0 {
                break;
            }
        }
        Ok(Received::Open)
    }

    /// Seals plain bytes, for [`Self::unsent`]. To be called when that is empty and the session is ready: else they are
    /// kept inside, without a bound.
    ///
    /// # Errors
    /// The session cannot seal any more.
    pub fn seal(&mut self, plain: &[u8]) -> io::Result<()> {
        self.link.writer().write_all(plain)?;
        self.collect()?;
        Ok(())
    }

    /// Seals the farewell; what is sealed afterwards is not sent.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn close(&mut self) -> io::Result<()> {
        self.link.send_close_notify();
        self.collect()?;
        Ok(())
    }

    /// What the socket should take next.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        &self.sealed[self.taken..]
    }

    /// The socket took so many bytes.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn took(&mut self, bytes: usize) -> io::Result<()> {
        self.taken += bytes;
        self.collect()?;
        Ok(())
    }

    /// Drops what is unsent: the connection is gone.
    pub fn forget(&mut self) {
        (self.sealed, self.taken) = (Vec::new(), 0);
    }

    /// Fetches what the link wants to send, once all before it is sent: what a peer asks for again and again without
    /// ever reading is then kept once, and inside.
    fn collect(&mut self) -> Result<(), TlsError> {
        if self.taken < self.sealed.len() {
            return Ok(());
        }
        self.forget();
        while self.link.wants_write() {
            let written = self.link.write_tls(&mut self.sealed);
            written.map_err(|e| rustls::Error::General(e.to_string()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Session {
    /// Asks the other side for new keys, as only hostile clients do all the time.
    pub(crate) fn renew_keys(&mut self) -> io::Result<()> {
        self.link.refresh_traffic_keys().map_err(TlsError::from)?;
        self.collect()?;
        Ok(())
    }
}
