//! Every limit of a gateway, with its unit, its reason and what happens there.

use std::time::Duration;

use protocol::limits::{CLIENT_MESSAGE_BYTES, CLIENT_MESSAGES_BURST, CLIENT_MESSAGES_PER_SECOND, SERVER_MESSAGE_BYTES};
use thiserror::Error;

/// Connections that may wait to be accepted. The kernel lets further ones try again.
pub(crate) const BACKLOG: i32 = 1_024;
/// Bytes read at once from a connection. A burst that is longer takes several turns, so nobody is served at length;
/// also what a connection's splitter holds at most, besides one incomplete message.
pub(crate) const READ_BYTES: usize = 4 * 1024;
/// Bytes that the kernel keeps for a client that does not read. A second or two of a crowd: who is further behind
/// gets a fresh picture instead of an old one. Linux doubles it for its own bookkeeping.
pub(crate) const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// Bytes that the kernel takes in for us from one client while the node is busy.
pub(crate) const RECEIVE_BUFFER_BYTES: usize = 32 * 1024;
/// Pause after the system refused to accept, for want of file descriptors or memory.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that were refused and are still being told why. Further ones are cut without a word.
pub(crate) const FAREWELLS: usize = 128;
/// How long a closing connection may take to read its last bytes.
pub(crate) const FLUSH: Duration = Duration::from_secs(2);
/// How long a closed connection is listened to, so that the system does not cut off our last words because of
/// bytes that nobody read.
pub(crate) const LINGER: Duration = Duration::from_millis(500);
/// What is read and thrown away in that time.
pub(crate) const LINGER_BYTES: usize = 256 * 1024;

/// Bytes that TLS seals before the socket is asked whether it takes them: one write for all but the greatest ticks. Also
/// what is kept sealed at most for a client that does not read.
pub(crate) const SEAL_BYTES: usize = 32 * 1024;
/// Bytes that a client may send before TLS is ready. Twice what the greatest of its first messages has.
pub(crate) const GREETING_BYTES: usize = 32 * 1024;

/// Time between two looks at the files of the certificate.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Addresses without a connection whose haste is remembered. Beyond it all of them are forgotten at once.
pub(crate) const ORIGINS: usize = 8_192;

/// The limits that an operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. One more is told `full`. Above the sessions of a node, so that the node can answer itself.
    pub connections: usize,
    /// Connections at once from one IPv4 address or IPv6 /64 network. One more is told `rate_limited`. Many players
    /// may share an address.
    pub per_address: usize,
    /// New connections a second from one such address, as a steady rate; twice `per_address` may come at once. One more
    /// is told `rate_limited`. A handshake of TLS costs a node more than anything else that a stranger may ask for.
    pub arrivals_per_s: u32,
    /// Messages a second from one connection; it is closed with `rate_limited` beyond it. An input each tick at 40 Hz
    /// and a hundred requests for baselines stay below.
    pub messages_per_s: u32,
    /// Messages that may come at once: five seconds' worth, after the network paused.
    pub message_burst: u32,
    /// Bytes a second from one connection; it is closed with `rate_limited` beyond it.
    pub bytes_per_s: u32,
    /// Bytes that may come at once.
    pub byte_burst: u32,
    /// Comings, goings and recoveries of clients that wait for the node's loop; beyond it those who tell of them wait.
    /// Messages wait in the sockets until the loop reads them, and TCP slows their clients.
    pub events: usize,
    /// Bytes of control messages kept for a client that does not read. Beyond it the connection is cut.
    pub blocked_control_bytes: usize,
    /// Bytes kept for one client that does not read, all in all. Beyond it the connection is cut. A full tick message
    /// and its control bytes stay below.
    pub pending_bytes: usize,
    /// Bytes kept for all clients of the gateway that do not read. Who needs more than that is cut.
    pub pending_total_bytes: usize,
    /// How long a client may take to read what is kept for it. Then it is cut.
    pub stuck: Duration,
    /// Messages of each kind from one connection; it is closed with `rate_limited` beyond it.
    pub kinds: KindRates,
    /// How long TLS may take to be ready. Then the connection is cut. Where TLS is optional, the first bytes of a client
    /// without it must come within this time too.
    pub greeting: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: node::limits::SESSIONS + 256,
            per_address: 256,
            arrivals_per_s: 64,
            messages_per_s: CLIENT_MESSAGES_PER_SECOND,
            message_burst: CLIENT_MESSAGES_BURST,
            bytes_per_s: 16 * 1024,
            byte_burst: 80 * 1024,
            events: 4_096,
            blocked_control_bytes: 128 * 1024,
            pending_bytes: 2 * SERVER_MESSAGE_BYTES,
            pending_total_bytes: 128 * 1024 * 1024,
            stuck: Duration::from_secs(20),
            kinds: KindRates::default(),
            greeting: Duration::from_secs(5),
        }
    }
}

/// A steady rate, and how much may come at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A second.
    pub per_s: u32,
    /// At once.
    pub burst: u32,
}

impl Rate {
    fn least(self) -> usize {
        self.per_s.min(self.burst) as usize
    }
}

/// The rates of the kinds of messages. What an honest client sends stays well below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRates {
    /// Hellos: one a connection.
    pub hello: Rate,
    /// Inputs: one at each of 40 ticks, and five seconds of them after the network paused.
    pub input: Rate,
    /// Lines of speech. The node itself refuses what is above 1 a second, and the connection stays; this ends it.
    pub speak: Rate,
    /// Deeds: a client that comes back repeats all that are unanswered.
    pub deed: Rate,
    /// Requests for baselines: the node serves 100 a second.
    pub baseline: Rate,
    /// Pings.
    pub ping: Rate,
    /// Farewells.
    pub bye: Rate,
    /// All kinds that this version does not know, together.
    pub other: Rate,
}

impl KindRates {
    /// Every rate with its name in the configuration.
    pub fn named(&self) -> [(&'static str, Rate); 8] {
        let Self { hello, input, speak, deed, baseline, ping, bye, other } = *self;
        [
            ("kinds.hello", hello),
            ("kinds.input", input),
            ("kinds.speak", speak),
            ("kinds.deed", deed),
            ("kinds.baseline", baseline),
            ("kinds.ping", ping),
            ("kinds.bye", bye),
            ("kinds.other", other),
        ]
    }
}

impl Default for KindRates {
    fn default() -> Self {
        let rate = |per_s, burst| Rate { per_s, burst };
        Self {
            hello: rate(1, 2),
            input: rate(60, 300),
            speak: rate(4, 16),
            deed: rate(8, 32),
            baseline: rate(100, 500),
            ping: rate(8, 40),
            bye: rate(1, 2),
            other: rate(8, 40),
        }
    }
}

/// A limit that nobody could live with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{name} must be at least {least}, not {value}")]
pub struct LimitTooLow {
    /// The field of [`Limits`].
    pub name: &'static str,
    /// What it is.
    pub value: usize,
    /// What it must be at least.
    pub least: usize,
}

impl Limits {
    /// Refuses limits under which an honest client could not play.
    ///
    /// # Errors
    /// The first limit that is too low.
    pub fn check(&self) -> Result<(), LimitTooLow> {
        let at_least = [
            ("connections", self.connections, 1),
            ("per_address", self.per_address, 1),
            ("arrivals_per_s", self.arrivals_per_s as usize, 1),
            ("messages_per_s", self.messages_per_s as usize, 1),
            ("message_burst", self.message_burst as usize, 1),
            ("bytes_per_s", self.bytes_per_s as usize, 1),
            // All that one read may bring.
            ("byte_burst", self.byte_burst as usize, READ_BYTES),
            ("events", self.events, 1),
            // A tick message that was begun must be finished.
            ("pending_bytes", self.pending_bytes, SERVER_MESSAGE_BYTES),
            ("pending_total_bytes", self.pending_total_bytes, SERVER_MESSAGE_BYTES),
            ("blocked_control_bytes", self.blocked_control_bytes, CLIENT_MESSAGE_BYTES),
        ];
        let at_least = at_least.into_iter().chain(self.kinds.named().map(|(name, rate)| (name, rate.least(), 1)));
        let mut at_least = at_least;
        match at_least.find(|(_, value, least)| value < least) {
            Some((name, value, least)) => Err(LimitTooLow { name, value, least }),
            None => Ok(()),
        }
    }
}

// One message of the greatest length must pass at once.
const _: () = assert!(CLIENT_MESSAGE_BYTES < READ_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_end_play_are_named() {
        let low = |limits: Limits| limits.check().err().map(|e| e.name);
        assert_eq!(low(Limits::default()), None);
        assert_eq!(low(Limits { byte_burst: 4_095, ..Limits::default() }), Some("byte_burst"));
        assert_eq!(low(Limits { events: 0, ..Limits::default() }), Some("events"));
        assert_eq!(low(Limits { pending_bytes: 1_000, ..Limits::default() }), Some("pending_bytes"));
    }
}
