//! The life of islands: opened ahead of need, full and open again without swinging, drained, asleep, archived, woken.

use world::IslandId;

use super::harbour::{Harbour, QUIET};
use super::town::islet;
use crate::allocator::{Allocator, Settings};
use crate::decision::LifeReason;
use crate::ids::Term;
use crate::io::{Input, Order};
use crate::plan::{IslandPlan, Phase, PlanError};
use crate::plant::Planted;

const PLAIN: Settings = Settings { open_lead_ms: 60_000, min_open: 1, ..QUIET };

fn harbour(islands: u32, settings: Settings) -> Harbour {
    let plans: Vec<IslandPlan> = (1..=islands).map(|id| islet(id, 30, 60, 80, 100)).collect();
    let mut harbour = Harbour::new(&plans, settings);
    harbour.pass(2_000);
    harbour
}

fn phases(harbour: &Harbour) -> Vec<Phase> {
    harbour.allocator.status().map(|island| island.phase).collect()
}

fn open(harbour: &Harbour) -> usize {
    phases(harbour).iter().filter(|phase| **phase == Phase::Open).count()
}

#[test]
fn islands_open_ahead_of_those_who_are_announced() {
    // people expected, in so many seconds; people in the queue; islands of 60 that are open then
    for (expected, within_s, waiting, islands) in
        [(0, 0, 0, 1), (60, 30, 0, 1), (61, 30, 0, 2), (600, 60, 0, 8), (120, 120, 0, 1), (0, 0, 200, 4)]
    {
        let mut harbour = harbour(8, PLAIN);
        harbour.tell(Input::Expect { people: expected, by: harbour.now + within_s * 1_000 });
        harbour.tell(Input::Waiting { people: waiting });
        harbour.pass(1_000);
        assert_eq!(open(&harbour), islands, "{expected} within {within_s} s, {waiting} waiting");
    }
}

#[test]
fn islands_open_ahead_of_the_rate_of_arrivals() {
    let mut harbour = harbour(8, PLAIN);
    for _ in 0..20 {
        harbour.fill(1, 1);
        harbour.pass(500);
    }
    // Two a second for the next minute.
    assert_eq!(open(&harbour), 3);
}

#[test]
fn a_full_island_opens_again_only_with_some_room() {
    let mut harbour = harbour(1, PLAIN);
    harbour.fill(1, 60);
    assert_eq!(phases(&harbour), [Phase::Full]);
    // 5 % of 60 must be free.
    for (leavers, phase) in [(2, Phase::Full), (1, Phase::Open)] {
        for (island, promise) in harbour.seated.split_off(harbour.seated.len() - leavers) {
            harbour.tell(Input::Left { promise, island, at: harbour.now });
        }
        harbour.pass(500);
        assert_eq!(phases(&harbour), [phase]);
    }
}

#[test]
fn an_island_lives_and_dies() {
    let mut harbour = harbour(2, PLAIN);
    harbour.open(2);
    harbour.fill(1, 40);
    harbour.fill(2, 5);
    harbour.pass(PLAIN.drain_after_ms + 60_000);
    assert_eq!(harbour.status(2).phase, Phase::Draining, "it was long below its band");
    assert_eq!(harbour.status(1).phase, Phase::Open);
    harbour.empty(2);
    assert!(harbour.laid_down.is_empty());
    harbour.pass(PLAIN.sleep_after_ms + 1_000);
    assert_eq!((harbour.status(2).phase, harbour.laid_down.clone()), (Phase::Asleep, vec![(IslandId(2), false)]));
    harbour.tell(Input::Waiting { people: 100 });
    harbour.pass(2_000);
    assert_eq!(harbour.status(2).phase, Phase::Open, "it is woken when it is needed");
    harbour.tell(Input::Waiting { people: 0 });
    harbour.pass(PLAIN.drain_after_ms + PLAIN.sleep_after_ms + 60_000 + 120_000);
    assert_eq!((harbour.status(2).phase, harbour.laid_down.last()), (Phase::Archived, Some(&(IslandId(2), true))));
    let story: Vec<(Phase, LifeReason)> =
        harbour.lives.iter().filter(|(id, ..)| id.0 == 2).map(|(_, phase, why)| (*phase, *why)).collect();
    assert_eq!(
        story,
        [
            (Phase::Woken, LifeReason::Ordered),
            (Phase::Open, LifeReason::Ready),
            (Phase::Draining, LifeReason::LongBelowBand),
            (Phase::Asleep, LifeReason::LongEmpty),
            (Phase::Woken, LifeReason::Needed),
            (Phase::Open, LifeReason::Ready),
            (Phase::Draining, LifeReason::LongBelowBand),
            (Phase::Asleep, LifeReason::LongEmpty),
            (Phase::Archived, LifeReason::LongAsleep),
        ]
    );
}

#[test]
fn a_draining_island_is_taken_back_before_new_land_is_opened() {
    let mut harbour = harbour(3, Settings { open_lead_ms: 0, ..PLAIN });
    harbour.open(2);
    harbour.fill(1, 40);
    harbour.fill(2, 5);
    harbour.pass(PLAIN.drain_after_ms + 60_000);
    assert_eq!(phases(&harbour), [Phase::Open, Phase::Draining, Phase::Planned]);
    harbour.tell(Input::Waiting { people: 50 });
    harbour.pass(1_000);
    assert_eq!(phases(&harbour), [Phase::Open, Phase::Open, Phase::Planned]);
}

#[test]
fn a_new_leader_goes_on_where_the_documents_stand() {
    let mut harbour = harbour(3, PLAIN);
    harbour.fill(1, 20);
    harbour.tell(Input::Order { island: IslandId(2), order: Order::Archive });
    harbour.pass(1_000);
    let before = harbour.status(1);
    let plans: Vec<IslandPlan> = (1..=3).map(|id| islet(id, 30, 60, 80, 100)).collect();
    harbour.allocator = Allocator::new(Term(2), &plans, PLAIN, Planted::none()).expect("plans");
    harbour.pass(1_000);
    assert_eq!(phases(&harbour), [Phase::Open, Phase::Archived, Phase::Planned]);
    assert_eq!(harbour.status(1).bound, before.granted, "the worst case counts");
    // The tickets of the former leader run out, and a census says how many there are.
    harbour.pass(200_000);
    assert_eq!(harbour.status(1).bound, 20);
}

#[test]
fn a_smaller_cap_lets_nobody_in_and_throws_nobody_out() {
    let mut harbour = harbour(1, PLAIN);
    harbour.fill(1, 50);
    harbour.tell(Input::Plan(islet(1, 10, 20, 30, 40)));
    let person = harbour.someone();
    let answers = harbour.ask(crate::Arrival::alone(person, crate::Way::Revival { home: IslandId(1) }));
    assert_eq!(answers[0].reason(), crate::Reason::NoRoom);
    assert_eq!(harbour.status(1).bound, 50);
}

#[test]
fn bad_plans_are_refused() {
    let new = |plans: &[IslandPlan]| Allocator::new(Term(1), plans, PLAIN, Planted::none()).err();
    let good = islet(1, 1, 2, 3, 4);
    assert_eq!(new(&[good, islet(2, 1, 2, 3, 3)]), None);
    assert_eq!(new(&[good, good]), Some(PlanError::Twice(IslandId(1))));
    for bad in [islet(1, 0, 2, 3, 4), islet(1, 3, 2, 3, 4), islet(1, 1, 4, 3, 4), islet(1, 1, 2, 5, 4)] {
        assert_eq!(new(&[bad]), Some(PlanError::Disordered(IslandId(1))));
    }
    for capacity in [0, 1, 5, 1_000, u32::MAX] {
        assert_eq!(IslandPlan::for_people(IslandId(1), capacity).check(), Ok(()), "{capacity}");
    }
}
