//! The two machines alone: what each does in each state, as tables.

use protocol::Incarnation;
use store::commit::Releaser;
use store::record::Release as Released;
use store::{Document, Holder, Holding, MemoryStore, Reply, Request};
use world::{Epoch, Millis, Planted};

use crate::avatar::{AVATAR_SCHEMA, AvatarBody, avatar_key};
use crate::handover::Reason;
use crate::handover::claim::{Claim, Claimed, Grounds};
use crate::handover::giving::{GiveEffect, GiveInput, Giving, Held};
use crate::io::ConnId;
use crate::limits::{FINISH_MS, FROZEN_MS, INVITE_MS, PREPARE_MS, STORE_RETRY_MS, TAKE_BACK_MS};
use crate::session::Turn;
use crate::session::arrival::terms;
use crate::session::driver::Driver;

const NAME: &str = "mira";
const ME: Incarnation = Incarnation(1);
const OTHER: Incarnation = Incarnation(2);
const EPOCH: Epoch = Epoch(5);

fn store_with(epoch: u32, holder: &str, released: Option<Released>) -> MemoryStore {
    let store = MemoryStore::new();
    let body = AvatarBody { epoch, holder: holder.into(), released, ..AvatarBody::new(NAME) };
    let document = Document::new(AVATAR_SCHEMA, &body).unwrap();
    store.apply(Request::Insert { key: avatar_key(NAME), document });
    store
}

fn stored(store: &MemoryStore) -> AvatarBody {
    match store.apply(Request::Get { key: avatar_key(NAME) }) {
        Reply::Found { document, .. } => document.read(AVATAR_SCHEMA).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn released(to: Incarnation, epoch: u32) -> Option<Released> {
    Some(Released { to: Holder::new(to), epoch, at: 0 })
}

fn claim_of(me: Incarnation, conn: u64, grounds: Grounds) -> Claim {
    Claim::new(Millis(1), terms(Planted::none()), NAME, (me, ConnId(conn)), EPOCH, grounds)
}

fn holding() -> Holding {
    Holding { actor: avatar_key(NAME), epoch: EPOCH, holder: Holder::new("holder") }
}

/// Runs a claim to its end.
fn claim(store: &MemoryStore, grounds: Grounds) -> Claimed {
    let mut claim = claim_of(ME, 9, grounds);
    let mut turn = claim.poll(Millis(1));
    loop {
        turn = match turn {
            Turn::Ask(request) => claim.reply(Millis(1), store.apply(request)),
            Turn::Done(claimed) => return claimed,
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn only_what_is_released_to_me_or_held_by_me_is_claimed() {
    let to = released;
    let mine = || Grounds::Holder(Holder::new("mine"));
    let table = [
        ("released to me", 5, "theirs", to(ME, 5), Grounds::ReleasedToMe, "mine"),
        ("not released", 5, "theirs", None, Grounds::ReleasedToMe, "not released"),
        ("released to somebody else", 5, "theirs", to(OTHER, 5), Grounds::ReleasedToMe, "gone"),
        ("released at another epoch", 5, "theirs", to(ME, 4), Grounds::ReleasedToMe, "gone"),
        ("a later epoch", 6, "theirs", to(ME, 5), Grounds::ReleasedToMe, "gone"),
        ("held by me", 5, "mine", None, mine(), "mine"),
        ("held by me and released", 5, "mine", to(OTHER, 5), mine(), "mine"),
        ("held by another", 5, "theirs", None, mine(), "gone"),
        ("taken by the other", 6, "2/7/handover-5", None, mine(), "handed"),
        ("resumed by another", 6, "2/7/1", None, mine(), "gone"),
    ];
    for (what, epoch, holder, released, grounds, expected) in table {
        let store = store_with(epoch, holder, released);
        let before = stored(&store);
        let claimed = match claim(&store, grounds) {
            Claimed::Mine(record) => {
                assert_eq!((record.epoch, &record.released), (Epoch(6), &None), "{what}");
                let stored = stored(&store);
                assert_eq!((stored.epoch, stored.holder.as_str()), (6, record.holder.as_str()), "{what}");
                "mine"
            }
            Claimed::NotReleased => "not released",
            Claimed::Gone { handed: true } => "handed",
            Claimed::Gone { handed: false } => "gone",
            Claimed::Unreadable => "unreadable",
        };
        assert_eq!(claimed, expected, "{what}");
        if claimed != "mine" {
            assert_eq!(stored(&store), before, "{what}");
        }
    }
}

#[test]
fn of_two_claims_one_wins_however_their_writes_meet() {
    // Both read; then one writes before the other.
    for first in [0, 1] {
        let store = store_with(5, "holder", released(OTHER, 5));
        let mut claims =
            [claim_of(ME, 1, Grounds::Holder(Holder::new("holder"))), claim_of(OTHER, 1, Grounds::ReleasedToMe)];
        let mut turns: Vec<Turn<Claimed>> = claims.iter_mut().map(|c| c.poll(Millis(1))).collect();
        for (claim, turn) in claims.iter_mut().zip(&mut turns) {
            let Turn::Ask(read) = std::mem::replace(turn, Turn::Wait) else { panic!("{turn:?}") };
            *turn = claim.reply(Millis(1), store.apply(read));
        }
        let mut wins = [false; 2];
        for index in [first, 1 - first] {
            let mut turn = std::mem::replace(&mut turns[index], Turn::Wait);
            while let Turn::Ask(request) = turn {
                turn = claims[index].reply(Millis(1), store.apply(request));
            }
            wins[index] = matches!(turn, Turn::Done(Claimed::Mine(_)));
        }
        assert_eq!((wins[first], wins[1 - first]), (true, false));
        assert_eq!(stored(&store).epoch, 6);
    }
}

#[test]
fn a_release_whose_outcome_is_unknown_is_read_back() {
    for applied in [true, false] {
        let store = store_with(5, "holder", None);
        let mut release = Driver::new(Millis(1), Releaser::new(terms(Planted::none()), holding(), Holder::new(OTHER)));
        let Turn::Ask(read) = release.poll(Millis(1)) else { panic!() };
        let Turn::Ask(write) = release.reply(Millis(1), store.apply(read)) else { panic!() };
        if applied {
            store.apply(write);
        }
        assert!(release.steps().may_land());
        assert!(matches!(release.reply(Millis(1), Reply::Unknown), Turn::Wait));
        let mut turn = release.poll(Millis(1 + STORE_RETRY_MS));
        while let Turn::Ask(request) = turn {
            turn = release.reply(Millis(300), store.apply(request));
        }
        assert!(matches!(turn, Turn::Done(store::commit::Released::Yes)), "{turn:?}");
        let written = stored(&store).released.map(|released| (released.to, released.epoch));
        assert_eq!(written, Some((Holder::new(OTHER), 5)));
    }
}

/// Plays inputs at times into S's machine; a store answers at once. Returns what it did, in words.
fn give(inputs: &[(u64, GiveInput)], answers: bool) -> Vec<String> {
    let store = store_with(5, "holder", None);
    let held = Held { name: NAME.into(), me: ME, conn: ConnId(1), holding: holding() };
    let mut giving = Giving::new(Millis(0), 1, OTHER, Reason::Ordered, held, Planted::none());
    let mut told = Vec::new();
    let mut look = |giving: &mut Giving, now: u64| {
        while let Some(effect) = giving.poll_effect() {
            told.push(match effect {
                GiveEffect::Store(request) => {
                    if answers {
                        giving.handle(Millis(now), GiveInput::Stored(store.apply(request)));
                    }
                    continue;
                }
                GiveEffect::Prepare => "prepare".to_owned(),
                GiveEffect::Invite { .. } => "invite".to_owned(),
                GiveEffect::Release => "released".to_owned(),
                GiveEffect::CallOff => "off".to_owned(),
                GiveEffect::Stay { raised } => format!("stay at {}", raised.map_or(5, |record| record.epoch.0)),
                GiveEffect::Lost { code } | GiveEffect::End(code) => code.to_string(),
                GiveEffect::Over(outcome) => format!("{outcome:?}"),
            });
        }
    };
    look(&mut giving, 0);
    for (at, input) in inputs {
        giving.handle(Millis(*at), input.clone());
        look(&mut giving, *at);
    }
    told
}

#[test]
fn every_way_out_of_each_state() {
    use GiveInput::{Declined, Doubted, Frozen, Prepared, Taken, Wake};
    let idle = Wake { idle: true };
    let busy = Wake { idle: false };
    let ready = || Prepared { token: vec![1] };
    let taken = || Taken { epoch: Epoch(6) };
    let later = TAKE_BACK_MS + 100;
    let released = [(10, ready()), (20, Frozen), (21, idle.clone())];
    let with = |more: &[(u64, GiveInput)]| [&released[..], more].concat();
    type Case<'a> = (&'a str, Vec<(u64, GiveInput)>, bool, &'a [&'a str]);
    let table: [Case<'_>; 13] = [
        ("T is silent", vec![(PREPARE_MS, busy.clone())], true, &["prepare", "off", "Unprepared", "stay at 5"]),
        ("T declines", vec![(10, Declined)], true, &["prepare", "off", "Declined", "stay at 5"]),
        (
            "the client stays away",
            vec![(10, ready()), (10 + INVITE_MS, idle.clone())],
            true,
            &["prepare", "invite", "off", "Ignored", "stay at 5"],
        ),
        (
            "a commit does not end",
            vec![(10, ready()), (20, Frozen), (20 + FINISH_MS, busy.clone())],
            true,
            &["prepare", "invite", "off", "Unfinished", "stay at 5"],
        ),
        (
            "T declines while a commit is under way",
            vec![(10, ready()), (20, Frozen), (25, Declined)],
            true,
            &["prepare", "invite", "off", "Declined", "stay at 5"],
        ),
        ("T takes it", with(&[(30, taken())]), true, &["prepare", "invite", "released", "Done", "handed_over"]),
        (
            "T does not take it",
            with(&[(later, idle.clone())]),
            true,
            &["prepare", "invite", "released", "off", "TakenBack", "stay at 6"],
        ),
        (
            "T declines what is released",
            with(&[(30, Declined)]),
            true,
            &["prepare", "invite", "released", "off", "TakenBack", "stay at 6"],
        ),
        (
            "somebody has raised the epoch, and it was nobody",
            with(&[(30, Doubted)]),
            true,
            &["prepare", "invite", "released", "off", "TakenBack", "stay at 6"],
        ),
        (
            "the store is silent from the release on",
            with(&[(20 + FROZEN_MS, idle.clone())]),
            false,
            &["prepare", "invite", "Fenced", "fenced"],
        ),
        ("an old word", vec![(10, Taken { epoch: Epoch(5) })], true, &["prepare"]),
        ("a word out of order", vec![(10, taken())], true, &["prepare"]),
        ("ready twice", vec![(10, ready()), (11, ready())], true, &["prepare", "invite"]),
    ];
    for (what, inputs, answers, expected) in table {
        assert_eq!(give(&inputs, answers), expected, "{what}");
    }
}
