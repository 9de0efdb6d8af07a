use proptest::prelude::*;
use serde_json::json;

use super::*;

fn requests() -> Vec<Request> {
    let key = Key::new("avatar", "anna/\u{e4}");
    let document = Document::new(3, &json!({"name": "anna", "deep": [{"x": null}]})).unwrap();
    let version = Version(u64::MAX);
    vec![
        Request::Get { key: key.clone() },
        Request::Insert { key: key.clone(), document: document.clone() },
        Request::Replace { key: key.clone(), version, document },
        Request::Remove { key, version },
    ]
}

fn replies() -> Vec<Reply> {
    let document = Document::new(3, &json!({"name": "anna"})).unwrap();
    vec![
        Reply::Found { version: Version(7), document },
        Reply::Absent,
        Reply::Applied { version: Version(8) },
        Reply::Conflict,
        Reply::NotApplied,
        Reply::Unknown,
    ]
}

#[test]
fn messages_come_back_as_they_went_and_halves_are_awaited() {
    for request in requests() {
        let mut bytes = encode_request(&request).unwrap();
        set_id(&mut bytes, 9);
        let (message, used) = Message::split(&bytes).unwrap().unwrap();
        assert_eq!((used, message.id), (bytes.len(), 9));
        assert_eq!(message.request().unwrap(), Some(request));
        assert_eq!(message.reply().unwrap(), None, "a request is no reply");
        (0..bytes.len()).for_each(|half| assert_eq!(Message::split(&bytes[..half]).unwrap(), None));
    }
    for reply in replies() {
        let bytes = encode_reply(u64::MAX, &reply).unwrap();
        let (message, used) = Message::split(&bytes).unwrap().unwrap();
        assert_eq!((used, message.id), (bytes.len(), u64::MAX));
        assert_eq!(message.reply().unwrap(), Some(reply));
        assert_eq!(message.request().unwrap(), None, "a reply is no request");
    }
}

#[test]
fn what_is_too_large_is_not_sent_and_not_awaited() {
    let document = Document::new(1, &json!({ "text": "x".repeat(DOCUMENT_BYTES) })).unwrap();
    let insert = Request::Insert { key: Key::new("page", 1), document: document.clone() };
    assert!(matches!(encode_request(&insert), Err(WireError::TooLarge { what: "document", .. })));
    let found = Reply::Found { version: Version(1), document };
    assert!(matches!(encode_reply(1, &found), Err(WireError::TooLarge { what: "document", .. })));
    let length = u32::try_from(MESSAGE_BYTES + 1).unwrap().to_le_bytes();
    assert!(matches!(Message::split(&length), Err(WireError::TooLarge { what: "payload", .. })));
}

#[test]
fn payloads_that_are_not_whole_are_errors() {
    for request in requests() {
        let bytes = encode_request(&request).unwrap();
        for cut in HEADER_BYTES..bytes.len() {
            let part = finish(bytes[..cut].to_vec());
            let (message, _) = Message::split(&part).unwrap().unwrap();
            assert!(message.request().is_err(), "{request:?} cut at {cut}");
        }
    }
    let trailing = finish([encode_request(&requests()[0]).unwrap(), vec![0]].concat());
    assert_eq!(Message::split(&trailing).unwrap().unwrap().0.request(), Err(WireError::Trailing(1)));
}

proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0_u16..80) {
        if bytes.len() >= HEADER_BYTES {
            bytes = finish(bytes);
            bytes[4..6].copy_from_slice(&kind.to_le_bytes());
            bytes[6..8].copy_from_slice(&VERSION.to_le_bytes());
        }
        if let Ok(Some((message, used))) = Message::split(&bytes) {
            prop_assert!(used <= bytes.len());
            let _ = (message.request(), message.reply());
        }
    }
}

/// Whatever is spoiled in a message: what is still read can be written and read again.
#[test]
fn fuzz_messages() {
    let samples: Vec<Vec<u8>> = requests()
        .iter()
        .map(|request| encode_request(request).unwrap())
        .chain(replies().iter().map(|reply| encode_reply(3, reply).unwrap()))
        .collect();
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut tape = fuzz::Tape::new(bytes);
        let sample = tape.pick(&samples);
        let mut spoiled = fuzz::edited(&mut tape, sample);
        if spoiled.len() >= HEADER_BYTES && tape.one_in(2) {
            spoiled = finish(spoiled);
        }
        let Ok(Some((message, used))) = Message::split(&spoiled) else { return };
        assert!(used <= spoiled.len());
        if let Ok(Some(request)) = message.request() {
            let again = encode_request(&request).unwrap();
            assert_eq!(Message::split(&again).unwrap().unwrap().0.request(), Ok(Some(request)));
        }
        if let Ok(Some(reply)) = message.reply() {
            let again = encode_reply(message.id, &reply).unwrap();
            assert_eq!(Message::split(&again).unwrap().unwrap().0.reply(), Ok(Some(reply)));
        }
    });
}
