//! The count of one island, report by report.

use world::Millis;

use crate::ids::PersonId;
use crate::limits::{CLOSING_MS, GHOST_NAMES};
use crate::plant::Planted;
use crate::seats::Ledger;

#[derive(Clone, Copy, Debug)]
enum Told {
    /// A promise until then.
    Promise(u64, u64),
    Arrived(u64),
    Left(u64, u64),
    Expire(u64),
    /// So many, at that moment.
    Census(u32, u64),
    /// A former leader granted so many until then.
    TakeOver(u32, u64),
}
use Told::{Arrived, Census, Expire, Left, Promise, TakeOver};

fn check(name: &str, told: &[Told], bound: u32) {
    let mut ledger = Ledger::new(Planted::none());
    for what in told {
        match *what {
            Promise(serial, until) => ledger.promise(serial, PersonId(serial), Millis(until)),
            Arrived(serial) => ledger.arrived(serial),
            Left(serial, at) => drop(ledger.left(serial, Millis(at))),
            Expire(now) => ledger.expire(Millis(now)),
            Census(people, at) => drop(ledger.census(people, Millis(at))),
            TakeOver(granted, until) => ledger.take_over(granted, Millis(until)),
        }
    }
    assert_eq!(ledger.bound(), bound, "{name}");
}

#[test]
fn only_proof_frees_a_seat() {
    let closed = 100 + CLOSING_MS;
    let later = closed + 10_000;
    let cases: &[(&str, &[Told], u32)] = &[
        ("a promise counts at once", &[Promise(1, 100)], 1),
        ("an arrival changes nothing", &[Promise(1, 100), Arrived(1), Arrived(1)], 1),
        ("who leaves frees a seat, once", &[Promise(1, 100), Arrived(1), Left(1, 90), Left(1, 90)], 0),
        ("who leaves before the arrival is heard of", &[Promise(1, 100), Left(1, 90), Arrived(1)], 0),
        ("a promise that ran out still counts", &[Promise(1, 100), Expire(500)], 1),
        ("a census before the ticket closed proves nothing", &[Promise(1, 100), Expire(500), Census(0, closed - 1)], 1),
        ("a census after it does", &[Promise(1, 100), Expire(500), Census(0, closed)], 0),
        ("a census that counts the silent arrival", &[Promise(1, 100), Expire(500), Census(1, closed)], 1),
        ("even if nobody noticed the end", &[Promise(1, 100), Census(0, closed)], 0),
        ("an old census is not believed", &[Promise(1, 100), Arrived(1), Census(1, later), Census(0, closed)], 1),
        ("a census heals a lost leave", &[Promise(1, 100), Arrived(1), Census(0, closed)], 0),
        ("and the leave may come late", &[Promise(1, 100), Arrived(1), Census(0, closed), Left(1, 90)], 0),
        (
            "a late leave does not free another's seat",
            &[Promise(1, 100), Promise(2, 100), Arrived(1), Arrived(2), Census(1, closed), Left(1, 90)],
            1,
        ),
        (
            "a leave after the census frees",
            &[Promise(1, 100), Promise(2, 100), Arrived(1), Arrived(2), Census(2, closed), Left(1, later)],
            1,
        ),
        ("the former leader's seats count", &[TakeOver(5, 100), Promise(1, 900)], 6),
        ("until its tickets have closed", &[TakeOver(5, 100), Census(0, closed - 1)], 5),
        ("then the census counts", &[TakeOver(5, 100), Promise(1, 90_000), Census(2, closed)], 3),
        ("a census never adds", &[Promise(1, 100), Arrived(1), Census(9, closed)], 1),
        ("strangers' reports change nothing", &[Promise(1, 100), Arrived(7), Left(7, 50)], 1),
    ];
    for (name, told, bound) in cases {
        check(name, told, *bound);
    }
}

#[test]
fn too_many_ghosts_are_forgotten() {
    let ghosts = GHOST_NAMES as u64 + 1;
    let mut ledger = Ledger::new(Planted::none());
    for serial in 0..ghosts + 3 {
        ledger.promise(serial, PersonId(serial), Millis(100));
        ledger.arrived(serial);
    }
    let forgotten = ledger.census(3, Millis(100 + CLOSING_MS));
    assert_eq!((forgotten.len() as u64, ledger.bound()), (ghosts + 3, 3));
    assert_eq!(ledger.left(1, Millis(100)), None);
    assert_eq!(ledger.bound(), 3);
}
