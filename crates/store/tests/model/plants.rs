//! Every planted bug of the commit protocol is found in a situation, which holds without it.

use world::Plant;

use super::protocol::Situation;
use super::scenarios::{self, explore};

fn is_found(plant: Plant, situation: fn() -> Situation) {
    let (found, _) = explore(situation().planted(plant));
    let found = found.unwrap_or_else(|| panic!("{} was not found", plant.name()));
    println!("{:20} {found}", plant.name());
}

macro_rules! plants {
    ($($test:ident: $plant:ident in $situation:ident,)*) => {
        $(
            #[test]
            fn $test() {
                is_found(Plant::$plant, scenarios::$situation);
            }
        )*

        #[test]
        fn every_plant_has_a_test() {
            let tested = [$(Plant::$plant,)*];
            assert_eq!(tested.as_slice(), Plant::COMMIT.map(|(plant, _, _)| plant));
        }
    };
}

plants! {
    unstage_early_is_found: UnstageEarly in retried_gift,
    guess_on_unknown_is_found: GuessOnUnknown in crossing_gifts,
    forget_request_is_found: ForgetRequest in retried_gift,
    request_as_attempt_is_found: RequestAsAttempt in retried_gift,
    ignore_late_writes_is_found: IgnoreLateWrites in crossing_gifts,
    cached_resolve_is_found: CachedResolve in retried_gift,
    unstage_over_header_is_found: UnstageOverHeader in crossing_gifts,
    forget_early_is_found: ForgetEarly in retried_gift,
    blind_to_window_is_found: BlindToWindow in retried_gift,
    shared_holder_is_found: SharedHolder in first_login,
    remove_bare_is_found: RemoveBare in broken_and_made,
    skip_epoch_is_found: SkipEpoch in retried_gift,
    raise_over_intent_is_found: RaiseOverIntent in crossing_gifts,
    stage_unread_is_found: StageUnread in gift_to_the_replaced,
    slide_blindly_is_found: SlideBlindly in sliding_window,
    no_locks_is_found: NoLocks in watchers,
    sweep_early_is_found: SweepEarly in made_and_swept,
}
