//! The queue: nobody overtakes, places are kept, admissions are told twice.

use std::collections::BTreeMap;

use super::dice::Dice;
use crate::audit::Audit;
use crate::ids::PersonId;
use crate::limits::{ADMISSION_MS, KEEP_PLACE_MS};
use crate::plant::Planted;
use crate::queue::{Class, Line, LineSettings, NoPlace, Place, Standing};
use world::Millis;

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Day {
    Fair,
    Overtaken,
    PlaceLost(PersonId),
    SomebodyVanished(u64),
}

fn shares(shares: &[u32]) -> LineSettings {
    LineSettings { shares: shares.to_vec(), ..LineSettings::default() }
}

/// Two classes, joins, losses of connection, returns, leavers and admissions in any order.
pub fn days(seed: u64, planted: Planted) -> Day {
    let mut dice = Dice(seed);
    let mut line = Line::new(shares(&[700, 300]), 1, planted);
    let mut audit = Audit::new();
    // What the clients know: their place, and since when they are away.
    let mut clients: BTreeMap<PersonId, (Place, Option<Millis>)> = BTreeMap::new();
    let (mut joined, mut left, mut now) = (0, 0, Millis(1));
    for _ in 0..3_000 {
        now = now + dice.below(200);
        match dice.below(10) {
            0..=4 => {
                joined += 1;
                let person = PersonId(joined);
                let class = Class(dice.below(2) as u8);
                let Ok(Standing::Waiting { place, .. }) = line.join(now, person, class) else { unreachable!() };
                audit.waits(place);
                clients.insert(person, (place, None));
            }
            5 => {
                if let Some((person, place)) = pick(&mut dice, &clients, false) {
                    line.away(now, person);
                    audit.waits_not(place);
                    clients.insert(person, (place, Some(now)));
                }
            }
            6 => {
                if let Some((person, place)) = pick(&mut dice, &clients, true) {
                    match line.restore(now, person, place) {
                        Ok(_) => audit.waits(place),
                        Err(_) => return Day::PlaceLost(person),
                    }
                    clients.insert(person, (place, None));
                }
            }
            7 => {
                if let Some((person, place)) = pick(&mut dice, &clients, false) {
                    line.leave(now, person);
                    audit.waits_not(place);
                    clients.remove(&person);
                    left += 1;
                }
            }
            _ => {
                let admissions = line.admit(now, dice.below(3));
                admissions.iter().for_each(|admission| audit.admitted(admission.place));
                for admission in admissions {
                    if dice.per_mille(200) {
                        line.put_back(now, admission.person);
                        audit.waits(admission.place);
                    } else {
                        line.leave(now, admission.person);
                        clients.remove(&admission.person);
                        left += 1;
                    }
                }
            }
        }
        // Those who are away longer than places are kept have lost theirs; the run is too short for that.
        assert!(now.0 < KEEP_PLACE_MS * 3);
        clients.retain(|_, (_, away)| {
            away.is_none_or(|since| now.since(since) < KEEP_PLACE_MS) || {
                left += 1;
                false
            }
        });
    }
    line.wake(now);
    if !audit.violations().is_empty() {
        return Day::Overtaken;
    }
    let missing = joined - left - line.waiting();
    if missing == 0 { Day::Fair } else { Day::SomebodyVanished(missing) }
}

fn pick(
    dice: &mut Dice,
    clients: &BTreeMap<PersonId, (Place, Option<Millis>)>,
    away: bool,
) -> Option<(PersonId, Place)> {
    let of_them = clients.iter().filter(|(_, (_, since))| since.is_some() == away);
    let of_them: Vec<_> = of_them.map(|(person, (place, _))| (*person, *place)).collect();
    (!of_them.is_empty()).then(|| of_them[dice.below(of_them.len() as u64) as usize])
}

#[test]
fn nobody_overtakes_and_nobody_vanishes() {
    for seed in 0..60 {
        assert_eq!(days(seed, Planted::none()), Day::Fair, "seed {seed}");
    }
}

fn place_of(standing: Result<Standing, NoPlace>) -> Place {
    match standing {
        Ok(Standing::Waiting { place, .. }) => place,
        other => panic!("not waiting: {other:?}"),
    }
}

fn ahead_of(line: &Line, person: u64) -> Option<u64> {
    match line.standing(PersonId(person)) {
        Some(Standing::Waiting { ahead, .. }) => Some(ahead),
        _ => None,
    }
}

#[test]
fn who_loses_the_connection_is_passed_over_and_comes_next() {
    let mut line = Line::new(LineSettings::default(), 1, Planted::none());
    for person in 1..=3 {
        place_of(line.join(Millis(0), PersonId(person), Class(0)));
    }
    line.away(Millis(1), PersonId(1));
    assert_eq!(line.admit(Millis(2), 1)[0].person, PersonId(2));
    assert_eq!(ahead_of(&line, 3), Some(1), "a kept place counts");
    place_of(line.join(Millis(3), PersonId(1), Class(0)));
    assert_eq!(line.admit(Millis(4), 1)[0].person, PersonId(1));
}

#[test]
fn a_place_is_kept_for_its_time_and_not_longer() {
    for (after_ms, kept) in [(0, true), (KEEP_PLACE_MS - 1, true), (KEEP_PLACE_MS, false)] {
        let mut line = Line::new(LineSettings::default(), 1, Planted::none());
        let place = place_of(line.join(Millis(0), PersonId(1), Class(0)));
        line.away(Millis(10), PersonId(1));
        let back = line.restore(Millis(10 + after_ms), PersonId(1), place);
        assert_eq!(back.is_ok(), kept, "{after_ms}");
        assert_eq!(line.waiting(), u64::from(kept));
    }
}

#[test]
fn an_admission_is_repeated_until_it_ends() {
    let mut line = Line::new(LineSettings::default(), 1, Planted::none());
    place_of(line.join(Millis(0), PersonId(1), Class(0)));
    let admission = line.admit(Millis(5), 9)[0];
    let again = line.join(Millis(6), PersonId(1), Class(0));
    assert_eq!(again, Ok(Standing::Admitted(admission)), "a lost answer loses no player");
    assert_eq!(line.next_wakeup().map(|(at, _)| at), Some(Millis(5 + ADMISSION_MS)));
    line.wake(Millis(5 + ADMISSION_MS));
    assert_eq!(line.standing(PersonId(1)), None);
}

#[test]
fn the_queue_dies_and_the_tokens_bring_the_places_back() {
    let mut old = Line::new(LineSettings::default(), 1, Planted::none());
    let places: Vec<Place> = (1..=3).map(|p| place_of(old.join(Millis(0), PersonId(p), Class(0)))).collect();
    let token = places[0].to_bytes();
    assert_eq!(Place::from_bytes(&token), Some(places[0]));
    let mut new = Line::new(LineSettings::default(), 1_000, Planted::none());
    place_of(new.join(Millis(10), PersonId(9), Class(0)));
    place_of(new.restore(Millis(11), PersonId(3), places[2]));
    place_of(new.restore(Millis(12), PersonId(1), places[0]));
    assert_eq!(new.restore(Millis(12), PersonId(4), places[2]), Err(NoPlace::NotYours));
    let order: Vec<u64> = new.admit(Millis(13), 9).iter().map(|admission| admission.person.0).collect();
    assert_eq!(order, [1, 3, 9]);
    new.leave(Millis(14), PersonId(1));
    assert_eq!(new.restore(Millis(15), PersonId(1), places[0]), Err(NoPlace::Lost), "a token works once");
    let late = Millis(11 + KEEP_PLACE_MS);
    assert_eq!(new.restore(late, PersonId(2), places[1]), Err(NoPlace::Lost));
}

#[test]
fn broken_tokens_are_no_places() {
    let good = Place { class: Class(1), number: 7, issued_at: Millis(9) }.to_bytes();
    let mut newer = good;
    newer[0] = 2;
    for bytes in [&[][..], &good[..17], &[&good[..], &[0]].concat(), &newer] {
        assert_eq!(Place::from_bytes(bytes), None, "{bytes:?}");
    }
}

#[test]
fn limits_of_the_queue() {
    let settings = LineSettings { waiting: 1, ..LineSettings::default() };
    let mut line = Line::new(settings, 1, Planted::none());
    assert_eq!(line.join(Millis(0), PersonId(1), Class(7)), Err(NoPlace::NoSuchClass));
    place_of(line.join(Millis(0), PersonId(1), Class(0)));
    assert_eq!(line.join(Millis(0), PersonId(2), Class(0)), Err(NoPlace::Full));
}

#[test]
fn classes_share_as_they_are_told() {
    let mut line = Line::new(shares(&[750, 250]), 1, Planted::none());
    for person in 0..2_000 {
        place_of(line.join(Millis(0), PersonId(person), Class((person % 2) as u8)));
    }
    let first = line.admit(Millis(1), 400).iter().filter(|a| a.place.class == Class(0)).count();
    assert!((298..=302).contains(&first), "{first} of 400");
}
