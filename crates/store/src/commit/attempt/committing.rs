//! The commit: one write of the actor's document decides. What failed is looked at, what is in doubt is read back and
//! fenced.

use world::{Millis, Plant};

use super::super::command::Command;
use super::super::plan::Plan;
use super::super::resolve::{Resolved, Resolver};
use super::super::turn::{Answer, Ask, Found, Steps, Turn};
use super::abandon::After;
use super::{Attempt, Committed, Outcome, Step};
use crate::record::Record;

impl<C: Command> Attempt<C> {
    /// Reads the actor's document, frees it, and commits.
    pub(super) fn read_and_commit(&mut self, now: Millis, plan: Box<Plan>) -> Turn<Outcome> {
        let mut resolver = self.resolver(&self.holding.actor);
        let turn = resolver.begin(now);
        self.commit_lost(now, plan, resolver, turn)
    }

    pub(super) fn commit(&mut self, now: Millis, plan: Box<Plan>, actor: Found) -> Turn<Outcome> {
        let mut record = plan.committed(&self.terms, now, self.asked.request, self.asked.content, &actor.record);
        record.open.retain(|open| !self.forgets.contains(&open.txn));
        let ask = Ask::write(&self.holding.actor, Some(actor.version), record.clone());
        self.step = Step::Committing(plan, Box::new(record));
        Turn::Ask(ask)
    }

    pub(super) fn committing(
        &mut self,
        now: Millis,
        plan: Box<Plan>,
        record: Box<Record>,
        answer: Answer,
    ) -> Turn<Outcome> {
        match answer {
            Answer::Applied { .. } => self.committed(plan, *record),
            Answer::Unknown if self.terms.planted.is(Plant::GuessOnUnknown) => self.committed(plan, *record),
            Answer::Conflict | Answer::NotApplied => self.read_and_commit(now, plan),
            _ => self.pause(now, Step::CommitInDoubt(plan)),
        }
    }

    /// The document is not what it was. It is tried again as long as the attempt can still commit.
    pub(super) fn commit_lost(
        &mut self,
        now: Millis,
        plan: Box<Plan>,
        resolver: Resolver,
        turn: Turn<Resolved>,
    ) -> Turn<Outcome> {
        match turn {
            Turn::Ask(ask) => {
                self.step = Step::CommitLost(plan, resolver);
                Turn::Ask(ask)
            }
            Turn::Sleep(_) if now >= self.deadline => self.abandon(now, plan, false, After::End(Outcome::Again)),
            Turn::Sleep(at) => {
                self.step = Step::Pausing(Box::new(Step::CommitLost(plan, resolver)));
                Turn::Sleep(at)
            }
            Turn::Done(Resolved::Free(Some(actor))) => {
                let mine = self.is_ours(&actor.record);
                let unfenced = actor.record.seq == plan.seq() || self.terms.planted.is(Plant::AckAfterFreeze);
                if mine && unfenced {
                    return self.commit(now, plan, actor);
                }
                let after = if mine { After::TryAgain } else { After::End(Outcome::Replaced { staged: None }) };
                let fenced = actor.record.seq != plan.seq();
                self.abandon(now, plan, fenced, after)
            }
            Turn::Done(Resolved::Free(None)) => {
                self.abandon(now, plan, true, After::End(Outcome::Replaced { staged: None }))
            }
            Turn::Done(Resolved::Blocked) => self.abandon(now, plan, false, After::TryAgain),
            Turn::Done(Resolved::Unreadable(why)) => {
                self.abandon(now, plan, false, After::End(Outcome::Unreadable(why)))
            }
        }
    }

    pub(super) fn commit_in_doubt(&mut self, now: Millis, plan: Box<Plan>, answer: Answer) -> Turn<Outcome> {
        let Answer::Found(actor) = answer else { return self.pause(now, Step::CommitInDoubt(plan)) };
        if self.has_committed(&plan, &actor.record) {
            return self.committed(plan, actor.record);
        }
        let mine = self.is_ours(&actor.record);
        let after = if mine { After::TryAgain } else { After::End(Outcome::Replaced { staged: None }) };
        if actor.record.seq != plan.seq() || self.terms.planted.is(Plant::IgnoreLateWrites) {
            return self.abandon(now, plan, true, after);
        }
        let ask = Ask::write(&self.holding.actor, Some(actor.version), actor.record.fenced());
        self.step = Step::CommitFencing(plan);
        Turn::Ask(ask)
    }

    pub(super) fn commit_fenced(&mut self, now: Millis, plan: Box<Plan>, answer: Answer) -> Turn<Outcome> {
        match answer {
            Answer::Applied { .. } => self.abandon(now, plan, true, After::TryAgain),
            Answer::Conflict => self.read_actor(Step::CommitInDoubt(plan)),
            _ => self.pause(now, Step::CommitInDoubt(plan)),
        }
    }

    /// It happened. It is answered only by who still holds the session.
    fn committed(&mut self, plan: Box<Plan>, actor: Record) -> Turn<Outcome> {
        let staged = (!plan.others.is_empty()).then(|| (plan.txn.clone(), plan.keys()));
        if !self.is_ours(&actor) {
            return self.end(Outcome::Replaced { staged });
        }
        let mut revs = plan.revs();
        revs.insert(self.holding.actor.clone(), actor.rev);
        let deed = plan.deed;
        self.end(Outcome::Committed(Box::new(Committed {
            code: deed.code,
            reply: deed.reply,
            events: deed.events,
            revs,
            actor,
            staged,
        })))
    }
}
