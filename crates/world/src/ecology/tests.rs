//! Growth, herds and meals.

use proptest::prelude::*;

use super::*;
use crate::island::{GeneratorVersion, IslandPlan};

fn island() -> Island {
    Island::new(IslandPlan { seed: 7, size_chunks: 16, version: GeneratorVersion::LATEST }).expect("it has a landing")
}

fn deer() -> Species {
    Species {
        name: "deer".to_owned(),
        births_per_mille: 15,
        starve_per_mille: 100,
        portions: 20_000,
        most: 200,
        shy_per_mille: 0,
    }
}

#[test]
fn half_of_what_is_missing_is_back_in_a_half_life() {
    // amount, minutes, half-life, left
    for (amount, minutes, half, left) in [
        (1_000, 0, 60, 1_000),
        (1_000, 60, 60, 500),
        (1_000, 120, 60, 250),
        (1_000, 30, 60, 707),
        (1_000, 20, 60, 794),
        (1_000_000, 90, 60, 353_553),
        (1_000, 6_000, 60, 0),
        (1_000, 5, 0, 0),
    ] {
        assert_eq!(left_after(amount, minutes, half), left, "{amount} after {minutes} of {half}");
    }
}

#[test]
fn nobody_eats_what_is_not_there() {
    let mut stock = Stock::full(1_000);
    assert_eq!((stock.take(0, 60, 800), stock.take(0, 60, 800)), (800, 200));
    assert_eq!(stock.at(60, 60), 500);
    assert_eq!(stock.at(30, 60), 293);
    // Time that goes back gives nothing back.
    assert_eq!((stock.take(60, 60, 500), stock.at(10, 60)), (500, 0));
}

#[test]
fn an_island_feeds_few_for_ever_and_many_not() {
    let hungry_after = |people: u64| {
        let mut ecology = Ecology::of(&island(), Growth::default());
        (0..30 * 24).find(|_| {
            let meal = ecology.step(60, people, 3_000, 0);
            meal.lacked() * 10 > meal.needed
        })
    };
    assert_eq!(hungry_after(5), None);
    assert!(hungry_after(50_000).is_some_and(|hours| hours < 24));
}

#[test]
fn a_herd_grows_where_it_eats_and_goes_where_all_is_hunted() {
    let mut wild = Ecology::of(&island(), Growth::default());
    wild.settle(deer(), 20);
    for _ in 0..60 * 24 {
        wild.step(60, 0, 0, 0);
    }
    assert!(wild.herds()[0].heads() > 25, "{:?}", wild.herds());
    let mut hunted = Ecology::of(&island(), Growth::default());
    hunted.settle(deer(), 20);
    let meat: u64 = (0..60 * 24).map(|_| hunted.step(60, 300, 3_000, 1_000).hunted).sum();
    // Nearly all of it: the last ones may starve or wander off.
    assert!(hunted.herds()[0].is_gone() && meat >= 18 * 20_000, "{meat} {:?}", hunted.herds());
}

#[test]
fn a_herd_without_grass_starves_and_wanders() {
    let mut ecology = Ecology::of(&island(), Growth { grass_half_min: 10_000_000, ..Growth::default() });
    ecology.settle(Species { most: 1_000_000, ..deer() }, 100_000);
    let first = ecology.herds()[0].region();
    let meals: Vec<usize> = (0..24 * 60)
        .map(|_| {
            ecology.step(60, 0, 0, 0);
            ecology.herds()[0].region()
        })
        .collect();
    assert!(meals.iter().any(|at| *at != first), "it never went anywhere");
    assert!(ecology.herds()[0].heads() < 50_000, "{:?}", ecology.herds());
}

proptest! {
    #[test]
    fn stocks_stay_within_what_the_ground_carries(
        capacity in 0u64..1_000_000_000, half in 0u64..10_000, takes in prop::collection::vec((0u64..5_000, 0u64..2_000_000_000), 0..20),
    ) {
        let (mut stock, mut now) = (Stock::full(capacity), 0);
        for (after, wanted) in takes {
            now += after;
            let before = stock.at(now, half);
            let taken = stock.take(now, half, wanted);
            prop_assert!(before <= capacity && taken == wanted.min(before));
            prop_assert_eq!(stock.at(now, half), before - taken);
        }
    }

    #[test]
    fn more_time_brings_more_back(amount in 1u64..1_000_000, half in 1u64..5_000, a in 0u64..20_000, b in 0u64..20_000) {
        prop_assert!(left_after(amount, a.max(b), half) <= left_after(amount, a.min(b), half));
    }
}
