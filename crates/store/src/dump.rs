//! A dump of a store as lines of JSON, and the audit of one: what must hold among documents whoever wrote them.
//!
//! The first line names the format, the last says how many documents there were, so that a dump that was cut off is
//! noticed. Nothing here reads or writes a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::{Upcasters, decode};
use crate::document::{Document, Key};
use crate::names::Txn;
use crate::record::{Intent, Record};

/// The format of dumps that this build writes.
pub const DUMP_FORMAT: u32 = 1;

/// One line of a dump.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// The first.
    Begin {
        /// The format.
        tombolo_store: u32,
    },
    /// A document.
    Document {
        /// Its key.
        key: Key,
        /// Its version in the store that was dumped.
        version: u64,
        /// The document.
        document: Document,
    },
    /// A document that could not be read.
    Damaged {
        /// Its key, as far as it can be read.
        key: Key,
        /// What is wrong with it.
        damaged: String,
    },
    /// The last.
    End {
        /// Documents in the dump, damaged ones included.
        end: u64,
    },
}

impl Line {
    /// The line, without its end.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Keys are text and documents were JSON before.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A line, read.
    ///
    /// # Errors
    /// When it is none, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|_| {
            let shown: String = text.chars().take(60).collect();
            format!("{shown:?} is no line of a dump")
        })
    }
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The document; empty for the dump as a whole.
    pub key: String,
    /// What is wrong.
    pub fault: String,
}

/// What an audit counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents with a body.
    pub documents: u64,
    /// Tombstones, which a sweeper removes in time.
    pub tombstones: u64,
    /// Bytes of the documents as JSON.
    pub bytes: u64,
    /// Intents of deeds that committed and are still to be carried out. Whoever comes by does so.
    pub intents_committed: u64,
    /// Intents of deeds that never commit. Whoever comes by clears them.
    pub intents_dead: u64,
    /// Intents of deeds that were under way, or whose node died.
    pub intents_undecided: u64,
    /// Committed deeds that are not forgotten yet.
    pub open: u64,
    /// Faults.
    pub faults: u64,
}

/// An audit of a dump, line by line.
#[derive(Debug, Default)]
pub struct Audit {
    counts: Counts,
    begun: bool,
    ended: bool,
    lines: u64,
    last: Option<Key>,
    actors: BTreeMap<Key, (u64, Vec<Txn>)>,
    intents: Vec<(Key, Intent)>,
}

impl Audit {
    /// Takes in a line; what is wrong with it.
    pub fn take(&mut self, text: &str) -> Option<Fault> {
        self.lines += 1;
        let fault = match Line::parse(text) {
            Err(why) => Some((String::new(), format!("line {}: {why}", self.lines))),
            Ok(_) if self.ended => Some((String::new(), "the dump goes on after its end".to_owned())),
            Ok(Line::Begin { tombolo_store: DUMP_FORMAT }) if !self.begun => {
                self.begun = true;
                None
            }
            Ok(Line::Begin { tombolo_store }) => {
                Some((String::new(), format!("line {} begins a dump of format {tombolo_store}", self.lines)))
            }
            Ok(Line::Document { key, document, .. }) => self.document(&key, document).map(|why| (key.to_string(), why)),
            Ok(Line::Damaged { key, damaged }) => Some((key.to_string(), damaged)),
            Ok(Line::End { end }) => {
                self.ended = true;
                let seen = self.lines.saturating_sub(2);
                (end != seen).then(|| (String::new(), format!("the dump has {seen} documents, its end says {end}")))
            }
        };
        fault.map(|(key, fault)| self.fault(key, fault))
    }

    /// What is wrong among the documents, and what was counted.
    pub fn finish(mut self) -> (Vec<Fault>, Counts) {
        let mut faults = Vec::new();
        if !self.ended {
            faults.push(self.fault(String::new(), "the dump has no end: it was cut off".to_owned()));
        }
        for (key, intent) in std::mem::take(&mut self.intents) {
            match self.actors.get(&intent.actor) {
                None => {
                    let why = format!("it waits for {}, which does not exist", intent.actor);
                    faults.push(self.fault(key.to_string(), why));
                }
                Some((_, open)) if open.contains(&intent.txn) => self.counts.intents_committed += 1,
                Some((seq, _)) if *seq != intent.seq => self.counts.intents_dead += 1,
                Some(_) => self.counts.intents_undecided += 1,
            }
        }
        (faults, self.counts)
    }

    fn document(&mut self, key: &Key, document: Document) -> Option<String> {
        let bytes = serde_json::to_string(&document).map_or(0, |text| text.len());
        self.counts.bytes += bytes as u64;
        let out_of_order = self.last.as_ref().is_some_and(|last| last >= key);
        self.last = Some(key.clone());
        if out_of_order {
            return Some("its key comes twice or out of order".to_owned());
        }
        let record = match decode(&Upcasters::default(), key, document) {
            Ok(record) => record,
            Err(error) => return Some(error.to_string()),
        };
        self.record(key, record)
    }

    fn record(&mut self, key: &Key, record: Record) -> Option<String> {
        *(if record.body.is_some() { &mut self.counts.documents } else { &mut self.counts.tombstones }) += 1;
        self.counts.open += record.open.len() as u64;
        if record.epoch > world::Epoch(0) {
            let open = record.open.iter().map(|open| open.txn.clone()).collect();
            self.actors.insert(key.clone(), (record.seq, open));
        }
        let twice = |request: u32| record.window.replies.iter().filter(|reply| reply.request == request).count() > 1;
        let fault = match &record {
            _ if record.window.replies.iter().any(|reply| twice(reply.request)) => {
                Some("a request is remembered twice".to_owned())
            }
            Record { body: None, epoch, .. } if epoch.0 > 0 => Some("a session's document has no body".to_owned()),
            Record { intent: Some(intent), .. } if intent.actor == *key => Some("it waits for itself".to_owned()),
            _ => None,
        };
        if let Some(intent) = record.intent {
            self.intents.push((key.clone(), intent));
        }
        fault
    }

    fn fault(&mut self, key: String, fault: String) -> Fault {
        self.counts.faults += 1;
        Fault { key, fault }
    }
}
