//! What is written is read back as it was.

use proptest::collection::vec;
use proptest::prelude::*;
use world::Tick;

use super::strategies as any;
use super::things;
use crate::client::{ToClient, ToServer};
use crate::envelope::{Context, Envelope};
use crate::frame::{Body, count_updates};
use crate::limits;
use crate::mesh::{Frame, Incarnation, Keyframe, KeyframeRequest, MeshMessage};
use crate::tick::{Ack, Item, Items, Slot};
use crate::wire::{Put, Reader};

fn back_from_client(message: &ToServer, context: Context) -> ToServer {
    let mut bytes = Vec::new();
    message.encode(context, &mut bytes);
    let envelope = Envelope::parse(&bytes, limits::CLIENT_MESSAGE_BYTES).unwrap();
    assert_eq!(envelope.context, context);
    ToServer::decode(&envelope).unwrap().unwrap()
}

fn check_from_server(message: &ToClient<'_>, context: Context) {
    let mut bytes = Vec::new();
    message.encode(context, &mut bytes);
    let envelope = Envelope::parse(&bytes, limits::SERVER_MESSAGE_BYTES).unwrap();
    assert_eq!(envelope.context, context);
    assert_eq!(ToClient::decode(&envelope).unwrap().as_ref(), Some(message));
}

fn check_mesh(message: &MeshMessage<'_>) {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    assert_eq!(MeshMessage::decode(&bytes).unwrap().as_ref(), Some(message));
}

proptest! {
    #[test]
    fn messages_of_clients(message in any::to_server(), context in any::context()) {
        prop_assert_eq!(&back_from_client(&message, context), &message);
    }

    #[test]
    fn messages_of_servers(
        welcome in any::welcome(), reply in any::reply(), baseline in any::baseline(), pong in any::pong(),
        closing in any::closing(), invite in any::invite(), tick in vec(any::<u8>(), 0..100), context in any::context(),
        deed_reply in things::any_deed_reply(), bag in things::any_bag(), page in things::any_page(),
        offered in things::any_offered(), agreed in things::any_agreed(),
    ) {
        check_from_server(&ToClient::Welcome(welcome), context);
        check_from_server(&ToClient::Reply(reply), context);
        check_from_server(&ToClient::Baseline(baseline), context);
        check_from_server(&ToClient::Pong(pong), context);
        check_from_server(&ToClient::Closing(closing), context);
        check_from_server(&ToClient::Invite(invite), context);
        check_from_server(&ToClient::Ready, context);
        check_from_server(&ToClient::Stay, context);
        check_from_server(&ToClient::DeedReply(deed_reply), context);
        check_from_server(&ToClient::Bag(bag), context);
        check_from_server(&ToClient::Page(page), context);
        check_from_server(&ToClient::Offered(offered), context);
        check_from_server(&ToClient::Agreed(agreed), context);
        check_from_server(&ToClient::Tick(&tick), context);
    }

    #[test]
    fn messages_of_the_mesh(
        stream in any::stream(), tick in 1u64.., prev: u64, body in vec(any::<u8>(), 0..100),
        summary in any::summary(), interest in any::interest(), from: u64,
        load in any::load(), word in any::word(), tidings in things::any_tidings(),
    ) {
        let (tick, prev_tick, body) = (Tick(tick), Some(Tick(prev % tick)).filter(|t| t.0 > 0), &body[..]);
        check_mesh(&MeshMessage::Frame(Frame { stream, tick, prev_tick, body }));
        check_mesh(&MeshMessage::Keyframe(Keyframe { stream, tick, body }));
        check_mesh(&MeshMessage::Summary(summary));
        check_mesh(&MeshMessage::Interest(interest));
        check_mesh(&MeshMessage::KeyframeRequest(KeyframeRequest { from: Incarnation(from), stream }));
        check_mesh(&MeshMessage::Load(load));
        check_mesh(&MeshMessage::Word(word));
        check_mesh(&MeshMessage::Tidings(tidings));
    }

    #[test]
    fn bodies((chunk, body) in any::body()) {
        let mut bytes = Vec::new();
        body.encode(chunk, &mut bytes);
        prop_assert_eq!(&Body::decode(chunk, &bytes).unwrap(), &body);
        let updates = body.moves.len() + body.leaves.len() + body.enters.len();
        prop_assert_eq!(count_updates(chunk, &bytes).unwrap(), updates as u64);
        prop_assert_eq!(bytes.is_empty(), body.is_empty());
    }

    #[test]
    fn items(
        tick: u64, late: u64, back: u64, slot: u16, stream in any::stream(), lane in any::lane(), chunk in any::chunk(),
        baseline: u64, ack: (u32, i32, i32, u8, bool), body in vec(any::<u8>(), 0..300),
    ) {
        let late = late.min(tick);
        let (slot, body) = (Slot(slot), &body[..]);
        let (seq, x, y, motion, corrected) = ack;
        let at = world::Position { x, y };
        let items = [
            Item::Reset,
            Item::Ack(Ack { seq, at, motion: world::Motion::from_byte(motion), corrected }),
            Item::Frame { slot, late, back: back.min(tick - late), body },
            Item::Key { slot, stream, lane, body },
            Item::Close { slot },
            Item::Seen { chunk, lane, baseline },
            Item::Unseen { chunk },
        ];
        let mut bytes = Vec::new();
        bytes.put_u64(tick);
        items.iter().for_each(|item| item.encode(&mut bytes));
        let read: Vec<_> = Items::parse(&bytes).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(&read[..], &items[..]);
    }

    #[test]
    fn varints(value: u64) {
        let mut bytes = Vec::new();
        bytes.put_varint(value);
        prop_assert!(bytes.len() <= 10);
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(r.varint("value").unwrap(), value);
        r.finish().unwrap();
    }
}

#[test]
fn every_code_and_meaning_has_one_number() {
    for code in crate::Code::ALL {
        assert_eq!(crate::Code::from_number(*code as u16), Some(*code));
    }
    for meaning in crate::Meaning::ALL {
        assert_eq!(crate::Meaning::from_number(meaning as u8), Some(meaning));
    }
    assert_eq!(crate::Code::from_number(0), None);
    assert_eq!(crate::Meaning::from_number(0), None);
}
