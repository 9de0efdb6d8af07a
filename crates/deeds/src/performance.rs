//! A request as the commit protocol carries it out: a command of the [`Registry`] between `store`'s documents and a
//! [`Scene`].
//!
//! It is not the protocol: [`store::commit`] reads, stages, commits and repeats. Main type: [`Performance`].
//!
//! Invariant: documents that a command read and did not write are not locked. What a deed must be sure of stands in a
//! document that it writes: rights are in the pages, consent is bound to an epoch.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::Code;
use serde::{Deserialize, Serialize};
use store::commit::{Command as Commits, Deed, Seen, Verdict as Commit, View};
use store::{Body, Key};
use world::{Chunk, IslandId};

use crate::command::{Done, Event, Receipt, Stop};
use crate::land::Rights;
use crate::page::Page;
use crate::registry::Registry;
use crate::scene::{Actor, Documents, Look, Nature, Partner, SCHEMA, Scene};
use crate::tables::{Stack, Tables};
use crate::trace::{Trace, TraceId};

/// What all deeds of an island go by.
#[derive(Clone)]
pub struct Rulebook {
    /// The commands.
    pub registry: Arc<Registry>,
    /// The tables.
    pub tables: Arc<Tables>,
    /// The natural props.
    pub nature: Arc<dyn Nature + Send + Sync>,
    /// The island.
    pub island: IslandId,
}

/// One request, ready to be carried out.
#[derive(Clone)]
pub struct Performance {
    /// What it goes by.
    pub rules: Rulebook,
    /// The command's name.
    pub deed: String,
    /// Its arguments.
    pub args: Vec<u8>,
    /// Who acts.
    pub actor: Actor,
    /// Who takes part, with the consent of that session, where the deed needs one.
    pub partner: Option<Partner>,
}

/// What a client is told of a deed that was done, as it is kept with the reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptReceipt {
    /// What came into the bag.
    pub gained: Vec<Stack>,
    /// What went out of it.
    pub lost: Vec<Stack>,
    /// What was made.
    pub trace: Option<TraceId>,
}

/// What viewers are told of one page or cell; the revision comes from the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Chunk column.
    pub cx: i16,
    /// Chunk row.
    pub cy: i16,
    /// Whose land it is after the deed.
    pub rights: Option<Rights>,
    /// The traces that changed; `None`: gone.
    pub traces: Vec<(TraceId, Option<Trace>)>,
}

/// The documents of a view, and which of them were looked at.
struct Papers<'a> {
    view: &'a View<'a>,
    looked: RefCell<BTreeSet<Key>>,
}

impl Documents for Papers<'_> {
    fn look(&self, key: &Key) -> Look<'_> {
        self.looked.borrow_mut().insert(key.clone());
        match self.view.get(key) {
            Seen::NotRead => Look::NotRead,
            Seen::Absent => Look::Absent,
            Seen::Present(_, body) => Look::Present(body.document()),
        }
    }
}

impl Commits for Performance {
    fn run(&self, view: &View<'_>) -> Commit {
        let papers = Papers { view, looked: RefCell::default() };
        let scene = Scene {
            now: view.now,
            request: view.request,
            actor: &self.actor,
            partner: self.partner.as_ref(),
            island: self.rules.island,
            tables: &self.rules.tables,
            nature: &*self.rules.nature,
            documents: &papers,
        };
        match self.rules.registry.perform(&self.deed, &self.args, &scene) {
            Ok(done) => self.deed(view, done, papers.looked.take()).unwrap_or_else(refusal),
            Err(Stop::Need(keys)) => Commit::Need(keys),
            Err(Stop::Refused(code)) => refusal(code),
        }
    }
}

impl Performance {
    fn deed(&self, view: &View<'_>, done: Done, looked: BTreeSet<Key>) -> Result<Commit, Code> {
        let told = told(&done)?;
        let mut deed = Deed { reply: kept(done.receipt), ..Deed::default() };
        for change in done.changes {
            let body = Body::of_document(change.document).map_err(|_| Code::DocumentUnreadable)?;
            if change.key == *view.actor.0 {
                deed.actor = Some(body);
            } else {
                self.consented(view, &change.key)?;
                deed.changes.insert(change.key, Some(body));
            }
        }
        let unchanged = |key: &Key| key != view.actor.0 && !deed.changes.contains_key(key);
        deed.loose = looked.into_iter().filter(unchanged).collect();
        deed.events = told;
        Ok(Commit::Done(deed))
    }

    /// Whether the session that agreed is still that of the partner's document, where a session had to agree.
    fn consented(&self, view: &View<'_>, key: &Key) -> Result<(), Code> {
        let Some(partner) = &self.partner else { return Ok(()) };
        let agreed = partner.agreed.as_ref().filter(|_| *key == crate::avatar_key(&partner.name));
        match view.get(key) {
            Seen::Present(record, _) if agreed.is_some_and(|agreed| agreed.consent.epoch != record.epoch) => {
                Err(Code::NoConsent)
            }
            Seen::NotRead | Seen::Absent | Seen::Present(..) => Ok(()),
        }
    }
}

fn refusal(code: Code) -> Commit {
    Commit::Refused(code as u16)
}

fn kept(receipt: Receipt) -> serde_json::Value {
    let Receipt { gained, lost, trace } = receipt;
    // Names and numbers always have a JSON form.
    serde_json::to_value(KeptReceipt { gained, lost, trace }).unwrap_or_default()
}

/// The events of each page, with the rights that the page has afterwards.
fn told(done: &Done) -> Result<Vec<(Key, serde_json::Value)>, Code> {
    let mut pages: BTreeMap<&Key, Told> = BTreeMap::new();
    for event in &done.events {
        let (Event::Trace { key, chunk, .. } | Event::Rights { key, chunk, .. }) = event;
        let Chunk { cx, cy } = *chunk;
        let told = pages.entry(key).or_insert(Told { cx, cy, rights: None, traces: Vec::new() });
        if let Event::Trace { id, trace, .. } = event {
            told.traces.push((*id, trace.clone()));
        }
    }
    for change in &done.changes {
        if let Some(told) = pages.get_mut(&change.key) {
            let page: Page = change.document.read(SCHEMA).map_err(|_| Code::DocumentUnreadable)?;
            told.rights = page.rights;
        }
    }
    let to_json = |(key, told): (&Key, Told)| Some((key.clone(), serde_json::to_value(told).ok()?));
    pages.into_iter().map(to_json).collect::<Option<_>>().ok_or(Code::DocumentUnreadable)
}

impl std::fmt::Debug for Performance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Performance")
            .field("deed", &self.deed)
            .field("actor", &self.actor.entity)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Rulebook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rulebook")
            .field("registry", &self.registry)
            .field("island", &self.island)
            .finish_non_exhaustive()
    }
}
