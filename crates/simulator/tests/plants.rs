//! Every planted bug is found by a checker within a bounded number of seeds, and the code without it passes the same.

use simulator::{Checker, Report, Scenario};
use world::Plant;

use crate::fixture::{assert_holds, clean, crowd, first_island, until_found};
use crate::{crowd, suite};

/// Seeds within which a planted bug must be found.
const WITHIN: u64 = 60;

/// The checker that must find a plant that needs a crowd. Others may complain as well.
fn found_in_a_crowd_by(plant: Plant) -> Option<Checker> {
    match plant {
        Plant::SkipInTheRound => Some(Checker::CrowdRefreshed),
        Plant::SpendFreely => Some(Checker::BudgetKept),
        Plant::SlowActors => Some(Checker::ActorAtFullRate),
        _ => None,
    }
}

/// The scenario in which a plant must be found: the house's, but for what happens too seldom there.
fn scenario_for(plant: Plant) -> Scenario {
    let mut scenario = if found_in_a_crowd_by(plant).is_some() { crowd() } else { first_island() };
    match plant {
        // A deed must be under way in the few milliseconds between a freeze and a release.
        Plant::AckAfterFreeze => {
            scenario.players.deed_per_mille = 700;
            scenario.handover.ordered = 900;
        }
        // What is lost must be the last that is said for long: each time somebody goes over, all is said anew.
        Plant::DeafToGaps => {
            scenario.network.loss_per_mille = 250;
            scenario.handover.ordered = 10;
        }
        _ => {}
    }
    scenario
}

/// Whether anybody complains, or the one whose plant it is.
fn is_complaint(report: &Report, checker: Option<Checker>) -> bool {
    report.first_violations.iter().any(|v| checker.is_none_or(|checker| v.checker == checker))
}

fn is_found(plant: Plant) {
    let scenario = scenario_for(plant);
    let checker = found_in_a_crowd_by(plant);
    let clean_seeds = if checker.is_some() { crowd::SEEDS } else { suite::SEEDS };
    let runs = (1..=WITHIN).map(|seed| until_found(&scenario, seed, plant));
    let found = runs.into_iter().find(|report| is_complaint(report, checker));
    let report = found.unwrap_or_else(|| panic!("{} was not found within {WITHIN} seeds", plant.name()));
    let first = &report.first_violations[0];
    println!(
        "{:18} found at seed {:2} after {:5} ms by {}: {}",
        plant.name(),
        report.seed,
        first.at_ms,
        first.checker,
        first.what
    );
    assert_eq!(report.plant, Some(plant.name()));
    // Other tests run the first seeds without any plant.
    (clean_seeds + 1..=report.seed).for_each(|seed| assert_holds(&clean(&scenario, seed)));
}

macro_rules! plants {
    ($($test:ident: $plant:ident,)*) => {
        $(
            #[test]
            fn $test() {
                is_found(Plant::$plant);
            }
        )*

        #[test]
        fn every_plant_has_a_test() {
            let tested = [$(Plant::$plant,)*];
            assert_eq!(tested.as_slice(), Plant::ALL.map(|(plant, _, _)| plant));
        }
    };
}

plants! {
    resurrect_is_found: Resurrect,
    deaf_to_gaps_is_found: DeafToGaps,
    mute_summaries_is_found: MuteSummaries,
    no_limbo_is_found: NoLimbo,
    leaky_interest_is_found: LeakyInterest,
    skip_epoch_is_found: SkipEpoch,
    deaf_to_epochs_is_found: DeafToEpochs,
    forget_request_is_found: ForgetRequest,
    guess_on_unknown_is_found: GuessOnUnknown,
    hoard_is_found: Hoard,
    ghost_forever_is_found: GhostForever,
    trust_the_silent_is_found: TrustTheSilent,
    keyframe_early_is_found: KeyframeEarly,
    take_unreleased_is_found: TakeUnreleased,
    ack_after_freeze_is_found: AckAfterFreeze,
    never_take_back_is_found: NeverTakeBack,
    no_reset_on_handover_is_found: NoResetOnHandover,
    skip_in_the_round_is_found: SkipInTheRound,
    spend_freely_is_found: SpendFreely,
    slow_actors_is_found: SlowActors,
}
