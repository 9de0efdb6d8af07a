//! Every decoder of the protocol, and the baseline's.

use fuzz::{Tape, edited};
use protocol::client::{ToClient, ToServer};
use protocol::envelope::{Context, Envelope, Splitter, finish};
use protocol::frame::{Body, count_updates};
use protocol::limits::{CLIENT_MESSAGE_BYTES, SERVER_MESSAGE_BYTES};
use protocol::mesh::{MeshMessage, Topic};
use protocol::tick::{Item, Items};
use world::{Baseline, Chunk};

use crate::golden;

/// Decodes in every way that there is.
fn decode(bytes: &[u8]) {
    if let Ok(envelope) = Envelope::parse(bytes, CLIENT_MESSAGE_BYTES)
        && let Ok(Some(message)) = ToServer::decode(&envelope)
    {
        let mut again = Vec::new();
        message.encode(Context::default(), &mut again);
        let back = Envelope::parse(&again, CLIENT_MESSAGE_BYTES).and_then(|e| ToServer::decode(&e));
        assert_eq!(back, Ok(Some(message)), "what was read can be written and read again");
    }
    if let Ok(envelope) = Envelope::parse(bytes, SERVER_MESSAGE_BYTES)
        && let Ok(Some(ToClient::Tick(payload))) = ToClient::decode(&envelope)
    {
        walk(payload);
    }
    if let Ok(Some(message)) = MeshMessage::decode(bytes) {
        let mut again = Vec::new();
        message.encode(&mut again);
        assert_eq!(MeshMessage::decode(&again), Ok(Some(message.clone())));
        let peeked = MeshMessage::peek(bytes).expect("decoded").expect("of the mesh");
        assert_eq!(peeked.1, message.from(), "both ways name the same sender");
        if let MeshMessage::Frame(frame) = message {
            body(frame.stream.chunk, frame.body);
        }
    }
    walk(bytes);
    body(Chunk::new(3, -2), bytes);
    if let Ok(ground) = Baseline::decode(bytes) {
        assert_eq!(Baseline::decode(&Baseline::encode(&ground)).ok(), Some(ground));
    }
    if let Some(topic) = bytes.first_chunk() {
        let _ = Topic(*topic).addressee();
    }
}

fn walk(payload: &[u8]) {
    let Ok(items) = Items::parse(payload) else { return };
    let tick = items.tick;
    for item in items {
        match item {
            Ok(Item::Frame { late, back, body: bytes, .. }) => {
                assert!(late <= tick.0 && back <= tick.0 - late, "a frame's ticks are within the message's");
                body(Chunk::new(0, 0), bytes);
            }
            Ok(Item::Key { stream, body: bytes, .. }) => body(stream.chunk, bytes),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

fn body(chunk: Chunk, bytes: &[u8]) {
    let decoded = Body::decode(chunk, bytes);
    assert_eq!(count_updates(chunk, bytes).is_ok(), decoded.is_ok(), "counting and decoding agree on what is a body");
    if let Ok(decoded) = decoded {
        let mut again = Vec::new();
        decoded.encode(chunk, &mut again);
        assert_eq!(Body::decode(chunk, &again), Ok(decoded));
    }
}

#[test]
fn fuzz_raw_bytes() {
    bolero::check!().for_each(decode);
}

#[test]
fn fuzz_spoiled_samples() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut tape = Tape::new(bytes);
        let sample = tape.pick(&golden::ALL);
        let mut spoiled = edited(&mut tape, &sample.bytes);
        if spoiled.len() >= protocol::envelope::HEADER_BYTES && tape.one_in(2) {
            // A length that fits, so that the fault lies further in.
            finish(&mut spoiled, 0);
        }
        decode(&spoiled);
    });
}

/// However a stream of bytes is cut, the messages in it are the same, up to the first that is none.
#[test]
fn fuzz_a_stream_cut_anywhere() {
    fn messages(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
        let (mut splitter, mut found) = (Splitter::new(CLIENT_MESSAGE_BYTES), Vec::new());
        for piece in pieces {
            splitter.push(piece);
            loop {
                match splitter.next_message() {
                    Ok(Some(message)) => found.push(message.to_vec()),
                    Ok(None) => break,
                    Err(_) => return (found, false),
                }
            }
            assert!(splitter.pending() <= CLIENT_MESSAGE_BYTES + 24, "one incomplete message at most is kept");
        }
        (found, true)
    }
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut tape = Tape::new(bytes);
        let mut stream = Vec::new();
        for _ in 0..tape.below(6) {
            let sample = tape.pick(&golden::ALL);
            stream.extend(edited(&mut tape, &sample.bytes));
        }
        let mut pieces = Vec::new();
        let mut rest = &stream[..];
        while !rest.is_empty() && !tape.is_over() {
            let (piece, behind) = rest.split_at(tape.below(rest.len() + 1));
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        assert_eq!(messages(&pieces), messages(&[&stream]));
    });
}
