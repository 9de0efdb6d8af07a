//! Records as documents: what is stored, what older and newer builds make of it.

use serde_json::{Map, Value, json};
use store::codec::{Upcasters, decode, encode};
use store::record::{Change, Intent, Open, Release};
use store::window::{Remembered, Window};
use store::{Body, Document, DocumentError, Holder, Key, Record, Txn};
use world::{Epoch, Millis};

fn key() -> Key {
    Key::new("avatar", "anna")
}

fn document(schema: u32, value: Value) -> Document {
    Document::new(schema, &value).expect("an object")
}

fn body(value: Value) -> Body {
    Body::new(1, &value).expect("no field of the header")
}

fn full() -> Record {
    let txn = Txn { holder: Holder::new("7.1/3/1#odd"), number: 9 };
    Record {
        seq: 5,
        epoch: Epoch(3),
        holder: Holder::new("7.1/3/1"),
        released: Some(Release { to: Holder::new("8"), epoch: 3, at: 77 }),
        open: vec![Open { txn: txn.clone(), keys: vec![Key::new("page", "1")], others: Map::new() }],
        window: Window {
            replies: vec![Remembered { request: 4, content: 8, code: 0, reply: json!("ok"), others: Map::new() }],
            next_request: 5,
            forgotten: 2,
        },
        rev: 12,
        intent: Some(Intent {
            txn,
            actor: Key::new("avatar", "ben"),
            seq: 2,
            age: Millis(1),
            deadline: Millis(2_001),
            change: Change::Put { body: body(json!({"tint": 4})), rev: 13 },
            others: Map::new(),
        }),
        gone: None,
        body: Some(body(json!({"tint": 3, "newer": {"deep": [1, null]}}))),
    }
}

#[test]
fn every_record_comes_back() {
    let delete = Change::Delete { rev: 4 };
    let intent = |change| full().intent.map(|intent| Intent { change, ..intent });
    let records = [
        full(),
        Record::of_body(body(json!({}))),
        Record::tombstone(Millis(5)),
        Record::default().staged(Millis(9), intent(Change::Lock).expect("it has one")),
        Record { intent: intent(delete), ..full() },
        full().fenced().raised(&Holder::new("x")),
    ];
    for record in records {
        // Through text, as every backend stores it.
        let text = serde_json::to_string(&encode(&record).expect("it can be written")).expect("it can be written");
        let read = serde_json::from_str(&text).expect("it is JSON");
        let back = decode(&Upcasters::default(), &key(), read).expect("it can be read");
        let expected = match (&record.body, record.gone) {
            // Nothing at all reads as nothing, since when does not matter.
            (None, None) => Record { body: back.body.clone(), ..record },
            _ => record,
        };
        assert_eq!(back, expected, "{text}");
    }
}

#[test]
fn documents_without_transactions_stay_plain() {
    let plain = json!({"tint": 3});
    assert_eq!(encode(&Record::of_body(body(plain.clone()))).expect("it can be written"), document(1, plain));
}

#[test]
fn an_avatar_of_before_the_protocol_is_a_record() {
    let old = json!({"entity": 7, "epoch": 3, "holder": "1.1/2/1", "seq": 4, "tint": 9, "next_request": 3, "forgotten": 1,
        "window": [{"request": 2, "content": 5, "code": 0}]});
    let record = decode(&Upcasters::default(), &key(), document(1, old.clone())).expect("it can be read");
    assert_eq!((record.epoch, record.seq, record.window.replies.len(), record.rev), (Epoch(3), 4, 1, 0));
    assert_eq!(record.body, Some(body(json!({"entity": 7, "tint": 9}))));
    let back = encode(&record).expect("it can be written");
    for (name, value) in old.as_object().expect("an object") {
        assert_eq!(back.fields().get(name), Some(value), "an older build needs {name}");
    }
}

#[test]
fn fields_of_a_newer_build_survive_every_change() {
    let mut stored = encode(&full()).expect("it can be written");
    stored.fields_mut().insert("of_tomorrow".into(), json!([1]));
    for (list, path) in [("window", "/window/0/extra"), ("open", "/open/0/extra")] {
        stored.fields_mut().get_mut(list).and_then(|l| l.get_mut(0)).expect(path)["extra"] = json!(true);
    }
    stored.fields_mut().get_mut("intent").expect("it has one")["extra"] = json!(true);
    let record = decode(&Upcasters::default(), &key(), stored).expect("it can be read");
    let changed = record.fenced().forgot(&Txn { holder: Holder::new("x"), number: 1 }).touched(Millis(1));
    let back = Value::Object(encode(&changed).expect("it can be written").fields().clone());
    for path in ["/of_tomorrow/0", "/window/0/extra", "/open/0/extra", "/intent/extra"] {
        assert!(back.pointer(path).is_some(), "{path} is lost in {back}");
    }
}

#[test]
fn older_schemas_are_raised_step_by_step() {
    fn grams(fields: &mut Map<String, Value>) -> Result<(), DocumentError> {
        let weight = fields.shift_remove("kg").and_then(|kg| kg.as_u64());
        let weight = weight.ok_or_else(|| DocumentError::Malformed("no kg".to_owned()))?;
        fields.insert("grams".into(), json!(weight * 1000));
        Ok(())
    }
    fn named(fields: &mut Map<String, Value>) -> Result<(), DocumentError> {
        fields.insert("name".into(), json!("stone"));
        Ok(())
    }
    let upcasters = Upcasters::default().with("page", 1, grams).with("page", 2, named);
    let page = Key::new("page", "1");
    let raised = decode(&upcasters, &page, document(1, json!({"kg": 2, "mine": 1}))).expect("it can be raised");
    let raised = raised.body.expect("it has a body");
    assert_eq!(raised.document(), &document(3, json!({"mine": 1, "grams": 2000, "name": "stone"})));
    let other = decode(&upcasters, &key(), document(1, json!({"kg": 2}))).expect("another kind");
    assert_eq!(other.body.expect("it has a body").document().schema, 1);
    assert!(decode(&upcasters, &page, document(1, json!({}))).is_err(), "an upcaster may refuse");
}

#[test]
fn a_body_cannot_pose_as_a_header() {
    for name in ["seq", "epoch", "holder", "intent", "open", "gone"] {
        let refused = Body::new(1, &json!({ name: 1 }));
        assert!(matches!(refused, Err(DocumentError::Reserved(field)) if field == name), "{name}: {refused:?}");
    }
}

#[test]
fn malformed_headers_are_errors_and_no_panics() {
    for value in [
        json!({"seq": -1}),
        json!({"epoch": "three"}),
        json!({"window": {}}),
        json!({"open": [{"txn": "no number", "keys": []}]}),
        json!({"intent": {"txn": "a#1"}}),
        json!({"gone": "yesterday"}),
    ] {
        let read = decode(&Upcasters::default(), &key(), document(1, value.clone()));
        assert!(matches!(read, Err(DocumentError::Malformed(_))), "{value}: {read:?}");
    }
}
