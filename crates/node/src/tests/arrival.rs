//! Arrivals against a store that conflicts, fails, falls silent and lands writes late.

use protocol::{Code, Incarnation};
use store::{Document, MemoryStore, Reply, Request, Version};
use world::{Epoch, Millis, Planted};

use crate::avatar::{AVATAR_SCHEMA, AvatarBody, avatar_key};
use crate::io::ConnId;
use crate::limits::STORE_RETRY_MS;
use crate::session::Turn;
use crate::session::arrival::{Arrival, Arrived, session_name};

const NAME: &str = "mira";

/// What the store does to a request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Pass,
    /// Fails and says so.
    Fails,
    /// Takes effect, and nobody says so.
    UnknownApplied,
    /// Never takes effect, and nobody says so.
    UnknownLost,
    /// Somebody else raises the epoch first.
    Raced,
}

fn stored(store: &MemoryStore) -> AvatarBody {
    match store.apply(Request::Get { key: avatar_key(NAME) }) {
        Reply::Found { document, .. } => document.read(AVATAR_SCHEMA).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn raise_elsewhere(store: &MemoryStore) {
    let key = avatar_key(NAME);
    let request = match store.apply(Request::Get { key: key.clone() }) {
        Reply::Found { version, mut document } => {
            let mut body: AvatarBody = document.read(AVATAR_SCHEMA).unwrap();
            (body.epoch, body.holder) = (body.epoch + 1, format!("elsewhere/{}", body.epoch + 1));
            document.write(AVATAR_SCHEMA, &body).unwrap();
            Request::Replace { key, version, document }
        }
        _ => {
            let body = AvatarBody { epoch: 1, holder: "elsewhere/1".into(), ..AvatarBody::new(NAME) };
            Request::Insert { key, document: Document::new(AVATAR_SCHEMA, &body).unwrap() }
        }
    };
    assert!(matches!(store.apply(request), Reply::Applied { .. }));
}

/// Runs an arrival; the fates befall its requests in turn, then all pass.
fn arrive(store: &MemoryStore, fates: &[Fate]) -> Result<Arrived, Code> {
    arrive_on(1, store, fates)
}

/// The same on a connection; no two are the same.
fn arrive_on(conn: u64, store: &MemoryStore, fates: &[Fate]) -> Result<Arrived, Code> {
    let mut fates = fates.iter().copied();
    let mut now = Millis(0);
    let mut arrival = Arrival::new(now, NAME.into(), Incarnation(5), ConnId(conn), Planted::none());
    let mut turn = arrival.poll(now);
    for _ in 0..100 {
        turn = match turn {
            Turn::Ask(request) => {
                let reply = match fates.next().unwrap_or(Fate::Pass) {
                    Fate::Pass => store.apply(request),
                    Fate::Fails => Reply::NotApplied,
                    Fate::UnknownLost => Reply::Unknown,
                    Fate::UnknownApplied => {
                        store.apply(request);
                        Reply::Unknown
                    }
                    Fate::Raced => {
                        raise_elsewhere(store);
                        store.apply(request)
                    }
                };
                arrival.reply(now, reply)
            }
            Turn::Wait => {
                now = now + STORE_RETRY_MS;
                arrival.poll(now)
            }
            Turn::Done(arrived) => return Ok(arrived),
            Turn::End(code) => return Err(code),
        };
    }
    panic!("the arrival never ends");
}

#[test]
fn who_arrives_holds_the_epoch_that_is_stored() {
    use Fate::{Fails, Pass, Raced, UnknownApplied, UnknownLost};
    let cases: [(&str, &[Fate], u32); 8] = [
        ("nothing fails", &[], 1),
        ("the read fails", &[Fails, Fails], 1),
        ("the raise fails", &[Pass, Fails], 1),
        ("the raise is unknown but done", &[Pass, UnknownApplied], 1),
        ("the raise is unknown and lost", &[Pass, UnknownLost], 1),
        ("the reading back is unknown too", &[Pass, UnknownApplied, UnknownLost, Fails], 1),
        ("somebody else is first", &[Pass, Raced], 2),
        ("somebody else is first while it is unknown", &[Pass, UnknownApplied, Raced], 3),
    ];
    for (name, fates, epoch) in cases {
        let store = MemoryStore::new();
        let arrived = arrive(&store, fates).unwrap();
        let held = stored(&store);
        assert_eq!(
            (arrived.record.epoch.0, arrived.record.holder.as_str()),
            (held.epoch, held.holder.as_str()),
            "{name}"
        );
        assert_eq!(held.epoch, epoch, "{name}");
    }
}

#[test]
fn no_two_arrivals_share_an_epoch() {
    let store = MemoryStore::new();
    let epochs: Vec<u32> = (1..=5).map(|conn| arrive_on(conn, &store, &[]).unwrap().record.epoch.0).collect();
    assert_eq!(epochs, [1, 2, 3, 4, 5]);
}

#[test]
fn a_name_that_was_used_in_an_earlier_life_gives_no_session() {
    let store = MemoryStore::new();
    let lives: Vec<_> = (0..2).map(|_| arrive_on(1, &store, &[]).unwrap().record).collect();
    assert_eq!(lives[0].holder, lives[1].holder);
    assert_eq!([lives[0].epoch, lives[1].epoch], [Epoch(1), Epoch(2)]);
}

#[test]
fn lives_of_one_incarnation_have_other_names() {
    let name = |ms: u64| session_name(Millis(ms), Incarnation::new(1, 0, 1), ConnId(1), "");
    assert_ne!(name(1_000), name(2_000));
}

#[test]
fn a_document_of_a_newer_release_is_left_alone() {
    let store = MemoryStore::new();
    let document = Document::new(AVATAR_SCHEMA + 1, &AvatarBody::new(NAME)).unwrap();
    store.apply(Request::Insert { key: avatar_key(NAME), document: document.clone() });
    assert_eq!(arrive(&store, &[]).unwrap_err(), Code::DocumentUnreadable);
    let found = store.apply(Request::Get { key: avatar_key(NAME) });
    assert_eq!(found, Reply::Found { version: Version(1), document });
}
