//! Those who do things, at a true market: what they do balances, and each fault of the market is noticed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ledger::{Findings, Ledger};
use tokio::sync::watch;

use super::market::{Fault, Market, quick_tables};
use super::room::{Room, Script};
use crate::config::BehaviourConfig;
use crate::{BUILT_IN, Behaviour, Plan, Report, run_blocking};

/// A behaviour that is built in; quick thieves, restless retriers, and traders who are quick and do everything twice.
fn behaviour(name: &str) -> Behaviour {
    let text = BUILT_IN.iter().find(|(known, _)| *known == name).expect("built in").1;
    let eager =
        [("[4, 12]", "[2, 4]"), ("= 30", "= 100"), ("[2000, 5000]", "[700, 1500]"), ("[400, 1200]", "[200, 500]")];
    let text = match name {
        "trader" => eager.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)),
        "retrier" => text.replace("elsewhere_percent = 5", "elsewhere_percent = 40"),
        "thief" => text.replace("[300, 900]", "[60, 150]"),
        _ => text.to_owned(),
    };
    Behaviour::new(name, BehaviourConfig::parse(Path::new(name), &text).expect("sound"))
}

/// Plays at a market with a fault. Returns what the bots found, and what the ledger says of their receipts.
fn play(fault: Fault, behaviours: &[&str], count: u32, ms: u64) -> (Report, Findings) {
    let room = Room::open(Script { market: Some(fault), ..Script::default() });
    let mut behaviours = behaviours.iter().map(|name| behaviour(name));
    let mut plan = Plan::new(room.addresses.clone(), count, behaviours.next().expect("one at least"));
    plan.behaviours.extend(behaviours);
    plan.duration = Some(Duration::from_millis(ms));
    plan.tables = Arc::new(quick_tables());
    let receipts = File::new(&format!("{fault:?}-{}", plan.behaviours[0].name()));
    plan.receipts = Some(receipts.0.clone());
    let (_keep, shutdown) = watch::channel(false);
    let report = run_blocking(&plan, shutdown, |_| {}).expect("the plan is sound");
    let findings = judge(&room.close_market(), &std::fs::read_to_string(&receipts.0).expect("it was written"));
    (report, findings)
}

/// Plays until the rarest things have come about. How long that takes is the machine's affair: who has not seen `enough`
/// plays anew for four times as long.
fn play_till(behaviours: &[&str], count: u32, ms: u64, enough: impl Fn(&Report) -> bool) -> (Report, Findings) {
    let first = play(Fault::None, behaviours, count, ms);
    if enough(&first.0) { first } else { play(Fault::None, behaviours, count, 4 * ms) }
}

fn judge(market: &Market, receipts: &str) -> Findings {
    let mut ledger = Ledger::default();
    receipts.lines().for_each(|line| ledger.receipt(line));
    market.dump().iter().for_each(|line| ledger.document(line));
    ledger.check()
}

/// A file that goes when this does.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("tombolo-receipts-{}-{name}", std::process::id())))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn done(report: &Report, deed: &str) -> u64 {
    report.deeds.done_by_deed.get(deed).copied().unwrap_or(0)
}

#[test]
fn honest_people_do_all_there_is_to_do_and_the_ledger_balances() {
    const ALL: [&str; 7] = ["gather", "drop", "trade", "give", "craft", "build", "put-in"];
    let enough = |report: &Report| ALL.iter().all(|deed| done(report, deed) > 0);
    let (report, findings) = play_till(&["gatherer", "trader", "builder"], 18, 14_000, enough);
    let deeds = &report.deeds;
    assert!(findings.is_well(), "{:#?}", findings.faults);
    assert_eq!((report.failed, report.violations, deeds.wrong), (0, 0, 0), "{deeds:#?}");
    assert_eq!((findings.acknowledged, deeds.unanswered), (deeds.done, 0), "{deeds:#?}");
    for deed in ALL {
        assert!(done(&report, deed) > 0, "nobody did {deed}: {deeds:#?}");
    }
    assert!(deeds.offered > 0 && deeds.agreed > 0 && deeds.answer_ms.count > 50, "{deeds:#?}");
}

#[test]
fn thieves_and_retriers_find_nothing_wrong_where_nothing_is() {
    let codes = ["unknown_deed", "bad_message", "unknown_item", "amount_invalid", "out_of_range", "nothing_there"];
    let more = ["unknown_recipe", "unknown_building", "no_consent", "land_limit", "place_invalid", "not_food"];
    let refused = |report: &Report, code: &str| report.deeds.refused_by_code.contains_key(code);
    let enough = |report: &Report| codes.iter().chain(&more).all(|code| refused(report, code));
    let (report, findings) = play_till(&["thief", "retrier", "builder"], 12, 12_000, enough);
    let deeds = &report.deeds;
    assert!(findings.is_well(), "{:#?}", findings.faults);
    assert_eq!((report.failed, deeds.wrong), (0, 0), "{deeds:#?}");
    assert!(deeds.repeated > 20 && report.reconnects > 0 && findings.repeated > 0, "{deeds:#?}");
    for code in codes.iter().chain(&more) {
        assert!(refused(&report, code), "nobody was refused with {code}: {deeds:#?}");
    }
}

#[test]
fn each_fault_of_a_server_is_noticed_by_those_who_look_for_it() {
    let cases: [(Fault, &str, &[&str]); 4] = [
        (Fault::Forgetful, "retrier", &["two_answers", "id_reuse_done"]),
        (Fault::LongArms, "thief", &["theft_done"]),
        (Fault::Credulous, "trader", &["traded_twice"]),
        (Fault::Costly, "thief", &["changed_by_refusal"]),
    ];
    std::thread::scope(|scope| {
        for (fault, behaviour, expected) in cases {
            scope.spawn(move || {
                let (report, _) = play(fault, &[behaviour], 6, 9_000);
                let kinds = &report.deeds.wrong_by_kind;
                assert!(expected.iter().any(|kind| kinds.contains_key(kind)), "{fault:?}: {:#?}", report.deeds);
            });
        }
    });
}

#[test]
fn the_ledger_finds_what_a_forgetful_server_did_twice() {
    let (report, findings) = play(Fault::Forgetful, &["retrier"], 6, 8_000);
    assert!(report.deeds.repeated > 0);
    assert!(!findings.is_well() && findings.missing + findings.doubled > 0, "{findings:#?}");
}
