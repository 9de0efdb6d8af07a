//! Deeds: what was acknowledged is durable, what was repeated happened once, and documents never go back.

use std::collections::{BTreeMap, BTreeSet};

use node::avatar::{AVATAR_SCHEMA, AvatarBody, avatar_key};
use store::{MemoryStore, Reply, Request};

use super::{Checker, Findings};

#[derive(Debug, Default)]
struct Account {
    asked: BTreeSet<u32>,
    acknowledged: BTreeSet<u32>,
    last: Option<AvatarBody>,
}

/// The receipts of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    accounts: BTreeMap<String, Account>,
}

impl Deeds {
    /// A client sent a deed.
    pub(crate) fn asked(&mut self, name: &str, request: u32) {
        self.accounts.entry(name.to_owned()).or_default().asked.insert(request);
    }

    /// A client was told that its deed is done.
    pub(crate) fn acknowledged(&mut self, name: &str, request: u32) {
        self.accounts.entry(name.to_owned()).or_default().acknowledged.insert(request);
    }

    /// Holds the receipts against the documents.
    pub(crate) fn look(&mut self, findings: &mut Findings, store: &MemoryStore) {
        for (name, account) in &mut self.accounts {
            let Reply::Found { document, .. } = store.apply(Request::Get { key: avatar_key(name) }) else {
                findings
                    .check(Checker::DeedDurable, account.acknowledged.is_empty(), || format!("{name} has no document"));
                continue;
            };
            match document.read::<AvatarBody>(AVATAR_SCHEMA) {
                Ok(body) => account.compare(findings, name, body),
                Err(e) => findings.check(Checker::DeedDurable, false, || format!("{name}: {e}")),
            }
        }
    }
}

impl Account {
    fn compare(&mut self, findings: &mut Findings, name: &str, body: AvatarBody) {
        // Replies leave the document in the order in which they came, which need not be the order of their ids.
        for request in self.acknowledged.range(body.forgotten.saturating_add(1)..) {
            findings.check(Checker::DeedDurable, body.window.iter().any(|r| r.request == *request), || {
                format!("{name} was told that request {request} is done, and it is not in its document")
            });
        }
        let distinct: BTreeSet<u32> = body.window.iter().map(|r| r.request).collect();
        findings.check(Checker::DeedOnce, distinct.len() == body.window.len(), || {
            format!("{name} has a request twice among its replies: {:?}", body.window)
        });
        findings.check(Checker::DeedOnce, body.deeds <= self.asked.len() as u64, || {
            format!("{name} asked for {} deeds, {} were done", self.asked.len(), body.deeds)
        });
        if let Some(last) = &self.last {
            let forward = body.epoch >= last.epoch
                && body.seq >= last.seq
                && body.rev >= last.rev
                && body.next_request >= last.next_request;
            findings.check(Checker::DocumentForward, forward, || format!("{name} went back from {last:?} to {body:?}"));
            let held = body.epoch > last.epoch || body.holder == last.holder;
            findings.check(Checker::HolderUnique, held, || {
                format!("epoch {} of {name} changed from {} to {}", body.epoch, last.holder, body.holder)
            });
        }
        self.last = Some(body);
    }
}
