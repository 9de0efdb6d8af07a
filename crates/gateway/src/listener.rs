//! The port, taken before anything else starts, so that a port in use stops a host before it has done anything.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

use crate::limits::{BACKLOG, RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES};
use crate::secure::Tls;

/// A port that cannot be listened on. Nothing is left behind.
#[derive(Debug, Error)]
pub enum BindError {
    /// Somebody else has it.
    #[error("the client address {0} is in use; stop the other process or choose another port")]
    InUse(SocketAddr),
    /// The system refused.
    #[error("cannot listen for clients on {address}: {reason}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
}

/// A port on which clients may connect already; they are served once a [`crate::Gateway`] opens.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
    pub(crate) tls: Option<Tls>,
}

impl Listener {
    /// Takes a port; port 0 stands for any that is free.
    ///
    /// # Errors
    /// The address is in use, is not this machine's, or needs rights that the process lacks.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let refused = |reason: io::Error| match reason.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(address),
            _ => BindError::Refused { address, reason },
        };
        let inner = listen(address).map_err(refused)?;
        let address = inner.local_addr().map_err(refused)?;
        Ok(Self { inner, address, tls: None })
    }

    /// Takes clients by TLS, only or also.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Tls>) -> Self {
        self.tls = tls;
        self
    }

    /// The address with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn into_tokio(self) -> io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::from_std(self.inner)
    }
}

/// The buffers that are set here are inherited by every accepted connection, and must be set before it is one.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted process takes its port at once, although old connections still fade.
    socket.set_reuse_address(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
