//! Shown waiting times against real ones, and the governor.

use std::collections::BTreeMap;

use world::Millis;

use super::dice::Dice;
use crate::ids::PersonId;
use crate::limits::{ADMIT_FLOOR_MILLI, HEALTH_STALE_MS};
use crate::plant::Planted;
use crate::queue::{Class, Governor, Health, Line, LineSettings, Mood, Standing, estimate_ms};

#[test]
fn the_formula() {
    // ahead, waiting, admitted in ms, gave up in ms: wait in ms
    let cases = [
        (99, 100, (10, 1_000), (0, 0), Some(10_000)),
        (0, 1, (10, 1_000), (0, 0), Some(100)),
        (99, 100, (0, 1_000), (0, 0), None),
        (99, 100, (0, 0), (0, 0), None),
        // x = 1: ln 2 of the plain 10 s
        (99, 100, (10, 1_000), (10, 1_000), Some(6_931)),
        // x = 10: ln 11 / 10
        (99, 100, (1, 1_000), (1, 1_000), Some(69_314)),
        (999, 100, (10, 1_000), (10, 1_000), Some(23_978)),
        (u64::MAX - 1, 1, (1, u64::MAX / 2), (u64::MAX, 1), Some(u64::MAX)),
    ];
    for (ahead, waiting, admitted, gave_up, wait_ms) in cases {
        let shown = estimate_ms(ahead, waiting, admitted, gave_up);
        let near = |a: u64, b: u64| a.abs_diff(b) <= b / 1_000 + 1;
        let fits = match (shown, wait_ms) {
            (Some(a), Some(b)) => near(a, b) || b == u64::MAX,
            (a, b) => a == b,
        };
        assert!(fits, "{ahead} {waiting} {admitted:?} {gave_up:?}: {shown:?}, not {wait_ms:?}");
    }
}

/// Runs a queue for an hour and returns errors of shown against real waits, in per mille, sorted.
fn errors(arrivals_per_ks: u64, admissions_per_s: u64, give_up_per_million: u64) -> Vec<u64> {
    let mut dice = Dice(11);
    let mut line = Line::new(LineSettings::default(), 1, Planted::none());
    // Who waits, since when, and what was shown at which moment.
    let mut shown: BTreeMap<PersonId, Vec<(u64, u64)>> = BTreeMap::new();
    let (mut errors, mut person) = (Vec::new(), 0);
    for second in 0..3_600u64 {
        let now = Millis(second * 1_000);
        let arrivals = arrivals_per_ks / 1_000 + u64::from(dice.per_mille(arrivals_per_ks % 1_000));
        for _ in 0..if second == 0 { 3_000 } else { arrivals } {
            person += 1;
            line.join(now, PersonId(person), Class(0)).expect("room");
            shown.insert(PersonId(person), Vec::new());
        }
        for admission in line.admit(now, admissions_per_s) {
            line.leave(now, admission.person);
            let told = shown.remove(&admission.person).unwrap_or_default();
            let of_told =
                told.into_iter().map(|(at, wait_ms)| (wait_ms, now.0 - at)).filter(|(_, real)| *real > 30_000);
            errors.extend(of_told.map(|(told, real)| told.abs_diff(real) * 1_000 / real));
        }
        let quitters: Vec<PersonId> =
            shown.keys().copied().filter(|_| dice.below(1_000_000) < give_up_per_million).collect();
        for quitter in quitters {
            line.leave(now, quitter);
            shown.remove(&quitter);
        }
        if second > 600 && second % 20 == 0 {
            for (person, told) in &mut shown {
                let Some(Standing::Waiting { wait_ms: Some(wait_ms), .. }) = line.standing(*person) else {
                    continue;
                };
                told.push((now.0, wait_ms));
            }
        }
    }
    errors.sort_unstable();
    errors
}

#[test]
fn shown_and_real_waiting_time_agree_within_a_fifth() {
    // arrivals per 1000 s, admissions per s, of a million waiting people so many give up each second
    for (arrivals, admissions, give_up) in [(10_000, 10, 0), (12_500, 10, 1_000), (4_500, 3, 500), (40_000, 20, 4_000)]
    {
        let errors = errors(arrivals, admissions, give_up);
        let p90 = errors[errors.len() * 9 / 10];
        assert!(errors.len() > 1_000 && p90 <= 200, "{arrivals} {admissions} {give_up}: p90 {p90} of {}", errors.len());
    }
}

#[test]
fn nothing_is_shown_before_it_is_measured() {
    let mut line = Line::new(LineSettings::default(), 1, Planted::none());
    let standing = line.join(Millis(0), PersonId(1), Class(0));
    assert!(matches!(standing, Ok(Standing::Waiting { ahead: 0, wait_ms: None, .. })), "{standing:?}");
}

const WELL: Health = Health { load_per_mille: 500, overrun_per_mille: 0, store_failed_per_mille: 0, room: 1_000_000 };

#[test]
fn moods() {
    let cases = [
        (WELL, Mood::Calm),
        (Health { load_per_mille: 800, ..WELL }, Mood::Steady),
        (Health { load_per_mille: 901, ..WELL }, Mood::Distress),
        (Health { overrun_per_mille: 30, ..WELL }, Mood::Steady),
        (Health { overrun_per_mille: 51, ..WELL }, Mood::Distress),
        (Health { store_failed_per_mille: 21, ..WELL }, Mood::Distress),
        (Health { store_failed_per_mille: 500, ..WELL }, Mood::Shut),
    ];
    for (health, mood) in cases {
        assert_eq!(health.mood(), mood, "{health:?}");
    }
}

/// Admissions in ten seconds under one health.
fn admitted(governor: &mut Governor, from: u64, health: Health) -> u64 {
    let beat = |at| {
        governor.handle(Millis(at), health);
        governor.allowance(Millis(at))
    };
    (1..=10).map(|s| from + s * 1_000).map(beat).sum()
}

#[test]
fn admission_rises_slowly_falls_fast_and_stops_without_room() {
    let mut governor = Governor::new(100_000, 400_000);
    assert_eq!(governor.allowance(Millis(0)), 0, "nothing was heard yet");
    let calm = admitted(&mut governor, 0, WELL);
    assert!((900..2_000).contains(&calm), "{calm}");
    let distress = admitted(&mut governor, 10_000, Health { load_per_mille: 950, ..WELL });
    assert!(distress < calm / 3, "{distress} of {calm}");
    assert_eq!(admitted(&mut governor, 20_000, Health { store_failed_per_mille: 900, ..WELL }), 0);
    assert_eq!(admitted(&mut governor, 30_000, Health { room: 0, ..WELL }), 0);
    let stale = Millis(40_000 + HEALTH_STALE_MS + 1);
    assert_eq!((governor.mood(stale), governor.rate_milli(stale)), (Mood::Blind, ADMIT_FLOOR_MILLI));
}
