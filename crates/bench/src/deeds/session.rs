//! A session as a node has it, in real time: the coordinator of production, and a client that asks for the next deed as
//! soon as the last is answered.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::deeds::{Performance, Rulebook, avatar_key};
use anyhow::{Context, Result, bail};
use store::commit::{
    Answer, Asked, Coordinator, Effect, Input, Machine, Outcome, Part, Raised, Raiser, Right, Task, Terms,
};
use store::{Holder, Key, Reply, Store, Upcasters};
use tokio::task::JoinSet;
use tokio::time::Instant;
use world::Millis;

use super::place::{self, Kind};

/// What a session did.
#[derive(Clone, Debug, Default)]
pub struct Did {
    /// Time from asking to the reply of each deed that was told as done within the measurement.
    pub times: Vec<Duration>,
    /// Requests to the store.
    pub requests: u64,
    /// Deeds that were told to ask again.
    pub again: u64,
}

/// The time as documents have it.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// One session.
pub struct Session {
    who: usize,
    kind: Kind,
    rules: Rulebook,
    store: Arc<dyn Store>,
    coordinator: Coordinator<Performance>,
    asked: JoinSet<(Part, Key, Reply)>,
    did: Did,
}

impl Session {
    /// Raises somebody's session.
    ///
    /// # Errors
    /// The store does not answer as it should.
    pub async fn raise(store: Arc<dyn Store>, rules: Rulebook, kind: Kind, who: usize) -> Result<Self> {
        let (key, holder) = (avatar_key(&place::name(who)), Holder::new(format!("bench-{who}")));
        let raiser = Raiser::new(Terms::default(), key, holder, Right::Login { create: None });
        let mut machine = Machine::new(now(), raiser);
        loop {
            match machine.poll_effect() {
                Some(Effect::Store(ask)) => {
                    let reply = store.execute(ask.request()?).await;
                    machine.handle(now(), Input::Answer(Answer::of(&Upcasters::default(), ask.key(), reply)));
                }
                Some(Effect::Done(Raised::Mine(holding, record))) => {
                    let coordinator = Coordinator::new(now(), Terms::default(), holding, &record.open);
                    let (asked, did) = (JoinSet::new(), Did::default());
                    return Ok(Self { who, kind, rules, store, coordinator, asked, did });
                }
                Some(Effect::Done(other)) => bail!("the session of {who} could not be raised: {other:?}"),
                None => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    machine.handle(now(), Input::Wake);
                }
            }
        }
    }

    /// Does one deed after the other until a moment, then finishes what is under way. Only deeds from `from` on count, and
    /// the time that hands take is not part of a deed's.
    ///
    /// # Errors
    /// A deed ended as none of the bench may.
    pub async fn play(mut self, from: Instant, until: Instant) -> Result<Did> {
        let mut nth = 0;
        let pause = place::pause(&self.rules, self.kind);
        let mut since = Instant::now();
        // When the next deed is to be asked for.
        let mut next = None;
        self.ask(nth)?;
        loop {
            while let Some(task) = self.coordinator.poll_effect() {
                match task {
                    Task::Store(part, ask) => {
                        let (key, request) = (ask.key().clone(), ask.request()?);
                        let store = Arc::clone(&self.store);
                        self.did.requests += 1;
                        self.asked.spawn(async move { (part, key, store.execute(request).await) });
                    }
                    Task::Stuck(txn, why) => bail!("{txn} cannot be carried out: {why}"),
                    Task::Done(_, Outcome::Committed(_) | Outcome::Repeated { .. }) => {
                        let moment = Instant::now();
                        if since >= from && moment <= until {
                            self.did.times.push(moment - since);
                        }
                        (nth, next) = (nth + 1, (moment < until).then_some(moment + pause));
                    }
                    Task::Done(_, Outcome::Again) => {
                        self.did.again += 1;
                        self.ask(nth)?;
                    }
                    Task::Done(request, other) => bail!("deed {request} of {} ended with {other:?}", self.who),
                }
            }
            if next.is_some_and(|at| at <= Instant::now()) {
                (since, next) = (Instant::now(), None);
                self.ask(nth)?;
                continue;
            }
            if self.coordinator.is_idle() && next.is_none() {
                return Ok(self.did);
            }
            self.wait(next).await?;
        }
    }

    fn ask(&mut self, nth: u32) -> Result<()> {
        let command = place::deed(&self.rules, self.kind, self.who, nth);
        let asked = Asked { request: nth + 1, content: 0, command, age: now() };
        self.coordinator.ask(now(), asked).context("the next deed")
    }

    /// Waits for an answer of the store, or until the coordinator wants to go on, or the hands are free.
    async fn wait(&mut self, next: Option<Instant>) -> Result<()> {
        let wakeup = self.coordinator.next_wakeup().map(|(at, _)| Duration::from_millis(at.since(now())));
        let hands = next.map(|at| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
        let pause = wakeup.into_iter().chain(hands).min();
        tokio::select! {
            Some(answered) = self.asked.join_next() => {
                let (part, key, reply) = answered.context("a request to the store")?;
                let answer = Answer::of(&Upcasters::default(), &key, reply);
                self.coordinator.handle(now(), Some((part, answer)));
            }
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => self.coordinator.handle(now(), None),
        }
        Ok(())
    }
}
