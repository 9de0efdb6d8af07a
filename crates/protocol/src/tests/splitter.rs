//! The splitter against a network that cuts where it likes.

use proptest::prelude::*;

use super::samples;
use crate::envelope::{HEADER_BYTES, Splitter};
use crate::limits::SERVER_MESSAGE_BYTES;
use crate::wire::{Put, WireError};

fn messages() -> Vec<Vec<u8>> {
    use samples::Shape::{Mesh, ToClient, ToServer};
    let whole = |s: &samples::Sample| matches!(s.shape, Mesh | ToClient | ToServer);
    samples::all().into_iter().filter(whole).map(|s| s.bytes).collect()
}

fn drain(splitter: &mut Splitter, out: &mut Vec<Vec<u8>>) {
    while let Some(message) = splitter.next_message().unwrap() {
        out.push(message.to_vec());
    }
}

#[test]
fn a_network_that_delivers_single_bytes() {
    let sent = messages();
    let (mut splitter, mut received) = (Splitter::new(SERVER_MESSAGE_BYTES), Vec::new());
    for byte in sent.concat() {
        splitter.push(&[byte]);
        drain(&mut splitter, &mut received);
    }
    assert_eq!(received, sent);
    assert_eq!(splitter.pending(), 0);
}

proptest! {
    #[test]
    fn a_network_that_cuts_anywhere(cuts in proptest::collection::vec(1usize..300, 1..50)) {
        let sent = messages();
        let stream = sent.concat();
        let (mut splitter, mut received) = (Splitter::new(SERVER_MESSAGE_BYTES), Vec::new());
        let (mut rest, mut cuts) = (&stream[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            splitter.push(head);
            drain(&mut splitter, &mut received);
            rest = tail;
        }
        prop_assert_eq!(received, sent);
    }
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_its_payload_comes() {
    let mut splitter = Splitter::new(100);
    splitter.push(&101u32.to_le_bytes());
    let refusal = WireError::TooLarge { what: "payload", found: 101, limit: 100 };
    assert_eq!(splitter.next_message(), Err(refusal));
    assert_eq!(splitter.next_message(), Err(refusal), "the error stays");
}

#[test]
fn a_length_at_the_limit_is_taken() {
    let mut splitter = Splitter::new(100);
    let mut message = Vec::new();
    message.put_u32(100);
    message.resize(HEADER_BYTES + 100, 0);
    splitter.push(&message);
    assert_eq!(splitter.next_message().unwrap().map(<[u8]>::len), Some(message.len()));
}
