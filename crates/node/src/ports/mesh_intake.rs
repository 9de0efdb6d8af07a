//! What every mesh checks before it hands a message on: that it is a message of its lane and that it claims to come
//! from the host at the other end of the link. It is cheap and reads no bodies; the node does the rest.

use protocol::mesh::MeshMessage;
use protocol::{Kind, WireError};
use thiserror::Error;

use super::mesh::MeshLane;

/// Why a message from another host was not handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// It is no message.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It is of a kind that this build does not know, or not one for this lane.
    #[error("its kind does not belong on this lane")]
    Kind,
    /// It says that it comes from another host.
    #[error("it came from host {link} and claims host {claimed}")]
    Claim {
        /// The host at the other end of the link.
        link: u16,
        /// The host that the message names.
        claimed: u16,
    },
    /// It has no address, or one that this lane does not carry.
    #[error("it has no address")]
    Address,
    /// It came from somebody with no business to send anything.
    #[error("a stranger sent it")]
    Stranger,
}

/// Whether a message that came from `link` on `lane` may be handed on.
pub fn admit(link: u16, lane: MeshLane, bytes: &[u8]) -> Result<(), Refused> {
    let Some((kind, from)) = MeshMessage::peek(bytes)? else { return Err(Refused::Kind) };
    if lane_of(kind) != Some(lane) {
        return Err(Refused::Kind);
    }
    if from.host() != link {
        return Err(Refused::Claim { link, claimed: from.host() });
    }
    Ok(())
}

fn lane_of(kind: Kind) -> Option<MeshLane> {
    match kind {
        Kind::Frame | Kind::Summary | Kind::News => Some(MeshLane::Ordered),
        Kind::Interest
        | Kind::KeyframeRequest
        | Kind::Keyframe
        | Kind::Load
        | Kind::Prepare
        | Kind::Prepared
        | Kind::Declined
        | Kind::Released
        | Kind::Taken
        | Kind::CalledOff
        | Kind::Proposal
        | Kind::Consent
        | Kind::Dealt => Some(MeshLane::Direct),
        // Every kind is named: one that is forgotten here would be refused by every peer.
        Kind::Hello
        | Kind::Input
        | Kind::Speak
        | Kind::Dress
        | Kind::GetBaseline
        | Kind::Ping
        | Kind::Bye
        | Kind::Follow
        | Kind::Freeze
        | Kind::Deed
        | Kind::Offer
        | Kind::Agree
        | Kind::Welcome
        | Kind::Tick
        | Kind::Reply
        | Kind::Baseline
        | Kind::Pong
        | Kind::Closing
        | Kind::Invite
        | Kind::Ready
        | Kind::Stay
        | Kind::DeedReply
        | Kind::Bag
        | Kind::Page
        | Kind::Offered
        | Kind::Agreed => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::mesh::{Frame, Interest, Keyframe, KeyframeRequest, Summary};
    use protocol::things::{Consent, Dealt, News, Offer, Page, Proposal, Tidings};
    use protocol::{Incarnation, StreamId};
    use world::{Chunk, EntityId, Epoch, IslandId, Tick};

    use super::*;

    fn encoded(message: &MeshMessage<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        bytes
    }

    fn messages(from: Incarnation) -> [(MeshLane, MeshMessage<'static>); 9] {
        let stream = StreamId { publisher: from, island: IslandId(3), chunk: Chunk { cx: 4, cy: -5 }, sub: 6 };
        let interest = Interest { from, version: 9, chunks: vec![(stream.island, stream.chunk)] };
        let offer = Offer { to: 7, gives: Vec::new(), takes: Vec::new() };
        let (by, name, epoch) = (EntityId(8), "mira".to_owned(), Epoch(2));
        let summary = Summary { from, tick: Tick(8), interest: 9, streams: Vec::new() };
        [
            (MeshLane::Ordered, MeshMessage::Frame(Frame { stream, tick: Tick(8), prev_tick: None, body: b"f" })),
            (MeshLane::Ordered, MeshMessage::Summary(summary)),
            (MeshLane::Direct, MeshMessage::Interest(interest)),
            (MeshLane::Direct, MeshMessage::KeyframeRequest(KeyframeRequest { from, stream })),
            (MeshLane::Direct, MeshMessage::Keyframe(Keyframe { stream, tick: Tick(8), body: b"k" })),
            (MeshLane::Ordered, MeshMessage::Tidings(Tidings::News(News { from, page: Page::default() }))),
            (MeshLane::Direct, MeshMessage::Tidings(Tidings::Dealt(Dealt { from, by, with: by }))),
            (MeshLane::Direct, MeshMessage::Tidings(Tidings::Proposal(Proposal { from, by, offer: offer.clone() }))),
            (
                MeshLane::Direct,
                MeshMessage::Tidings(Tidings::Consent(Consent { from, by, name, epoch, to: by, offer })),
            ),
        ]
    }

    #[test]
    fn each_kind_is_admitted_on_its_lane_and_from_its_host_only() {
        for (lane, message) in messages(Incarnation::new(40_000, 2, 77)) {
            let bytes = encoded(&message);
            let peeked = MeshMessage::peek(&bytes).expect("well formed").expect("known");
            assert_eq!(peeked.1, message.from(), "{message:?}");
            let other = if lane == MeshLane::Direct { MeshLane::Ordered } else { MeshLane::Direct };
            assert_eq!(admit(40_000, lane, &bytes), Ok(()));
            assert_eq!(admit(40_000, other, &bytes), Err(Refused::Kind));
            assert_eq!(admit(40_001, lane, &bytes), Err(Refused::Claim { link: 40_001, claimed: 40_000 }));
        }
    }

    #[test]
    fn every_truncation_and_extension_is_refused() {
        for (lane, message) in messages(Incarnation::new(1, 2, 3)) {
            let mut bytes = encoded(&message);
            for end in 0..bytes.len() {
                assert!(admit(1, lane, &bytes[..end]).is_err(), "{message:?} cut to {end}");
            }
            bytes.push(0);
            assert!(matches!(admit(1, lane, &bytes), Err(Refused::Wire(_))));
        }
    }

    #[test]
    fn a_client_message_is_refused() {
        let mut bytes = Vec::new();
        protocol::envelope::write(&mut bytes, Kind::Hello, Default::default(), |out| out.extend([0; 32]));
        assert_eq!(admit(0, MeshLane::Ordered, &bytes), Err(Refused::Kind));
        assert_eq!(admit(0, MeshLane::Direct, &bytes), Err(Refused::Kind));
    }
}
