//! Crash at every step: the coordinator of each deed stops after each of its requests to the store, with each fault.

use std::collections::BTreeSet;

use deeds::Registry;
use world::Planted;

use super::plan::{Crash, End, Fault, Plan};
use super::play::{Play, Verdict};
use super::wishes::{Case, Told, cases};

/// A deed of more steps than this is a long one: it writes land and several pages.
const LONG: u32 = 12;

/// Whether long deeds meet everything at each step too.
fn all() -> bool {
    std::env::var_os("TOMBOLO_CRASH_ALL").is_some()
}

pub fn plan(case: &Case, crash: Option<Crash>) -> Plan {
    Plan::quiet(case.documents.clone(), vec![vec![case.ada.clone()], vec![case.bob.clone()]], crash)
}

/// What may happen at a step.
pub fn ends() -> Vec<(End, Fault)> {
    let each = |end: End, faults: &[Fault]| faults.iter().map(|fault| (end, *fault)).collect::<Vec<_>>();
    [
        each(End::Dies, &Fault::UNHEARD),
        each(End::DiesAlone, &Fault::UNHEARD),
        each(End::TakenForDead, &Fault::ALL),
        each(End::GoesOn, &Fault::ALL[1..]),
    ]
    .concat()
}

fn check(case: &Case, crash: Option<Crash>) -> Verdict {
    let verdict = Play::new(plan(case, crash), Planted::none()).run();
    assert_eq!(verdict.wrong, Vec::<String>::new(), "{} with {crash:?}", case.deed);
    let told = &verdict.told[0][&case.ada.request];
    assert!(matches!(told, Told::Done(_)), "{} can be done: {told:?} with {crash:?}", case.deed);
    verdict
}

fn stops_at_every_step(deed: &str) {
    let case = cases().into_iter().find(|case| case.deed == deed).expect("a case of each deed");
    let steps = check(&case, None).first_steps;
    let (mut runs, mut repeated, mut crashes) = (0, 0, 0);
    // Whose session stops: the actor's, and where two take part the other's.
    let stop = if case.ada.with.is_some() { 2 } else { 1 };
    for (who, last) in steps.iter().enumerate().take(stop) {
        for step in 1..=*last {
            for (n, (end, fault)) in ends().into_iter().enumerate() {
                // Long deeds meet in turn what others meet at each step: their steps are like each other.
                let dies = matches!(end, End::Dies | End::DiesAlone);
                if *last > LONG && !dies && !all() && !(n + step as usize).is_multiple_of(3) {
                    continue;
                }
                let verdict = check(&case, Some(Crash { who, step, fault, end }));
                (runs, repeated, crashes) = (runs + 1, repeated + verdict.repeated, crashes + verdict.crashes);
            }
        }
    }
    println!("{deed:10} {:3} steps {runs:4} runs {crashes:4} crashes {repeated:3} answered from the window", steps[0]);
    assert!(crashes > u64::from(steps[0]), "too few crashes");
    assert!(repeated > 0, "no client was ever answered from the window");
}

macro_rules! deeds {
    ($($test:ident: $deed:literal,)*) => {
        $(
            #[test]
            fn $test() {
                stops_at_every_step($deed);
            }
        )*

        #[test]
        fn every_command_is_stopped() {
            let stopped: BTreeSet<&str> = [$($deed,)*].into();
            assert_eq!(stopped, Registry::standard().names().collect());
            assert_eq!(stopped.len(), cases().len());
        }
    };
}

deeds! {
    gather: "gather",
    drop_: "drop",
    pick_up: "pick-up",
    craft: "craft",
    build: "build",
    dismantle: "dismantle",
    put_in: "put-in",
    take_out: "take-out",
    give: "give",
    trade: "trade",
    eat: "eat",
    claim: "claim",
    share: "share",
    upkeep: "upkeep",
    abandon: "abandon",
}

/// The step numbers above are those of a run in which nothing fails: they reach from the raise of the session to the last
/// transaction that is forgotten.
#[test]
fn the_steps_of_a_trade_are_all_of_it() {
    let case = cases().into_iter().find(|case| case.deed == "trade").expect("a trade");
    let verdict = check(&case, None);
    // Raise: read, write. Begin, read, stage, commit. Unstage: read, write. Forget: read, write. And what bob adds.
    assert!(verdict.first_steps.iter().all(|steps| *steps >= 10), "{:?} steps", verdict.first_steps);
}
