//! One session's deeds: one attempt at a time in the order of asking, and what is still to be unstaged beside it.
//!
//! It has several requests under way, each under the [`Part`] that waits for it. Invariant: never two attempts at once,
//! since two attempts of one avatar would fence each other off for ever.

use std::collections::{BTreeMap, VecDeque};

use thiserror::Error;
use world::Millis;

use super::attempt::{Asked, Attempt, Outcome};
use super::command::Command;
use super::terms::Terms;
use super::turn::{Answer, Ask, Effect, Input, Machine};
use super::unstage::{Unstaged, Unstager};
use crate::document::Key;
use crate::names::Txn;
use crate::record::{Holding, Open};

/// Deeds of one session that are under way or wait. More are refused, and safe to be asked again.
pub const IN_FLIGHT: usize = 8;

/// Which part of a coordinator a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub u64);

/// The part that is the attempt of the moment; unstagers are counted up from it.
const ATTEMPT: Part = Part(0);

/// What a coordinator wants of its shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Send this to the store and bring the answer for this part.
    Store(Part, Ask),
    /// A deed has ended so. After [`Outcome::Replaced`] the session is over.
    Done(u32, Outcome),
    /// What a committed deed left cannot be carried out by this build.
    Stuck(Txn, String),
}

/// Why a deed was not taken in. Nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotTaken {
    /// [`IN_FLIGHT`] are under way. Ask again later.
    #[error("{IN_FLIGHT} deeds of the session are under way")]
    TooMany,
    /// The number is under way with another content.
    #[error("the request's number is under way with another content")]
    IdReused,
    /// The session is over.
    #[error("the session is over")]
    Over,
}

/// The coordinator of one session.
#[derive(Clone, Debug)]
pub struct Coordinator<C: Command> {
    terms: Terms,
    holding: Holding,
    waiting: VecDeque<Asked<C>>,
    attempt: Option<(u32, u64, Machine<Attempt<C>>)>,
    numbers_used: u64,
    unstagers: BTreeMap<Part, (Txn, Machine<Unstager>)>,
    last_part: Part,
    tasks: VecDeque<Task>,
    over: bool,
}

impl<C: Command> Coordinator<C> {
    /// The coordinator of a session that was just raised. `open` is what the document says is open: it was left by
    /// earlier sessions.
    pub fn new(now: Millis, terms: Terms, holding: Holding, open: &[Open]) -> Self {
        let mut coordinator = Self {
            terms,
            holding,
            waiting: VecDeque::new(),
            attempt: None,
            numbers_used: 0,
            unstagers: BTreeMap::new(),
            last_part: ATTEMPT,
            tasks: VecDeque::new(),
            over: false,
        };
        for left in open {
            coordinator.unstage(now, left.txn.clone(), left.keys.clone());
        }
        coordinator
    }

    /// Takes in a deed. One that is already under way is answered once.
    ///
    /// # Errors
    /// When there are too many, the number is used twice, or the session is over.
    pub fn ask(&mut self, now: Millis, asked: Asked<C>) -> Result<(), NotTaken> {
        if self.over {
            return Err(NotTaken::Over);
        }
        let running = self.attempt.iter().map(|(request, content, _)| (*request, *content));
        let waiting = self.waiting.iter().map(|asked| (asked.request, asked.content));
        if let Some((_, content)) = running.chain(waiting).find(|(request, _)| *request == asked.request) {
            return if content == asked.content { Ok(()) } else { Err(NotTaken::IdReused) };
        }
        if self.in_flight() >= IN_FLIGHT {
            return Err(NotTaken::TooMany);
        }
        self.waiting.push_back(asked);
        self.next_attempt(now);
        Ok(())
    }

    /// Goes on with the answer for a part, or with the time.
    pub fn handle(&mut self, now: Millis, input: Option<(Part, Answer)>) {
        match input {
            Some((ATTEMPT, answer)) => self.drive_attempt(now, Input::Answer(answer)),
            Some((part, answer)) => self.drive_unstager(now, part, Input::Answer(answer)),
            None => {
                self.drive_attempt(now, Input::Wake);
                for part in self.unstagers.keys().copied().collect::<Vec<_>>() {
                    self.drive_unstager(now, part, Input::Wake);
                }
            }
        }
    }

    /// What it wants done, until there is nothing more.
    pub fn poll_effect(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// When it wants to be handled at the latest, and why.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<(Millis, &'static str)> {
        let attempt = self.attempt.as_ref().and_then(|(_, _, machine)| machine.next_wakeup());
        let unstagers = self.unstagers.values().filter_map(|(_, machine)| machine.next_wakeup());
        attempt.into_iter().chain(unstagers).min()
    }

    /// Deeds that are under way or wait.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.waiting.len() + usize::from(self.attempt.is_some())
    }

    /// True when nothing is under way: the moment for a release.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight() == 0 && self.unstagers.is_empty()
    }

    fn next_attempt(&mut self, now: Millis) {
        if self.attempt.is_some() {
            return;
        }
        let Some(asked) = self.waiting.pop_front() else { return };
        let (request, content) = (asked.request, asked.content);
        let attempt = Attempt::new(now, self.terms, self.holding.clone(), self.numbers_used + 1, asked);
        self.attempt = Some((request, content, Machine::new(now, attempt)));
        self.drain_attempt(now);
    }

    fn drive_attempt(&mut self, now: Millis, input: Input) {
        if let Some((_, _, machine)) = &mut self.attempt {
            machine.handle(now, input);
            self.drain_attempt(now);
        }
    }

    fn drain_attempt(&mut self, now: Millis) {
        let Some((request, _, machine)) = &mut self.attempt else { return };
        match machine.poll_effect() {
            None => {}
            Some(Effect::Store(ask)) => self.tasks.push_back(Task::Store(ATTEMPT, ask)),
            Some(Effect::Done(outcome)) => {
                let request = *request;
                self.numbers_used = machine.steps().numbers_used();
                self.attempt = None;
                self.ended(now, request, outcome);
            }
        }
    }

    fn ended(&mut self, now: Millis, request: u32, outcome: Outcome) {
        let staged = match &outcome {
            Outcome::Committed(committed) => committed.staged.clone(),
            Outcome::Replaced { staged } => staged.clone(),
            _ => None,
        };
        self.over |= matches!(outcome, Outcome::Replaced { .. });
        self.tasks.push_back(Task::Done(request, outcome));
        if let Some((txn, keys)) = staged {
            self.unstage(now, txn, keys);
        }
        if self.over {
            self.waiting.clear();
        }
        self.next_attempt(now);
    }

    fn unstage(&mut self, now: Millis, txn: Txn, keys: Vec<Key>) {
        self.last_part.0 += 1;
        let part = self.last_part;
        let unstager = Unstager::new(self.terms, self.holding.actor.clone(), txn.clone(), keys);
        self.unstagers.insert(part, (txn, Machine::new(now, unstager)));
        self.drain_unstager(part);
    }

    fn drive_unstager(&mut self, now: Millis, part: Part, input: Input) {
        if let Some((_, machine)) = self.unstagers.get_mut(&part) {
            machine.handle(now, input);
            self.drain_unstager(part);
        }
    }

    fn drain_unstager(&mut self, part: Part) {
        let Some((txn, machine)) = self.unstagers.get_mut(&part) else { return };
        match machine.poll_effect() {
            None => {}
            Some(Effect::Store(ask)) => self.tasks.push_back(Task::Store(part, ask)),
            Some(Effect::Done(unstaged)) => {
                if let Unstaged::Unreadable(why) = unstaged {
                    self.tasks.push_back(Task::Stuck(txn.clone(), why));
                }
                self.unstagers.remove(&part);
            }
        }
    }
}
