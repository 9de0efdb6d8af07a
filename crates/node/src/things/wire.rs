//! Things as documents have them, and as they are told.

use std::collections::BTreeMap;

use deeds::commands::TradeArgs;
use deeds::tables::{BuildingId, ItemId, Stack};
use deeds::{Belongings, Built, KeptReceipt, LandId, Pile, Rights, Role, Taken, Trace, TraceId};
use protocol::things::{self, Guest, Heap, TraceKind};
use world::{Chunk, IslandId};

use super::pages::{Change, Known};

/// Items, as they are told.
pub(super) fn heaps(stacks: &[Stack]) -> Vec<Heap> {
    stacks.iter().map(|(item, amount)| Heap { item: item.0.clone(), amount: *amount }).collect()
}

/// An offer, as the deed of it names its terms.
pub(super) fn terms(offer: &things::Offer) -> TradeArgs {
    let stacks = |heaps: &[Heap]| heaps.iter().map(|heap| (ItemId(heap.item.clone()), heap.amount)).collect();
    TradeArgs { with: offer.to, gives: stacks(&offer.gives), takes: stacks(&offer.takes) }
}

/// Terms, as they are offered.
pub(super) fn offer(terms: &TradeArgs) -> things::Offer {
    things::Offer { to: terms.with, gives: heaps(&terms.gives), takes: heaps(&terms.takes) }
}

fn held(bag: &deeds::Bag) -> Vec<Heap> {
    bag.iter().map(|(item, amount)| Heap { item: item.0.clone(), amount }).collect()
}

/// What an avatar has.
pub(super) fn bag(rev: u64, belongings: &Belongings) -> things::Bag {
    things::Bag {
        rev,
        items: held(&belongings.bag),
        energy_kj: belongings.energy.kj,
        energy_as_of_ms: belongings.energy.as_of_ms,
        busy_until_ms: belongings.busy_until_ms,
        parcels: belongings.parcels.iter().map(|land| land.0.clone()).collect(),
    }
}

/// What came of a deed.
pub(super) fn receipt(kept: &KeptReceipt) -> things::DeedReply {
    things::DeedReply {
        gained: heaps(&kept.gained),
        lost: heaps(&kept.lost),
        made: kept.trace.iter().map(|id| id.0).collect(),
        ..things::DeedReply::default()
    }
}

fn trace(id: TraceId, trace: Option<&Trace>) -> things::Trace {
    let nothing = things::Trace { id: id.0, ..things::Trace::default() };
    match trace {
        None => nothing,
        Some(Trace::Taken(Taken { prop, missing, as_of_ms })) => {
            things::Trace { kind: TraceKind::Taken as u8, prop: *prop, amount: *missing, at_ms: *as_of_ms, ..nothing }
        }
        Some(Trace::Pile(Pile { x, y, item, amount, until_ms })) => things::Trace {
            kind: TraceKind::Pile as u8,
            x: *x,
            y: *y,
            name: item.0.clone(),
            amount: *amount,
            at_ms: *until_ms,
            ..nothing
        },
        Some(Trace::Built(Built { kind, x, y, owner, until_ms, bag })) => things::Trace {
            kind: TraceKind::Built as u8,
            x: *x,
            y: *y,
            name: kind.0.clone(),
            owner: *owner,
            at_ms: *until_ms,
            holds: held(bag),
            ..nothing
        },
    }
}

/// A trace as it was told, `None` if it is gone.
///
/// # Errors
/// When it is of no known kind.
fn trace_of(told: &things::Trace) -> Result<(TraceId, Option<Trace>), ()> {
    let trace = match TraceKind::from_number(told.kind).ok_or(())? {
        TraceKind::Gone => None,
        TraceKind::Taken => Some(Trace::Taken(Taken { prop: told.prop, missing: told.amount, as_of_ms: told.at_ms })),
        TraceKind::Pile => Some(Trace::Pile(Pile {
            x: told.x,
            y: told.y,
            item: ItemId(told.name.clone()),
            amount: told.amount,
            until_ms: told.at_ms,
        })),
        TraceKind::Built => {
            let mut bag = deeds::Bag::default();
            told.holds.iter().for_each(|heap| bag.pour(&ItemId(heap.item.clone()), heap.amount));
            Some(Trace::Built(Built {
                kind: BuildingId(told.name.clone()),
                x: told.x,
                y: told.y,
                owner: told.owner,
                until_ms: told.at_ms,
                bag,
            }))
        }
    };
    Ok((TraceId(told.id), trace))
}

/// A page or cell, all of it.
pub(super) fn whole(island: IslandId, chunk: Chunk, cell: u8, known: &Known) -> things::Page {
    let traces = known.traces.iter().map(|(id, t)| trace(*id, Some(t))).collect();
    things::Page { whole: 1, traces, ..page(island, chunk, cell, known.rev, known.rights.as_ref()) }
}

/// What changed in a page or cell.
pub(super) fn changed(island: IslandId, chunk: Chunk, cell: u8, change: &Change) -> things::Page {
    let traces = change.traces.iter().map(|(id, t)| trace(*id, t.as_ref())).collect();
    things::Page { traces, ..page(island, chunk, cell, change.rev, change.rights.as_ref()) }
}

fn page(island: IslandId, chunk: Chunk, cell: u8, rev: u64, rights: Option<&Rights>) -> things::Page {
    let guest = |(entity, role): (&u64, &Role)| Guest { entity: *entity, role: *role as u8 + 1 };
    things::Page {
        island: island.0,
        cx: chunk.cx,
        cy: chunk.cy,
        cell,
        whole: 0,
        rev,
        land: rights.map(|rights| rights.land.0.clone()).unwrap_or_default(),
        owner: rights.map_or(0, |rights| rights.owner),
        kept_until_ms: rights.map_or(0, |rights| rights.kept_until_ms),
        guests: rights.map(|rights| rights.roles.iter().map(guest).collect()).unwrap_or_default(),
        traces: Vec::new(),
    }
}

/// What a node told of a page.
///
/// # Errors
/// When a trace or role is of no known kind.
pub(super) fn change_of(page: &things::Page) -> Result<Change, ()> {
    let role = |guest: &Guest| match guest.role {
        1 => Ok((guest.entity, Role::Guest)),
        2 => Ok((guest.entity, Role::Builder)),
        3 => Ok((guest.entity, Role::Steward)),
        _ => Err(()),
    };
    let roles: BTreeMap<u64, Role> = page.guests.iter().map(role).collect::<Result<_, ()>>()?;
    let rights = (!page.land.is_empty()).then(|| Rights {
        land: LandId(page.land.clone()),
        owner: page.owner,
        roles,
        kept_until_ms: page.kept_until_ms,
    });
    let traces = page.traces.iter().map(trace_of).collect::<Result<_, ()>>()?;
    Ok(Change { rev: page.rev, rights, traces })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_understood_as_it_was_meant() {
        let mut bag = deeds::Bag::default();
        bag.pour(&"wood".into(), 4);
        let traces = vec![
            (TraceId(1), Some(Trace::Taken(Taken { prop: 3, missing: 2, as_of_ms: 5 }))),
            (TraceId(2), Some(Trace::Pile(Pile { x: 1, y: -2, item: "wood".into(), amount: 3, until_ms: 9 }))),
            (TraceId(3), Some(Trace::Built(Built { kind: "chest".into(), x: 4, y: 5, owner: 6, until_ms: 7, bag }))),
            (TraceId(4), None),
        ];
        let roles = [(8, Role::Guest), (9, Role::Builder), (10, Role::Steward)].into();
        let rights = Some(Rights { land: LandId("l-1".into()), owner: 7, roles, kept_until_ms: 11 });
        for rights in [rights, None] {
            let change = Change { rev: 12, rights, traces: traces.clone() };
            let told = changed(IslandId(1), Chunk::new(2, 3), 4, &change);
            assert_eq!(change_of(&told), Ok(change));
        }
    }

    #[test]
    fn kinds_that_nobody_knows_are_refused() {
        let page = |kind, role| things::Page {
            land: "l".into(),
            guests: vec![Guest { entity: 1, role }],
            traces: vec![things::Trace { kind, ..things::Trace::default() }],
            ..things::Page::default()
        };
        assert!(change_of(&page(3, 3)).is_ok());
        for (kind, role) in [(4, 3), (3, 4), (3, 0)] {
            assert_eq!(change_of(&page(kind, role)), Err(()), "kind {kind}, role {role}");
        }
    }
}
