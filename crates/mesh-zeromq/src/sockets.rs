//! Every socket with all of its options. What ZeroMQ gets wrong by default is put right here and nowhere else.
//!
//! - `LINGER` 0: a mesh that ends does not wait for peers.
//! - `SUB.SNDHWM` and `XPUB.RCVHWM` 0: subscriptions are messages too, and with a limit they are lost in silence.
//! - `MAXMSGSIZE`: libzmq cuts the connection of a peer that announces more, before it allocates.
//! - Heartbeats and `HANDSHAKE_IVL`: a peer that stands still or never says who it is does not hold resources.
//! - `ROUTER_MANDATORY`: a word to nobody is an error and not lost in silence. `ROUTER_HANDOVER`: a host that comes back
//!   takes over from its own dead connection.
//! - CURVE, where there are keys: libzmq lets every key in unless it is told whom to ask, which is `gate.rs`.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::config::{ANY_PORT, MeshConfig, MeshLimits};
use crate::error::{Lane, MeshError};
use crate::keys::{KeyPair, PublicKey, Security};
use crate::wire::{CALLER_BYTES, CURVE_BYTES, PART_BYTES};

/// Milliseconds between two signs of life on a connection.
const HEARTBEAT_INTERVAL_MS: i32 = 1000;
/// Milliseconds without a sign of life after which a connection is closed.
const HEARTBEAT_TIMEOUT_MS: i32 = 3000;
/// Milliseconds in which a connection must have said who it is.
const HANDSHAKE_MS: i32 = 5000;
/// Milliseconds to wait for an answer to a connection.
const CONNECT_TIMEOUT_MS: i32 = 3000;
/// Milliseconds to wait before the first attempt to connect again; it doubles from there.
const RECONNECT_FIRST_MS: i32 = 50;
/// Milliseconds to wait at most before an attempt to connect again.
const RECONNECT_LAST_MS: i32 = 1000;
/// Messages that wait on a socket on which nobody has anything to say.
const STRANGERS_QUEUE: i32 = 16;
/// Unlimited, for queues of subscriptions and events.
const UNLIMITED: i32 = 0;
/// What the gate is asked for. libzmq asks nobody without a name here.
const ZAP_DOMAIN: &str = "tombolo";

/// The ports that [`ANY_PORT`] stands for.
const ANY_FIRST: u16 = 20_000;
const ANY_LAST: u16 = 32_767;

/// A socket that listens.
pub(crate) struct Bound {
    pub socket: zmq::Socket,
    pub port: u16,
}

impl Bound {
    /// The ordered lane of a host.
    pub(crate) fn publish(context: &zmq::Context, config: &MeshConfig) -> Result<Self, MeshError> {
        let socket = common(context, zmq::XPUB, CALLER_BYTES)?;
        guard(&socket, config.security.as_ref())?;
        socket.set_sndhwm(i32::from(config.limits.publish_queue))?;
        socket.set_rcvhwm(UNLIMITED)?;
        bind(socket, config.bind_host, config.publish_port, Lane::Publish)
    }

    /// The direct lane of a host.
    pub(crate) fn direct(context: &zmq::Context, config: &MeshConfig) -> Result<Self, MeshError> {
        let socket = common(context, zmq::ROUTER, CALLER_BYTES)?;
        guard(&socket, config.security.as_ref())?;
        socket.set_sndhwm(i32::from(config.limits.direct_queue))?;
        socket.set_rcvhwm(STRANGERS_QUEUE)?;
        socket.set_router_mandatory(true)?;
        socket.set_router_handover(true)?;
        bind(socket, config.bind_host, config.direct_port, Lane::Direct)
    }
}

/// An ear at a peer's ordered lane, not yet connected.
pub(crate) fn subscriber(
    context: &zmq::Context,
    limits: &MeshLimits,
    secret: Option<&Secret<'_>>,
) -> zmq::Result<zmq::Socket> {
    let socket = common(context, zmq::SUB, PART_BYTES + CURVE_BYTES)?;
    unlock(&socket, secret)?;
    socket.set_sndhwm(UNLIMITED)?;
    socket.set_rcvhwm(i32::from(limits.receive_queue))?;
    Ok(socket)
}

/// An ear at a peer's direct lane, not yet connected.
pub(crate) fn dealer(
    context: &zmq::Context,
    limits: &MeshLimits,
    secret: Option<&Secret<'_>>,
    routing_id: &[u8],
) -> zmq::Result<zmq::Socket> {
    let socket = common(context, zmq::DEALER, PART_BYTES + CURVE_BYTES)?;
    unlock(&socket, secret)?;
    socket.set_identity(routing_id)?;
    socket.set_sndhwm(STRANGERS_QUEUE)?;
    socket.set_rcvhwm(i32::from(limits.receive_queue))?;
    Ok(socket)
}

/// What a link is locked with: who we are, and who must answer.
pub(crate) struct Secret<'a> {
    pub own: &'a KeyPair,
    pub peer: PublicKey,
}

/// Lets in only who the gate lets in.
fn guard(socket: &zmq::Socket, security: Option<&Security>) -> zmq::Result<()> {
    let Some(security) = security else { return Ok(()) };
    socket.set_zap_domain(ZAP_DOMAIN)?;
    socket.set_curve_server(true)?;
    socket.set_curve_secretkey(&security.pair.secret)
}

/// Proves who we are to whoever proves to be the peer.
fn unlock(socket: &zmq::Socket, secret: Option<&Secret<'_>>) -> zmq::Result<()> {
    let Some(Secret { own, peer }) = secret else { return Ok(()) };
    socket.set_curve_serverkey(&peer.0)?;
    socket.set_curve_publickey(&own.public.0)?;
    socket.set_curve_secretkey(&own.secret)
}

/// The end of a line inside of the context.
pub(crate) fn pair(context: &zmq::Context) -> zmq::Result<zmq::Socket> {
    let socket = context.socket(zmq::PAIR)?;
    socket.set_linger(0)?;
    // Events are said by a send that waits: there is always room for another.
    socket.set_rcvhwm(UNLIMITED)?;
    Ok(socket)
}

fn common(context: &zmq::Context, kind: zmq::SocketType, largest_bytes: usize) -> zmq::Result<zmq::Socket> {
    let socket = context.socket(kind)?;
    socket.set_linger(0)?;
    socket.set_ipv6(true)?;
    socket.set_maxmsgsize(largest_bytes as i64)?;
    socket.set_heartbeat_ivl(HEARTBEAT_INTERVAL_MS)?;
    socket.set_heartbeat_timeout(HEARTBEAT_TIMEOUT_MS)?;
    socket.set_heartbeat_ttl(HEARTBEAT_TIMEOUT_MS)?;
    socket.set_handshake_ivl(HANDSHAKE_MS)?;
    socket.set_connect_timeout(CONNECT_TIMEOUT_MS)?;
    socket.set_reconnect_ivl(RECONNECT_FIRST_MS)?;
    socket.set_reconnect_ivl_max(RECONNECT_LAST_MS)?;
    Ok(socket)
}

fn bind(socket: zmq::Socket, host: IpAddr, port: u16, lane: Lane) -> Result<Bound, MeshError> {
    if port == ANY_PORT {
        return bind_any(socket, host, lane);
    }
    match try_bind(&socket, host, port) {
        Ok(()) => Ok(Bound { socket, port }),
        Err(zmq::Error::EADDRINUSE) => Err(MeshError::PortInUse { port, host, lane }),
        Err(reason) => Err(MeshError::Bind { port, host, lane, reason }),
    }
}

/// Meshes that start at once in one process, or in several, begin their search at different ports.
fn bind_any(socket: zmq::Socket, host: IpAddr, lane: Lane) -> Result<Bound, MeshError> {
    static STARTED: AtomicU16 = AtomicU16::new(0);
    const PORTS: u32 = (ANY_LAST - ANY_FIRST + 1) as u32;
    let nth = u32::from(STARTED.fetch_add(1, Ordering::Relaxed));
    let start = std::process::id().wrapping_mul(61).wrapping_add(nth);
    for step in 0..PORTS {
        let port = ANY_FIRST + (start.wrapping_add(step) % PORTS) as u16;
        match try_bind(&socket, host, port) {
            Ok(()) => return Ok(Bound { socket, port }),
            Err(zmq::Error::EADDRINUSE) => {}
            Err(reason) => return Err(MeshError::Bind { port, host, lane, reason }),
        }
    }
    Err(MeshError::NoPort { first: ANY_FIRST, last: ANY_LAST, host, lane })
}

fn try_bind(socket: &zmq::Socket, host: IpAddr, port: u16) -> zmq::Result<()> {
    socket.bind(&format!("tcp://{}", SocketAddr::new(host, port)))
}
