//! A state of the model: documents, late writes, and machines in the middle of their work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use store::commit::{
    Answer, Ask, Asked, Attempt, Effect, Found, Input, Machine, Outcome, Patience, Raised, Raiser, Releaser, Resolver,
    Right, Steps, Sweeper, Terms, Unstaged, Unstager,
};
use store::{Holder, Holding, Key, Record, Txn, Version};
use world::{Epoch, Millis};

use crate::ledger::{Move, is_reply_to};

/// The one moment at which everything happens.
pub const NOW: Millis = Millis(0);

/// What somebody does in the model.
#[derive(Clone, Debug)]
pub enum Role {
    /// Raises the session of an avatar, does its deeds one after the other, and releases it, if it is to.
    Session { avatar: Key, right: Right, deeds: Vec<Move>, release: Option<Holder> },
    /// Frees a document of its intent, once, without patience.
    Resolver(Key),
    /// Sweeps a key.
    Sweeper(Key),
}

/// Somebody in the middle of something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Doing {
    Raising(Machine<Raiser>),
    Deed(usize, u64, Holding, Box<Machine<Attempt<Move>>>),
    /// Then comes the deed of this index, if the session goes on.
    Unstaging(Option<(usize, u64, Holding)>, Machine<Unstager>),
    Releasing(Machine<Releaser>),
    Resolving(Machine<Resolver>),
    Sweeping(Machine<Sweeper>),
    Over,
}

/// Somebody, and what he waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    pub doing: Doing,
    pub asks: Option<Issued>,
}

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issued {
    pub ask: Ask,
    /// The last version of the document when it was sent.
    at: u64,
}

/// The state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub documents: BTreeMap<Key, (u64, Arc<Record>)>,
    /// The last version of each key, also of removed ones: versions never repeat.
    pub versions: BTreeMap<Key, u64>,
    pub late: Vec<Issued>,
    pub actors: Vec<Arc<Actor>>,
    /// Answers `Unknown` that may still be given.
    pub unknowns: u8,
    /// What clients were told.
    pub told: BTreeSet<(Key, u32)>,
    /// Sessions that believe that they were raised.
    pub raised: BTreeSet<(Key, Epoch)>,
    /// Attempts that ended in good order: nothing of them may appear any more.
    pub ended: BTreeSet<Txn>,
    /// The epoch at which a document was staged by an attempt that is undecided.
    pub consents: BTreeMap<(Txn, Key), Epoch>,
    /// The highest revision that a viewer may have seen.
    pub revs: BTreeMap<Key, u64>,
    /// What went wrong in a step.
    pub wrong: Option<&'static str>,
}

impl State {
    pub fn new(documents: &[(Key, Record)], roles: &[Role], unknowns: u8, terms: &Terms) -> Self {
        let mut state = Self {
            documents: documents.iter().map(|(key, record)| (key.clone(), (1, Arc::new(record.clone())))).collect(),
            versions: documents.iter().map(|(key, _)| (key.clone(), 1)).collect(),
            late: Vec::new(),
            actors: Vec::new(),
            unknowns,
            told: BTreeSet::new(),
            raised: BTreeSet::new(),
            ended: BTreeSet::new(),
            consents: BTreeMap::new(),
            revs: BTreeMap::new(),
            wrong: None,
        };
        for (n, role) in roles.iter().enumerate() {
            let doing = match role {
                Role::Session { avatar, right, .. } => {
                    let raiser = Raiser::new(*terms, avatar.clone(), Holder::new(format!("s{n}")), right.clone());
                    Doing::Raising(Machine::new(NOW, raiser))
                }
                Role::Resolver(key) => {
                    Doing::Resolving(Machine::new(NOW, Resolver::new(*terms, key.clone(), Patience::None)))
                }
                Role::Sweeper(key) => Doing::Sweeping(Machine::new(NOW, Sweeper::new(*terms, key.clone()))),
            };
            state.actors.push(Arc::new(Actor { doing, asks: None }));
            state.settle(n, roles, terms);
        }
        state
    }

    /// Carries a request out.
    pub fn apply(&mut self, ask: &Ask) -> Answer {
        let key = ask.key();
        let there = self.documents.get(key).map(|(version, _)| Version(*version));
        let record = match ask {
            Ask::Get { .. } => {
                return match self.documents.get(key) {
                    Some((version, record)) => {
                        Answer::Found(Found { version: Version(*version), record: Record::clone(record) })
                    }
                    None => Answer::Absent,
                };
            }
            Ask::Insert { record, .. } if there.is_none() => Some(record),
            Ask::Replace { version, record, .. } if there == Some(*version) => Some(record),
            Ask::Remove { version, .. } if there == Some(*version) => None,
            Ask::Insert { .. } | Ask::Replace { .. } | Ask::Remove { .. } => return Answer::Conflict,
        };
        self.watch(key, record);
        let version = self.versions.entry(key.clone()).or_default();
        *version += 1;
        let version = *version;
        match record {
            Some(record) => self.documents.insert(key.clone(), (version, Arc::new(record.clone()))),
            None => self.documents.remove(key),
        };
        Answer::Applied { version: Version(version) }
    }

    /// What must hold for a single write.
    fn watch(&mut self, key: &Key, after: Option<&Record>) {
        let before = self.documents.get(key).map_or_else(Arc::default, |(_, record)| Arc::clone(record));
        let Some(after) = after else {
            // A bare removal leaves viewers with what they have seen; the sweeper's comes after they have forgotten it.
            if before.body.is_none() {
                self.revs.remove(key);
            }
            return;
        };
        if after.seq < before.seq || after.epoch < before.epoch {
            self.wrong = Some("a header fell back");
        }
        let seen = self.revs.entry(key.clone()).or_default();
        if after.rev < *seen || (after.rev == *seen && after.body != before.body && before.rev == after.rev) {
            self.wrong = Some("a revision fell back");
        }
        *seen = after.rev.max(*seen);
        if let Some(intent) = after.intent.as_ref().filter(|intent| !before.has_intent(&intent.txn)) {
            self.consents.insert((intent.txn.clone(), key.clone()), after.epoch);
        }
        for open in after.open.iter().filter(|open| !before.has_open(&open.txn)) {
            let consents = open.keys.iter().all(|other| {
                let consent = self.consents.remove(&(open.txn.clone(), other.clone()));
                let staged = self.documents.get(other).filter(|(_, record)| record.has_intent(&open.txn));
                staged.is_some_and(|(_, record)| consent == Some(record.epoch))
            });
            if !consents {
                self.wrong = Some("a commit without the consent of all");
            }
        }
    }

    /// The assumption about time: when a tombstone is removed, what was sent before it was last written has landed or
    /// never will. In reality that is [`store::commit::terms::LATE_WRITE_MS`].
    pub fn may_remove(&self, key: &Key, version: Version) -> bool {
        let pending = self.actors.iter().filter_map(|actor| actor.asks.as_ref()).chain(&self.late);
        !pending.into_iter().any(|issued| {
            matches!(&issued.ask, Ask::Insert { key: inserted, .. } if inserted == key) && issued.at < version.0
        })
    }

    /// Tells somebody the answer, and lets him go on until he waits for the store again.
    pub fn answer(&mut self, n: usize, answer: Answer, roles: &[Role], terms: &Terms) {
        let input = Input::Answer(answer);
        let actor = Arc::make_mut(&mut self.actors[n]);
        actor.asks = None;
        match &mut actor.doing {
            Doing::Raising(machine) => machine.handle(NOW, input),
            Doing::Deed(_, _, _, machine) => machine.handle(NOW, input),
            Doing::Unstaging(_, machine) => machine.handle(NOW, input),
            Doing::Releasing(machine) => machine.handle(NOW, input),
            Doing::Resolving(machine) => machine.handle(NOW, input),
            Doing::Sweeping(machine) => machine.handle(NOW, input),
            Doing::Over => {}
        }
        self.settle(n, roles, terms);
    }

    fn settle(&mut self, n: usize, roles: &[Role], terms: &Terms) {
        loop {
            let before = std::mem::replace(&mut Arc::make_mut(&mut self.actors[n]).doing, Doing::Over);
            let (doing, ask) = match before {
                Doing::Raising(machine) => match drive(machine) {
                    Ok((machine, ask)) => (Doing::Raising(machine), Some(ask)),
                    Err(raised) => (self.raised(n, raised, roles, terms), None),
                },
                Doing::Deed(index, _, holding, machine) => {
                    let number = machine.steps().numbers_used();
                    let forgets = machine.steps().forgets().first().cloned();
                    match drive(*machine) {
                        Ok((machine, ask)) => (Doing::Deed(index, number, holding, Box::new(machine)), Some(ask)),
                        Err(outcome) => {
                            // Nothing was committed that forgets it.
                            let left = forgets.filter(|_| !matches!(outcome, Outcome::Committed(_)));
                            let then = self.deed_ended(n, index, number, holding.clone(), outcome, roles, terms);
                            (forget(left, holding, then, terms), None)
                        }
                    }
                }
                Doing::Unstaging(then, machine) => match drive_unstager(machine) {
                    Ok((machine, ask)) => (Doing::Unstaging(then, machine), Some(ask)),
                    Err((ended, txn)) => match then {
                        Some((index, number, holding)) => {
                            let forgets = (ended == Unstaged::Clear).then_some(txn).into_iter().collect();
                            (deed(n, index, number, holding, forgets, roles, terms), None)
                        }
                        None => (Doing::Over, None),
                    },
                },
                Doing::Releasing(machine) => match drive(machine) {
                    Ok((machine, ask)) => (Doing::Releasing(machine), Some(ask)),
                    Err(_) => (Doing::Over, None),
                },
                Doing::Resolving(machine) => match drive(machine) {
                    Ok((machine, ask)) => (Doing::Resolving(machine), Some(ask)),
                    Err(_) => (Doing::Over, None),
                },
                Doing::Sweeping(machine) => match drive(machine) {
                    Ok((machine, ask)) => (Doing::Sweeping(machine), Some(ask)),
                    Err(_) => (Doing::Over, None),
                },
                Doing::Over => return,
            };
            Arc::make_mut(&mut self.actors[n]).doing = doing;
            if let Some(ask) = ask {
                let at = self.versions.get(ask.key()).copied().unwrap_or_default();
                Arc::make_mut(&mut self.actors[n]).asks = Some(Issued { ask, at });
                return;
            }
        }
    }

    fn raised(&mut self, n: usize, raised: Raised, roles: &[Role], terms: &Terms) -> Doing {
        let Raised::Mine(holding, record) = raised else { return Doing::Over };
        if !self.raised.insert((holding.actor.clone(), holding.epoch)) {
            self.wrong = Some("two sessions of one epoch");
        }
        // What the sessions before left open is carried out first; one is enough in a model.
        match record.open.first() {
            Some(open) => {
                let (txn, keys) = (open.txn.clone(), open.keys.clone());
                let unstager = Unstager::new(*terms, holding.actor.clone(), txn, keys);
                Doing::Unstaging(Some((0, 0, holding)), Machine::new(NOW, unstager))
            }
            None => deed(n, 0, 0, holding, Vec::new(), roles, terms),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn deed_ended(
        &mut self,
        n: usize,
        index: usize,
        number: u64,
        holding: Holding,
        outcome: Outcome,
        roles: &[Role],
        terms: &Terms,
    ) -> Doing {
        let Role::Session { deeds, .. } = &roles[n] else { return Doing::Over };
        let each = &deeds[index];
        let name = (each.actor.clone(), each.request);
        let mut staged = None;
        let mut goes_on = true;
        match outcome {
            Outcome::Committed(committed) => {
                self.told.insert(name);
                staged = committed.staged;
            }
            Outcome::Repeated { reply, .. } => {
                if !is_reply_to(&reply, each) {
                    self.wrong = Some("a repeated request got another's reply");
                }
                self.told.insert(name);
            }
            Outcome::Replaced { staged: left } => {
                staged = left;
                goes_on = false;
            }
            Outcome::Refused(_) | Outcome::TooOld | Outcome::Again => {}
            Outcome::IdReused | Outcome::Mistaken(_) | Outcome::Unreadable(_) => {
                self.wrong = Some("an outcome that nothing here leads to");
            }
        }
        let committed = staged.as_ref().map(|(txn, _)| txn.number);
        for number in (1..=number).filter(|number| Some(*number) != committed) {
            self.ended.insert(Txn { holder: holding.holder.clone(), number });
        }
        let next = goes_on.then(|| (index + 1, number, holding.clone()));
        match (staged, next) {
            (Some((txn, keys)), next) => {
                let unstager = Unstager::new(*terms, holding.actor, txn, keys);
                // If there is a further deed, its commit forgets.
                let further = next.as_ref().is_some_and(|(index, ..)| *index < deeds.len());
                let unstager = if further { unstager.without_forgetting() } else { unstager };
                Doing::Unstaging(next, Machine::new(NOW, unstager))
            }
            (None, Some((index, number, holding))) => deed(n, index, number, holding, Vec::new(), roles, terms),
            (None, None) => Doing::Over,
        }
    }
}

/// The next deed of a session, or its release, or its end.
fn deed(
    n: usize,
    index: usize,
    number: u64,
    holding: Holding,
    forgets: Vec<Txn>,
    roles: &[Role],
    terms: &Terms,
) -> Doing {
    let Role::Session { deeds, release, .. } = &roles[n] else { return Doing::Over };
    match (deeds.get(index), release) {
        (Some(each), _) => {
            let (request, content) = (each.request, each.content());
            let asked = Asked { request, content, command: each.clone(), age: NOW };
            let attempt = Attempt::new(NOW, *terms, holding.clone(), number + 1, asked).forgetting(forgets);
            Doing::Deed(index, number, holding, Box::new(Machine::new(NOW, attempt)))
        }
        (None, Some(to)) => Doing::Releasing(Machine::new(NOW, Releaser::new(*terms, holding, to.clone()))),
        (None, None) => Doing::Over,
    }
}

/// Forgets what the commit of a deed that did not happen was to forget, and goes on where nothing else is to be unstaged.
fn forget(left: Option<Txn>, holding: Holding, then: Doing, terms: &Terms) -> Doing {
    match (left, then) {
        (Some(txn), Doing::Over) => {
            let unstager = Unstager::new(*terms, holding.actor, txn, Vec::new());
            Doing::Unstaging(None, Machine::new(NOW, unstager))
        }
        (_, then) => then,
    }
}

/// Lets an unstager go on; how it ended, and whose.
fn drive_unstager(machine: Machine<Unstager>) -> Result<(Machine<Unstager>, Ask), (Unstaged, Txn)> {
    let txn = machine.steps().txn().clone();
    drive(machine).map_err(|ended| (ended, txn))
}

/// Lets a machine go on until it asks the store or ends.
fn drive<S: Steps>(mut machine: Machine<S>) -> Result<(Machine<S>, Ask), S::Output> {
    loop {
        match machine.poll_effect() {
            Some(Effect::Store(ask)) => return Ok((machine, ask)),
            Some(Effect::Done(output)) => return Err(output),
            None => {
                assert!(machine.next_wakeup().is_some(), "a machine waits for nothing");
                machine.handle(NOW, Input::Wake);
            }
        }
    }
}
