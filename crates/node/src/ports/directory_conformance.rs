//! What every [`Directory`] does, as checks that an implementation's tests run, each against an empty directory.
//!
//! A check opens a handle for each host, as separate processes would. It never waits for "nothing": where no event may
//! come, it causes a later event and demands that this one comes next. The caller bounds the time of each check.

use std::sync::Arc;

use super::Pending;
use super::directory::{Claim, Directory, DirectoryError, DirectoryEvent, Half, HostEntry, Membership};

/// Opens another handle on one directory, as another process would.
pub type Open = Arc<dyn Fn() -> Arc<dyn Directory> + Send + Sync>;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// What is shown.
    pub name: &'static str,
    /// Shows it on an empty directory, or panics.
    pub run: fn(Open) -> Pending<'static, ()>,
}

/// All checks.
pub const CHECKS: &[Check] = &[
    Check { name: "a_name_keeps_its_number", run: |open| Box::pin(a_name_keeps_its_number(open)) },
    Check { name: "a_bad_name_is_refused", run: |open| Box::pin(a_bad_name_is_refused(open)) },
    Check { name: "join_tells_who_is_there", run: |open| Box::pin(join_tells_who_is_there(open)) },
    Check { name: "changes_come_in_order", run: |open| Box::pin(changes_come_in_order(open)) },
    Check { name: "a_dropped_membership_vanishes", run: |open| Box::pin(a_dropped_membership_vanishes(open)) },
    Check { name: "a_new_life_replaces_the_old", run: |open| Box::pin(a_new_life_replaces_the_old(open)) },
    Check { name: "an_old_life_is_refused", run: |open| Box::pin(an_old_life_is_refused(open)) },
    Check { name: "a_foreign_record_is_refused", run: |open| Box::pin(a_foreign_record_is_refused(open)) },
    Check { name: "a_dropped_next_loses_nothing", run: |open| Box::pin(a_dropped_next_loses_nothing(open)) },
];

/// A record for tests, different for each name and number.
#[must_use]
pub fn entry(name: &str, claim: Claim) -> HostEntry {
    HostEntry {
        name: name.to_owned(),
        claim,
        nodes: 2,
        publish_address: format!("127.0.0.1:{}", 10_000 + claim.host % 1000),
        mesh_key: format!("key of {name}"),
        direct_address: format!("127.0.0.1:{}", 11_000 + claim.host % 1000),
        client_addresses: vec!["127.0.0.1:12000".to_owned(), "127.0.0.1:12001".to_owned()],
        shard: "north".to_owned(),
        half: Half::B,
        draining: false,
        software: "0.1.0".to_owned(),
    }
}

/// Claims and joins under a name.
///
/// # Panics
/// If the directory refuses.
pub async fn enter(open: &Open, name: &str) -> (HostEntry, Box<dyn Membership>) {
    let directory = open();
    let claim = directory.claim(name).await.expect("a claim is given");
    let entry = entry(name, claim);
    let membership = directory.join(entry.clone()).await.expect("the newest claim joins");
    (entry, membership)
}

async fn expect(who: &mut Box<dyn Membership>, wanted: DirectoryEvent) {
    assert_eq!(who.next().await, wanted);
}

fn assert_refused<T>(result: Result<T, DirectoryError>) {
    match result {
        Err(DirectoryError::Refused(_)) => {}
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

async fn a_name_keeps_its_number(open: Open) {
    let first = open().claim("anna").await.expect("a first claim");
    let other = open().claim("bert").await.expect("another name's claim");
    let again = open().claim("anna").await.expect("a second claim");
    assert_ne!(first.host, 0);
    assert_ne!(first.host, other.host, "two names have two numbers");
    assert_eq!(first.host, again.host, "a name keeps its number");
    assert!(again.life > first.life, "each claim is a new life");
}

async fn a_bad_name_is_refused(open: Open) {
    for name in ["", "a/b", "a b", "\u{e4}", &"x".repeat(65)] {
        assert_refused(open().claim(name).await);
    }
    open().claim(&"x".repeat(64)).await.expect("the longest name");
}

async fn join_tells_who_is_there(open: Open) {
    let (anna, mut at_anna) = enter(&open, "anna").await;
    let (bert, mut at_bert) = enter(&open, "bert").await;
    let (cleo, mut at_cleo) = enter(&open, "cleo").await;
    let mut seen = vec![at_cleo.next().await, at_cleo.next().await];
    seen.sort_by_key(|event| matches!(event, DirectoryEvent::Up(entry) if entry.name == "bert"));
    assert_eq!(seen, [DirectoryEvent::Up(anna.clone()), DirectoryEvent::Up(bert.clone())]);
    expect(&mut at_bert, DirectoryEvent::Up(anna)).await;
    expect(&mut at_bert, DirectoryEvent::Up(cleo.clone())).await;
    expect(&mut at_anna, DirectoryEvent::Up(bert)).await;
    expect(&mut at_anna, DirectoryEvent::Up(cleo)).await;
}

async fn changes_come_in_order(open: Open) {
    let (_, mut at_anna) = enter(&open, "anna").await;
    let (mut bert, mut at_bert) = enter(&open, "bert").await;
    expect(&mut at_anna, DirectoryEvent::Up(bert.clone())).await;
    bert.draining = true;
    at_bert.update(bert.clone()).await.expect("an own record changes");
    expect(&mut at_anna, DirectoryEvent::Up(bert.clone())).await;
    at_bert.leave().await;
    expect(&mut at_anna, DirectoryEvent::Down(bert.claim)).await;
    let (again, _at_bert) = enter(&open, "bert").await;
    assert_eq!(again.claim.host, bert.claim.host);
    expect(&mut at_anna, DirectoryEvent::Up(again)).await;
}

async fn a_dropped_membership_vanishes(open: Open) {
    let (_, mut at_anna) = enter(&open, "anna").await;
    let (bert, at_bert) = enter(&open, "bert").await;
    expect(&mut at_anna, DirectoryEvent::Up(bert.clone())).await;
    drop(at_bert);
    expect(&mut at_anna, DirectoryEvent::Down(bert.claim)).await;
}

async fn a_new_life_replaces_the_old(open: Open) {
    let (_, mut at_anna) = enter(&open, "anna").await;
    let (old, mut at_old) = enter(&open, "bert").await;
    expect(&mut at_anna, DirectoryEvent::Up(old.clone())).await;
    let anna_at_old = at_old.next().await;
    assert!(matches!(anna_at_old, DirectoryEvent::Up(entry) if entry.name == "anna"));
    let (new, at_new) = enter(&open, "bert").await;
    assert!(new.claim.life > old.claim.life);
    expect(&mut at_old, DirectoryEvent::Down(old.claim)).await;
    // The old life takes its leave, which must not take the new one's record along.
    drop(at_old);
    expect(&mut at_anna, DirectoryEvent::Up(new.clone())).await;
    at_new.leave().await;
    expect(&mut at_anna, DirectoryEvent::Down(new.claim)).await;
}

async fn an_old_life_is_refused(open: Open) {
    let directory = open();
    let old = directory.claim("anna").await.expect("a claim");
    let (joined, mut at_joined) = enter(&open, "anna").await;
    assert_refused(directory.join(entry("anna", old)).await.map(|_| ()));
    open().claim("anna").await.expect("a third claim");
    let changed = HostEntry { draining: true, ..joined.clone() };
    assert_refused(at_joined.update(changed).await);
    expect(&mut at_joined, DirectoryEvent::Down(joined.claim)).await;
}

async fn a_foreign_record_is_refused(open: Open) {
    let directory = open();
    let unclaimed = Claim { host: 77, life: 1 };
    assert_refused(directory.join(entry("nobody", unclaimed)).await.map(|_| ()));
    let (anna, mut at_anna) = enter(&open, "anna").await;
    let renamed = HostEntry { name: "bert".to_owned(), ..anna.clone() };
    assert_refused(at_anna.update(renamed).await);
    at_anna.update(HostEntry { draining: true, ..anna }).await.expect("the refusal changed nothing");
}

async fn a_dropped_next_loses_nothing(open: Open) {
    let (_, mut at_anna) = enter(&open, "anna").await;
    drop(at_anna.next());
    let (bert, _at_bert) = enter(&open, "bert").await;
    drop(at_anna.next());
    expect(&mut at_anna, DirectoryEvent::Up(bert)).await;
}
