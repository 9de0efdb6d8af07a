//! A world of coins for the tests of the commit protocol: commands that move them, and what must hold for the documents
//! whatever happened to those who wrote them. It counts from documents and from what clients were told, nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::commit::{Command, Deed, Seen, Verdict, View};
use store::{Body, Key, Record};

/// What every document of this world is: a purse with a list of the deeds that touched it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Purse {
    /// Coins in it.
    pub coins: u32,
    /// Whether its owner watches: of two watchers one must always stay.
    #[serde(default)]
    pub watches: bool,
    /// The tag of each deed that changed it.
    #[serde(default)]
    pub log: Vec<String>,
}

impl Purse {
    pub fn body(coins: u32) -> Body {
        Self { coins, watches: true, log: Vec::new() }.to_body()
    }

    fn to_body(&self) -> Body {
        Body::new(1, self).expect("a purse has no header's fields")
    }

    /// Read field by field: the model does so in every state.
    pub fn of(body: &Body) -> Self {
        let fields = body.document().fields();
        let coins = fields.get("coins").and_then(Value::as_u64).expect("every document is a purse") as u32;
        let watches = fields.get("watches") == Some(&Value::Bool(true));
        let line = |line: &Value| line.as_str().expect("a log has lines").to_owned();
        let log = fields.get("log").and_then(Value::as_array).map(|log| log.iter().map(line).collect());
        Self { coins, watches, log: log.unwrap_or_default() }
    }
}

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A coin of the actor to another.
    Give(Key),
    /// A coin of the actor to the first in sessions of even epochs, to the second in others: what it touches differs
    /// from attempt to attempt.
    GiveByEpoch(Key, Key),
    /// A new purse with a coin of the actor.
    Make(Key),
    /// A purse is broken, and its coins are the actor's.
    Break(Key),
    /// The actor stops watching if the other watches, who is only read.
    StopWatching(Key),
    /// A line in the actor's own purse.
    Note,
}

/// A deed: who, which request, what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    pub actor: Key,
    pub request: u32,
    pub what: What,
}

/// Codes of refusals.
pub const NO_COIN: u16 = 1;
pub const EXISTS: u16 = 2;
pub const MISSING: u16 = 3;
pub const NOBODY_WATCHES: u16 = 4;

impl Move {
    /// Its name in the logs.
    pub fn tag(&self) -> String {
        tag(&self.actor, self.request)
    }

    /// A digest of what was asked.
    pub fn content(&self) -> u64 {
        u64::from(self.request) * 31 + format!("{:?}", self.what).bytes().map(u64::from).sum::<u64>()
    }

    fn done(&self, mut actor: Purse, changes: Vec<(&Key, Option<Purse>)>) -> Verdict {
        actor.log.push(self.tag());
        let changes = changes.into_iter().map(|(key, purse)| (key.clone(), purse.map(|purse| purse.to_body())));
        Verdict::Done(Deed {
            actor: Some(actor.to_body()),
            changes: changes.collect(),
            reply: json!(self.tag()),
            ..Deed::default()
        })
    }

    fn give(&self, view: &View<'_>, mut actor: Purse, to: &Key) -> Verdict {
        let Some(coins) = actor.coins.checked_sub(1) else { return Verdict::Refused(NO_COIN) };
        match view.get(to) {
            Seen::NotRead => Verdict::Need(vec![to.clone()]),
            Seen::Absent => Verdict::Refused(MISSING),
            Seen::Present(_, body) => {
                let mut other = Purse::of(body);
                actor.coins = coins;
                other.coins += 1;
                other.log.push(self.tag());
                self.done(actor, vec![(to, Some(other))])
            }
        }
    }
}

impl Command for Move {
    fn run(&self, view: &View<'_>) -> Verdict {
        let Seen::Present(record, body) = view.get(&self.actor) else { return Verdict::Refused(MISSING) };
        let mut actor = Purse::of(body);
        match &self.what {
            What::Give(to) => self.give(view, actor, to),
            What::GiveByEpoch(even, odd) => {
                self.give(view, actor, if record.epoch.0.is_multiple_of(2) { even } else { odd })
            }
            What::Note => self.done(actor, Vec::new()),
            What::Make(key) => match (view.get(key), actor.coins.checked_sub(1)) {
                (Seen::NotRead, _) => Verdict::Need(vec![key.clone()]),
                (Seen::Present(..), _) => Verdict::Refused(EXISTS),
                (Seen::Absent, None) => Verdict::Refused(NO_COIN),
                (Seen::Absent, Some(coins)) => {
                    actor.coins = coins;
                    let made = Purse { coins: 1, watches: false, log: Vec::new() };
                    self.done(actor, vec![(key, Some(made))])
                }
            },
            What::Break(key) => match view.get(key) {
                Seen::NotRead => Verdict::Need(vec![key.clone()]),
                Seen::Absent => Verdict::Refused(MISSING),
                Seen::Present(_, body) => {
                    actor.coins += Purse::of(body).coins;
                    self.done(actor, vec![(key, None)])
                }
            },
            What::StopWatching(other) => match view.get(other) {
                Seen::NotRead => Verdict::Need(vec![other.clone()]),
                Seen::Present(_, body) if Purse::of(body).watches => {
                    actor.watches = false;
                    self.done(actor, Vec::new())
                }
                _ => Verdict::Refused(NOBODY_WATCHES),
            },
        }
    }
}

/// The name of a deed in the logs.
pub fn tag(actor: &Key, request: u32) -> String {
    format!("{actor}:{request}")
}

/// The purses as a reader of the protocol sees them: with the intents of committed deeds carried out.
pub fn purses<'a>(documents: impl Iterator<Item = (&'a Key, &'a Record)> + Clone) -> BTreeMap<Key, Purse> {
    let records: BTreeMap<&Key, &Record> = documents.clone().collect();
    let seen = documents.filter_map(|(key, record)| {
        let committed = record
            .intent
            .as_ref()
            .is_some_and(|intent| records.get(&intent.actor).is_some_and(|actor| actor.has_open(&intent.txn)));
        let body = if committed { record.applied(world::Millis(0)).body } else { record.body.clone() };
        Some((key.clone(), Purse::of(&body?)))
    });
    seen.collect()
}

/// What is wrong with the purses: coins that came or went, a deed that happened twice, in part, or not at all although
/// a client was told that it had. `told` are the deeds that were told as done, `moves` all that were asked for.
pub fn wrong(
    purses: &BTreeMap<Key, Purse>,
    coins: u32,
    moves: &[Move],
    told: &BTreeSet<(Key, u32)>,
) -> Option<&'static str> {
    if purses.values().map(|purse| purse.coins).sum::<u32>() != coins {
        return Some("coins came or went");
    }
    let count = |key: &Key, tag: &String| purses.get(key).map_or(0, |p| p.log.iter().filter(|t| *t == tag).count());
    let broken = |each: &Move| match &each.what {
        What::Break(key) => Some(key.clone()),
        _ => None,
    };
    let broken: BTreeSet<Key> = moves.iter().filter_map(broken).collect();
    for each in moves {
        let tag = each.tag();
        let own = count(&each.actor, &tag);
        if own > 1 {
            return Some("a deed happened twice");
        }
        let others: usize = match &each.what {
            // What was given into a purse that was broken since went with it.
            What::Give(to) if broken.contains(to) => own,
            What::Give(to) => count(to, &tag),
            What::GiveByEpoch(even, odd) => count(even, &tag) + count(odd, &tag),
            What::Make(_) | What::Break(_) | What::StopWatching(_) | What::Note => own,
        };
        if own != others {
            return Some("a deed happened in part");
        }
        if own == 0 && told.contains(&(each.actor.clone(), each.request)) {
            return Some("a deed that was told as done is missing");
        }
    }
    let watched = moves.iter().any(|each| matches!(each.what, What::StopWatching(_)));
    let avatars = moves.iter().map(|each| &each.actor);
    if watched && avatars.filter_map(|key| purses.get(key)).all(|purse| !purse.watches) {
        return Some("nobody watches any more");
    }
    None
}

/// Whether a reply is the one of this deed.
pub fn is_reply_to(reply: &Value, each: &Move) -> bool {
    reply.as_str() == Some(each.tag().as_str())
}
