//! Staging: every other document gets its intent, in the order of their keys, at the very version that the command read.

use world::{Millis, Plant};

use super::super::command::Command;
use super::super::plan::Plan;
use super::super::turn::{Answer, Ask, Found, Turn};
use super::abandon::After;
use super::{Attempt, Outcome, Step, found};
use crate::record::Record;

impl<C: Command> Attempt<C> {
    /// Stages the next document, or commits when there is none.
    pub(super) fn stage_next(&mut self, now: Millis, plan: Box<Plan>) -> Turn<Outcome> {
        if plan.staged < plan.others.len() {
            return self.stage(now, plan, None);
        }
        let actor = plan.actor.clone();
        self.commit(now, plan, actor)
    }

    fn stage(&mut self, now: Millis, plan: Box<Plan>, over: Option<&Found>) -> Turn<Outcome> {
        let ask = plan.stage(&self.terms, now, self.asked.age, &self.holding.actor, over);
        self.step = Step::Staging(plan);
        Turn::Ask(ask)
    }

    pub(super) fn staged(&mut self, now: Millis, plan: Box<Plan>, answer: Answer) -> Turn<Outcome> {
        match answer {
            Answer::Applied { .. } => self.one_more(now, plan),
            Answer::Conflict if self.terms.planted.is(Plant::StageUnread) => self.read_back_stage(plan),
            // It did not happen and never will: what was staged before is taken back.
            Answer::Conflict | Answer::NotApplied => self.abandon(now, plan, false, After::TryAgain),
            _ => self.pause(now, Step::StageInDoubt(plan)),
        }
    }

    /// One document more has our intent.
    fn one_more(&mut self, now: Millis, mut plan: Box<Plan>) -> Turn<Outcome> {
        plan.staged += 1;
        self.stage_next(now, plan)
    }

    pub(super) fn read_back_stage(&mut self, plan: Box<Plan>) -> Turn<Outcome> {
        let ask = Ask::get(&plan.others[plan.staged].key);
        self.step = Step::StageInDoubt(plan);
        Turn::Ask(ask)
    }

    /// Goes on only if our intent is read back. Otherwise the document is written, so that the write that may still be
    /// under way finds another version.
    pub(super) fn stage_in_doubt(&mut self, now: Millis, plan: Box<Plan>, answer: Answer) -> Turn<Outcome> {
        let Some(found) = found(answer) else { return self.pause(now, Step::StageInDoubt(plan)) };
        if found.as_ref().is_some_and(|found| found.record.has_intent(&plan.txn)) {
            return self.one_more(now, plan);
        }
        if self.terms.planted.is(Plant::StageUnread)
            && let Some(found) = found.as_ref().filter(|found| found.record.intent.is_none())
        {
            return self.stage(now, plan, Some(found));
        }
        let planned = &plan.others[plan.staged];
        let (read, is) = (planned.found.as_ref().map(|f| f.version), found.as_ref().map(|f| f.version));
        // An insert may land later wherever nothing is, so also once a tombstone is swept away: it is made to stand anew.
        let can_land = read == is || (read.is_none() && found.as_ref().is_some_and(|f| f.record.body.is_none()));
        if !can_land || self.terms.planted.is(Plant::IgnoreLateWrites) {
            return self.abandon(now, plan, false, After::TryAgain);
        }
        let record = found.map_or_else(|| Record::tombstone(now), |found| found.record.touched(now));
        let ask = Ask::write(&planned.key, is, record);
        self.step = Step::StageFencing(plan);
        Turn::Ask(ask)
    }

    pub(super) fn stage_fenced(&mut self, now: Millis, plan: Box<Plan>, answer: Answer) -> Turn<Outcome> {
        match answer {
            Answer::Applied { .. } => self.abandon(now, plan, false, After::TryAgain),
            Answer::Conflict => self.read_back_stage(plan),
            _ => self.pause(now, Step::StageInDoubt(plan)),
        }
    }
}
