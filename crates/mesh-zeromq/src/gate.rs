//! The gate: says to libzmq which keys may come in (ZAP, RFC 27 of ZeroMQ, version 1.0).
//!
//! libzmq asks once for each connection to one of our ports whose sender has proven that it holds a key, and holds only
//! that connection until the answer. It asks by the same context, so nothing from outside reaches this socket.

use std::sync::Arc;

use crate::keys::{AcceptedKeys, PublicKey};

/// Where libzmq asks.
const ENDPOINT: &str = "inproc://zeromq.zap.01";
/// Questions answered before the links have their turn.
const BURST: usize = 64;

/// The gate of a host.
pub(crate) struct Gate {
    socket: zmq::Socket,
    accepted: Arc<AcceptedKeys>,
}

/// A question of libzmq, as far as it matters.
struct Question<'a> {
    /// Where the answer goes, with the empty part behind it.
    back: &'a [Vec<u8>],
    id: &'a [u8],
    address: &'a [u8],
    key: Option<PublicKey>,
}

impl Gate {
    /// Must stand before the first port listens: without a gate libzmq lets every key in.
    pub(crate) fn new(context: &zmq::Context, accepted: Arc<AcceptedKeys>) -> zmq::Result<Self> {
        let socket = context.socket(zmq::ROUTER)?;
        socket.set_linger(0)?;
        socket.bind(ENDPOINT)?;
        Ok(Self { socket, accepted })
    }

    pub(crate) fn as_poll_item(&self) -> zmq::PollItem<'_> {
        self.socket.as_poll_item(zmq::POLLIN)
    }

    /// Answers what was asked. `refused` hears of each caller that was turned away: its address, and its key.
    pub(crate) fn answer(&self, mut refused: impl FnMut(&str, Option<PublicKey>)) {
        for _ in 0..BURST {
            let Ok(parts) = self.socket.recv_multipart(zmq::DONTWAIT) else { return };
            let Some(question) = Question::of(&parts) else { continue };
            let accepted = question.key.is_some_and(|key| self.accepted.accepts(&key));
            let (status, text): (&[u8], &[u8]) =
                if accepted { (b"200", b"") } else { (b"400", b"this key is not accepted here") };
            if !accepted {
                refused(&String::from_utf8_lossy(question.address), question.key);
            }
            let rest: [&[u8]; 6] = [b"1.0", question.id, status, text, b"", b""];
            let answer = question.back.iter().map(Vec::as_slice).chain(rest);
            // A connection that is gone meanwhile needs no answer.
            let _ = self.socket.send_multipart(answer, zmq::DONTWAIT);
        }
    }
}

impl<'a> Question<'a> {
    fn of(parts: &'a [Vec<u8>]) -> Option<Self> {
        let end = parts.iter().position(Vec::is_empty)? + 1;
        let (back, asked) = parts.split_at(end);
        let [version, id, _domain, address, _routing_id, mechanism, credentials @ ..] = asked else { return None };
        if version != b"1.0" {
            return None;
        }
        let key = match credentials {
            [key] if mechanism == b"CURVE" => PublicKey::of_bytes(key),
            _ => None,
        };
        Some(Self { back, id, address, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parts: &[&[u8]]) -> Vec<Vec<u8>> {
        parts.iter().map(|part| part.to_vec()).collect()
    }

    #[test]
    fn only_whole_questions_are_read_and_only_curve_names_a_key() {
        let key = [7; 32];
        let ask = |mechanism: &[u8], key: &[u8]| {
            parts(&[b"pipe", b"", b"1.0", b"1", b"tombolo", b"10.0.0.7", b"H", mechanism, key])
        };
        let named = |parts: &[Vec<u8>]| Question::of(parts).map(|q| q.key);
        assert_eq!(named(&ask(b"CURVE", &key)), Some(Some(PublicKey(key))));
        assert_eq!(named(&ask(b"CURVE", &key[1..])), Some(None));
        assert_eq!(named(&ask(b"PLAIN", &key)), Some(None));
        assert_eq!(named(&ask(b"CURVE", &key)[..6]), None);
        assert_eq!(named(&[]), None);
        let mut old = ask(b"CURVE", &key);
        old[2] = b"0.9".to_vec();
        assert_eq!(named(&old), None);
    }
}
