//! The store as a whole: dumps, also of a running one, loads, and audits of them.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use store::dump::{Audit, Counts, Line};
use store::{Body, Document, Key, Record, Reply, Request, Store, codec};
use store_fjall::{Door, FjallStore, FjallStoreError, dump_of_running};

use crate::fixture::{Folder, block_on, document, insert, key, open, read, replace};

fn dump(store: &FjallStore) -> String {
    let mut out = Vec::new();
    store.dump(&mut out).expect("memory takes it");
    String::from_utf8(out).expect("it is text")
}

/// The documents of a dump.
fn documents(text: &str) -> Vec<Result<(Key, Document), FjallStoreError>> {
    let each = |line: &str| match Line::parse(line).expect("a line") {
        Line::Document { key, document, .. } => Some(Ok((key, document))),
        Line::Begin { .. } | Line::End { .. } => None,
        Line::Damaged { key, damaged } => panic!("{key}: {damaged}"),
    };
    text.lines().filter_map(each).collect()
}

fn audit(text: &str) -> (Vec<String>, Counts) {
    let mut audit = Audit::default();
    let mut faults: Vec<_> = text.lines().filter_map(|line| audit.take(line)).collect();
    let (more, counts) = audit.finish();
    faults.extend(more);
    (faults.into_iter().map(|fault| format!("{}: {}", fault.key, fault.fault)).collect(), counts)
}

#[test]
fn a_dump_is_loaded_as_it_was() {
    let (first, second) = (Folder::new(), Folder::new());
    let store = open(&first.0);
    block_on(async {
        for n in 0..50 {
            store.execute(insert(format!("\u{e4} {n}"), n)).await;
        }
        let large = document(&json!({ "n": 1, "x": "x".repeat(300_000) }));
        for n in 0..20 {
            let request = Request::Insert { key: Key::new("large", n), document: large.clone() };
            assert!(matches!(store.execute(request).await, Reply::Applied { .. }));
        }
    });
    let text = dump(&store);
    assert_eq!(audit(&text).1, Counts { documents: 70, bytes: audit(&text).1.bytes, ..Counts::default() });
    let copy = open(&second.0);
    assert_eq!(copy.load(documents(&text).into_iter()).expect("it is empty"), 70);
    assert_eq!(documents(&dump(&copy)).len(), 70);
    let same = |text: &str| documents(text).into_iter().map(|d| d.expect("a document")).collect::<Vec<_>>();
    assert_eq!(same(&dump(&copy)), same(&text));
    let again = copy.load(documents(&text).into_iter());
    assert!(matches!(again, Err(FjallStoreError::NotEmpty)), "{again:?}");
}

#[test]
fn a_running_store_gives_a_backup_of_one_moment() {
    let folder = Folder::new();
    assert!(dump_of_running(&folder.0).expect("no door").is_none(), "nobody has it open");
    let store = Arc::new(open(&folder.0));
    let door = Door::open(&folder.0, Arc::clone(&store)).expect("a door");
    // Two documents that are always written one after the other: `a` is never behind `b`, and at most one ahead.
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, stopped) = (Arc::clone(&store), Arc::clone(&stop));
    let writer = std::thread::spawn(move || {
        block_on(async {
            let Reply::Applied { version: mut a } = writing.execute(insert("a", 0)).await else { panic!("a") };
            let Reply::Applied { version: mut b } = writing.execute(insert("b", 0)).await else { panic!("b") };
            for n in 1.. {
                if stopped.load(Ordering::Relaxed) {
                    return n;
                }
                let Reply::Applied { version } = writing.execute(replace("a", a, n)).await else { panic!("a") };
                a = version;
                let Reply::Applied { version } = writing.execute(replace("b", b, n)).await else { panic!("b") };
                b = version;
            }
            0
        })
    });
    let (mut least, mut dumps) = (0, 0);
    // Twenty at least, and until the writer was seen at work.
    while dumps < 20 || least < 3 {
        dumps += 1;
        assert!(dumps < 100_000, "the writer does not get on");
        let mut text = String::new();
        let mut running = dump_of_running(&folder.0).expect("a door").expect("it runs");
        running.read_to_string(&mut text).expect("a dump");
        let (faults, _) = audit(&text);
        assert_eq!(faults, Vec::<String>::new());
        let found: Vec<u64> = documents(&text)
            .into_iter()
            .map(|found| found.expect("a document").1.fields()["n"].as_u64().expect("a number"))
            .collect();
        if let [a, b] = found[..] {
            assert!(a == b || a == b + 1, "{a} and {b}");
            assert!(b >= least, "an older moment than before");
            least = b;
        }
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.join().expect("it wrote") > 1);
    drop(door);
    drop(store);
    assert!(dump_of_running(&folder.0).expect("no door").is_none(), "the door is closed");
    let store = open(&folder.0);
    assert!(block_on(read(&store, "a")).is_some());
}

#[test]
fn an_audit_finds_what_must_not_be() {
    let body = |n: u32| Body::new(1, &json!({ "n": n })).expect("no field of the header");
    let line = |name: &str, record: &Record| {
        let document = codec::encode(record).expect("it can be written");
        Line::Document { key: key(name), version: 1, document }.to_text()
    };
    let begin = Line::Begin { tombolo_store: 1 }.to_text();
    let end = |end: u64| Line::End { end }.to_text();
    let plain = line("a", &Record::of_body(body(1)));
    let waits = json!({"txn": "h#1", "actor": "avatar/nobody", "seq": 1, "age": 0, "deadline": 0, "change": "lock"});
    let waits = Line::Document { key: key("b"), version: 2, document: document(&json!({ "intent": waits })) }.to_text();
    let damaged = Line::Damaged { key: key("c"), damaged: "bits".to_owned() }.to_text();
    let newer = Line::Begin { tombolo_store: 2 }.to_text();
    let cases = [
        (vec![&begin, &plain, &end(1)], ""),
        (vec![&begin, &plain], "cut off"),
        (vec![&begin, &plain, &end(2)], "its end says 2"),
        (vec![&begin, &plain, &plain, &end(2)], "comes twice"),
        (vec![&begin, &plain, &waits, &end(2)], "does not exist"),
        (vec![&begin, &damaged, &end(1)], "bits"),
        (vec![&newer, &plain, &end(1)], "format 2"),
        (vec![&begin, &"{}".to_owned(), &end(1)], "no line of a dump"),
    ]
    .map(|(lines, what)| (lines.into_iter().cloned().collect::<Vec<_>>().join("\n"), what));
    for (text, what) in cases {
        let (faults, counts) = audit(&text);
        assert_eq!(counts.faults as usize, faults.len());
        match what {
            "" => assert_eq!(faults, Vec::<String>::new(), "{text}"),
            _ => assert!(faults.iter().any(|fault| fault.contains(what)), "{what}: {faults:?}"),
        }
    }
}
