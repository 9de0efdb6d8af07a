//! The tables of requests and outcomes.

use serde_json::json;
use store::Key;

use super::*;

fn document(bytes: usize) -> Document {
    Document::new(1, &json!({ "text": "x".repeat(bytes) })).expect("an object")
}

fn key() -> Key {
    Key::new("avatar", "anna")
}

#[test]
fn a_version_of_zero_is_a_conflict_and_never_sent() {
    let version = Version(0);
    let replace = Request::Replace { key: key(), version, document: document(1) };
    for request in [replace, Request::Remove { key: key(), version }] {
        assert_eq!(op_of(request), Err(Reply::Conflict));
    }
}

#[test]
fn requests_keep_their_key_and_version() {
    let bytes = br#"{"schema":1,"text":"x"}"#.to_vec();
    let name = "avatar/anna".to_owned();
    let cases = [
        (Request::Get { key: key() }, Op::Get { key: name.clone() }),
        (Request::Insert { key: key(), document: document(1) }, Op::Insert { key: name.clone(), bytes: bytes.clone() }),
        (
            Request::Replace { key: key(), version: Version(7), document: document(1) },
            Op::Replace { key: name.clone(), cas: 7, bytes },
        ),
        (Request::Remove { key: key(), version: Version(7) }, Op::Remove { key: name, cas: 7 }),
    ];
    for (request, op) in cases {
        assert_eq!(op_of(request), Ok(op));
    }
}

#[test]
fn a_document_too_large_is_not_applied() {
    for (bytes, fits) in [(DOCUMENT_BYTES - 100, true), (DOCUMENT_BYTES, false)] {
        let request = Request::Insert { key: key(), document: document(bytes) };
        assert_eq!(op_of(request).is_ok(), fits, "{bytes}");
    }
}

#[test]
fn answers_and_outcomes() {
    let found = |bytes: &[u8]| Answer::Found { cas: 7, bytes: bytes.to_vec() };
    let refused = || Answer::Refused("no memory".into());
    let lost = || Answer::Lost("the connection broke".into());
    let read = Reply::Found { version: Version(7), document: document(1) };
    let cases = [
        // Reads.
        (false, found(br#"{"schema":1,"text":"x"}"#), read),
        (false, found(b"not ours"), Reply::NotApplied),
        (false, found(br#"{"text":"no schema"}"#), Reply::NotApplied),
        (false, found(b""), Reply::NotApplied),
        (false, Answer::Missing, Reply::Absent),
        (false, refused(), Reply::NotApplied),
        (false, lost(), Reply::NotApplied),
        (false, Answer::Done { cas: 7 }, Reply::NotApplied),
        (false, Answer::Exists, Reply::NotApplied),
        (false, Answer::Mismatch, Reply::NotApplied),
        // Writes.
        (true, Answer::Done { cas: 7 }, Reply::Applied { version: Version(7) }),
        (true, Answer::Missing, Reply::Conflict),
        (true, Answer::Exists, Reply::Conflict),
        (true, Answer::Mismatch, Reply::Conflict),
        (true, refused(), Reply::NotApplied),
        (true, lost(), Reply::Unknown),
        (true, found(b"{}"), Reply::Unknown),
    ];
    for (writes, answer, expected) in cases {
        let reply = reply_of("avatar/anna", writes, answer.clone(), &Counters::default());
        assert_eq!(reply, expected, "writes: {writes}, {answer:?}");
    }
}
