//! The situations that are explored: each a few people, a few deeds, and some answers that are lost.

use stateright::{Checker, Model};
use store::commit::Right;
use store::{Holder, Key, Record};

use super::protocol::Situation;
use super::state::Role;
use crate::ledger::{Move, Purse, What};

/// With this variable set the situations are larger, and a run takes many minutes.
const LARGER: &str = "TOMBOLO_MODEL_LARGER";

pub fn larger() -> bool {
    std::env::var_os(LARGER).is_some()
}

pub fn avatar(name: &str) -> Key {
    Key::new("a", name)
}

pub fn chest() -> Key {
    Key::new("c", "c")
}

fn present(key: Key, coins: u32) -> (Key, Record) {
    (key, Record::of_body(Purse::body(coins)))
}

fn session(name: &str, deeds: &[(u32, What)]) -> Role {
    let each = |(request, what): &(u32, What)| Move { actor: avatar(name), request: *request, what: what.clone() };
    Role::Session {
        avatar: avatar(name),
        right: Right::Login { create: None },
        deeds: deeds.iter().map(each).collect(),
        release: None,
    }
}

/// A situation with some lost answers, and one more in a larger run.
fn situation(name: &'static str, unknowns: u8, documents: &[(Key, Record)], roles: Vec<Role>) -> Situation {
    let unknowns = if larger() { unknowns + 1 } else { unknowns };
    Situation::new(name, Situation::terms(2), documents.to_vec(), roles, unknowns)
}

/// Ann gives Ben a coin, twice the same request from two sessions, while somebody resolves.
pub fn retried_gift() -> Situation {
    let give = [(1, What::Give(avatar("b")))];
    situation(
        "retried gift",
        0,
        &[present(avatar("a"), 2), present(avatar("b"), 0)],
        vec![session("a", &give), session("a", &give), Role::Resolver(avatar("b"))],
    )
}

/// Two give each other at the same time.
pub fn crossing_gifts() -> Situation {
    situation(
        "crossing gifts",
        1,
        &[present(avatar("a"), 1), present(avatar("b"), 1)],
        vec![session("a", &[(1, What::Give(avatar("b")))]), session("b", &[(1, What::Give(avatar("a")))])],
    )
}

/// Ann gives while Ben's session is taken over and gives on what he got.
pub fn gift_to_the_replaced() -> Situation {
    situation(
        "gift to the replaced",
        0,
        &[present(avatar("a"), 1), present(avatar("b"), 1)],
        vec![
            session("a", &[(1, What::Give(avatar("b")))]),
            session("b", &[(1, What::Note)]),
            session("b", &[(1, What::Note)]),
        ],
    )
}

/// A purse is made with answers that are lost, and the tombstones that failed tries leave are swept.
pub fn made_and_swept() -> Situation {
    situation(
        "made and swept",
        2,
        &[present(avatar("a"), 1)],
        vec![session("a", &[(1, What::Make(chest()))]), Role::Sweeper(chest())],
    )
}

/// Two make the same purse, and what failed tries leave is swept.
pub fn made_by_two() -> Situation {
    let make = [(1, What::Make(chest()))];
    situation(
        "made by two",
        0,
        &[present(avatar("a"), 1), present(avatar("b"), 1)],
        vec![session("a", &make), session("b", &make), Role::Sweeper(chest())],
    )
}

/// A purse is broken and made again by one while the other gives into it, and it is swept.
pub fn broken_and_made() -> Situation {
    situation(
        "broken and made",
        0,
        &[present(avatar("a"), 1), present(avatar("b"), 1), present(chest(), 1)],
        vec![
            session("a", &[(1, What::Break(chest())), (2, What::Make(chest()))]),
            session("b", &[(1, What::Give(chest()))]),
            Role::Sweeper(chest()),
        ],
    )
}

/// A window of one reply, which slides over a request that is repeated late.
pub fn sliding_window() -> Situation {
    let mut all = situation(
        "sliding window",
        1,
        &[present(avatar("a"), 3), present(avatar("b"), 0)],
        vec![
            session("a", &[(1, What::Give(avatar("b"))), (2, What::Note)]),
            session("a", &[(1, What::Give(avatar("b")))]),
        ],
    );
    all.terms.window = 1;
    all
}

/// A handover: released, taken by the one it is released to, while a third logs in.
pub fn handover() -> Situation {
    let give = (1, What::Give(avatar("b")));
    let to = Holder::new("target");
    let Role::Session { avatar: key, deeds, .. } = session("a", std::slice::from_ref(&give)) else { unreachable!() };
    let source = Role::Session {
        avatar: key.clone(),
        right: Right::Login { create: None },
        deeds: deeds.clone(),
        release: Some(to.clone()),
    };
    let target =
        Role::Session { avatar: key, right: Right::Released { to, epoch: world::Epoch(1) }, deeds, release: None };
    situation(
        "handover",
        1,
        &[present(avatar("a"), 2), present(avatar("b"), 0)],
        vec![source, target, session("a", &[give])],
    )
}

/// Two watchers want to stop, and one must stay.
pub fn watchers() -> Situation {
    situation(
        "watchers",
        1,
        &[present(avatar("a"), 0), present(avatar("b"), 0)],
        vec![
            session("a", &[(1, What::StopWatching(avatar("b")))]),
            session("b", &[(1, What::StopWatching(avatar("a")))]),
        ],
    )
}

/// An avatar is made by two logins at once, and gives.
pub fn first_login() -> Situation {
    let give = [(1, What::Give(avatar("b")))];
    let login = |deeds: &[(u32, What)]| {
        let Role::Session { avatar, deeds, .. } = session("a", deeds) else { unreachable!() };
        Role::Session { avatar, deeds, right: Right::Login { create: Some(Purse::body(1)) }, release: None }
    };
    situation("first login", 2, &[present(avatar("b"), 0)], vec![login(&give), login(&give)])
}

/// What a request touches differs from attempt to attempt.
pub fn changing_mind() -> Situation {
    let give = [(1, What::GiveByEpoch(avatar("b"), avatar("c")))];
    situation(
        "changing mind",
        1,
        &[present(avatar("a"), 2), present(avatar("b"), 0), present(avatar("c"), 0)],
        vec![session("a", &give), session("a", &give), Role::Resolver(avatar("b"))],
    )
}

/// Explores a situation: what went wrong first, if anything, and how many states there are.
pub fn explore(situation: Situation) -> (Option<String>, usize) {
    let name = situation.name;
    let plant = situation.terms.planted.which().map_or("", world::Plant::name);
    let checker = situation.checker().threads(2).spawn_bfs().join();
    let states = checker.unique_state_count();
    let found = checker.discovery("nothing is wrong").map(|path| {
        let what = checker.model().wrong(path.last_state()).unwrap_or("?");
        let steps: Vec<String> = path.into_actions().iter().map(|step| format!("{step:?}")).collect();
        format!("{what} after {}", steps.join(" "))
    });
    println!("{name:22} {plant:20} {states:9} states");
    (found, states)
}

macro_rules! situations {
    ($($name:ident)*) => {
        $(
            mod $name {
                #[test]
                fn holds() {
                    let (found, states) = super::explore(super::$name());
                    assert_eq!(found, None);
                    assert!(states > 100, "only {states} states");
                }
            }
        )*
    };
}

situations! {
    retried_gift crossing_gifts gift_to_the_replaced made_and_swept made_by_two broken_and_made sliding_window handover watchers first_login
    changing_mind
}
