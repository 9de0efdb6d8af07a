//! The rules of the choice, one line each, and that every reason is given by one of them.

use std::collections::BTreeSet;

use world::{Chunk, IslandId};

use super::harbour::{Harbour, QUIET};
use super::town::islet;
use crate::arrival::{Arrival, Together, Way};
use crate::decision::{Decision, Landing, Reason, Stance};
use crate::ids::{AskId, PersonId, Term};
use crate::io::{Input, Order};
use crate::limits::{ASK_MS, ASKS, CROWDED_MS, PARTY, RATE_WINDOW_MS};
use crate::plan::{IslandPlan, Phase};
use crate::plant::Planted;

const LOGIN: Way = Way::Login;

fn warp(to: u32) -> Way {
    Way::Warp { to: IslandId(to), near: None }
}
fn to_friend_on(island: u32) -> Way {
    Way::Friend { friend: PersonId(0), seen_on: Some(IslandId(island)), near: None }
}
fn revival(home: u32) -> Way {
    Way::Revival { home: IslandId(home) }
}
fn voyage(from: u32, to: Option<u32>) -> Way {
    Way::Voyage { from: IslandId(from), to: to.map(IslandId) }
}

/// Islands with a band of 3 to 6, a capacity of 8 and a hard cap of 10; those with a load are open.
fn harbour(loads: &[Option<u32>]) -> Harbour {
    let plans: Vec<IslandPlan> = (1..).zip(loads).map(|(id, _)| islet(id, 3, 6, 8, 10)).collect();
    let mut harbour = Harbour::new(&plans, QUIET);
    for (id, load) in (1..).zip(loads) {
        if let Some(load) = load {
            harbour.open(id);
            harbour.fill(id, *load);
        }
    }
    // The rush of the setup is forgotten.
    harbour.pass(RATE_WINDOW_MS + 1_000);
    harbour
}

fn brief(decision: &Decision) -> (Reason, Option<u32>) {
    match decision {
        Decision::Promised { island, reason, .. } => (*reason, Some(island.0)),
        other => (other.reason(), None),
    }
}

fn check(
    name: &str,
    loads: &[Option<u32>],
    people: u64,
    way: Way,
    together: Together,
    expected: (Reason, Option<u32>),
) {
    let mut harbour = harbour(loads);
    let people = (1..=people).map(PersonId).collect();
    let answers = harbour.ask(Arrival { people, way, friends: Vec::new(), together });
    assert_eq!(answers.first().map(brief), Some(expected), "{name}");
    assert!(answers.iter().all(|decision| decision.reason().stance() == decision.stance()), "{name}");
}

#[test]
fn every_rule() {
    use Reason::*;
    let (some, none) = (Some, None::<u32>);
    for (name, loads, way, expected) in [
        ("strangers fill the fullest island below its band's end", &[some(2), some(4)][..], LOGIN, (Filling, some(2))),
        ("at the end of the band the next one", &[some(6), some(1)], LOGIN, (Filling, some(2))),
        ("no room in any band, but land to open", &[some(6), none], LOGIN, (Opening, none)),
        ("no room in any band and no land: above the band", &[some(7), some(6)], LOGIN, (Pressure, some(2))),
        ("strangers never go above the capacity", &[some(8), some(9)], LOGIN, (NoRoom, none)),
        ("to a friend above the capacity", &[some(9), some(0)], to_friend_on(1), (WithFriends, some(1))),
        ("to a friend, but not above the cap", &[some(10), some(0)], to_friend_on(1), (IslandFull, none)),
        ("a jump up to the capacity", &[some(7), some(0)], warp(1), (AsAsked, some(1))),
        ("a jump not above it", &[some(8), some(0)], warp(1), (IslandFull, none)),
        ("a jump to nowhere", &[some(0)], warp(9), (NoSuchIsland, none)),
        ("a jump to sleeping land", &[some(0), none], warp(2), (Opening, none)),
        ("life begins anew at home", &[some(9), some(0)], revival(1), (Home, some(1))),
        ("or near it", &[some(10), some(0)], revival(1), (SecondBest, some(2))),
        ("or anywhere if home is gone", &[some(1)], revival(9), (SecondBest, some(1))),
        ("a voyage goes elsewhere", &[some(5), some(1)], voyage(1, None), (Filling, some(2))),
        ("a voyage to a name", &[some(5), some(1)], voyage(2, some(1)), (AsAsked, some(1))),
        ("a voyage has nowhere to go", &[some(5)], voyage(1, None), (NoRoom, none)),
    ] {
        check(name, loads, 1, way, Together::Must, expected);
    }
    let stranger = Way::Friend { friend: PersonId(0), seen_on: None, near: None };
    check("a friend whom nobody saw", &[some(0)], 1, stranger, Together::Must, (FriendUnknown, none));
}

#[test]
fn parties() {
    use Reason::*;
    use Together::{IfPossible, Must};
    let some = Some;
    for (name, loads, people, together, expected) in [
        ("in the band of one island", &[some(5), some(2)][..], 4, Must, (PartyTogether, some(2))),
        ("above the band rather than apart", &[some(4), some(3)], 4, Must, (PartyTogether, some(2))),
        ("waits if it must", &[some(4), some(4)], 5, Must, (PartyDoesNotFit, None)),
        ("goes in ones if it may", &[some(4), some(4)], 5, IfPossible, (PartySplit, some(1))),
        ("waits if there is no seat at all", &[some(8), some(9)], 2, IfPossible, (NoRoom, None)),
    ] {
        check(name, loads, people, LOGIN, together, expected);
    }
    check("to a friend who has no room for all", &[some(9)], 3, to_friend_on(1), Must, (PartyDoesNotFit, None));
}

#[test]
fn a_split_party_answers_for_everyone_once_and_stays_close() {
    let mut harbour = harbour(&[Some(4), Some(4)]);
    let people: Vec<PersonId> = (1..=5).map(PersonId).collect();
    let way = Way::Login;
    let answers = harbour.ask(Arrival { people, way, friends: Vec::new(), together: Together::IfPossible });
    let there: Vec<Option<u32>> = answers.iter().map(|answer| brief(answer).1).collect();
    assert_eq!(there, [Some(1), Some(1), Some(1), Some(1), Some(2)]);
}

#[test]
fn friends_promised_a_moment_ago_are_found() {
    let mut harbour = harbour(&[Some(4), Some(2)]);
    harbour.ask(Arrival::alone(PersonId(1), warp(2)));
    let arrival = Arrival { friends: vec![PersonId(1)], ..Arrival::alone(PersonId(2), LOGIN) };
    assert_eq!(brief(&harbour.ask(arrival)[0]), (Reason::WithFriends, Some(2)));
}

#[test]
fn bad_parties() {
    for people in [0, PARTY as u64 + 1] {
        check("size", &[Some(0)], people, LOGIN, Together::Must, (Reason::BadParty, None));
    }
    let twice = Arrival { people: vec![PersonId(1), PersonId(1)], ..Arrival::alone(PersonId(1), LOGIN) };
    assert_eq!(brief(&harbour(&[Some(0)]).ask(twice)[0]), (Reason::BadParty, None));
}

#[test]
fn crowded_chunks_are_left_alone_and_forgiven() {
    let crowd = |harbour: &mut Harbour, island, chunk| {
        harbour.tell(Input::Crowd { island: IslandId(island), chunk, crowded: true });
    };
    let (landing, market) = (Chunk::default(), Chunk::new(3, 3));
    let mut harbour = harbour(&[Some(4), Some(2)]);
    crowd(&mut harbour, 1, landing);
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(1), LOGIN))[0]), (Reason::Filling, Some(2)));
    crowd(&mut harbour, 2, landing);
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(2), LOGIN))[0]), (Reason::Crowded, None));
    crowd(&mut harbour, 1, market);
    let to_market = Way::Warp { to: IslandId(1), near: Some(market) };
    let answer = harbour.ask(Arrival::alone(PersonId(3), to_market)).remove(0);
    assert!(matches!(answer, Decision::Promised { landing: Landing::Elsewhere, .. }), "{answer:?}");
    harbour.pass(CROWDED_MS);
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(4), LOGIN))[0]).0, Reason::Filling);
}

#[test]
fn operators_close_and_archive() {
    let mut harbour = harbour(&[Some(1), Some(0)]);
    harbour.tell(Input::Order { island: IslandId(1), order: Order::Close });
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(1), to_friend_on(1)))[0]), (Reason::IslandClosed, None));
    harbour.tell(Input::Order { island: IslandId(2), order: Order::Archive });
    harbour.pass(1_000);
    assert_eq!((harbour.status(1).phase, harbour.status(2).phase), (Phase::Draining, Phase::Archived));
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(2), warp(2)))[0]), (Reason::IslandArchived, None));
}

#[test]
fn troubles_of_the_leader() {
    let login = |n| Arrival::alone(PersonId(n), LOGIN);
    // Before the documents are read.
    let mut harbour = harbour(&[Some(0)]);
    let plans = [islet(1, 3, 6, 8, 10)];
    harbour.allocator = crate::Allocator::new(Term(2), &plans, QUIET, Planted::none()).expect("a plan");
    harbour.works = false;
    assert_eq!(brief(&harbour.ask(login(1))[0]), (Reason::LeaderIsNew, None));
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(1), warp(1)))[0]), (Reason::LeaderIsNew, None));
    // A store that no longer answers: what is granted is used up, then askings wait, and not for ever.
    let mut harbour = self::harbour(&[Some(0)]);
    harbour.works = false;
    let granted = harbour.status(1).granted;
    assert!(granted > 0 && (0..u64::from(granted)).all(|n| brief(&harbour.ask(login(n))[0]).1 == Some(1)));
    assert!(harbour.ask(login(99)).is_empty());
    harbour.pass(ASK_MS);
    assert_eq!(harbour.answers.last().map(brief), Some((Reason::StoreIsSlow, None)));
}

#[test]
fn a_deposed_leader_says_so() {
    let mut harbour = harbour(&[Some(0)]);
    let mut next = crate::Allocator::new(Term(2), &[islet(1, 3, 6, 8, 10)], QUIET, Planted::none()).expect("a plan");
    std::mem::swap(&mut harbour.allocator, &mut next);
    harbour.pass(1_000);
    assert_eq!((harbour.status(1).claimed, harbour.status(1).phase), (true, Phase::Open), "it goes on where that was");
    std::mem::swap(&mut harbour.allocator, &mut next);
    harbour.fill(1, 4);
    harbour.pass(1_000);
    assert_eq!(harbour.allocator.deposed_by(), Some(Term(2)));
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(1), LOGIN))[0]), (Reason::Deposed, None));
}

#[test]
fn too_many_askings() {
    let mut harbour = Harbour::new(&[islet(1, 1, 40_000, 40_000, 40_000)], QUIET);
    harbour.open(1);
    harbour.pass(1_000);
    harbour.works = false;
    let granted = u64::from(harbour.status(1).granted);
    for n in 0..granted + ASKS as u64 {
        let arrival = Arrival::alone(PersonId(n), LOGIN);
        harbour.tell(Input::Ask { ask: AskId(100_000 + n), arrival });
    }
    assert_eq!(harbour.answers.len() as u64, granted);
    assert_eq!(brief(&harbour.ask(Arrival::alone(PersonId(1), LOGIN))[0]), (Reason::TooManyAsking, None));
}

#[test]
fn reasons_have_words_and_a_stance() {
    let words: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.words()).collect();
    assert_eq!(words.len(), Reason::ALL.len());
    for stance in [Stance::Promise, Stance::Wait, Stance::Refusal] {
        assert!(Reason::ALL.iter().any(|reason| reason.stance() == stance));
    }
}
