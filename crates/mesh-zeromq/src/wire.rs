//! The bytes around an envelope on a ZeroMQ link: the topic in front of it, and the routing id of a host.

use node::ports::mesh_intake::Refused;
use protocol::Incarnation;
use protocol::envelope::HEADER_BYTES;
use protocol::limits::MESH_MESSAGE_BYTES;
use protocol::mesh::{TOPIC_BYTES, Topic};

/// Bytes of the largest message with its envelope.
pub(crate) const MESSAGE_BYTES: usize = HEADER_BYTES + MESH_MESSAGE_BYTES;
/// Bytes of the largest part on a link.
pub(crate) const PART_BYTES: usize = TOPIC_BYTES + MESSAGE_BYTES;
/// Bytes that CURVE puts around a part: the name of its command, a nonce, a tag and flags.
pub(crate) const CURVE_BYTES: usize = 64;
/// Bytes of the largest part that a peer may send to a port of ours: subscriptions, and the commands of the handshake,
/// of which CURVE's are the longest.
pub(crate) const CALLER_BYTES: usize = 512;

/// What an ear asks on the direct lane, and the answer.
pub(crate) const QUESTION: &[u8] = b"";

/// Bytes of a routing id: `H`, the number and the life of the host.
const ROUTING_ID_BYTES: usize = 11;

/// The routing id under which a host's DEALER is known to a ROUTER. It names the life, so that what is meant for one
/// life never reaches another. It does not begin with zero, as libzmq keeps such ids for itself.
pub(crate) fn routing_id(host: u16, life: u64) -> [u8; ROUTING_ID_BYTES] {
    let mut id = [b'H'; ROUTING_ID_BYTES];
    id[1..3].copy_from_slice(&host.to_be_bytes());
    // Incarnations carry 40 bits of a life, and ids are made from them too.
    id[3..].copy_from_slice(&Incarnation::new(0, 0, life).life().to_be_bytes());
    id
}

/// One part: the topic, then the message.
pub(crate) fn part(topic: &Topic, message: &[u8]) -> zmq::Message {
    let mut part = zmq::Message::with_size(TOPIC_BYTES + message.len());
    let (front, rest) = part.split_at_mut(TOPIC_BYTES);
    front.copy_from_slice(&topic.0);
    rest.copy_from_slice(message);
    part
}

/// The topic and the message of a part.
pub(crate) fn split(part: &[u8]) -> Result<(Topic, &[u8]), Refused> {
    let (topic, message) = part.split_first_chunk::<TOPIC_BYTES>().ok_or(Refused::Address)?;
    Ok((Topic(*topic), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_splits_into_what_it_was_made_of() {
        let topic = Topic::node(Incarnation::new(7, 8, 9));
        for message in [&b""[..], b"x", &[3; 5000]] {
            let part = part(&topic, message);
            assert_eq!(split(&part), Ok((topic, message)));
        }
        assert_eq!(topic.addressee(), Some(Incarnation::new(7, 8, 9)));
        assert_eq!(split(b"too short"), Err(Refused::Address));
    }

    #[test]
    fn a_routing_id_names_the_host_and_the_life() {
        assert_ne!(routing_id(1, 2), routing_id(2, 1));
        assert_ne!(routing_id(1, 2), routing_id(1, 3));
        assert_eq!(routing_id(1, 1 << 40 | 5), routing_id(1, 5), "as an incarnation would say it");
        assert_ne!(routing_id(0, 0)[0], 0);
    }
}
