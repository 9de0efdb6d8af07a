//! A link: this host's two ears at one peer, and whether they are connected.
//!
//! Nothing is ever sent on a link but subscriptions and questions. libzmq connects again by itself, to whoever listens at the address
//! then, and says all subscriptions again. But it gives a connection up for good once what it heard there was not its
//! protocol, as when another program took the port for a while; so a link that stays down is made anew.
//! And who takes our routing id at the peer's ROUTER leaves us with a connection that is alive and dead: libzmq keeps it
//! and routes nothing to it. So the direct lane is asked once a second, and a link without answers is made anew too.
//!
//! Invariant: the reader of a monitor outlives the socket that it watches. libzmq says events by a send that waits, so
//! a reader that went first would hold the thread that serves every socket of the host for ever.

use std::time::{Duration, Instant};

use node::ports::directory::Claim;
use node::ports::mesh::MeshPeer;
use node::ports::subscriptions::Filter;

use thiserror::Error;

use crate::config::MeshLimits;
use crate::keys::{PublicKey, Security};
use crate::sockets::Secret;
use crate::{sockets, wire};

/// A link that was down so long is made anew. Longer than libzmq waits for a connection and between two of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// So often the direct lane is asked whether it still leads here.
const ASK_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) struct Link {
    pub peer: MeshPeer,
    /// The key that the peer must prove to hold, if we have one ourselves.
    key: Option<PublicKey>,
    pub frames: Ear,
    pub words: Ear,
    /// When it was last seen up, or made.
    last_up: Instant,
    /// When the direct lane last answered, or was made.
    last_answer: Instant,
    last_question: Instant,
}

/// A socket and the monitor that tells whether it is connected.
pub(crate) struct Ear {
    pub socket: zmq::Socket,
    monitor: Monitor,
    up: bool,
}

/// The reader of what libzmq says of a socket.
pub(crate) struct Monitor(zmq::Socket);

/// The monitors of sockets that were closed, until libzmq has said the last of them.
#[derive(Default)]
pub(crate) struct Closing(Vec<Monitor>);

/// What a link is made with.
pub(crate) struct LinkMaker {
    pub context: zmq::Context,
    pub limits: MeshLimits,
    pub security: Option<Security>,
    pub claim: Claim,
    /// Links made so far; it names the monitors.
    pub made: u64,
}

/// Why a link is not made.
#[derive(Debug, Error)]
pub(crate) enum LinkError {
    #[error(transparent)]
    Socket(#[from] zmq::Error),
    #[error("its record names no key that can be read ({0}); hosts with keys and hosts without cannot link")]
    NoKey(String),
    #[error("its key {0} is not in the list of accepted keys")]
    NotAccepted(PublicKey),
}

impl LinkMaker {
    /// The key of a peer, if we have keys.
    fn key_of(&self, peer: &MeshPeer) -> Result<Option<PublicKey>, LinkError> {
        let Some(security) = &self.security else { return Ok(None) };
        let key = PublicKey::parse(&peer.key).map_err(LinkError::NoKey)?;
        if security.accepted.accepts(&key) { Ok(Some(key)) } else { Err(LinkError::NotAccepted(key)) }
    }

    /// Whether a link may stay: its key may have been taken off the list.
    pub(crate) fn still_accepts(&self, link: &Link) -> bool {
        match (&self.security, &link.key) {
            (Some(security), Some(key)) => security.accepted.accepts(key),
            _ => true,
        }
    }

    /// Connects to a peer, with everything subscribed that the host wants to hear. On an error what was made so far goes
    /// to `closing`.
    pub(crate) fn link<'a>(
        &mut self,
        peer: MeshPeer,
        filters: impl Iterator<Item = &'a Filter>,
        closing: &mut Closing,
    ) -> Result<Link, LinkError> {
        self.made += 1;
        let key = self.key_of(&peer)?;
        let secret = self.security.as_ref().zip(key).map(|(own, peer)| Secret { own: &own.pair, peer });
        let subscriber = sockets::subscriber(&self.context, &self.limits, secret.as_ref())?;
        for filter in filters {
            subscriber.set_subscribe(filter.as_bytes())?;
        }
        let routing_id = wire::routing_id(self.claim.host, self.claim.life);
        let dealer = sockets::dealer(&self.context, &self.limits, secret.as_ref(), &routing_id)?;
        let frames = self.ear(subscriber, "frames")?;
        let words = match self.ear(dealer, "words") {
            Ok(words) => words,
            Err(error) => {
                closing.close_ear(frames);
                return Err(error.into());
            }
        };
        let now = Instant::now();
        let link = Link { peer, key, frames, words, last_up: now, last_answer: now, last_question: now };
        match link.connect() {
            Ok(()) => Ok(link),
            Err(error) => {
                closing.close(link);
                Err(error.into())
            }
        }
    }

    /// The reader stands before the monitor begins, so that nothing is ever said to nobody.
    fn ear(&self, socket: zmq::Socket, name: &str) -> zmq::Result<Ear> {
        let endpoint = format!("inproc://monitor-{name}-{}", self.made);
        let events = zmq::SocketEvent::HANDSHAKE_SUCCEEDED as i32
            | zmq::SocketEvent::DISCONNECTED as i32
            | zmq::SocketEvent::MONITOR_STOPPED as i32;
        let monitor = sockets::pair(&self.context)?;
        monitor.connect(&endpoint)?;
        socket.monitor(&endpoint, events)?;
        Ok(Ear { socket, monitor: Monitor(monitor), up: false })
    }
}

impl Link {
    fn connect(&self) -> zmq::Result<()> {
        self.frames.socket.connect(&format!("tcp://{}", self.peer.publish_address))?;
        self.words.socket.connect(&format!("tcp://{}", self.peer.direct_address))
    }

    /// Whether a peer is the same life at the same place.
    pub(crate) fn leads_to(&self, peer: &MeshPeer) -> bool {
        self.peer.life == peer.life
            && self.peer.key == peer.key
            && self.peer.publish_address == peer.publish_address
            && self.peer.direct_address == peer.direct_address
    }

    /// Whether both ears are connected.
    pub(crate) fn is_up(&mut self) -> bool {
        let up = self.frames.look() & self.words.look();
        if up {
            self.last_up = Instant::now();
        }
        up
    }

    /// Whether it should be made anew.
    pub(crate) fn is_stale(&self) -> bool {
        self.last_up.elapsed() >= PATIENCE || self.last_answer.elapsed() >= PATIENCE
    }

    /// Asks the direct lane if it is time to.
    pub(crate) fn ask(&mut self) {
        if self.last_question.elapsed() >= ASK_INTERVAL {
            self.last_question = Instant::now();
            // While there is no connection a few questions wait for it, and further ones are not worth it.
            let _ = self.words.socket.send(wire::QUESTION, zmq::DONTWAIT);
        }
    }

    /// Notes an answer.
    pub(crate) fn answered(&mut self) {
        self.last_answer = Instant::now();
    }
}

impl Ear {
    fn look(&mut self) -> bool {
        while let Some((event, _)) = self.monitor.next() {
            match event {
                zmq::SocketEvent::HANDSHAKE_SUCCEEDED => self.up = true,
                zmq::SocketEvent::DISCONNECTED => self.up = false,
                _ => {}
            }
        }
        self.up
    }
}

impl Monitor {
    /// Over a socket that is connected to the endpoint of a monitor.
    pub(crate) fn over(reader: zmq::Socket) -> Self {
        Self(reader)
    }

    /// The next event and the address that it is about, if there is one.
    pub(crate) fn next(&self) -> Option<(zmq::SocketEvent, String)> {
        loop {
            // An event is its number, two bytes in the machine's order, and a value; the address follows in a part.
            let part = self.0.recv_msg(zmq::DONTWAIT).ok()?;
            let number = part.first_chunk::<2>().copied();
            let address = if part.get_more() { self.0.recv_msg(zmq::DONTWAIT).ok() } else { None };
            if let (Some(number), Some(address)) = (number, address) {
                let event = zmq::SocketEvent::from_raw(u16::from_ne_bytes(number));
                return Some((event, String::from_utf8_lossy(&address).into_owned()));
            }
        }
    }

    /// Whether the socket that it watches is closed for good.
    fn is_over(&self) -> bool {
        std::iter::from_fn(|| self.next()).any(|(event, _)| event == zmq::SocketEvent::MONITOR_STOPPED)
    }
}

impl Closing {
    /// Closes both ears of a link.
    pub(crate) fn close(&mut self, link: Link) {
        let Link { frames, words, .. } = link;
        self.close_ear(frames);
        self.close_ear(words);
    }

    fn close_ear(&mut self, ear: Ear) {
        let Ear { socket, monitor, .. } = ear;
        drop(socket);
        self.watch(monitor);
    }

    /// Takes the monitor of a socket that was closed.
    pub(crate) fn watch(&mut self, monitor: Monitor) {
        self.0.push(monitor);
    }

    /// Lets go of the monitors that have said their last; whether none is left.
    pub(crate) fn look(&mut self) -> bool {
        self.0.retain(|monitor| !monitor.is_over());
        self.0.is_empty()
    }
}
