//! What hostile bytes may cost in memory, measured with a counting allocator. One test, so that nothing else in the
//! process is measured along.

use protocol::client::{ToClient, ToServer};
use protocol::envelope::{self, Context, Envelope};
use protocol::frame::Body;
use protocol::mesh::MeshMessage;
use protocol::{Kind, limits};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Bytes that a decoder may hold at its peak beyond a fixed multiple of what it was sent.
const SLACK: usize = 1024;

/// The peak of the heap, in bytes, while `work` runs.
fn peak(work: impl FnOnce()) -> usize {
    let profiler = dhat::Profiler::builder().testing().build();
    work();
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

fn message(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    envelope::write(&mut bytes, kind, Context::default(), |out| out.extend_from_slice(payload));
    bytes
}

/// Decodes a message as each side would, and any body in it.
fn decode(bytes: &[u8]) {
    if let Ok(e) = Envelope::parse(bytes, limits::CLIENT_MESSAGE_BYTES) {
        drop(ToServer::decode(&e));
    }
    if let Ok(e) = Envelope::parse(bytes, limits::SERVER_MESSAGE_BYTES) {
        drop(ToClient::decode(&e));
    }
    drop(MeshMessage::decode(bytes));
    drop(Body::decode(world::Chunk::new(0, 0), bytes));
}

/// Payloads that announce `length` elements wherever an announcement may stand.
fn lies(length: u64) -> Vec<(Kind, Vec<u8>, usize)> {
    let at = |offset: usize| {
        let mut payload = vec![0; offset];
        payload.extend_from_slice(&length.to_le_bytes());
        payload.extend_from_slice(&[1; 8]);
        payload
    };
    let welcome_alternatives = 2 + 8 + 4 + 4 + 8 + 4 + 8 + 2 + 2 + 4 + 4 + 4 + 8;
    vec![
        (Kind::Hello, at(4), limits::CLIENT_MESSAGE_BYTES),
        (Kind::Hello, at(12), limits::CLIENT_MESSAGE_BYTES),
        (Kind::Speak, at(0), limits::CLIENT_MESSAGE_BYTES),
        (Kind::Welcome, at(welcome_alternatives), 64 * 1024),
        (Kind::Welcome, at(welcome_alternatives + 8), 64 * 1024),
        (Kind::Baseline, at(12), 64 * 1024),
        (Kind::Summary, at(24), 512 * 1024),
        (Kind::Interest, at(16), 512 * 1024),
    ]
}

#[test]
fn a_sender_of_lengths_that_lie_costs_no_more_than_the_cap_of_its_direction() {
    let control = peak(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(5_000))));
    assert!((5_000..6_000).contains(&control), "the measure measures: {control}");
    let powers = (0..64).map(|shift| 1u64 << shift);
    for length in powers.chain([u64::MAX, u64::MAX / 24, 2_730, 2_731, 21_845, 21_846]) {
        for (kind, payload, cap) in lies(length) {
            let bytes = message(kind, &payload);
            let found = peak(|| decode(&bytes));
            assert!(found <= cap + SLACK, "{kind:?} that announces {length}: {found} bytes");
        }
    }
    let mut count_only = Vec::new();
    count_only.extend_from_slice(&[0x80, 0x80, 0x04]); // 65,536 moves, none of which follows
    assert!(peak(|| drop(Body::decode(world::Chunk::new(0, 0), &count_only))) <= SLACK);
}
