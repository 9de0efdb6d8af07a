//! What the documents of a dump say: what each avatar has and remembers, what lies about, and what the books say.
//!
//! An intent whose transaction committed counts as carried out, as anybody who came by would do. Any other intent counts
//! for nothing.

use std::collections::BTreeMap;

use deeds::{AVATAR_KIND, Belongings, KeptReceipt, PAGE_KIND, Page, Tally, Trace};
use serde::de::DeserializeOwned;
use store::codec::{Upcasters, decode};
use store::dump::Line;
use store::record::{Change, Intent};
use store::window::Remembered;
use store::{Body, Document, Key, Record};

use crate::receipt::Flow;

/// The newest schema of bodies that is read.
const SCHEMA: u32 = 1;

/// The documents.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    records: BTreeMap<Key, Record>,
    /// What could not be read, and why.
    pub(crate) unreadable: Vec<String>,
    ended: bool,
}

/// What the document of an avatar says.
#[derive(Debug, Default)]
pub(crate) struct Avatar {
    pub(crate) bag: Flow,
    pub(crate) made: Flow,
    pub(crate) gone: Flow,
    /// The greatest id that has left the window.
    pub(crate) forgotten: u32,
    /// What the window remembers, in its order: the id, whether it was done, and what was told.
    pub(crate) window: Vec<(u32, bool, KeptReceipt)>,
}

impl Evidence {
    /// Takes in a line of a dump.
    pub(crate) fn take(&mut self, line: &str) {
        match Line::parse(line) {
            Ok(Line::Begin { .. }) => {}
            Ok(Line::End { .. }) => self.ended = true,
            Ok(Line::Document { key, document, .. }) => self.document(key, document),
            Ok(Line::Damaged { key, damaged }) => self.unreadable.push(format!("{key}: {damaged}")),
            Err(why) => self.unreadable.push(why),
        }
    }

    /// A dump that was cut off proves nothing.
    pub(crate) fn is_whole(&self) -> bool {
        self.ended
    }

    fn document(&mut self, key: Key, document: Document) {
        match decode(&Upcasters::default(), &key, document) {
            Ok(record) => drop(self.records.insert(key, record)),
            Err(why) => self.unreadable.push(format!("{key}: {why}")),
        }
    }

    /// The body of a document as it is once all that committed is carried out.
    fn body<'a>(&'a self, record: &'a Record) -> Option<&'a Body> {
        match &record.intent {
            Some(Intent { txn, actor, change: Change::Put { body, .. }, .. }) if self.committed(actor, txn) => {
                Some(body)
            }
            Some(Intent { txn, actor, change: Change::Delete { .. }, .. }) if self.committed(actor, txn) => None,
            Some(_) | None => record.body.as_ref(),
        }
    }

    fn committed(&self, actor: &Key, txn: &store::Txn) -> bool {
        self.records.get(actor).is_some_and(|record| record.has_open(txn))
    }

    /// All bodies of a kind, by what stands behind the kind in their keys.
    fn all<T: DeserializeOwned>(&self, kind: &str, mut found: impl FnMut(&str, &Record, T)) -> Vec<String> {
        let mut unreadable = Vec::new();
        for (key, record) in self.records.iter().filter(|(key, _)| key.kind() == kind) {
            match self.body(record).map(|body| body.read::<T>(SCHEMA)) {
                Some(Ok(body)) => found(key.as_str().split_once('/').map_or("", |(_, id)| id), record, body),
                Some(Err(why)) => unreadable.push(format!("{key}: {why}")),
                None => {}
            }
        }
        unreadable
    }

    /// The avatars by account.
    pub(crate) fn avatars(&mut self) -> BTreeMap<String, Avatar> {
        let mut avatars = BTreeMap::new();
        let unreadable = self.all(AVATAR_KIND, |account, record, own: Belongings| {
            let told = |reply: &Remembered| {
                let kept: KeptReceipt = serde_json::from_value(reply.reply.clone()).unwrap_or_default();
                (reply.request, reply.code == 0, kept)
            };
            let avatar = Avatar {
                bag: own.bag.iter().map(|(item, amount)| (item.0.clone(), i128::from(amount))).collect(),
                made: flow(&own.tally.made),
                gone: flow(&own.tally.gone),
                forgotten: record.window.forgotten,
                window: record.window.replies.iter().map(told).collect(),
            };
            avatars.insert(account.to_owned(), avatar);
        });
        self.unreadable.extend(unreadable);
        avatars
    }

    /// What lies in piles and buildings, and the tallies of pages.
    pub(crate) fn ground(&mut self) -> (Flow, Vec<Tally>) {
        let (mut lies, mut tallies) = (Flow::new(), Vec::new());
        let mut put = |item: &str, amount: u32| *lies.entry(item.to_owned()).or_default() += i128::from(amount);
        let unreadable = self.all(PAGE_KIND, |_, _, page: Page| {
            for trace in page.traces.values() {
                match trace {
                    Trace::Taken(_) => {}
                    Trace::Pile(pile) => put(&pile.item.0, pile.amount),
                    Trace::Built(built) => built.bag.iter().for_each(|(item, amount)| put(&item.0, amount)),
                }
            }
            tallies.push(page.tally);
        });
        self.unreadable.extend(unreadable);
        (lies, tallies)
    }
}

/// A book of a tally.
pub(crate) fn flow(book: &BTreeMap<deeds::tables::ItemId, u64>) -> Flow {
    book.iter().map(|(item, amount)| (item.0.clone(), i128::from(*amount))).collect()
}
