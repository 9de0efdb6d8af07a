//! What stands between a connection and its socket: nothing, or a session of TLS.

use std::cell::{OnceCell, RefCell};
use std::io;
use std::sync::Arc;

use tls::{Identity, Renewal, Session};
use tokio::net::TcpStream;

use crate::connection::try_write;
use crate::gateway::Shared;
use crate::limits::{LOOK_AGAIN, SEAL_BYTES};

/// How clients are taken by TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Who this server is.
    pub identity: Arc<Identity>,
    /// Whether clients without TLS are told `tls_required`. Else both are served at the same port.
    pub required: bool,
}

impl Tls {
    /// Looks at the files every few seconds and takes what is new, for ever. Sessions that have begun are not touched.
    pub async fn keep_fresh(self) {
        let file = self.identity.certificate().display().to_string();
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            match self.identity.renew() {
                Ok(Renewal::Unchanged) => {}
                Ok(Renewal::Renewed) => tracing::info!(file, "new clients get the new certificate"),
                Err(error) => tracing::error!(%error, "the certificate is not renewed; the old one stays in use"),
            }
        }
    }
}

/// The session of a connection, once its first bytes have asked for one.
#[derive(Debug, Default)]
pub(crate) struct Secure(OnceCell<Box<RefCell<Session>>>);

impl Secure {
    /// Where there is none, reading and writing are the socket's.
    pub(crate) fn session(&self) -> Option<&RefCell<Session>> {
        self.0.get().map(AsRef::as_ref)
    }

    /// Begins a session. There is one at most.
    pub(crate) fn begin(&self, session: Session) -> &RefCell<Session> {
        self.0.get_or_init(|| Box::new(RefCell::new(session)))
    }

    /// Whether sealed bytes wait for the socket.
    pub(crate) fn owes(&self) -> bool {
        self.session().is_some_and(|session| !session.borrow().unsent().is_empty())
    }

    /// Drops the sealed bytes that wait. How many they were.
    pub(crate) fn forget(&self) -> usize {
        let Some(session) = self.session() else { return 0 };
        let mut session = session.borrow_mut();
        let left = session.unsent().len();
        session.forget();
        left
    }

    /// Seals the farewell of TLS, so that the client can tell the end from a cut.
    pub(crate) fn close(&self, shared: &Shared) -> io::Result<()> {
        self.session().map_or(Ok(()), |session| owing(shared, &mut session.borrow_mut(), Session::close))
    }
}

/// Seals bytes as far as the socket takes them. Returns how many were sealed: they are on their way, or kept sealed.
pub(crate) fn write(
    shared: &Shared,
    stream: &TcpStream,
    session: &RefCell<Session>,
    bytes: &[u8],
) -> io::Result<usize> {
    owing(shared, &mut session.borrow_mut(), |session| {
        push(shared, stream, session)?;
        let mut sealed = 0;
        while sealed < bytes.len() && session.unsent().is_empty() {
            let piece = &bytes[sealed..bytes.len().min(sealed + SEAL_BYTES)];
            session.seal(piece)?;
            sealed += piece.len();
            push(shared, stream, session)?;
        }
        Ok(sealed)
    })
}

/// Gives the socket what it takes of the sealed bytes.
fn push(shared: &Shared, stream: &TcpStream, session: &mut Session) -> io::Result<()> {
    while !session.unsent().is_empty() {
        match try_write(shared, stream, session.unsent())? {
            0 => return Ok(()),
            taken => session.took(taken)?,
        }
    }
    Ok(())
}

/// Counts sealed bytes that wait to what is kept for clients that do not read.
fn owing<T>(shared: &Shared, session: &mut Session, act: impl FnOnce(&mut Session) -> T) -> T {
    let before = session.unsent().len() as u64;
    let outcome = act(session);
    let after = session.unsent().len() as u64;
    shared.tally.count(|c| c.pending_bytes = c.pending_bytes + after - before);
    outcome
}

/// [`owing`] for what comes from the client: answers of TLS itself.
pub(crate) fn receive(
    shared: &Shared,
    session: &RefCell<Session>,
    bytes: &[u8],
    take: impl FnMut(&[u8]),
) -> Result<tls::Received, tls::TlsError> {
    owing(shared, &mut session.borrow_mut(), |session| session.receive(bytes, take))
}
