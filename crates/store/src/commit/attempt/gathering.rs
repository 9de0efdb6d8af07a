//! Begin: the actor's document, the look at the window, and what the command reads.

use std::collections::BTreeMap;

use world::{Millis, Plant};

use super::super::command::{Command, Verdict, View};
use super::super::plan::{Mistake, Plan};
use super::super::resolve::{Resolved, Resolver};
use super::super::terms::{KEYS, ROUNDS};
use super::super::turn::{Answer, Found, Steps, Turn};
use super::{Attempt, Outcome, Step};
use crate::document::Key;
use crate::window::Recalled;

/// What was read so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Gathering {
    actor: Found,
    read: BTreeMap<Key, Option<Found>>,
    /// Still to be read, the next last.
    missing: Vec<Key>,
    rounds: usize,
}

impl<C: Command> Attempt<C> {
    pub(super) fn begun(&mut self, now: Millis, answer: Answer) -> Turn<Outcome> {
        match answer {
            Answer::Found(found) => self.look(now, found),
            Answer::Absent => self.end(Outcome::Replaced { staged: None }),
            Answer::Unreadable(why) => self.end(Outcome::Unreadable(why)),
            _ => self.pause(now, Step::Beginning),
        }
    }

    /// Whether the session is ours, the request new, and the document free.
    fn look(&mut self, now: Millis, actor: Found) -> Turn<Outcome> {
        if !self.is_ours(&actor.record) {
            return self.end(Outcome::Replaced { staged: None });
        }
        if !self.terms.planted.is(Plant::BlindToWindow) {
            match actor.record.window.recall(self.asked.request, self.asked.content) {
                Recalled::New => {}
                Recalled::Done(done) => return self.end(Outcome::Repeated { code: done.code, reply: done.reply }),
                Recalled::OtherContent => return self.end(Outcome::IdReused),
                Recalled::TooOld => return self.end(Outcome::TooOld),
            }
        }
        if actor.record.intent.is_some() {
            let mut resolver = self.resolver(&self.holding.actor);
            let turn = resolver.begin(now);
            return self.settling(now, resolver, turn);
        }
        let standing = actor.record.open.iter().filter(|open| !self.forgets.contains(&open.txn));
        if standing.count() >= self.terms.open {
            // Those who unstage are at it.
            return self.pause(now, Step::Beginning);
        }
        self.run(now, Box::new(Gathering { actor, read: BTreeMap::new(), missing: Vec::new(), rounds: 0 }))
    }

    pub(super) fn settling(&mut self, now: Millis, resolver: Resolver, turn: Turn<Resolved>) -> Turn<Outcome> {
        match turn {
            Turn::Ask(ask) => {
                self.step = Step::Settling(resolver);
                Turn::Ask(ask)
            }
            Turn::Sleep(at) => {
                self.step = Step::Pausing(Box::new(Step::Settling(resolver)));
                Turn::Sleep(at)
            }
            Turn::Done(Resolved::Free(Some(actor))) => self.look(now, actor),
            Turn::Done(Resolved::Free(None)) => self.end(Outcome::Replaced { staged: None }),
            Turn::Done(Resolved::Blocked) => self.try_again(now),
            Turn::Done(Resolved::Unreadable(why)) => self.end(Outcome::Unreadable(why)),
        }
    }

    /// Runs the command on what was read.
    fn run(&mut self, now: Millis, mut gathering: Box<Gathering>) -> Turn<Outcome> {
        let actor = (&self.holding.actor, &gathering.actor.record);
        let view = View { now, request: self.asked.request, actor, read: &gathering.read };
        match self.asked.command.run(&view) {
            Verdict::Refused(code) => self.end(Outcome::Refused(code)),
            Verdict::Need(mut keys) => {
                keys.sort();
                keys.dedup();
                keys.retain(|key| *key != self.holding.actor && !gathering.read.contains_key(key));
                gathering.rounds += 1;
                if keys.is_empty() {
                    return self.end(Outcome::Mistaken(Mistake::NothingNew));
                }
                if gathering.rounds > ROUNDS || gathering.read.len() + keys.len() >= KEYS {
                    return self.end(Outcome::Mistaken(Mistake::TooMuch));
                }
                keys.reverse();
                gathering.missing = keys;
                self.read_next(now, gathering)
            }
            Verdict::Done(deed) => {
                let Gathering { actor, read, .. } = *gathering;
                match Plan::new(&self.terms, now, self.txn(), actor, read, deed) {
                    Ok(plan) => self.stage_next(now, Box::new(plan)),
                    Err(mistake) => self.end(Outcome::Mistaken(mistake)),
                }
            }
        }
    }

    fn read_next(&mut self, now: Millis, gathering: Box<Gathering>) -> Turn<Outcome> {
        let Some(key) = gathering.missing.last() else { return self.run(now, gathering) };
        // What is written is written over the intent, what is only looked at need not be written for that.
        let mut resolver = self.resolver(key).carried();
        let turn = resolver.begin(now);
        self.gathering(now, gathering, resolver, turn)
    }

    pub(super) fn gathering(
        &mut self,
        now: Millis,
        mut gathering: Box<Gathering>,
        resolver: Resolver,
        turn: Turn<Resolved>,
    ) -> Turn<Outcome> {
        match turn {
            Turn::Ask(ask) => {
                self.step = Step::Gathering(gathering, resolver);
                Turn::Ask(ask)
            }
            Turn::Sleep(_) if now >= self.deadline => self.end(Outcome::Again),
            Turn::Sleep(at) => {
                self.step = Step::Pausing(Box::new(Step::Gathering(gathering, resolver)));
                Turn::Sleep(at)
            }
            Turn::Done(Resolved::Free(found)) => {
                if let Some(key) = gathering.missing.pop() {
                    gathering.read.insert(key, found);
                }
                self.read_next(now, gathering)
            }
            Turn::Done(Resolved::Blocked) => self.try_again(now),
            Turn::Done(Resolved::Unreadable(why)) => self.end(Outcome::Unreadable(why)),
        }
    }
}
