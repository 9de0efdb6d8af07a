//! Deeds on two nodes: done once, seen by all, refused with a code of their own, and traded only by consent.

use deeds::commands::{DropArgs, GatherArgs, GiveArgs, PickUpArgs, TradeArgs};
use deeds::toolkit::TraceArgs;
use protocol::Code;
use protocol::client::ToServer;
use protocol::codec::{Uncapped, to_bytes};
use protocol::things::{Agree, Deed, Heap, Offer};
use serde_json::json;
use store::{Document, Reply, Request};
use wincode::SchemaWrite;
use world::{Chunk, Island, IslandPlan, Position};

use super::pair::{Pair, incarnation};
use crate::avatar::{AVATAR_SCHEMA, Figure, PLACE_SCHEMA, PlaceBody, avatar_key, entity_of, place_key};
use crate::io::{ConnId, Input};
use crate::limits::{DEALT_LOOK_MS, PAGE_EARLY_MS, VERIFY_EVERY_MS};

const ANNA: usize = 0;
const BORIS: usize = 1;

/// A natural prop of this kind on the pair's island: its chunk, index and place.
fn prop(kind: world::island::PropKind) -> (Chunk, u16, Position) {
    let version = world::island::GeneratorVersion::LATEST;
    let island = Island::new(IslandPlan { seed: 7, size_chunks: 24, version }).unwrap();
    let found = island.bounds().chunks().find_map(|chunk| {
        let ground = island.chunk(chunk);
        ground.props.iter().find(|prop| prop.kind == kind).map(|prop| (chunk, prop.index, prop.position(chunk)))
    });
    found.expect("the island has one")
}

/// Writes an account that has stood at a place with these things.
fn settle(pair: &Pair, name: &str, at: Position, bag: &serde_json::Value) {
    let mut document = Document::new(AVATAR_SCHEMA, &Figure::new(name)).unwrap();
    document.write(AVATAR_SCHEMA, &json!({ "bag": bag })).unwrap();
    pair.store.apply(Request::Insert { key: avatar_key(name), document });
    let place = PlaceBody { epoch: 0, tick: 1, x: at.x, y: at.y };
    let document = Document::new(PLACE_SCHEMA, &place).unwrap();
    pair.store.apply(Request::Insert { key: place_key(entity_of(name)), document });
}

/// Anna on the first node and Boris on the second, beside each other at an oak, with these things.
fn neighbours(annas: &serde_json::Value, boriss: &serde_json::Value) -> (Pair, (Chunk, u16, Position)) {
    let oak = prop(world::island::PropKind::Oak);
    let mut pair = Pair::new(4);
    settle(&pair, "anna", oak.2, annas);
    settle(&pair, "boris", oak.2, boriss);
    pair.join(ANNA, "anna");
    pair.join(BORIS, "boris");
    pair.pass(1_500);
    (pair, oak)
}

fn deed<T: SchemaWrite<Uncapped, Src = T>>(name: &str, partner: u64, args: &T) -> ToServer {
    ToServer::Deed(Deed { deed: name.into(), partner, args: to_bytes(args) })
}

impl Pair {
    /// Asks for a deed and waits for its code; 0 for done.
    fn act<T: SchemaWrite<Uncapped, Src = T>>(
        &mut self,
        client: usize,
        request: u32,
        (name, partner): (&str, u64),
        args: &T,
    ) -> u16 {
        self.screens[client].things.replies.clear();
        self.ask(client, request, &deed(name, partner, args));
        self.pass(500);
        let replies = &self.screens[client].things.replies;
        assert_eq!(replies.len(), 1, "{name}: {replies:?}");
        assert_eq!(replies[0].0, request);
        replies[0].1.code
    }

    fn amount(&self, client: usize, item: &str) -> u32 {
        let bag = self.screens[client].things.bag.as_ref().expect("a bag comes with the welcome");
        bag.items.iter().find(|heap| heap.item == item).map_or(0, |heap| heap.amount)
    }

    fn stored(&self, name: &str) -> serde_json::Value {
        match self.store.apply(Request::Get { key: avatar_key(name) }) {
            Reply::Found { document, .. } => serde_json::Value::Object(document.fields().clone()),
            other => panic!("{other:?}"),
        }
    }
}

fn gather((chunk, prop, _): (Chunk, u16, Position), units: u32) -> GatherArgs {
    GatherArgs { cx: chunk.cx, cy: chunk.cy, prop, units }
}

#[test]
fn a_deed_on_one_node_is_seen_on_the_other_as_it_is_stored() {
    let (mut pair, oak) = neighbours(&json!({}), &json!({}));
    assert_eq!(pair.amount(ANNA, "wood"), 0);
    assert_eq!(pair.act(ANNA, 1, ("gather", 0), &gather(oak, 1)), 0);
    let wood = pair.amount(ANNA, "wood");
    assert!(wood > 0);
    // Hands are at work for a while.
    pair.pass(6_000);
    let dropped = DropArgs { item: "wood".into(), amount: 1 };
    assert_eq!(pair.act(ANNA, 2, ("drop", 0), &dropped), 0);
    assert_eq!(pair.amount(ANNA, "wood"), wood - 1);
    pair.pass(500);
    let (annas, boriss) = (pair.screens[ANNA].things.traces(), pair.screens[BORIS].things.traces());
    assert_eq!(annas, boriss);
    assert_eq!(annas.len(), 2, "what is missing of the oak, and a pile: {annas:?}");
    // Boris picks it up, and both see it go.
    let (at, pile) = annas.iter().find(|(_, trace)| trace.name == "wood").expect("the pile");
    let pick =
        PickUpArgs { at: TraceArgs { cx: at.0.cx, cy: at.0.cy, trace: pile.id }, item: "wood".into(), amount: 1 };
    assert_eq!(pair.act(BORIS, 1, ("pick-up", 0), &pick), 0);
    pair.pass(500);
    assert_eq!(pair.amount(BORIS, "wood"), 1);
    for client in [ANNA, BORIS] {
        assert_eq!(pair.screens[client].things.traces().len(), 1, "client {client}");
    }
    // The pile is not there any more: the picture was stale.
    assert_eq!(pair.act(ANNA, 3, ("pick-up", 0), &pick), Code::NothingThere as u16);
}

#[test]
fn who_comes_later_is_told_all_of_it() {
    let (mut pair, oak) = neighbours(&json!({}), &json!({}));
    assert_eq!(pair.act(ANNA, 1, ("gather", 0), &gather(oak, 1)), 0);
    settle(&pair, "clara", oak.2, &json!({}));
    pair.join(3, "clara");
    pair.pass(1_000);
    assert_eq!(pair.screens[3].things.traces(), pair.screens[ANNA].things.traces());
    assert_eq!(pair.screens[3].things.traces().len(), 1);
}

#[test]
fn news_that_was_lost_is_made_good_by_reading() {
    let (mut pair, oak) = neighbours(&json!({}), &json!({}));
    // The first node does not know yet that the second sees anything: nothing is told to it.
    let node = pair.nodes[0].as_mut().unwrap();
    node.peers.unbind(node.now, incarnation(1));
    let args = gather(oak, 1);
    pair.ask(ANNA, 1, &deed("gather", 0, &args));
    assert!(pair.screens[BORIS].things.traces().is_empty());
    pair.pass(2 * PAGE_EARLY_MS + 500);
    assert_eq!(pair.screens[BORIS].things.traces().len(), 1);
}

#[test]
fn a_repeated_request_is_done_once_and_answered_alike_on_any_node() {
    let (mut pair, oak) = neighbours(&json!({}), &json!({}));
    let args = gather(oak, 1);
    assert_eq!(pair.act(ANNA, 1, ("gather", 0), &args), 0);
    let (first, wood) = (pair.screens[ANNA].things.replies[0].1.clone(), pair.amount(ANNA, "wood"));
    assert_eq!(first.gained, [Heap { item: "wood".into(), amount: wood }]);
    assert_eq!(pair.act(ANNA, 1, ("gather", 0), &args), 0);
    assert_eq!(pair.screens[ANNA].things.replies[0].1, first);
    // The same account comes in on the other node and asks once more.
    pair.join(3, "anna");
    pair.pass(500);
    assert_eq!(pair.act(3, 1, ("gather", 0), &args), 0);
    assert_eq!(pair.screens[3].things.replies[0].1, first);
    assert_eq!(pair.amount(3, "wood"), wood);
    assert_eq!(pair.act(3, 1, ("gather", 0), &gather(oak, 2)), Code::IdReused as u16);
}

#[test]
fn what_the_rules_refuse_has_a_code_of_its_own_and_changes_nothing() {
    let (mut pair, oak) = neighbours(&json!({ "wood": 3 }), &json!({}));
    let boris = entity_of("boris").0;
    let before = (pair.stored("anna")["bag"].clone(), pair.stored("boris")["bag"].clone());
    let far = (Chunk::new(oak.0.cx, oak.0.cy + 3), oak.1, oak.2);
    let give = |item: &str, amount| GiveArgs { to: boris, item: item.into(), amount };
    let stale = TraceArgs { cx: oak.0.cx, cy: oak.0.cy, trace: 99 };
    let table: Vec<(Code, ToServer)> = vec![
        (Code::UnknownDeed, deed("conjure", 0, &0_u8)),
        (Code::BadMessage, deed("gather", 0, &0_u8)),
        (Code::UnknownItem, deed("give", boris, &give("moonstone", 1))),
        (Code::AmountInvalid, deed("give", boris, &give("wood", 0))),
        (Code::AmountInvalid, deed("give", boris, &give("wood", u32::MAX))),
        (Code::NotEnough, deed("give", boris, &give("wood", 4))),
        (Code::PartnerAway, deed("give", 0, &give("wood", 1))),
        (Code::PartnerAway, deed("give", 12_345, &GiveArgs { to: 12_345, ..give("wood", 1) })),
        (
            Code::PartnerInvalid,
            deed("give", entity_of("anna").0, &GiveArgs { to: entity_of("anna").0, ..give("wood", 1) }),
        ),
        (Code::NothingThere, deed("gather", 0, &GatherArgs { prop: u16::MAX, ..gather(oak, 1) })),
        (Code::NothingThere, deed("pick-up", 0, &PickUpArgs { at: stale, item: "wood".into(), amount: 1 })),
        (Code::Exhausted, deed("gather", 0, &gather(oak, 1_000))),
    ];
    for (request, (code, message)) in (1..).zip(table) {
        pair.screens[ANNA].things.replies.clear();
        pair.ask(ANNA, request, &message);
        pair.pass(300);
        let replies = &pair.screens[ANNA].things.replies;
        assert_eq!(replies.len(), 1, "{message:?}");
        let reply = &replies[0].1;
        assert_eq!((reply.code, reply.meaning), (code as u16, code.meaning() as u8), "{message:?} is {code}");
    }
    let reply = pair.act(ANNA, 50, ("gather", 0), &gather(far, 1));
    assert!([Code::OutOfRange as u16, Code::NothingThere as u16].contains(&reply), "{reply}");
    assert_eq!((pair.stored("anna")["bag"].clone(), pair.stored("boris")["bag"].clone()), before);
    assert!(pair.screens[BORIS].things.traces().is_empty());
}

#[test]
fn a_trade_over_two_nodes_needs_a_consent_and_uses_it_up() {
    let (mut pair, _) = neighbours(&json!({ "wood": 4 }), &json!({ "stone": 2 }));
    let (anna, boris) = (entity_of("anna").0, entity_of("boris").0);
    let heap = |item: &str, amount| Heap { item: item.into(), amount };
    let terms = TradeArgs { with: boris, gives: vec![("wood".into(), 2)], takes: vec![("stone".into(), 1)] };
    assert_eq!(pair.act(ANNA, 1, ("trade", boris), &terms), Code::NoConsent as u16);
    let offer = Offer { to: boris, gives: vec![heap("wood", 2)], takes: vec![heap("stone", 1)] };
    pair.say(ANNA, &ToServer::Offer(offer));
    pair.pass(300);
    let offered = pair.screens[BORIS].things.offered[0].clone();
    assert_eq!(
        (offered.by, &offered.gives[..], &offered.takes[..]),
        (anna, &[heap("wood", 2)][..], &[heap("stone", 1)][..])
    );
    pair.say(BORIS, &ToServer::Agree(Agree { by: anna, number: offered.number }));
    pair.pass(300);
    assert_eq!(pair.screens[ANNA].things.agreed.len(), 1);
    // Better terms than agreed: no.
    let greedy = TradeArgs { takes: vec![("stone".into(), 2)], ..terms.clone() };
    assert_eq!(pair.act(ANNA, 2, ("trade", boris), &greedy), Code::NoConsent as u16);
    assert_eq!(pair.act(ANNA, 3, ("trade", boris), &terms), 0);
    assert_eq!((pair.amount(ANNA, "wood"), pair.amount(ANNA, "stone")), (2, 1));
    // His node was told, and has looked: far sooner than it would have by itself.
    const { assert!(2 * DEALT_LOOK_MS <= 500 && 500 < VERIFY_EVERY_MS) };
    assert_eq!((pair.amount(BORIS, "wood"), pair.amount(BORIS, "stone")), (2, 1));
    let his = pair.nodes[1].as_ref().unwrap();
    let upon = his.feed.acting_upon.get(&entity_of("boris")).expect("who deals with him is told at full rate");
    assert!(upon.contains_key(&entity_of("anna")));
    assert_eq!(pair.act(ANNA, 3, ("trade", boris), &terms), 0, "the same request again is the same trade");
    assert_eq!(pair.act(ANNA, 4, ("trade", boris), &terms), Code::NoConsent as u16, "another one is not");
    // Nobody agrees twice, nor to what was not offered.
    pair.screens[ANNA].things.agreed.clear();
    for number in [offered.number, offered.number + 1] {
        pair.say(BORIS, &ToServer::Agree(Agree { by: anna, number }));
    }
    pair.pass(300);
    assert!(pair.screens[ANNA].things.agreed.is_empty());
    let stored = (pair.stored("anna")["bag"].clone(), pair.stored("boris")["bag"].clone());
    assert_eq!(stored, (json!({ "wood": 2, "stone": 1 }), json!({ "wood": 2, "stone": 1 })));
}

#[test]
fn what_a_dead_coordinator_left_on_an_avatar_goes_by_itself() {
    let (mut pair, _) = neighbours(&json!({ "wood": 4 }), &json!({}));
    let boris = entity_of("boris").0;
    let args = GiveArgs { to: boris, item: "wood".into(), amount: 1 };
    // Anna's node dies the moment its commit is written: the intent on Boris stands.
    let mut request = None;
    let node = pair.nodes[0].as_mut().unwrap();
    let mut bytes = Vec::new();
    deed("give", boris, &args).encode(protocol::envelope::Context { request: 1, ..Default::default() }, &mut bytes);
    node.handle(pair.now, Input::Message { conn: ConnId(0), bytes });
    loop {
        while let Some(effect) = node.poll_effect() {
            if let crate::Effect::Store { op, request: asked } = effect {
                request = Some((op, asked));
            }
        }
        let Some((op, asked)) = request.take() else { break };
        let commits = matches!(&asked, Request::Replace { key, document, .. }
            if *key == avatar_key("anna") && document.fields().contains_key("open"));
        let reply = pair.store.apply(asked);
        if commits {
            break;
        }
        node.handle(pair.now, Input::Store { op, reply });
    }
    pair.nodes[0] = None;
    assert!(pair.stored("boris").get("intent").is_some(), "{}", pair.stored("boris"));
    pair.pass(8_000);
    assert!(pair.stored("boris").get("intent").is_none());
    assert_eq!(pair.amount(BORIS, "wood"), 1, "it was committed, so he has it");
}

#[test]
fn tables_that_are_read_anew_hold_from_the_next_deed_on() {
    let (mut pair, oak) = neighbours(&json!({}), &json!({}));
    let beside = gather(oak, 1);
    assert_eq!(pair.act(ANNA, 1, ("gather", 0), &beside), 0);
    let mut tables = deeds::tables::Tables::built_in();
    tables.props.clear();
    pair.handle(0, Input::Tables(tables.into()));
    assert_eq!(pair.act(ANNA, 2, ("gather", 0), &beside), Code::NothingThere as u16);
}
