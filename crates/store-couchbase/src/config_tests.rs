//! What is refused, with the key and the remedy; and that nothing shows a password.

use super::*;

fn good() -> CouchbaseConfig {
    let credentials = Credentials { user: "tombolo".into(), password: Secret::new("swordfish") };
    CouchbaseConfig::new("couchbase://127.0.0.1", "world", credentials)
}

fn check(change: impl FnOnce(&mut CouchbaseConfig), expected: Result<(), (&'static str, &str)>) {
    let mut config = good();
    change(&mut config);
    match (config.check(), expected) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err((key, part))) => {
            assert_eq!(error.key, key, "{error}");
            assert!(error.reason.contains(part), "{error}");
        }
        (found, expected) => panic!("{config:?}: {found:?} instead of {expected:?}"),
    }
}

#[test]
fn what_can_be_used() {
    check(|_| {}, Ok(()));
    check(|c| c.connect = "couchbases://a.example.org,b.example.org:11207".into(), Ok(()));
    check(|c| c.connect = "couchbase://[::1]:11210".into(), Ok(()));
    check(
        |c| {
            c.connect = "couchbases://a".into();
            c.authority_pem = Some(String::new());
        },
        Ok(()),
    );
    check(|c| c.bucket = "travel-sample_2.x%".into(), Ok(()));
    check(|c| c.in_flight = 1, Ok(()));
}

#[test]
fn what_is_refused() {
    for wrong in ["", "127.0.0.1", "http://127.0.0.1", "couchbase2://127.0.0.1", "couchbase://", "couchbase://a,,b"] {
        check(|c| c.connect = wrong.into(), Err(("connect", "couchbase://HOST")));
    }
    check(|c| c.connect = "couchbase://a?kv_timeout=1s".into(), Err(("connect", "keys of their own")));
    check(|c| c.connect = "couchbase://me:secret@a".into(), Err(("connect", "own keys")));
    check(|c| c.authority_pem = Some(String::new()), Err(("authority", "couchbases://")));
    check(|c| c.credentials.user.clear(), Err(("user", "name a user")));
    for wrong in ["", "a b", "a/b", "\u{e4}"] {
        check(|c| c.bucket = wrong.into(), Err(("bucket", "letters")));
        check(|c| c.scope = wrong.into(), Err(("scope", "letters")));
        check(|c| c.collection = wrong.into(), Err(("collection", "letters")));
    }
    check(|c| c.bucket = "b".repeat(101), Err(("bucket", "1 to 100")));
    check(|c| c.deadline = Duration::from_millis(99), Err(("deadline_ms", "99 is not 100 to 60000")));
    check(|c| c.in_flight = 0, Err(("in_flight", "0 is not 1 to 4096")));
    check(|c| c.connections = 17, Err(("connections", "17 is not 1 to 16")));
}

#[test]
fn a_password_is_never_shown() {
    let shown = format!("{:?} {:#?}", good(), good());
    assert!(shown.contains("(hidden)") && !shown.contains("swordfish"), "{shown}");
    let error = CouchbaseConfig { connect: "couchbase://me:swordfish@a".into(), ..good() }.check().unwrap_err();
    assert!(!error.to_string().contains("swordfish"), "{error}");
}

#[test]
fn levels_have_names() {
    for (name, level) in Durability::NAMES {
        assert_eq!(Durability::named(name), Some(level));
    }
    assert_eq!(Durability::named("Majority"), None);
}
