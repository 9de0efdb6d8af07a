//! Planted bugs of the commit protocol that the books of this world show. The model in `store` finds all of them; here it
//! is shown that the book-keeper sees, with the very deeds that people do.

use world::{Plant, Planted};

use super::plan::{Crash, Plan};
use super::play::Play;
use super::steps::{ends, plan};
use super::wishes::cases;

/// Storms within which a bug must be seen. Most are in the first ten.
const STORMS: u64 = 120;

fn wrong(plan: Plan, plant: Plant) -> Option<String> {
    Play::new(plan, Planted::with(plant)).run().wrong.into_iter().next()
}

fn in_storms(plant: Plant) -> Option<String> {
    let storm = |seed| Some(format!("storm {seed}: {}", wrong(Plan::storm(seed), plant)?));
    let duel = |seed| Some(format!("duel {seed}: {}", wrong(Plan::duel(seed), plant)?));
    (0..STORMS).find_map(|seed| storm(seed).or_else(|| duel(seed)))
}

/// A session of one deed that stops at some step.
fn in_steps(plant: Plant) -> Option<String> {
    let cases = cases().into_iter().filter(|case| ["build", "give"].contains(&case.deed));
    let crashes: Vec<Crash> = (1..=10)
        .flat_map(|step| ends().into_iter().map(move |(end, fault)| Crash { who: 0, step, fault, end }))
        .collect();
    cases.into_iter().find_map(|case| {
        crashes.iter().find_map(|crash| {
            let wrong = wrong(plan(&case, Some(*crash)), plant)?;
            Some(format!("{} with {crash:?}: {wrong}", case.deed))
        })
    })
}

fn is_found(plant: Plant, find: fn(Plant) -> Option<String>) {
    let found = find(plant).unwrap_or_else(|| panic!("{} was not found", plant.name()));
    println!("{:20} {found}", plant.name());
}

macro_rules! plants {
    ($($test:ident: $plant:ident $find:ident,)*) => {
        $(
            #[test]
            fn $test() {
                is_found(Plant::$plant, $find);
            }
        )*
    };
}

plants! {
    unstage_early_in_storms: UnstageEarly in_storms,
    unstage_early_at_a_step: UnstageEarly in_steps,
    guess_on_unknown_in_storms: GuessOnUnknown in_storms,
    guess_on_unknown_at_a_step: GuessOnUnknown in_steps,
    forget_request_in_storms: ForgetRequest in_storms,
    forget_request_at_a_step: ForgetRequest in_steps,
    request_as_attempt_in_storms: RequestAsAttempt in_storms,
    request_as_attempt_at_a_step: RequestAsAttempt in_steps,
    ignore_late_writes_in_storms: IgnoreLateWrites in_storms,
    cached_resolve_in_storms: CachedResolve in_storms,
    unstage_over_header_in_storms: UnstageOverHeader in_storms,
    forget_early_in_storms: ForgetEarly in_storms,
    forget_early_at_a_step: ForgetEarly in_steps,
    blind_to_window_in_storms: BlindToWindow in_storms,
    blind_to_window_at_a_step: BlindToWindow in_steps,
    shared_holder_in_storms: SharedHolder in_storms,
    skip_epoch_in_storms: SkipEpoch in_storms,
    skip_epoch_at_a_step: SkipEpoch in_steps,
    stage_unread_in_storms: StageUnread in_storms,
    slide_blindly_in_storms: SlideBlindly in_storms,
}
