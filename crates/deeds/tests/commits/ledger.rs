//! The books of a play: they are made of what was there in the beginning and of what clients were told, and compared with
//! the documents at the end. No counter of any machine is looked at. The tallies in the documents are a second book.

use std::collections::{BTreeMap, BTreeSet};

use deeds::commands::{ClaimArgs, GatherArgs, ShareArgs, UpkeepArgs};
use deeds::tables::Tables;
use deeds::{Belongings, LAND_KIND, Land, LandId, PAGE_KIND, Page, PageKey, Rights, Role, Trace, avatar_key};
use protocol::codec::{CLIENT_CAP, from_bytes};
use store::{Body, Key, Record};

use super::wishes::{NAMES, Told, Wish, entity};
use crate::fixture::{BEGINNING, ISLAND, World};

/// What is counted, by name: `ada/wood`, `ground/wood`, `missing`, `built`, `ada/parcels`, `land X/kept`.
type Sums = BTreeMap<String, i128>;

/// What is wrong, in words. `people`: for each what was asked for and what was told.
pub fn wrong(
    before: &BTreeMap<Key, Record>,
    after: &BTreeMap<Key, Record>,
    people: &[(&[Wish], &BTreeMap<u32, Told>)],
) -> Vec<String> {
    let mut expected = counted(before);
    for (who, (wishes, told)) in people.iter().enumerate() {
        for wish in *wishes {
            if let Some(Told::Done(receipt)) = told.get(&wish.request) {
                post(&mut expected, who, wish, receipt);
            }
        }
    }
    let is = counted(after);
    let names: BTreeSet<&String> = expected.keys().chain(is.keys()).collect();
    let count = |sums: &Sums, name: &String| sums.get(name).copied().unwrap_or(0);
    let mut wrong: Vec<String> = names
        .into_iter()
        .filter(|name| count(&expected, name) != count(&is, name))
        .map(|name| format!("{name}: clients were told of {}, it is {}", count(&expected, name), count(&is, name)))
        .collect();
    wrong.extend(unbalanced(after));
    wrong.extend(torn_land(after));
    for (key, record) in after {
        if let Some(intent) = &record.intent {
            wrong.push(format!("{key} still has an intent of {}", intent.txn));
        }
        if let Some(open) = record.open.first() {
            wrong.push(format!("{key} says that {} is still to be carried out, and nobody is at it", open.txn));
        }
    }
    wrong
}

/// What a deed that was told as done changes.
fn post(sums: &mut Sums, who: usize, wish: &Wish, receipt: &deeds::KeptReceipt) {
    let mut add = |name: String, n: i128| *sums.entry(name).or_default() += n;
    // Where the items of a receipt come from and go to, if not out of the world.
    let other = match wish.deed {
        "drop" | "pick-up" | "put-in" | "take-out" => Some("ground"),
        "give" | "trade" => wish.with.map(|with| NAMES[with]),
        _ => None,
    };
    for (stacks, sign) in [(&receipt.gained, 1), (&receipt.lost, -1)] {
        for (item, amount) in stacks {
            add(format!("{}/{item}", NAMES[who]), sign * i128::from(*amount));
            if let Some(other) = other {
                add(format!("{other}/{item}"), -sign * i128::from(*amount));
            }
        }
    }
    match wish.deed {
        "gather" => add("missing".into(), read::<GatherArgs>(wish).units.into()),
        "build" => add("built".into(), 1),
        "dismantle" => add("built".into(), -1),
        "claim" => {
            add(format!("{}/parcels", NAMES[who]), 1);
            add(format!("{}/chunks", LandId::new(entity(who), 0)), read::<ClaimArgs>(wish).chunks.len() as i128);
            add(format!("{}/periods", LandId::new(entity(who), 0)), 1);
        }
        "share" => add(format!("{}/roles", read::<ShareArgs>(wish).land), 1),
        "upkeep" => {
            let args: UpkeepArgs = read(wish);
            add(format!("{}/periods", args.land), args.periods.into());
        }
        "abandon" => {
            let land = LandId::new(entity(who), 0);
            add(format!("{}/parcels", NAMES[who]), -1);
            for what in ["chunks", "periods", "roles"] {
                sums.remove(&format!("{land}/{what}"));
            }
        }
        _ => {}
    }
}

fn read<'a, T>(wish: &'a Wish) -> T
where
    T: wincode::SchemaRead<'a, protocol::codec::Capped<CLIENT_CAP>, Dst = T>,
{
    from_bytes::<T, CLIENT_CAP>(&wish.args).expect("our own request")
}

/// What there is.
fn counted(records: &BTreeMap<Key, Record>) -> Sums {
    let mut sums = Sums::new();
    let period = i128::from(Tables::built_in().land.period_ms);
    for (key, body) in bodies(records) {
        let mut add = |name: String, n: i128| *sums.entry(name).or_default() += n;
        match key.kind() {
            "avatar" => {
                let own: Belongings = body.read(1).expect("readable");
                let name = key.as_str().trim_start_matches("avatar/");
                own.bag.iter().for_each(|(item, n)| add(format!("{name}/{item}"), n.into()));
                add(format!("{name}/parcels"), own.parcels.len() as i128);
            }
            "page" => {
                let page: Page = body.read(1).expect("readable");
                for trace in page.traces.into_values() {
                    match trace {
                        Trace::Taken(taken) => add("missing".into(), taken.missing.into()),
                        Trace::Pile(pile) => add(format!("ground/{}", pile.item), pile.amount.into()),
                        Trace::Built(built) => {
                            add("built".into(), 1);
                            built.bag.iter().for_each(|(item, n)| add(format!("ground/{item}"), n.into()));
                        }
                    }
                }
            }
            "land" => {
                let land: Land = body.read(1).expect("readable");
                let id = &land.rights.land;
                add(format!("{id}/chunks"), land.chunks.len() as i128);
                add(format!("{id}/roles"), land.rights.roles.len() as i128);
                // Claimed within the first half of a period.
                let begun = i128::from(BEGINNING.0);
                let left = (i128::from(land.rights.kept_until_ms) - begun).max(0);
                add(format!("{id}/periods"), (left + period / 2) / period);
            }
            _ => {}
        }
    }
    sums
}

fn bodies(records: &BTreeMap<Key, Record>) -> impl Iterator<Item = (&Key, &Body)> {
    records.iter().filter_map(|(key, record)| Some((key, record.body.as_ref()?)))
}

/// Items that came from nowhere or were lost, by the tallies that the deeds wrote.
fn unbalanced(records: &BTreeMap<Key, Record>) -> Vec<String> {
    let mut world = World::new();
    world.papers.0 = bodies(records).map(|(key, body)| (key.clone(), body.document().clone())).collect();
    let over = world.books().into_iter().filter(|(_, (held, told))| held != told);
    over.map(|(item, (held, told))| format!("{item}: documents hold {held}, their tallies say {told}")).collect()
}

/// Land whose document, pages and owner do not say the same.
fn torn_land(records: &BTreeMap<Key, Record>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut claimed: BTreeMap<Key, Rights> = BTreeMap::new();
    for (key, body) in bodies(records).filter(|(key, _)| key.kind() == LAND_KIND) {
        let land: Land = body.read(1).expect("readable");
        let owner = (0..NAMES.len()).find(|who| entity(*who).0 == land.rights.owner).expect("one of us");
        let owner = records.get(&avatar_key(NAMES[owner])).and_then(|record| record.body.as_ref());
        let owned: Belongings = owner.expect("an owner has a document").read(1).expect("readable");
        if owned.parcels.contains(&land.rights.land) == land.chunks.is_empty() {
            wrong.push(format!("{key} and its owner do not say the same"));
        }
        if land.rights.roles.values().any(|role| *role != Role::Builder) {
            wrong.push(format!("{key} has a role that nobody gave"));
        }
        claimed.extend(land.chunks().map(|chunk| (PageKey::page(ISLAND, chunk).key(), land.rights.clone())));
    }
    let pages = bodies(records).filter(|(key, _)| key.kind() == PAGE_KIND);
    let rights = |(key, body): (&Key, &Body)| Some((key.clone(), body.read::<Page>(1).expect("readable").rights?));
    if claimed != pages.filter_map(rights).collect() {
        wrong.push(format!("pages have other rights than their parcels: {:?}", claimed.keys()));
    }
    wrong
}
