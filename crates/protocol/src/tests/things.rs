//! Samples and arbitrary values of the messages about things.

use proptest::collection::vec;
use proptest::prelude::*;
use world::{EntityId, Epoch};

use super::samples::{CHUNK, EPOCH, ISLAND};
use crate::client::{ToClient, ToServer};
use crate::mesh::Incarnation;
use crate::refusal::Code;
use crate::things::{
    Agree, Agreed, Bag, Consent, Dealt, Deed, DeedReply, Guest, Heap, News, Offer, Offered, Page, Proposal, Tidings,
    Trace, TraceKind,
};

fn heap(item: &str, amount: u32) -> Heap {
    Heap { item: item.into(), amount }
}

/// A name, a note, whether it answers a request, and the message.
pub fn to_server() -> Vec<(&'static str, &'static str, u32, ToServer)> {
    // chunk (3, -2), prop 300, two units
    let gather = [&3_i16.to_le_bytes()[..], &(-2_i16).to_le_bytes(), &300_u16.to_le_bytes(), &2_u32.to_le_bytes()];
    let offer = Offer { to: 78, gives: vec![heap("wood", 4)], takes: vec![heap("stone", 1)] };
    vec![
        (
            "deed",
            "request 9: gather two units of prop 300",
            9,
            ToServer::Deed(Deed { deed: "gather".into(), partner: 0, args: gather.concat() }),
        ),
        ("offer", "four wood for a stone?", 0, ToServer::Offer(offer)),
        ("agree", "to what entity 78 offered", 0, ToServer::Agree(Agree { by: 78, number: 3 })),
    ]
}

/// The same for what servers send.
pub fn to_client() -> Vec<(&'static str, &'static str, u32, ToClient<'static>)> {
    let full = Code::BagFull;
    vec![
        (
            "deed_reply",
            "request 9 is done: four wood came into the bag",
            9,
            ToClient::DeedReply(DeedReply { gained: vec![heap("wood", 4)], made: vec![7], ..DeedReply::default() }),
        ),
        (
            "deed_reply_refused",
            "request 10 is refused: the bag is full",
            10,
            ToClient::DeedReply(DeedReply { code: full as u16, meaning: full.meaning() as u8, ..DeedReply::default() }),
        ),
        (
            "bag",
            "what mira has",
            0,
            ToClient::Bag(Bag {
                rev: 1_700_000_000_042,
                items: vec![heap("stone", 1), heap("wood", 4)],
                energy_kj: 8_000,
                energy_as_of_ms: 1_700_000_000_000,
                busy_until_ms: 1_700_000_002_000,
                parcels: vec!["000000000000004d-1".into()],
            }),
        ),
        ("page", "all traces of a chunk", 0, ToClient::Page(page())),
        (
            "offered",
            "entity 78 offers four wood for a stone",
            0,
            ToClient::Offered(Offered {
                by: 78,
                number: 3,
                gives: vec![heap("wood", 4)],
                takes: vec![heap("stone", 1)],
            }),
        ),
        (
            "agreed",
            "entity 78 agreed",
            0,
            ToClient::Agreed(Agreed { by: 78, gives: vec![heap("wood", 4)], takes: vec![heap("stone", 1)] }),
        ),
    ]
}

fn page() -> Page {
    let taken = Trace {
        id: 0,
        kind: TraceKind::Taken as u8,
        prop: 300,
        amount: 2,
        at_ms: 1_700_000_000_000,
        ..Trace::default()
    };
    let chest = Trace {
        id: 0x0500_0001,
        kind: TraceKind::Built as u8,
        x: 12_000,
        y: -6_900,
        name: "chest".into(),
        owner: 77,
        at_ms: 1_700_100_000_000,
        holds: vec![heap("wood", 4)],
        ..Trace::default()
    };
    Page {
        island: ISLAND.0,
        cx: CHUNK.cx,
        cy: CHUNK.cy,
        cell: 0,
        whole: 1,
        rev: 1_700_000_000_001,
        land: "000000000000004d-1".into(),
        owner: 77,
        kept_until_ms: 1_700_200_000_000,
        guests: vec![Guest { entity: 78, role: 2 }],
        traces: vec![taken, chest],
    }
}

/// What nodes tell each other.
pub fn mesh() -> Vec<(&'static str, &'static str, Tidings)> {
    let from = Incarnation::new(3, 0, 9);
    let (by, to) = (EntityId(77), EntityId(78));
    let offer = Offer { to: 78, gives: vec![heap("wood", 4)], takes: vec![heap("stone", 1)] };
    vec![
        ("mesh_news", "a deed changed a page", Tidings::News(News { from, page: page() })),
        ("mesh_proposal", "an offer to entity 78", Tidings::Proposal(Proposal { from, by, offer: offer.clone() })),
        ("mesh_dealt", "mira gave entity 78 something", Tidings::Dealt(Dealt { from, by, with: to })),
        (
            "mesh_consent",
            "mira agrees with entity 78",
            Tidings::Consent(Consent { from, by, name: "mira".into(), epoch: Epoch(EPOCH), to, offer }),
        ),
    ]
}

fn any_heaps() -> impl Strategy<Value = Vec<Heap>> {
    vec(("[a-z_]{0,16}", any::<u32>()).prop_map(|(item, amount)| Heap { item, amount }), 0..6)
}

pub fn any_deed() -> impl Strategy<Value = Deed> {
    ("[a-z-]{0,32}", any::<u64>(), vec(any::<u8>(), 0..300)).prop_map(|(deed, partner, args)| Deed {
        deed,
        partner,
        args,
    })
}

pub fn any_offer() -> impl Strategy<Value = Offer> {
    (any::<u64>(), any_heaps(), any_heaps()).prop_map(|(to, gives, takes)| Offer { to, gives, takes })
}

pub fn any_agree() -> impl Strategy<Value = Agree> {
    any::<(u64, u64)>().prop_map(|(by, number)| Agree { by, number })
}

pub fn any_deed_reply() -> impl Strategy<Value = DeedReply> {
    (any::<(u16, u8, u32)>(), any_heaps(), any_heaps(), vec(any::<u32>(), 0..4)).prop_map(
        |((code, meaning, retry_after_ms), gained, lost, made)| DeedReply {
            code,
            meaning,
            retry_after_ms,
            gained,
            lost,
            made,
        },
    )
}

pub fn any_bag() -> impl Strategy<Value = Bag> {
    (any::<(u64, u32, u64, u64)>(), any_heaps(), vec("[0-9a-f-]{0,20}", 0..4)).prop_map(
        |((rev, energy_kj, energy_as_of_ms, busy_until_ms), items, parcels)| Bag {
            rev,
            items,
            energy_kj,
            energy_as_of_ms,
            busy_until_ms,
            parcels,
        },
    )
}

fn any_trace() -> impl Strategy<Value = Trace> {
    (any::<(u32, u8, u16, i32, i32, u32, u64, u64)>(), "[a-z_]{0,16}", any_heaps()).prop_map(|(n, name, holds)| Trace {
        id: n.0,
        kind: n.1,
        prop: n.2,
        x: n.3,
        y: n.4,
        name,
        amount: n.5,
        owner: n.6,
        at_ms: n.7,
        holds,
    })
}

pub fn any_page() -> impl Strategy<Value = Page> {
    let guest = any::<(u64, u8)>().prop_map(|(entity, role)| Guest { entity, role });
    (
        any::<(u32, i16, i16, u8, u64, u64, u64)>(),
        "[0-9a-f-]{0,20}",
        0..=16_u8,
        vec(guest, 0..4),
        vec(any_trace(), 0..8),
    )
        .prop_map(|(n, land, cell, guests, traces)| Page {
            island: n.0,
            cx: n.1,
            cy: n.2,
            cell,
            whole: n.3,
            rev: n.4,
            land,
            owner: n.5,
            kept_until_ms: n.6,
            guests,
            traces,
        })
}

pub fn any_offered() -> impl Strategy<Value = Offered> {
    (any::<(u64, u64)>(), any_heaps(), any_heaps()).prop_map(|((by, number), gives, takes)| Offered {
        by,
        number,
        gives,
        takes,
    })
}

pub fn any_agreed() -> impl Strategy<Value = Agreed> {
    (any::<u64>(), any_heaps(), any_heaps()).prop_map(|(by, gives, takes)| Agreed { by, gives, takes })
}

pub fn any_tidings() -> impl Strategy<Value = Tidings> {
    let consent = (any::<(u64, u64, u32, u64)>(), "[a-zA-Z0-9_-]{0,24}", any_offer());
    prop_oneof![
        (any::<u64>(), any_page()).prop_map(|(from, page)| Tidings::News(News { from: Incarnation(from), page })),
        (any::<(u64, u64)>(), any_offer()).prop_map(|((from, by), offer)| Tidings::Proposal(Proposal {
            from: Incarnation(from),
            by: EntityId(by),
            offer
        })),
        any::<(u64, u64, u64)>().prop_map(|(from, by, with)| Tidings::Dealt(Dealt {
            from: Incarnation(from),
            by: EntityId(by),
            with: EntityId(with),
        })),
        consent.prop_map(|(n, name, offer)| Tidings::Consent(Consent {
            from: Incarnation(n.0),
            by: EntityId(n.1),
            name,
            epoch: Epoch(n.2),
            to: EntityId(n.3),
            offer,
        })),
    ]
}

/// Messages that say more than the limits allow.
#[test]
fn what_is_beyond_the_limits_is_an_error() {
    let refused = |message: ToServer| {
        let mut bytes = Vec::new();
        message.encode(crate::envelope::Context::default(), &mut bytes);
        let envelope = crate::Envelope::parse(&bytes, 1 << 20).unwrap();
        ToServer::decode(&envelope).unwrap_err();
    };
    let many = |n: usize| vec![heap("w", 1); n];
    refused(ToServer::Deed(Deed { deed: "g".repeat(33), partner: 0, args: Vec::new() }));
    refused(ToServer::Deed(Deed { deed: "g".into(), partner: 0, args: vec![0; 1_537] }));
    refused(ToServer::Offer(Offer { to: 1, gives: many(17), takes: Vec::new() }));
    refused(ToServer::Offer(Offer { to: 1, gives: Vec::new(), takes: many(17) }));
    let page_refused = |page: Page| {
        let mut bytes = Vec::new();
        ToClient::Page(page).encode(crate::envelope::Context::default(), &mut bytes);
        let envelope = crate::Envelope::parse(&bytes, 1 << 20).unwrap();
        ToClient::decode(&envelope).unwrap_err();
    };
    page_refused(Page { cell: 17, ..page() });
    page_refused(Page { traces: vec![Trace::default(); 513], ..page() });
    page_refused(Page { guests: vec![Guest { entity: 1, role: 1 }; 257], ..page() });
    page_refused(Page { traces: vec![Trace { holds: many(257), ..Trace::default() }], ..page() });
}
