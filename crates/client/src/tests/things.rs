//! Deeds, bags, pages and trades, and what becomes of them when nodes die or hand over.

use deeds::commands as server;
use protocol::Code;
use protocol::client::{ToClient, ToServer, Welcome};
use protocol::codec::to_bytes;
use protocol::handover::Invite;
use protocol::things::{Agree, Agreed, Bag, Deed, DeedReply, Guest, Heap, Offer, Offered, Page, Trace, TraceKind};
use protocol::tick::{Item, Lane};
use world::{Chunk, EntityId, Position};

use super::server::*;
use crate::deed::{self, At};
use crate::{Beside, ClientInput, Event, Lost, Observe, Outcome, Performed, Receipt, State};

const AT: At = At { chunk: Chunk::new(2, -3), trace: 0x0100_0007 };
const OTHER: EntityId = EntityId(8);

fn heap(item: &str, amount: u32) -> Heap {
    Heap { item: item.into(), amount }
}

/// Deeds that the client said, by their ids and first arguments.
fn deeds(pair: &mut Pair) -> Vec<(u32, Deed)> {
    let only = |(context, message): (protocol::envelope::Context, ToServer)| match message {
        ToServer::Deed(deed) => Some((context.request, deed)),
        _ => None,
    };
    pair.said().into_iter().filter_map(only).collect()
}

fn answer(pair: &mut Pair, request: u32, code: Option<Code>, gained: &[Heap]) {
    let (code, meaning) = code.map_or((0, 0), |c| (c as u16, c.meaning() as u8));
    let reply = DeedReply { code, meaning, gained: gained.to_vec(), ..DeedReply::default() };
    pair.say_of(request, &ToClient::DeedReply(reply));
}

/// What was heard of deeds since the last call: id, whether anybody waited, outcome, how much was gained.
fn performed(pair: &mut Pair) -> Vec<(u32, bool, Outcome, u32)> {
    let short = |p: &Performed| {
        let gained = p.receipt.gained.iter().map(|heap| heap.amount).sum();
        (p.request, p.deed.is_some(), p.outcome, gained)
    };
    let only = |event: &Event| if let Event::Performed(p) = event { Some(short(p)) } else { None };
    std::mem::take(&mut pair.events).iter().filter_map(only).collect()
}

#[test]
fn the_bytes_of_a_deed_are_those_of_the_commands_struct() {
    let at = server::TraceArgs { cx: 2, cy: -3, trace: AT.trace };
    let (item, amount) = ("wood", 3);
    let offer = Offer { to: 8, gives: vec![heap("wood", 2)], takes: vec![heap("stone", 1), heap("rope", 4)] };
    let pairs = |heaps: &[Heap]| heaps.iter().map(|h| (h.item.as_str().into(), h.amount)).collect();
    let trade = server::TradeArgs { with: 8, gives: pairs(&offer.gives), takes: pairs(&offer.takes) };
    let chest = server::ChestArgs { at, item: item.into(), amount };
    let craft = |at| to_bytes(&server::CraftArgs { recipe: "rope".into(), times: 2, at });
    let chunks = [Chunk::new(2, -3), Chunk::new(2, -2)];
    let table: Vec<(Deed, &str, u64, Vec<u8>)> = vec![
        (deed::gather(AT.chunk, 9, 4), "gather", 0, to_bytes(&server::GatherArgs { cx: 2, cy: -3, prop: 9, units: 4 })),
        (deed::drop(item, amount), "drop", 0, to_bytes(&server::DropArgs { item: item.into(), amount })),
        (
            deed::pick_up(AT, item, amount),
            "pick-up",
            0,
            to_bytes(&server::PickUpArgs { at, item: item.into(), amount }),
        ),
        (deed::craft("rope", 2, None), "craft", 0, craft(None)),
        (deed::craft("rope", 2, Some(AT)), "craft", 0, craft(Some(at))),
        (
            deed::build("chest", Position::new(-5, 7)),
            "build",
            0,
            to_bytes(&server::BuildArgs { building: "chest".into(), x: -5, y: 7 }),
        ),
        (deed::dismantle(AT), "dismantle", 0, to_bytes(&at)),
        (deed::put_in(AT, item, amount), "put-in", 0, to_bytes(&chest)),
        (deed::take_out(AT, item, amount), "take-out", 0, to_bytes(&chest)),
        (deed::give(OTHER, item, amount), "give", 8, to_bytes(&server::GiveArgs { to: 8, item: item.into(), amount })),
        (deed::trade(&offer), "trade", 8, to_bytes(&trade)),
        (deed::eat(item, amount), "eat", 0, to_bytes(&server::EatArgs { item: item.into(), amount })),
        (deed::claim(&chunks), "claim", 0, to_bytes(&server::ClaimArgs { chunks: vec![(2, -3), (2, -2)] })),
        (
            deed::share("4d-1", OTHER, 2),
            "share",
            0,
            to_bytes(&server::ShareArgs { land: "4d-1".into(), with: 8, role: 2 }),
        ),
        (deed::upkeep("4d-1", 3), "upkeep", 0, to_bytes(&server::UpkeepArgs { land: "4d-1".into(), periods: 3 })),
        (deed::abandon("4d-1"), "abandon", 0, to_bytes(&server::LandArgs { land: "4d-1".into() })),
    ];
    let mut golden = Vec::new();
    for (deed, name, partner, args) in table {
        let hex: String = args.iter().map(|byte| format!("{byte:02x}")).collect();
        golden.push(format!("{name} {partner} {hex}"));
        assert_eq!((deed.deed.as_str(), deed.partner, deed.args), (name, partner, args), "{name}");
    }
    // The Python client's tests hold it to the same lines.
    let pinned: Vec<&str> = include_str!("../../golden/deeds.txt").lines().collect();
    assert_eq!(pinned, golden);
}

#[test]
fn a_deed_survives_the_node_under_its_id_and_brings_its_receipt() {
    let mut pair = Pair::playing();
    let (first, second) = (deed::gather(HOME, 1, 2), deed::drop("wood", 1));
    pair.handle(ClientInput::Deed(&first));
    pair.handle(ClientInput::Deed(&second));
    assert_eq!(deeds(&mut pair), [(5, first.clone()), (6, second.clone())]);
    let reply =
        DeedReply { gained: vec![heap("wood", 4)], lost: vec![heap("axe", 1)], made: vec![7], ..DeedReply::default() };
    pair.say_of(5, &ToClient::DeedReply(reply));
    let receipt = Receipt { gained: vec![heap("wood", 4)], lost: vec![heap("axe", 1)], made: vec![7] };
    let done = Performed { request: 5, deed: Some(first), outcome: Outcome::Done, receipt };
    assert_eq!(pair.events.last(), Some(&Event::Performed(Box::new(done))));
    pair.handle(ClientInput::Disconnected);
    pair.pass(500);
    pair.enter();
    assert_eq!(deeds(&mut pair), [(6, second)], "what was answered is not said again");
    performed(&mut pair);
    answer(&mut pair, 6, Some(Code::Stale), &[]);
    let refused = Outcome::Refused { code: Code::Stale as u16, resync: true };
    assert_eq!(performed(&mut pair), [(6, true, refused, 0)]);
}

#[test]
fn busy_hands_are_asked_again_under_the_same_id() {
    let mut pair = Pair::playing();
    let deed = deed::gather(HOME, 1, 2);
    pair.handle(ClientInput::Deed(&deed));
    deeds(&mut pair);
    answer(&mut pair, 5, Some(Code::Busy), &[]);
    assert_eq!(deeds(&mut pair), []);
    pair.play(600);
    assert_eq!(deeds(&mut pair), [(5, deed)]);
    answer(&mut pair, 5, None, &[heap("wood", 2)]);
    // The same answer once more is nobody's.
    answer(&mut pair, 5, None, &[heap("wood", 2)]);
    assert_eq!(performed(&mut pair), [(5, true, Outcome::Done, 2), (5, false, Outcome::Done, 2)]);
}

#[test]
fn a_plain_reply_answers_a_deed_too() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Deed(&deed::drop("wood", 1)));
    pair.reply(5, Some(Code::BadMessage), 0);
    let refused = Outcome::Refused { code: Code::BadMessage as u16, resync: false };
    assert_eq!(performed(&mut pair), [(5, true, refused, 0)]);
    assert_eq!(pair.client.requests().unanswered(), 0);
}

#[test]
fn deeds_beyond_what_may_wait_are_not_sent() {
    let mut pair = Pair::playing();
    (0..100).for_each(|n| pair.handle(ClientInput::Deed(&deed::eat("berry", n))));
    let unsent = performed(&mut pair);
    assert_eq!(unsent.len(), 100 - pair.client.requests().unanswered());
    assert!(unsent.iter().all(|(id, waited, outcome, _)| (*id, *waited, *outcome) == (0, true, Outcome::NotSent)));
    pair.handle(ClientInput::Leave);
    pair.handle(ClientInput::Deed(&deed::eat("berry", 1)));
    assert_eq!(performed(&mut pair), [(0, true, Outcome::NotSent, 0)]);
}

#[test]
fn an_id_of_ones_own_choosing_is_said_once_and_never_given_out_again() {
    let mut pair = Pair::playing();
    let (old, new) = (deed::eat("berry", 1), deed::eat("stew", 1));
    pair.handle(ClientInput::DeedAs { request: 9, deed: &old });
    pair.handle(ClientInput::Deed(&new));
    assert_eq!(deeds(&mut pair), [(9, old.clone()), (10, new.clone())]);
    answer(&mut pair, 9, Some(Code::StoreUnavailable), &[]);
    pair.play(3_000);
    assert_eq!(deeds(&mut pair), [], "nobody repeats it");
    let refused = Outcome::Refused { code: Code::StoreUnavailable as u16, resync: false };
    assert_eq!(performed(&mut pair), [(9, false, refused, 0)]);
    pair.handle(ClientInput::Disconnected);
    pair.handle(ClientInput::DeedAs { request: 9, deed: &old });
    assert_eq!(performed(&mut pair), [(9, false, Outcome::NotSent, 0)]);
    pair.pass(500);
    pair.enter();
    assert_eq!(deeds(&mut pair), [(10, new)]);
}

#[test]
fn who_wants_to_be_elsewhere_comes_back_at_another_address() {
    let mut pair = Pair::playing();
    let deed = deed::eat("berry", 1);
    pair.handle(ClientInput::Deed(&deed));
    pair.handle(ClientInput::Elsewhere);
    assert!(matches!(pair.events.last(), Some(Event::Reconnecting { lost: Lost::Wanted, .. })));
    assert_eq!(pair.disconnects, 1);
    deeds(&mut pair);
    pair.pass(500);
    assert_eq!(pair.connects, ["a:1", "c:3"]);
    pair.enter();
    assert_eq!(deeds(&mut pair), [(5, deed)]);
    let mut idle = Pair::new();
    idle.handle(ClientInput::Elsewhere);
    assert_eq!((idle.connects.len(), idle.client.state()), (1, State::Connecting));
}

fn bag(rev: u64, amount: u32) -> ToClient<'static> {
    ToClient::Bag(Bag { rev, items: vec![heap("wood", amount)], ..Bag::default() })
}

#[test]
fn of_two_bags_the_one_with_the_higher_revision_is_kept() {
    let held = |pair: &Pair| pair.client.bag().map(|bag| (bag.rev, bag.items[0].amount));
    let mut pair = Pair::playing();
    assert_eq!(held(&pair), None);
    for (rev, amount, expected) in [(7, 1, (7, 1)), (9, 2, (9, 2)), (8, 3, (9, 2)), (9, 4, (9, 2))] {
        pair.say(&bag(rev, amount));
        assert_eq!(held(&pair), Some(expected));
    }
    assert_eq!(pair.events.iter().filter(|e| **e == Event::BagChanged).count(), 2);
    // It outlives the session; the first bag of the next one is as of its beginning and later than all before.
    pair.handle(ClientInput::Disconnected);
    pair.pass(500);
    pair.enter();
    assert_eq!(held(&pair), Some((9, 2)));
    pair.say(&bag(3, 5));
    assert_eq!(held(&pair), Some((3, 5)));
    pair.say(&bag(2, 6));
    assert_eq!(held(&pair), Some((3, 5)));
}

fn pile(id: u32, amount: u32) -> Trace {
    Trace { id, kind: TraceKind::Pile as u8, name: "wood".into(), amount, ..Trace::default() }
}

fn page(chunk: Chunk, cell: u8, whole: bool, rev: u64, traces: &[Trace]) -> ToClient<'static> {
    let Chunk { cx, cy } = chunk;
    let traces = traces.to_vec();
    ToClient::Page(Page { island: 1, cx, cy, cell, whole: u8::from(whole), rev, traces, ..Page::default() })
}

/// The traces of the home chunk: id and amount.
fn traces(pair: &Pair) -> Vec<(u32, u32)> {
    let pages = pair.client.picture().expect("it keeps a picture").pages();
    pages.traces(HOME).map(|trace| (trace.id, trace.amount)).collect()
}

const CELL: u32 = 3 << 24;

#[test]
fn a_whole_page_replaces_its_cell_and_changes_change_it() {
    let gone = |id| Trace { id, ..Trace::default() };
    let mut pair = Pair::playing();
    let steps: [(ToClient<'_>, &[(u32, u32)]); 7] = [
        (page(HOME, 0, true, 10, &[pile(1, 1), pile(2, 2)]), &[(1, 1), (2, 2)]),
        (page(HOME, 3, true, 4, &[pile(CELL, 5)]), &[(1, 1), (2, 2), (CELL, 5)]),
        (page(HOME, 0, false, 11, &[pile(3, 3), gone(1), pile(2, 8)]), &[(2, 8), (3, 3), (CELL, 5)]),
        (page(HOME, 0, false, 10, &[gone(2)]), &[(2, 8), (3, 3), (CELL, 5)]),
        (page(HOME, 0, false, 11, &[gone(3)]), &[(2, 8), (CELL, 5)]),
        (page(HOME, 3, true, 3, &[]), &[(2, 8)]),
        (page(HOME, 0, true, 2, &[pile(9, 9)]), &[(9, 9)]),
    ];
    for (said, expected) in steps {
        pair.say(&said);
        assert_eq!(traces(&pair), expected, "{said:?}");
    }
    let pages = pair.client.picture().unwrap().pages();
    assert_eq!((pages.len(), pages.rev(HOME, 0), pages.rev(HOME, 3), pages.rev(HOME, 4)), (1, Some(2), Some(3), None));
    assert_eq!(pages.trace(HOME, 9).map(|trace| trace.amount), Some(9));
    assert_eq!((pair.client.counts().pages, pair.client.counts().stale), (7, 1));
    let changes = pair.events.iter().filter(|e| **e == Event::PageChanged { chunk: HOME }).count();
    assert_eq!(changes, 6);
}

#[test]
fn whose_land_it_is_comes_with_the_page() {
    let mut pair = Pair::playing();
    let guests = vec![Guest { entity: 8, role: 2 }];
    let land = Page { land: "4d-1".into(), owner: 7, kept_until_ms: 99, guests, ..Page::default() };
    let mut say = |page: Page| {
        let page = Page { island: 1, cx: HOME.cx, cy: HOME.cy, ..page };
        pair.say(&ToClient::Page(page));
        pair.client.picture().unwrap().pages().land(HOME).cloned()
    };
    let held = say(Page { whole: 1, rev: 1, ..land }).expect("it is somebody's");
    assert_eq!((held.name.as_str(), held.owner, held.kept_until_ms), ("4d-1", ME, 99));
    assert_eq!(held.guests.get(&OTHER), Some(&2));
    assert_eq!(say(Page { rev: 2, ..Page::default() }), None, "it was given up");
}

#[test]
fn pages_go_with_their_chunk_with_a_reset_and_with_the_session() {
    type End = (&'static str, fn(&mut Pair));
    let ends: [End; 4] = [
        ("out of view", |pair| pair.tick(&[Owned::Plain(Item::Unseen { chunk: HOME })])),
        ("reset", |pair| pair.tick(&[Owned::Plain(Item::Reset), seen(HOME), key(1, HOME, Lane::Near, &[me(0)])])),
        ("another session", |pair| {
            pair.handle(ClientInput::Disconnected);
            pair.pass(500);
            pair.enter();
        }),
        ("another island", |pair| {
            pair.tick(&[Owned::Plain(Item::Unseen { chunk: HOME })]);
            let page = Page { island: 2, cx: HOME.cx, cy: HOME.cy, whole: 1, ..Page::default() };
            pair.say(&ToClient::Page(Page { traces: vec![pile(1, 1)], ..page }));
        }),
    ];
    for (what, end) in ends {
        let mut pair = Pair::playing();
        pair.say(&page(HOME, 0, true, 10, &[pile(1, 1)]));
        pair.say(&page(HOME, 3, true, 10, &[pile(CELL, 1)]));
        assert_eq!(traces(&pair).len(), 2);
        end(&mut pair);
        let pages = pair.client.picture().unwrap().pages();
        assert!(pages.is_empty() && pages.chunks().count() == 0, "{what}");
    }
}

#[test]
fn a_page_may_come_just_before_its_chunk_but_not_stay_without_it() {
    let next = Chunk::new(3, 2);
    for comes in [true, false] {
        let mut pair = Pair::playing();
        pair.say(&page(next, 0, true, 10, &[pile(1, 1)]));
        if comes {
            pair.tick(&[seen(next), key(2, next, Lane::Near, &[])]);
        }
        pair.play(3_000);
        assert_eq!(pair.client.picture().unwrap().pages().len(), usize::from(comes));
    }
}

#[test]
fn traces_that_make_no_sense_cost_the_connection_only() {
    let strange = Trace { kind: 9, ..pile(1, 1) };
    for traces in [[pile(CELL, 1)], [strange]] {
        let mut pair = Pair::playing();
        pair.say(&page(HOME, 0, true, 1, &traces));
        assert!(matches!(pair.events.last(), Some(Event::Reconnecting { lost: Lost::Garbage(_), .. })));
    }
    let mut blind = Pair::with(|config| config.observe = Observe::Headers);
    blind.enter();
    blind.say(&page(HOME, 0, true, 1, &[pile(1, 1)]));
    assert_eq!((blind.client.state(), blind.client.counts().pages), (State::Playing, 0));
}

fn offer() -> Offer {
    Offer { to: OTHER.0, gives: vec![heap("wood", 2)], takes: vec![heap("stone", 1)] }
}

#[test]
fn an_agreement_names_the_offer_that_it_is_to() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Offer(&offer()));
    assert!(matches!(&pair.said()[..], [(context, ToServer::Offer(o))] if *o == offer() && context.request == 0));
    let Offer { gives, takes, .. } = offer();
    pair.say(&ToClient::Agreed(Agreed { by: OTHER.0, gives: gives.clone(), takes: takes.clone() }));
    assert_eq!(pair.events.last(), Some(&Event::Agreed { by: OTHER, offer: Box::new(offer()) }));
    // The other side.
    let offered = Offered { by: 8, number: 12, gives, takes };
    pair.say(&ToClient::Offered(offered.clone()));
    assert_eq!(pair.events.last(), Some(&Event::Offered(Box::new(offered))));
    pair.handle(ClientInput::Agree(Agree { by: 8, number: 12 }));
    assert!(matches!(&pair.said()[..], [(_, ToServer::Agree(Agree { by: 8, number: 12 }))]));
}

#[test]
fn offers_are_not_kept_for_another_session() {
    let mut pair = Pair::playing();
    pair.handle(ClientInput::Offer(&offer()));
    pair.handle(ClientInput::Disconnected);
    pair.handle(ClientInput::Offer(&offer()));
    pair.handle(ClientInput::Agree(Agree { by: 8, number: 12 }));
    pair.said();
    pair.pass(500);
    pair.enter();
    assert!(!pair.said().iter().any(|(_, m)| matches!(m, ToServer::Offer(_) | ToServer::Agree(_))));
}

#[test]
fn deeds_offers_bags_and_pages_go_over_with_a_handover() {
    let mut pair = Pair::playing();
    pair.say(&bag(7, 1));
    pair.say(&page(HOME, 0, true, 10, &[pile(1, 1)]));
    pair.say(&ToClient::Invite(Invite { handover: 9, address: "z:9".into(), token: vec![1], within_ms: 6_000 }));
    pair.handle(ClientInput::Beside(Beside::Connected));
    let unanswered = deed::eat("berry", 1);
    pair.handle(ClientInput::Deed(&unanswered));
    pair.say_beside(0, &ToClient::Ready);
    pair.said();
    let held = deed::eat("stew", 1);
    pair.handle(ClientInput::Deed(&held));
    pair.handle(ClientInput::Offer(&offer()));
    pair.handle(ClientInput::DeedAs { request: 5, deed: &held });
    pair.play(200);
    assert_eq!(pair.said(), [], "it is frozen");
    // The first connection still answers, and its word still counts.
    pair.say(&bag(8, 2));
    let welcome = Welcome { node: 12, next_request: 6, ..pair.welcome() };
    pair.say_beside(4, &ToClient::Welcome(welcome));
    let said = pair.said();
    assert!(said.iter().any(|(_, m)| matches!(m, ToServer::Offer(_))));
    let again: Vec<(u32, &str)> = said
        .iter()
        .filter_map(
            |(context, m)| if let ToServer::Deed(d) = m { Some((context.request, d.deed.as_str())) } else { None },
        )
        .collect();
    assert_eq!(again, [(5, "eat"), (6, "eat")]);
    // What comes behind the welcome on the second connection is the session's.
    pair.say(&bag(9, 3));
    assert_eq!((traces(&pair), pair.client.bag().map(|b| b.rev)), (vec![(1, 1)], Some(9)));
    pair.tick(&[Owned::Plain(Item::Reset), seen(HOME), key(1, HOME, Lane::Near, &[me(1)])]);
    pair.say(&page(HOME, 0, true, 12, &[pile(1, 4)]));
    assert_eq!(traces(&pair), [(1, 4)]);
    answer(&mut pair, 5, None, &[]);
    answer(&mut pair, 6, None, &[]);
    let done = performed(&mut pair);
    assert_eq!(done, [(5, false, Outcome::NotSent, 0), (5, true, Outcome::Done, 0), (6, true, Outcome::Done, 0)]);
}
