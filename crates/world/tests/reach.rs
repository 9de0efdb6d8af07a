//! The allowance lets the honest go and holds the hasty.

use world::{Allowed, Gait, Heading, Millis, Motion, Pace, Position, Reach, TickRate};

const START: Position = Position::new(50_000, 50_000);

#[test]
fn a_wait_saves_up_one_second_and_no_more() {
    let mut reach = Reach::new(START, Gait::Sprint, Millis(0));
    assert_eq!(reach.left(), 812 + 60);
    reach.fill(Gait::Sprint, Millis(3_600_000));
    assert_eq!(reach.spend(873), Err(Allowed(872)));
    assert_eq!(reach.spend(872), Ok(()));
    assert_eq!(reach.spend(1), Err(Allowed(0)));
    reach.fill(Gait::Sprint, Millis(3_600_500));
    assert_eq!(reach.left(), 406);
}

#[test]
fn a_clock_that_runs_backwards_fills_nothing() {
    let mut reach = Reach::new(START, Gait::Sprint, Millis(1000));
    reach.spend(872).expect("a full bucket");
    reach.fill(Gait::Sprint, Millis(0));
    reach.fill(Gait::Sprint, Millis(1000));
    assert_eq!(reach.left(), 0);
    reach.fill(Gait::Sprint, Millis(u64::MAX));
    assert_eq!(reach.left(), 872);
}

/// Rounded paces, at every rate, to every side, for ten minutes: the honest never run dry.
#[test]
fn an_honest_mover_is_never_held() {
    for hz in TickRate::ALLOWED_HZ {
        let rate = TickRate::new(hz).expect("an allowed rate");
        let pace = Pace::new(rate);
        for (gait, heading) in [Gait::Walk, Gait::Sprint].into_iter().flat_map(|g| (0..32).map(move |h| (g, h))) {
            let mut reach = Reach::new(START, gait, Millis(0));
            let (vx, vy) = pace.velocity(Motion::new(Heading::new(heading), gait));
            let mut at = START;
            for tick in 1..u64::from(hz) * 600 {
                let next = at.offset(vx, vy);
                reach.travel(at, gait, Millis(tick * rate.period_ms()));
                assert_eq!(reach.affords(at, next, gait), Ok(()), "{gait:?}, heading {heading}, {hz} Hz, tick {tick}");
                reach.settle(at, next, gait);
                at = next;
            }
        }
    }
}

/// Behind a link of 300 ms the authority runs 300 ms on in the old direction before each turn. Only the mover's own path
/// counts.
#[test]
fn a_mover_who_turns_often_behind_a_slow_link_is_not_held() {
    let mut reach = Reach::new(START, Gait::Sprint, Millis(0));
    let mut at = START;
    for turn in 1..2000i32 {
        let forth = if turn % 2 == 0 { 216 } else { -216 };
        // He ran 216 units and turned; the authority has extrapolated 216 more.
        let (claimed, extrapolated) = (at.offset(forth, 0), at.offset(2 * forth, 0));
        reach.travel(extrapolated, Gait::Sprint, Millis(turn as u64 * 300));
        assert_eq!(reach.affords(extrapolated, claimed, Gait::Sprint), Ok(()), "turn {turn}");
        reach.settle(extrapolated, claimed, Gait::Sprint);
        at = claimed;
    }
}

/// He keeps to the extrapolation and adds a little to it at each claim.
#[test]
fn leaps_on_top_of_the_extrapolation_are_paid_twice() {
    let mut reach = Reach::new(START, Gait::Sprint, Millis(0));
    let mut at = START;
    for tick in 1..=1000u64 {
        let extrapolated = at.offset(72, 0);
        reach.travel(extrapolated, Gait::Sprint, Millis(tick * 100));
        let more = match reach.affords(extrapolated, extrapolated.offset(72, 0), Gait::Sprint) {
            Ok(()) => 72,
            Err(Allowed(units)) => units as i32,
        };
        let place = extrapolated.offset(more, 0);
        reach.settle(extrapolated, place, Gait::Sprint);
        at = place;
    }
    let bound = 100 * 812 + 872;
    assert!((at.x - START.x) <= bound, "came {} units, {bound} at most", at.x - START.x);
}
