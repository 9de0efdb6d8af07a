//! The drive of a part of the commit protocol: its requests as the port takes them, the port's replies as its answers.

use std::fmt;

use protocol::Code;
use store::commit::{Answer, Effect, Input, Machine, Steps};
use store::{Key, Reply};
use world::Millis;

use super::Turn;
use crate::avatar::upcasters;

/// A part with one request under way at most.
pub(crate) struct Driver<S: Steps> {
    machine: Machine<S>,
    /// The document of the last request.
    asked: Option<Key>,
}

impl<S: Steps + fmt::Debug> fmt::Debug for Driver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("steps", self.machine.steps()).finish_non_exhaustive()
    }
}

impl<S: Steps> Driver<S> {
    /// Begins. What it asks first comes with the first poll.
    pub(crate) fn new(now: Millis, steps: S) -> Self {
        Self { machine: Machine::new(now, steps), asked: None }
    }

    /// The part itself, to look at.
    pub(crate) fn steps(&self) -> &S {
        self.machine.steps()
    }

    /// What to ask of the store now; `Wait` while a reply is awaited or it pauses.
    pub(crate) fn poll(&mut self, now: Millis) -> Turn<S::Output> {
        self.machine.handle(now, Input::Wake);
        self.turn()
    }

    /// Goes on with the store's reply.
    pub(crate) fn reply(&mut self, now: Millis, reply: Reply) -> Turn<S::Output> {
        let Some(key) = self.asked.take() else { return Turn::Wait };
        self.machine.handle(now, Input::Answer(Answer::of(upcasters(), &key, reply)));
        self.turn()
    }

    fn turn(&mut self) -> Turn<S::Output> {
        match self.machine.poll_effect() {
            None => Turn::Wait,
            Some(Effect::Done(output)) => Turn::Done(output),
            Some(Effect::Store(ask)) => match ask.request() {
                Ok(request) => {
                    self.asked = Some(request.key().clone());
                    Turn::Ask(request)
                }
                Err(_) => Turn::End(Code::DocumentUnreadable),
            },
        }
    }
}
