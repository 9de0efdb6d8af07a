//! One session's deeds: one attempt at a time in the order of asking, and what is still to be unstaged beside it.
//!
//! What a deed left is not carried out at once but after [`Terms::linger_ms`]: the next deed of the session mostly writes
//! the same documents, and carries it out with its own write. Likewise the next commit forgets what is over everywhere.
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
    /// What is to be unstaged, and when.
    lingering: VecDeque<(Millis, Txn, Vec<Key>)>,
    unstagers: BTreeMap<Part, (Txn, Machine<Unstager>)>,
    /// What is over everywhere, and when it is to be forgotten without a further commit.
    clear: VecDeque<(Millis, Txn)>,
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
            lingering: VecDeque::new(),
            unstagers: BTreeMap::new(),
            clear: VecDeque::new(),
            last_part: ATTEMPT,
            tasks: VecDeque::new(),
            over: false,
        };
        for left in open {
            coordinator.unstage(now, left.txn.clone(), left.keys.clone(), true);
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
                self.tidy_up(now);
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
        let lingering = self.lingering.front().filter(|_| self.attempt.is_none());
        let lingering = lingering.map(|(at, ..)| (*at, "what a deed left is to be carried out"));
        let clear = self.clear.front().filter(|_| self.attempt.is_none());
        let clear = clear.map(|(at, _)| (*at, "a transaction is to be forgotten"));
        attempt.into_iter().chain(unstagers).chain(lingering).chain(clear).min()
    }

    /// Deeds that are under way or wait.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.waiting.len() + usize::from(self.attempt.is_some())
    }

    /// True when nothing is under way: the moment for a release. Transactions that are over everywhere may still be
    /// written down as open; the next session forgets them.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight() == 0 && self.unstagers.is_empty() && self.lingering.is_empty()
    }

    fn next_attempt(&mut self, now: Millis) {
        if self.attempt.is_some() {
            return;
        }
        let Some(asked) = self.waiting.pop_front() else { return };
        let (request, content) = (asked.request, asked.content);
        let forgets = self.clear.iter().map(|(_, txn)| txn.clone()).collect();
        let attempt = Attempt::new(now, self.terms, self.holding.clone(), self.numbers_used + 1, asked);
        let attempt = attempt.forgetting(forgets);
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
                if matches!(outcome, Outcome::Committed(_)) {
                    let forgotten = machine.steps().forgets();
                    self.clear.retain(|(_, txn)| !forgotten.contains(txn));
                }
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
            self.lingering.push_back((now + self.terms.linger_ms, txn, keys));
        }
        self.tidy_up(now);
        if self.over {
            self.waiting.clear();
        }
        self.next_attempt(now);
    }

    /// Begins to carry out and to forget what it is time for. Before so much stands open that the next deed would have
    /// to wait, it is time too.
    fn tidy_up(&mut self, now: Millis) {
        let most = self.terms.open.saturating_sub(2);
        // The deed that is under way may carry it out: to write the same documents beside it would only make it try again.
        let idle = self.attempt.is_none();
        let due = |at: Millis, standing: usize| (idle && at <= now) || standing > most;
        while self.lingering.front().is_some_and(|(at, ..)| due(*at, self.lingering.len() + self.unstagers.len())) {
            let Some((_, txn, keys)) = self.lingering.pop_front() else { return };
            self.unstage(now, txn, keys, false);
        }
        // An attempt that is under way may forget it.
        while self.attempt.is_none() && self.clear.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, txn)) = self.clear.pop_front() else { return };
            self.unstage(now, txn, Vec::new(), true);
        }
    }

    fn unstage(&mut self, now: Millis, txn: Txn, keys: Vec<Key>, forgets: bool) {
        self.last_part.0 += 1;
        let part = self.last_part;
        let unstager = Unstager::new(self.terms, self.holding.actor.clone(), txn.clone(), keys);
        let unstager = if forgets { unstager } else { unstager.without_forgetting() };
        self.unstagers.insert(part, (txn, Machine::new(now, unstager)));
        self.drain_unstager(now, part);
    }

    fn drive_unstager(&mut self, now: Millis, part: Part, input: Input) {
        if let Some((_, machine)) = self.unstagers.get_mut(&part) {
            machine.handle(now, input);
            self.drain_unstager(now, part);
        }
    }

    fn drain_unstager(&mut self, now: Millis, part: Part) {
        let Some((_, machine)) = self.unstagers.get_mut(&part) else { return };
        let unstaged = match machine.poll_effect() {
            None => return,
            Some(Effect::Store(ask)) => return self.tasks.push_back(Task::Store(part, ask)),
            Some(Effect::Done(unstaged)) => unstaged,
        };
        let Some((txn, _)) = self.unstagers.remove(&part) else { return };
        match unstaged {
            Unstaged::Forgotten => {}
            Unstaged::Clear => self.cleared(now, txn),
            Unstaged::Unreadable(why) => self.tasks.push_back(Task::Stuck(txn, why)),
        }
    }

    /// A transaction is over everywhere. The next commit forgets it, unless the one that is under way may have to wait
    /// for that.
    fn cleared(&mut self, now: Millis, txn: Txn) {
        let standing = self.lingering.len() + self.unstagers.len() + self.clear.len() + 1;
        if self.attempt.is_some() && standing >= self.terms.open {
            return self.unstage(now, txn, Vec::new(), true);
        }
        self.clear.push_back((now + self.terms.forget_ms, txn));
    }
}
