//! Deeds: one effect and one reply for each request, whatever the store does.

use protocol::Code;
use protocol::limits::{REPLY_WINDOW, REQUESTS_IN_FLIGHT};
use store::commit::terms::{DEED_MS, RETRY_MS};
use store::{Document, Holder, Holding, MemoryStore, Reply, Request};
use world::{Epoch, Millis, Planted};

use crate::avatar::{AVATAR_SCHEMA, AvatarBody, avatar_key};
use crate::session::deed::{Deeds, Form, Need, What, Wish, refusal};

const NAME: &str = "mira";

struct Table {
    store: MemoryStore,
    deeds: Deeds,
    now: Millis,
}

/// What the store does to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Pass,
    Fails,
    UnknownApplied,
    /// Takes effect only after the next request was carried out.
    UnknownLate,
    Silence,
}

impl Table {
    fn new() -> Self {
        let store = MemoryStore::new();
        let body = AvatarBody { epoch: 3, holder: "us".into(), ..AvatarBody::new(NAME) };
        store.apply(Request::Insert { key: avatar_key(NAME), document: Document::new(AVATAR_SCHEMA, &body).unwrap() });
        let holding = Holding { actor: avatar_key(NAME), epoch: Epoch(3), holder: Holder::new("us") };
        let deeds = Deeds::new(Millis(0), holding, &[], Planted::none());
        Self { store, deeds, now: Millis(0) }
    }

    fn body(&self) -> AvatarBody {
        match self.store.apply(Request::Get { key: avatar_key(NAME) }) {
            Reply::Found { document, .. } => document.read(AVATAR_SCHEMA).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn raise(&self) {
        let Reply::Found { version, mut document } = self.store.apply(Request::Get { key: avatar_key(NAME) }) else {
            panic!("no document")
        };
        let body = AvatarBody { epoch: 4, holder: "them".into(), ..document.read(AVATAR_SCHEMA).unwrap() };
        document.write(AVATAR_SCHEMA, &body).unwrap();
        self.store.apply(Request::Replace { key: avatar_key(NAME), version, document });
    }

    /// Runs what waits to its end; the fates befall its requests in turn, then all pass. Returns what the client is told,
    /// and whether it had been told before.
    fn run(&mut self, fates: &[Fate]) -> (Option<Code>, bool) {
        let mut fates = fates.iter().copied();
        let mut late: Option<Request> = None;
        let mut ended = None;
        for _ in 0..400 {
            match self.deeds.poll() {
                Some(Need::Store(part, request)) => {
                    let reply = self.befall(fates.next().unwrap_or(Fate::Pass), request, &mut late);
                    self.deeds.reply(self.now, part, reply);
                }
                Some(Need::Answer(answer)) => ended = Some(*answer),
                Some(Need::Note(key, reason)) => panic!("{key}: {reason}"),
                None if self.deeds.is_idle() => break,
                None => {
                    self.now = self.now + RETRY_MS;
                    self.deeds.wake(self.now);
                }
            }
        }
        let ended = ended.expect("the deed ends");
        (refusal(&ended.outcome), matches!(ended.outcome, store::commit::Outcome::Repeated { .. }))
    }

    fn befall(&mut self, fate: Fate, request: Request, late: &mut Option<Request>) -> Reply {
        let reply = match fate {
            Fate::Pass => self.store.apply(request),
            Fate::Fails => Reply::NotApplied,
            Fate::Silence => Reply::Unknown,
            Fate::UnknownApplied => {
                self.store.apply(request);
                Reply::Unknown
            }
            Fate::UnknownLate => {
                *late = Some(request);
                return Reply::Unknown;
            }
        };
        if let Some(landing) = late.take() {
            self.store.apply(landing);
        }
        reply
    }
}

fn dress(request: u32, tint: u8) -> Wish {
    let what = What::Dress(tint);
    Wish { request, content: u64::from(tint), form: Form::Plain, with: None, what }
}

impl Table {
    fn ask(&mut self, wish: Wish) -> Result<(), Code> {
        self.deeds.ask(self.now, wish)
    }
}

#[test]
fn one_effect_whatever_the_store_does() {
    use Fate::{Fails, Pass, Silence, UnknownApplied, UnknownLate};
    let cases: [(&str, &[Fate]); 7] = [
        ("nothing fails", &[]),
        ("the read fails", &[Fails, Silence]),
        ("the write fails", &[Pass, Fails]),
        ("the write is unknown but done", &[Pass, UnknownApplied]),
        ("the write is unknown and lost", &[Pass, Silence]),
        ("the write lands after it was read back", &[Pass, UnknownLate]),
        ("again and again", &[Pass, Silence, Silence, Pass, UnknownApplied, Silence]),
    ];
    for (name, fates) in cases {
        let mut t = Table::new();
        t.ask(dress(1, 40)).unwrap();
        let (refused, _) = t.run(fates);
        let body = t.body();
        assert_eq!((refused, body.tint, body.deeds, body.window.len()), (None, 40, 1, 1), "{name}");
    }
}

#[test]
fn a_repeated_request_gets_its_reply_again() {
    let mut t = Table::new();
    for (asked, refused, repeated) in [
        (dress(1, 40), None, false),
        (dress(1, 40), None, true),
        (dress(1, 41), Some(Code::IdReused), false),
        (dress(2, 41), None, false),
    ] {
        t.ask(asked.clone()).unwrap();
        assert_eq!(t.run(&[]), (refused, repeated), "{asked:?}");
    }
    assert_eq!((t.body().deeds, t.body().tint), (2, 41));
}

#[test]
fn what_the_window_forgot_is_too_old() {
    let mut t = Table::new();
    for request in 1..=REPLY_WINDOW as u32 + 1 {
        t.ask(dress(request, 1)).unwrap();
        assert_eq!(t.run(&[]).0, None);
    }
    t.ask(dress(1, 1)).unwrap();
    assert_eq!(t.run(&[]).0, Some(Code::TooOld));
    assert_eq!(t.body().window.len(), REPLY_WINDOW);
}

#[test]
fn a_request_that_never_happened_is_not_too_old() {
    let mut t = Table::new();
    for request in [1, 3, 4, 2] {
        t.ask(dress(request, request as u8)).unwrap();
        assert_eq!(t.run(&[]).0, None, "{request} was given up earlier and is asked for again");
    }
    assert_eq!((t.body().deeds, t.body().next_request), (4, 5));
}

#[test]
fn a_replaced_holder_commits_nothing() {
    let mut t = Table::new();
    t.ask(dress(1, 40)).unwrap();
    t.raise();
    assert_eq!(t.run(&[]).0, Some(Code::Replaced));
    assert_eq!((t.body().deeds, t.body().epoch), (0, 4));
}

#[test]
fn a_silent_store_is_told_as_retry() {
    let mut t = Table::new();
    t.ask(dress(1, 40)).unwrap();
    let (refused, _) = t.run(&[Fate::Silence; 100]);
    assert_eq!(refused, Some(Code::StoreUnavailable));
    assert!(t.now.0 >= DEED_MS);
    t.ask(dress(1, 40)).unwrap();
    assert_eq!(t.run(&[]).0, None, "the same request id is safe");
    assert_eq!(t.body().deeds, 1);
}

#[test]
fn too_many_requests_are_refused_and_an_impatient_one_is_not_doubled() {
    let mut t = Table::new();
    for request in 1..=REQUESTS_IN_FLIGHT as u32 {
        t.ask(dress(request, 1)).unwrap();
    }
    assert_eq!(t.ask(dress(99, 1)), Err(Code::TooManyRequests));
    assert_eq!(t.ask(dress(1, 1)), Ok(()), "it is on its way");
    assert_eq!(t.ask(dress(1, 2)), Err(Code::IdReused));
}
