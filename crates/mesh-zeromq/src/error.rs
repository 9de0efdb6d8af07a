//! Why a mesh cannot start. Nothing was left behind: no port, no thread.

use std::fmt;
use std::io;
use std::net::IpAddr;

use thiserror::Error;

/// One of the two lanes, as its port is called in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The ordered lane.
    Publish,
    /// The direct lane.
    Direct,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::Direct => "direct",
        })
    }
}

/// Why a mesh cannot start.
#[derive(Debug, Error)]
pub enum MeshError {
    /// Somebody else listens there.
    #[error("port {port} on {host} is in use; set another {lane}_port for the mesh, or stop what listens there")]
    PortInUse {
        /// The port.
        port: u16,
        /// The interface.
        host: IpAddr,
        /// The lane it was for.
        lane: Lane,
    },
    /// All ports that [`crate::ANY_PORT`] stands for are in use.
    #[error("no port of {first} to {last} on {host} is free for the mesh's {lane}_port")]
    NoPort {
        /// The first port tried.
        first: u16,
        /// The last.
        last: u16,
        /// The interface.
        host: IpAddr,
        /// The lane it was for.
        lane: Lane,
    },
    /// The interface or the port cannot be listened on.
    #[error("the mesh cannot listen on {host} port {port} as its {lane}_port: {reason}")]
    Bind {
        /// The port.
        port: u16,
        /// The interface.
        host: IpAddr,
        /// The lane it was for.
        lane: Lane,
        /// What libzmq said.
        reason: zmq::Error,
    },
    /// libzmq refused a socket or an option.
    #[error("libzmq refused a socket: {0}")]
    Socket(#[from] zmq::Error),
    /// The system gave no thread or no wake-up line.
    #[error("the mesh's thread cannot start: {0}")]
    Start(io::Error),
}
