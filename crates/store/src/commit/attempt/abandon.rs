//! Abandoning a try that did not commit: it is fenced off, then its intents are cleared.

use world::{Millis, Plant};

use super::super::command::Command;
use super::super::plan::Plan;
use super::super::turn::{Answer, Ask, Found, Turn};
use super::{Attempt, Outcome, Step, found};

/// What follows once the try is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum After {
    /// The next try.
    TryAgain,
    /// Nothing.
    End(Outcome),
}

/// A try that is being taken back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Abandon {
    plan: Box<Plan>,
    after: After,
    step: Taking,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Taking {
    /// The actor's document is being read, to fence.
    Reading,
    /// It is being fenced.
    Fencing,
    /// A staged document is being read.
    Looking,
    /// It is being cleared.
    Clearing,
}

impl Abandon {
    pub(super) fn new(plan: Box<Plan>, fenced: bool, after: After) -> Self {
        Self { plan, after, step: if fenced { Taking::Looking } else { Taking::Reading } }
    }
}

impl<C: Command> Attempt<C> {
    /// Asks for what the abandoning needs next.
    pub(super) fn abandon_on(&mut self, now: Millis, mut abandon: Box<Abandon>) -> Turn<Outcome> {
        if matches!(abandon.step, Taking::Reading | Taking::Fencing) && !self.terms.planted.is(Plant::IgnoreLateWrites)
        {
            abandon.step = Taking::Reading;
            return self.read_actor(Step::Abandoning(abandon));
        }
        let Some(last) = abandon.plan.staged.checked_sub(1) else {
            return match abandon.after {
                After::TryAgain => self.try_again(now),
                After::End(outcome) => self.end(outcome),
            };
        };
        abandon.step = Taking::Looking;
        let ask = Ask::get(&abandon.plan.others[last].key);
        self.step = Step::Abandoning(abandon);
        Turn::Ask(ask)
    }

    pub(super) fn abandoning(&mut self, now: Millis, mut abandon: Box<Abandon>, answer: Answer) -> Turn<Outcome> {
        match (&abandon.step, answer) {
            (Taking::Reading, Answer::Found(actor)) => self.fence(now, abandon, actor),
            (Taking::Reading, Answer::Absent) | (Taking::Fencing, Answer::Applied { .. }) => {
                abandon.step = Taking::Looking;
                self.abandon_on(now, abandon)
            }
            (Taking::Fencing | Taking::Clearing, Answer::Conflict) => self.abandon_on(now, abandon),
            (Taking::Clearing, Answer::Applied { .. }) => {
                abandon.plan.staged -= 1;
                self.abandon_on(now, abandon)
            }
            (Taking::Looking, answer) => match found(answer) {
                Some(found) => self.clear(now, abandon, found),
                None => self.pause(now, Step::Abandoning(abandon)),
            },
            _ => self.pause(now, Step::Abandoning(abandon)),
        }
    }

    fn fence(&mut self, now: Millis, mut abandon: Box<Abandon>, actor: Found) -> Turn<Outcome> {
        if actor.record.seq != abandon.plan.seq() {
            abandon.step = Taking::Looking;
            return self.abandon_on(now, abandon);
        }
        abandon.step = Taking::Fencing;
        let ask = Ask::write(&self.holding.actor, Some(actor.version), actor.record.fenced());
        self.step = Step::Abandoning(abandon);
        Turn::Ask(ask)
    }

    fn clear(&mut self, now: Millis, mut abandon: Box<Abandon>, found: Option<Found>) -> Turn<Outcome> {
        let key = &abandon.plan.others[abandon.plan.staged - 1].key;
        let Some(found) = found.filter(|found| found.record.has_intent(&abandon.plan.txn)) else {
            abandon.plan.staged -= 1;
            return self.abandon_on(now, abandon);
        };
        let ask = Ask::write(key, Some(found.version), found.record.cleared(now));
        abandon.step = Taking::Clearing;
        self.step = Step::Abandoning(abandon);
        Turn::Ask(ask)
    }
}
