//! Trades and gifts that cross: nobody waits for ever, and nobody is put off for ever.

use world::Planted;

use super::plan::Plan;
use super::play::Play;
use super::wishes::{NAMES, Told, Wish, endowed, gift, trade};

/// Requests of each.
const EACH: u32 = 30;
/// Milliseconds for a deed on average, with every request to the store taking 1 to 12 ms. Alone one takes about 30, and
/// those who meet pause for up to 80 and a little more.
const ON_AVERAGE_MS: u64 = 400;

fn check(wishes: Vec<Vec<Wish>>, what: &str) {
    let asked: usize = wishes.iter().map(Vec::len).sum();
    for seed in 0..5 {
        let plan = Plan { seed, together: 2, ..Plan::quiet(endowed(), wishes.clone(), None) };
        let verdict = Play::new(plan, Planted::none()).run();
        assert_eq!(verdict.wrong, Vec::<String>::new(), "{what}, seed {seed}");
        let done = verdict.told.iter().flat_map(|told| told.values()).filter(|told| matches!(told, Told::Done(_)));
        assert_eq!(done.count(), asked, "{what}: each could be done");
        assert_eq!(verdict.crashes, 0, "{what}: nobody lost patience");
        let most_ms = ON_AVERAGE_MS * asked as u64;
        println!("{what}, seed {seed}: {asked} in {} ms", verdict.virtual_ms);
        assert!(verdict.virtual_ms < most_ms, "{what}: {} ms for {asked}", verdict.virtual_ms);
    }
}

#[test]
fn two_trade_with_each_other_at_the_same_time() {
    let trades = |who: usize| -> Vec<Wish> {
        (1..=EACH).map(|request| trade(who, request, 1 - who, ("reed", 1), ("berry", 1))).collect()
    };
    check(vec![trades(0), trades(1)], "two who trade");
}

#[test]
fn three_give_in_a_ring() {
    let gifts = |who: usize| (1..=EACH).map(|request| gift(request, (who + 1) % 3, "berry", 1)).collect();
    check((0..NAMES.len()).map(gifts).collect(), "a ring of gifts");
}

#[test]
fn two_give_to_the_same() {
    let gifts = |_| (1..=EACH).map(|request| gift(request, 2, "berry", 1)).collect::<Vec<_>>();
    check(vec![gifts(0), gifts(1), Vec::new()], "two who give to one");
}
