//! Ada and Bob, their documents, and what they were told.
//!
//! Ada gathered 6 wood (1), dropped 1 (2), gave 2 to Bob (3) and traded 1 wood for 2 berries (4). Bob gathered 5 berries
//! (1), ate 1 (2) and built a fireplace of 1 wood (3), in which he put 1 berry (4). Pages hold what lies about.

use std::collections::BTreeMap;

use deeds::commands::TraceArgs;
use deeds::tables::ItemId;
use deeds::{Belongings, Built, KeptReceipt, Page, Pile, Tally, Trace, TraceId, avatar_key};
use ledger::{Findings, Ledger, Receipt};
use serde_json::json;
use store::codec::encode;
use store::dump::{DUMP_FORMAT, Line};
use store::record::{Change, Intent, Open};
use store::window::{Remembered, Window};
use store::{Body, Holder, Key, Record, Txn};
use world::{Epoch, Millis};

pub const ADA: u64 = 7;
pub const BOB: u64 = 8;

type Stacks<'a> = &'a [(&'a str, u32)];

/// All that the ledger is shown.
pub struct World {
    pub receipts: Vec<Receipt>,
    pub records: BTreeMap<Key, Record>,
    pub whole: bool,
}

fn stacks(of: Stacks<'_>) -> Vec<(String, u32)> {
    of.iter().map(|(item, amount)| ((*item).to_owned(), *amount)).collect()
}

fn receipt(who: (&str, u64), request: u32, deed: &str, gained: Stacks<'_>, lost: Stacks<'_>) -> Receipt {
    let (account, entity) = (who.0.to_owned(), who.1);
    let (gained, lost) = (stacks(gained), stacks(lost));
    Receipt { account, entity, request, deed: deed.to_owned(), code: Some(0), gained, lost, ..Receipt::default() }
}

fn book(of: Stacks<'_>) -> BTreeMap<ItemId, u64> {
    of.iter().map(|(item, amount)| ((*item).into(), u64::from(*amount))).collect()
}

/// What an avatar has, and what it made and used up.
pub fn own(bag: Stacks<'_>, made: Stacks<'_>, gone: Stacks<'_>) -> Belongings {
    let mut own = Belongings { tally: Tally { made: book(made), gone: book(gone) }, ..Belongings::default() };
    bag.iter().for_each(|(item, amount)| own.bag.pour(&(*item).into(), *amount));
    own
}

pub fn body<T: serde::Serialize>(value: &T) -> Body {
    Body::new(1, value).expect("it is an object")
}

fn remembered(receipt: &Receipt) -> Remembered {
    let ids = |of: &[(String, u32)]| of.iter().map(|(item, n)| (ItemId(item.clone()), *n)).collect();
    let kept = KeptReceipt { gained: ids(&receipt.gained), lost: ids(&receipt.lost), trace: None };
    let reply = serde_json::to_value(kept).expect("it has a JSON form");
    Remembered { request: receipt.request, content: 1, code: 0, reply, others: Default::default() }
}

/// An avatar that remembers its newest two deeds.
fn avatar(own: &Belongings, told: &[Receipt], account: &str) -> Record {
    let mine: Vec<Remembered> = told.iter().filter(|r| r.account == account).map(remembered).collect();
    let forgotten = mine[mine.len() - 3].request;
    let window =
        Window { next_request: mine[mine.len() - 1].request + 1, replies: mine[mine.len() - 2..].to_vec(), forgotten };
    Record { epoch: Epoch(2), seq: 9, rev: 9, window, holder: Holder::new(account), ..Record::of_body(body(own)) }
}

pub fn ada() -> Key {
    avatar_key("ada")
}

pub fn bob() -> Key {
    avatar_key("bob")
}

pub fn page() -> Key {
    Key::new("page", "1/2_3")
}

pub fn txn() -> Txn {
    Txn { holder: Holder::new("ada"), number: 4 }
}

impl World {
    /// All is well. Ada's trade has committed, and nobody has carried it out in Bob's document yet.
    pub fn new() -> Self {
        let (a, b) = (("ada", ADA), ("bob", BOB));
        let give = Receipt { partner: BOB, ..receipt(a, 3, "give", &[], &[("wood", 2)]) };
        let trade = Receipt { partner: BOB, ..receipt(a, 4, "trade", &[("berry", 2)], &[("wood", 1)]) };
        let refused = Receipt { code: Some(57), ..receipt(b, 5, "gather", &[], &[]) };
        let receipts = vec![
            receipt(a, 1, "gather", &[("wood", 6)], &[]),
            receipt(a, 2, "drop", &[], &[("wood", 1)]),
            give,
            trade,
            receipt(b, 1, "gather", &[("berry", 5)], &[]),
            receipt(b, 2, "eat", &[], &[("berry", 1)]),
            receipt(b, 3, "build", &[], &[("wood", 1)]),
            receipt(b, 4, "put-in", &[], &[("berry", 1)]),
        ];
        let before = own(&[("wood", 1), ("berry", 3)], &[("berry", 5)], &[("berry", 1), ("wood", 1)]);
        let after = own(&[("wood", 2), ("berry", 1)], &[("berry", 5)], &[("berry", 1), ("wood", 1)]);
        let mut of_ada = avatar(&own(&[("wood", 2), ("berry", 2)], &[("wood", 6)], &[]), &receipts, "ada");
        of_ada.open = vec![Open { txn: txn(), keys: vec![bob()], others: Default::default() }];
        let mut of_bob = avatar(&before, &receipts, "bob");
        of_bob.intent = Some(intent(Change::Put { body: body(&after), rev: 10 }));
        let records = BTreeMap::from([
            (ada(), of_ada),
            (bob(), of_bob),
            (page(), Record::of_body(body(&traces(1, 1)))),
            (Key::new("place", "7"), Record::of_body(Body::new(1, &json!({ "x": 1 })).expect("an object"))),
        ]);
        let receipts = receipts.into_iter().chain([refused]).collect();
        Self { receipts, records, whole: true }
    }

    /// Changes the belongings of somebody.
    pub fn change(&mut self, key: &Key, change: impl FnOnce(&mut Belongings)) {
        let record = self.records.get_mut(key).expect("it is there");
        let mut own: Belongings = record.body.as_ref().expect("a body").read(1).expect("readable");
        change(&mut own);
        record.body = Some(body(&own));
    }

    pub fn record(&mut self, key: &Key) -> &mut Record {
        self.records.get_mut(key).expect("it is there")
    }

    pub fn check(&self) -> Findings {
        let mut ledger = Ledger::default();
        self.receipts.iter().for_each(|receipt| ledger.receipt(&receipt.to_text()));
        ledger.document(&Line::Begin { tombolo_store: DUMP_FORMAT }.to_text());
        for (key, record) in &self.records {
            let document = encode(record).expect("it has a JSON form");
            ledger.document(&Line::Document { key: key.clone(), version: 1, document }.to_text());
        }
        if self.whole {
            ledger.document(&Line::End { end: self.records.len() as u64 }.to_text());
        }
        ledger.check()
    }
}

pub fn intent(change: Change) -> Intent {
    let (age, deadline) = (Millis(1), Millis(2));
    Intent { txn: txn(), actor: ada(), seq: 8, age, deadline, change, others: Default::default() }
}

/// A page with so much wood in a pile and so many berries in a fireplace.
pub fn traces(wood: u32, berries: u32) -> Page {
    let (x, y, until_ms) = (1, 2, 3);
    let pile = Trace::Pile(Pile { x, y, item: "wood".into(), amount: wood, until_ms });
    let mut built = Built { kind: "fireplace".into(), x, y, owner: BOB, until_ms, bag: Default::default() };
    built.bag.pour(&"berry".into(), berries);
    let traces = BTreeMap::from([(TraceId(0), pile), (TraceId(1), Trace::Built(built))]);
    Page { traces, next: TraceArgs { cx: 0, cy: 0, trace: 2 }.trace, ..Page::default() }
}
