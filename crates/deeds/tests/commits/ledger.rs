//! The books: what documents hold against what their tallies say, and against what clients were told.

use std::collections::BTreeMap;

use deeds::tables::ItemId;
use deeds::{Belongings, Page, Trace, avatar_key};
use store::{Key, Record};

use super::people::{ENDOWMENT, NAMES, Told, Wish};

type Sums = BTreeMap<ItemId, i128>;

/// What is wrong, in words. `people`: for each what was asked for and what was told.
pub fn wrong(records: &BTreeMap<Key, Record>, people: Vec<(&[Wish], &BTreeMap<u32, Told>)>) -> Vec<String> {
    let mut wrong = balances(records);
    for (who, name) in NAMES.iter().enumerate() {
        let key = avatar_key(name);
        let Some(body) = records.get(&key).and_then(|record| record.body.as_ref()) else { continue };
        let own: Belongings = body.read(1).expect("readable");
        let expected = told_to(who, &people);
        let held: Sums = own.bag.iter().map(|(item, amount)| (item.clone(), i128::from(amount))).collect();
        for item in expected.keys().chain(held.keys()) {
            let (told, has) = (expected.get(item).copied().unwrap_or(0), held.get(item).copied().unwrap_or(0));
            if told != has {
                wrong.push(format!("{name} was told of {told} {item} and has {has}"));
            }
        }
    }
    for (key, record) in records {
        if let Some(intent) = &record.intent {
            wrong.push(format!("{key} still has an intent of {}", intent.txn));
        }
    }
    wrong
}

/// What somebody should hold by the receipts of all.
fn told_to(who: usize, people: &[(&[Wish], &BTreeMap<u32, Told>)]) -> Sums {
    let mut sums: Sums = ENDOWMENT.iter().map(|(item, n)| ((*item).into(), i128::from(*n))).collect();
    for (other, (wishes, told)) in people.iter().enumerate() {
        for wish in *wishes {
            let Some(Told::Done(receipt)) = told.get(&wish.request) else { continue };
            let sign = match (other == who, wish.with == Some(who)) {
                (true, _) => 1,
                // What one gained by it the other lost.
                (false, true) => -1,
                (false, false) => continue,
            };
            receipt.gained.iter().for_each(|(item, n)| *sums.entry(item.clone()).or_default() += sign * i128::from(*n));
            receipt.lost.iter().for_each(|(item, n)| *sums.entry(item.clone()).or_default() -= sign * i128::from(*n));
        }
    }
    sums
}

/// Items that came from nowhere or were lost.
fn balances(records: &BTreeMap<Key, Record>) -> Vec<String> {
    let mut sums = Sums::new();
    for (key, record) in records {
        let Some(body) = &record.body else { continue };
        let (bags, tally) = match key.as_str().split('/').next() {
            Some("avatar") => {
                let own: Belongings = body.read(1).expect("readable");
                (vec![own.bag], own.tally)
            }
            Some("page") => {
                let page: Page = body.read(1).expect("readable");
                let mut ground = deeds::Bag::default();
                let mut bags = Vec::new();
                for trace in page.traces.into_values() {
                    match trace {
                        Trace::Taken(_) => {}
                        Trace::Pile(pile) => ground.pour(&pile.item, pile.amount),
                        Trace::Built(built) => bags.push(built.bag),
                    }
                }
                bags.push(ground);
                (bags, page.tally)
            }
            _ => continue,
        };
        let held = bags.iter().flat_map(|bag| bag.iter());
        held.for_each(|(item, n)| *sums.entry(item.clone()).or_default() += i128::from(n));
        tally.made.iter().for_each(|(item, n)| *sums.entry(item.clone()).or_default() -= i128::from(*n));
        tally.gone.iter().for_each(|(item, n)| *sums.entry(item.clone()).or_default() += i128::from(*n));
    }
    let over = sums.iter().filter(|(_, sum)| **sum != 0);
    over.map(|(item, sum)| format!("{sum} {item} more than were made and not used up")).collect()
}
