//! Bytes from a server that is broken or means harm.

use protocol::client::{Baseline, ToClient};
use protocol::client::{GetBaseline, ToServer};
use protocol::tick::Lane;
use world::Chunk;

use super::server::*;
use crate::{ClientInput, Event, Lost, Observe, State};

#[test]
fn messages_cut_anywhere_are_put_together() {
    let mut whole = Pair::playing();
    let bytes = tick_bytes(whole.server_tick(), &[frame(1, HOME, (0, 0), &moved(1, middle(), EAST))]);
    for cut in 1..bytes.len() {
        let mut pair = Pair::playing();
        let (head, tail) = bytes.split_at(cut);
        pair.bytes(head);
        assert!(pair.client.bytes_reconcile());
        pair.bytes(tail);
        assert_eq!((pair.client.counts().frames, pair.violations()), (1, vec![]));
    }
    whole.bytes(&bytes.repeat(2));
    assert_eq!(whole.client.counts().frames, 2);
}

#[test]
fn what_is_not_the_protocol_costs_the_connection_only() {
    let pair = Pair::playing();
    let tick = pair.server_tick();
    let mut torn = tick_bytes(tick, &[frame(1, HOME, (0, 0), &moved(1, middle(), EAST))]);
    let length = torn.len() as u32 - 24 - 3;
    torn[..4].copy_from_slice(&length.to_le_bytes());
    let mut welcome = Vec::new();
    ToClient::Welcome(pair.welcome()).encode(Default::default(), &mut welcome);
    let garbage: [&[u8]; 4] = [&[0xff; 64], &torn, &welcome, &tick_bytes(tick, &[moves_in_a_keyframe()])];
    for bytes in garbage {
        let mut pair = Pair::playing();
        pair.bytes(bytes);
        assert_eq!(pair.client.state(), State::BackingOff);
        assert!(matches!(pair.events.last(), Some(Event::Reconnecting { lost: Lost::Garbage(_), .. })));
        assert!(pair.client.bytes_reconcile());
        pair.pass(500);
        pair.enter();
        assert_eq!(pair.client.state(), State::Playing);
    }
}

fn moves_in_a_keyframe() -> Owned {
    let mut body = Vec::new();
    moved(1, middle(), EAST).encode(HOME, &mut body);
    Owned::Key { slot: 1, chunk: HOME, lane: Lane::Near, body }
}

#[test]
fn a_message_of_an_unknown_kind_is_skipped() {
    let mut pair = Pair::playing();
    let mut bytes = tick_bytes(pair.server_tick(), &[]);
    bytes[4..6].copy_from_slice(&9_999u16.to_le_bytes());
    pair.bytes(&bytes);
    assert_eq!(pair.client.state(), State::Playing);
}

#[test]
fn a_welcome_that_makes_no_sense_is_refused() {
    let changes: [fn(&mut protocol::client::Welcome); 2] = [|w| w.tick_hz = 7, |w| w.version = 2];
    for change in changes {
        let mut pair = Pair::new();
        pair.handle(ClientInput::Connected);
        let mut welcome = pair.welcome();
        change(&mut welcome);
        pair.say(&ToClient::Welcome(welcome));
        assert_eq!(pair.client.state(), State::BackingOff);
    }
}

/// Mutates true messages in every byte and in pseudo-random pairs of bytes, in both modes.
#[test]
fn no_mutation_of_a_true_message_panics() {
    let sample = |pair: &Pair| {
        let mut bytes = tick_bytes(
            pair.server_tick(),
            &[
                seen(Chunk::new(3, 2)),
                key(2, Chunk::new(3, 2), Lane::Far, &[entity(9, 2, 0, Chunk::new(3, 2).origin())]),
                frame(1, HOME, (0, 0), &moved(1, middle(), EAST)),
                frame(1, HOME, (0, 1), &left(1, 1, protocol::frame::Destination::Chunk(Chunk::new(3, 2)))),
                ack(1, middle(), EAST, true),
                close(2),
            ],
        );
        ToClient::Welcome(pair.welcome()).encode(Default::default(), &mut bytes);
        bytes
    };
    for observe in [Observe::Everything, Observe::Headers] {
        let length = {
            let pair = Pair::playing();
            sample(&pair).len()
        };
        let mut random = 1u64;
        for at in 4..length {
            let mut pair = Pair::with(|config| config.observe = observe);
            pair.enter();
            pair.tick(&[seen(HOME), key(1, HOME, Lane::Near, &[me(0)])]);
            let mut bytes = sample(&pair);
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes[at] ^= (random >> 56) as u8 | 1;
            bytes[4 + (random as usize >> 8) % (length - 4)] = (random >> 40) as u8;
            pair.bytes(&bytes);
            pair.pass(6_000);
        }
    }
}

#[test]
fn baselines_are_asked_for_once_and_believed_by_their_hash() {
    let mut pair = Pair::with(|config| config.want_baselines = true);
    pair.enter();
    let bytes = vec![1, 2, 3];
    let hash = world::Baseline::content_hash(&bytes);
    let announce = |chunk| Owned::Plain(protocol::tick::Item::Seen { chunk, lane: Lane::Near, baseline: hash });
    let asked = |pair: &mut Pair| {
        let only = |(_, m)| if let ToServer::GetBaseline(GetBaseline { cx, .. }) = m { Some(cx) } else { None };
        pair.said().into_iter().filter_map(only).collect::<Vec<_>>()
    };
    pair.tick(&[announce(Chunk::new(0, 2))]);
    assert_eq!(asked(&mut pair), [0]);
    let say = |pair: &mut Pair, bytes: &[u8]| {
        pair.say(&ToClient::Baseline(Baseline { cx: 0, cy: 2, hash, bytes: bytes.to_vec() }));
    };
    say(&mut pair, &[6, 6, 6]);
    assert!(pair.client.baselines().is_empty(), "not what was announced");
    say(&mut pair, &bytes);
    assert!(pair.client.baselines().is_empty(), "not asked for");
    pair.tick(&[announce(Chunk::new(0, 2))]);
    say(&mut pair, &bytes);
    assert_eq!(pair.client.baselines().get(hash).map(|b| &b[..]), Some(&bytes[..]));
    pair.said();
    pair.tick(&[announce(Chunk::new(1, 2))]);
    assert_eq!(asked(&mut pair), Vec::<i16>::new(), "the same ground is in the cache");
}
