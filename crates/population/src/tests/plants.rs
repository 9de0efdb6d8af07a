//! Every checker sees: each planted bug is found within a few seeds.

use std::collections::BTreeSet;

use super::caps::weather;
use super::line::{Day, days};
use super::town::STORM;
use crate::audit::Violation;
use crate::plant::{Plant, Planted};

/// What a run may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    OverCap,
    ArchivedWithPeople,
    LaidDownWithPeople,
    AnsweredTwice,
    PromisedTwice,
    Unanswered,
    Unreasonable,
    NeverGivenBack,
    CountedTooLow,
    GrantedTooHigh,
    Overtaken,
    PlaceLost,
    Vanished,
}

/// Everything that one run with a plant shows.
fn signs(plant: Plant, seed: u64) -> BTreeSet<Sign> {
    let (town, faults) = weather(seed, STORM, Planted::with(plant));
    let of_violation = |violation: &Violation| match violation {
        Violation::OverCap { .. } => Sign::OverCap,
        Violation::ArchivedWithPeople { .. } => Sign::ArchivedWithPeople,
        Violation::LaidDownWithPeople { .. } => Sign::LaidDownWithPeople,
        Violation::AnsweredTwice { .. } => Sign::AnsweredTwice,
        Violation::Unanswered { .. } => Sign::Unanswered,
        Violation::Unreasonable { .. } => Sign::Unreasonable,
        Violation::PromisedTwice { .. } => Sign::PromisedTwice,
        Violation::Overtaken { .. } => Sign::Overtaken,
    };
    let of_fault = |fault: &String| {
        let signs = [
            ("may come", Sign::CountedTooLow),
            ("stored", Sign::GrantedTooHigh),
            ("never given back", Sign::NeverGivenBack),
        ];
        signs.into_iter().find(|(words, _)| fault.contains(words)).map(|(_, sign)| sign)
    };
    let of_day = match days(seed, Planted::with(plant)) {
        Day::Fair => None,
        Day::Overtaken => Some(Sign::Overtaken),
        Day::PlaceLost(_) => Some(Sign::PlaceLost),
        Day::SomebodyVanished(_) => Some(Sign::Vanished),
    };
    town.audit.violations().iter().map(of_violation).chain(faults.iter().filter_map(of_fault)).chain(of_day).collect()
}

#[test]
fn every_plant_shows_the_sign_that_it_should() {
    for (plant, sign) in [
        (Plant::PromisesAreFree, Sign::OverCap),
        (Plant::FreeAtExpiry, Sign::OverCap),
        (Plant::PromiseAhead, Sign::OverCap),
        (Plant::ForgetTheFormer, Sign::OverCap),
        (Plant::LeaveTwice, Sign::CountedTooLow),
        (Plant::GuessOnUnknown, Sign::GrantedTooHigh),
        (Plant::ArchiveAnyhow, Sign::ArchivedWithPeople),
        (Plant::SleepUnstored, Sign::ArchivedWithPeople),
        (Plant::SleepUnstored, Sign::LaidDownWithPeople),
        (Plant::KeepExpired, Sign::NeverGivenBack),
        (Plant::AnswerTwice, Sign::AnsweredTwice),
        (Plant::AnswerTwice, Sign::PromisedTwice),
        (Plant::ForgetAskings, Sign::Unanswered),
        (Plant::WrongReason, Sign::Unreasonable),
        (Plant::LastFirst, Sign::Overtaken),
        (Plant::LosePlaces, Sign::PlaceLost),
    ] {
        let seed = (0..60).find(|seed| signs(plant, *seed).contains(&sign));
        assert!(seed.is_some(), "{plant:?} never showed {sign:?}");
    }
}

#[test]
fn plants_have_names() {
    for (plant, name, words) in Plant::ALL {
        assert_eq!(Plant::from_name(name), Some(plant));
        assert!(!words.is_empty());
    }
    assert_eq!(Plant::from_name("none"), None);
    assert!(!Planted::none().is(Plant::LastFirst));
}
