//! An attempt: one deed from its first read to its outcome, over as many tries as it takes.
//!
//! It stages every other document with an intent, then commits by one write of the actor's document, which carries the
//! reply. It never guesses: what is unknown is read back, and fenced by a write before it is believed not to have
//! happened. The intents of a committed deed are carried out by an [`super::Unstager`].
//!
//! Invariants: at most one attempt of an avatar is under way; a try that did not commit is fenced off, and its intents
//! are gone, before the next begins.

mod abandon;
mod committing;
mod gathering;
mod staging;

use std::collections::BTreeMap;

use serde_json::Value;
use world::{Millis, Plant};

use super::command::Command;
use super::plan::{Mistake, Plan};
use super::resolve::{Patience, Resolver};
use super::terms::Terms;
use super::turn::{Answer, Ask, Found, Steps, Turn};
use crate::document::Key;
use crate::names::{Holder, Txn};
use crate::record::{Holding, Record};
use abandon::{Abandon, After};

/// A deed as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked<C> {
    /// The client's number for it; grows.
    pub request: u32,
    /// A digest of what was asked, so that a number that is used twice is noticed.
    pub content: u64,
    /// What is to be done.
    pub command: C,
    /// When it was first asked for: the older of two deeds goes first.
    pub age: Millis,
}

/// A deed that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Committed {
    /// The reply's code, 0 for done.
    pub code: u16,
    /// What else is replied.
    pub reply: Value,
    /// What viewers are told.
    pub events: Vec<(Key, Value)>,
    /// The revisions that it made, the actor's included.
    pub revs: BTreeMap<Key, u64>,
    /// The actor's document just after.
    pub actor: Record,
    /// Which attempt, and the documents that it staged. They are to be unstaged; none for a deed on one document.
    pub staged: Option<(Txn, Vec<Key>)>,
}

/// How a deed ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It happened, now.
    Committed(Box<Committed>),
    /// It had happened before, and was answered so.
    Repeated {
        /// The reply's code, 0 for done.
        code: u16,
        /// What else is replied.
        reply: Value,
    },
    /// The command refused, with this code. Nothing happened.
    Refused(u16),
    /// The request's number is below the window: it may have happened or not.
    TooOld,
    /// The request's number was used for something else. Nothing happened now.
    IdReused,
    /// The session is not ours any more: nothing may be answered. `staged` is to be unstaged, if there is any.
    Replaced {
        /// The deed did happen, and these documents still wait for it.
        staged: Option<(Txn, Vec<Key>)>,
    },
    /// It did not come through in time, or not yet to our knowledge. The same request is safe to be asked again.
    Again,
    /// The command made a mistake. Nothing happened.
    Mistaken(Mistake),
    /// A document cannot be read by this build. Nothing happened.
    Unreadable(String),
}

/// The attempt at one deed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt<C> {
    terms: Terms,
    holding: Holding,
    asked: Asked<C>,
    /// Transactions that are over everywhere: the commit forgets them.
    forgets: Vec<Txn>,
    /// The number of the current try among all of this holder.
    number: u64,
    tries: u32,
    deadline: Millis,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// The actor's document is being read.
    Beginning,
    /// The actor's document is being freed of an intent, before the command runs.
    Settling(Resolver),
    /// Documents are being read for the command.
    Gathering(Box<gathering::Gathering>, Resolver),
    /// The next document is being staged.
    Staging(Box<Plan>),
    /// Whether it was staged is unknown: it is being read back.
    StageInDoubt(Box<Plan>),
    /// It was not: it is being written, so that it never will be.
    StageFencing(Box<Plan>),
    /// The actor's document is being written with this.
    Committing(Box<Plan>, Box<Record>),
    /// The commit failed: the actor's document is being read, and freed of an intent.
    CommitLost(Box<Plan>, Resolver),
    /// The commit's outcome is unknown: the actor's document is being read back.
    CommitInDoubt(Box<Plan>),
    /// It had not happened: it is being written, so that it never will.
    CommitFencing(Box<Plan>),
    /// The try did not commit and is being taken back.
    Abandoning(Box<Abandon>),
    /// Nothing is under way; then this.
    Pausing(Box<Step>),
    /// It has ended.
    Over,
}

impl<C: Command> Attempt<C> {
    /// An attempt for a session. `number` is greater than [`Attempt::numbers_used`] of all earlier ones of the holder.
    #[must_use]
    pub fn new(now: Millis, terms: Terms, holding: Holding, number: u64, asked: Asked<C>) -> Self {
        let deadline = now + terms.deed_ms;
        Self { terms, holding, asked, forgets: Vec::new(), number, tries: 0, deadline, step: Step::Beginning }
    }

    /// With transactions that its commit forgets: each of their documents was without them in the store.
    #[must_use]
    pub fn forgetting(self, forgets: Vec<Txn>) -> Self {
        Self { forgets, ..self }
    }

    /// The transactions that its commit forgets.
    #[must_use]
    pub fn forgets(&self) -> &[Txn] {
        &self.forgets
    }

    /// The greatest number that it has used for a try.
    #[must_use]
    pub fn numbers_used(&self) -> u64 {
        self.number
    }

    /// What was asked for.
    #[must_use]
    pub fn asked(&self) -> &Asked<C> {
        &self.asked
    }

    fn txn(&self) -> Txn {
        if self.terms.planted.is(Plant::RequestAsAttempt) {
            return Txn { holder: Holder::new(&self.holding.actor), number: u64::from(self.asked.request) };
        }
        Txn { holder: self.holding.holder.clone(), number: self.number }
    }

    /// Whether the actor's document lets this session act.
    fn is_ours(&self, actor: &Record) -> bool {
        let Holding { epoch, holder, .. } = &self.holding;
        let held = actor.epoch == *epoch && actor.holder == *holder || self.terms.planted.is(Plant::DeafToEpochs);
        held && (actor.released.is_none() || self.terms.planted.is(Plant::AckAfterFreeze))
    }

    fn read_actor(&mut self, step: Step) -> Turn<Outcome> {
        self.step = step;
        Turn::Ask(Ask::get(&self.holding.actor))
    }

    /// A resolver of a document that stands in this deed's way.
    fn resolver(&self, key: &Key) -> Resolver {
        let (actor, age) = (self.holding.actor.clone(), self.asked.age);
        Resolver::new(self.terms, key.clone(), Patience::Elder { actor, age, txn: self.txn() })
    }

    /// Repeats a step after an answer that told nothing, as long as there is time.
    fn pause(&mut self, now: Millis, then: Step) -> Turn<Outcome> {
        if now >= self.deadline {
            return self.end(Outcome::Again);
        }
        self.step = Step::Pausing(Box::new(then));
        Turn::Sleep(self.terms.retry_at(now))
    }

    /// Begins anew after a pause that grows, as long as there is time.
    fn try_again(&mut self, now: Millis) -> Turn<Outcome> {
        self.tries += 1;
        self.number += 1;
        if self.tries >= self.terms.tries || now >= self.deadline {
            return self.end(Outcome::Again);
        }
        self.step = Step::Pausing(Box::new(Step::Beginning));
        Turn::Sleep(self.terms.next_try(now, self.tries, self.holding.holder.as_str()))
    }

    fn end(&mut self, outcome: Outcome) -> Turn<Outcome> {
        self.step = Step::Over;
        Turn::Done(outcome)
    }

    /// Asks again what a step waits for. Steps of a write are entered by their reads.
    fn resume(&mut self, now: Millis, step: Step) -> Turn<Outcome> {
        match step {
            Step::Beginning => self.read_actor(Step::Beginning),
            Step::Settling(mut resolver) => {
                let turn = resolver.woken(now);
                self.settling(now, resolver, turn)
            }
            Step::Gathering(gathering, mut resolver) => {
                let turn = resolver.woken(now);
                self.gathering(now, gathering, resolver, turn)
            }
            Step::CommitLost(plan, mut resolver) => {
                let turn = resolver.woken(now);
                self.commit_lost(now, plan, resolver, turn)
            }
            Step::Staging(plan) | Step::StageInDoubt(plan) | Step::StageFencing(plan) => self.read_back_stage(plan),
            Step::Committing(plan, _) | Step::CommitInDoubt(plan) | Step::CommitFencing(plan) => {
                self.read_actor(Step::CommitInDoubt(plan))
            }
            Step::Abandoning(abandon) => self.abandon_on(now, abandon),
            Step::Pausing(step) => self.resume(now, *step),
            Step::Over => Turn::Done(Outcome::Again),
        }
    }

    /// Whether the actor's document, read after a commit in doubt, says that *this try* committed. A reply in the window
    /// says only that the request was carried out, maybe by a later session; so it does for a deed on one document,
    /// which has nothing else to do, but the intents of others are carried out for their own transaction alone.
    fn has_committed(&self, plan: &Plan, actor: &Record) -> bool {
        match plan.others.is_empty() {
            true => actor.window.reply_to(self.asked.request).is_some(),
            false => actor.has_open(&plan.txn),
        }
    }

    fn abandon(&mut self, now: Millis, plan: Box<Plan>, fenced: bool, after: After) -> Turn<Outcome> {
        let fenced = fenced || plan.staged == 0;
        self.abandon_on(now, Box::new(Abandon::new(plan, fenced, after)))
    }
}

impl<C: Command> Steps for Attempt<C> {
    type Output = Outcome;

    fn begin(&mut self, _: Millis) -> Turn<Outcome> {
        self.read_actor(Step::Beginning)
    }

    fn woken(&mut self, now: Millis) -> Turn<Outcome> {
        let step = std::mem::replace(&mut self.step, Step::Over);
        self.resume(now, step)
    }

    fn answer(&mut self, now: Millis, answer: Answer) -> Turn<Outcome> {
        match std::mem::replace(&mut self.step, Step::Over) {
            Step::Beginning => self.begun(now, answer),
            Step::Settling(mut resolver) => {
                let turn = resolver.answer(now, answer);
                self.settling(now, resolver, turn)
            }
            Step::Gathering(gathering, mut resolver) => {
                let turn = resolver.answer(now, answer);
                self.gathering(now, gathering, resolver, turn)
            }
            Step::Staging(plan) => self.staged(now, plan, answer),
            Step::StageInDoubt(plan) => self.stage_in_doubt(now, plan, answer),
            Step::StageFencing(plan) => self.stage_fenced(now, plan, answer),
            Step::Committing(plan, record) => self.committing(now, plan, record, answer),
            Step::CommitLost(plan, mut resolver) => {
                let turn = resolver.answer(now, answer);
                self.commit_lost(now, plan, resolver, turn)
            }
            Step::CommitInDoubt(plan) => self.commit_in_doubt(now, plan, answer),
            Step::CommitFencing(plan) => self.commit_fenced(now, plan, answer),
            Step::Abandoning(abandon) => self.abandoning(now, abandon, answer),
            step @ (Step::Pausing(_) | Step::Over) => self.resume(now, step),
        }
    }
}

/// What a read found, if it tells.
fn found(answer: Answer) -> Option<Option<Found>> {
    match answer {
        Answer::Found(found) => Some(Some(found)),
        Answer::Absent => Some(None),
        _ => None,
    }
}
