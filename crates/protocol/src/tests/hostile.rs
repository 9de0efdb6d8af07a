//! Decoding against senders of garbage: it ends in a value or an error, never in a panic.
//!
//! What garbage may cost in memory is measured in `tests/main.rs`.

use proptest::collection::vec;
use proptest::prelude::*;
use world::Tick;

use super::describe::in_tick;
use super::samples::{self, CHUNK, Sample, Shape, TICK};
use crate::client::{Hello, ToClient, ToServer, Welcome};
use crate::codec::{self, CLIENT_CAP, SERVER_CAP};
use crate::envelope::{self, Context, Envelope, HEADER_BYTES, Splitter};
use crate::frame::{Body, count_updates};
use crate::mesh::{MeshMessage, SummaryWire};
use crate::tick::{Item, Items};
use crate::wire::{Put, Reader, WireError};
use crate::{Kind, limits};

/// Decodes in every way there is. Says whether the way of the sample's shape held.
fn decode_all_ways(shape: Shape, bytes: &[u8]) -> bool {
    let held = |s: Shape, ok: bool| s == shape && ok;
    let client = Envelope::parse(bytes, limits::CLIENT_MESSAGE_BYTES).and_then(|e| ToServer::decode(&e));
    let server = Envelope::parse(bytes, limits::SERVER_MESSAGE_BYTES).and_then(|e| {
        let message = ToClient::decode(&e)?;
        if let Some(ToClient::Tick(payload)) = message {
            walk_items(payload)?;
        }
        Ok(message.is_some())
    });
    let mesh = MeshMessage::decode(bytes).and_then(|m| match m {
        Some(MeshMessage::Frame(f)) => Body::decode(f.stream.chunk, f.body).map(|_| true),
        Some(MeshMessage::Keyframe(f)) => Body::decode(f.stream.chunk, f.body).map(|_| true),
        other => Ok(other.is_some()),
    });
    let mut splitter = Splitter::new(limits::CLIENT_MESSAGE_BYTES);
    splitter.push(bytes);
    while let Ok(Some(_)) = splitter.next_message() {}
    let body = Body::decode(CHUNK, bytes);
    assert_eq!(count_updates(CHUNK, bytes).is_ok(), body.is_ok(), "counting and decoding agree on what is a body");
    held(Shape::ToServer, matches!(client, Ok(Some(_))))
        || held(Shape::ToClient, matches!(server, Ok(true)))
        || held(Shape::Mesh, matches!(mesh, Ok(true)))
        || held(Shape::Item, walk_items(&in_tick(bytes)).is_ok())
        || held(Shape::Body, body.is_ok())
}

fn walk_items(payload: &[u8]) -> Result<(), WireError> {
    let items = Items::parse(payload)?;
    let message = items.tick;
    items.into_iter().try_for_each(|item| match item? {
        Item::Frame { late, back, body, .. } => {
            assert!(late <= message.0 && back <= message.0 - late, "a frame's ticks are within the message's");
            Body::decode(CHUNK, body).map(drop)
        }
        Item::Key { stream, body, .. } => Body::decode(stream.chunk, body).map(drop),
        Item::Close { .. } | Item::Ack(_) | Item::Seen { .. } | Item::Unseen { .. } | Item::Reset => Ok(()),
    })
}

fn any_sample() -> impl Strategy<Value = Sample> {
    proptest::sample::select(samples::all())
}

fn messages() -> Vec<Sample> {
    let whole = |s: &Sample| matches!(s.shape, Shape::ToServer | Shape::ToClient | Shape::Mesh);
    samples::all().into_iter().filter(whole).collect()
}

fn any_message() -> impl Strategy<Value = Sample> {
    proptest::sample::select(messages())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes(bytes in vec(any::<u8>(), 0..400)) {
        decode_all_ways(Shape::Body, &bytes);
        decode_all_ways(Shape::Item, &bytes);
    }

    #[test]
    fn random_payloads_of_known_kinds(
        kind in proptest::sample::select(crate::Kind::ALL), payload in vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = Vec::new();
        envelope::write(&mut bytes, kind, Context::default(), |out| out.put(&payload));
        decode_all_ways(Shape::Mesh, &bytes);
    }

    #[test]
    fn mutated_samples(
        sample in any_sample(), edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut: prop::sample::Index,
        grow in vec(any::<u8>(), 0..4),
    ) {
        let mut bytes = sample.bytes.clone();
        for (at, value) in edits {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        bytes.truncate(cut.index(bytes.len() + 1).max(bytes.len() / 2));
        bytes.extend(grow);
        decode_all_ways(sample.shape, &bytes);
    }

    #[test]
    fn samples_with_mutated_payloads_and_right_lengths(
        sample in any_message(), at: prop::sample::Index, value: u8, cut: prop::sample::Index,
    ) {
        let mut bytes = sample.bytes;
        if bytes.len() > HEADER_BYTES {
            let at = HEADER_BYTES + at.index(bytes.len() - HEADER_BYTES);
            bytes[at] = value;
            bytes.truncate(HEADER_BYTES + cut.index(bytes.len() - HEADER_BYTES + 1));
        }
        envelope::finish(&mut bytes, 0);
        decode_all_ways(sample.shape, &bytes);
    }
}

#[test]
fn samples_decode_in_their_own_shape() {
    for sample in samples::all().into_iter().filter(|s| !matches!(s.shape, Shape::Topic | Shape::Ground)) {
        assert!(decode_all_ways(sample.shape, &sample.bytes), "{}", sample.name);
    }
}

#[test]
fn samples_cut_at_any_byte() {
    for sample in samples::all().into_iter().filter(|s| !matches!(s.shape, Shape::Topic | Shape::Ground)) {
        for cut in 0..sample.bytes.len() {
            let held = decode_all_ways(sample.shape, &sample.bytes[..cut]);
            assert_eq!(held, shorter_prefix_is_valid(&sample, cut), "{} cut at {cut}", sample.name);
        }
    }
}

/// Only a list of items may end after any whole item, and a body after any whole section.
fn shorter_prefix_is_valid(sample: &Sample, cut: usize) -> bool {
    match sample.shape {
        Shape::Item => cut == 0,
        Shape::Body => section_ends(&sample.bytes).contains(&cut),
        Shape::ToServer | Shape::ToClient | Shape::Mesh | Shape::Topic | Shape::Ground => false,
    }
}

/// Where the sections of a body end, found by re-encoding its front sections.
fn section_ends(bytes: &[u8]) -> Vec<usize> {
    let body = Body::decode(CHUNK, bytes).unwrap();
    let length = |sections: usize| {
        let kept = |n: usize, i: usize| if i < sections { n } else { 0 };
        let mut front = body.clone();
        front.moves.truncate(kept(usize::MAX, 0));
        front.leaves.truncate(kept(usize::MAX, 1));
        front.enters.truncate(kept(usize::MAX, 2));
        front.events.truncate(kept(usize::MAX, 3));
        let mut out = Vec::new();
        front.encode(CHUNK, &mut out);
        // The encoder leaves trailing empty sections out; a reader takes their zero counts too.
        let last = [front.moves.len(), front.leaves.len(), front.enters.len(), front.events.len()];
        let written = last.iter().rposition(|n| *n > 0).map_or(0, |i| i + 1);
        out.len() + sections - written
    };
    (0..=4).map(length).collect()
}

#[test]
fn payloads_cut_at_any_byte_with_the_right_length() {
    for sample in messages() {
        let open_ended = sample.name.starts_with("tick_") || sample.name.starts_with("mesh_frame");
        for cut in HEADER_BYTES..sample.bytes.len() {
            let mut bytes = sample.bytes[..cut].to_vec();
            envelope::finish(&mut bytes, 0);
            let held = decode_all_ways(sample.shape, &bytes);
            assert!(!held || open_ended || sample.name == "mesh_keyframe", "{} cut at {cut}", sample.name);
        }
    }
}

#[test]
fn payloads_that_go_on_after_their_end() {
    for sample in messages().into_iter().filter(|s| !s.name.starts_with("tick_")) {
        let mut bytes = sample.bytes;
        bytes.push(0xff);
        envelope::finish(&mut bytes, 0);
        assert!(!decode_all_ways(sample.shape, &bytes), "{}", sample.name);
    }
}

fn lengths() -> [u64; 6] {
    [u64::MAX, u64::MAX / 24, 1 << 62, 1 << 32, 1 << 20, (1 << 20) / 24]
}

#[test]
fn sequence_lengths_that_lie() {
    for length in lengths() {
        let mut hello = vec![1, 0, 1, 0];
        hello.put_u64(length);
        assert_eq!(codec::from_bytes::<Hello, CLIENT_CAP>(&hello), Err(WireError::Invalid("message body")));

        let mut summary = vec![0; 24];
        summary.put_u64(length);
        assert!(codec::from_bytes::<SummaryWire, { codec::MESH_CAP }>(&summary).is_err());
    }
}

#[test]
fn a_list_of_addresses_whose_own_lengths_lie() {
    let whole = samples::all().into_iter().find(|s| s.name == "welcome").unwrap().bytes;
    let payload = &whole[HEADER_BYTES..];
    assert!(codec::from_bytes::<Welcome, SERVER_CAP>(payload).is_ok());
    let alternatives = payload.windows(8).position(|w| w == 2u64.to_le_bytes()).unwrap();
    for at in [alternatives, alternatives + 8] {
        for length in lengths() {
            let mut bytes = payload.to_vec();
            bytes[at..at + 8].copy_from_slice(&length.to_le_bytes());
            assert!(codec::from_bytes::<Welcome, SERVER_CAP>(&bytes).is_err(), "{length} at {at}");
        }
    }
}

#[test]
fn lists_longer_than_their_limits() {
    let mut welcome = Welcome { alternatives: vec![String::new(); limits::ALTERNATIVES + 1], ..sample_welcome() };
    assert!(matches!(from_server(&welcome), Err(WireError::TooLarge { what: "alternatives", .. })));
    welcome.alternatives = vec!["a".repeat(limits::ADDRESS_BYTES + 1)];
    assert!(matches!(from_server(&welcome), Err(WireError::TooLarge { what: "address", .. })));
    welcome = Welcome { ticket: vec![0; limits::TICKET_BYTES + 1], ..sample_welcome() };
    assert!(matches!(from_server(&welcome), Err(WireError::TooLarge { what: "ticket", .. })));
    welcome = Welcome { software: "s".repeat(limits::SOFTWARE_BYTES + 1), ..sample_welcome() };
    assert!(matches!(from_server(&welcome), Err(WireError::TooLarge { what: "software", .. })));
}

#[test]
fn a_summary_longer_than_its_limit_is_written_without_panic_and_refused() {
    let named = crate::mesh::StreamTick { island: samples::ISLAND, chunk: CHUNK, sub: 0, tick: TICK };
    let from = crate::mesh::Incarnation(1);
    for (streams, fits) in [(limits::SUMMARY_STREAMS, true), (limits::SUMMARY_STREAMS + 1, false), (30_000, false)] {
        let summary = crate::mesh::Summary { from, tick: TICK, interest: 1, streams: vec![named; streams] };
        let mut bytes = Vec::new();
        MeshMessage::Summary(summary).encode(&mut bytes);
        assert_eq!(MeshMessage::decode(&bytes).is_ok(), fits, "{streams} streams");
    }
}

fn sample_welcome() -> Welcome {
    let whole = samples::all().into_iter().find(|s| s.name == "welcome").unwrap().bytes;
    codec::from_bytes::<Welcome, SERVER_CAP>(&whole[HEADER_BYTES..]).unwrap()
}

fn from_server(welcome: &Welcome) -> Result<(), WireError> {
    let mut bytes = Vec::new();
    ToClient::Welcome(welcome.clone()).encode(Context::default(), &mut bytes);
    ToClient::decode(&Envelope::parse(&bytes, limits::SERVER_MESSAGE_BYTES)?).map(drop)
}

#[test]
fn packed_values_without_a_meaning() {
    let body = |bytes: &[u8]| Body::decode(CHUNK, bytes).map(drop);
    let items = |bytes: &[u8]| walk_items(&in_tick(bytes));
    let too_many = WireError::TooLarge { what: "record count", found: 65_537, limit: 65_536 };
    let varint_of_65537 = [0x81, 0x80, 0x04];
    let cases: Vec<(&str, Result<(), WireError>, WireError)> = vec![
        ("a fifth section", body(&[0, 0, 0, 0, 0]), WireError::Trailing(1)),
        ("too many records", body(&varint_of_65537), too_many),
        ("a destination", body(&[0, 1, 0, 0, 0, 0, 0, 0, 3]), WireError::Invalid("destination")),
        ("an eleventh varint byte", body(&[0xff; 11]), WireError::Invalid("record count")),
        ("an item tag 0", items(&[0]), WireError::Invalid("item tag")),
        ("an item tag 8", items(&[8]), WireError::Invalid("item tag")),
        ("a lane", items(&[5, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]), WireError::Invalid("lane")),
        ("a verdict", items(&[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]), WireError::Invalid("verdict")),
        ("later than its message", items(&late(TICK + 1, 0)), WireError::Invalid("late")),
        ("a predecessor before time", items(&late(Tick(1), TICK.0)), WireError::Invalid("back")),
        (
            "a varint beyond 64 bits",
            varint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
            WireError::Invalid("v"),
        ),
    ];
    for (what, found, expected) in cases {
        assert_eq!(found, Err(expected), "{what}");
    }
    assert_eq!(varint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Ok(()));
}

fn late(late: Tick, back: u64) -> Vec<u8> {
    let mut out = Vec::new();
    Item::Frame { slot: crate::tick::Slot(1), late: late.0, back, body: &[] }.encode(&mut out);
    out
}

fn varint(bytes: &[u8]) -> Result<(), WireError> {
    Reader::new(bytes).varint("v").map(drop)
}

#[test]
fn names_that_are_no_text_or_too_long() {
    let good = samples::all().into_iter().find(|s| s.name == "body_enter").unwrap().bytes;
    let at = good.len() - "mira".len();
    let with = |name: &[u8]| {
        let mut bytes = good[..at - 1].to_vec();
        bytes.put_blob(name);
        Body::decode(CHUNK, &bytes).map(drop)
    };
    assert_eq!(with(&[b'n'; limits::NAME_BYTES]), Ok(()));
    assert_eq!(with(&[0xff, 0xfe]), Err(WireError::Invalid("name")));
    assert!(matches!(with(&[b'n'; limits::NAME_BYTES + 1]), Err(WireError::TooLarge { what: "name", .. })));
}

#[test]
fn places_far_beyond_the_chunk_are_held_at_what_12_bits_can_name() {
    use crate::frame::{Handle, Move, PLACE_BIAS};
    for (x, kept) in [(i32::MIN, -PLACE_BIAS), (i32::MAX, 4095 - PLACE_BIAS)] {
        let chunk = world::Chunk::new(-1, 1);
        let moved = Move { handle: Handle(1), at: world::Position { x, y: x }, motion: world::Motion::default() };
        let mut bytes = Vec::new();
        Body { moves: vec![moved], ..Body::default() }.encode(chunk, &mut bytes);
        let at = Body::decode(chunk, &bytes).unwrap().moves[0].at;
        assert_eq!(at, chunk.origin().offset(kept, kept));
    }
}

#[test]
fn unknown_kinds_and_versions_are_skipped_whole() {
    let good = samples::all().into_iter().find(|s| s.name == "ping").unwrap().bytes;
    for (offset, value) in [(4, 0x3f), (4, 0xff), (6, 2), (6, 0)] {
        let mut bytes = good.clone();
        bytes[offset] = value;
        let envelope = Envelope::parse(&bytes, limits::CLIENT_MESSAGE_BYTES).unwrap();
        assert_eq!(ToServer::decode(&envelope), Ok(None));
        assert_eq!(ToClient::decode(&envelope), Ok(None));
        assert_eq!(MeshMessage::decode(&bytes), Ok(None));
    }
    assert_eq!(Kind::from_number(0), None);
}

#[test]
fn names_and_lines_that_nobody_may_have() {
    use crate::client::{valid_name, valid_speech};
    for name in ["", " ", "a b", "Grüße", "x\n", &"n".repeat(limits::NAME_BYTES + 1)] {
        assert!(!valid_name(name), "{name:?}");
    }
    for text in ["", "  \u{a0}", "bell\u{7}", "line\nline", &"s".repeat(limits::SPEECH_BYTES + 1)] {
        assert!(!valid_speech(text), "{text:?}");
    }
    assert!(valid_name(&"n".repeat(limits::NAME_BYTES)) && valid_name("A-b_9"));
    assert!(valid_speech(&"s".repeat(limits::SPEECH_BYTES)) && valid_speech("Grüße!"));
}
